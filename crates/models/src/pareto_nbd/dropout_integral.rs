//! The integral of Pareto/NBD over the time at which a customer leaves.
//!
//! ```text
//! I = integral over u from t_x to T of (alpha+u)^-p (beta+u)^-q du
//! ```
//!
//! The textbook writes I as a difference of two hypergeometric functions, which overflow and cancel. Here it is one Gauss-Legendre
//! quadrature of a positive integrand, in tau = ln((c+u)/(c+`t_x`)) with c the smaller of alpha and beta: in this variable the
//! integrand's only singularities lie at a distance of pi or more from the real axis, however small c is, so that few nodes give
//! all digits. Its derivatives by the parameters come from the same nodes.

use std::sync::LazyLock;

use perennial_math::quadrature::GaussLegendre;

/// The longest panel in tau.
const LONGEST_PANEL: f64 = 2.5;

/// The largest fall of the integrand's logarithm over a panel.
const LARGEST_FALL: f64 = 12.0;

/// Where the integrand's logarithm has fallen by this much, the rest is left out: less than 1e-17 of the integral.
const NEGLIGIBLE_FALL: f64 = 40.0;

/// The end of the integral in tau where nothing else ends it: exp of it is still an f64.
const LONGEST: f64 = 700.0;

/// Rules with 1, 2, 3, ... nodes.
static RULES: LazyLock<Vec<GaussLegendre>> = LazyLock::new(|| (1..=16).map(GaussLegendre::new).collect());

/// One of the two factors (offset + u)^-exponent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    /// alpha or beta.
    pub(super) offset: f64,
    /// r + x, or s + 1.
    pub(super) exponent: f64,
}

/// The integral relative to the integrand at its start t, and what its derivatives need.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct DropoutIntegral {
    /// I (alpha+t)^p (beta+t)^q, in time units.
    pub(super) mass: f64,
    /// The same with the integrand times ln((alpha+u) / (alpha+t)).
    pub(super) purchase_log: f64,
    /// With the integrand times 1 / (alpha+u).
    pub(super) purchase_inverse: f64,
    /// With the integrand times ln((beta+u) / (beta+t)).
    pub(super) dropout_log: f64,
    /// With the integrand times 1 / (beta+u).
    pub(super) dropout_inverse: f64,
}

impl DropoutIntegral {
    /// Integrates from `from` to `to`; zero when they are equal.
    pub(super) fn new(purchase: Factor, dropout: Factor, from: f64, to: f64) -> Self {
        if purchase.offset <= dropout.offset {
            integrate(purchase, dropout, from, to)
        } else {
            integrate(dropout, purchase, from, to).swapped()
        }
    }

    /// This and `factor` times another.
    pub(super) fn plus(&self, factor: f64, other: &Self) -> Self {
        Self {
            mass: self.mass + factor * other.mass,
            purchase_log: self.purchase_log + factor * other.purchase_log,
            purchase_inverse: self.purchase_inverse + factor * other.purchase_inverse,
            dropout_log: self.dropout_log + factor * other.dropout_log,
            dropout_inverse: self.dropout_inverse + factor * other.dropout_inverse,
        }
    }

    /// The integral with its logarithms taken relative to an earlier time, from which they have grown by these steps.
    pub(super) fn seen_from(&self, purchase_step: f64, dropout_step: f64) -> Self {
        Self {
            purchase_log: self.purchase_log + purchase_step * self.mass,
            dropout_log: self.dropout_log + dropout_step * self.mass,
            ..*self
        }
    }

    /// With the two factors exchanged.
    fn swapped(self) -> Self {
        Self {
            mass: self.mass,
            purchase_log: self.dropout_log,
            purchase_inverse: self.dropout_inverse,
            dropout_log: self.purchase_log,
            dropout_inverse: self.purchase_inverse,
        }
    }
}

/// The integrand's logarithm as a function of tau, relative to tau = 0, with the sign turned and the change of variable included.
#[derive(Clone, Copy)]
struct Fall {
    /// Exponent of the factor with the smaller offset, less one for the change of variable.
    near: f64,
    /// Exponent of the other factor.
    far: f64,
    /// (c+t) over the larger offset plus t; at most 1.
    ratio: f64,
}

