//! Live events: an append-only log, events that were refused, and the retention of payloads.

mod appender;
pub(crate) mod log;
pub(crate) mod rejected;
mod retention;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::Error;

pub(crate) use appender::Appender;
pub(crate) use rejected::insert_rejections;
pub use rejected::{REJECTED_PAYLOAD_LIMIT, RejectedEvent, StoredRejection};

/// The most characters of a message id.
pub const MESSAGE_ID_LIMIT: usize = 100;

/// What kind of message an event is: Segment's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Who somebody is, and their traits.
    Identify,
    /// What somebody did.
    Track,
    /// A page that was seen.
    Page,
    /// A screen that was seen.
    Screen,
    /// The group somebody belongs to.
    Group,
    /// Two ids that are one person's.
    Alias,
}

impl EventKind {
    /// Its name in Segment's API and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identify => "identify",
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Identify, Self::Track, Self::Page, Self::Screen, Self::Group, Self::Alias]
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| {
                Error::invalid(
                    format!("an event of the kind {name:?}"),
                    "the kinds are identify, track, page, screen, group and alias",
                )
            })
    }
}

/// An event to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The sender's id of the message, at most [`MESSAGE_ID_LIMIT`] characters: the same id from the same source is the
    /// same event, for ever.
    pub message_id: String,
    /// What kind of message it is.
    pub kind: EventKind,
    /// The name of what was done, of a track event.
    pub event: Option<String>,
    /// The sender's id of a known person. Blanks around it are not stored.
    pub user_id: Option<String>,
    /// The id of a browser or device whose person is not known. Blanks around it are not stored.
    pub anonymous_id: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// The whole message as JSON, with the defaults of its batch merged into it.
    pub payload: String,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number: later events have larger ones.
    pub seq: i64,
    /// The name of the key that it came with.
    pub source: String,
    /// When it was received. Not earlier than that of the event before if the clock goes back, unless by more than an hour:
    /// then it was wrong before.
    pub received_at: Timestamp,
    /// The event. Its payload is `{}` once the retention of payloads has removed it.
    pub event: NewEvent,
}

/// What became of the events of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Events that were new and are on disk now.
    pub accepted: u64,
    /// Message ids that were there already, or that came twice in the call. Nothing was changed for them.
    pub duplicates: Vec<String>,
}
