//! MBG/NBD: the modified BG/NBD model, in which a customer may already leave after the first purchase.
//!
//! An active customer buys as a Poisson process of rate lambda ~ Gamma(r, alpha); after *each* purchase, the first included, the
//! customer leaves for ever with probability p ~ Beta(a, b), independent of lambda.
//!
//! ```text
//! L(r, alpha, a, b | x, t_x, T) = Gamma(r+x) alpha^r / Gamma(r)
//!            * [ B(a, b+x+1) / B(a, b) (alpha+T)^-(r+x) + B(a+1, b+x) / B(a, b) (alpha+t_x)^-(r+x) ]
//! ```
//!
//! x repeat purchases, the last at `t_x`, observed until T; r (no unit) and alpha (time) the shape and rate of the purchase rates;
//! a, b (no unit) of the dropout probabilities; B the beta function.
//!
//! Sources: E. P. Batislam, M. Denizel, A. Filiztekin, Empirical validation and comparison of models for customer base
//! analysis, International Journal of Research in Marketing 24 (2007) 201-209; D. Hoppe, U. Wagner, Customer base analysis: The
//! case for a central variant of the Betageometric/NBD Model, Marketing JRM 3 (2007) 75-90. (The two arrived at it at the same
//! time; the latter call it the central variant, CBG/NBD.)

use crate::{
    CovariateBase, CovariateFitError, CovariateTerms, CustomerBase, Estimation, Fit, FitError,
    InvalidParameters, Parameters, StaticCovariateFit, covariates,
    estimation::{Estimable, Problem},
    geometric_dropout::{self, GeometricDropout},
    parameters::checked,
};

/// The MBG/NBD model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MbgNbd {
    parameters: [f64; 4],
}

impl MbgNbd {
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

impl Parameters for MbgNbd {
    const NAMES: &'static [&'static str] = &["r", "alpha", "a", "b"];

    fn values(&self) -> Vec<f64> {
        self.parameters.to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { parameters: checked(Self::NAMES, values)? })
    }
}

impl Estimable for MbgNbd {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        geometric_dropout::problem::<Self>(customers)
    }
}

impl GeometricDropout for MbgNbd {
    const NAME: &'static str = "mbg-nbd";
    const FIRST: u32 = 1;

    fn dropout_parameters(&self) -> [f64; 4] {
        self.parameters
    }
}
