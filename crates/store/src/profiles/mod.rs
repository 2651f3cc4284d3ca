//! What is known of a customer: traits, preferences, dates of life, consents; reading, export and erasure of all of it.

mod consents;
mod dates;
mod erased;
mod erasure;
mod export;
mod mentions;
mod read;
mod tables;
mod telephone;
mod tokens;
mod traces;

use serde::Serialize;

pub(crate) use consents::ANY;
pub use consents::{Consent, Consented, NewConsent};
pub(crate) use dates::name_of_trait;
pub use dates::{Celebration, DateOfLife, LeapDay, NotADate};
pub use erased::Erasures;
pub(crate) use erased::mark_of_erasures;
pub use erasure::Erased;
pub use read::{KnownIdentifier, OrdersSummary, Profile, ProfileTrait};
pub(crate) use tables::write;
pub(crate) use tokens::{conceal, forget_event, is_token};

/// Where a trait comes from. The two are kept apart, so that a guess never hides what somebody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The customer said so.
    Declared,
    /// Perennial or another program concluded it.
    Inferred,
}

impl Origin {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Inferred => "inferred",
        }
    }
}
