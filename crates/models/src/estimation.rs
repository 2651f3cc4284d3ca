//! From a likelihood to estimates of its parameters.
//!
//! A [`Problem`] is a log-likelihood of named parameters. Each parameter has a coordinate ([`Scale`]): its logarithm where it is
//! positive, itself where it is a coefficient of either sign. Searches run, and normal approximations hold, in the coordinates.
//!
//! [`Estimation`] names the ways from one to the other: the maximum with its curvature, the posterior distribution, or resampled
//! customers. [`Pooling`] is that of groups of customers estimated together.

mod bayes;
mod bootstrap;
mod diagnostics;
mod maximum_likelihood;
mod nuts;
mod pooling;
mod posterior;
mod priors;
mod summary;

pub use bayes::Sampling;
pub use bootstrap::Resampling;
pub use diagnostics::{Diagnostics, LARGEST_R_HAT, SMALLEST_ESS_PER_CHAIN, Trouble};
pub(crate) use pooling::pool;
pub use pooling::{Pooled, Pooling};
pub use priors::{DEFAULT_COEFFICIENT_SPREAD, DEFAULT_LOG_SPREAD, InvalidPrior, Prior, Priors};

use perennial_math::{
    matrix::{SquareMatrix, multivariate_normal_draws},
    random::Rng,
};

use crate::{CustomerBase, Estimated, Fit, FitError, InvalidParameters, Name, Outcome, Parameters, Scale};
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

    /// The log-likelihood, with all constants and in the unit of the data, at parameter values in that unit.
    pub(crate) fn log_likelihood_at(&self, values: &[f64]) -> f64 {
        let parameters: Vec<f64> =
            self.parameters.iter().zip(values).map(|(p, value)| value / p.unit).collect();
        self.likelihood.value_and_gradient(&parameters, &mut vec![0.0; values.len()]) + self.log_density_unit
    }

    /// Searches from these values, in the unit of the data, before the other starts.
    pub(crate) fn search_first_from(&mut self, values: &[f64]) {
        let start = self.parameters.iter().zip(values).map(|(p, value)| value / p.unit).collect();
        self.starts.insert(0, start);
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

/// How parameters are estimated, and how surely they are known.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Estimation {
    /// At the maximum of the likelihood; the spread from the curvature there. The fastest, and enough for some thousand customers.
    #[default]
    MaximumLikelihood,
    /// By draws from the posterior distribution; for few customers, and where the likelihood has no maximum.
    Bayes(Sampling),
    /// At the maximum of the likelihood; the spread from fits on resampled customers, which also holds where the model is not quite right.
    Bootstrap(Resampling),
}

/// Estimates the parameters of a model.
///
/// `problem` makes the problem of the data with other numbers of customers of each distinct kind, `counts` being the true ones; `make` turns
/// values into the model; `usable` refuses values that no prediction can be made with.
pub(crate) fn estimate<M>(
    estimation: &Estimation,
    counts: &[f64],
    problem: impl Fn(&[f64]) -> Result<Problem, FitError> + Sync,
    make: impl Fn(&[f64]) -> Result<M, InvalidParameters> + Sync,
    usable: impl Fn(&[f64]) -> Result<(), FitError> + Sync,
) -> Result<Fit<M>, FitError> {
    let maximise = |problem: Problem| {
        let fit = problem.maximise(&make)?;
        usable(&fit.values())?;
        Ok(fit)
    };
    match estimation {
        Estimation::MaximumLikelihood => maximise(problem(counts)?),
        Estimation::Bayes(sampling) => {
            let fit = problem(counts)?.sample(sampling, |values| usable(values).is_ok(), &make)?;
            usable(&fit.values())?;
            Ok(fit)
        }
        Estimation::Bootstrap(resampling) => {
            let fit = maximise(problem(counts)?)?;
            // A maximum that lies at the edge is no place to search from: all is flat there.
            let start = (fit.outcome == Outcome::Converged).then(|| fit.values());
            bootstrap::bootstrap(fit, counts, *resampling, |drawn| {
                let mut problem = problem(drawn)?;
                if let Some(values) = &start {
                    problem.search_first_from(values);
                }
                maximise(problem)
            })
        }
    }
}

/// A model whose parameters are estimated from customers' histories.
pub(crate) trait Estimable: Parameters + Sync {
    /// What is to be estimated; also of fewer customers than parameters can be estimated from.
    ///
    /// # Errors
    /// When a history does not say what the model needs.
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError>;

    /// What is to be estimated of customers like those that this model is of: what was chosen and not estimated stays as it is here.
    ///
    /// # Errors
    /// As [`Estimable::problem`].
    fn problem_again(&self, customers: &CustomerBase) -> Result<Problem, FitError> {
        Self::problem(customers)
    }

    /// A model that holds what is chosen and not estimated; `None` where nothing is.
    ///
    /// # Errors
    /// When nothing can be chosen from the customers.
    fn chosen(_customers: &CustomerBase) -> Result<Option<Self>, FitError> {
        Ok(None)
    }

    /// Estimates the parameters. What is chosen is chosen by the likelihood of all customers, whichever way they are estimated.
    ///
    /// # Errors
    /// When there is too little data, no finite likelihood, or settings that cannot be followed; see [`FitError`].
    fn estimate(customers: &CustomerBase, estimation: &Estimation) -> Result<Fit<Self>, FitError> {
        let chosen = Self::chosen(customers)?;
        let problem = |counts: &[f64]| {
            let customers = customers.with_counts(counts);
            require_repeat_customers(customers.repeat_customers(), customers.customers())?;
            problem_like(chosen.as_ref(), &customers)
        };
        let make = |values: &[f64]| model_like(chosen.as_ref(), values);
        estimate(estimation, customers.counts(), problem, make, |_| Ok(()))
    }
}

/// What is to be estimated, with what was chosen.
pub(crate) fn problem_like<M: Estimable>(
    chosen: Option<&M>,
    customers: &CustomerBase,
) -> Result<Problem, FitError> {
    chosen.map_or_else(|| M::problem(customers), |model| model.problem_again(customers))
}

/// The model at values of what is estimated, with what was chosen.
pub(crate) fn model_like<M: Parameters>(chosen: Option<&M>, values: &[f64]) -> Result<M, InvalidParameters> {
    chosen.map_or_else(|| M::from_values(values), |model| model.with_values(values))
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
