//! From histories to fitted models, and from a fit to what is shown of it.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::{
    CustomerBase, Estimated, Fit, FitError, GammaGamma, Intervals, MeanSpend, ModelKind, Outcome, Purchases,
    SpendModel, TimeUnit, TransactionFit,
};
use serde_json::Value;

use crate::history::{self, Detail, History};
use crate::hold_out::{FitSummary, edge};
use crate::request::{Estimating, Progress, Stage};
use crate::summary::{self, Spend};
use crate::transactions::FittedTransactions;
use crate::Error;

/// The table that a fit outside of a valuation summarises into.
const FIT_TABLE: &str = "fit_summary";

/// What can be fitted on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitKind {
    /// A model of when customers buy and leave.
    Transactions(ModelKind),
    /// The Gamma-Gamma model of what they spend.
    Spend,
}

/// What is fitted, and on what.
#[derive(Debug, Clone, Copy)]
pub struct FitRequest {
    /// The last day that the fit sees; `None` takes the last day of the data.
    pub until: Option<Date>,
    /// The unit in which the models count time.
    pub unit: TimeUnit,
    /// How the parameters are estimated.
    pub estimating: Estimating,
    /// The seed of everything random.
    pub seed: u64,
}

impl FitRequest {
    /// All orders up to a day, by maximum likelihood; `None` takes the last day of the data.
    #[must_use]
    pub const fn new(until: Option<Date>) -> Self {
        Self { until, unit: TimeUnit::Week, estimating: Estimating::Fast, seed: 1 }
    }
}

/// Fits models on the orders up to a day; each has a result or an error of its own.
///
/// # Errors
/// When there are no orders by then.
pub fn fits(
    session: &Session,
    reading: &Reading,
    kinds: &[FitKind],
    request: &FitRequest,
    progress: Progress,
) -> Result<Vec<Result<FitSummary, Error>>, Error> {
    let until = request.until.unwrap_or(reading.last_day);
    let transactions: Vec<ModelKind> = kinds
        .iter()
        .filter_map(|kind| match kind {
            FitKind::Transactions(kind) => Some(*kind),
            FitKind::Spend => None,
        })
        .collect();
    let detail = detail(&transactions);
    summary::summarise(session, reading, FIT_TABLE, until, detail)?;
    let scale = summary::scale(reading);
    let histories = history::histories(session, FIT_TABLE, until, scale, detail)?;
    let steps = kinds.len() as u64;
    let fit = |(step, kind): (usize, &FitKind)| {
        progress(Stage::Fit, step as u64, steps);
        match kind {
            FitKind::Transactions(kind) => {
                let fit = fit_transactions(*kind, &histories, request.unit, request.estimating, request.seed)
                    .map_err(|source| Error::Fit { model: kind.title(), source })?;
                Ok(transaction_summary(fit.fit(), request.unit, until))
            }
            FitKind::Spend if !reading.has_amounts => Err(Error::NoAmounts),
            FitKind::Spend => {
                let fit = fit_spend(&summary::spends(session, FIT_TABLE, scale)?)
                    .map_err(|source| Error::Fit { model: "Gamma-Gamma", source })?;
                Ok(spend_summary(&fit, request.unit, until))
            }
        }
    };
    let fitted = kinds.iter().enumerate().map(fit).collect();
    progress(Stage::Fit, steps, steps);
    Ok(fitted)
}

/// What models of these kinds need to know of the customers.
pub(crate) fn detail(kinds: &[ModelKind]) -> Detail {
    let intervals = kinds.iter().map(|kind| kind.intervals()).max().unwrap_or(Intervals::Unused);
    Detail { intervals, profiles: false }
}

/// The history in the models' terms; the summary guarantees that its numbers fit together.
pub(crate) fn purchases(history: &History, unit: TimeUnit) -> Option<Purchases> {
    let (recency, age) = (f64::from(history.recency) / unit.days(), f64::from(history.age) / unit.days());
    let purchases = Purchases::new(history.frequency, recency, age).ok()?;
    Some(match history.log_intervals(unit.days()) {
        Some(sum) => purchases.with_log_intervals(sum),
        None => purchases,
    })
}

/// The customers' transaction histories as a model sees them.
pub(crate) fn customer_base(histories: &[History], unit: TimeUnit) -> CustomerBase {
    let mut base = CustomerBase::new();
    for history in histories {
        if let Some(purchases) = purchases(history, unit) {
            base.push(purchases, history.customers as u64);
        }
    }
    base
}

/// Fits a transaction model on distinct histories.
pub(crate) fn fit_transactions(
    kind: ModelKind,
    histories: &[History],
    unit: TimeUnit,
    _estimating: Estimating,
    _seed: u64,
) -> Result<FittedTransactions, FitError> {
    kind.fit(&customer_base(histories, unit)).map(FittedTransactions::same)
}

/// Fits the Gamma-Gamma model on distinct spends.
pub(crate) fn fit_spend(spends: &[Spend]) -> Result<Fit<GammaGamma>, FitError> {
    let (means, counts): (Vec<_>, Vec<_>) = spends
        .iter()
        .map(|spend| (MeanSpend { transactions: spend.transactions, mean: spend.mean }, spend.customers))
        .unzip();
    GammaGamma::fit(&means, &counts)
}

/// What is shown of a transaction model's fit.
pub(crate) fn transaction_summary(fit: &TransactionFit, unit: TimeUnit, until: Date) -> FitSummary {
    fit_summary(fit, fit.model.name(), unit, until)
}

/// What is shown of a spend model's fit.
pub(crate) fn spend_summary(fit: &Fit<GammaGamma>, unit: TimeUnit, until: Date) -> FitSummary {
    fit_summary(fit, fit.model.name(), unit, until)
}

fn fit_summary<M>(fit: &Fit<M>, model: &str, unit: TimeUnit, until: Date) -> FitSummary {
    let by_name = |value: fn(&Estimated) -> Value| {
        fit.parameters.iter().map(|parameter| (parameter.name.to_string(), value(parameter))).collect()
    };
    FitSummary {
        model: model.to_owned(),
        unit,
        until,
        customers: fit.customers as u64,
        parameters: by_name(|parameter| Value::from(parameter.value)),
        standard_errors: by_name(|parameter| Value::from(parameter.standard_error)),
        log_likelihood: fit.log_likelihood,
        edge: edge(&fit.outcome),
        converged: !matches!(fit.outcome, Outcome::Stalled { .. }),
    }
}
