//! Customers with a contract: a table of how long each has stayed, and the models of retention fitted on it.
//!
//! Three layouts are understood: one row per customer with a duration and whether it has ended; one row per customer with the days on
//! which the contract began and ended (empty while it goes on); and the retention table of a cohort, one row per period with the
//! customers left.

use jiff::civil::Date;
use perennial_lake::TableFile;
use perennial_models::{
    BetaDiscreteWeibull, Cox, CoxData, Fit, KaplanMeier, Lifetime, RetentionModel, Sbg, Tenure, TenureBase,
    TimeUnit,
};

use crate::Error;
use crate::coding::{CodedColumns, number};
use crate::hold_out::EstimateTable;

/// What the columns may be called, most telling first.
const DURATION: [&str; 7] = ["duration", "tenure", "lifetime", "periods", "months", "time", "laufzeit"];
const ENDED: [&str; 9] =
    ["ended", "churn", "churned", "cancelled", "canceled", "event", "died", "churn_flag", "gekündigt"];
const START: [&str; 5] = ["start_date", "started_at", "start", "signup_date", "created_at"];
const END: [&str; 6] = ["end_date", "ended_at", "end", "cancelled_at", "canceled_at", "churn_date"];
const PERIOD: [&str; 6] = ["period", "year", "month", "week", "renewal", "t"];
const ALIVE: [&str; 6] = ["alive", "pct_alive", "percent_alive", "survivors", "customers", "left"];
/// The retention curve is shown up to this many periods beyond those observed.
const PROJECTED: u32 = 12;

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

/// How a model of retention is fitted.
#[derive(Debug, Clone, Copy)]
pub struct RetentionRequest {
    /// The length of a period, where durations follow from days.
    pub unit: TimeUnit,
    /// The last day that is known, where contracts go on; `None` takes the last day in the table.
    pub until: Option<Date>,
    /// Fit on so many periods only, and hold the projection against the rest.
    pub periods: Option<u32>,
    /// The probability that an interval is meant to hold.
    pub level: f64,
}

/// A model of customers with a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionKind {
    /// Shifted beta-geometric.
    Sbg,
    /// Beta-discrete-Weibull.
    Bdw,
    /// Kaplan and Meier's product limit.
    KaplanMeier,
    /// Cox's proportional hazards.
    Cox,
}

impl RetentionKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Sbg, Self::Bdw, Self::KaplanMeier, Self::Cox];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sbg => "sbg",
            Self::Bdw => "bdw",
            Self::KaplanMeier => "kaplan-meier",
            Self::Cox => "cox",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Subscriptions as they were read.
#[derive(Debug, Clone)]
pub struct Subscriptions {
    lifetimes: Vec<Lifetime>,
    customers: Vec<f64>,
    covariates: Vec<(String, Vec<f64>)>,
    /// Rows that could not be used, with the line and the reason.
    pub refused: Vec<(u64, String)>,
}

/// What a model says of one period.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct RetentionPoint {
    /// The period: renewals since the start.
    pub period: u32,
    /// The share observed to stay this long (Kaplan-Meier), as far as it can be observed.
    pub observed: Option<f64>,
    /// The share that the model says stays this long, or the ends of the interval around what was observed.
    pub survival: Option<f64>,
    /// The share of those up for this renewal who renew.
    pub retention_rate: Option<f64>,
    /// The lower end of the interval of what was observed.
    pub lower: Option<f64>,
    /// Its upper end.
    pub upper: Option<f64>,
}

/// How a covariate moves the hazard of leaving.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Ratio {
    /// The covariate.
    pub name: String,
    /// By what the hazard is multiplied when it rises by one.
    pub ratio: f64,
    /// The ends of the ratio's interval; `None` where the data do not say.
    pub interval: Option<[f64; 2]>,
    /// The probability of as large an effect by chance.
    pub p_value: Option<f64>,
}

