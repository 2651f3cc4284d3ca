//! How regular the times between purchases are.

use serde::{Deserialize, Serialize};

use crate::{InvalidParameters, geometric_dropout::MOST_REGULAR};

/// k of the Erlang-k distributed times between purchases: 1 for purchases at any time, the larger the more regular.
///
/// The times' standard deviation is 1 / sqrt(k) of their mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Regularity(u32);

impl Regularity {
    /// Purchases at any time.
    pub const RANDOM: Self = Self(1);

    /// The regularity k, a whole number from 1 to 12.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(k: u32) -> Result<Self, InvalidParameters> {
        if (1..=MOST_REGULAR).contains(&k) { Ok(Self(k)) } else { Err(Self::error(f64::from(k))) }
    }

    /// The regularity of a number.
    ///
    /// # Errors
    /// When it is not a whole number from 1 to 12.
    #[allow(clippy::float_cmp, reason = "a whole number is exact")]
    pub fn from_value(k: f64) -> Result<Self, InvalidParameters> {
        Self::all().find(|known| f64::from(known.0) == k).ok_or_else(|| Self::error(k))
    }

    /// All of them, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=MOST_REGULAR).map(Self)
    }

    /// k.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    fn error(value: f64) -> InvalidParameters {
        InvalidParameters::Regularity { value, most: MOST_REGULAR }
    }
}

impl TryFrom<u32> for Regularity {
    type Error = InvalidParameters;

    fn try_from(k: u32) -> Result<Self, Self::Error> {
        Self::new(k)
    }
}

impl From<Regularity> for u32 {
    fn from(k: Regularity) -> Self {
        k.0
    }
}

impl std::fmt::Display for Regularity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
