//! Hold-outs: a model is fitted on the orders up to a date and judged on what the same customers did afterwards.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::{ModelKind, TimeUnit};

use crate::active::Forecaster;
use crate::columns::{f64s, i64s, u32s};
use crate::definitions::{Definitions, Margin};
use crate::fitting::{self, transaction_summary};
use crate::history::{self, Detail, History, HistoryKeys};
use crate::hold_out::{HoldOut, ValueHoldOut};
use crate::judgement::{Judgement, Outcome, Terms};
use crate::request::{Estimating, Progress, Stage};
use crate::scoring::{self, Score};
use crate::spend_scale::{SpendScale, amount_sql};
use crate::spending::{self, Comparison, Spending};
use crate::transactions::FittedTransactions;
use crate::{Error, day, summary, tracking};

/// A calibration and what came after it, summarised once and shared by the models that are judged on it.
pub(crate) struct Split<'a> {
    session: &'a Session,
    reading: &'a Reading,
    /// The table that holds the calibration's summary.
    table: String,
    detail: Detail,
    pub until: Date,
    pub days: i32,
    pub unit: TimeUnit,
    pub histories: Vec<History>,
    /// The histories again, split by the number of transactions in the hold-out; sorted like `histories`.
    outcomes: Vec<Outcome>,
}

/// On what time models are judged, and how.
#[derive(Debug, Clone)]
pub struct HoldOutRequest {
    /// The last day that the fits see.
    pub until: Date,
    /// The length of the hold-out in days; `None` takes all that there is.
    pub days: Option<f64>,
    /// The unit in which the models count time.
    pub unit: TimeUnit,
    /// How the parameters are estimated.
    pub estimating: Estimating,
    /// The probability that an interval is meant to hold.
    pub level: f64,
    /// The seed of everything random.
    pub seed: u64,
}

impl HoldOutRequest {
    /// All that came after a day.
    #[must_use]
    pub fn new(until: Date) -> Self {
        Self {
            until,
            days: None,
            unit: TimeUnit::Week,
            estimating: Estimating::default(),
            level: 0.8,
            seed: 1,
        }
    }
}

/// Judges models of the given kinds on the time after a day; each has a result or an error of its own.
///
/// # Errors
/// When there are no orders before or none after the day, or the hold-out ends after the data.
pub fn hold_outs(
    session: &Session,
    reading: &Reading,
    kinds: &[ModelKind],
    request: &HoldOutRequest,
    progress: Progress,
) -> Result<Vec<Result<HoldOut, Error>>, Error> {
    let (until, last) = (request.until, reading.last_day);
    let end =
        request.days.map_or(last, |days| day::date(day::number(until) + days.round().clamp(1.0, 1e5) as i32));
    if end > last {
        return Err(Error::HoldOutTooLong { until, end, last });
    }
    request.estimating.prepare(session, reading)?;
    let detail = fitting::detail(kinds, &request.estimating).with_logs(reading.has_amounts);
    let split = Split::new(session, reading, "hold_out", (until, end), request.unit, detail)?;
    let spend = split.spending(&split.spend_comparison()?)?;
    let steps = kinds.len() as u64;
    let judge = |(step, kind): (usize, &ModelKind)| {
        progress(Stage::Validate, step as u64, steps);
        let models = split.fit(*kind, &request.estimating, request.seed)?;
        split.judge(&models, spend.as_ref(), request.level, request.seed)
    };
    let judged = kinds.iter().enumerate().map(judge).collect();
    progress(Stage::Validate, steps, steps);
    Ok(judged)
}

impl<'a> Split<'a> {
    /// Summarises the calibration up to the first date into tables whose names begin with `prefix`, and what followed up to the
    /// second, the last day of the hold-out.
    pub(crate) fn new(
        session: &'a Session,
        reading: &'a Reading,
        prefix: &str,
        (until, end): (Date, Date),
        unit: TimeUnit,
        detail: Detail,
    ) -> Result<Self, Error> {
        let days = day::number(end) - day::number(until);
        if days <= 0 {
            return Err(Error::NoHoldOut { until, last: end });
        }
        let table = format!("{prefix}_calibration");
        summary::summarise(session, reading, &table, until, detail)?;
        let histories = history::histories(session, &table, until, summary::scale(reading), detail)?;
        let outcomes = outcomes(session, &table, until, days, detail)?;
        Ok(Self { session, reading, table, detail, until, days, unit, histories, outcomes })
    }

