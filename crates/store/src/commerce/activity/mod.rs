//! What customers do beside ordering: the product, cart, checkout, coupon, wishlist, promotion, sharing and review events
//! of Segment's e-commerce specification (v2), one row per event.
//!
//! What happened, when, to whom and with which product or promotion stays. Particulars and what somebody wrote are kept as
//! long as the event's payload is.

mod names;
mod properties;
pub(crate) mod table;

pub(crate) use names::ActivityName;

use super::Amount;
use super::event::Unusable;
use crate::identity::Identifier;
use crate::json::Object;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Activity {
    /// The event's number in the log.
    pub(crate) seq: i64,
    pub(crate) source: String,
    pub(crate) message_id: String,
    pub(crate) name: ActivityName,
    /// Microseconds since 1970 UTC.
    pub(crate) at: i64,
    pub(crate) by: Identifier,
    pub(crate) said: Said,
}

/// What an event says; what it leaves out is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    pub(crate) product_id: Option<String>,
    /// The promotion.
    pub(crate) campaign: Option<String>,
    /// The rating of a review.
    pub(crate) score: Option<Amount>,
    /// What somebody wrote.
    pub(crate) comment: Option<String>,
    /// The other fields that the specification knows, as a JSON object.
    pub(crate) properties: Option<String>,
}

impl Said {
    /// What an event's properties say, and why a part of it cannot be used.
    pub(crate) fn read(properties: &Object<'_>) -> (Self, Option<Unusable>) {
        properties::read(properties)
    }

    /// What stays when the event's payload goes.
    pub(crate) fn without_particulars(self) -> Self {
        Self { comment: None, properties: None, ..self }
    }
}
