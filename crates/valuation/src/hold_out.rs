//! The result of a hold-out: a model fitted on the past, judged on what came after.

use jiff::civil::Date;
use perennial_models::{
    CovariateFit, Estimated, Fit, LikelihoodRatio, Outcome, Sample, SampleOrigin, TimeUnit, WeakCoefficient,
    Weakness,
};
use serde::{Deserialize, Serialize};

/// A fit as it is shown and printed: parameters with standard errors, log-likelihood, how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitSummary {
    /// The model's name, for example `bg-nbd`.
    pub model: String,
    /// The unit of time of the parameters and the log-likelihood.
    pub unit: TimeUnit,
    /// The last day that the fit saw.
    pub until: Date,
    /// The customers that the fit saw.
    pub customers: u64,
    /// The parameters by name, in the literature's order.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// Their standard errors; null where the data do not say.
    pub standard_errors: serde_json::Map<String, serde_json::Value>,
    /// The log-likelihood with all constants.
    pub log_likelihood: f64,
    /// The parameters that ran to the edge of their range, empty for an ordinary fit.
    pub edge: Vec<String>,
    /// False when the search stopped before a maximum.
    pub converged: bool,
    /// The draws behind the standard errors, where they are more than the curvature at a maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampleSummary>,
    /// What is known of the coefficients of covariates, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariates: Option<CovariateSummary>,
}

/// Draws of the parameters, and how far they can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum SampleSummary {
    /// From the posterior distribution.
    Posterior {
        /// The draws of all chains.
        draws: usize,
        /// The number of chains.
        chains: usize,
        /// The largest R-hat of a parameter; below 1.01 the chains agree.
        r_hat: f64,
        /// The smallest effective number of independent draws of a parameter.
        ess: f64,
        /// Transitions that diverged.
        divergences: usize,
    },
    /// Fits on resampled customers.
    Bootstrap {
        /// The fits.
        replicates: usize,
        /// Resamples on which no model could be fitted.
        failed: usize,
    },
}

impl SampleSummary {
    pub(crate) fn of(sample: &Sample) -> Self {
        match &sample.origin {
            SampleOrigin::Posterior(diagnostics) => Self::Posterior {
                draws: sample.values.len(),
                chains: diagnostics.chains,
                r_hat: diagnostics.r_hat.iter().copied().fold(f64::NAN, f64::max),
                ess: diagnostics
                    .bulk_ess
                    .iter()
                    .chain(&diagnostics.tail_ess)
                    .copied()
                    .fold(f64::NAN, f64::min),
                divergences: diagnostics.divergences,
            },
            SampleOrigin::Bootstrap { failed } => {
                Self::Bootstrap { replicates: sample.values.len(), failed: *failed }
            }
        }
    }
}

/// What covariates add to a model, and which of their coefficients say little.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CovariateSummary {
    /// The log-likelihood of the model without covariates.
    pub log_likelihood_without: f64,
    /// The likelihood-ratio test against it: statistic, degrees of freedom, p-value; `None` where the coefficients were penalised.
    pub likelihood_ratio: Option<(f64, usize, f64)>,
    /// The coefficients that should not be read as effects.
    pub weak: Vec<WeakSummary>,
}

/// A coefficient that should not be read as an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeakSummary {
    /// Its name, for example `dropout.Channel`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Why: `not_identified`, `extreme` or `imprecise`.
    pub code: String,
    /// How much: the factor between customers, or the standard error per standard deviation of the covariate.
    pub size: Option<f64>,
}

impl CovariateSummary {
    pub(crate) fn of<C, M>(fit: &CovariateFit<C, M>) -> Self {
        let weak = |weak: WeakCoefficient| {
            let (code, size) = match weak.weakness {
                Weakness::NotIdentified => ("not_identified", None),
                Weakness::Extreme { factor } => ("extreme", Some(factor)),
                Weakness::Imprecise { standard_error } => ("imprecise", Some(standard_error)),
            };
            WeakSummary { name: weak.name.to_string(), value: weak.value, code: code.to_owned(), size }
        };
        let test = |test: LikelihoodRatio| (test.statistic, test.degrees_of_freedom, test.p_value);
        Self {
            log_likelihood_without: fit.without.log_likelihood,
            likelihood_ratio: fit.likelihood_ratio().map(test),
            weak: fit.weak_coefficients().into_iter().map(weak).collect(),
        }
    }
}

/// The estimates of a fit that is of no day: parameters in the literature's order, log-likelihood, how it ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EstimateTable {
    /// Name, value and standard error (`None` where the data do not say) of each parameter.
    pub parameters: Vec<(String, f64, Option<f64>)>,
    /// The log-likelihood with all constants.
    pub log_likelihood: f64,
    /// The parameters that ran to the edge of their range, empty for an ordinary fit.
    pub edge: Vec<String>,
    /// False when the search stopped before a maximum.
    pub converged: bool,
}

impl EstimateTable {
    /// The estimates of a fit.
    #[must_use]
    pub fn of<M>(fit: &Fit<M>) -> Self {
        let row = |estimate: &Estimated| (estimate.name.to_string(), estimate.value, estimate.standard_error);
        Self {
            parameters: fit.parameters.iter().map(row).collect(),
            log_likelihood: fit.log_likelihood,
            edge: edge(&fit.outcome),
            converged: !matches!(fit.outcome, Outcome::Stalled { .. }),
        }
    }
}

/// The parameters that ran to the edge of their range.
pub(crate) fn edge(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Edge { parameters } => parameters.iter().map(ToString::to_string).collect(),
        Outcome::Converged | Outcome::Stalled { .. } => Vec::new(),
    }
}

