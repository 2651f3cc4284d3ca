//! Why a message is refused. The code is for programs, the reason for people.

use super::{EVENT_LIMIT, ID_LIMIT, MESSAGE_ID_LIMIT};

/// A reason to refuse one message; the other messages of its request are taken all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("a message is a JSON object; this is another value")]
    NotAnObject,

    #[error("{size} bytes; a message has at most {EVENT_LIMIT}: leave out what is not needed")]
    TooLarge { size: usize },

    #[error(
        "{size} bytes with the batch's `context` and `integrations`; a message has at most {EVENT_LIMIT}: leave out what is not needed"
    )]
    TooLargeWithShared { size: usize },

    #[error("type is missing; write one of identify, track, page, screen, group, alias")]
    MissingType,

    #[error("type {found:?} is none of identify, track, page, screen, group, alias")]
    UnknownType { found: String },

    #[error("neither userId nor anonymousId: whose message is it? send one of them")]
    MissingIdentity,

    #[error("{field} is missing; {kind} needs it")]
    Missing { field: &'static str, kind: &'static str },

    #[error("{field} is neither text nor a number")]
    NotText { field: &'static str },

    #[error("{field} has {length} characters; it has at most {limit}")]
    TooLong { field: &'static str, length: usize, limit: usize },

    #[error("{field} holds the character NUL, which a database cannot keep as text")]
    HoldsNul { field: &'static str },

    #[error("{field} {found:?} is no ISO 8601 time, such as 2026-01-31T09:30:00Z")]
    InvalidTime { field: &'static str, found: String },

    #[error(
        "timestamp {found:?} is, by the server's clock, {at}, more than a day ahead: check the sender's clock"
    )]
    InFuture { found: String, at: jiff::Timestamp },
}

impl Refusal {
    /// The reason in one word that does not change between versions.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::TooLarge { .. } | Self::TooLargeWithShared { .. } => "too_large",
            Self::MissingType | Self::UnknownType { .. } => "unknown_type",
            Self::MissingIdentity => "missing_identity",
            Self::Missing { .. } => "missing_field",
            Self::NotText { .. } | Self::TooLong { .. } | Self::HoldsNul { .. } => "invalid_field",
            Self::InvalidTime { .. } => "invalid_time",
            Self::InFuture { .. } => "time_in_future",
        }
    }
}

/// The length that a field may have, in characters.
pub(crate) fn limit_of(field: &str) -> usize {
    if field == "messageId" { MESSAGE_ID_LIMIT } else { ID_LIMIT }
}
