//! What a history says about the customer's regularity k: the likelihood given k, at nodes in ln k.
//!
//! ```text
//! h(ln k) = ln Gamma(k; t, gamma) + ln k + ln L(intervals | k) + ln P(silent from t_x to T | k)
//! ```
//!
//! With D = x ln(`t_x`/x) - sum of ln(interval) >= 0, which is 0 when all intervals are equal, and R what Stirling's formula leaves out of
//! ln Gamma, the intervals' density is, without any large terms that cancel,
//!
//! ```text
//! ln L = -sum of ln(interval) + (x-1)/2 ln(k / 2 pi) - ln(x)/2 - x R(k) + R(kx) - k D
//!        + ln Gamma(r+kx) - ln Gamma(kx) - r ln(k t_x) - (r+kx) ln(1 + alpha/(k t_x)) - ln Gamma(r) + r ln alpha
//! ```
//!
//! Where the intervals are not known it is the density of `t_x` instead: -ln(`t_x`) in place of the first line. exp(h) is smooth and falls
//! at least exponentially to both sides, so the trapezoidal rule converges exponentially; the nodes go from the top to both sides.

use std::f64::consts::TAU;

use perennial_math::special::{digamma, ln_gamma, ln_rising, stirling_remainder};

use super::interval::{Interval, Leaving, Silence};
use crate::Purchases;

/// The range of k that is looked at: more regular than a thousandth of the mean counts as that.
const RANGE: (f64, f64) = (1e-8, 1e6);

/// The widest step in ln k.
const WIDEST_STEP: f64 = 0.4;

/// The step as a share of the width of the top.
const STEP: f64 = 0.65;

/// Nodes whose logarithm is lower than that of the highest by this much are left out.
const NEGLIGIBLE: f64 = 24.0;

/// r, alpha, s, beta, t, gamma.
pub(super) type Parameters = [f64; 6];

/// A history as the model sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    x: f64,
    recency: f64,
    pub(super) silence: f64,
    intervals: Intervals,
}

/// What is known of the times between purchases, in terms of their logarithms.
#[derive(Debug, Clone, Copy)]
enum Intervals {
    /// Their sum, and D.
    Known { sum: f64, irregularity: f64 },
    /// Only that they sum to `t_x`.
    Unknown,
}

/// One regularity that a customer could have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Its share of the likelihood; all shares of a customer sum to 1.
    pub(super) share: f64,
    /// The next interval given k.
    pub(super) interval: Interval,
    pub(super) silence: Silence,
}

/// A customer's likelihood, spread over the regularities the customer could have.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    pub(super) log_likelihood: f64,
    pub(super) nodes: Vec<Node>,
}

impl History {
    /// A history with times in `unit`.
    pub(super) fn new(customer: &Purchases, unit: f64) -> Self {
        let x = f64::from(customer.frequency());
        let recency = customer.recency() / unit;
        let intervals = match customer.log_intervals() {
            Some(sum) if x > 0.0 => {
                let sum = sum - x * unit.ln();
                // Rounding can make equal intervals more equal than equal.
                Intervals::Known { sum, irregularity: (x * (recency / x).ln() - sum).max(0.0) }
            }
            _ => Intervals::Unknown,
        };
        Self { x, recency, silence: customer.age() / unit - recency, intervals }
    }

    /// Shape and rate of the purchase rate given k.
    fn rate(&self, k: f64, [r, alpha, ..]: &Parameters) -> (f64, f64) {
        (r + k * self.x, alpha + k * self.recency)
    }

    /// h without the silence.
    fn log_regularity(&self, log_k: f64, parameters: &Parameters) -> f64 {
        let [r, alpha, _, _, t, gamma] = *parameters;
        // The density of ln k, relative to its top at t/gamma.
        let beside = log_k - (t / gamma).ln();
        let prior = 0.5 * (t / TAU).ln() - stirling_remainder(t) - t * (beside.exp_m1() - beside);
        if self.x == 0.0 {
            return prior;
        }
        let k = log_k.exp();
        let (x, kx) = (self.x, k * self.x);
        let density = match self.intervals {
            Intervals::Known { sum, irregularity } => {
                0.5 * (x - 1.0) * (k / TAU).ln() - sum - 0.5 * x.ln() - x * stirling_remainder(k)
                    + stirling_remainder(kx)
                    - k * irregularity
            }
            Intervals::Unknown => -self.recency.ln(),
        };
        let time = k * self.recency;
        let rate =
            ln_rising(kx, r) - r * (time / alpha).ln() - (r + kx) * (alpha / time).ln_1p() - ln_gamma(r);
        prior + density + rate
    }

