//! The future of an active customer who buys at rate lambda ~ Gamma(shape, rate) and leaves after each purchase with
//! probability p ~ Beta(a, b).

use std::sync::LazyLock;

use perennial_math::{
    hypergeometric::ln_hyp2f1,
    incomplete::beta_regularized,
    quadrature::GaussLegendre,
    random::{self, Rng},
    special::{ln_beta, ln_gamma},
};

use crate::transaction::LONGEST_HORIZON;

/// Above this many terms the series for the expected purchases gives way to quadrature.
const MOST_TERMS: f64 = 20_000.0;

/// Nodes per panel where the purchase rate is integrated over time; see [`Future::integrate_rate`].
static PANEL: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(16));

/// The parameters of an active customer's future.
#[derive(Debug, Clone, Copy)]
pub struct Future {
    /// Shape of the gamma distribution of the purchase rate.
    pub(super) shape: f64,
    /// Rate of the gamma distribution of the purchase rate, in time units.
    pub(super) rate: f64,
    /// First parameter of the beta distribution of the dropout probability.
    pub(super) a: f64,
    /// Second parameter of it.
    pub(super) b: f64,
}

impl Future {
    /// E[X(t)] of an active customer.
    ///
    /// Fader, Hardie and Lee (2005, eq. 9) write it as (a+b-1)/(a-1) [1 - (..)^shape 2F1(..)], which cancels for short
    /// horizons and is 0/0 at a = 1. The same expectation is a sum of positive terms, without a special function: with N(t)
    /// the negative binomial number of purchases there would be without dropout,
    ///
    /// ```text
    /// E[X(t)] = sum_m P(N(t) = m) C_m,     C_m = sum_{n=1..m} E[(1-p)^(n-1)]
    /// ```
    ///
    /// where both factors follow from their predecessors. The weights are kept relative to P(N(t) = 0) and divided by their own
    /// sum at the end, so nothing under- or overflows.
    pub(super) fn expected_purchases(&self, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return 0.0;
        }
        let horizon = horizon.min(LONGEST_HORIZON * self.rate);
        let z = horizon / (self.rate + horizon);
        let closeness = self.rate / (self.rate + horizon);
        if (self.shape + 40.0) / closeness > MOST_TERMS {
            return self.integrate_rate(0.0, horizon);
        }
        let mut weight = 1.0;
        let mut weights = 1.0;
        let mut survival = 1.0;
        let mut purchases = 0.0;
        let mut sum = 0.0;
        let mut m = 0.0;
        loop {
            weight *= z * (self.shape + m) / (m + 1.0);
            purchases += survival;
            survival *= (self.b + m) / (self.a + self.b + m);
            m += 1.0;
            let term = weight * purchases;
            weights += weight;
            sum += term;
            // From here on each term is at most `ratio` times the one before, and so is each weight.
            let ratio = z * (self.shape + m) / m;
            if term * ratio <= f64::EPSILON * sum * (1.0 - ratio) {
                return sum / weights;
            }
            if weight > 1e200 {
                weight *= 1e-200;
                weights *= 1e-200;
                sum *= 1e-200;
            }
        }
    }

    /// The probability of not having left after `time`: E[exp(-lambda p t)], the expectation over p of (1 + p t/rate)^-shape.
    ///
    /// By Euler's integral and Pfaff's transformation, as in [`Future::integrate_rate`].
    pub(super) fn probability_of_staying(&self, time: f64) -> f64 {
        if time.is_nan() || time <= 0.0 {
            return 1.0;
        }
        let Self { shape, rate, a, b } = *self;
        let time = time.min(LONGEST_HORIZON * rate);
        (ln_hyp2f1(shape, b, a + b, time / (rate + time)) - shape * (time / rate).ln_1p()).exp()
    }

    /// P(X(t) = n) of an active customer (Fader, Hardie and Lee 2005, eq. 8): all n purchases made and survived, or left after
    /// the n-th of more that would have come.
    pub(super) fn probability_of_n_purchases(&self, n: u32, horizon: f64) -> f64 {
        let Self { shape, rate, a, b } = *self;
        if horizon.is_nan() || horizon <= 0.0 {
            return if n == 0 { 1.0 } else { 0.0 };
        }
        let horizon = horizon.min(LONGEST_HORIZON * self.rate);
        let log_idle = -(horizon / rate).ln_1p();
        if n == 0 {
            return (shape * log_idle).exp();
        }
        let n = f64::from(n);
        let z = horizon / (rate + horizon);
        let log_beta = ln_beta(a, b);
        let log_count =
            ln_gamma(shape + n) - ln_gamma(shape) - ln_gamma(n + 1.0) + shape * log_idle + n * z.ln();
        let stays = (ln_beta(a, b + n) - log_beta + log_count).exp();
        let leaves = (ln_beta(a + 1.0, b + n - 1.0) - log_beta).exp() * beta_regularized(n, shape, z);
        stays + leaves
    }

    /// The expected purchases over all the future, discounted continuously; a discount that is not positive counts as none.
    pub(super) fn discounted_expected_purchases(&self, discount: f64) -> f64 {
        if discount.is_nan() || discount <= 0.0 {
            return self.expected_purchases(f64::INFINITY);
        }
        // Beyond 45 / discount less than 1e-19 of the value is left.
        self.integrate_rate(discount, (45.0 / discount).min(LONGEST_HORIZON * self.rate))
    }

    /// Integral over u from 0 to `until` of exp(-discount u) E[lambda exp(-lambda p u)], the purchase rate of the active customer
    /// at u from now:
    ///
    /// ```text
    /// E[lambda exp(-lambda p u)] = shape / rate (1 + u/rate)^-(shape+1) 2F1(shape+1, b; a+b; u / (rate+u))
    /// ```
    ///
    /// (Euler's integral for the beta expectation of (1 + p u/rate)^-(shape+1), then Pfaff's transformation; Abramowitz and
    /// Stegun 1964, 15.3.1 and 15.3.4). It falls on time scales from rate/shape up to any length, so the integral is taken in u
    /// up to the shortest scale and in ln u from there.
    fn integrate_rate(&self, discount: f64, until: f64) -> f64 {
        let Self { shape, rate, a, b } = *self;
        let value = |u: f64| {
            let log_past = (u / rate).ln_1p();
            let z = u / (rate + u);
            (ln_hyp2f1(shape + 1.0, b, a + b, z) - (shape + 1.0) * log_past - discount * u).exp()
        };
        let mut low = (rate / (shape + 1.0)).min(until);
        if discount > 0.0 {
            low = low.min(1.0 / discount);
        }
        let mut sum = PANEL.integrate(value, 0.0, low);
        let panels = ((until / low).ln() / 1.5).ceil();
        if panels > 0.0 {
            let width = (until / low).ln() / panels;
            let mut start = low.ln();
            while start < until.ln() - 0.5 * width {
                sum += PANEL.integrate(|log_u: f64| log_u.exp() * value(log_u.exp()), start, start + width);
                start += width;
            }
        }
        shape / rate * sum
    }

    /// The median time to the next purchase: an active customer who leaves only after a purchase always makes one.
    /// Infinite where the median exceeds the range of an f64 (a shape below about 0.001).
    pub(super) fn median_time_to_next_purchase(&self) -> f64 {
        self.rate * (std::f64::consts::LN_2 / self.shape).exp_m1()
    }

    /// Draws a customer, and the customer's purchases until leaving or the horizon's end.
    pub(super) fn draw_purchases(&self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        let rate = random::gamma(rng, self.shape, 1.0 / self.rate);
        let dropout = random::beta(rng, self.a, self.b);
        let mut time = random::exponential(rng, rate);
        // A rate that underflowed to zero gives an infinite time, which ends the loop as well.
        while time <= horizon {
            times.push(time);
            if random::uniform_open(rng) < dropout {
                return;
            }
            time += random::exponential(rng, rate);
        }
    }
}
