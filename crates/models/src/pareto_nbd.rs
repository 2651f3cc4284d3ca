//! Pareto/NBD: the model of Schmittlein, Morrison and Colombo.
//!
//! An active customer buys as a Poisson process of rate lambda ~ Gamma(r, alpha) and leaves for ever after an exponential lifetime of
//! rate mu ~ Gamma(s, beta), independent of lambda.
//!
//! ```text
//! L(r, alpha, s, beta | x, t_x, T) = Gamma(r+x) alpha^r beta^s / Gamma(r)
//!            * [ (alpha+T)^-(r+x) (beta+T)^-s + s * integral from t_x to T of (alpha+u)^-(r+x) (beta+u)^-(s+1) du ]
//! ```
//!
//! x repeat purchases, the last at `t_x`, observed until T; r (no unit) and alpha (time) the shape and rate of the purchase rates; s (no
//! unit) and beta (time) those of the dropout rates. The first term is the customer who is still active, the second the one who left at
//! u; given that the customer is active, lambda ~ Gamma(r+x, alpha+T) and mu ~ Gamma(s, beta+T), independent.
//!
//! Sources: D. C. Schmittlein, D. G. Morrison, R. Colombo, Counting Your Customers: Who Are They and What Will They Do Next?,
//! Management Science 33 (1987) 1-24; P. S. Fader, B. G. S. Hardie, A Note on Deriving the Pareto/NBD Model and Related
//! Expressions (2005), eq. 20 (the likelihood's integral), 22 (conditional expectation); P. S. Fader, B. G. S. Hardie, K. L. Lee, RFM
//! and CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of Marketing Research 42 (2005) 415-430 (DERT).

mod dropout_integral;
mod future;
mod likelihood;
mod silence;
mod time_varying;

use perennial_math::random::Rng;

use crate::{
    CovariateBase, CovariateFitError, CovariateTerms, CustomerBase, Estimation, Fit, FitError,
    InvalidParameters, Parameters, Purchases, StaticCovariateFit, TransactionModel, covariates,
    estimation::{Estimable, Problem},
    parameters::checked,
    transaction::each_future,
};
use future::Future;
use likelihood::Likelihood;
use silence::Silence;
pub use time_varying::{
    CovariatePath, InvalidPath, PathNumber, TimeVaryingFit, TimeVaryingParetoNbd, TimedBase, TimedPurchases,
};

/// The model's name on the command line.
const NAME: &str = "pareto-nbd";

/// The Pareto/NBD model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoNbd {
    parameters: [f64; 4],
}

impl ParetoNbd {
    /// A model with these parameters; `alpha` and `beta` are in the time unit of the data, the others have none.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(r: f64, alpha: f64, s: f64, beta: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[r, alpha, s, beta])
    }

    /// Fits by maximum likelihood.
    ///
    /// # Errors
    /// When there is too little data or no finite likelihood; a fit at the edge of the parameter space is no error.
    pub fn fit(customers: &CustomerBase) -> Result<Fit<Self>, FitError> {
        Self::estimate(customers, &Estimation::MaximumLikelihood)
    }

    /// Fits by maximum likelihood with covariates that move the purchase and the dropout process.
    ///
    /// # Errors
    /// As [`Self::fit`], and when the terms do not fit the covariates; see [`InvalidCovariates`](crate::InvalidCovariates).
    pub fn fit_with_covariates(
        customers: &CovariateBase,
        terms: &CovariateTerms,
    ) -> Result<StaticCovariateFit<Self>, CovariateFitError> {
        covariates::fit(customers, terms)
    }

    /// The log-likelihood of a customer base, with all constants, in the time unit of the data.
    #[must_use]
    pub fn log_likelihood(&self, customers: &CustomerBase) -> f64 {
        let likelihood = Likelihood::new(customers);
        let unit = likelihood.unit();
        let [r, alpha, s, beta] = self.parameters;
        likelihood.at([r, alpha / unit, s, beta / unit])[0] - customers.repeat_purchases() * unit.ln()
    }

    /// The future of a customer, given that the customer is active.
    fn future(&self, customer: &Purchases) -> Future {
        let [r, alpha, s, beta] = self.parameters;
        Future {
            shape: r + f64::from(customer.frequency()),
            rate: alpha + customer.age(),
            dropout_shape: s,
            dropout_rate: beta + customer.age(),
        }
    }

    /// A customer who has just made the first purchase.
    fn new_customer(&self) -> Future {
        let [shape, rate, dropout_shape, dropout_rate] = self.parameters;
        Future { shape, rate, dropout_shape, dropout_rate }
    }
}

impl Parameters for ParetoNbd {
    const NAMES: &'static [&'static str] = &["r", "alpha", "s", "beta"];

    fn values(&self) -> Vec<f64> {
        self.parameters.to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { parameters: checked(Self::NAMES, values)? })
    }
}

impl Estimable for ParetoNbd {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        let likelihood = Likelihood::new(customers);
        let unit = likelihood.unit();
        Ok(Problem {
            model: NAME,
            likelihood: Box::new(likelihood),
            parameters: Problem::positive::<Self>(&[1.0, unit, 1.0, unit]),
            starts: vec![vec![0.7, 0.5, 0.7, 0.5], vec![1.0, 1.0, 1.0, 1.0], vec![0.3, 0.1, 2.0, 5.0]],
            log_density_unit: -customers.repeat_purchases() * unit.ln(),
            customers: customers.customers(),
        })
    }
}

impl TransactionModel for ParetoNbd {
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
        let [r, alpha, s, beta] = self.parameters;
        let shape = r + f64::from(customer.frequency());
        Silence::new([shape, alpha, s, beta], customer.recency(), customer.age()).probability_alive()
    }

    fn probability_of_staying(&self, customer: &Purchases, time: f64) -> f64 {
        self.future(customer).probability_of_staying(time)
    }

    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.future(customer).expected_purchases(horizon)
    }

    fn expected_purchases_new(&self, time: f64) -> f64 {
        self.new_customer().expected_purchases(time)
    }

    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        self.future(customer).probability_of_n_purchases(n, horizon)
    }

    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64 {
        self.future(customer).discounted_expected_purchases(discount)
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
        self.new_customer().draw_purchases(age, rng, times);
    }
}
