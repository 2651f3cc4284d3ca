//! Log-likelihood and gradient of Pareto/NBD.

use perennial_math::{
    parallel::sum_chunks,
    special::{digamma, ln_gamma},
};

use super::dropout_integral::{DropoutIntegral, Factor, FactorMeans};
use crate::{
    CustomerBase,
    grouped::{Grouped, Row},
    maximum_likelihood,
};

/// Rows per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 512;

/// The log-likelihood of a customer base as a function of r, alpha, s and beta (the offsets in units of the mean age).
pub(super) struct Likelihood {
    data: Grouped,
    customers: f64,
    /// Customers per distinct frequency.
    per_frequency: Vec<f64>,
}

/// The two ways to have been silent since the last purchase, relative to (alpha+t_x)^-(r+x) (beta+t_x)^-s.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// Still active: the customer simply has not bought.
    pub(super) alive: f64,
    /// Left at some time since.
    pub(super) dead: f64,
    /// Logarithm of (alpha+T) / (alpha+t_x).
    log_purchase: f64,
    /// Logarithm of (beta+T) / (beta+t_x).
    log_dropout: f64,
    integral: DropoutIntegral,
}

impl Silence {
    /// Of a customer with parameters `shape` = r + x, alpha, s and beta, silent from `from` to `to`.
    pub(super) fn new([shape, alpha, s, beta]: [f64; 4], from: f64, to: f64) -> Self {
        let purchase = Factor { offset: alpha, exponent: shape };
        let dropout = Factor { offset: beta, exponent: s + 1.0 };
        let integral = DropoutIntegral::new(purchase, dropout, from, to);
        let log_purchase = ((to - from) / (alpha + from)).ln_1p();
        let log_dropout = ((to - from) / (beta + from)).ln_1p();
        Self {
            alive: (-shape * log_purchase - s * log_dropout).exp(),
            dead: s / (beta + from) * integral.value,
            log_purchase,
            log_dropout,
            integral,
        }
    }

    /// The probability of being active.
    pub(super) fn probability_alive(&self) -> f64 {
        self.alive / (self.alive + self.dead)
    }

    /// Means of a factor over being active and having left: what the derivative of the logarithm of the sum needs.
    fn mix(alive: f64, log: f64, inverse: f64, dead: FactorMeans) -> FactorMeans {
        FactorMeans {
            log: alive * log + (1.0 - alive) * dead.log,
            inverse: alive * inverse + (1.0 - alive) * dead.inverse,
        }
    }
}

impl Likelihood {
    /// Groups the customers by what they share.
    pub(super) fn new(customers: &CustomerBase) -> Self {
        let data = Grouped::new(customers);
        let per_frequency = data.customers_per_frequency();
        Self { data, customers: customers.customers(), per_frequency }
    }

    /// The time that one unit of alpha and beta stands for.
    pub(super) fn unit(&self) -> f64 {
        self.data.unit
    }

    /// The log-likelihood and its derivatives by r, alpha, s and beta.
    pub(super) fn at(&self, parameters: [f64; 4]) -> [f64; 5] {
        let rows = sum_chunks(self.data.rows.len(), CHUNK, |range| {
            let mut sum = [0.0; 5];
            for row in &self.data.rows[range] {
                let terms = self.row_terms(row, parameters);
                for (sum, term) in sum.iter_mut().zip(terms) {
                    *sum += row.customers * term;
                }
            }
            sum
        });
        let gammas = self.gamma_terms(parameters);
        std::array::from_fn(|i| rows[i] + gammas[i])
    }

    /// What depends on the times of one customer. The offsets' own powers alpha^r and beta^s are joined with the times' here, so
    /// that nothing large cancels when an offset grows without bound.
    fn row_terms(&self, row: &Row, [r, alpha, s, beta]: [f64; 4]) -> [f64; 5] {
        let x = self.data.frequencies[row.frequency as usize];
        let (from, to) = (self.data.times[row.recency as usize], self.data.times[row.age as usize]);
        let shape = r + x;
        let silence = Silence::new([shape, alpha, s, beta], from, to);
        let alive = silence.probability_alive();
        let log_alpha_start = (from / alpha).ln_1p();
        let log_beta_start = (from / beta).ln_1p();
        let DropoutIntegral { purchase, dropout, .. } = silence.integral;
        let purchase = Silence::mix(alive, silence.log_purchase, 1.0 / (alpha + to), purchase);
        let at_end = s / (beta + to) * alive;
        let before = (s + 1.0) * (1.0 - alive) * dropout.inverse;
        let dropout = Silence::mix(alive, silence.log_dropout, 0.0, dropout);
        [
            (silence.alive + silence.dead).ln() - shape * log_alpha_start - s * log_beta_start,
            -(purchase.log + log_alpha_start),
            -shape * purchase.inverse,
            (1.0 - alive) / s - dropout.log - log_beta_start,
            s / beta - at_end - before,
        ]
    }

    /// The terms that need no time: of Gamma(r+x) / Gamma(r) alpha^-x.
    fn gamma_terms(&self, [r, alpha, _, _]: [f64; 4]) -> [f64; 5] {
        let mut sum = [0.0; 5];
        sum[0] = -self.customers * ln_gamma(r);
        sum[1] = -self.customers * digamma(r);
        sum[2] = self.customers * r / alpha;
        for (&x, &customers) in self.data.frequencies.iter().zip(&self.per_frequency) {
            sum[0] += customers * (ln_gamma(r + x) - x * alpha.ln());
            sum[1] += customers * digamma(r + x);
        }
        sum
    }
}

impl maximum_likelihood::LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at([parameters[0], parameters[1], parameters[2], parameters[3]]);
        gradient.copy_from_slice(&slopes);
        value
    }
}
