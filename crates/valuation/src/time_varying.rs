//! Covariates that change over time (a season, campaigns): a file with a row for each customer and date from which values hold.

use std::collections::HashMap;

use jiff::civil::Date;
use perennial_lake::{Reading, Session, TableFile};
use perennial_models::{
    CovariatePath, CovariateTerms, InvalidPath, PathNumber, Process, TimeVaryingParetoNbd, TimedBase,
    TimedPurchases,
};
use serde::Serialize;

use crate::coding::number;
use crate::columns::{i32s, texts};
use crate::covariates::{CUSTOMER_NAMES, Covariates};
use crate::fitting::{FitRequest, fit_summary};
use crate::hold_out::{CovariateSummary, FitSummary};
use crate::{Error, day};

/// What the column of the dates may be called.
const DATE_NAMES: [&str; 7] = ["date", "cov_date", "valid_from", "from", "week", "start", "day"];

/// Covariates that change over time.
#[derive(Debug, Clone)]
pub struct TimedCovariates {
    names: Vec<String>,
    /// For each customer: the days from which values hold, with the values.
    customers: HashMap<String, Vec<(i32, Vec<f64>)>>,
    file: String,
}

/// How a model with covariates that change over time is fitted and judged.
#[derive(Debug, Clone)]
pub struct TimeVaryingRequest {
    /// On what it is fitted.
    pub fit: FitRequest,
    /// The processes that the covariates move.
    pub processes: Vec<Process>,
    /// The weight of the coefficients' squares in the log-likelihood.
    pub penalty: f64,
    /// The days after the fit on which it is judged; `None` judges nothing.
    pub hold_out_days: Option<f64>,
}

/// A fit with covariates that change over time, and how it did on the time after.
#[derive(Debug, Clone, Serialize)]
pub struct TimeVarying {
    /// The fit.
    #[serde(flatten)]
    pub fit: FitSummary,
    /// How it did; `None` where nothing was held out.
    pub hold_out: Option<TimeVaryingHoldOut>,
}

/// Errors of the transactions per customer on a hold-out.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TimeVaryingHoldOut {
    /// The days after the fit.
    pub days: i32,
    /// Mean absolute error per customer.
    pub mae: f64,
    /// Root mean squared error per customer.
    pub rmse: f64,
    /// Transactions expected of all customers.
    pub predicted_total: f64,
    /// Transactions that they made.
    pub actual_total: f64,
}

impl TimedCovariates {
    /// Whether a file has a column of dates, from which its covariates hold.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn are_in(file: &str) -> Result<bool, Error> {
        Ok(TableFile::open(file)?.find(&DATE_NAMES).is_some())
    }

    /// Reads the covariates of a file with dates, and adds those of another that do not change.
    ///
    /// # Errors
    /// When the file cannot be read, a field is no number or no date, or two rows of a customer are of one date.
    pub fn read(
        file: &str,
        columns: Option<&[String]>,
        constant: Option<&Covariates>,
    ) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Covariates { file: file.to_owned(), problem };
        let table = TableFile::open(file)?;
        let id = table.find(&CUSTOMER_NAMES).unwrap_or(0);
        let date = table.find(&DATE_NAMES).ok_or_else(|| wrong("it has no column of dates".to_owned()))?;
        let places: Vec<usize> = match columns {
            Some(columns) => columns.iter().map(|name| table.column(name)).collect::<Result<_, _>>()?,
            None => (0..table.columns().len()).filter(|place| ![id, date].contains(place)).collect(),
        };
        let mut names: Vec<String> = places.iter().map(|place| table.columns()[*place].clone()).collect();
        let mut customers: HashMap<String, Vec<(i32, Vec<f64>)>> = HashMap::new();
        let wanted: Vec<usize> = [id, date].into_iter().chain(places).collect();
        table.for_each(&wanted, |line, fields| {
            let at: Date =
                fields[1].get(..10).unwrap_or(fields[1]).parse().map_err(|_| {
                    table.wrong(line, format!("{:?} is no day such as 2025-12-31", fields[1]))
                })?;
            let values: Option<Vec<f64>> = fields[2..].iter().map(|field| number(field)).collect();
            let values = values.ok_or_else(|| {
                table.wrong(line, format!("a covariate of {:?} is no number", &fields[2..]))
            })?;
            customers.entry(fields[0].to_owned()).or_default().push((day::number(at), values));
            Ok::<(), Error>(())
        })?;
        for (customer, steps) in &mut customers {
            steps.sort_by_key(|(day, _)| *day);
            if let Some(pair) = steps.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(wrong(format!("customer {customer} has two rows of {}", day::date(pair[0].0))));
            }
        }
        if let Some(constant) = constant {
            names.extend(constant.names.iter().cloned());
            let constant = constant.by_customer();
            for (customer, steps) in &mut customers {
                let values = constant.get(customer.as_str()).ok_or_else(|| {
                    wrong(format!("customer {customer} has no row among the covariates that do not change"))
                })?;
                for (_, all) in steps {
                    all.extend(*values);
                }
            }
        }
        Ok(Self { names, customers, file: file.to_owned() })
    }
}

