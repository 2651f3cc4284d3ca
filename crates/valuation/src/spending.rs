//! What customers spend: from the summary to the spend model, chosen by what came true.
//!
//! Gamma-Gamma sees a customer's mean spend, the log-normal model the logarithms of the values. So where the source has amounts, the
//! summary holds the sums of ln(value) and of its square over repeat transactions with spend, as whole numbers of [`LOG_UNITS`]
//! (squares: of its square): whole numbers add up to the same sum in any order.

use jiff::civil::Date;
use perennial_lake::Session;
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_models::{
    FitError, MINIMUM_REPEAT_CUSTOMERS, SpendFit, SpendHistory, SpendHoldOut, SpendKind, SpendScore,
};

use crate::Error;
use crate::columns::{i64s, u32s};
use crate::history::Detail;
use crate::hold_out::{SpendCandidate, SpendReason, SpendSelection};

/// ln(value) is counted in this part of one. An amount below [`perennial_lake::SPEND_LIMIT`] has a square of at most 9e14, so that a
/// 64-bit sum holds 10,000 transactions of any amount, and 40,000 of up to a million.
pub(crate) const LOG_UNITS: f64 = 1e6;

/// The expression of ln(`spend`) in [`LOG_UNITS`]: of the currency, whose unit is `scale` units of the amount; 0 without spend.
pub(crate) fn log_sql(spend: &str, scale: f64) -> String {
    format!(
        "CAST(round(ln(CAST(CASE WHEN {spend} > 0 THEN {spend} ELSE {scale:.0} END AS DOUBLE) / {scale:e}) * {LOG_UNITS:e}) AS BIGINT)"
    )
}

/// The customers whose repeat transactions with spend say the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spend {
    /// Their number, at least 1, and what they were worth, in units of the currency.
    pub history: SpendHistory,
    /// How many customers share it.
    pub customers: f64,
}

/// The distinct spends of the summary table `name`, sorted by number of transactions and value; with logarithms where the detail
/// has them.
pub(crate) fn spends(
    session: &Session,
    name: &str,
    as_of: Date,
    scale: f64,
    detail: Detail,
) -> Result<Vec<Spend>, Error> {
    let keys = keys(detail, "");
    let sql = format!(
        "SELECT {keys}, count(*) AS customers FROM (SELECT {} FROM {name}) AS spends \
         WHERE paid_repeats > 0 AND repeat_spend > 0 GROUP BY {keys} ORDER BY {keys}",
        detail.history_columns(as_of)
    );
    let mut spends = Vec::new();
    for batch in session.query(&sql)? {
        let customers = i64s(&batch, "customers")?;
        let histories = histories(&batch, "", scale, detail)?;
        spends.extend(histories.into_iter().enumerate().filter_map(|(row, history)| {
            Some(Spend { history: history?, customers: customers.value(row) as f64 })
        }));
    }
    Ok(spends)
}

/// The columns that tell spends apart.
fn keys(detail: Detail, prefix: &str) -> String {
    let logs = if detail.logs { format!(", {prefix}log_spend, {prefix}log_squares") } else { String::new() };
    format!("{prefix}paid_repeats, {prefix}repeat_spend{logs}")
}

/// The spends in a batch, by the columns of [`keys`]; `None` for a customer without any.
fn histories(
    batch: &RecordBatch,
    prefix: &str,
    scale: f64,
    detail: Detail,
) -> Result<Vec<Option<SpendHistory>>, Error> {
    let column = |name: &str| format!("{prefix}{name}");
    let (paid, spend) = (u32s(batch, &column("paid_repeats"))?, i64s(batch, &column("repeat_spend"))?);
    let logs = if detail.logs {
        Some((i64s(batch, &column("log_spend"))?, i64s(batch, &column("log_squares"))?))
    } else {
        None
    };
    let history = |row: usize| {
        let transactions = paid.value(row);
        let mean = spend.value(row) as f64 / scale / f64::from(transactions);
        let history = SpendHistory::new(transactions, mean).ok()?;
        Some(match &logs {
            Some((sums, squares)) => {
                let (mean, squares) = log_moments(transactions, sums.value(row), squares.value(row));
                history.with_logs(mean, squares)
            }
            None => history,
        })
    };
    Ok((0..batch.num_rows()).map(history).collect())
}

/// The mean of the logarithms and the sum of their squared deviations from it, from whole numbers: equal values deviate by zero.
fn log_moments(transactions: u32, sum: i64, squares: i64) -> (f64, f64) {
    let n = f64::from(transactions);
    let scatter = i128::from(transactions) * i128::from(squares) - i128::from(sum) * i128::from(sum);
    (sum as f64 / LOG_UNITS / n, scatter.max(0) as f64 / n / (LOG_UNITS * LOG_UNITS))
}

