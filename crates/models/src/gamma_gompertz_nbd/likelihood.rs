//! Log-likelihood and gradient of Gamma-Gompertz/NBD.
//!
//! With D(t) the probability that a customer active at t, with x purchases so far, leaves without buying again and before the last time in
//! the data, and E that of having been silent yet active from `t_x` to T, a customer's likelihood is, relative to
//! (alpha+`t_x`)^-(r+x) S(`t_x`),
//!
//! ```text
//! D(t_x) + E (1 - D(T))
//! ```
//!
//! a sum of two positive terms. D depends on x and one time only, so the customers with the same x share the integrals from each of their
//! times to the next.

use perennial_math::{
    parallel::sum_chunks,
    special::{digamma, ln_gamma},
};

use super::{
    dropout::{Slopes, TimeTerms, Waiting, active, dropout},
    lifetime::Lifetime,
};
use crate::{
    CustomerBase,
    estimation::LogLikelihood,
    grouped::{FrequencyGroup, Grouped},
};

/// The log-likelihood of a customer base as a function of r, alpha (in units of the mean age), b (per such unit), s and beta.
pub(super) struct Likelihood {
    groups: Vec<FrequencyGroup>,
    times: Vec<f64>,
    unit: f64,
    customers: f64,
}

impl Likelihood {
    /// Groups the customers by what they share.
    pub(super) fn new(customers: &CustomerBase) -> Self {
        let data = Grouped::new(customers);
        Self {
            groups: data.by_frequency(),
            times: data.times,
            unit: data.unit,
            customers: customers.customers(),
        }
    }

    /// The time that one unit of alpha stands for.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// The log-likelihood and its derivatives by r, alpha, b, s and beta.
    pub(super) fn at(&self, [r, alpha, b, s, beta]: [f64; 5]) -> [f64; 6] {
        let life = Lifetime { b, s, beta };
        let times: Vec<TimeTerms> =
            self.times.iter().map(|&time| TimeTerms::new(time, alpha, &life)).collect();
        let sum = sum_chunks(self.groups.len(), 1, |range| {
            let mut sum = [0.0; 6];
            for group in &self.groups[range] {
                let terms = group_terms(group, r, alpha, &life, &times);
                for (sum, term) in sum.iter_mut().zip(terms) {
                    *sum += term;
                }
            }
            sum
        });
        [
            sum[0] - self.customers * ln_gamma(r),
            sum[1] - self.customers * digamma(r),
            sum[2] + self.customers * r / alpha,
            sum[4] / b,
            sum[3],
            sum[5] / beta,
        ]
    }
}

/// The sum over the group's customers of the log-likelihood and its derivatives, without the terms that all customers have.
fn group_terms(group: &FrequencyGroup, r: f64, alpha: f64, life: &Lifetime, times: &[TimeTerms]) -> Slopes {
    let waiting = Waiting { shape: r + group.frequency, rate: alpha };
    let points: Vec<TimeTerms> = group.points.iter().map(|&number| times[number as usize]).collect();
    let tails = tails(&points, waiting, life);
    let mut sum = [0.0; 6];
    for silence in &group.silences {
        let (from, to) = (silence.from, silence.to);
        let terms = silence_terms((&points[from], &tails[from]), (&points[to], &tails[to]), waiting, life.s);
        for (sum, term) in sum.iter_mut().zip(terms) {
            *sum += silence.customers * term;
        }
    }
    sum[0] += group.customers * (ln_gamma(waiting.shape) - group.frequency * alpha.ln());
    sum[1] += group.customers * digamma(waiting.shape);
    sum
}

/// D from each point to the last, with its derivatives.
fn tails(points: &[TimeTerms], waiting: Waiting, life: &Lifetime) -> Vec<Slopes> {
    let mut tails = vec![[0.0; 6]; points.len()];
    for i in (1..points.len()).rev() {
        let segment = dropout(waiting, life, &points[i - 1], &points[i]);
        let kept = active(waiting.shape, life.s, &points[i - 1], &points[i]);
        let later = tails[i];
        tails[i - 1] = std::array::from_fn(|j| {
            let rest = if j == 0 { later[0] } else { later[j] + later[0] * kept[j] };
            segment[j] + kept[0] * rest
        });
    }
    tails
}