/// A model judged on the time after its fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldOut {
    /// The fit that is judged.
    #[serde(flatten)]
    pub fit: FitSummary,
    /// The days of the hold-out, after `until`.
    pub hold_out_days: f64,
    /// Mean absolute error of the transactions per customer.
    pub mae: f64,
    /// Root mean squared error of the transactions per customer.
    pub rmse: f64,
    /// Transactions expected of all customers in the hold-out.
    pub predicted_total: f64,
    /// Transactions that they made.
    pub actual_total: f64,
    /// The mean over customers of ln P(X = observed): higher is better, a proper score.
    pub log_score: f64,
    /// The mean over customers of the continuous ranked probability score, in transactions: lower is better, a proper score.
    pub crps: f64,
    /// How far tenths of the customers by predicted transactions were off, as a share of what came; `None` when nobody bought.
    pub calibration_error: Option<f64>,
    /// The share of customers whose number of transactions fell into their interval.
    pub order_coverage: f64,
    /// The spend model behind the value, chosen on this hold-out; `None` without amounts or a spend model.
    pub spend_model: Option<String>,
    /// Spend in the hold-out, where the source has amounts.
    pub value: Option<ValueHoldOut>,
    /// Customers in tenths by predicted transactions, from the lowest.
    pub deciles: Vec<Decile>,
    /// Cumulative repeat transactions over calibration and hold-out.
    pub tracking: Vec<TrackingPoint>,
}

/// How well the value in the hold-out was predicted (undiscounted revenue net of refunds that belong to orders).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ValueHoldOut {
    /// Spend expected of all customers.
    pub predicted_total: f64,
    /// Spend that happened.
    pub actual_total: f64,
    /// Mean absolute error per customer.
    pub mae: f64,
    /// Root mean squared error per customer.
    pub rmse: f64,
    /// The share of customers whose spend fell into their interval.
    pub coverage: f64,
    /// The probability that the interval is meant to hold.
    pub level: f64,
}

/// A tenth of the customers by predicted transactions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// Customers in it.
    pub customers: u64,
    /// Mean predicted transactions in the hold-out.
    pub predicted: f64,
    /// Mean actual transactions.
    pub actual: f64,
}

/// A point of the tracking plot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrackingPoint {
    /// The day, counted to its end.
    pub day: Date,
    /// Repeat transactions up to that day.
    pub actual: f64,
    /// Repeat transactions that the model expects up to that day.
    pub expected: f64,
    /// Lower end of the 80 % band.
    pub lower: f64,
    /// Upper end of the 80 % band.
    pub upper: f64,
}

/// Why a model was chosen: each candidate's mean scores over rolling hold-outs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// The name of the chosen model.
    pub chosen: String,
    /// True when the choice was by hold-outs; false when the user named the model or history is too short to judge.
    pub by_hold_out: bool,
    /// The candidates, best first.
    pub candidates: Vec<Candidate>,
    /// The last days of the calibrations, earliest first.
    pub origins: Vec<Date>,
    /// The days of each hold-out; 0 without any.
    pub hold_out_days: u32,
    /// The probability that the candidates' intervals are meant to hold.
    pub level: f64,
}

/// Why a spend model was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendSelection {
    /// The name of the chosen model.
    pub chosen: String,
    /// What the choice rests on.
    pub reason: SpendReason,
    /// The candidates, best first; without a hold-out only those that could not be fitted.
    pub candidates: Vec<SpendCandidate>,
    /// The last day of the calibration; `None` without a hold-out.
    pub until: Option<Date>,
    /// The days of the hold-out; 0 without any.
    pub hold_out_days: u32,
}

/// What the choice of a spend model rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpendReason {
    /// It gave what customers spent in the hold-out the highest density.
    HoldOut,
    /// The other could not be fitted.
    OnlyOne,
    /// Nothing could be held out, so it is the literature's.
    NoHoldOut,
    /// It is that of a saved fit.
    Saved,
}

/// A spend model's scores on the hold-out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendCandidate {
    /// The model's name.
    pub model: String,
    /// The mean over transactions of the log-density of their values given the customer's history; higher is better. `None` when
    /// it was not judged.
    pub log_density: Option<f64>,
    /// The mean over customers of the absolute error of their mean spend, in units of the currency.
    pub mae: Option<f64>,
    /// Why it could not be fitted.
    pub failure: Option<String>,
}

/// A model's mean scores over the rolling hold-outs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The model's name.
    pub model: String,
    /// Mean log score per customer; higher is better. `None` when the model could not be fitted.
    pub log_score: Option<f64>,
    /// Mean continuous ranked probability score per customer, in transactions; lower is better.
    pub crps: Option<f64>,
    /// Mean absolute error of the transactions per customer.
    pub mae: Option<f64>,
    /// Root mean squared error per customer.
    pub rmse: Option<f64>,
    /// (predicted - actual) / actual transactions over all hold-outs.
    pub bias: Option<f64>,
    /// The root mean square over the hold-outs of (predicted - actual) / actual of the total: how far a total of this model
    /// was off. Totals' intervals contain it.
    pub total_error: Option<f64>,
    /// How far tenths of the customers by predicted transactions were off, as a share of what came: 0 is perfect calibration.
    pub calibration_error: Option<f64>,
    /// The share of customers whose transactions fell into their interval, the parameters taken as certain.
    pub coverage: Option<f64>,
    /// Why it could not be fitted.
    pub failure: Option<String>,
}
