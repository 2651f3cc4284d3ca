//! What the models of survival see of a customer: for how long, and whether it has ended.

/// The observed lifetime of a customer, in any unit of time.
///
/// `duration` is the time from the start until the customer left, or, where the customer has not left, until the observation ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lifetime {
    duration: f64,
    ended: bool,
}

/// Why a number is not a lifetime.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a lifetime of {duration}: it must be finite and not negative")]
pub struct InvalidLifetime {
    /// The duration given.
    pub duration: f64,
}

impl Lifetime {
    /// A lifetime that ended after `duration`, or has lasted for it so far.
    ///
    /// # Errors
    /// When the duration is negative or not finite.
    pub fn new(duration: f64, ended: bool) -> Result<Self, InvalidLifetime> {
        if duration >= 0.0 && duration.is_finite() {
            // Minus zero would be another time than zero where times are ordered by their bits.
            Ok(Self { duration: duration + 0.0, ended })
        } else {
            Err(InvalidLifetime { duration })
        }
    }

    /// The time until the customer left or the observation ended.
    #[must_use]
    pub const fn duration(&self) -> f64 {
        self.duration
    }

    /// Whether the customer has left.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }
}
