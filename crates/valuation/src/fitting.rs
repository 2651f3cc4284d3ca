//! From histories to fitted models, and from a fit to what is shown of it.

use std::sync::Arc;

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::saved::{FittedData, to_json};
use perennial_models::{
    CovariateBase, CovariateTerms, CustomerBase, Estimated, Fit, Intervals, ModelKind, Outcome, Pooling,
    Purchases, Sampling, SpendFit, SpendKind, TimeUnit,
};
use serde_json::{Map, Value};

use crate::Error;
use crate::covariates::Covariates;
use crate::history::{self, Detail, History};
use crate::hold_out::{CovariateSummary, FitSummary, SampleSummary, edge};
use crate::request::{CovariateEffects, Estimating, Progress, Stage, Uncertainty};
use crate::spending::{self, Comparison, Spending};
use crate::summary;
use crate::transactions::FittedTransactions;

/// The table that a fit outside of a valuation summarises into.
const FIT_TABLE: &str = "fit_summary";

/// What can be fitted on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitKind {
    /// A model of when customers buy and leave.
    Transactions(ModelKind),
    /// A model of what they spend.
    Spend(SpendKind),
}

/// What is fitted, and on what.
#[derive(Debug, Clone)]
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
    pub fn new(until: Option<Date>) -> Self {
        Self { until, unit: TimeUnit::Week, estimating: Estimating::default(), seed: 1 }
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
            FitKind::Spend(_) => None,
        })
        .collect();
    // Only log-normal spend needs logarithms.
    let logs = reading.has_amounts && kinds.contains(&FitKind::Spend(SpendKind::LogNormal));
    let detail = detail(&transactions, &request.estimating).with_logs(logs);
    request.estimating.prepare(session, reading)?;
    summary::summarise(session, reading, FIT_TABLE, until, detail)?;
    let scale = summary::scale(reading);
    let histories = history::histories(session, FIT_TABLE, until, scale, detail)?;
    let steps = kinds.len() as u64;
    let fit = |(step, kind): (usize, &FitKind)| {
        progress(Stage::Fit, step as u64, steps);
        match kind {
            FitKind::Transactions(kind) => {
                let fit =
                    fit_transactions(*kind, &histories, request.unit, &request.estimating, request.seed)?;
                Ok(transaction_summary(&fit, request.unit, until))
            }
            FitKind::Spend(_) if !reading.has_amounts => Err(Error::NoAmounts),
            FitKind::Spend(kind) => {
                let spends = spending::spends(session, FIT_TABLE, until, scale, detail)?;
                let fit = spending::fit(*kind, &spends)
                    .map_err(|source| Error::Fit { model: kind.title(), reason: source })?;
                Ok(spend_summary(&fit, request.unit, until))
            }
        }
    };
    let fitted = kinds.iter().enumerate().map(fit).collect();
    progress(Stage::Fit, steps, steps);
    Ok(fitted)
}

/// Fits a transaction model, and the spend model where there are amounts, on the orders up to a day, as the text of a file from
/// which [`perennial_models::saved::from_json`] gives them back.
///
/// # Errors
/// When there are no orders by then or too little data, and for fits with covariates or groups, which have no saved form yet.
pub fn saved_fit(
    session: &Session,
    reading: &Reading,
    kind: ModelKind,
    request: &FitRequest,
) -> Result<String, Error> {
    if request.estimating.has_profiles() {
        return Err(Error::NotSaved { problem: "a fit with covariates or groups".to_owned() });
    }
    let until = request.until.unwrap_or(reading.last_day);
    let detail = detail(&[kind], &request.estimating).with_logs(reading.has_amounts);
    summary::summarise(session, reading, FIT_TABLE, until, detail)?;
    let scale = summary::scale(reading);
    let histories = history::histories(session, FIT_TABLE, until, scale, detail)?;
    let fitted = fit_transactions(kind, &histories, request.unit, &request.estimating, request.seed)?;
    let spends = reading
        .has_amounts
        .then(|| spending::spends(session, FIT_TABLE, until, scale, detail))
        .transpose()?;
    let spend = spends.and_then(|spends| Spending::new(&spends, &Comparison::default()).fit.ok());
    let data = FittedData::of(
        &customer_base(&histories, request.unit),
        reading.first_day.to_string(),
        until.to_string(),
    );
    let fit = fitted.shared().ok_or_else(|| Error::NotSaved { problem: "this fit".to_owned() })?;
    to_json(fit, spend.as_ref(), request.unit, &data)
        .map_err(|error| Error::NotSaved { problem: error.to_string() })
}

