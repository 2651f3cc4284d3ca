//! Log-likelihood and gradient of Pareto/NBD.
//!
//! With D(t) the probability that a customer active at t, with x purchases so far, leaves without buying again and before the last time
//! in the data, and E the relative weight of having been silent yet active from `t_x` to T, a customer's likelihood is, relative
//! to (alpha+`t_x`)^-(r+x) (beta+`t_x`)^-s,
//!
//! ```text
//! D(t_x) + E (1 - D(T)),      D(t) = s (beta+t)^s (alpha+t)^(r+x) * integral from t of (alpha+u)^-(r+x) (beta+u)^-(s+1) du
//! ```
//!
//! Both terms are positive, so nothing cancels; and D depends on x and one time only. So the customers with the same x share the
//! integrals from each of their times to the next, which are short and need two to four nodes, instead of ten for every
//! customer.

use perennial_math::{
    parallel::sum_chunks,
    special::{digamma, ln_gamma},
};

use super::dropout_integral::{DropoutIntegral, Factor};
use crate::{
    CustomerBase,
    estimation::LogLikelihood,
    grouped::{FrequencyGroup, Grouped},
};

/// The log-likelihood of a customer base as a function of r, alpha, s and beta (the offsets in units of the mean age).
pub(super) struct Likelihood {
    groups: Vec<FrequencyGroup>,
    times: Vec<f64>,
    unit: f64,
    customers: f64,
}

/// What depends on one time alone.
#[derive(Clone, Copy)]
struct TimeTerms {
    time: f64,
    /// ln(1 + t/alpha) and ln(1 + t/beta): precise also where an offset has grown without bound.
    log_purchase: f64,
    log_dropout: f64,
    /// 1 / (alpha+t) and 1 / (beta+t).
    inverse_purchase: f64,
    inverse_dropout: f64,
}

impl TimeTerms {
    fn new(time: f64, alpha: f64, beta: f64) -> Self {
        Self {
            time,
            log_purchase: (time / alpha).ln_1p(),
            log_dropout: (time / beta).ln_1p(),
            inverse_purchase: 1.0 / (alpha + time),
            inverse_dropout: 1.0 / (beta + time),
        }
    }
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

    /// The time that one unit of alpha and beta stands for.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// The log-likelihood and its derivatives by r, alpha, s and beta.
    pub(super) fn at(&self, parameters: [f64; 4]) -> [f64; 5] {
        let [r, alpha, s, beta] = parameters;
        let times: Vec<TimeTerms> =
            self.times.iter().map(|&time| TimeTerms::new(time, alpha, beta)).collect();
        let mut sum = sum_chunks(self.groups.len(), 1, |range| {
            let mut sum = [0.0; 5];
            for group in &self.groups[range] {
                let terms = group_terms(group, parameters, &times);
                for (sum, term) in sum.iter_mut().zip(terms) {
                    *sum += term;
                }
            }
            sum
        });
        sum[0] -= self.customers * ln_gamma(r);
        sum[1] -= self.customers * digamma(r);
        sum[2] += self.customers * r / alpha;
        sum[4] += self.customers * s / beta;
        sum
    }
}

/// The sum over the group's customers of the log-likelihood and its derivatives, without the terms that all customers have.
fn group_terms(group: &FrequencyGroup, [r, alpha, s, beta]: [f64; 4], times: &[TimeTerms]) -> [f64; 5] {
    let shape = r + group.frequency;
    let points: Vec<TimeTerms> = group.points.iter().map(|&number| times[number as usize]).collect();
    let tails = tails(&points, [shape, alpha, s, beta]);
    let mut sum = [0.0; 5];
    for silence in &group.silences {
        let (from, to) = (silence.from, silence.to);
        let terms = silence_terms((&points[from], &tails[from]), (&points[to], &tails[to]), shape, s);
        for (sum, term) in sum.iter_mut().zip(terms) {
            *sum += silence.customers * term;
        }
    }
    sum[0] += group.customers * (ln_gamma(shape) - group.frequency * alpha.ln());
    sum[1] += group.customers * digamma(shape);
    sum
}

