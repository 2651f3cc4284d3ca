//! A model together with how surely its parameters are known.

use std::borrow::Cow;

use perennial_math::random::Rng;

use crate::{
    InvalidParameters, InvalidSpend, RetentionModel, TransactionModel,
    estimation::{Diagnostics, InvalidPrior, draw_coordinates},
};

/// The name of a parameter as in the literature; those of covariates are made from the covariates' names.
pub type Name = Cow<'static, str>;

/// The coordinate of a parameter: in it the search for the maximum runs, and in it an estimate is about normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// The logarithm, of a parameter that is positive.
    Log,
    /// The value itself, of a coefficient of either sign.
    Identity,
}

impl Scale {
    /// The coordinate of a value.
    #[must_use]
    pub fn coordinate(self, value: f64) -> f64 {
        match self {
            Self::Log => value.ln(),
            Self::Identity => value,
        }
    }

    /// The value at a coordinate.
    #[must_use]
    pub fn value(self, coordinate: f64) -> f64 {
        match self {
            Self::Log => coordinate.exp(),
            Self::Identity => coordinate,
        }
    }

    /// The derivative of the value by the coordinate, at a value.
    #[must_use]
    pub fn slope(self, value: f64) -> f64 {
        match self {
            Self::Log => value,
            Self::Identity => 1.0,
        }
    }
}

/// How the search for the maximum of the likelihood ended; that for the middle of a posterior distribution always converges or is an
/// error, and its [`Diagnostics`] say how good the sample is.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// At a maximum inside the parameter space.
    Converged,
    /// The likelihood levels off while these parameters grow without bound or shrink to zero: the data say nothing
    /// more about them. Predictions at the point reached are usable, the parameters' own values mean little.
    Edge {
        /// The names of the parameters that ran away.
        parameters: Vec<Name>,
    },
    /// The search stopped before it reached a maximum; `gradient` is the largest slope left, per customer.
    Stalled {
        /// The largest absolute component of the gradient per customer on the parameters' coordinates.
        gradient: f64,
    },
}

/// A parameter of a fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// The parameter's name as in the literature.
    pub name: Name,
    /// Its value: at the maximum of the likelihood, or the posterior mean (taken on its coordinate).
    pub value: f64,
    /// Its standard error, or posterior standard deviation; `None` where it cannot be had.
    pub standard_error: Option<f64>,
    /// The coordinate in which it is about normal.
    pub scale: Scale,
}

/// Parameter values in place of the normal approximation: one row per draw, one column per parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The values, in the order of the fit's parameters; draws of all chains or replicates one after the other.
    pub values: Vec<Vec<f64>>,
    /// Where they come from.
    pub origin: SampleOrigin,
}

/// Where a sample of parameter values comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleOrigin {
    /// Draws from the posterior distribution.
    Posterior(Diagnostics),
    /// Maximum-likelihood estimates on resampled customers.
    Bootstrap {
        /// Replicates on which no model could be fitted; they are left out.
        failed: usize,
    },
}

/// A fitted model: only a fit can predict.
#[derive(Debug, Clone)]
pub struct Fit<M> {
    /// The model at [`Fit::parameters`].
    pub model: M,
    /// The parameters, with their standard errors.
    pub parameters: Vec<Estimated>,
    /// The covariance of the parameters' coordinates (see [`Estimated::scale`]), row by row: from the inverse Hessian, with flat
    /// directions (see [`Outcome::Edge`]) held to a variance of 1, or from the sample.
    pub covariance: Vec<Vec<f64>>,
    /// Draws of the parameters where more is known than the normal approximation.
    pub sample: Option<Sample>,
    /// The log-likelihood at the parameters, with all constants, in the time unit of the data.
    pub log_likelihood: f64,
    /// How the search ended.
    pub outcome: Outcome,
    /// The number of customers that the fit saw.
    pub customers: f64,
    /// How often the likelihood was evaluated.
    pub evaluations: usize,
}

/// A fitted transaction model of whatever kind.
pub type TransactionFit = Fit<Box<dyn TransactionModel>>;

/// A fitted model of retention of whatever kind.
pub type RetentionFit = Fit<Box<dyn RetentionModel>>;

impl<M> Fit<M> {
    /// The same fit with the model turned into another type.
    pub fn map<N>(self, turn: impl FnOnce(M) -> N) -> Fit<N> {
        Fit {
            model: turn(self.model),
            parameters: self.parameters,
            covariance: self.covariance,
            sample: self.sample,
            log_likelihood: self.log_likelihood,
            outcome: self.outcome,
            customers: self.customers,
            evaluations: self.evaluations,
        }
    }

