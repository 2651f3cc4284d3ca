//! Hold-outs: a model is fitted on the orders up to a date and judged on what the same customers did afterwards.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::{ModelKind, Purchases, TimeUnit, TransactionFit};
use rayon::prelude::*;

use crate::active::{Forecaster, SpendScale};
use crate::columns::{f64s, i32s, i64s, u32s};
use crate::definitions::{Definitions, Margin};
use crate::fitting::{fit_spend, fit_transactions, purchases, transaction_summary};
use crate::hold_out::{Decile, HoldOut, ValueHoldOut};
use crate::scoring::{self, Score, same_future};
use crate::summary::{self, History};
use crate::{Error, day, tracking};

/// The probability that is taken for an outcome the model holds impossible, so that one surprise cannot decide alone.
const LEAST_PROBABILITY: f64 = 1e-12;

/// A calibration and what came after it, summarised once and shared by the models that are judged on it.
pub(crate) struct Split<'a> {
    session: &'a Session,
    reading: &'a Reading,
    /// The table that holds the calibration's summary.
    table: String,
    pub until: Date,
    pub days: i32,
    pub unit: TimeUnit,
    pub histories: Vec<History>,
    /// The histories again, split by the number of transactions in the hold-out; sorted like `histories`.
    outcomes: Vec<Outcome>,
}

/// The customers of a history who made the same number of transactions in the hold-out.
struct Outcome {
    history: History,
    transactions: u32,
    customers: f64,
}

/// Judges a model of the given kind on the time after `until`: `hold_out_days`, or all there is.
///
/// # Errors
/// When there are no orders before or none after `until`, the hold-out ends after the data, or there is too little data for
/// the model.
#[allow(clippy::too_many_arguments, reason = "each is a definition that the user states")]
pub fn hold_out(
    session: &Session,
    reading: &Reading,
    kind: ModelKind,
    until: Date,
    hold_out_days: Option<f64>,
    unit: TimeUnit,
    level: f64,
    seed: u64,
) -> Result<HoldOut, Error> {
    let last = reading.last_day;
    let end = hold_out_days
        .map_or(last, |days| day::date(day::number(until) + days.round().clamp(1.0, 1e5) as i32));
    if end > last {
        return Err(Error::HoldOutTooLong { until, end, last });
    }
    let split = Split::new(session, reading, "hold_out", until, end, unit)?;
    let fit = fit_transactions(kind, &split.histories, unit)
        .map_err(|source| Error::Fit { model: kind.title(), source })?;
    split.judge(&fit, level, seed)
}

impl<'a> Split<'a> {
    /// Summarises the calibration up to `until` into tables whose names begin with `prefix`, and what followed up to `end`,
    /// the last day of the hold-out.
    pub(crate) fn new(
        session: &'a Session,
        reading: &'a Reading,
        prefix: &str,
        until: Date,
        end: Date,
        unit: TimeUnit,
    ) -> Result<Self, Error> {
        let days = day::number(end) - day::number(until);
        if days <= 0 {
            return Err(Error::NoHoldOut { until, last: end });
        }
        let table = format!("{prefix}_calibration");
        summary::summarise(session, reading, &table, until)?;
        let histories = summary::histories(session, &table, until, summary::scale(reading))?;
        let outcomes = outcomes(session, &table, until, days)?;
        Ok(Self { session, reading, table, until, days, unit, histories, outcomes })
    }

    /// The table that the scores of a judged model are registered as.
    fn score_table(&self) -> String {
        format!("{}_scores", self.table)
    }

