//! Pareto/GGG: the model of Platzer and Reutterer, in which customers differ in how regularly they buy.
//!
//! An active customer's times between purchases are Gamma(k, k lambda): of mean 1/lambda, and the more regular the greater k (k = 1: at random;
//! k < 1: in clumps). The customer leaves for ever after an exponential lifetime of rate mu. k ~ Gamma(t, gamma), lambda ~ Gamma(r, alpha)
//! and mu ~ Gamma(s, beta) differ over customers, independent of each other.
//!
//! ```text
//! L(x, t_x, T, intervals) = integral over k of Gamma(k; t, gamma) * L(intervals | k) * (1 + t_x/beta)^-s * P(silent from t_x to T | k) dk
//!
//! L(intervals | k)        = k^(kx) / Gamma(k)^x * (product of the intervals)^(k-1) * Gamma(r+kx) / Gamma(r) * alpha^r / (alpha + k t_x)^(r+kx)
//! P(silent | k)           = S(T) + integral over y from t_x to T of (1 - ((beta+t_x) / (beta+y))^s) g(y) dy
//! S(y)                    = I_u(r + kx, k),   u = (alpha + k t_x) / (alpha + k y),   g = -dS/dy
//! ```
//!
//! x repeat purchases, the last at `t_x`, observed until T; S(y) the probability that the interval after the x-th purchase lasts beyond y, I the
//! regularised incomplete beta function (lambda, given the intervals, is Gamma(r+kx, alpha + k `t_x`)). The intervals enter through
//! [`Purchases::log_intervals`], the sum of their logarithms. A forecast for a history that does not know it takes the density of `t_x`
//! instead, Gamma(kx, k lambda), so it learns of k from x, `t_x` and T alone.
//!
//! The literature estimates the model by Markov chain Monte Carlo; here the marginal likelihood above is maximised. With all k = 1 (t and
//! gamma large and equal) it is Pareto/NBD.
//!
//! An active customer's figures (expected purchases, their distribution, DERT, the median time to the next purchase) are means over 1,000
//! simulated purchase paths, the same for equal histories whatever else is computed. Their Monte Carlo standard error is about the
//! standard deviation of the customer's own number of purchases divided by 32; over a customer base the errors average out. P(alive) and the
//! probability of staying are exact.
//!
//! Source: M. Platzer, T. Reutterer, Ticking Away the Moments: Timing Regularity Helps to Better Predict Customer Activity, Marketing
//! Science 35 (2016) 779-799. The marginal likelihood is derived from its assumptions.

mod future;
mod interval;
mod likelihood;
mod regularity;

use perennial_math::random::{self, Rng};

use crate::{
    CustomerBase, Estimation, Fit, FitError, InvalidParameters, Parameters, Purchases, TransactionModel,
    estimation::{Estimable, Problem},
    parameters::checked,
    transaction::each_future,
};
use future::{Future, PATHS};
use likelihood::Likelihood;
use regularity::History;

/// The model's name on the command line.
const NAME: &str = "pareto-ggg";

/// No simulated customer has more purchases: clumpy ones could have them without end.
const MOST_PURCHASES: usize = 100_000;

/// The Pareto/GGG model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoGgg {
    parameters: [f64; 6],
}

