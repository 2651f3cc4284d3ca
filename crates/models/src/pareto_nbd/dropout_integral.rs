//! The integral of Pareto/NBD over the time at which a customer leaves.
//!
//! ```text
//! I = integral over u from t_x to T of (alpha+u)^-p (beta+u)^-q du
//! ```
//!
//! The textbook writes I as a difference of two hypergeometric functions, which overflow and cancel. Here it is one Gauss-Legendre
//! quadrature of a positive integrand, in tau = ln((c+u)/(c+t_x)) with c the smaller of alpha and beta: in this variable the
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

/// Rules with 2, 4, 6, ... nodes.
static RULES: LazyLock<Vec<GaussLegendre>> = LazyLock::new(|| (1..=10).map(|n| GaussLegendre::new(2 * n)).collect());

/// One of the two factors (offset + u)^-exponent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    /// alpha or beta.
    pub(super) offset: f64,
    /// r + x, or s + 1.
    pub(super) exponent: f64,
}

/// The means of a factor's derivatives over the integrand as a density of u.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct FactorMeans {
    /// Mean of ln((offset+u) / (offset+t_x)).
    pub(super) log: f64,
    /// Mean of 1 / (offset+u).
    pub(super) inverse: f64,
}

/// The integral relative to the integrand at t_x, and the means that its derivatives need.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct DropoutIntegral {
    /// I (alpha+t_x)^p (beta+t_x)^q, in time units.
    pub(super) value: f64,
    /// Of the factor of the purchase rate (alpha).
    pub(super) purchase: FactorMeans,
    /// Of the factor of the dropout rate (beta).
    pub(super) dropout: FactorMeans,
}

impl DropoutIntegral {
    /// Integrates from `from` to `to`; zero when they are equal.
    pub(super) fn new(purchase: Factor, dropout: Factor, from: f64, to: f64) -> Self {
        if purchase.offset <= dropout.offset {
            let (value, purchase, dropout) = integrate(purchase, dropout, from, to);
            Self { value, purchase, dropout }
        } else {
            let (value, dropout, purchase) = integrate(dropout, purchase, from, to);
            Self { value, purchase, dropout }
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
    /// (c+t_x) over the larger offset plus t_x; at most 1.
    ratio: f64,
}

impl Fall {
    fn at(self, tau: f64) -> f64 {
        self.near * tau + self.far * (self.ratio * tau.exp_m1()).ln_1p()
    }

    fn slope(self, tau: f64) -> f64 {
        let growth = self.ratio * tau.exp();
        self.near + self.far * growth / (1.0 + self.ratio * tau.exp_m1())
    }

    /// Where the integrand has become negligible, or `end` if that is earlier. The fall is convex, so a line from the start and then
    /// Newton steps from the right never cut off too much.
    fn cut(self, end: f64) -> f64 {
        let start_slope = self.slope(0.0);
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

/// The integral relative to the integrand at `from`, and the means of both factors; `near` has the smaller offset.
fn integrate(near: Factor, far: Factor, from: f64, to: f64) -> (f64, FactorMeans, FactorMeans) {
    let near_start = near.offset + from;
    let far_start = far.offset + from;
    let fall = Fall { near: near.exponent - 1.0, far: far.exponent, ratio: near_start / far_start };
    let end = fall.cut(((to - from) / near_start).ln_1p().min(LONGEST));
    let panels = (end / LONGEST_PANEL).max(fall.at(end).abs() / LARGEST_FALL).ceil().max(1.0);
    let width = end / panels;
    let rule = rule(width, fall.at(end).abs() / panels);
    let (mut mass, mut near_log, mut near_inverse, mut far_log, mut far_inverse) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut panel = 0.0;
    while panel < panels {
        let middle = (panel + 0.5) * width;
        for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
            let tau = middle + 0.5 * width * node;
            let growth = tau.exp();
            let far_growth = 1.0 + fall.ratio * (growth - 1.0);
            let log_far_growth = (fall.ratio * (growth - 1.0)).ln_1p();
            let density = weight * (-fall.near * tau - fall.far * log_far_growth).exp();
            mass += density;
            near_log += density * tau;
            near_inverse += density / growth;
            far_log += density * log_far_growth;
            far_inverse += density / far_growth;
        }
        panel += 1.0;
    }
    if mass.is_nan() || mass <= 0.0 {
        return (0.0, FactorMeans::default(), FactorMeans::default());
    }
    (
        0.5 * width * near_start * mass,
        FactorMeans { log: near_log / mass, inverse: near_inverse / mass / near_start },
        FactorMeans { log: far_log / mass, inverse: far_inverse / mass / far_start },
    )
}

/// The rule with enough nodes for 3e-12 of a panel's integral.
///
/// The count was found by comparing rules over 60,000 random panels (exponents from 0.01 to 100, offsets apart by up to 1,000) and
/// drawing a line above the least number that sufficed.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 5 and 16 by the limits of a panel")]
fn rule(width: f64, fall: f64) -> &'static GaussLegendre {
    let nodes = 5.0 + 2.2 * width + 0.45 * fall;
    let rules: &'static [GaussLegendre] = &RULES;
    &rules[((0.5 * nodes).ceil() as usize).clamp(1, rules.len()) - 1]
}
