//! Log-likelihood and gradient of the models of geometric dropout.

use perennial_math::{
    parallel::sum_chunks,
    special::{digamma, ln_gamma},
};

use crate::{
    CustomerBase,
    estimation::LogLikelihood,
    grouped::{Grouped, Row},
};

/// Rows per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 8192;

/// The log-likelihood of a customer base as a function of r, alpha (in units of the mean age), a and b.
pub(super) struct Likelihood {
    data: Grouped,
    /// 1 when a customer may leave after the first purchase, else 0.
    first: f64,
    /// Customers per distinct frequency.
    customers: Vec<f64>,
}

/// What depends on the frequency alone.
#[derive(Clone, Copy)]
struct FrequencyTerms {
    /// r + x.
    shape: f64,
    /// ln w, the weight of having left; minus infinity where the customer could not.
    log_weight: f64,
    /// 1 / (b + k - 1), the derivative of -ln w by b.
    dropout_slope: f64,
}

/// What depends on one time alone.
#[derive(Clone, Copy)]
struct TimeTerms {
    /// ln(1 + t/alpha): precise also where alpha has grown without bound.
    log: f64,
    /// 1 / (alpha + t).
    inverse: f64,
}

impl Likelihood {
    /// Groups the customers by what they share.
    pub(super) fn new(customers: &CustomerBase, first: u32) -> Self {
        let data = Grouped::new(customers);
        let customers = data.customers_per_frequency();
        Self { data, first: f64::from(first), customers }
    }

    /// The time that one unit of alpha stands for.
    pub(super) fn unit(&self) -> f64 {
        self.data.unit
    }

    /// The log-likelihood and its derivatives by r, alpha, a and b.
    pub(super) fn at(&self, parameters: [f64; 4]) -> [f64; 5] {
        let [r, alpha, a, b] = parameters;
        let frequencies: Vec<FrequencyTerms> =
            self.data.frequencies.iter().map(|&x| FrequencyTerms::new(x, x + self.first, r, a, b)).collect();
        let times: Vec<TimeTerms> = self
            .data
            .times
            .iter()
            .map(|t| TimeTerms { log: (t / alpha).ln_1p(), inverse: 1.0 / (alpha + t) })
            .collect();
        let rows = sum_chunks(self.data.rows.len(), CHUNK, |range| {
            sum_rows(&self.data.rows[range], &frequencies, &times, a)
        });
        let gammas = self.gamma_terms(parameters);
        std::array::from_fn(|i| rows[i] + gammas[i])
    }

    /// The terms that need no time, summed over the distinct frequencies.
    fn gamma_terms(&self, [r, alpha, a, b]: [f64; 4]) -> [f64; 5] {
        let log_alpha = alpha.ln();
        let constant = -ln_gamma(r) + ln_gamma(a + b) - ln_gamma(b);
        let (by_r, by_alpha) = (-digamma(r), r / alpha);
        let (by_sum, by_b) = (digamma(a + b), -digamma(b));
        let mut sum = [0.0; 5];
        for (&x, &customers) in self.data.frequencies.iter().zip(&self.customers) {
            let k = x + self.first;
            let kept = by_sum - digamma(a + b + k);
            sum[0] += customers
                * (constant - x * log_alpha + ln_gamma(r + x) + ln_gamma(b + k) - ln_gamma(a + b + k));
            sum[1] += customers * (by_r + digamma(r + x));
            sum[2] += customers * by_alpha;
            sum[3] += customers * kept;
            sum[4] += customers * (kept + by_b + digamma(b + k));
        }
        sum
    }
}

impl FrequencyTerms {
    fn new(x: f64, k: f64, r: f64, a: f64, b: f64) -> Self {
        if k == 0.0 {
            return Self { shape: r + x, log_weight: f64::NEG_INFINITY, dropout_slope: 0.0 };
        }
        let denominator = b + k - 1.0;
        Self { shape: r + x, log_weight: (a / denominator).ln(), dropout_slope: 1.0 / denominator }
    }
}