    /// What the fit says of its parameters, with something else in place of the model.
    pub fn clone_about<N>(&self, about: N) -> Fit<N> {
        Fit {
            model: about,
            parameters: self.parameters.clone(),
            covariance: self.covariance.clone(),
            sample: self.sample.clone(),
            log_likelihood: self.log_likelihood,
            outcome: self.outcome.clone(),
            customers: self.customers,
            evaluations: self.evaluations,
        }
    }

    /// The parameters' values.
    pub fn values(&self) -> Vec<f64> {
        self.parameters.iter().map(|parameter| parameter.value).collect()
    }

    /// At most `n` sets of parameter values as likely as the data make them: from the sample where there is one, evenly spaced over
    /// it and `n` at most; else from the normal approximation of their coordinates.
    pub fn draw_values(&self, n: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
        match &self.sample {
            Some(sample) => {
                let available = sample.values.len();
                let n = n.min(available);
                (0..n).map(|i| sample.values[(2 * i + 1) * available / (2 * n)].clone()).collect()
            }
            None => draw_coordinates(&self.parameters, &self.covariance, n, rng),
        }
    }
}

impl<M: Parameters> Fit<M> {
    /// Models of [`Fit::draw_values`].
    pub fn draws(&self, n: usize, rng: &mut Rng) -> Vec<M> {
        self.draw_values(n, rng).iter().filter_map(|values| self.model.with_values(values).ok()).collect()
    }
}

impl<M: TransactionModel + 'static> Fit<M> {
    /// The same fit with the kind of model known only at run time.
    #[must_use]
    pub fn into_dyn(self) -> TransactionFit {
        self.map(|model| Box::new(model) as Box<dyn TransactionModel>)
    }
}

impl<M: RetentionModel + 'static> Fit<M> {
    /// The same fit with the kind of retention model known only at run time.
    #[must_use]
    pub fn into_dyn_retention(self) -> RetentionFit {
        self.map(|model| Box::new(model) as Box<dyn RetentionModel>)
    }
}

impl TransactionFit {
    /// Models of [`Fit::draw_values`].
    pub fn draw_models(&self, n: usize, rng: &mut Rng) -> Vec<Box<dyn TransactionModel>> {
        let drawn = self.draw_values(n, rng);
        drawn.iter().filter_map(|values| self.model.with_parameters(values).ok()).collect()
    }
}

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

    /// The model with other values of the estimated parameters, those of [`Fit::parameters`]; what was chosen and not estimated stays as it
    /// is here.
    ///
    /// # Errors
    /// As [`Parameters::from_values`].
    fn with_values(&self, values: &[f64]) -> Result<Self, InvalidParameters> {
        Self::from_values(values)
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
    /// Too few contracts have ended to estimate anything.
    #[error("{ended} contracts have ended; {model} needs at least {needed}")]
    TooFewEnded {
        /// The model's name.
        model: &'static str,
        /// Contracts that have ended.
        ended: u64,
        /// How many are needed.
        needed: u64,
    },
    /// A history does not say how regular the purchases were, which the model is about.
    #[error("{model} needs the times between the purchases of every customer (the sum of their logarithms)")]
    NoIntervals {
        /// The model's name.
        model: &'static str,
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
    /// A prior that cannot be.
    #[error(transparent)]
    Prior(#[from] InvalidPrior),
    /// A setting out of range.
    #[error("{what}")]
    Settings {
        /// What would be in range.
        what: &'static str,
    },
    /// The sampler could not start or go on.
    #[error("the posterior distribution of {model} could not be sampled: {reason}")]
    Sampling {
        /// The model's name.
        model: &'static str,
        /// Why.
        reason: String,
    },
    /// The model could be fitted on next to none of the resampled customers.
    #[error(
        "{succeeded} of {replicates} replicates of the bootstrap could be fitted; at least two are needed"
    )]
    TooFewReplicates {
        /// Replicates that were fitted.
        succeeded: usize,
        /// All replicates.
        replicates: usize,
    },
    /// The likelihood was not finite anywhere that the search looked.
    #[error("the likelihood of {model} is not finite on this data")]
    NotFinite {
        /// The model's name.
        model: &'static str,
    },
}