/// A fitted model of retention.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Retention {
    /// The model's name.
    pub model: &'static str,
    /// The customers, or what the table counts instead.
    pub customers: f64,
    /// Those whose contract has ended.
    pub ended: f64,
    /// The periods that the fit saw, where it was not all of them.
    pub fitted_periods: Option<u32>,
    /// The parameters; `None` of Kaplan-Meier, which has none.
    pub fit: Option<EstimateTable>,
    /// Survival and retention by period.
    pub curve: Vec<RetentionPoint>,
    /// The expected further renewals of a customer who has just started; infinite where the model has no mean.
    pub expected_residual_lifetime: Option<f64>,
    /// The hazard ratios of Cox.
    pub hazard_ratios: Vec<Ratio>,
    /// How well Cox orders the lifetimes: 0.5 is chance, 1 perfect.
    pub concordance: Option<f64>,
    /// Rows that could not be used.
    pub refused: u64,
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

    /// Fits a model.
    ///
    /// # Errors
    /// When too few contracts have ended, or Cox has no covariate.
    pub fn fit(&self, kind: RetentionKind, request: &RetentionRequest) -> Result<Retention, Error> {
        let seen = self.seen(request.periods);
        let observed = KaplanMeier::new(&self.lifetimes, &self.customers);
        let failed = |model, source| Error::Fit { model, reason: source };
        let mut retention = Retention {
            model: kind.name(),
            customers: self.customers.iter().sum(),
            ended: self
                .lifetimes
                .iter()
                .zip(&self.customers)
                .filter(|(l, _)| l.ended())
                .map(|(_, n)| n)
                .sum(),
            fitted_periods: request
                .periods
                .filter(|_| matches!(kind, RetentionKind::Sbg | RetentionKind::Bdw)),
            fit: None,
            curve: Vec::new(),
            expected_residual_lifetime: None,
            hazard_ratios: Vec::new(),
            concordance: None,
            refused: self.refused.len() as u64,
        };
        match kind {
            RetentionKind::Sbg => {
                let fit = Sbg::fit(&seen).map_err(|source| failed("sBG", source))?;
                retention.parametric(&fit, &observed, request);
            }
            RetentionKind::Bdw => {
                let fit = BetaDiscreteWeibull::fit(&seen).map_err(|source| failed("BdW", source))?;
                retention.parametric(&fit, &observed, request);
            }
            RetentionKind::KaplanMeier => {
                retention.curve = curve(None, &observed, request);
            }
            RetentionKind::Cox => self.cox(&mut retention, &observed, request)?,
        }
        Ok(retention)
    }

    fn cox(
        &self,
        retention: &mut Retention,
        observed: &KaplanMeier,
        request: &RetentionRequest,
    ) -> Result<(), Error> {
        let failed = |problem: String| Error::Cox { problem };
        if self.covariates.is_empty() {
            return Err(failed(
                "name its covariates, columns of the same file, with --covariate-columns".to_owned(),
            ));
        }
        let mut data = CoxData::new(self.lifetimes.clone());
        for (name, values) in &self.covariates {
            data = data
                .with_covariate(name.clone(), values.clone())
                .map_err(|error| failed(error.to_string()))?;
        }
        let fit = Cox::fit(&data).map_err(|error| failed(error.to_string()))?;
        retention.concordance = fit.model.concordance(&data);
        retention.hazard_ratios = fit
            .hazard_ratios(request.level)
            .into_iter()
            .map(|ratio| Ratio {
                name: ratio.name.to_string(),
                ratio: ratio.ratio,
                interval: ratio.interval,
                p_value: ratio.p_value,
            })
            .collect();
        retention.fit = Some(EstimateTable::of(&fit));
        retention.curve = curve(None, observed, request);
        Ok(())
    }

    /// The tenures, as far as a fit on the first periods sees them.
    fn seen(&self, periods: Option<u32>) -> TenureBase {
        let most = periods.map_or(f64::INFINITY, f64::from);
        let mut base = TenureBase::new();
        for (lifetime, customers) in self.lifetimes.iter().zip(&self.customers) {
            let ended = lifetime.ended() && lifetime.duration().ceil() <= most;
            let periods = if ended {
                lifetime.duration().ceil().max(1.0)
            } else {
                lifetime.duration().min(most).floor()
            };
            if let Ok(tenure) = Tenure::new(periods as u32, ended) {
                base.push_count(tenure, *customers);
            }
        }
        base
    }
}

impl Retention {
    fn parametric<M: RetentionModel>(
        &mut self,
        fit: &Fit<M>,
        observed: &KaplanMeier,
        request: &RetentionRequest,
    ) {
        self.curve = curve(Some(&fit.model), observed, request);
        self.expected_residual_lifetime = Some(fit.model.expected_residual_lifetime(0));
        self.fit = Some(EstimateTable::of(fit));
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

fn curve(
    model: Option<&dyn RetentionModel>,
    observed: &KaplanMeier,
    request: &RetentionRequest,
) -> Vec<RetentionPoint> {
    let last = observed.last_time().unwrap_or(0.0).floor().min(600.0) as u32;
    let end = if model.is_some() { last + PROJECTED } else { last };
    (0..=end)
        .map(|period| {
            let time = f64::from(period);
            let interval = observed.interval(time, request.level).filter(|_| period <= last);
            RetentionPoint {
                period,
                observed: observed.survival(time).filter(|_| period <= last),
                survival: model.map(|model| model.survival(time)),
                retention_rate: model.map(|model| model.retention_rate(period)),
                lower: interval.map(|[lower, _]| lower),
                upper: interval.map(|[_, upper]| upper),
            }
        })
        .collect()
}