/// ln[(1+T/alpha)^-(r+x) + w (1+`t_x`/alpha)^-(r+x)] and its derivatives, summed over rows that are ordered by frequency.
fn sum_rows(rows: &[Row], frequencies: &[FrequencyTerms], times: &[TimeTerms], a: f64) -> [f64; 5] {
    let mut sum = [0.0; 5];
    for run in rows.chunk_by(|one, next| one.frequency == next.frequency) {
        let terms = frequencies[run[0].frequency as usize];
        let (mut log, mut by_shape, mut by_alpha, mut dead) = (0.0, 0.0, 0.0, 0.0);
        for row in run {
            let age = times[row.age as usize];
            let recency = times[row.recency as usize];
            let silence = age.log - recency.log;
            let log_odds = terms.log_weight + terms.shape * silence;
            // The smaller of the odds of being dead and alive, so that no exponential overflows.
            let odds = (-log_odds.abs()).exp();
            let minor = odds / (1.0 + odds);
            let probability_dead = if log_odds > 0.0 { 1.0 - minor } else { minor };
            log += row.customers * (log_odds.max(0.0) + (1.0 + odds).ln() - terms.shape * age.log);
            by_shape += row.customers * (probability_dead * silence - age.log);
            by_alpha += row.customers * (age.inverse + probability_dead * (recency.inverse - age.inverse));
            dead += row.customers * probability_dead;
        }
        sum[0] += log;
        sum[1] += by_shape;
        sum[2] -= terms.shape * by_alpha;
        sum[3] += dead / a;
        sum[4] -= dead * terms.dropout_slope;
    }
    sum
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at([parameters[0], parameters[1], parameters[2], parameters[3]]);
        gradient.copy_from_slice(&slopes);
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;
    use crate::Purchases;

    /// a (a+1) ... (a+n-1).
    fn rising(a: Dual64, n: u32) -> Dual64 {
        (0..n).fold(Dual64::from(1.0), |product, i| product * (a + f64::from(i)))
    }

    /// The likelihood as the papers print it, one customer at a time.
    fn log_likelihood(base: &CustomerBase, first: u32, [r, alpha, a, b]: [Dual64; 4]) -> Dual64 {
        let mut sum = Dual64::from(0.0);
        for (history, &customers) in base.histories().iter().zip(base.counts()) {
            let (x, k) = (history.frequency(), history.frequency() + first);
            let power = |t: f64| ((alpha + t).ln() * -(r + f64::from(x))).exp();
            let stayed = rising(b, k) / rising(a + b, k) * power(history.age());
            let left = if k == 0 {
                Dual64::from(0.0)
            } else {
                a * rising(b, k - 1) / rising(a + b, k) * power(history.recency())
            };
            sum += (rising(r, x).ln() + r * alpha.ln() + (stayed + left).ln()) * customers;
        }
        sum
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let mut base = CustomerBase::new();
        for (x, recency, age, customers) in [
            (0, 0.0, 30.0, 7),
            (1, 3.0, 39.0, 2),
            (2, 25.0, 31.0, 3),
            (2, 31.0, 31.0, 1),
            (30, 20.0, 35.0, 1),
            (0, 0.0, 12.0, 4),
        ] {
            base.push(Purchases::new(x, recency, age).expect("a valid history"), customers);
        }
        for first in [0, 1] {
            let likelihood = Likelihood::new(&base, first);
            let unit = likelihood.unit();
            for parameters in [[0.25, 4.4, 0.8, 2.4], [3.0, 50.0, 5.0, 0.3], [0.01, 0.2, 0.02, 20.0]] {
                let [r, alpha, a, b] = parameters;
                let ours = likelihood.at([r, alpha / unit, a, b]);
                let value = ours[0] - base.repeat_purchases() * unit.ln();
                for i in 0..4 {
                    let mut dual = parameters.map(Dual64::from);
                    dual[i].eps = 1.0;
                    let expected = log_likelihood(&base, first, dual);
                    let slope = if i == 1 { ours[2] / unit } else { ours[i + 1] };
                    assert!((value / expected.re - 1.0).abs() < 1e-12, "{value} {expected}");
                    assert!(
                        (slope - expected.eps).abs() < 1e-10 * (1.0 + expected.eps.abs()),
                        "{i}: {slope} {expected}"
                    );
                }
            }
        }
    }
}
