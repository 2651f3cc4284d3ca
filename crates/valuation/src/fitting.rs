//! From histories to fitted models, and from a fit to what is shown of it.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::{
    CustomerBase, Estimated, Fit, FitError, GammaGamma, MeanSpend, ModelKind, Outcome, Purchases, SpendModel,
    TimeUnit, TransactionFit,
};
use serde_json::Value;

use crate::Error;
use crate::hold_out::FitSummary;
use crate::summary::{self, History, Spend};

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

/// Fits a model on the orders up to `until` (the last day of the data when `None`).
///
/// # Errors
/// When there are no orders by then, or too little data for the model.
pub fn fit(
    session: &Session,
    reading: &Reading,
    kind: FitKind,
    until: Option<Date>,
    unit: TimeUnit,
) -> Result<FitSummary, Error> {
    let until = until.unwrap_or(reading.last_day);
    summary::summarise(session, reading, FIT_TABLE, until)?;
    match kind {
        FitKind::Transactions(kind) => {
            let histories = summary::histories(session, FIT_TABLE, until, summary::scale(reading))?;
            let fit = fit_transactions(kind, &histories, unit)
                .map_err(|source| Error::Fit { model: kind.title(), source })?;
            Ok(transaction_summary(&fit, unit, until))
        }
        FitKind::Spend => {
            if !reading.has_amounts {
                return Err(Error::NoAmounts);
            }
            let fit = fit_spend(&summary::spends(session, FIT_TABLE, summary::scale(reading))?)
                .map_err(|source| Error::Fit { model: "Gamma-Gamma", source })?;
            Ok(spend_summary(&fit, unit, until))
        }
    }
}

/// The history in the models' terms; the summary guarantees that its numbers fit together.
pub(crate) fn purchases(history: &History, unit: TimeUnit) -> Option<Purchases> {
    let (recency, age) = (f64::from(history.recency) / unit.days(), f64::from(history.age) / unit.days());
    Purchases::new(history.frequency, recency, age).ok()
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
) -> Result<TransactionFit, FitError> {
    kind.fit(&customer_base(histories, unit))
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
        edge: match &fit.outcome {
            Outcome::Edge { parameters } => parameters.iter().map(ToString::to_string).collect(),
            Outcome::Converged | Outcome::Stalled { .. } => Vec::new(),
        },
        converged: !matches!(fit.outcome, Outcome::Stalled { .. }),
    }
}
