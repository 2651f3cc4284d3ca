//! Euler's integral by the trapezoidal rule in the log-odds of its variable.
//!
//! With p = t / (1 + t), t = exp(y), the beta weight becomes exp(b y) (1 + t)^-(b + s), analytic for |Im y| < π and
//! falling off like exp(b y) on the left and exp(-s y) on the right. The nodes are y₀ + j h around the mode y₀, and all
//! values are taken relative to the one at the mode, so that large parameters lose nothing.

use crate::special::ln_beta;

/// The coarsest step for an integrand with this sum of exponents. In the strip |Im y| < π the rule's error is of the order of
/// exp(-2π²/h) times a power of 1/h with the sum as its exponent; where one exponent is large the strip is in effect half as
/// wide, which the finer step allows for.
fn coarsest_step(exponents: f64) -> f64 {
    if exponents < 6.0 { 0.4 } else { 0.25 }
}

/// The step in units of the peak's standard deviation.
const STEP_PER_DEVIATION: f64 = 0.6;

/// What a tail may be, relative to the sum.
const NEGLIGIBLE: f64 = 1e-16;

/// A guard only: integrands need some hundreds of nodes.
const MOST_NODES: f64 = 1e5;

/// Beyond this distance from the last bend of the integrand its logarithm is a straight line to the last bit.
const STRAIGHT: f64 = 39.0;

/// ln ₂F₁(a, b; c; z) = ln [ 1/B(b, s) ∫ p^(b-1) (1 - p)^(s-1) (1 - z p)^-a w(p) dp ].
///
/// Where c - b ≥ 1, s is c - b and w is 1. Below, where Euler's integral diverges or nearly does, s is c - b + 1 and
/// w(p) = 1 + (a z / c) p / (1 - z p): that is ₂F₁(a, b; c; z) = ₂F₁(a, b; c+1; z) + a b z / (c (c+1)) ₂F₁(a+1, b+1; c+2; z),
/// a sum of positive terms, under one integral.
pub(super) fn ln_hyp2f1(a: f64, b: f64, c: f64, z: f64) -> f64 {
    // The larger of the two falls off faster as the beta parameter, but it has to be below c.
    let (a, b) = if a.max(b) < c { (a.min(b), a.max(b)) } else { (a.max(b), a.min(b)) };
    let (s, lift) = if c - b >= 1.0 { (c - b, 0.0) } else { (c - b + 1.0, a * z / c) };
    if s <= 0.0 {
        return f64::NAN;
    }
    let integrand = EulerIntegrand::new(a, b, s, lift, z);
    integrand.ln_at_mode(z) - ln_beta(b, s) + integrand.shape().sum(|offset| integrand.relative(offset)).ln()
}

/// p^b (1 - p)^s (1 - z p)^-a w(p) as a function of the log-odds of p, seen from its mode (w left out).
struct EulerIntegrand {
    a: f64,
    b: f64,
    s: f64,
    /// The factor in w.
    lift: f64,
    /// 1 - z.
    rest: f64,
    /// The odds p / (1 - p) at the mode.
    mode: f64,
    /// The factor 1 + t = 1 / (1 - p),
    first: Bend,
    /// and the factor 1 + (1 - z) t = (1 - z p) / (1 - p).
    second: Bend,
}

impl EulerIntegrand {
    fn new(a: f64, b: f64, s: f64, lift: f64, z: f64) -> Self {
        let rest = 1.0 - z;
        let mode = mode_odds(a, b, s, z);
        Self { a, b, s, lift, rest, mode, first: Bend::at(mode), second: Bend::at(rest * mode) }
    }

    /// The logarithm of the value at the mode, without w.
    fn ln_at_mode(&self, z: f64) -> f64 {
        let linear = z * self.first.share;
        // ln(1 - z p), from whichever form does not cancel.
        let ln_linear = if linear < 0.5 { (-linear).ln_1p() } else { (self.rest + z * self.first.rest).ln() };
        -self.b * (1.0 / self.mode).ln_1p() - self.s * self.mode.ln_1p() - self.a * ln_linear
    }

    /// The value at this offset from the mode, with w, relative to the one at the mode without w.
    fn relative(&self, offset: f64) -> f64 {
        let (growth, factor) = growth(offset);
        let (share_change, rest_change) = self.first.changes(offset, growth, factor);
        let (_, second_change) = self.second.changes(offset, growth, factor);
        let ln_weight = self.b * share_change + self.s * rest_change - self.a * (rest_change - second_change);
        let odds = self.mode * factor;
        ln_weight.exp() * (1.0 + self.lift * odds / (1.0 + self.rest * odds))
    }

    fn shape(&self) -> Shape {
        let exponent = self.b + self.s - self.a;
        let curvature =
            exponent * self.first.share * self.first.rest + self.a * self.second.share * self.second.rest;
        let margin = STRAIGHT + exponent.abs().max(self.a).max(self.lift).max(1.0).ln();
        Shape {
            left_rate: self.b,
            right_rate: self.s,
            left_straight: -self.mode.ln() - margin,
            right_straight: -(self.mode * self.rest).ln() + margin,
            step: coarsest_step(self.a + self.b + self.s).min(STEP_PER_DEVIATION / curvature.sqrt()),
        }
    }
}

