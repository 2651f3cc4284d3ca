//! The two ways in which an active customer can turn out to have been silent for a while: still active, or gone.

use super::dropout_integral::{DropoutIntegral, Factor};

/// The probabilities of no purchase between two times and of being active, or not, at the second, for a customer who was active at the
/// first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// Still active: the customer simply has not bought.
    pub(super) alive: f64,
    /// Left at some time since.
    pub(super) dead: f64,
}

impl Silence {
    /// Of a customer with parameters `shape` = r + x, alpha, s and beta, silent from `from` to `to`.
    pub(super) fn new([shape, alpha, s, beta]: [f64; 4], from: f64, to: f64) -> Self {
        let purchase = Factor { offset: alpha, exponent: shape };
        let dropout = Factor { offset: beta, exponent: s + 1.0 };
        let integral = DropoutIntegral::new(purchase, dropout, from, to);
        let log_purchase = ((to - from) / (alpha + from)).ln_1p();
        let log_dropout = ((to - from) / (beta + from)).ln_1p();
        Self {
            alive: (-shape * log_purchase - s * log_dropout).exp(),
            dead: s / (beta + from) * integral.mass,
        }
    }

    /// The probability of being active.
    pub(super) fn probability_alive(&self) -> f64 {
        self.alive / (self.alive + self.dead)
    }
}
