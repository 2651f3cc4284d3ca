//! `BdW`: the beta-discrete-Weibull model of Fader, Hardie, Liu, Davin and Steenburgh, for customers with a contract.
//!
//! As sBG, but a customer's own chance to leave changes with the duration of the contract: a customer with theta ~ Beta(alpha, beta)
//! survives t renewals with probability (1-theta)^(t^c).
//!
//! ```text
//! S(t)  = B(alpha, beta + t^c) / B(alpha, beta),      r(t) = S(t) / S(t-1),      P(T = t) = S(t-1) - S(t)
//! theta | T > n ~ Beta(alpha, beta + n^c)
//! ```
//!
//! t counts renewals; alpha, beta and c have no unit. With c > 1 a customer's own retention falls with time, with c < 1 it rises; c = 1
//! is sBG. The expected lifetime is finite when alpha c > 1.
//!
//! Source: P. S. Fader, B. G. S. Hardie, Y. Liu, J. Davin, T. Steenburgh, "How to Project Customer Retention" Revisited: The Role of
//! Duration Dependence, Journal of Interactive Marketing 43 (2018) 1-16.

mod renewals;

use perennial_math::random::Rng;

use crate::{
    Fit, FitError, InvalidParameters, Parameters, RetentionModel, TenureBase,
    beta_geometric::BetaGeometric,
    estimation::Problem,
    parameters::checked,
    retention::{Duration, Likelihood, require_ended},
};

/// The clock t^c runs no further, so that differences of it exist.
const LAST_HOUR: f64 = 1e300;

/// The `BdW` model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaDiscreteWeibull {
    alpha: f64,
    beta: f64,
    c: f64,
}

impl BetaDiscreteWeibull {
    /// A model with these parameters, which have no unit.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(alpha: f64, beta: f64, c: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[alpha, beta, c])
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
        require_ended("bdw", customers)?;
        Ok(Problem {
            model: "bdw",
            likelihood: Box::new(Likelihood::new(customers, Duration::Dependent)),
            parameters: Problem::positive::<Self>(&[1.0; 3]),
            starts: vec![vec![1.0, 1.0, 1.0], vec![0.5, 5.0, 1.5], vec![5.0, 50.0, 0.7]],
            log_density_unit: 0.0,
            customers: customers.customers(),
        })
    }

    /// The log-likelihood of customers' tenures.
    #[must_use]
    pub fn log_likelihood(&self, customers: &TenureBase) -> f64 {
        Likelihood::new(customers, Duration::Dependent).at(self.alpha, self.beta, self.c)[0]
    }

    /// c: above 1 a customer's own retention falls with the duration of the contract, below 1 it rises.
    #[must_use]
    pub const fn duration_dependence(&self) -> f64 {
        self.c
    }

    /// The clock t^c.
    fn clock(&self, time: f64) -> f64 {
        time.powf(self.c).min(LAST_HOUR)
    }

    /// theta of customers who have survived until `time`.
    fn mix(&self, time: f64) -> BetaGeometric {
        BetaGeometric { a: self.alpha, b: self.beta }.after(self.clock(time))
    }

    /// ln [S(from + periods) / S(from)].
    fn ln_survival_between(&self, from: f64, periods: f64) -> f64 {
        self.mix(from).ln_survival(self.clock(from + periods) - self.clock(from))
    }
}

impl Parameters for BetaDiscreteWeibull {
    const NAMES: &'static [&'static str] = &["alpha", "beta", "c"];

    fn values(&self) -> Vec<f64> {
        vec![self.alpha, self.beta, self.c]
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        let [alpha, beta, c] = checked(Self::NAMES, values)?;
        Ok(Self { alpha, beta, c })
    }
}

impl RetentionModel for BetaDiscreteWeibull {
    fn name(&self) -> &'static str {
        "bdw"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.values()).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn RetentionModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn ln_survival_from(&self, survived: u32, periods: f64) -> f64 {
        if periods > 0.0 { self.ln_survival_between(survived.into(), periods) } else { 0.0 }
    }

    fn discounted_renewals(&self, survived: u32, horizon: Option<u32>, discount: f64) -> f64 {
        renewals::discounted(self, survived.into(), horizon.map_or(f64::INFINITY, f64::from), discount)
    }

    fn simulate_renewals(&self, survived: u32, rng: &mut Rng) -> f64 {
        let survived = f64::from(survived);
        let time = self.clock(survived) + self.mix(survived).draw_time(rng);
        // Rounding may take the root back below where the customer stands.
        (time.powf(1.0 / self.c) - survived).floor().max(0.0)
    }
}