impl ParetoGgg {
    /// A model with these parameters, in the order r, alpha, s, beta, t, gamma; `alpha` and `beta` are in the time unit of the data, the
    /// others have none. The mean regularity is t / gamma.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(parameters: [f64; 6]) -> Result<Self, InvalidParameters> {
        Self::from_values(&parameters)
    }

    /// Fits by maximum likelihood.
    ///
    /// # Errors
    /// When there is too little data, a history does not know its intervals, or there is no finite likelihood; a fit at the edge of the
    /// parameter space is no error.
    pub fn fit(customers: &CustomerBase) -> Result<Fit<Self>, FitError> {
        Self::estimate(customers, &Estimation::MaximumLikelihood)
    }

    /// The log-likelihood of a customer base, with all constants, in the time unit of the data; of a history that does not know its intervals
    /// that of x, `t_x` and T.
    #[must_use]
    pub fn log_likelihood(&self, customers: &CustomerBase) -> f64 {
        let likelihood = Likelihood::new(customers);
        let unit = likelihood.unit();
        let [r, alpha, s, beta, t, gamma] = self.parameters;
        let densities: f64 = customers
            .histories()
            .iter()
            .zip(customers.counts())
            .map(|(history, count)| match history.log_intervals() {
                Some(_) => count * f64::from(history.frequency()),
                None => *count,
            })
            .sum();
        likelihood.at([r, alpha / unit, s, beta / unit, t, gamma])[0] - densities * unit.ln()
    }

    /// The mean over customers of the regularity k: t / gamma.
    #[must_use]
    pub fn mean_regularity(&self) -> f64 {
        self.parameters[4] / self.parameters[5]
    }

    /// The customer's expected regularity k, given the history.
    #[must_use]
    pub fn expected_regularity(&self, customer: &Purchases) -> f64 {
        let spread = History::new(customer, 1.0).spread(&self.parameters);
        spread.nodes.iter().map(|node| node.share * node.interval.k).sum()
    }

    /// The future of a customer, given that the customer is active.
    fn future(&self, customer: &Purchases) -> Future {
        let key = likelihood::key(customer);
        Future::new(&History::new(customer, 1.0), customer.age(), &self.parameters, key, PATHS)
    }

    /// A customer who has just made the first purchase.
    fn new_customer(&self) -> Option<Future> {
        let history = History::new(&Purchases::new(0, 0.0, 0.0).ok()?, 1.0);
        Some(Future::new(&history, 0.0, &self.parameters, [0; 4], 8 * PATHS))
    }
}

impl Parameters for ParetoGgg {
    const NAMES: &'static [&'static str] = &["r", "alpha", "s", "beta", "t", "gamma"];

    fn values(&self) -> Vec<f64> {
        self.parameters.to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { parameters: checked(Self::NAMES, values)? })
    }
}

impl Estimable for ParetoGgg {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        if customers.log_intervals().is_none() {
            return Err(FitError::NoIntervals { model: NAME });
        }
        let likelihood = Likelihood::new(customers);
        let unit = likelihood.unit();
        Ok(Problem {
            model: NAME,
            likelihood: Box::new(likelihood),
            parameters: Problem::positive::<Self>(&[1.0, unit, 1.0, unit, 1.0, 1.0]),
            starts: vec![vec![0.7, 0.5, 0.7, 0.5, 2.0, 1.5], vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0]],
            log_density_unit: -customers.repeat_purchases() * unit.ln(),
            customers: customers.customers(),
        })
    }
}

impl TransactionModel for ParetoGgg {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn probability_alive(&self, customer: &Purchases) -> f64 {
        History::new(customer, 1.0).probability_alive(&self.parameters)
    }

    fn forgets_recency(&self) -> bool {
        false
    }

    fn probability_of_staying(&self, customer: &Purchases, time: f64) -> f64 {
        let [_, _, s, beta, ..] = self.parameters;
        (-s * (time.max(0.0) / (beta + customer.age())).ln_1p()).exp()
    }

    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.future(customer).discounted_until(horizon, 0.0)
    }

    fn expected_purchases_new(&self, time: f64) -> f64 {
        self.new_customer().map_or(f64::NAN, |future| future.discounted_until(time, 0.0))
    }

    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        self.future(customer).probability_of_n_purchases(n, horizon)
    }

    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64 {
        self.future(customer).discounted_until(f64::INFINITY, discount.max(0.0))
    }

    fn discounted_expected_purchases_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        discount: f64,
    ) -> f64 {
        self.future(customer).discounted_until(horizon, discount.max(0.0))
    }

    fn median_time_to_next_purchase(&self, customer: &Purchases) -> f64 {
        self.future(customer).median_time_to_next_purchase()
    }

    fn simulate_futures_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        draws: usize,
        rng: &mut Rng,
        each: &mut dyn FnMut(&[f64]),
    ) {
        let future = self.future(customer);
        each_future(draws, each, |times| future.draw_purchases(horizon, rng, times));
    }

    fn simulate_new(&self, age: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        times.clear();
        let [r, alpha, s, beta, t, gamma] = self.parameters;
        let k = random::gamma(rng, t, 1.0 / gamma).max(f64::MIN_POSITIVE);
        let rate = random::gamma(rng, r, 1.0 / alpha);
        let dropout = random::gamma(rng, s, 1.0 / beta);
        let end = random::exponential(rng, dropout).min(age);
        let mut time = random::gamma(rng, k, 1.0 / (k * rate));
        while time <= end && times.len() < MOST_PURCHASES {
            times.push(time);
            time += random::gamma(rng, k, 1.0 / (k * rate));
        }
    }
}
