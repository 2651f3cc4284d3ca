//! From a likelihood to estimates of its parameters.
//!
//! A [`Problem`] is a log-likelihood of named parameters. Each parameter has a coordinate ([`Scale`]): its logarithm where it is
//! positive, itself where it is a coefficient of either sign. Searches run, and normal approximations hold, in the coordinates.

mod maximum_likelihood;

use perennial_math::{
    matrix::{SquareMatrix, multivariate_normal_draws},
    random::Rng,
};

use crate::{Estimated, FitError, Name, Parameters, Scale};
pub(crate) use maximum_likelihood::Maximum;

/// The fewest customers with a repeat purchase (for a spend model: with a spend) that a model is fitted on.
///
/// Two and a half per parameter of the four-parameter models. Below it the maximum, where there is one, says more about chance than
/// about the customers; standard errors then exceed the estimates.
pub const MINIMUM_REPEAT_CUSTOMERS: u64 = 10;

/// A log-likelihood of named parameters.
pub(crate) trait LogLikelihood: Send + Sync {
    /// The value; writes the derivatives by the parameters themselves (not their coordinates).
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64;
}

/// A parameter of a [`Problem`].
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: Name,
    /// What the likelihood's parameter is multiplied by to be in the unit of the data.
    pub(crate) unit: f64,
    pub(crate) scale: Scale,
}

/// What is to be estimated.
pub(crate) struct Problem {
    /// The model's name.
    pub(crate) model: &'static str,
    /// The likelihood, in units in which its parameters are of order one.
    pub(crate) likelihood: Box<dyn LogLikelihood>,
    /// The parameters, in the likelihood's order.
    pub(crate) parameters: Vec<Parameter>,
    /// Where to search from, in the likelihood's units; the next is tried only when the one before did not end at a maximum.
    pub(crate) starts: Vec<Vec<f64>>,
    /// What is added to the log-likelihood for it to be that of the data in their own unit.
    pub(crate) log_density_unit: f64,
    /// How many customers there are.
    pub(crate) customers: f64,
}

impl Problem {
    /// The parameters of a model whose parameters are all positive, each in its unit.
    pub(crate) fn positive<M: Parameters>(units: &[f64]) -> Vec<Parameter> {
        let named: Vec<(&str, f64)> = M::NAMES.iter().copied().zip(units.iter().copied()).collect();
        Self::positive_of(&named)
    }

    /// Positive parameters with these names, each in its unit.
    pub(crate) fn positive_of(named: &[(&'static str, f64)]) -> Vec<Parameter> {
        let parameter = |(name, unit): &(&'static str, f64)| Parameter {
            name: (*name).into(),
            unit: *unit,
            scale: Scale::Log,
        };
        named.iter().map(parameter).collect()
    }

    /// The likelihood's parameters at coordinates.
    pub(crate) fn parameters_at(&self, coordinates: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(coordinates).map(|(p, &at)| p.scale.value(at)).collect()
    }

    /// The values in the unit of the data of the likelihood's parameters at coordinates.
    pub(crate) fn values_at(&self, coordinates: &[f64]) -> Vec<f64> {
        let parameters = self.parameters_at(coordinates);
        self.parameters.iter().zip(parameters).map(|(p, parameter)| p.unit * parameter).collect()
    }

    /// The log-likelihood at coordinates, in the likelihood's own unit; writes its derivatives by the coordinates.
    pub(crate) fn value_and_gradient(&self, coordinates: &[f64], gradient: &mut [f64]) -> f64 {
        let parameters = self.parameters_at(coordinates);
        let value = self.likelihood.value_and_gradient(&parameters, gradient);
        for ((slope, parameter), value) in gradient.iter_mut().zip(&self.parameters).zip(&parameters) {
            *slope *= parameter.scale.slope(*value);
        }
        value
    }
}

/// A model whose parameters are estimated from customers' histories.
pub(crate) trait Estimable: Parameters {
    /// What is to be estimated.
    ///
    /// # Errors
    /// When there is too little data, or a history does not say what the model needs.
    fn problem(customers: &crate::CustomerBase) -> Result<Problem, FitError>;

    /// What is to be estimated of customers like those that this model is of: what was chosen and not estimated stays as it is here.
    ///
    /// # Errors
    /// As [`Estimable::problem`].
    fn problem_again(&self, customers: &crate::CustomerBase) -> Result<Problem, FitError> {
        Self::problem(customers)
    }
}

/// How far a sample from a posterior distribution can be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostics {
    /// The number of chains.
    pub chains: usize,
    /// Draws kept per chain.
    pub draws: usize,
    /// Transitions that diverged, over all chains; more than a few mean that the posterior was not explored.
    pub divergences: usize,
    /// Per parameter: the rank-normalised split R-hat (Vehtari et al. 2021); below 1.01 the chains agree.
    pub r_hat: Vec<f64>,
    /// Per parameter: the effective number of independent draws in the bulk.
    pub bulk_ess: Vec<f64>,
    /// Per parameter: the effective number of independent draws in the tails.
    pub tail_ess: Vec<f64>,
}

/// Refuses data with too few customers that bought again.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of customers, whole and not negative"
)]
pub(crate) fn require_repeat_customers(repeat_customers: f64, customers: f64) -> Result<(), FitError> {
    if repeat_customers >= MINIMUM_REPEAT_CUSTOMERS as f64 {
        return Ok(());
    }
    Err(FitError::TooFewRepeatCustomers {
        repeat_customers: repeat_customers as u64,
        customers: customers as u64,
        needed: MINIMUM_REPEAT_CUSTOMERS,
    })
}

/// Draws parameter values whose coordinates are normal around those of the estimates.
pub(crate) fn draw_coordinates(
    estimates: &[Estimated],
    covariance: &[Vec<f64>],
    n: usize,
    rng: &mut Rng,
) -> Vec<Vec<f64>> {
    let mean: Vec<f64> = estimates.iter().map(|estimate| estimate.scale.coordinate(estimate.value)).collect();
    let covariance = SquareMatrix::from_fn(mean.len(), |row, column| {
        covariance.get(row).and_then(|entries| entries.get(column)).copied().unwrap_or(0.0)
    });
    let mut draws = multivariate_normal_draws(&mean, &covariance, n, rng);
    for draw in &mut draws {
        for (value, estimate) in draw.iter_mut().zip(estimates) {
            *value = estimate.scale.value(*value);
        }
    }
    draws
}