/// What the customers of the summary table `name` spent after the day `until` and up to `last`, beside their spend until then.
pub(crate) fn later_spends(
    session: &Session,
    name: &str,
    (until, last): (Date, Date),
    scale: f64,
    detail: Detail,
) -> Result<Vec<SpendHoldOut>, Error> {
    let (seen, later, log) = (keys(detail, ""), keys(detail, "later_"), log_sql("spend", scale));
    let sql = format!(
        "SELECT {seen}, {later}, count(*) AS customers \
         FROM (SELECT customer, {columns} FROM {name}) AS h \
         JOIN (SELECT customer AS later_customer, count(*) AS later_paid_repeats, sum(spend) AS later_repeat_spend, \
                      sum(log_value) AS later_log_spend, sum(log_value * log_value) AS later_log_squares \
               FROM (SELECT customer, spend, {log} AS log_value FROM purchases \
                     WHERE day > DATE '{until}' AND day <= DATE '{last}' AND spend > 0) AS logs \
               GROUP BY customer) AS l ON h.customer = l.later_customer \
         GROUP BY {seen}, {later} ORDER BY {seen}, {later}",
        columns = detail.history_columns(until),
    );
    let mut hold_out = Vec::new();
    for batch in session.query(&sql)? {
        let customers = i64s(&batch, "customers")?;
        let seen = histories(&batch, "", scale, detail)?;
        let later = histories(&batch, "later_", scale, detail)?;
        hold_out.extend(seen.into_iter().zip(later).enumerate().filter_map(|(row, (seen, later))| {
            Some(SpendHoldOut { seen, later: later?, customers: customers.value(row) as f64 })
        }));
    }
    Ok(hold_out)
}

/// Fits a spend model on distinct spends.
pub(crate) fn fit(kind: SpendKind, spends: &[Spend]) -> Result<SpendFit, FitError> {
    let (histories, customers): (Vec<_>, Vec<_>) =
        spends.iter().map(|spend| (spend.history, spend.customers)).unzip();
    kind.fit(&histories, &customers)
}

/// How the kinds of spend model did on a hold-out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Comparison {
    /// Best first; empty where nothing could be held out.
    ranked: Vec<(SpendKind, Result<SpendScore, FitError>)>,
    until: Option<Date>,
    days: u32,
}

impl Comparison {
    /// Judges every kind, fitted on `spends` up to the day `until`, on the `days` after it.
    pub(crate) fn new(spends: &[Spend], hold_out: &[SpendHoldOut], until: Date, days: i32) -> Self {
        // As few customers as no model can be fitted on can judge none.
        if hold_out.iter().map(|row| row.customers).sum::<f64>() < MINIMUM_REPEAT_CUSTOMERS as f64 {
            return Self::default();
        }
        let (histories, customers): (Vec<_>, Vec<_>) =
            spends.iter().map(|spend| (spend.history, spend.customers)).unzip();
        Self {
            ranked: SpendKind::compare(&histories, &customers, hold_out),
            until: Some(until),
            days: days.unsigned_abs(),
        }
    }

    /// The kinds in the order in which they are to be tried, and whether both were judged.
    fn order(&self) -> (Vec<SpendKind>, bool) {
        let judged = !self.ranked.is_empty() && self.ranked.iter().all(|(_, score)| score.is_ok());
        let order = if self.ranked.is_empty() {
            SpendKind::ALL.to_vec()
        } else {
            self.ranked.iter().map(|(kind, _)| *kind).collect()
        };
        (order, judged)
    }
}

/// The spend model of a customer base, or why there is none, and how it was chosen.
#[derive(Debug)]
pub(crate) struct Spending {
    pub fit: Result<SpendFit, FitError>,
    pub selection: SpendSelection,
}

impl Spending {
    /// The spend model of a saved fit; `None` where none can be made of it.
    pub(crate) fn saved(fit: &SpendFit) -> Option<Self> {
        let values: Vec<f64> = fit.model.parameters().iter().map(|(_, value)| *value).collect();
        let model = fit.model.with_parameters(&values).ok()?;
        let chosen = model.name().parse().unwrap_or(SpendKind::GammaGamma);
        let selection = selection(chosen, SpendReason::Saved, &Comparison::default(), &[]);
        Some(Self { fit: Ok(fit.clone_about(model)), selection })
    }