    /// The next interval and the silence given k, and h.
    fn node(&self, log_k: f64, parameters: &Parameters) -> (f64, Interval, Silence) {
        let [_, _, s, beta, ..] = *parameters;
        let k = log_k.exp();
        let (shape, rate) = self.rate(k, parameters);
        let interval = Interval::new(k, shape, rate);
        let silence = interval.silence(self.silence, Leaving { s, m: beta + self.recency });
        (self.log_regularity(log_k, parameters) + silence.total.ln(), interval, silence)
    }

    /// About where h has its top, and how wide it is there.
    fn top(&self, parameters: &Parameters) -> (f64, f64) {
        let (mut low, mut high) = (RANGE.0.ln(), RANGE.1.ln());
        let h = |log_k: f64| self.log_regularity(log_k, parameters);
        let inner = 0.5 * (3.0 - 5.0_f64.sqrt());
        let (mut left, mut right) = (low + inner * (high - low), high - inner * (high - low));
        let (mut h_left, mut h_right) = (h(left), h(right));
        for _ in 0..10 {
            if h_left > h_right {
                (high, right, h_right) = (right, left, h_left);
                left = low + inner * (high - low);
                h_left = h(left);
            } else {
                (low, left, h_left) = (left, right, h_right);
                right = high - inner * (high - low);
                h_right = h(right);
            }
        }
        let (mut top, mut bend) = (0.5 * (low + high), 1.0);
        let step = 1e-3;
        for _ in 0..4 {
            let (before, here, after) = (h(top - step), h(top), h(top + step));
            bend = (2.0 * here - before - after) / (step * step);
            if bend.is_nan() || bend <= 0.0 {
                break;
            }
            let newton = (after - before) / (2.0 * step) / bend;
            top = (top + newton.clamp(-0.5, 0.5)).clamp(RANGE.0.ln(), RANGE.1.ln());
            if newton.abs() < 0.1 / bend.sqrt() {
                break;
            }
        }
        (top, if bend > 0.0 { 1.0 / bend.sqrt() } else { 1.0 })
    }

    /// The likelihood, without the dropout before `t_x`, and the regularities that make it up.
    pub(super) fn spread(&self, parameters: &Parameters) -> Spread {
        let (top, width) = self.top(parameters);
        let step = WIDEST_STEP.min(STEP * width);
        let mut nodes = Vec::with_capacity(64);
        let mut highest = f64::NEG_INFINITY;
        for (direction, first) in [(1.0, 0.0), (-1.0, 1.0)] {
            let mut number = first;
            loop {
                let log_k = top + direction * number * step;
                if log_k < RANGE.0.ln() - step || log_k > RANGE.1.ln() + step {
                    break;
                }
                let (log, interval, silence) = self.node(log_k, parameters);
                highest = highest.max(log);
                nodes.push(Node { share: log, interval, silence });
                if log.is_nan() || log < highest - NEGLIGIBLE {
                    break;
                }
                number += 1.0;
            }
        }
        let mut sum = 0.0;
        for node in &mut nodes {
            node.share = (node.share - highest).exp();
            sum += node.share;
        }
        for node in &mut nodes {
            node.share /= sum;
        }
        let [_, _, s, beta, ..] = *parameters;
        let survived = s * (self.recency / beta).ln_1p();
        Spread { log_likelihood: highest + (sum * step).ln() - survived, nodes }
    }

    /// The log-likelihood and its derivatives by the parameters.
    pub(super) fn value_and_slopes(&self, parameters: &Parameters) -> [f64; 7] {
        let [r, alpha, s, beta, t, gamma] = *parameters;
        let spread = self.spread(parameters);
        let mut slopes = [0.0; 6];
        for Node { share, interval, silence } in &spread.nodes {
            let relative = silence.slopes.map(|slope| slope / silence.total);
            let beside = (interval.k * gamma / t).ln();
            let terms = [
                digamma(interval.shape) + (alpha / interval.rate).ln() + relative[0],
                relative[1] - interval.shape / interval.rate,
                relative[2],
                relative[3],
                beside,
                -t / gamma * beside.exp_m1(),
            ];
            for (slope, term) in slopes.iter_mut().zip(terms) {
                *slope += share * term;
            }
        }
        [
            spread.log_likelihood,
            slopes[0] - digamma(r),
            slopes[1] + r / alpha,
            slopes[2] - (self.recency / beta).ln_1p(),
            slopes[3] + s * self.recency / (beta * (beta + self.recency)),
            slopes[4] + t.ln() - digamma(t),
            slopes[5],
        ]
    }

    /// P(alive): the share of the likelihood in which the customer stayed.
    pub(super) fn probability_alive(&self, parameters: &Parameters) -> f64 {
        let [_, _, s, beta, ..] = *parameters;
        let stayed = (-s * (self.silence / (beta + self.recency)).ln_1p()).exp();
        let spread = self.spread(parameters);
        let share = |node: &Node| node.share * node.silence.longer / node.silence.total;
        // Rounding can carry the sum of the shares above 1.
        (stayed * spread.nodes.iter().map(share).sum::<f64>()).min(1.0)
    }
}
