//! Customers with a contract: a table of how long each has stayed, and the models of retention fitted on it.
//!
//! Three layouts are understood: one row per customer with a duration and whether it has ended; one row per customer with the days on
//! which the contract began and ended (empty while it goes on); and the retention table of a cohort, one row per period with the
//! customers left.

use jiff::civil::Date;
use perennial_lake::TableFile;
use perennial_models::Lifetime;

use crate::Error;
use crate::coding::{CodedColumns, number};
use crate::retention::RetentionRequest;

/// What the columns may be called, most telling first.
const DURATION: [&str; 7] = ["duration", "tenure", "lifetime", "periods", "months", "time", "laufzeit"];
const ENDED: [&str; 9] =
    ["ended", "churn", "churned", "cancelled", "canceled", "event", "died", "churn_flag", "gekündigt"];
const START: [&str; 5] = ["start_date", "started_at", "start", "signup_date", "created_at"];
const END: [&str; 6] = ["end_date", "ended_at", "end", "cancelled_at", "canceled_at", "churn_date"];
const PERIOD: [&str; 6] = ["period", "year", "month", "week", "renewal", "t"];
const ALIVE: [&str; 6] = ["alive", "pct_alive", "percent_alive", "survivors", "customers", "left"];
/// Which columns of a table of subscriptions hold what; what is not named is looked for by usual names.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionColumns {
    /// How long the contract has lasted, in periods.
    pub duration: Option<String>,
    /// Whether it has ended: yes or no, true or false, 1 or 0.
    pub ended: Option<String>,
    /// The day on which it began.
    pub start: Option<String>,
    /// The day on which it ended; empty while it goes on.
    pub end: Option<String>,
    /// Of a cohort's table: the customers left.
    pub alive: Option<String>,
    /// Covariates, for Cox.
    pub covariates: Vec<String>,
}

/// Subscriptions as they were read.
#[derive(Debug, Clone)]
pub struct Subscriptions {
    pub(crate) lifetimes: Vec<Lifetime>,
    pub(crate) customers: Vec<f64>,
    pub(crate) covariates: Vec<(String, Vec<f64>)>,
    /// Rows that could not be used, with the line and the reason.
    pub refused: Vec<(u64, String)>,
}

impl Subscriptions {
    /// Reads a table of subscriptions.
    ///
    /// # Errors
    /// When the file cannot be read, its layout is none of those understood, or no row can be used.
    pub fn read(
        file: &str,
        columns: &SubscriptionColumns,
        request: &RetentionRequest,
    ) -> Result<Self, Error> {
        let table = TableFile::open(file)?;
        let place = |name: Option<&String>, usual: &[&str]| -> Result<Option<usize>, Error> {
            Ok(match name {
                Some(name) => Some(table.column(name)?),
                None => table.find(usual),
            })
        };
        let alive = place(columns.alive.as_ref(), &ALIVE)?;
        let (duration, ended) =
            (place(columns.duration.as_ref(), &DURATION)?, place(columns.ended.as_ref(), &ENDED)?);
        let (start, end) = (place(columns.start.as_ref(), &START)?, place(columns.end.as_ref(), &END)?);
        let cohort = columns.alive.is_some() || (duration.is_none() && start.is_none());
        let covariates =
            columns.covariates.iter().map(|name| table.column(name)).collect::<Result<_, _>>()?;
        let coded = CodedColumns::of(&table, covariates)?;
        let mut read = Self {
            lifetimes: Vec::new(),
            customers: Vec::new(),
            covariates: coded.names.iter().map(|name| (name.clone(), Vec::new())).collect(),
            refused: Vec::new(),
        };
        match (alive, (duration, ended), start) {
            (Some(alive), ..) if cohort => read.cohort(&table, alive)?,
            (_, (Some(duration), Some(ended)), _) => read.durations(&table, (duration, ended), &coded)?,
            (.., Some(start)) => read.days(&table, (start, end), &coded, request)?,
            _ => {
                return Err(Error::Subscriptions {
                    file: file.to_owned(),
                    problem: format!(
                        "no layout of subscriptions was recognised; its columns are {}. Name a duration and whether it has ended \
                         (--duration NAME --ended NAME), or the days of start and end (--start NAME --end NAME), or of a cohort's table \
                         the customers left (--alive NAME)",
                        table.columns().join(", ")
                    ),
                });
            }
        }
        if read.lifetimes.is_empty() {
            let why =
                read.refused.first().map_or_else(String::new, |(line, why)| format!(" (line {line}: {why})"));
            return Err(Error::Subscriptions {
                file: file.to_owned(),
                problem: format!("none of its rows can be used{why}"),
            });
        }
        Ok(read)
    }