impl Fall {
    fn at(self, tau: f64) -> f64 {
        self.near * tau + self.far * (self.ratio * tau.exp_m1()).ln_1p()
    }

    fn slope(self, tau: f64) -> f64 {
        self.near + self.far * self.ratio * tau.exp() / (1.0 + self.ratio * tau.exp_m1())
    }

    /// A bound on the fall's size up to `tau`, the integrals' inverses included.
    fn bound(self, tau: f64) -> f64 {
        (self.near.abs() + self.far + 1.0) * tau
    }

    /// Where the integrand has become negligible, or `end` if that is earlier. The fall is convex, so a line from the start and then
    /// Newton steps from the right never cut off too much.
    fn cut(self, end: f64) -> f64 {
        let start_slope = self.near + self.far * self.ratio;
        let mut tau = if start_slope > 0.0 { end.min(NEGLIGIBLE_FALL / start_slope) } else { end };
        for _ in 0..100 {
            let fall = self.at(tau);
            if fall <= 1.5 * NEGLIGIBLE_FALL {
                break;
            }
            tau -= (fall - NEGLIGIBLE_FALL) / self.slope(tau);
        }
        tau
    }
}

/// The integral with `near` the factor with the smaller offset, in the place of the purchase factor.
fn integrate(near: Factor, far: Factor, from: f64, to: f64) -> DropoutIntegral {
    let near_start = near.offset + from;
    let far_start = far.offset + from;
    let fall = Fall { near: near.exponent - 1.0, far: far.exponent, ratio: near_start / far_start };
    let end = ((to - from) / near_start).ln_1p().min(LONGEST);
    let sum = if fall.bound(end) <= LARGEST_SHORT_FALL {
        panel(fall, short_rule(fall.bound(end)), 0.0, end)
    } else {
        panels(fall, fall.cut(end))
    };
    DropoutIntegral {
        mass: near_start * sum.mass,
        purchase_log: near_start * sum.purchase_log,
        purchase_inverse: sum.purchase_inverse,
        dropout_log: near_start * sum.dropout_log,
        dropout_inverse: fall.ratio * sum.dropout_inverse,
    }
}

/// The integral in tau from 0 to `end`, in panels; inverses relative to their values at the start.
fn panels(fall: Fall, end: f64) -> DropoutIntegral {
    let total_fall = fall.at(end).abs();
    let count = (end / LONGEST_PANEL).max(total_fall / LARGEST_FALL).ceil().max(1.0);
    let width = end / count;
    let rule = rule(width, total_fall / count);
    let mut sum = DropoutIntegral::default();
    let mut number = 0.0;
    while number < count {
        sum = sum.plus(1.0, &panel(fall, rule, number * width, width));
        number += 1.0;
    }
    sum
}

/// The integral in tau over one panel.
fn panel(fall: Fall, rule: &GaussLegendre, start: f64, width: f64) -> DropoutIntegral {
    let half = 0.5 * width;
    let mut sum = DropoutIntegral::default();
    for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
        let tau = start + half * (1.0 + node);
        let growth = tau.exp();
        let far_growth = fall.ratio * (growth - 1.0);
        let far_log = far_growth.ln_1p();
        let density = half * weight * (-fall.near * tau - fall.far * far_log).exp();
        sum.mass += density;
        sum.purchase_log += density * tau;
        sum.purchase_inverse += density / growth;
        sum.dropout_log += density * far_log;
        sum.dropout_inverse += density / (1.0 + far_growth);
    }
    sum
}

/// The largest bound on the fall up to which an interval counts as short.
const LARGEST_SHORT_FALL: f64 = 0.6;

/// The rule with enough nodes for 1e-11 of a short interval, from the error of n nodes on exp(-fall): fall^(2n) (n!)^4 / (2n+1) / (2n)!^3.
fn short_rule(fall: f64) -> &'static GaussLegendre {
    let nodes = match fall {
        ..=0.014 => 2,
        ..=0.16 => 3,
        _ => 4,
    };
    &RULES[nodes - 1]
}

