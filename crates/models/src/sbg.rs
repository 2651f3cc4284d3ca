//! sBG: the shifted beta-geometric model of Fader and Hardie, for customers with a contract.
//!
//! At each renewal a customer leaves with a probability theta of the customer's own, the same at every renewal; theta ~ Beta(alpha,
//! beta) over customers.
//!
//! ```text
//! S(t)   = B(alpha, beta+t) / B(alpha, beta),      P(T = t) = B(alpha+1, beta+t-1) / B(alpha, beta)
//! r(t)   = (beta+t-1) / (alpha+beta+t-1),          rising with t although no customer's own rate does
//! E[T]   = (alpha+beta-1) / (alpha-1) for alpha > 1, else infinite
//! DERL   = (beta+n) / (alpha+beta+n) 2F1(1, beta+n+1; alpha+beta+n+1; 1/(1+d)) after n renewals
//! ```
//!
//! t counts renewals, d is the discount per period; alpha and beta have no unit.
//!
//! Sources: P. S. Fader, B. G. S. Hardie, How to Project Customer Retention, Journal of Interactive Marketing 21 (2007) 76-90 (the
//! model); P. S. Fader, B. G. S. Hardie, Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity,
//! Marketing Science 29 (2010) 85-93 (DERL).

use perennial_math::random::Rng;

use crate::{
    CovariateBase, CovariateFitError, CovariateTerms, Fit, FitError, InvalidParameters, Parameters,
    RetentionModel, StaticCovariateFit, TenureBase,
    beta_geometric::BetaGeometric,
    covariates,
    estimation::Problem,
    parameters::checked,
    retention::{Duration, Likelihood, require_ended},
};

/// The sBG model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sbg {
    alpha: f64,
    beta: f64,
}

impl Sbg {
    /// A model with these parameters, which have no unit.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(alpha: f64, beta: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[alpha, beta])
    }

    /// Fits by maximum likelihood.
    ///
    /// # Errors
    /// When too few contracts have ended or there is no finite likelihood; a fit at the edge of the parameter space is no error.
    pub fn fit(customers: &TenureBase) -> Result<Fit<Self>, FitError> {
        Self::problem(customers)?.maximise(Self::from_values)
    }

    /// What is to be estimated.
    pub(crate) fn problem(customers: &TenureBase) -> Result<Problem, FitError> {
        require_ended("sbg", customers)?;
        Ok(Self::problem_of(customers))
    }

    /// The same of however few customers.
    pub(crate) fn problem_of(customers: &TenureBase) -> Problem {
        Problem {
            model: "sbg",
            likelihood: Box::new(Likelihood::new(customers, Duration::Without)),
            parameters: Problem::positive::<Self>(&[1.0; 2]),
            starts: vec![vec![1.0, 1.0], vec![0.5, 5.0], vec![5.0, 50.0]],
            log_density_unit: 0.0,
            customers: customers.customers(),
        }
    }

    /// Fits by maximum likelihood with covariates that move alpha (those who leave) and beta (those who stay): alpha exp(gamma' z)
    /// and beta exp(delta' z).
    ///
    /// # Errors
    /// As [`Self::fit`], and when the terms do not fit the covariates; see [`InvalidCovariates`](crate::InvalidCovariates).
    pub fn fit_with_covariates(
        customers: &CovariateBase<TenureBase>,
        terms: &CovariateTerms,
    ) -> Result<StaticCovariateFit<Self>, CovariateFitError> {
        covariates::fit(customers, terms)
    }

    /// The log-likelihood of customers' tenures.
    #[must_use]
    pub fn log_likelihood(&self, customers: &TenureBase) -> f64 {
        Likelihood::new(customers, Duration::Without).at(self.alpha, self.beta, 1.0)[0]
    }

    fn after(&self, survived: u32) -> BetaGeometric {
        BetaGeometric { a: self.alpha, b: self.beta }.after(survived.into())
    }
}

impl Parameters for Sbg {
    const NAMES: &'static [&'static str] = &["alpha", "beta"];

    fn values(&self) -> Vec<f64> {
        vec![self.alpha, self.beta]
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        let [alpha, beta] = checked(Self::NAMES, values)?;
        Ok(Self { alpha, beta })
    }
}

impl RetentionModel for Sbg {
    fn name(&self) -> &'static str {
        "sbg"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.values()).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn RetentionModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn ln_survival_from(&self, survived: u32, periods: f64) -> f64 {
        if periods > 0.0 { self.after(survived).ln_survival(periods) } else { 0.0 }
    }

    fn discounted_renewals(&self, survived: u32, horizon: Option<u32>, discount: f64) -> f64 {
        self.after(survived).discounted_total(horizon.map_or(f64::INFINITY, f64::from), discount)
    }

    fn simulate_renewals(&self, survived: u32, rng: &mut Rng) -> f64 {
        self.after(survived).draw_time(rng).floor()
    }
}