    /// All figures of a model on this hold-out.
    pub(crate) fn judge(&self, fit: &TransactionFit, level: f64, seed: u64) -> Result<HoldOut, Error> {
        let definitions = self.definitions(level);
        let spend = if self.reading.has_amounts {
            fit_spend(&summary::spends(self.session, &self.table, summary::scale(self.reading))?).ok()
        } else {
            None
        };
        let scale = spend.as_ref().map_or(SpendScale::Mean(0.0), SpendScale::GammaGamma);
        let forecaster = Forecaster::new(fit, scale, &definitions, seed);
        let scores = scoring::score(&forecaster, &self.histories, self.unit, level, &|_, _, _| {});
        let errors = self.errors(&scores);
        let value = spend.is_some().then(|| self.value(&scores, &forecaster, level)).transpose()?;
        Ok(HoldOut {
            fit: transaction_summary(fit, self.unit, self.until),
            hold_out_days: f64::from(self.days),
            mae: errors.absolute / errors.customers,
            rmse: (errors.squared / errors.customers).sqrt(),
            predicted_total: errors.predicted,
            actual_total: errors.actual,
            log_score: self.log_score(fit),
            order_coverage: errors.covered / errors.customers,
            value,
            deciles: self.deciles(&scores),
            tracking: tracking::tracking(self.session, &self.table, fit, &definitions, self.days, seed)?,
        })
    }

    /// The mean absolute and squared error, and (predicted, actual) transactions, of a fit on this hold-out.
    pub(crate) fn point_errors(&self, fit: &TransactionFit) -> PointErrors {
        let horizon = f64::from(self.days) / self.unit.days();
        let groups: Vec<&[Outcome]> =
            self.outcomes.chunk_by(|a, b| same_future(&a.history, &b.history)).collect();
        let sums: Vec<PointErrors> = groups
            .par_iter()
            .map(|group| {
                let mut sum = PointErrors::default();
                let customers = group.iter().filter_map(|o| Some((o, purchases(&o.history, self.unit)?)));
                let mut if_alive = None;
                for (outcome, customer) in customers {
                    let expected = *if_alive
                        .get_or_insert_with(|| fit.model.expected_purchases_if_alive(&customer, horizon));
                    sum.add(outcome, expected * fit.model.probability_alive(&customer));
                }
                sum
            })
            .collect();
        sums.into_iter().fold(PointErrors::default(), PointErrors::plus)
    }

