//! The likelihood of BG/BB and its derivatives, in time proportional to the opportunities of each distinct (x, n).
//!
//! With A the likelihood's term of a customer who is still alive at n, the others are A `r_m` for the last opportunity m = `t_x`, ..., n-1
//! at which the customer was alive:
//!
//! ```text
//! L       = A (1 + sum of r_m),                       P(alive at n) = 1 / (1 + sum of r_m)
//! r_(n-1) = (alpha+beta+n-1) / (beta+n-1-x) gamma / (delta+n-1)
//! r_m     = (alpha+beta+m) / (beta+m-x) (gamma+delta+m+1) / (delta+m) r_(m+1)
//! ```
//!
//! So histories with the same x and n share one pass backwards, in which every derivative is a sum of fractions.

use std::ops::Range;

use perennial_math::{
    parallel::sum_chunks,
    special::{digamma, ln_add_exp, ln_rising},
};

use crate::{Opportunities, OpportunityBase, estimation::LogLikelihood};

/// Groups of equal (x, n) per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 16;

/// Terms are scaled down when they exceed this.
const LARGE: f64 = 1e200;

/// A distinct history and how many customers share it.
#[derive(Debug, Clone, Copy)]
struct Row {
    history: Opportunities,
    customers: f64,
}

/// The log-likelihood as a function of alpha, beta, gamma and delta.
#[derive(Debug)]
pub(super) struct Likelihood {
    /// Ordered by x, then n, then `t_x` downwards.
    rows: Vec<Row>,
    /// The rows of each distinct (x, n).
    groups: Vec<Range<usize>>,
}

impl Likelihood {
    pub(super) fn new(base: &OpportunityBase) -> Self {
        let mut rows: Vec<Row> = base
            .histories()
            .iter()
            .zip(base.counts())
            .filter(|(_, customers)| **customers > 0.0)
            .map(|(&history, &customers)| Row { history, customers })
            .collect();
        let key = |row: &Row| {
            (row.history.frequency(), row.history.opportunities(), std::cmp::Reverse(row.history.last()))
        };
        rows.sort_by_key(key);
        rows.dedup_by(|next, kept| {
            let same = next.history == kept.history;
            if same {
                kept.customers += next.customers;
            }
            same
        });
        let mut groups = Vec::new();
        let mut start = 0;
        for group in rows.chunk_by(|one, next| {
            let [one, next] = [one, next].map(|row| (row.history.frequency(), row.history.opportunities()));
            one == next
        }) {
            groups.push(start..start + group.len());
            start += group.len();
        }
        Self { rows, groups }
    }

    /// The log-likelihood and its derivatives by the four parameters.
    pub(super) fn at(&self, parameters: [f64; 4]) -> [f64; 5] {
        sum_chunks(self.groups.len(), CHUNK, |chunk| {
            let mut sum = [0.0; 5];
            for group in &self.groups[chunk] {
                add_group(&self.rows[group.clone()], parameters, &mut sum);
            }
            sum
        })
    }
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at(std::array::from_fn(|i| parameters[i]));
        gradient.copy_from_slice(&slopes);
        value
    }
}

/// Adds the log-likelihood of rows with the same x and n, and its derivatives.
fn add_group(rows: &[Row], parameters: [f64; 4], sum: &mut [f64; 5]) {
    let Some(first) = rows.first() else { return };
    let customers: f64 = rows.iter().map(|row| row.customers).sum();
    let alive = ln_alive_term(&first.history, parameters);
    for (sum, term) in sum.iter_mut().zip(alive) {
        *sum += customers * term;
    }
    let mut gone = Gone::new(&first.history, parameters);
    for row in rows {
        gone.back_to(row.history.last());
        let log_odds = gone.ln_odds();
        if log_odds == f64::NEG_INFINITY {
            continue;
        }
        let probability = 1.0 / (1.0 + (-log_odds).exp());
        sum[0] += row.customers * ln_add_exp(0.0, log_odds);
        for (sum, slope) in sum[1..].iter_mut().zip(gone.weighted_slopes) {
            *sum += row.customers * probability * (slope / gone.sum);
        }
    }
}

/// ln A and its derivatives: the customer is alive at every opportunity.
fn ln_alive_term(history: &Opportunities, [alpha, beta, gamma, delta]: [f64; 4]) -> [f64; 5] {
    let x = f64::from(history.frequency());
    let n = f64::from(history.opportunities());
    let rise = |a: f64, n: f64| digamma(a + n) - digamma(a);
    let (purchases, life) = (rise(alpha + beta, n), rise(gamma + delta, n));
    [
        ln_rising(alpha, x) + ln_rising(beta, n - x) - ln_rising(alpha + beta, n) + ln_rising(delta, n)
            - ln_rising(gamma + delta, n),
        rise(alpha, x) - purchases,
        rise(beta, n - x) - purchases,
        -life,
        rise(delta, n) - life,
    ]
}

/// ln of the odds that the customer is no longer alive at n: the sum of `r_m`. Minus infinity after a purchase at n.
pub(super) fn ln_odds_gone(history: &Opportunities, parameters: [f64; 4]) -> f64 {
    let mut gone = Gone::new(history, parameters);
    gone.back_to(history.last());
    gone.ln_odds()
}

