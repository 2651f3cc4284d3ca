//! What a message says of a customer, as facts that can be written in any order and any number of times.
//!
//! Messages ([`of_event`]) and calls of the API say the same kinds of facts, and one writer ([`crate::projector`]) puts
//! them into the tables. Each fact has a key and a time, and of two facts with one key the tables keep the later; of two
//! at the same time the one with the larger value. So neither the order of arrival nor repetition matters.

mod message;

pub(crate) use message::of_event;

use jiff::{SignedDuration, Timestamp};

use crate::Error;
use crate::commerce::activity::Activity;
use crate::commerce::event::{OrderEvent, Unusable};
use crate::identity::Identifier;
use crate::profiles::{DateOfLife, Origin};

/// What one message or call says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Who sent it: the name of a write key, or `api`.
    pub(crate) source: String,
    pub(crate) message_id: Option<String>,
    /// When it happened, in microseconds since 1970 UTC.
    pub(crate) at: i64,
    /// The earliest time at which a claim on an address counts as made: see [`Facts::claimed_at`].
    pub(crate) claims_from: i64,
    /// Whom traits and consents are about: the surest identifier of the message.
    pub(crate) subject: Option<Identifier>,
    /// Identifiers that somebody was seen under.
    pub(crate) seen: Vec<Identifier>,
    /// Identifiers of one person.
    pub(crate) links: Vec<Link>,
    pub(crate) traits: Vec<Trait>,
    /// Dates of life; `None` for one that was taken back.
    pub(crate) dates: Vec<(&'static str, Option<DateOfLife>)>,
    pub(crate) consents: Vec<ConsentSaid>,
    pub(crate) order: Option<OrderEvent>,
    /// What the customer did, where it is no order.
    pub(crate) activity: Option<Activity>,
    /// What could not be used, and why.
    pub(crate) unusable: Vec<Unusable>,
}

/// Two identifiers of one person, and why we think so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The less sure one, which is claimed.
    pub(crate) claimed: Identifier,
    /// The surer one.
    pub(crate) owner: Identifier,
    pub(crate) reason: String,
    pub(crate) by_hand: bool,
}

impl Facts {
    /// When a claim on an address counts as made: at its time, but not long before it was received. Claims that are older stay
    /// in their order, to about eight seconds, in the minutes before that.
    pub(crate) fn claimed_at(&self) -> i64 {
        if self.at >= self.claims_from {
            return self.at;
        }
        // Less than ten minutes until the year 2100.
        let in_order = (self.at.max(0) >> 23).min(OLDER_CLAIMS);
        self.claims_from.saturating_sub(OLDER_CLAIMS).saturating_add(in_order)
    }
}

impl Link {
    /// `None` for an identifier and itself.
    pub(crate) fn between(a: &Identifier, b: &Identifier, reason: &str) -> Option<Self> {
        let sureness = |identifier: &Identifier| (identifier.kind().uncertainty(), identifier.clone());
        let (owner, claimed) = if sureness(a) <= sureness(b) { (a, b) } else { (b, a) };
        (a != b).then(|| Self {
            claimed: claimed.clone(),
            owner: owner.clone(),
            reason: reason.to_owned(),
            by_hand: false,
        })
    }
}

/// A trait: its value is JSON, `null` where it was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trait {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) value: String,
}

/// A consent that was given or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsentSaid {
    pub(crate) channel: String,
    pub(crate) topic: String,
    pub(crate) purpose: String,
    pub(crate) granted: bool,
    pub(crate) at: i64,
    /// Whether it was declared in its own right; else it is a state that every message of the device repeats.
    pub(crate) declared: bool,
}

/// How much older than its receipt a message may be in a dispute over an address, which belongs to the first who claims it: as long
/// as a device may have been without a network. Otherwise anybody with a write key, which may stand in a web page, could take
/// the address of another account by telling a time long past.
pub(crate) const OLDEST_CLAIM: SignedDuration = SignedDuration::from_hours(48);

/// The microseconds into which older claims are pressed.
const OLDER_CLAIMS: i64 = 600_000_000;

/// How far the clocks of those who call may go ahead of ours.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The time of a statement. One in the future would win over everything that is said until then, so it is refused; one
/// that is ahead only by what clocks differ is now.
pub(crate) fn said_at(at: Timestamp, what: impl FnOnce() -> String) -> Result<i64, Error> {
    let now = Timestamp::now();
    if at.duration_since(now) > CLOCK_TOLERANCE {
        return Err(Error::invalid(
            what(),
            format!("its time, {at}, is in the future; give the time of the decision"),
        ));
    }
    Ok(at.min(now).as_microsecond())
}

/// A text without the character NUL, which PostgreSQL cannot store.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "")
}