    /// The mean over customers of ln P(X = observed).
    pub(crate) fn log_score(&self, fit: &TransactionFit) -> f64 {
        let horizon = f64::from(self.days) / self.unit.days();
        let groups: Vec<&[Outcome]> =
            self.outcomes.chunk_by(|a, b| same_future(&a.history, &b.history)).collect();
        let sums: Vec<(f64, f64)> =
            groups.par_iter().map(|group| group_log_score(fit, group, self.unit, horizon)).collect();
        let (score, customers) = sums.into_iter().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
        score / customers
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

    fn errors(&self, scores: &[Score]) -> PointErrors {
        let mut errors = PointErrors::default();
        let mut scores = scores.iter();
        let mut current: Option<&Score> = None;
        for outcome in &self.outcomes {
            while current.is_none_or(|score| !same_history(&score.history, &outcome.history)) {
                let Some(next) = scores.next() else { return errors };
                current = Some(next);
            }
            let Some(score) = current else { continue };
            errors.add(outcome, score.orders);
            let actual = f64::from(outcome.transactions);
            if (score.orders_lower..=score.orders_upper).contains(&actual) {
                errors.covered += outcome.customers;
            }
        }
        errors
    }

    /// Customers in tenths by predicted transactions.
    fn deciles(&self, scores: &[Score]) -> Vec<Decile> {
        let mut actual = vec![0.0; scores.len()];
        let mut index = 0;
        for outcome in &self.outcomes {
            while index < scores.len() && !same_history(&scores[index].history, &outcome.history) {
                index += 1;
            }
            if let Some(sum) = actual.get_mut(index) {
                *sum += f64::from(outcome.transactions) * outcome.customers;
            }
        }
        let mut ranked: Vec<(f64, f64, f64)> =
            scores.iter().zip(actual).map(|(s, sum)| (s.orders, s.history.customers, sum)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        deciles(&ranked)
    }

    /// Value predicted and spent per customer, by joining the scores back to the customers.
    fn value(&self, scores: &[Score], forecaster: &Forecaster, level: f64) -> Result<ValueHoldOut, Error> {
        let score_table = self.score_table();
        scoring::register(self.session, &score_table, scores, forecaster.spend.scale())?;
        let scale = summary::scale(self.reading);
        let (first, last) = (self.until, day::date(day::number(self.until) + self.days));
        // Decimals add up to the same sum in any order.
        let sum = |value: &str| format!("CAST(sum(CAST({value} AS DECIMAL(38, 6))) AS DOUBLE)");
        let sql = format!(
            "SELECT count(*) AS customers, {} AS predicted, {} AS actual, {} AS absolute, {} AS squared, \
                    sum(CASE WHEN actual >= lower - 1e-9 AND actual <= upper + 1e-9 THEN 1.0 ELSE 0.0 END) AS covered \
             FROM (SELECT value_a + value_b * (CAST(h.repeat_spend AS DOUBLE) / {scale:e}) AS predicted, \
                          lower_a + lower_b * (CAST(h.repeat_spend AS DOUBLE) / {scale:e}) AS lower, \
                          upper_a + upper_b * (CAST(h.repeat_spend AS DOUBLE) / {scale:e}) AS upper, \
                          coalesce(CAST(later.spend AS DOUBLE), 0.0) / {scale:e} AS actual \
                   FROM (SELECT customer, {} FROM {}) AS h \
                   JOIN {score_table} AS s ON h.frequency = s.frequency AND h.recency = s.recency \
                        AND h.age = s.age AND h.paid_repeats = s.paid_repeats \
                   LEFT JOIN (SELECT customer, sum(spend) AS spend FROM purchases \
                              WHERE day > DATE '{first}' AND day <= DATE '{last}' GROUP BY customer) AS later \
                        ON h.customer = later.customer) AS joined",
            sum("predicted"),
            sum("actual"),
            sum("abs(predicted - actual)"),
            sum("(predicted - actual) * (predicted - actual)"),
            summary::history_columns(self.until),
            self.table
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

/// Sums over customers of the errors of their predicted transactions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PointErrors {
    pub customers: f64,
    pub predicted: f64,
    pub actual: f64,
    pub absolute: f64,
    pub squared: f64,
    covered: f64,
}

impl PointErrors {
    fn add(&mut self, outcome: &Outcome, predicted: f64) {
        let (actual, n) = (f64::from(outcome.transactions), outcome.customers);
        self.customers += n;
        self.predicted += predicted * n;
        self.actual += actual * n;
        self.absolute += (predicted - actual).abs() * n;
        self.squared += (predicted - actual).powi(2) * n;
    }

    /// (predicted - actual) / actual of the total; `None` when nobody bought.
    pub(crate) fn deviation(&self) -> Option<f64> {
        (self.actual > 0.0).then(|| (self.predicted - self.actual) / self.actual)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            customers: self.customers + other.customers,
            predicted: self.predicted + other.predicted,
            actual: self.actual + other.actual,
            absolute: self.absolute + other.absolute,
            squared: self.squared + other.squared,
            covered: self.covered + other.covered,
        }
    }
}

fn same_history(a: &History, b: &History) -> bool {
    same_future(a, b) && a.recency == b.recency
}

fn group_log_score(fit: &TransactionFit, group: &[Outcome], unit: TimeUnit, horizon: f64) -> (f64, f64) {
    let (mut score, mut customers) = (0.0, 0.0);
    let mut if_alive: Vec<Option<f64>> = Vec::new();
    for outcome in group {
        let Some(customer) = purchases(&outcome.history, unit) else { continue };
        let n = outcome.transactions as usize;
        if if_alive.len() <= n {
            if_alive.resize(n + 1, None);
        }
        let probability = *if_alive[n]
            .get_or_insert_with(|| probability_if_alive(fit, &customer, outcome.transactions, horizon));
        let alive = fit.model.probability_alive(&customer);
        let gone = if n == 0 { 1.0 - alive } else { 0.0 };
        score += (gone + alive * probability).max(LEAST_PROBABILITY).ln() * outcome.customers;
        customers += outcome.customers;
    }
    (score, customers)
}

fn probability_if_alive(fit: &TransactionFit, customer: &Purchases, n: u32, horizon: f64) -> f64 {
    fit.model.probability_of_n_purchases_if_alive(customer, n, horizon)
}

/// The histories with the number of transactions in the `days` after `until`, sorted like the histories.
fn outcomes(session: &Session, table: &str, until: Date, days: i32) -> Result<Vec<Outcome>, Error> {
    let last = day::date(day::number(until) + days);
    let sql = format!(
        "SELECT frequency, recency, age, paid_repeats, later, count(*) AS customers \
         FROM (SELECT frequency, recency, age, paid_repeats, coalesce(l.transactions, 0) AS later \
               FROM (SELECT customer, {} FROM {table}) AS h \
               LEFT JOIN (SELECT customer, count(*) AS transactions FROM purchases \
                          WHERE day > DATE '{until}' AND day <= DATE '{last}' GROUP BY customer) AS l \
                    ON h.customer = l.customer) AS joined \
         GROUP BY frequency, recency, age, paid_repeats, later \
         ORDER BY frequency, age, paid_repeats, recency, later",
        summary::history_columns(until)
    );
    let mut outcomes = Vec::new();
    for batch in session.query(&sql)? {
        let (frequency, recency) = (u32s(&batch, "frequency")?, i32s(&batch, "recency")?);
        let (age, paid) = (i32s(&batch, "age")?, u32s(&batch, "paid_repeats")?);
        let (later, customers) = (u32s(&batch, "later")?, i64s(&batch, "customers")?);
        outcomes.extend((0..batch.num_rows()).map(|i| Outcome {
            history: History {
                frequency: frequency.value(i),
                recency: recency.value(i),
                age: age.value(i),
                paid_repeats: paid.value(i),
                customers: customers.value(i) as f64,
                repeat_spend: 0.0,
                repeat_spend_squared: 0.0,
            },
            transactions: later.value(i),
            customers: customers.value(i) as f64,
        }));
    }
    Ok(outcomes)
}

/// Tenths of customers from `(predicted, customers, actual sum)`, sorted by predicted; a history that lies across a border
/// is divided.
fn deciles(ranked: &[(f64, f64, f64)]) -> Vec<Decile> {
    let total: f64 = ranked.iter().map(|(_, n, _)| n).sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let mut tenths = vec![(0.0, 0.0, 0.0); 10];
    let mut before = 0.0;
    for &(predicted, customers, actual) in ranked {
        let mut left = customers;
        while left > 1e-9 {
            let tenth = ((before / total * 10.0 + 1e-9) as usize).min(9);
            let room = if tenth == 9 { left } else { (total / 10.0 * (tenth + 1) as f64 - before).max(1e-6) };
            let part = left.min(room);
            tenths[tenth].0 += part;
            tenths[tenth].1 += predicted * part;
            tenths[tenth].2 += actual / customers * part;
            before += part;
            left -= part;
        }
    }
    let full = |&(n, predicted, actual): &(f64, f64, f64)| {
        (n > 0.0).then(|| Decile {
            customers: n.round() as u64,
            predicted: predicted / n,
            actual: actual / n,
        })
    };
    tenths.iter().filter_map(full).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deciles_divide_a_history_that_lies_across_a_border() {
        // 15 customers at 0 and 5 at 2: tenths of two customers, the eighth of one at 0 and one at 2.
        let tenths = deciles(&[(0.0, 15.0, 3.0), (2.0, 5.0, 20.0)]);
        assert_eq!(tenths.len(), 10);
        assert!(tenths.iter().all(|d| d.customers == 2));
        assert!((tenths[0].actual - 0.2).abs() < 1e-9);
        assert!((tenths[7].predicted - 1.0).abs() < 1e-9);
        assert!((tenths[9].actual - 4.0).abs() < 1e-9);
        let actual: f64 = tenths.iter().map(|d| d.actual * d.customers as f64).sum();
        assert!((actual - 23.0).abs() < 1e-9);
    }

    #[test]
    fn no_customers_have_no_deciles() {
        assert!(deciles(&[]).is_empty());
    }
}
