//! The future of an active customer who buys at rate lambda ~ Gamma(shape, rate) and leaves at rate mu ~ Gamma(`dropout_shape`,
//! `dropout_rate`).

use std::sync::LazyLock;

use perennial_math::{
    quadrature::GaussLegendre,
    random::{self, Rng},
    special::ln_gamma,
};

use crate::transaction::LONGEST_HORIZON;

use super::{
    dropout_integral::{DropoutIntegral, Factor},
    silence::Silence,
};

/// The rule for each panel where a quantity is integrated over time.
static PANEL: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(16));

/// The widest panel, in the logarithm of time: the integrand's singularities lie pi away from the real axis.
const WIDEST_PANEL: f64 = 3.0;

/// The parameters of an active customer's future.
#[derive(Debug, Clone, Copy)]
pub(super) struct Future {
    /// Shape of the gamma distribution of the purchase rate.
    pub(super) shape: f64,
    /// Rate of it, in time units.
    pub(super) rate: f64,
    /// Shape of the gamma distribution of the dropout rate.
    pub(super) dropout_shape: f64,
    /// Rate of it, in time units.
    pub(super) dropout_rate: f64,
}

impl Future {
    /// E[X(t)] = shape/rate * integral from 0 to t of (1 + u/`dropout_rate`)^-`dropout_shape` du (Fader and Hardie 2005, eq. 22),
    /// written so that it holds at `dropout_shape` = 1 too, where the textbook's form is 0/0.
    pub(super) fn expected_purchases(&self, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return 0.0;
        }
        let horizon = horizon.min(LONGEST_HORIZON * self.rate);
        self.shape / self.rate * mean_stay(self.dropout_shape, self.dropout_rate, horizon)
    }

    /// The probability of not having left after `time`.
    pub(super) fn probability_of_staying(&self, time: f64) -> f64 {
        (-self.dropout_shape * (time.max(0.0) / self.dropout_rate).ln_1p()).exp()
    }

    /// P(X(t) = n): made n purchases and stayed, or made n before leaving at u.
    pub(super) fn probability_of_n_purchases(&self, n: u32, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return if n == 0 { 1.0 } else { 0.0 };
        }
        let horizon = horizon.min(LONGEST_HORIZON * self.rate);
        if n == 0 {
            let silence =
                Silence::new([self.shape, self.rate, self.dropout_shape, self.dropout_rate], 0.0, horizon);
            return silence.alive + silence.dead;
        }
        let n = f64::from(n);
        let log_horizon = (horizon / self.rate).max(f64::MIN_POSITIVE).ln();
        let count = CountInTime::new(self, n);
        let stays = (count.log_probability(log_horizon)
            - self.dropout_shape * (horizon / self.dropout_rate).ln_1p())
        .exp();
        stays + count.integrate_until(log_horizon)
    }

    /// The expected purchases over all the future, discounted continuously; a discount that is not positive counts as none.
    ///
    /// DERT of Fader, Hardie and Lee (2005, RFM and CLV) without the confluent hypergeometric function: the integral
    /// of exp(-discount u) (1 + u/`dropout_rate`)^-`dropout_shape`, which the module of the dropout integral's change of variable
    /// makes smooth, over panels of ln(1 + u/`dropout_rate`).
    pub(super) fn discounted_expected_purchases(&self, discount: f64) -> f64 {
        let scaled = discount * self.dropout_rate;
        if scaled.is_nan() || scaled <= 0.0 {
            return self.expected_purchases(f64::INFINITY);
        }
        let value = |v: f64| (-scaled * v.exp_m1() - (self.dropout_shape - 1.0) * v).exp();
        // Beyond it less than 1e-19 of the value is left: by the discount, or by the dropout where that is faster.
        let by_discount = (45.0 / scaled).ln_1p();
        let by_dropout = 45.0 / (self.dropout_shape - 1.0).max(f64::MIN_POSITIVE);
        let end = by_discount.min(by_dropout);
        let panels = end.max(3.0).ceil();
        let width = end / panels;
        let mut sum = 0.0;
        let mut panel = 0.0;
        while panel < panels {
            sum += PANEL.integrate(value, panel * width, (panel + 1.0) * width);
            panel += 1.0;
        }
        self.shape / self.rate * self.dropout_rate * sum
    }

    /// The median time to the next purchase, given that there is one before the customer leaves.
    ///
    /// That purchase comes at v with density proportional to (1 + v/rate)^-(shape+1) (1 + v/`dropout_rate`)^-`dropout_shape`; the median
    /// is found by bisection on its integral, up to the longest horizon.
    pub(super) fn median_time_to_next_purchase(&self) -> f64 {
        let purchase = Factor { offset: self.rate, exponent: self.shape + 1.0 };
        let dropout = Factor { offset: self.dropout_rate, exponent: self.dropout_shape };
        let until = |time: f64| DropoutIntegral::new(purchase, dropout, 0.0, time).mass;
        let half = 0.5 * until(LONGEST_HORIZON * self.rate);
        let (mut low, mut high) = (f64::MIN_POSITIVE.ln(), (LONGEST_HORIZON * self.rate).ln());
        while high - low > 1e-13 * (1.0 + high.abs()) {
            let middle = 0.5 * (low + high);
            if until(middle.exp()) < half { low = middle } else { high = middle }
        }
        (0.5 * (low + high)).exp()
    }

    /// Draws a customer and the customer's purchases until leaving or the horizon's end.
    pub(super) fn draw_purchases(&self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        let rate = random::gamma(rng, self.shape, 1.0 / self.rate);
        let dropout = random::gamma(rng, self.dropout_shape, 1.0 / self.dropout_rate);
        // The smaller of the two is the end; a dropout rate that underflowed to zero means an endless lifetime.
        let end = random::exponential(rng, dropout).min(horizon);
        let mut time = random::exponential(rng, rate);
        while time <= end {
            times.push(time);
            time += random::exponential(rng, rate);
        }
    }
}

