//! BG/NBD: the beta-geometric / negative binomial model of Fader, Hardie and Lee.
//!
//! An active customer buys as a Poisson process of rate lambda ~ Gamma(r, alpha); after each *repeat* purchase the customer leaves
//! for ever with probability p ~ Beta(a, b), independent of lambda.
//!
//! ```text
//! L(r, alpha, a, b | x, t_x, T) = B(a, b+x) / B(a, b) * Gamma(r+x) alpha^r / (Gamma(r) (alpha+T)^(r+x))
//!                  + [x > 0] B(a+1, b+x-1) / B(a, b) * Gamma(r+x) alpha^r / (Gamma(r) (alpha+t_x)^(r+x))
//! ```
//!
//! x repeat purchases, the last at `t_x`, observed until T; r (no unit) and alpha (time) the shape and rate of the purchase rates;
//! a, b (no unit) of the dropout probabilities; B the beta function.
//!
//! A customer without a repeat purchase has had no occasion to leave and is active with certainty: the model's known weakness,
//! which MBG/NBD mends.
//!
//! Source: P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
//! Model, Marketing Science 24 (2005) 275-284, eq. 6 (likelihood), 8 (distribution), 9 and 10 (expectations).

mod likelihood;

pub use likelihood::BgNbdLikelihood;

use crate::{
    CovariateBase, CovariateFitError, CovariateTerms, CustomerBase, Estimation, Fit, FitError,
    InvalidParameters, Parameters, StaticCovariateFit, covariates,
    estimation::{Estimable, Problem},
    geometric_dropout::{self, GeometricDropout},
    parameters::checked,
};

/// The BG/NBD model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    parameters: [f64; 4],
}

impl BgNbd {
    /// A model with these parameters; `alpha` is in the time unit of the data, the others have none.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(r: f64, alpha: f64, a: f64, b: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[r, alpha, a, b])
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
        // Only k > 1 can fail.
        geometric_dropout::log_likelihood(self, customers).unwrap_or(f64::NAN)
    }
}

impl Parameters for BgNbd {
    const NAMES: &'static [&'static str] = &["r", "alpha", "a", "b"];

    fn values(&self) -> Vec<f64> {
        self.parameters.to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { parameters: checked(Self::NAMES, values)? })
    }
}

impl Estimable for BgNbd {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        geometric_dropout::problem::<Self>(customers)
    }
}

impl GeometricDropout for BgNbd {
    const NAME: &'static str = "bg-nbd";
    const FIRST: u32 = 0;

    fn dropout_parameters(&self) -> [f64; 4] {
        self.parameters
    }
}