    /// Fits on `spends` the kind that did best, or the next where it cannot be fitted; without a hold-out, Gamma-Gamma first.
    pub(crate) fn new(spends: &[Spend], comparison: &Comparison) -> Self {
        let (order, judged) = comparison.order();
        let mut failures = Vec::new();
        for (place, &kind) in order.iter().enumerate() {
            match fit(kind, spends) {
                Ok(fit) => {
                    let reason = match (judged, place) {
                        (true, 0) => SpendReason::HoldOut,
                        (false, 0) if comparison.ranked.is_empty() => SpendReason::NoHoldOut,
                        _ => SpendReason::OnlyOne,
                    };
                    let selection = selection(kind, reason, comparison, &failures);
                    return Self { fit: Ok(fit), selection };
                }
                Err(error) => failures.push((kind, error)),
            }
        }
        // The literature's model, where it was tried, says best why there is none.
        let (kind, error) = failures
            .iter()
            .find(|(kind, _)| *kind == SpendKind::GammaGamma)
            .or(failures.first())
            .cloned()
            .unwrap_or((SpendKind::GammaGamma, FitError::NotFinite { model: SpendKind::GammaGamma.name() }));
        Self { selection: selection(kind, SpendReason::NoHoldOut, comparison, &failures), fit: Err(error) }
    }
}

/// What is shown of the choice: the candidates' scores, best first, and why some could not be had.
fn selection(
    chosen: SpendKind,
    reason: SpendReason,
    comparison: &Comparison,
    failures: &[(SpendKind, FitError)],
) -> SpendSelection {
    let failure = |kind: SpendKind| {
        failures.iter().find(|(failed, _)| *failed == kind).map(|(_, error)| error.to_string())
    };
    let mut candidates: Vec<SpendCandidate> = comparison
        .ranked
        .iter()
        .map(|(kind, score)| SpendCandidate {
            model: kind.name().to_owned(),
            log_density: score.as_ref().ok().map(|score| score.log_density),
            mae: score.as_ref().ok().map(|score| score.mean_absolute_error),
            failure: failure(*kind).or_else(|| score.as_ref().err().map(ToString::to_string)),
        })
        .collect();
    if candidates.is_empty() {
        candidates = failures
            .iter()
            .map(|(kind, error)| SpendCandidate {
                model: kind.name().to_owned(),
                log_density: None,
                mae: None,
                failure: Some(error.to_string()),
            })
            .collect();
    }
    SpendSelection {
        chosen: chosen.name().to_owned(),
        reason,
        candidates,
        until: comparison.until,
        hold_out_days: comparison.days,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_equal_values_do_not_deviate() {
        let (mean, squares) = log_moments(3, 3 * 2_302_585, 3 * 2_302_585 * 2_302_585);
        assert!((mean - 10_f64.ln()).abs() < 1e-6);
        assert!(squares.abs() < f64::MIN_POSITIVE, "{squares}");
        // ln 1 and ln 100: twice (ln 10)^2.
        let (mean, squares) = log_moments(2, 4_605_170, 4_605_170 * 4_605_170);
        assert!((mean - 10_f64.ln()).abs() < 1e-6);
        assert!((squares - 2.0 * 10_f64.ln().powi(2)).abs() < 1e-5, "{squares}");
    }

    #[test]
    fn without_a_hold_out_gamma_gamma_comes_first_and_log_normal_where_it_fails() {
        let spends = |level: &dyn Fn(f64) -> f64| -> Vec<Spend> {
            let spend = |i: u32| {
                let level = level((f64::from(i) + 0.5) / 200.0);
                let history = SpendHistory::of(&[level, 1.2 * level, 0.9 * level]).expect("spend");
                Spend { history, customers: 1.0 }
            };
            (0..200).map(spend).collect()
        };
        let ordinary = Spending::new(&spends(&|u| 20.0 + 30.0 * u), &Comparison::default());
        assert_eq!(
            (ordinary.selection.chosen.as_str(), ordinary.selection.reason),
            ("gamma-gamma", SpendReason::NoHoldOut)
        );
        // A Pareto distribution with tail index 0.5 has no mean.
        let heavy = Spending::new(&spends(&|u| (1.0 - u).powf(-2.0)), &Comparison::default());
        assert_eq!(
            (heavy.selection.chosen.as_str(), heavy.selection.reason),
            ("log-normal", SpendReason::OnlyOne)
        );
        assert!(heavy.fit.is_ok());
        let candidate = &heavy.selection.candidates[0];
        assert_eq!(candidate.model, "gamma-gamma");
        assert!(candidate.failure.as_ref().is_some_and(|why| why.contains('q')), "{candidate:?}");
        assert!(matches!(
            Spending::new(&[], &Comparison::default()).fit,
            Err(FitError::TooFewRepeatCustomers { .. })
        ));
    }
}
