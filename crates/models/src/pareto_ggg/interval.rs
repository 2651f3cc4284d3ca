//! The time from the last purchase to the next, of a customer of known regularity k.
//!
//! Given k, the purchase rate after x intervals up to `t_x` is lambda ~ Gamma(a, c) with a = r + kx and c = alpha + k `t_x`, and the next
//! interval is Gamma(k, k lambda). With q = kd/c its length d has, in v = ln q, the density
//!
//! ```text
//! g(v) = q^k (1+q)^-(a+k) / B(k, a)
//! ```
//!
//! one log-concave hump. A customer was silent for D either because the interval is longer, or because the customer left first:
//!
//! ```text
//! P(silent for D) = integral of g over d > D, plus integral over d < D of F(d) g,     F(d) = 1 - (m / (m+d))^s,  m = beta + t_x
//! ```
//!
//! (by parts, from the integral over the time of leaving). Both integrands are positive, and both integrals and their derivatives come
//! from one Gauss-Legendre quadrature, in panels from the hump to both sides. The first is the regularised incomplete beta function
//! `I_u(a, k)`, u = c / (c + kD), whose derivatives have no closed form.

use std::sync::LazyLock;

use perennial_math::{
    quadrature::GaussLegendre,
    special::{digamma, stirling_remainder},
};

/// The rule for each panel.
static PANEL: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(10));

/// The widest panel where the density bends: its singularities lie pi away from the real axis there.
const WIDEST_PANEL: f64 = 1.8;

/// The largest fall of the density's logarithm over a panel, by its slope at the start.
const LARGEST_FALL: f64 = 6.0;

/// A part of the integral smaller than this share no longer counts.
const NEGLIGIBLE: f64 = 1e-12;

/// The density of the next interval of a customer of known regularity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    /// The regularity.
    pub(super) k: f64,
    /// a = r + kx, the shape of the purchase rate.
    pub(super) shape: f64,
    /// c = alpha + k `t_x`, its rate.
    pub(super) rate: f64,
    /// ln g at the top of the hump.
    height: f64,
}

/// How a customer leaves: at a rate mu ~ Gamma(s, m), m = beta plus the time since the first purchase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaving {
    pub(super) s: f64,
    pub(super) m: f64,
}

/// The probability of a silence and its derivatives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// That the next interval is longer.
    pub(super) longer: f64,
    /// That it is longer, or the customer left.
    pub(super) total: f64,
    /// Derivatives of `total` by a, c, s and m.
    pub(super) slopes: [f64; 4],
}

impl Interval {
    pub(super) fn new(k: f64, shape: f64, rate: f64) -> Self {
        let sum = shape + k;
        let height = 0.5 * (k * (shape / sum) / std::f64::consts::TAU).ln() + stirling_remainder(sum)
            - stirling_remainder(shape)
            - stirling_remainder(k);
        Self { k, shape, rate, height }
    }

    /// Where the hump has its top.
    pub(super) fn top(&self) -> f64 {
        (self.k / self.shape).ln()
    }

    /// ln(1+q) less its value at the top, at `beside` from there.
    fn past(&self, beside: f64) -> f64 {
        let sum = self.shape + self.k;
        if beside < -1.0 {
            (self.shape / sum + self.k / sum * beside.exp()).ln()
        } else if beside < 700.0 {
            (self.k / sum * beside.exp_m1()).ln_1p()
        } else {
            beside + (self.k / sum).ln()
        }
    }

    /// ln g at `beside` from the top.
    pub(super) fn log_density(&self, beside: f64) -> f64 {
        self.height + self.k * beside - (self.shape + self.k) * self.past(beside)
    }

    /// The derivative of ln g at `beside` from the top.
    pub(super) fn slope(&self, beside: f64) -> f64 {
        let odds = self.k / self.shape * beside.exp();
        if odds < 1.0 {
            (self.k - self.shape * odds) / (1.0 + odds)
        } else {
            (self.k / odds - self.shape) / (1.0 / odds + 1.0)
        }
    }

    /// The scale over which the hump falls, at its top.
    pub(super) fn width(&self) -> f64 {
        (1.0 / self.k + 1.0 / self.shape).sqrt()
    }

    /// v of an interval's length, from the top on.
    pub(super) fn beside(&self, length: f64) -> f64 {
        (length * self.shape / self.rate).ln()
    }

    /// The probability of a silence of `length`.
    pub(super) fn silence(&self, length: f64, leaving: Leaving) -> Silence {
        let end = self.beside(length);
        if end == f64::NEG_INFINITY || end.is_nan() {
            return Silence { longer: 1.0, total: 1.0, slopes: [0.0; 4] };
        }
        let Leaving { s, m } = leaving;
        // Mass, and mass times what the logarithm of the density falls by for more a.
        let mut longer = [0.0; 2];
        let mut add = |beside: f64, weight: f64| {
            let past = self.past(beside);
            let mass = weight * (self.height + self.k * beside - (self.shape + self.k) * past).exp();
            longer[0] += mass;
            longer[1] += mass * past;
            mass
        };
        self.outwards(end.max(0.0), end, f64::INFINITY, 0.0, &mut add);
        let longer = longer;
        let mut gone = [0.0; 4];
        let mut add = |beside: f64, weight: f64| {
            let past = self.past(beside);
            let density = weight * (self.height + self.k * beside - (self.shape + self.k) * past).exp();
            let since = length * (beside - end).exp();
            let log_stayed = -s * (since / m).ln_1p();
            let left = -log_stayed.exp_m1();
            let mass = density * left;
            gone[0] += mass;
            gone[1] += mass * past;
            gone[2] += density * (1.0 - left) * since / (m + since);
            gone[3] += density * (1.0 - left) * -log_stayed;
            mass
        };
        self.outwards(end.min(0.0), f64::NEG_INFINITY, end, longer[0], &mut add);
        let total = longer[0] + gone[0];
        // The mean of ln(1+q) less its value at the top.
        let above = (self.k / self.shape).ln_1p() + digamma(self.shape) - digamma(self.shape + self.k);
        let stayed = (-s * (length / m).ln_1p()).exp();
        Silence {
            longer: longer[0],
            total,
            slopes: [
                -above * total - longer[1] - gone[1],
                (stayed * self.log_density(end).exp() + s * gone[2]) / self.rate,
                gone[3] / s,
                -s * gone[2] / m,
            ],
        }
    }