/// The integrals from each point to the last, each relative to its integrand's value at that point.
fn tails(points: &[TimeTerms], [shape, alpha, s, beta]: [f64; 4]) -> Vec<DropoutIntegral> {
    let purchase = Factor { offset: alpha, exponent: shape };
    let dropout = Factor { offset: beta, exponent: s + 1.0 };
    let mut tails = vec![DropoutIntegral::default(); points.len()];
    for i in (1..points.len()).rev() {
        let (here, next) = (&points[i - 1], &points[i]);
        let segment = DropoutIntegral::new(purchase, dropout, here.time, next.time);
        let purchase_step = next.log_purchase - here.log_purchase;
        let dropout_step = next.log_dropout - here.log_dropout;
        let decay = (-shape * purchase_step - (s + 1.0) * dropout_step).exp();
        tails[i - 1] = segment.plus(decay, &tails[i].seen_from(purchase_step, dropout_step));
    }
    tails
}

/// Logarithm of the likelihood of a silence, without the terms that need no time, and its derivatives.
fn silence_terms(
    (from, tail_from): (&TimeTerms, &DropoutIntegral),
    (to, tail_to): (&TimeTerms, &DropoutIntegral),
    shape: f64,
    s: f64,
) -> [f64; 5] {
    let purchase_step = to.log_purchase - from.log_purchase;
    let dropout_step = to.log_dropout - from.log_dropout;
    let alive = (-shape * purchase_step - s * dropout_step).exp();
    // The integral from t_x to T is the tail at t_x less that at T.
    let decay = alive * to.inverse_dropout / from.inverse_dropout;
    let scale = s * from.inverse_dropout;
    let dead = tail_from.plus(-decay, &tail_to.seen_from(purchase_step, dropout_step));
    let total = scale * tail_from.mass + alive * (1.0 - s * to.inverse_dropout * tail_to.mass);
    let (scale, alive, log) = (scale / total, alive / total, total.ln());
    [
        log - shape * from.log_purchase - s * from.log_dropout,
        -(alive * purchase_step + scale * dead.purchase_log + from.log_purchase),
        -shape * (alive * to.inverse_purchase + scale * dead.purchase_inverse),
        scale * dead.mass / s - (alive * dropout_step + scale * dead.dropout_log + from.log_dropout),
        -(s * alive * to.inverse_dropout + (s + 1.0) * scale * dead.dropout_inverse),
    ]
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
    use perennial_math::quadrature::GaussLegendre;

    use super::*;
    use crate::Purchases;

    /// The likelihood of the model's module, one customer at a time, its integral over many equal panels; alpha^r and beta^s are
    /// taken inside, where they cannot overflow.
    fn log_likelihood(base: &CustomerBase, [r, alpha, s, beta]: [Dual64; 4]) -> Dual64 {
        let rule = GaussLegendre::new(16);
        let panels = 400;
        let mut sum = Dual64::from(0.0);
        for (history, &customers) in base.histories().iter().zip(base.counts()) {
            let x = history.frequency();
            let power = |base: Dual64, exponent: Dual64| (base.ln() * -exponent).exp();
            let shape = r + f64::from(x);
            let mut integral = Dual64::from(0.0);
            let half = 0.5 * (history.age() - history.recency()) / f64::from(panels);
            for panel in 0..panels {
                let middle = history.recency() + half * (2.0 * f64::from(panel) + 1.0);
                for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
                    let u = middle + half * node;
                    integral += power(alpha.recip() * u + 1.0, shape)
                        * power(beta.recip() * u + 1.0, s + 1.0)
                        * (half * weight);
                }
            }
            let age = history.age();
            let alive = power(alpha.recip() * age + 1.0, shape) * power(beta.recip() * age + 1.0, s);
            let rising = (0..x).fold(Dual64::from(1.0), |product, i| product * (r + f64::from(i)));
            sum += (rising.ln() - alpha.ln() * f64::from(x) + (alive + s / beta * integral).ln()) * customers;
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
        let likelihood = Likelihood::new(&base);
        let unit = likelihood.unit();
        for parameters in [
            [0.55, 10.6, 0.6, 11.7],
            [3.0, 50.0, 5.0, 0.9],
            [0.8, 7.0, 0.3, 7.0],
            [0.5, 5.0, 900.0, 90_000.0],
        ] {
            let [r, alpha, s, beta] = parameters;
            let ours = likelihood.at([r, alpha / unit, s, beta / unit]);
            let value = ours[0] - base.repeat_purchases() * unit.ln();
            for i in 0..4 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let expected = log_likelihood(&base, dual);
                let slope = if i % 2 == 1 { ours[i + 1] / unit } else { ours[i + 1] };
                assert!((value / expected.re - 1.0).abs() < 1e-11, "{value} {expected}");
                assert!(
                    (slope - expected.eps).abs() < 1e-9 * (1.0 + expected.eps.abs()),
                    "{i}: {slope} {expected}"
                );
            }
        }
    }
}