/// The sum of `r_m` over m from n-1 downwards, with the derivatives of its logarithm; see the [module's formulas](self).
struct Gone {
    parameters: [f64; 4],
    x: f64,
    /// The m of the last term summed.
    at: u32,
    /// `r_m` and the sum, both divided by exp(`log_scale`).
    term: f64,
    sum: f64,
    log_scale: f64,
    /// Derivatives of ln `r_m`.
    slopes: [f64; 4],
    /// Sums of `r_m` times these, divided like the sum.
    weighted_slopes: [f64; 4],
}

impl Gone {
    fn new(history: &Opportunities, parameters: [f64; 4]) -> Self {
        let [_, _, gamma, delta] = parameters;
        let n = f64::from(history.opportunities());
        // Such that the general step leads to r_(n-1).
        let all = gamma + delta + n;
        Self {
            parameters,
            x: f64::from(history.frequency()),
            at: history.opportunities(),
            term: gamma / all,
            sum: 0.0,
            log_scale: 0.0,
            slopes: [0.0, 0.0, (delta + n) / (gamma * all), -1.0 / all],
            weighted_slopes: [0.0; 4],
        }
    }

    /// Adds the terms down to m = `last`.
    fn back_to(&mut self, last: u32) {
        let [alpha, beta, gamma, delta] = self.parameters;
        while self.at > last {
            self.at -= 1;
            let m = f64::from(self.at);
            let (opportunity, silent) = (alpha + beta + m, beta + m - self.x);
            let (life, stayed) = (gamma + delta + m + 1.0, delta + m);
            self.term *= (opportunity / silent) * (life / stayed);
            self.slopes[0] += 1.0 / opportunity;
            self.slopes[1] += 1.0 / opportunity - 1.0 / silent;
            self.slopes[2] += 1.0 / life;
            self.slopes[3] += 1.0 / life - 1.0 / stayed;
            self.sum += self.term;
            for (weighted, slope) in self.weighted_slopes.iter_mut().zip(self.slopes) {
                *weighted += self.term * slope;
            }
            if self.term > LARGE {
                self.scale_down();
            }
        }
    }

    fn scale_down(&mut self) {
        self.log_scale += LARGE.ln();
        self.term /= LARGE;
        self.sum /= LARGE;
        for weighted in &mut self.weighted_slopes {
            *weighted /= LARGE;
        }
    }

    /// ln of the sum.
    fn ln_odds(&self) -> f64 {
        self.sum.ln() + self.log_scale
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};
    use perennial_math::special::ln_gamma;

    use super::*;

    fn ln_beta(a: Dual64, b: Dual64) -> Dual64 {
        let ln_gamma = |x: Dual64| Dual64::new(ln_gamma(x.re), x.eps * digamma(x.re));
        ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
    }

    /// The likelihood of one history as the paper prints it.
    fn printed(history: &Opportunities, [alpha, beta, gamma, delta]: [Dual64; 4]) -> Dual64 {
        let [x, last, n] = [history.frequency(), history.last(), history.opportunities()].map(f64::from);
        let prior = ln_beta(alpha, beta) + ln_beta(gamma, delta);
        let mut likelihood = (ln_beta(alpha + x, beta + (n - x)) + ln_beta(gamma, delta + n) - prior).exp();
        for i in 0..history.opportunities() - history.last() {
            let i = f64::from(i);
            likelihood += (ln_beta(alpha + x, beta + (last - x + i))
                + ln_beta(gamma + 1.0, delta + (last + i))
                - prior)
                .exp();
        }
        likelihood.ln()
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let mut base = OpportunityBase::new();
        for (i, [x, last, n]) in
            [[0, 0, 6], [1, 3, 6], [1, 6, 6], [1, 1, 6], [6, 6, 6], [3, 17, 40], [1, 1, 6], [0, 0, 0]]
                .into_iter()
                .enumerate()
        {
            base.push(Opportunities::new(x, last, n).expect("a valid history"), 1 + i as u64);
        }
        let likelihood = Likelihood::new(&base);
        assert_eq!((likelihood.rows.len(), likelihood.groups.len()), (7, 5));
        for parameters in [[1.204, 0.75, 0.657, 2.783], [0.05, 9.0, 3.0, 0.02], [30.0, 2.0, 0.4, 200.0]] {
            let ours = likelihood.at(parameters);
            for i in 0..4 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let expected = base
                    .histories()
                    .iter()
                    .zip(base.counts())
                    .fold(Dual64::from(0.0), |sum, (history, &customers)| {
                        sum + printed(history, dual) * customers
                    });
                assert!((ours[0] / expected.re - 1.0).abs() < 1e-12, "{ours:?} {expected}");
                assert!(
                    (ours[i + 1] - expected.eps).abs() < 1e-10 * (1.0 + expected.eps.abs()),
                    "{i}: {ours:?} {expected}"
                );
            }
        }
    }

    #[test]
    fn long_silences_do_not_overflow() {
        for parameters in [[1e-3, 1e-3, 1e-3, 1e-3], [1e4, 1e-3, 1e4, 1e4], [1e4, 1e4, 1e-3, 1e4]] {
            for [x, last, n] in [[10_000, 10_000, 18_263], [1, 1, 18_263], [9_000, 18_000, 18_263]] {
                let history = Opportunities::new(x, last, n).expect("a valid history");
                let values = Likelihood::new(&std::iter::once(history).collect()).at(parameters);
                assert!(
                    values.iter().all(|value| value.is_finite()),
                    "{parameters:?} {history:?} {values:?}"
                );
                assert!(values[0] < 0.0);
            }
        }
    }
}
