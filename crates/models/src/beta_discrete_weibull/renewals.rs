//! Sums of the survival function of `BdW`, for which there is no closed form.
//!
//! The first terms are added one by one. Beyond, the terms change slowly and the sum is an integral with the first corrections of Euler
//! and Maclaurin (Abramowitz and Stegun, 1964, 23.1.30), taken over panels that double; without end S(t) falls like t^(-alpha c), and
//! what lies beyond the last panel is known from that.

use std::sync::LazyLock;

use perennial_math::{quadrature::GaussLegendre, special::digamma};

use super::BetaDiscreteWeibull;

/// Terms added one by one.
const TERMS: f64 = 2048.0;

/// Nodes per panel.
static PANEL: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(20));

/// The sum over k = 1, ..., n of S(survived + k) / S(survived) / (1 + discount)^k; `n` may be infinite.
pub(super) fn discounted(model: &BetaDiscreteWeibull, survived: f64, n: f64, discount: f64) -> f64 {
    let log_discount = if discount > 0.0 { discount.ln_1p() } else { 0.0 };
    let terms = Terms { model, survived, log_discount };
    if n.is_infinite() && log_discount == 0.0 && model.alpha * model.c <= 1.0 {
        return f64::INFINITY;
    }
    let (mut sum, mut k) = (0.0, 0.0);
    while k < n.min(TERMS) {
        k += 1.0;
        let term = terms.at(k);
        sum += term;
        if term < 1e-17 * sum {
            return sum;
        }
    }
    if k < n { sum + terms.sum_beyond(k, n) } else { sum }
}

/// The terms of the sum as a function of a real k.
struct Terms<'a> {
    model: &'a BetaDiscreteWeibull,
    survived: f64,
    log_discount: f64,
}

impl Terms<'_> {
    fn at(&self, k: f64) -> f64 {
        (self.model.ln_survival_between(self.survived, k) - self.log_discount * k).exp()
    }

    /// The derivative of [`Terms::at`].
    fn slope(&self, k: f64) -> f64 {
        let BetaDiscreteWeibull { alpha, beta, c } = *self.model;
        let time = self.survived + k;
        let clock = self.model.clock(time);
        let hazard = (digamma(alpha + beta + clock) - digamma(beta + clock)) * c * clock / time;
        -self.at(k) * (hazard + self.log_discount)
    }

    /// The sum over the whole numbers above `from` up to `n`.
    fn sum_beyond(&self, from: f64, n: f64) -> f64 {
        let corrected = |k: f64| 0.5 * self.at(k) + self.slope(k) / 12.0;
        let end = if n.is_finite() { corrected(n) } else { 0.0 };
        (self.integral(from, n) + end - corrected(from)).max(0.0)
    }

    fn integral(&self, from: f64, n: f64) -> f64 {
        let (mut low, mut integral) = (from, 0.0);
        while low < n {
            let high = (2.0 * low).min(n);
            let panel = PANEL.integrate(|k| self.at(k), low, high);
            integral += panel;
            if panel < 1e-17 * integral || integral == 0.0 {
                return integral;
            }
            low = high;
            if self.log_discount == 0.0 && self.is_power_law(low) && n.is_infinite() {
                return integral + low * self.at(low) / (self.model.alpha * self.model.c - 1.0);
            }
        }
        integral
    }

    /// Whether S(t) is its limit C t^(-alpha c) from here on.
    fn is_power_law(&self, k: f64) -> bool {
        let size = 1.0 + self.model.alpha + self.model.beta;
        k > 1e290 || k > 1e12 * self.survived && self.model.clock(k) > 1e12 * size * size
    }
}