/// What models of these kinds need to know of the customers.
pub(crate) fn detail(kinds: &[ModelKind], estimating: &Estimating) -> Detail {
    let intervals = kinds.iter().map(|kind| kind.intervals()).max().unwrap_or(Intervals::Unused);
    Detail { intervals, profiles: estimating.has_profiles(), logs: false }
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
///
/// # Errors
/// When there is too little data for the model, or it does not go together with how it should be estimated.
pub(crate) fn fit_transactions(
    kind: ModelKind,
    histories: &[History],
    unit: TimeUnit,
    estimating: &Estimating,
    seed: u64,
) -> Result<FittedTransactions, Error> {
    let failed = |source| Error::Fit { model: kind.title(), reason: source };
    if let Some(groups) = &estimating.groups {
        return fit_groups(kind, histories, unit, groups, estimating, seed);
    }
    match &estimating.covariates {
        None => kind
            .estimate(&customer_base(histories, unit), &estimating.estimation(seed))
            .map(FittedTransactions::same)
            .map_err(failed),
        Some(_) if estimating.uncertainty != Uncertainty::Fast => Err(Error::FastOnly),
        Some(effects) => fit_with_covariates(kind, histories, unit, effects),
    }
}

/// Fits the groups of customers together.
fn fit_groups(
    kind: ModelKind,
    histories: &[History],
    unit: TimeUnit,
    groups: &Covariates,
    estimating: &Estimating,
    seed: u64,
) -> Result<FittedTransactions, Error> {
    let mut bases = vec![CustomerBase::new(); groups.names.len()];
    for history in histories {
        if let (Some(customer), Some(base)) =
            (purchases(history, unit), bases.get_mut(history.profile as usize))
        {
            base.push(customer, history.customers as u64);
        }
    }
    let sampling = Sampling { seed, priors: estimating.priors.clone(), ..Sampling::default() };
    let pooled = kind
        .pool(&bases, &Pooling { sampling, ..Pooling::default() })
        .map_err(|source| Error::Fit { model: kind.title(), reason: source })?;
    Ok(FittedTransactions::by_group(pooled, &groups.names))
}

fn fit_with_covariates(
    kind: ModelKind,
    histories: &[History],
    unit: TimeUnit,
    effects: &CovariateEffects,
) -> Result<FittedTransactions, Error> {
    let failed = |problem: String| Error::CovariateFit { model: kind.title(), problem };
    let (names, profiles) = (&effects.covariates.names, &effects.covariates.profiles);
    let mut base = CovariateBase::new(names);
    for history in histories {
        if let (Some(customer), Some(values)) =
            (purchases(history, unit), profiles.get(history.profile as usize))
        {
            base.push(values, customer, history.customers as u64)
                .map_err(|error| failed(error.to_string()))?;
        }
    }
    let mut terms = CovariateTerms::all(names, &effects.processes);
    for process in &effects.processes {
        terms = terms.penalised(*process, effects.penalty);
    }
    let fit = kind.fit_with_covariates(&base, &terms).map_err(|error| failed(error.to_string()))?;
    Ok(FittedTransactions::by_profile(fit, Arc::clone(profiles)))
}

/// What is shown of a transaction model's fit.
pub(crate) fn transaction_summary(models: &FittedTransactions, unit: TimeUnit, until: Date) -> FitSummary {
    let fit = models.fit();
    let estimated = fit_summary(fit, fit.model, unit, until);
    let (mut parameters, mut standard_errors) = chosen(models);
    parameters.extend(estimated.parameters);
    standard_errors.extend(estimated.standard_errors);
    FitSummary {
        parameters,
        standard_errors,
        covariates: models.covariates().map(CovariateSummary::of),
        ..estimated
    }
}

/// The parameters that were chosen and not estimated (the k of the regular models), and that they have no standard error.
fn chosen(models: &FittedTransactions) -> (Map<String, Value>, Map<String, Value>) {
    let all = models.shared().map(|fit| fit.model.parameters()).unwrap_or_default();
    let estimated = |name: &str| models.fit().parameters.iter().any(|parameter| parameter.name == name);
    let chosen: Vec<_> = all.into_iter().filter(|(name, _)| !estimated(name)).collect();
    (
        chosen.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect(),
        chosen.iter().map(|(name, _)| ((*name).to_owned(), Value::Null)).collect(),
    )
}

/// What is shown of a spend model's fit.
pub(crate) fn spend_summary(fit: &SpendFit, unit: TimeUnit, until: Date) -> FitSummary {
    fit_summary(fit, fit.model.name(), unit, until)
}

pub(crate) fn fit_summary<M>(fit: &Fit<M>, model: &str, unit: TimeUnit, until: Date) -> FitSummary {
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
        sample: fit.sample.as_ref().map(SampleSummary::of),
        covariates: None,
    }
}
