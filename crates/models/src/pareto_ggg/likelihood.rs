//! Log-likelihood and gradient of Pareto/GGG over a customer base.

use perennial_math::parallel::sum_chunks;

use super::regularity::History;
use crate::{CustomerBase, Purchases, estimation::LogLikelihood};

/// Rows per parallel piece; fixed, so that sums do not depend on the number of threads. A row takes some ten microseconds.
const CHUNK: usize = 16;

/// The log-likelihood as a function of r, alpha, s, beta (both in units of the mean age), t and gamma.
pub(super) struct Likelihood {
    /// Distinct histories and how many customers share each.
    rows: Vec<(History, f64)>,
    unit: f64,
}

impl Likelihood {
    /// Groups the customers by equal histories.
    pub(super) fn new(customers: &CustomerBase) -> Self {
        let total: f64 = customers.histories().iter().zip(customers.counts()).map(|(h, n)| h.age() * n).sum();
        let mean = total / customers.customers();
        let unit = if mean > 0.0 && mean.is_finite() { mean } else { 1.0 };
        let mut keyed: Vec<([u64; 4], Purchases, f64)> = customers
            .histories()
            .iter()
            .zip(customers.counts())
            .filter(|(_, count)| **count > 0.0)
            .map(|(history, &count)| (key(history), *history, count))
            .collect();
        keyed.sort_unstable_by_key(|(key, ..)| *key);
        let rows = keyed
            .chunk_by(|one, next| one.0 == next.0)
            .map(|run| (History::new(&run[0].1, unit), run.iter().map(|(.., count)| count).sum()))
            .collect();
        Self { rows, unit }
    }

    /// The time that one unit of alpha and beta stands for.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// The log-likelihood and its derivatives by r, alpha, s, beta, t and gamma.
    pub(super) fn at(&self, parameters: [f64; 6]) -> [f64; 7] {
        sum_chunks(self.rows.len(), CHUNK, |range| {
            let mut sum = [0.0; 7];
            for (history, customers) in &self.rows[range] {
                for (sum, term) in sum.iter_mut().zip(history.value_and_slopes(&parameters)) {
                    *sum += customers * term;
                }
            }
            sum
        })
    }
}

/// Equal for equal histories.
pub(super) fn key(history: &Purchases) -> [u64; 4] {
    [
        u64::from(history.frequency()),
        history.age().to_bits(),
        history.recency().to_bits(),
        history.log_intervals().map_or(u64::MAX, f64::to_bits),
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
    use perennial_math::{incomplete::beta_regularized, quadrature::integrate_adaptive, special::ln_gamma};

    use super::*;

    fn customers() -> Vec<Purchases> {
        [
            (0, 0.0, 30.0, 0.0),
            (1, 3.0, 39.0, 3.0_f64.ln()),
            (2, 25.0, 31.0, 4.5),
            (2, 31.0, 31.0, 5.4),
            (12, 20.0, 35.0, 5.0),
        ]
        .into_iter()
        .map(|(x, recency, age, sum)| {
            Purchases::new(x, recency, age).expect("a valid history").with_log_intervals(sum)
        })
        .collect()
    }

    const PARAMETERS: [[f64; 6]; 4] = [
        [0.55, 10.6, 0.6, 11.7, 3.0, 2.0],
        [1.5, 6.0, 2.0, 60.0, 0.8, 1.6],
        [0.8, 7.0, 0.3, 7.0, 40.0, 5.0],
        [3.0, 30.0, 0.05, 0.5, 1.5, 0.1],
    ];

    /// The likelihood of the model's module by adaptive quadrature over k and over the time of leaving.
    fn textbook(history: &Purchases, [r, alpha, s, beta, t, gamma]: [f64; 6]) -> f64 {
        let x = f64::from(history.frequency());
        let (recency, age) = (history.recency(), history.age());
        let given = |k: f64| {
            let longer = |y: f64| beta_regularized(r + k * x, k, (alpha + k * recency) / (alpha + k * y));
            let survival = |y: f64| (beta / (beta + y)).powf(s);
            let left = integrate_adaptive(|u| s / (beta + u) * survival(u) * longer(u), recency, age, 1e-11);
            let silent = survival(age) * longer(age) + left;
            let sum = history.log_intervals().expect("known");
            let log = k * x * k.ln() - x * ln_gamma(k) + (k - 1.0) * sum + ln_gamma(r + k * x) - ln_gamma(r)
                + r * alpha.ln()
                - (r + k * x) * (alpha + k * recency).ln()
                + t * gamma.ln()
                - ln_gamma(t)
                + t * k.ln()
                - gamma * k;
            log.exp() * silent
        };
        integrate_adaptive(|v| given(v.exp()), -17.0, 6.5, 1e-10).ln()
    }

    #[test]
    fn the_value_is_the_formula() {
        for parameters in PARAMETERS {
            for history in customers() {
                let base: CustomerBase = [history].into_iter().collect();
                let likelihood = Likelihood::new(&base);
                let unit = likelihood.unit();
                let [r, alpha, s, beta, t, gamma] = parameters;
                let value = likelihood.at([r, alpha / unit, s, beta / unit, t, gamma])[0]
                    - f64::from(history.frequency()) * unit.ln();
                let expected = textbook(&history, parameters);
                assert!((value - expected).abs() < 1e-8, "{parameters:?} {history:?}: {value} {expected}");
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let base: CustomerBase = customers().into_iter().collect();
        let likelihood = Likelihood::new(&base);
        for parameters in PARAMETERS {
            let exact = likelihood.at(parameters);
            for i in 0..6 {
                let difference = |h: f64| {
                    let step = |sign: f64| {
                        let mut moved = parameters;
                        moved[i] *= (sign * h).exp();
                        likelihood.at(moved)[0]
                    };
                    (step(1.0) - step(-1.0)) / (2.0 * h)
                };
                // Richardson's extrapolation of central differences on the logarithm.
                let expected = (4.0 * difference(1e-3) - difference(2e-3)) / 3.0;
                let value = exact[i + 1] * parameters[i];
                assert!(
                    (value - expected).abs() < 2e-7 * (1.0 + expected.abs()),
                    "{parameters:?} {i}: {value} {expected}"
                );
            }
        }
    }
}
