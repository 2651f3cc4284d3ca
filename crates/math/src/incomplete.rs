//! The regularised incomplete gamma and beta functions.

use statrs::function::{beta, gamma};

/// P(a, x) = γ(a, x) / Γ(a), the distribution function at x of a gamma variable with shape a > 0 and scale 1.
#[must_use]
pub fn gamma_lower(a: f64, x: f64) -> f64 {
    gamma::checked_gamma_lr(a, x).unwrap_or(f64::NAN)
}

/// Q(a, x) = 1 - P(a, x).
#[must_use]
pub fn gamma_upper(a: f64, x: f64) -> f64 {
    gamma::checked_gamma_ur(a, x).unwrap_or(f64::NAN)
}

/// `I_x(a, b)`, the distribution function at x of a beta variable with shapes a, b > 0.
#[must_use]
pub fn beta_regularized(a: f64, b: f64, x: f64) -> f64 {
    beta::checked_beta_reg(a, b, x).unwrap_or(f64::NAN)
}
