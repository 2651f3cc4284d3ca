//! A model together with how surely its parameters are known.

use perennial_math::random::Rng;

use crate::{InvalidSpend, TransactionModel, maximum_likelihood::draw_log_parameters};

/// A set of positive parameters with names, from which a model is made.
pub trait Parameters: Sized {
    /// The parameters' names as in the literature, in the order of [`Parameters::values`].
    const NAMES: &'static [&'static str];

    /// The parameters' values, all positive and finite.
    fn values(&self) -> Vec<f64>;

    /// The model with these parameters.
    ///
    /// # Errors
    /// When a value is not positive and finite, or there are not as many as names.
    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters>;
}

/// Why numbers are not the parameters of a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidParameters {
    /// A value out of range.
    #[error("parameter {name} is {value}; it must be positive and finite")]
    Value {
        /// The parameter's name.
        name: &'static str,
        /// The value given.
        value: f64,
    },
    /// Too few or too many.
    #[error("{given} parameters given, {expected} expected")]
    Count {
        /// How many were given.
        given: usize,
        /// How many the model has.
        expected: usize,
    },
}

/// How the search for the maximum of the likelihood ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// At a maximum inside the parameter space.
    Converged,
    /// The likelihood levels off while these parameters grow without bound or shrink to zero: the data say nothing
    /// more about them. Predictions at the point reached are usable, the parameters' own values mean little.
    Edge {
        /// The names of the parameters that ran away.
        parameters: Vec<&'static str>,
    },
    /// The search stopped before it reached a maximum; `gradient` is the largest slope left, per customer.
    Stalled {
        /// The largest absolute component of the gradient per customer on the log-parameters.
        gradient: f64,
    },
}

/// A fitted model: only a fit can predict.
#[derive(Debug, Clone)]
pub struct Fit<M> {
    /// The model at the maximum of the likelihood.
    pub model: M,
    /// The log-likelihood there, with all constants, in the time unit of the data.
    pub log_likelihood: f64,
    /// The standard error of each parameter by the delta method; `NAN` never: `None` where it cannot be had.
    pub standard_errors: Vec<Option<f64>>,
    /// The covariance of the *logarithms* of the parameters, row by row, from the inverse Hessian; flat directions (see
    /// [`Outcome::Edge`]) are held to a variance of 1.
    pub log_covariance: Vec<Vec<f64>>,
    /// How the search ended.
    pub outcome: Outcome,
    /// The number of customers that the fit saw.
    pub customers: f64,
    /// How often the likelihood was evaluated.
    pub evaluations: usize,
}

/// A parameter of a fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// The parameter's name as in the literature.
    pub name: &'static str,
    /// Its value at the maximum of the likelihood.
    pub value: f64,
    /// Its standard error by the delta method; `None` where it cannot be had.
    pub standard_error: Option<f64>,
}

/// A fitted transaction model of whatever kind.
pub type TransactionFit = Fit<Box<dyn TransactionModel>>;

impl<M> Fit<M> {
    /// Draws logarithms of the parameters around those of `values` and makes a model of each.
    fn draw_with<D>(
        &self,
        values: &[f64],
        n: usize,
        rng: &mut Rng,
        make: impl Fn(&[f64]) -> Result<D, InvalidParameters>,
    ) -> Vec<D> {
        draw_log_parameters(values, &self.log_covariance, n, rng)
            .into_iter()
            .filter_map(|drawn| make(&drawn).ok())
            .collect()
    }
}

impl<M: Parameters> Fit<M> {
    /// `n` models with parameters drawn from the normal approximation of their logarithms.
    pub fn draws(&self, n: usize, rng: &mut Rng) -> Vec<M> {
        self.draw_with(&self.model.values(), n, rng, M::from_values)
    }

    /// The parameters with their standard errors.
    pub fn estimates(&self) -> Vec<Estimated> {
        M::NAMES
            .iter()
            .zip(self.model.values())
            .zip(&self.standard_errors)
            .map(|((&name, value), &standard_error)| Estimated { name, value, standard_error })
            .collect()
    }
}

impl<M: TransactionModel + 'static> Fit<M> {
    /// The same fit with the kind of model known only at run time.
    #[must_use]
    pub fn into_dyn(self) -> TransactionFit {
        Fit {
            model: Box::new(self.model),
            log_likelihood: self.log_likelihood,
            standard_errors: self.standard_errors,
            log_covariance: self.log_covariance,
            outcome: self.outcome,
            customers: self.customers,
            evaluations: self.evaluations,
        }
    }
}

impl TransactionFit {
    /// `n` models with parameters drawn from the normal approximation of their logarithms.
    pub fn draw_models(&self, n: usize, rng: &mut Rng) -> Vec<Box<dyn TransactionModel>> {
        let values: Vec<f64> = self.model.parameters().iter().map(|(_, value)| *value).collect();
        self.draw_with(&values, n, rng, |drawn| self.model.with_parameters(drawn))
    }

    /// The parameters with their standard errors.
    #[must_use]
    pub fn parameter_estimates(&self) -> Vec<Estimated> {
        self.model
            .parameters()
            .into_iter()
            .zip(&self.standard_errors)
            .map(|((name, value), &standard_error)| Estimated { name, value, standard_error })
            .collect()
    }
}

/// Why no model could be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Too few customers with a repeat purchase to estimate anything.
    #[error("{repeat_customers} of {customers} customers bought again; a model needs at least {needed}")]
    TooFewRepeatCustomers {
        /// Customers with at least one repeat purchase.
        repeat_customers: u64,
        /// All customers.
        customers: u64,
        /// How many with a repeat purchase are needed.
        needed: u64,
    },
    /// A customer's mean spend that no likelihood exists for.
    #[error(transparent)]
    Spend(#[from] InvalidSpend),
    /// The Gamma-Gamma's q came out at or below 1, where the mean spend over customers does not exist.
    #[error(
        "the fitted Gamma-Gamma model has q = {q:.3}: with q <= 1 the mean spend of a customer has no finite expectation"
    )]
    NoMeanSpend {
        /// The fitted q.
        q: f64,
    },
    /// The likelihood was not finite anywhere that the search looked.
    #[error("the likelihood of {model} is not finite on this data")]
    NotFinite {
        /// The model's name.
        model: &'static str,
    },
}

/// The values of a model's parameters, checked to be as many as names, positive and finite.
pub(crate) fn checked<const N: usize>(
    names: &[&'static str],
    values: &[f64],
) -> Result<[f64; N], InvalidParameters> {
    for (&name, &value) in names.iter().zip(values) {
        if !(value > 0.0 && value.is_finite()) {
            return Err(InvalidParameters::Value { name, value });
        }
    }
    values.try_into().map_err(|_| InvalidParameters::Count { given: values.len(), expected: N })
}