    /// Integrates from `from` to both sides within `low` and `high`: `add` takes a place beside the top and a weight, and gives back the
    /// mass there. `other` is a mass beside which parts may be left out.
    fn outwards(&self, from: f64, low: f64, high: f64, other: f64, add: &mut dyn FnMut(f64, f64) -> f64) {
        let first = WIDEST_PANEL.min(1.5 * self.width()).min(0.5 * LARGEST_FALL / self.slope(from).abs());
        let mut sum = other;
        for (direction, end) in [(-1.0, low), (1.0, high)] {
            let (mut start, mut width) = (from, first);
            loop {
                let left = direction * (end - start);
                if left.is_nan() || left <= 0.0 {
                    break;
                }
                let length = width.min(left);
                let half = 0.5 * length;
                let mut part = 0.0;
                for (node, weight) in PANEL.nodes().iter().zip(PANEL.weights()) {
                    part += add(start + direction * half * (1.0 + node), half * weight);
                }
                sum += part;
                if length >= left || part <= NEGLIGIBLE * sum {
                    break;
                }
                start += direction * length;
                // The density bends at its top and about v = 0; to the right of both it is a power of q, which wide panels resolve.
                let beyond = if direction > 0.0 { start.min(start + self.top()) } else { 0.0 };
                let widest = WIDEST_PANEL.max(0.8 * beyond);
                width = (2.0 * width).min(widest).min(LARGEST_FALL / self.slope(start).abs());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use perennial_math::{incomplete::beta_regularized, quadrature::integrate_adaptive};
    use proptest::prelude::*;

    use super::*;

    fn silence([k, shape, rate, length, s, m]: [f64; 6]) -> Silence {
        Interval::new(k, shape, rate).silence(length, Leaving { s, m })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_longer_interval_is_the_incomplete_beta_function(
            k in (-3.0..5.0_f64).prop_map(f64::exp),
            shape in (-3.0..7.0_f64).prop_map(f64::exp),
            mean in (-4.0..3.0_f64).prop_map(f64::exp),
        ) {
            let rate = 3.0;
            let length = mean * rate / shape;
            let value = silence([k, shape, rate, length, 0.6, 12.0]).longer;
            let expected = beta_regularized(shape, k, rate / (rate + k * length));
            prop_assert!((value - expected).abs() < 1e-9 * expected.max(1e-6), "{value} {expected}");
        }

        #[test]
        fn slopes_are_those_of_the_total(
            k in (-2.0..4.0_f64).prop_map(f64::exp),
            shape in (-2.0..6.0_f64).prop_map(f64::exp),
            mean in (-3.0..2.5_f64).prop_map(f64::exp),
            s in (-3.0..2.0_f64).prop_map(f64::exp),
            m in (-3.0..4.0_f64).prop_map(f64::exp),
        ) {
            let at = [k, shape, 3.0, mean * 3.0 / shape, s, m];
            let exact = silence(at);
            for (slope, place) in exact.slopes.into_iter().zip([1, 2, 4, 5]) {
                let difference = |h: f64| {
                    let step = |sign: f64| {
                        let mut moved = at;
                        moved[place] *= (sign * h).exp();
                        silence(moved).total
                    };
                    (step(1.0) - step(-1.0)) / (2.0 * h)
                };
                // Richardson's extrapolation of central differences on the logarithm.
                let expected = (4.0 * difference(5e-4) - difference(1e-3)) / 3.0;
                let value = slope * at[place];
                prop_assert!((value - expected).abs() < 1e-8 * exact.total.max(1e-3), "{place}: {value} {expected}");
            }
        }
    }

    /// The definition: the interval is longer and the customer active, or the customer left at u and the interval is longer than that.
    #[test]
    fn the_integral_by_parts_is_that_over_the_time_of_leaving() {
        for [k, shape, rate, length, s, m] in [
            [0.5, 0.6, 10.0, 30.0, 0.6, 12.0],
            [4.0, 9.0, 40.0, 12.0, 2.0, 30.0],
            [30.0, 90.0, 400.0, 25.0, 0.2, 3.0],
        ] {
            let longer = |d: f64| beta_regularized(shape, k, rate / (rate + k * d));
            let left =
                integrate_adaptive(|u| s * m.powf(s) / (m + u).powf(s + 1.0) * longer(u), 0.0, length, 1e-11);
            let expected = (m / (m + length)).powf(s) * longer(length) + left;
            let value = silence([k, shape, rate, length, s, m]).total;
            assert!((value / expected - 1.0).abs() < 1e-9, "{value} {expected}");
        }
    }
}
