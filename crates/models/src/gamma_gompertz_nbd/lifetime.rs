//! The lifetime of a customer: Gompertz, with a gamma-distributed eta.
//!
//! ```text
//! S(t) = exp(-s L(t)),     L(t) = ln(1 + (exp(bt) - 1) / beta),     L'(t) = b / (1 + (beta-1) exp(-bt))
//! ```
//!
//! Everything that is integrated over the time of leaving is a product of powers of S, L' and of alpha + t. Over a step that is short beside
//! the distance to the nearest singularity (where exp(bt) = 1 - beta, or t = -alpha) and over which the logarithm falls by little, a
//! Gauss-Legendre rule with twelve nodes gives all digits: so time is cut into such steps, which grow with the distance.

use std::{f64::consts::PI, sync::LazyLock};

use perennial_math::quadrature::GaussLegendre;

/// The rule for each step.
pub(super) static RULE: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(12));

/// The largest change of the integrand's logarithm over a step, beside what its distance to singularities allows.
const LARGEST_FALL: f64 = 6.0;

/// No sensible integral takes as many steps; it ends the loop where time can no longer advance.
const MOST_STEPS: usize = 100_000;

/// The gamma mixture of Gompertz lifetimes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    /// The Gompertz scale, per time unit.
    pub(super) b: f64,
    /// Shape of the gamma distribution of eta.
    pub(super) s: f64,
    /// Rate of the gamma distribution of eta.
    pub(super) beta: f64,
}

/// What a lifetime is at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// L(t); S is exp(-s L).
    pub(super) log: f64,
    /// L'(t); the hazard is s L'.
    pub(super) rate: f64,
    /// exp(-L(t)).
    pub(super) inverse: f64,
}

impl Lifetime {
    /// L, its slope and its inverse exponential at a time.
    pub(super) fn growth(&self, time: f64) -> Growth {
        let Self { b, beta, .. } = *self;
        let scaled = b * time;
        if scaled < 1.0 {
            let grown = scaled.exp_m1();
            let sum = beta + grown;
            return Growth {
                log: (grown / beta).ln_1p(),
                rate: b * (1.0 + grown) / sum,
                inverse: beta / sum,
            };
        }
        let shrunk = (-scaled).exp();
        let sum = beta * shrunk + (1.0 - shrunk);
        let log_grown = scaled + (-shrunk).ln_1p() - beta.ln();
        // ln(1 + e^y) without overflow.
        let log = log_grown.max(0.0) + (-log_grown.abs()).exp().ln_1p();
        Growth { log, rate: b / sum, inverse: beta * shrunk / sum }
    }

    /// The probability of not having left by a time.
    pub(super) fn survival(&self, time: f64) -> f64 {
        (-self.s * self.growth(time.max(0.0)).log).exp()
    }

    /// The lifetime that is left of a customer who has lived for a time: beta becomes 1 + (beta-1) exp(-b time).
    pub(super) fn after(&self, time: f64) -> Self {
        let scaled = self.b * time;
        Self { beta: self.beta * (-scaled).exp() - (-scaled).exp_m1(), ..*self }
    }

    /// The time by which a share has left, given minus the logarithm of the share that has not.
    pub(super) fn quantile(&self, log_survival: f64) -> f64 {
        let log = log_survival / self.s;
        let scaled = if log < 700.0 {
            (self.beta * log.exp_m1()).ln_1p()
        } else {
            let y = log + self.beta.ln();
            y.max(0.0) + (-y.abs()).exp().ln_1p()
        };
        scaled / self.b
    }

    /// How far one step from `time` may reach, of an integrand that holds S^1 and whatever else falls at `slope`.
    pub(super) fn step(&self, time: f64, growth: &Growth, slope: f64) -> f64 {
        let Self { b, s, beta } = *self;
        let distance = if beta < 1.0 {
            time - (-beta).ln_1p() / b
        } else {
            let beside = time - (beta - 1.0).ln() / b;
            // Towards the singularity the step must not come too near to it.
            let share = if beside < 0.0 { 0.5 } else { 0.75 };
            share * beside.hypot(PI / b)
        };
        // What the hazard itself changes by.
        let bend = 2.0 / self.bend(time, growth);
        distance.min(bend).min(LARGEST_FALL / (s * growth.rate + slope))
    }

    /// |b - L'|, the rate at which L' changes.
    pub(super) fn bend(&self, time: f64, growth: &Growth) -> f64 {
        growth.rate * (self.beta - 1.0).abs() * (-self.b * time).exp()
    }
}

/// Walks from 0 to `end` in steps and hands `(start, length)` of each to `take` until that says that the rest no longer counts.
pub(super) fn walk(
    from: f64,
    end: f64,
    mut step: impl FnMut(f64) -> f64,
    mut take: impl FnMut(f64, f64) -> bool,
) {
    let mut start = from;
    for _ in 0..MOST_STEPS {
        let left = end - start;
        let length = step(start).min(left);
        if length.is_nan() || length <= 0.0 || take(start, length) || length >= left {
            return;
        }
        start += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survival_is_the_formula_and_its_own_conditional() {
        for [b, s, beta] in [[0.1, 0.6, 2.0], [0.02, 3.0, 0.05], [2.0, 0.1, 500.0], [0.3, 2.0, 1.0]] {
            let life = Lifetime { b, s, beta };
            for time in [0.0, 0.4, 3.0, 20.0] {
                let formula = (beta / (beta - 1.0 + (b * time).exp())).powf(s);
                assert!((life.survival(time) / formula - 1.0).abs() < 1e-12);
                let later = life.survival(time + 7.0) / life.survival(time);
                assert!((life.after(time).survival(7.0) / later - 1.0).abs() < 1e-12);
                let back = life.quantile(-life.survival(time).ln());
                assert!((back - time).abs() < 1e-10 * (1.0 + time), "{back} {time}");
                let h = 1e-5 * (1.0 + time);
                let slope = (life.growth(time + h).log - life.growth((time - h).max(0.0)).log)
                    / (time + h - (time - h).max(0.0));
                let middle = life.growth(0.5 * (time + h + (time - h).max(0.0)));
                assert!((slope / middle.rate - 1.0).abs() < 1e-6);
                assert!((middle.inverse / (-middle.log).exp() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        for b in [1e-12, 1e-3, 1e4] {
            for beta in [1e-9, 1.0, 1e9] {
                let life = Lifetime { b, s: 1e-3, beta };
                for time in [0.0, 1e-9, 18_263.0] {
                    let growth = life.growth(time);
                    assert!(growth.log.is_finite() && growth.rate.is_finite(), "{life:?} {time}");
                    assert!((0.0..=1.0).contains(&growth.inverse) && growth.rate >= 0.0);
                    assert!(life.after(time).beta > 0.0);
                }
            }
        }
    }
}