/// How long of the next `time` a customer stays on average who leaves at rate mu ~ Gamma(shape, rate): the integral from 0 to `time`
/// of (1 + u/rate)^-shape du.
pub(super) fn mean_stay(shape: f64, rate: f64, time: f64) -> f64 {
    let log_time = (time / rate).ln_1p();
    let exponent = (1.0 - shape) * log_time;
    let mean = if exponent == 0.0 { 1.0 } else { exponent.exp_m1() / exponent };
    rate * log_time * mean
}

/// The probability of n purchases by a time, as a function of the logarithm of that time in units of `rate`: a negative binomial
/// probability, which times the density of leaving then is one hump.
struct CountInTime {
    n: f64,
    shape: f64,
    dropout_shape: f64,
    /// rate / `dropout_rate`.
    ratio: f64,
    log_constant: f64,
}

impl CountInTime {
    fn new(future: &Future, n: f64) -> Self {
        Self {
            n,
            shape: future.shape,
            dropout_shape: future.dropout_shape,
            ratio: future.rate / future.dropout_rate,
            log_constant: ln_gamma(future.shape + n) - ln_gamma(future.shape) - ln_gamma(n + 1.0),
        }
    }

    /// ln P(n purchases by exp(v) rate | active until then).
    fn log_probability(&self, v: f64) -> f64 {
        // ln(1 + e^v) without overflow.
        let log_past = v.max(0.0) + (-v.abs()).exp().ln_1p();
        self.log_constant + self.n * v - (self.shape + self.n) * log_past
    }

    /// The probability of n purchases and of leaving before exp(`end`) rate.
    ///
    /// The logarithm of the integrand is concave, so it has one top; panels go from there to both sides, from the top's own width to
    /// [`WIDEST_PANEL`], until they no longer count.
    fn integrate_until(&self, end: f64) -> f64 {
        let top = self.top(end);
        let sharpness = (0.125 * self.slope(top).abs()).max(0.5 * self.curvature(top).sqrt());
        let width = WIDEST_PANEL.min(1.0 / sharpness);
        self.integrate_side(top, -width, f64::NEG_INFINITY) + self.integrate_side(top, width, end)
    }

    /// The integral from the top to one side, up to `end`.
    fn integrate_side(&self, top: f64, mut width: f64, end: f64) -> f64 {
        let (mut sum, mut start) = (0.0, top);
        loop {
            let left = end - start;
            let last = left.abs() <= width.abs();
            let step = if last { left } else { width };
            let part = PANEL.integrate(|v| self.density(v), start, start + step).abs();
            sum += part;
            start += step;
            width = (2.0 * width).clamp(-WIDEST_PANEL, WIDEST_PANEL);
            if last || part.is_nan() || part <= 1e-17 * sum {
                return sum;
            }
        }
    }

    /// Probability of n purchases times the density of leaving, per unit of v.
    fn density(&self, v: f64) -> f64 {
        let log_stayed = -(self.dropout_shape + 1.0) * (self.ratio * v.exp()).ln_1p();
        self.dropout_shape * self.ratio * (v + log_stayed + self.log_probability(v)).exp()
    }

    /// Where the density is largest, by bisection on its slope; at most `end`.
    fn top(&self, end: f64) -> f64 {
        if self.slope(end) >= 0.0 {
            return end;
        }
        let (mut low, mut high) = (-700.0_f64, end);
        while high - low > 1e-3 {
            let middle = 0.5 * (low + high);
            if self.slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// Derivative of the density's logarithm.
    fn slope(&self, v: f64) -> f64 {
        self.n + 1.0
            - (self.shape + self.n) * logistic(v)
            - (self.dropout_shape + 1.0) * logistic(v + self.ratio.ln())
    }

    /// Minus the second derivative of the density's logarithm.
    fn curvature(&self, v: f64) -> f64 {
        let w = v + self.ratio.ln();
        (self.shape + self.n) * logistic(v) * logistic(-v)
            + (self.dropout_shape + 1.0) * logistic(w) * logistic(-w)
    }
}

/// 1 / (1 + exp(-v)).
fn logistic(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}