    fn cohort(&mut self, table: &TableFile, alive: usize) -> Result<(), Error> {
        let period = table.find(&PERIOD);
        let mut left: Vec<(f64, f64)> = Vec::new();
        let places: Vec<usize> = std::iter::once(alive).chain(period).collect();
        table.for_each(&places, |line, fields| {
            let wrong = |field: &str| Error::from(table.wrong(line, format!("{field:?} is no number")));
            let alive = number(fields[0]).ok_or_else(|| wrong(fields[0]))?;
            let at = match fields.get(1) {
                Some(field) => number(field).ok_or_else(|| wrong(field))?,
                None => left.len() as f64,
            };
            left.push((at, alive));
            Ok::<(), Error>(())
        })?;
        left.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wrong =
            |problem: String| Error::Subscriptions { file: table.path().display().to_string(), problem };
        if let Some(pair) = left.windows(2).find(|pair| (pair[1].0 - pair[0].0 - 1.0).abs() > 1e-9) {
            return Err(wrong(format!(
                "after period {} comes {}; every period needs a row",
                pair[0].0, pair[1].0
            )));
        }
        if left.first().is_some_and(|(_, all)| *all <= 1.0) {
            return Err(wrong(
                "the customers left are shares; give their numbers, or percentages (then as if of 100 customers)".to_owned(),
            ));
        }
        let mut before: Option<f64> = None;
        for (at, alive) in left.iter().copied().enumerate().map(|(at, (_, alive))| (at as f64, alive)) {
            if let Some(before) = before {
                if alive > before {
                    return Err(Error::Subscriptions {
                        file: table.path().display().to_string(),
                        problem: format!(
                            "{alive} customers are left at period {at} after {before} before it: the number cannot rise"
                        ),
                    });
                }
                self.push(at, true, before - alive);
            }
            before = Some(alive);
        }
        if let Some(rest) = before {
            self.push(left.len().saturating_sub(1) as f64, false, rest);
        }
        Ok(())
    }

    fn durations(
        &mut self,
        table: &TableFile,
        (duration, ended): (usize, usize),
        coded: &CodedColumns,
    ) -> Result<(), Error> {
        let places = [&[duration, ended], coded.places.as_slice()].concat();
        table.for_each(&places, |line, fields| {
            match (number(fields[0]), number(fields[1])) {
                (Some(duration), Some(ended)) => {
                    self.add(line, (duration, ended != 0.0), coded.values(table, line, &fields[2..]));
                }
                (None, _) => self.refused.push((line, format!("the duration {:?} is no number", fields[0]))),
                (_, None) => self.refused.push((
                    line,
                    format!("{:?} is neither yes nor no (yes, no, true, false, 1, 0, ja, nein)", fields[1]),
                )),
            }
            Ok::<(), Error>(())
        })
    }

    fn days(
        &mut self,
        table: &TableFile,
        (start, end): (usize, Option<usize>),
        coded: &CodedColumns,
        request: &RetentionRequest,
    ) -> Result<(), Error> {
        let Some(end) = end else {
            return Err(Error::Subscriptions {
                file: table.path().display().to_string(),
                problem: "there is a column for the start of the contracts, but none for their end; name it with --end".to_owned(),
            });
        };
        let day = |text: &str| text.get(..10).unwrap_or(text).parse::<Date>().ok();
        let until = match request.until {
            Some(until) => until,
            None => last_day(table, &[start, end])?,
        };
        let places = [&[start, end], coded.places.as_slice()].concat();
        table.for_each(&places, |line, fields| {
            let ended = if fields[1].is_empty() { Some(None) } else { day(fields[1]).map(Some) };
            match (day(fields[0]), ended) {
                (Some(began), Some(ended)) => {
                    let ended = ended.filter(|day| *day <= until);
                    let days = (ended.unwrap_or(until) - began).get_days();
                    let duration = f64::from(days) / request.unit.days();
                    self.add(line, (duration, ended.is_some()), coded.values(table, line, &fields[2..]));
                }
                (None, _) => {
                    self.refused.push((line, format!("{:?} is no day such as 2025-12-31", fields[0])));
                }
                (_, None) => {
                    self.refused.push((line, format!("{:?} is no day such as 2025-12-31", fields[1])));
                }
            }
            Ok::<(), Error>(())
        })
    }

    fn add(&mut self, line: u64, (duration, ended): (f64, bool), covariates: Result<Vec<f64>, Error>) {
        match covariates {
            _ if duration < 0.0 => {
                self.refused.push((
                    line,
                    format!("the duration {duration} is negative: it began after the last day"),
                ));
            }
            Err(error) => self.refused.push((line, error.to_string())),
            Ok(values) if self.push(duration, ended, 1.0) => {
                self.covariates.iter_mut().zip(values).for_each(|((_, column), value)| column.push(value));
            }
            Ok(_) => self.refused.push((line, format!("the duration {duration} is not finite"))),
        }
    }

    /// False when it is no lifetime.
    fn push(&mut self, duration: f64, ended: bool, customers: f64) -> bool {
        let Ok(lifetime) = Lifetime::new(duration, ended) else { return false };
        self.lifetimes.push(lifetime);
        self.customers.push(customers);
        true
    }
}

/// The last day in columns of days.
fn last_day(table: &TableFile, places: &[usize]) -> Result<Date, Error> {
    let mut last: Option<Date> = None;
    table.for_each(places, |_, fields| {
        for day in fields.iter().filter_map(|text| text.get(..10).unwrap_or(text).parse::<Date>().ok()) {
            last = Some(last.map_or(day, |last| last.max(day)));
        }
        Ok::<(), Error>(())
    })?;
    last.ok_or_else(|| Error::Subscriptions {
        file: table.path().display().to_string(),
        problem: "no start or end is a day such as 2025-12-31".to_owned(),
    })
}