/// Logarithm of the likelihood of a silence, without the terms that need no time, and its derivatives.
fn silence_terms(
    (from, tail_from): (&TimeTerms, &Slopes),
    (to, tail_to): (&TimeTerms, &Slopes),
    waiting: Waiting,
    s: f64,
) -> Slopes {
    let kept = active(waiting.shape, s, from, to);
    let not_gone = 1.0 - tail_to[0];
    let total = tail_from[0] + kept[0] * not_gone;
    let slope = |j: usize| (tail_from[j] + kept[0] * (not_gone * kept[j] - tail_to[j])) / total;
    [
        total.ln() - waiting.shape * from.log_purchase - s * from.growth.log,
        slope(1) - from.log_purchase,
        slope(2) - waiting.shape * from.inverse,
        slope(3) - from.growth.log,
        slope(4) - s * from.time * from.growth.rate,
        slope(5) - s * (from.growth.inverse - 1.0),
    ]
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at(std::array::from_fn(|i| parameters[i]));
        gradient.copy_from_slice(&slopes);
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};
    use perennial_math::quadrature::GaussLegendre;

    use super::*;
    use crate::Purchases;

    /// The likelihood of the model's module, one customer at a time, its integral over many equal panels.
    fn log_likelihood(base: &CustomerBase, [r, alpha, b, s, beta]: [Dual64; 5]) -> Dual64 {
        let rule = GaussLegendre::new(16);
        let panels = 400;
        let log_growth = |time: f64| ((b * time).exp_m1() / beta).ln_1p();
        let mut sum = Dual64::from(0.0);
        for (history, &customers) in base.histories().iter().zip(base.counts()) {
            let x = history.frequency();
            let shape = r + f64::from(x);
            let silent =
                |time: f64| (-shape * (alpha.recip() * time + 1.0).ln() - s * log_growth(time)).exp();
            let half = 0.5 * (history.age() - history.recency()) / f64::from(panels);
            let mut integral = Dual64::from(0.0);
            for panel in 0..panels {
                let middle = history.recency() + half * (2.0 * f64::from(panel) + 1.0);
                for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
                    let time = middle + half * node;
                    let hazard = s * b / ((beta - 1.0) * (b * -time).exp() + 1.0);
                    integral += silent(time) * hazard * (half * weight);
                }
            }
            let rising = (0..x).fold(Dual64::from(0.0), |sum, i| sum + (r + f64::from(i)).ln());
            sum += (rising - alpha.ln() * f64::from(x) + (silent(history.age()) + integral).ln()) * customers;
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
            (0, 0.0, 12.1, 4),
        ] {
            base.push(Purchases::new(x, recency, age).expect("a valid history"), customers);
        }
        let likelihood = Likelihood::new(&base);
        let unit = likelihood.unit();
        for parameters in [
            [0.55, 10.6, 0.02, 0.6, 0.24],
            [3.0, 50.0, 0.3, 5.0, 900.0],
            [0.8, 7.0, 1e-5, 0.3, 7e-5],
            [0.5, 5.0, 0.9, 0.02, 1.0],
            [2.0, 1.0, 0.7, 30.0, 1e9],
        ] {
            let [r, alpha, b, s, beta] = parameters;
            let mut ours = likelihood.at([r, alpha / unit, b * unit, s, beta]);
            let value = ours[0] - base.repeat_purchases() * unit.ln();
            ours[2] /= unit;
            ours[3] *= unit;
            for i in 0..5 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let expected = log_likelihood(&base, dual);
                assert!((value / expected.re - 1.0).abs() < 1e-11, "{value} {expected}");
                // In terms of the logarithms, on which the search runs.
                let error = (ours[i + 1] - expected.eps) * parameters[i];
                assert!(
                    error.abs() < 1e-9 * (1.0 + value.abs()),
                    "{parameters:?} {i}: {} {expected}",
                    ours[i + 1]
                );
            }
        }
    }
}