/// The odds t at which exp(b y) (1 + t)^(a - b - s) (1 + (1 - z) t)^-a is largest: the positive root of
/// s (1 - z) t² - (b (1 - z) + a z - s) t - b = 0.
fn mode_odds(a: f64, b: f64, s: f64, z: f64) -> f64 {
    let rest = 1.0 - z;
    let linear = b * rest + a * z - s;
    let root = linear.hypot(2.0 * (s * rest * b).sqrt());
    if linear >= 0.0 { (linear + root) / (2.0 * s * rest) } else { 2.0 * b / (root - linear) }
}

/// The integral of [`hyp2f1_deficit`](super::hyp2f1_deficit) over the beta distribution with shapes `shape` and `b`.
pub(super) fn deficit(a: f64, b: f64, shape: f64, z: f64) -> f64 {
    let rest = 1.0 - z;
    // The factor (1 - (1 + p u)^-a) / p falls at most like 1/p, so the beta weight's own mode is near enough.
    let mode = shape / b;
    let bend = Bend::at(mode);
    let value = |offset: f64| {
        let (growth, factor) = growth(offset);
        let odds = mode * factor;
        let (share_change, rest_change) = bend.changes(offset, growth, factor);
        let ln_weight = (shape - 1.0) * share_change + b * rest_change;
        let ln_base = ln_one_plus(odds * (z / rest) / (1.0 + odds));
        ln_weight.exp() * -(-a * ln_base).exp_m1()
    };
    let curvature = shape * b / (shape + b);
    let margin = STRAIGHT + (shape + b).max(a).max(1.0).ln();
    let tails = Shape {
        left_rate: shape,
        right_rate: b,
        left_straight: -mode.ln() + rest.ln() - margin,
        right_straight: -mode.ln() + margin,
        step: coarsest_step(a + b + shape).min(STEP_PER_DEVIATION / curvature.sqrt()),
    };
    let at_mode = -(shape - 1.0) * (1.0 / mode).ln_1p() - b * mode.ln_1p();
    (at_mode - ln_beta(shape, b) + tails.sum(value).ln()).exp()
}

/// exp(offset) - 1 and exp(offset), both to the last bits.
fn growth(offset: f64) -> (f64, f64) {
    if offset.abs() < 0.5 {
        let growth = offset.exp_m1();
        (growth, growth + 1.0)
    } else {
        let factor = offset.exp();
        (factor - 1.0, factor)
    }
}

/// ln(1 + x), by the plain logarithm where that is as good and several times faster.
fn ln_one_plus(x: f64) -> f64 {
    if x.abs() < 0.3 { x.ln_1p() } else { (1.0 + x).ln() }
}

/// A factor 1 + t of the integrand, seen from t at the mode.
struct Bend {
    /// t / (1 + t) at the mode,
    share: f64,
    /// and 1 / (1 + t).
    rest: f64,
}

impl Bend {
    fn at(odds: f64) -> Self {
        Self { share: odds / (1.0 + odds), rest: 1.0 / (1.0 + odds) }
    }

    /// ln of the factors by which t / (1 + t) and 1 / (1 + t) change from the mode to this offset: the smaller exactly,
    /// the other as their difference, which is the offset.
    fn changes(&self, offset: f64, growth: f64, factor: f64) -> (f64, f64) {
        if self.share < 0.5 {
            let rest_change = -ln_one_plus(self.share * growth);
            (offset + rest_change, rest_change)
        } else {
            let share_change = -ln_one_plus(self.rest * -growth / factor);
            (share_change, share_change - offset)
        }
    }
}

/// How an integrand over the whole line falls off, and how finely it is to be sampled.
struct Shape {
    /// The integrand falls like exp(`left_rate` y) on the far left ...
    left_rate: f64,
    /// ... and like exp(-`right_rate` y) on the far right,
    right_rate: f64,
    /// to the last bit before this offset from the mode ...
    left_straight: f64,
    /// ... and beyond this one.
    right_straight: f64,
    /// Distance of the nodes.
    step: f64,
}

impl Shape {
    /// The trapezoidal sum over all nodes to infinity on both sides, around offset 0.
    fn sum(&self, value: impl Fn(f64) -> f64) -> f64 {
        let center = value(0.0);
        let right = self.side(&value, center, center, self.right_rate, self.right_straight);
        let left = self.side(
            |distance| value(-distance),
            center,
            center + right,
            self.left_rate,
            -self.left_straight,
        );
        self.step * (center + right + left)
    }

    /// The sum over the nodes on one side of offset 0, where the value is `center`; `known` is what has been summed before.
    fn side(&self, value: impl Fn(f64) -> f64, center: f64, known: f64, rate: f64, straight: f64) -> f64 {
        let far_ratio = (-rate * self.step).exp();
        // 1 - far_ratio, exact for slow rates too.
        let far_gap = -(-rate * self.step).exp_m1();
        let mut sum = 0.0;
        let mut previous = center;
        let mut node = 1.0;
        while node < MOST_NODES {
            let distance = node * self.step;
            let current = value(distance);
            sum += current;
            if distance >= straight {
                return sum + current * far_ratio / far_gap;
            }
            // From here on the integrand falls at least as fast as now, or as in the far tail.
            let slowest = (current / previous).max(far_ratio);
            if slowest < 1.0 && current * slowest <= NEGLIGIBLE * (known + sum) * (1.0 - slowest) {
                return sum;
            }
            previous = current;
            node += 1.0;
        }
        f64::NAN
    }
}