    /// A model of the kind, fitted on the calibration.
    pub(crate) fn fit(
        &self,
        kind: ModelKind,
        estimating: &Estimating,
        seed: u64,
    ) -> Result<FittedTransactions, Error> {
        fitting::fit_transactions(kind, &self.histories, self.unit, estimating, seed)
    }

    /// How a model's forecasts of transactions did.
    pub(crate) fn judgement(&self, models: &FittedTransactions, level: f64, seed: u64) -> Judgement {
        let terms = Terms { unit: self.unit, days: self.days, level, seed };
        Judgement::new(models, &self.outcomes, terms)
    }

    /// The table that the scores of a judged model are registered as.
    fn score_table(&self) -> String {
        format!("{}_scores", self.table)
    }

    /// How the spend models did, fitted on the calibration.
    pub(crate) fn spend_comparison(&self) -> Result<Comparison, Error> {
        if !self.detail.logs {
            return Ok(Comparison::default());
        }
        let scale = summary::scale(self.reading);
        let last = day::date(day::number(self.until) + self.days);
        let later =
            spending::later_spends(self.session, &self.table, (self.until, last), scale, self.detail)?;
        Ok(Comparison::new(&self.spends()?, &later, self.until, self.days))
    }

    /// The spend model of the calibration after a comparison; `None` without amounts.
    pub(crate) fn spending(&self, comparison: &Comparison) -> Result<Option<Spending>, Error> {
        if !self.reading.has_amounts {
            return Ok(None);
        }
        Ok(Some(Spending::new(&self.spends()?, comparison)))
    }

    fn spends(&self) -> Result<Vec<spending::Spend>, Error> {
        spending::spends(self.session, &self.table, self.until, summary::scale(self.reading), self.detail)
    }

    /// All figures of a model on this hold-out, with the value under a spend model.
    pub(crate) fn judge(
        &self,
        models: &FittedTransactions,
        spend: Option<&Spending>,
        level: f64,
        seed: u64,
    ) -> Result<HoldOut, Error> {
        let definitions = self.definitions(level);
        let spend = spend.and_then(|spend| spend.fit.as_ref().ok());
        let scale = spend.map_or(SpendScale::Mean(0.0), SpendScale::Fitted);
        let forecaster = Forecaster::new(models, scale, &definitions, seed);
        let scores = scoring::score(&forecaster, &self.histories, self.unit, level, &|_, _, _| {});
        let value = spend.is_some().then(|| self.value(&scores, &forecaster, level)).transpose()?;
        let mut judgement = self.judgement(models, level, seed);
        let errors = judgement.errors;
        Ok(HoldOut {
            fit: transaction_summary(models, self.unit, self.until),
            hold_out_days: f64::from(self.days),
            mae: errors.absolute / errors.customers,
            rmse: (errors.squared / errors.customers).sqrt(),
            predicted_total: errors.predicted,
            actual_total: errors.actual,
            log_score: judgement.log_score(),
            crps: judgement.crps(),
            calibration_error: judgement.calibration_error(),
            order_coverage: self.covered(&scores) / errors.customers,
            spend_model: spend.map(|fit| fit.model.name().to_owned()),
            value,
            deciles: judgement.deciles(),
            tracking: tracking::tracking(self.session, &self.table, models, &definitions, self.days, seed)?,
        })
    }

    /// The customers whose transactions fell into their interval.
    fn covered(&self, scores: &[Score]) -> f64 {
        let mut scores = scores.iter().peekable();
        let mut covered = 0.0;
        for outcome in &self.outcomes {
            while scores.next_if(|score| !score.history.is(&outcome.history)).is_some() {}
            let Some(score) = scores.peek() else { break };
            if (score.orders_lower..=score.orders_upper).contains(&f64::from(outcome.transactions)) {
                covered += outcome.customers;
            }
        }
        covered
    }

    /// The definitions under which a hold-out is predicted: undiscounted revenue over its days.
    fn definitions(&self, level: f64) -> Definitions {
        Definitions {
            as_of: self.until,
            horizon_days: f64::from(self.days),
            discount: 0.0,
            margin: Margin::Revenue,
            currency: self.reading.currency.clone(),
            time_zone: self.reading.time_zone.clone(),
            unit: self.unit,
            level,
        }
    }

