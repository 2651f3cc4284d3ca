//! What a user asks of a valuation.

use std::sync::Arc;

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::saved::SavedFit;
use perennial_models::{Estimation, Intervals, ModelKind, Priors, Process, Resampling, Sampling, TimeUnit};

use crate::{Covariates, Error};

/// What to value and how; everything that has a default has it in [`Request::new`].
#[derive(Debug, Clone)]
pub struct Request {
    /// The last day that counts; `None` takes the last day of the data.
    pub as_of: Option<Date>,
    /// The horizon of the predicted value, in days.
    pub horizon_days: f64,
    /// The annual discount rate.
    pub discount: f64,
    /// The margin as a share of revenue; `None` takes it from the costs in the data, where there are any.
    pub margin: Option<f64>,
    /// What lowers the margin beside the costs of goods; where no margin is known there is nothing to lower.
    pub other_costs: OtherCosts,
    /// Which transaction model to take.
    pub model: ModelChoice,
    /// The unit in which the models count time.
    pub unit: TimeUnit,
    /// How the parameters are estimated.
    pub estimating: Estimating,
    /// The probability that an interval is meant to hold.
    pub level: f64,
    /// The seed of everything random.
    pub seed: u64,
    /// Today, for the age of the data.
    pub today: Date,
    /// A fit to score with, instead of fitting; its model and its unit of time take the place of those asked for.
    pub saved: Option<Arc<SavedFit>>,
}

impl Request {
    /// A valuation over 365 days at 10 % a year, by the model that does best on hold-outs, with 80 % intervals.
    #[must_use]
    pub fn new(today: Date) -> Self {
        Self {
            as_of: None,
            horizon_days: 365.0,
            discount: 0.1,
            margin: None,
            other_costs: OtherCosts::default(),
            model: ModelChoice::Auto,
            unit: TimeUnit::Week,
            estimating: Estimating::default(),
            level: 0.8,
            seed: 1,
            today,
            saved: None,
        }
    }
}

/// What orders cost beside their goods.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OtherCosts {
    /// What an order costs whatever its value, in units of the currency; orders of a customer on one day are one.
    pub per_order: f64,
    /// The share of revenue that goes to others, 0.03 for 3 %.
    pub share_of_revenue: f64,
}

/// A figure of a request, if it is allowed.
pub(crate) fn in_range(name: &'static str, value: f64, ok: bool, range: &'static str) -> Result<f64, Error> {
    if ok { Ok(value) } else { Err(Error::OutOfRange { name, value, range }) }
}

/// How the parameters of the transaction models are estimated.
#[derive(Debug, Clone, Default)]
pub struct Estimating {
    /// Where the uncertainty of every prediction comes from.
    pub uncertainty: Uncertainty,
    /// The prior distributions where they are not the default ones, for [`Uncertainty::Bayes`].
    pub priors: Priors,
    /// What is known of the customers beside their orders, and what it moves.
    pub covariates: Option<CovariateEffects>,
    /// Groups of customers (channels, cohorts) whose parameters are estimated together: those of a small group lean on the others'.
    pub groups: Option<Covariates>,
}

/// Covariates and what they move.
#[derive(Debug, Clone)]
pub struct CovariateEffects {
    /// The covariates of all customers.
    pub covariates: Covariates,
    /// The processes that they move.
    pub processes: Vec<Process>,
    /// How strongly the coefficients are drawn to 0: the weight of the sum of their squares in the log-likelihood.
    pub penalty: f64,
}

impl Estimating {
    /// The way of the models' library.
    pub(crate) fn estimation(&self, seed: u64) -> Estimation {
        match self.uncertainty {
            Uncertainty::Fast => Estimation::MaximumLikelihood,
            Uncertainty::Bayes => {
                Estimation::Bayes(Sampling { seed, priors: self.priors.clone(), ..Sampling::default() })
            }
            Uncertainty::Bootstrap => Estimation::Bootstrap(Resampling { seed, ..Resampling::default() }),
        }
    }

    /// Whether customers are of different profiles.
    pub(crate) fn has_profiles(&self) -> bool {
        self.covariates.is_some() || self.groups.is_some()
    }

    /// The kinds among these that can be estimated so: where there are covariates, those that take them; of groups, those that need not
    /// know the times between purchases.
    #[must_use]
    pub fn possible(&self, kinds: &[ModelKind]) -> Vec<ModelKind> {
        let possible = |kind: &ModelKind| {
            (self.covariates.is_none() || kind.takes_covariates())
                && (self.groups.is_none() || kind.intervals() == Intervals::Unused)
        };
        kinds.iter().copied().filter(possible).collect()
    }

    /// Makes the customers' covariates known to the session.
    pub(crate) fn prepare(&self, session: &Session, reading: &Reading) -> Result<(), Error> {
        let covariates = self.covariates.as_ref().map(|effects| &effects.covariates).or(self.groups.as_ref());
        covariates.map_or(Ok(()), |covariates| covariates.register(session, reading))
    }
}

/// Where the uncertainty of the parameters, and of every prediction, comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Uncertainty {
    /// Maximum likelihood, with the normal approximation around it.
    #[default]
    Fast,
    /// The posterior distribution, sampled.
    Bayes,
    /// Maximum likelihood on resampled customers.
    Bootstrap,
}

/// Which transaction model to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelChoice {
    /// The one that does best on rolling hold-outs.
    Auto,
    /// This one.
    Named(ModelKind),
}

impl ModelChoice {
    /// The kinds that come into question.
    pub(crate) fn kinds(self) -> Vec<ModelKind> {
        match self {
            Self::Auto => ModelKind::CANDIDATES.to_vec(),
            Self::Named(kind) => vec![kind],
        }
    }
}

/// What is under way, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Orders are summarised per customer.
    Summarise,
    /// Candidate models are judged on rolling hold-outs.
    Select,
    /// The chosen models are fitted on the whole history.
    Fit,
    /// Distinct histories are scored.
    Score,
    /// Values are joined back to customers.
    Join,
    /// The chosen model is judged on the last hold-out.
    Validate,
}

/// Called as work goes on: the stage, steps done, steps in all.
pub type Progress<'a> = &'a (dyn Fn(Stage, u64, u64) + Sync);