/// Fits the Pareto/NBD with covariates that change over time, and judges it on what came after.
///
/// # Errors
/// When a customer with orders has no covariates over all the time needed, or there is too little data.
pub fn time_varying(
    session: &Session,
    reading: &Reading,
    covariates: &TimedCovariates,
    request: &TimeVaryingRequest,
) -> Result<TimeVarying, Error> {
    let (unit, until) = (request.fit.unit, request.fit.until.unwrap_or(reading.last_day));
    let failed = |problem: String| Error::CovariateFit { model: "Pareto/NBD", problem };
    let end = day::number(until);
    let mut base = TimedBase::new(&covariates.names);
    // Customers with the same covariates share a path.
    let mut keys: HashMap<Vec<u64>, PathNumber> = HashMap::new();
    let mut later = Vec::new();
    for (customer, days) in purchase_days(session)? {
        let (seen, after): (Vec<i32>, Vec<i32>) = days.into_iter().partition(|day| *day <= end);
        let Some(&first) = seen.first() else { continue };
        let steps = covariates.customers.get(&customer).ok_or_else(|| Error::Covariates {
            file: covariates.file.clone(),
            problem: format!(
                "customer {customer} has orders and no row in it; add it, or leave the orders out"
            ),
        })?;
        let of_customer = |error: InvalidPath| failed(format!("customer {customer}: {error}"));
        let number = if let Some(number) = keys.get(&key(steps)) {
            *number
        } else {
            let added = path(steps, unit.days()).and_then(|path| base.add_path(path)).map_err(of_customer)?;
            keys.insert(key(steps), added);
            added
        };
        let time = |day: i32| f64::from(day) / unit.days();
        let times = seen[1..].iter().map(|day| time(day - first)).collect();
        let purchases = TimedPurchases::new(time(first), times, time(end - first)).map_err(of_customer)?;
        base.push(purchases, number).map_err(of_customer)?;
        later.push(after);
    }
    let mut terms = CovariateTerms::all(&covariates.names, &request.processes);
    for process in &request.processes {
        terms = terms.penalised(*process, request.penalty);
    }
    let fitted = TimeVaryingParetoNbd::fit(&base, &terms).map_err(|error| failed(error.to_string()))?;
    let summary = FitSummary {
        covariates: Some(CovariateSummary::of(&fitted)),
        ..fit_summary(&fitted.fit, "pareto-nbd", unit, until)
    };
    let last = day::number(reading.last_day);
    let days = request.hold_out_days.map(|days| (days as i32).min(last - end));
    let hold_out = days
        .map(|days| judge(&fitted.fit.model, &base, &later, end, days, unit.days()))
        .transpose()
        .map_err(|error| failed(error.to_string()))?;
    Ok(TimeVarying { fit: summary, hold_out })
}

fn judge(
    model: &TimeVaryingParetoNbd,
    base: &TimedBase,
    later: &[Vec<i32>],
    end: i32,
    days: i32,
    unit_days: f64,
) -> Result<TimeVaryingHoldOut, InvalidPath> {
    let (mut absolute, mut squared, mut predicted_total, mut actual_total) = (0.0, 0.0, 0.0, 0.0);
    for ((customer, path), after) in base.customers().zip(later) {
        let predicted = model.expected_purchases(customer, path, f64::from(days) / unit_days)?;
        let actual = after.iter().filter(|day| **day <= end + days).count() as f64;
        absolute += (predicted - actual).abs();
        squared += (predicted - actual).powi(2);
        predicted_total += predicted;
        actual_total += actual;
    }
    let n = later.len() as f64;
    Ok(TimeVaryingHoldOut {
        days,
        mae: absolute / n,
        rmse: (squared / n).sqrt(),
        predicted_total,
        actual_total,
    })
}

/// The path of a customer's covariates, on a clock of the given unit since 1970-01-01.
fn path(steps: &[(i32, Vec<f64>)], unit_days: f64) -> Result<CovariatePath, InvalidPath> {
    let time = |day: i32| f64::from(day) / unit_days;
    // The last values hold as long as those before them did.
    let last = steps.last().map_or(0, |(day, _)| *day);
    let length = steps.len().checked_sub(2).map_or(1, |before| last - steps[before].0);
    CovariatePath::new(steps.iter().map(|(day, values)| (time(*day), values.clone())), time(last + length))
}

/// Equal for equal steps.
fn key(steps: &[(i32, Vec<f64>)]) -> Vec<u64> {
    let words = |(day, values): &(i32, Vec<f64>)| {
        std::iter::once(u64::from(day.unsigned_abs()))
            .chain(values.iter().map(|value| value.to_bits()))
            .collect::<Vec<_>>()
    };
    steps.iter().flat_map(words).collect()
}

/// Each customer's days with a purchase, ascending.
fn purchase_days(session: &Session) -> Result<Vec<(String, Vec<i32>)>, Error> {
    let mut customers: Vec<(String, Vec<i32>)> = Vec::new();
    let sql =
        "SELECT CAST(customer AS VARCHAR) AS id, CAST(day AS INT) AS day FROM purchases ORDER BY id, day";
    for batch in session.query(sql)? {
        let days = i32s(&batch, "day")?;
        for (row, id) in texts(&batch, "id")?.into_iter().enumerate() {
            match customers.last_mut() {
                Some((last, of_last)) if *last == id => of_last.push(days.value(row)),
                _ => customers.push((id, vec![days.value(row)])),
            }
        }
    }
    Ok(customers)
}