    /// Value predicted and spent per customer, by joining the scores back to the customers.
    fn value(&self, scores: &[Score], forecaster: &Forecaster, level: f64) -> Result<ValueHoldOut, Error> {
        let score_table = self.score_table();
        scoring::register(self.session, &score_table, scores, &forecaster.spend, self.detail)?;
        let scale = summary::scale(self.reading);
        let (first, last) = (self.until, day::date(day::number(self.until) + self.days));
        // Decimals add up to the same sum in any order.
        let sum = |value: &str| format!("CAST(sum(CAST({value} AS DECIMAL(38, 6))) AS DOUBLE)");
        let sql = format!(
            "SELECT count(*) AS customers, {} AS predicted, {} AS actual, {} AS absolute, {} AS squared, \
                    sum(CASE WHEN actual >= lower - 1e-9 AND actual <= upper + 1e-9 THEN 1.0 ELSE 0.0 END) AS covered \
             FROM (SELECT {} AS predicted, {} AS lower, {} AS upper, \
                          coalesce(CAST(later.spend AS DOUBLE), 0.0) / {scale:e} AS actual \
                   FROM (SELECT customer, {} FROM {}) AS h \
                   JOIN {score_table} AS s ON {} \
                   LEFT JOIN (SELECT customer, sum(spend) AS spend FROM purchases \
                              WHERE day > DATE '{first}' AND day <= DATE '{last}' GROUP BY customer) AS later \
                        ON h.customer = later.customer) AS joined",
            sum("predicted"),
            sum("actual"),
            sum("abs(predicted - actual)"),
            sum("(predicted - actual) * (predicted - actual)"),
            amount_sql("value", "value", scale, self.detail),
            amount_sql("lower", "scale", scale, self.detail),
            amount_sql("upper", "scale", scale, self.detail),
            self.detail.history_columns(self.until),
            self.table,
            self.detail.join("h", "s")
        );
        let batches = self.session.query(&sql)?;
        let batch = batches.first().ok_or(Error::NoOrders)?;
        let sum = |column: &str| f64s(batch, column).map(|a| a.value(0));
        let customers = i64s(batch, "customers")?.value(0) as f64;
        Ok(ValueHoldOut {
            predicted_total: sum("predicted")?,
            actual_total: sum("actual")?,
            mae: sum("absolute")? / customers,
            rmse: (sum("squared")? / customers).sqrt(),
            coverage: sum("covered")? / customers,
            level,
        })
    }
}

impl Drop for Split<'_> {
    /// Frees the tables; that they cannot be dropped only means that they stay until the session ends.
    fn drop(&mut self) {
        let _ = self.session.drop_table(&self.score_table());
        let _ = self.session.drop_table(&self.table);
    }
}

/// The histories with the number of transactions in the `days` after `until`, sorted like the histories.
fn outcomes(
    session: &Session,
    table: &str,
    until: Date,
    days: i32,
    detail: Detail,
) -> Result<Vec<Outcome>, Error> {
    let last = day::date(day::number(until) + days);
    let (keys, order, columns) = (detail.keys(), detail.order(), detail.history_columns(until));
    let sql = format!(
        "SELECT {keys}, later, count(*) AS customers \
         FROM (SELECT {keys}, coalesce(l.transactions, 0) AS later \
               FROM (SELECT customer, {columns} FROM {table}) AS h \
               LEFT JOIN (SELECT customer, count(*) AS transactions FROM purchases \
                          WHERE day > DATE '{until}' AND day <= DATE '{last}' GROUP BY customer) AS l \
                    ON h.customer = l.customer) AS joined \
         GROUP BY {keys}, later ORDER BY {order}, later"
    );
    let mut outcomes = Vec::new();
    for batch in session.query(&sql)? {
        let keys = HistoryKeys::new(&batch, detail)?;
        let (later, customers) = (u32s(&batch, "later")?, i64s(&batch, "customers")?);
        outcomes.extend((0..batch.num_rows()).map(|i| {
            let customers = customers.value(i) as f64;
            Outcome { history: keys.history(i, customers), transactions: later.value(i), customers }
        }));
    }
    Ok(outcomes)
}