/// The rule with enough nodes for 3e-12 of a panel's integral.
///
/// The count was found by comparing rules over 60,000 random panels (exponents from 0.01 to 100, offsets apart by up to 1,000) and
/// drawing a line above the least number that sufficed.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 5 and 16 by the limits of a panel"
)]
fn rule(width: f64, fall: f64) -> &'static GaussLegendre {
    let nodes = (5.0 + 2.2 * width + 0.45 * fall).ceil() as usize;
    &RULES[nodes.clamp(1, RULES.len()) - 1]
}

#[cfg(test)]
mod tests {
    use perennial_math::hypergeometric::ln_hyp2f1;
    use proptest::prelude::*;

    use super::*;

    /// The integral from t to infinity in closed form, relative to the integrand at t: with c and d the smaller and the larger
    /// offset plus t and p and q their exponents, c^p d^(1-p) / (p+q-1) 2F1(p+q-1, p; p+q; 1 - c/d) (Fader and Hardie 2005).
    fn to_infinity(near: Factor, far: Factor, from: f64) -> f64 {
        let (near_start, far_start) = (near.offset + from, far.offset + from);
        let power = near.exponent + far.exponent - 1.0;
        let z = 1.0 - near_start / far_start;
        // int_0^inf (near_start+v)^-p (far_start+v)^-q dv = far_start^-(p+q-1) / (p+q-1) 2F1(p+q-1, p; p+q; z).
        let log =
            ln_hyp2f1(power, near.exponent, power + 1.0, z) + near.exponent * (near_start / far_start).ln();
        far_start / power * log.exp()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn quadrature_agrees_with_the_hypergeometric_function(
            p in (-2.0..7.0_f64).prop_map(f64::exp),
            q in (0.05..4.0_f64).prop_map(f64::exp),
            offset in (-3.0..5.0_f64).prop_map(f64::exp),
            further in prop_oneof![Just(0.0), (-5.0..6.0_f64).prop_map(f64::exp)],
            from in prop_oneof![Just(0.0), 0.0..200.0_f64],
            turned in any::<bool>(),
        ) {
            let near = Factor { offset, exponent: p };
            let far = Factor { offset: offset + further, exponent: q };
            let expected = to_infinity(near, far, from);
            let integral = if turned {
                DropoutIntegral::new(far, near, from, f64::INFINITY)
            } else {
                DropoutIntegral::new(near, far, from, f64::INFINITY)
            };
            prop_assert!((integral.mass / expected - 1.0).abs() < 2e-10, "{} {expected}", integral.mass);
        }

        #[test]
        fn integrals_over_adjoining_intervals_add_up(
            p in (-2.0..7.0_f64).prop_map(f64::exp),
            q in (0.05..4.0_f64).prop_map(f64::exp),
            alpha in (-3.0..5.0_f64).prop_map(f64::exp),
            beta in (-3.0..5.0_f64).prop_map(f64::exp),
            first in (-8.0..4.0_f64).prop_map(f64::exp),
            second in (-8.0..4.0_f64).prop_map(f64::exp),
        ) {
            let purchase = Factor { offset: alpha, exponent: p };
            let dropout = Factor { offset: beta, exponent: q };
            let whole = DropoutIntegral::new(purchase, dropout, 0.0, first + second);
            let purchase_step = (first / alpha).ln_1p();
            let dropout_step = (first / beta).ln_1p();
            let decay = (-p * purchase_step - q * dropout_step).exp();
            let later = DropoutIntegral::new(purchase, dropout, first, first + second);
            let sum = DropoutIntegral::new(purchase, dropout, 0.0, first)
                .plus(decay, &later.seen_from(purchase_step, dropout_step));
            let (mass, near) = (whole.mass, alpha.min(beta));
            for (one, other, scale) in [
                (whole.mass, sum.mass, mass),
                (whole.purchase_log, sum.purchase_log, mass),
                (whole.dropout_log, sum.dropout_log, mass),
                (whole.purchase_inverse, sum.purchase_inverse, mass / near),
                (whole.dropout_inverse, sum.dropout_inverse, mass / near),
            ] {
                prop_assert!((one - other).abs() < 1e-10 * scale, "{whole:?} {sum:?}");
            }
        }
    }
}
