//! Which transaction model to take: the one that did best on rolling hold-outs.
//!
//! Each candidate is fitted on the orders up to three dates and judged on an equally long time after each. The mean log
//! score (the log-probability of what each customer then did, a proper score) decides; the CRPS and the other figures stand beside it.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::{ModelKind, TimeUnit};

use crate::fitting::detail;
use crate::hold_out::{Candidate, Selection};
use crate::judgement::{Judgement, PointErrors};
use crate::request::{Estimating, ModelChoice, Progress, Stage, Uncertainty};
use crate::validation::Split;
use crate::{Definitions, Error, day};

/// Hold-outs, each starting half its length after the one before.
const ORIGINS: u32 = 3;
/// The shortest hold-out worth judging by, in days.
const SHORTEST: i32 = 28;

/// The length in days of the hold-outs for a history of this many days: the horizon, where the history is three times as
/// long (a year then holds a whole season), else a quarter of the history; at least [`SHORTEST`]. `None` when the history is
/// too short to hold anything out.
pub(crate) fn hold_out_days(history: i32, horizon: f64) -> Option<i32> {
    let horizon = horizon.round().clamp(f64::from(SHORTEST), 1e5) as i32;
    let days = if history >= 3 * horizon { horizon } else { horizon.min(history / 4) };
    (days >= SHORTEST).then_some(days)
}

/// How models are compared.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// The last day of the last hold-out; `None` takes the last day of the data.
    pub as_of: Option<Date>,
    /// The length of each hold-out in days; `None` takes a year, or what the history allows.
    pub hold_out_days: Option<f64>,
    /// How many hold-outs there are, each starting half its length after the one before.
    pub origins: u32,
    /// The unit in which the models count time.
    pub unit: TimeUnit,
    /// How the parameters are estimated; models are compared at their maximum of the likelihood.
    pub estimating: Estimating,
    /// The probability that an interval is meant to hold.
    pub level: f64,
    /// The seed of everything random.
    pub seed: u64,
}

impl CompareRequest {
    /// Three hold-outs up to the end of the data.
    #[must_use]
    pub fn new() -> Self {
        Self {
            as_of: None,
            hold_out_days: None,
            origins: ORIGINS,
            unit: TimeUnit::Week,
            estimating: Estimating::default(),
            level: 0.8,
            seed: 1,
        }
    }
}

impl Default for CompareRequest {
    fn default() -> Self {
        Self::new()
    }
}

/// Judges models on rolling hold-outs, best first.
///
/// # Errors
/// When the history is too short for a hold-out, or no model could be fitted at any origin.
pub fn compare(
    session: &Session,
    reading: &Reading,
    kinds: &[ModelKind],
    request: &CompareRequest,
    progress: Progress,
) -> Result<Selection, Error> {
    let as_of = request.as_of.unwrap_or(reading.last_day);
    let history = day::number(as_of) - day::number(reading.first_day);
    let days = match request.hold_out_days {
        Some(days) => days.round().clamp(1.0, 1e5) as i32,
        None => hold_out_days(history, 365.0).ok_or(Error::TooShort { days: history })?,
    };
    request.estimating.prepare(session, reading)?;
    let rolling = Rolling {
        session,
        reading,
        kinds: &request.estimating.possible(kinds),
        estimating: &Estimating { uncertainty: Uncertainty::Fast, ..request.estimating.clone() },
        origins: origins(as_of, days, request.origins),
        days,
        unit: request.unit,
        level: request.level,
        seed: request.seed,
    };
    let records = rolling.judge(progress)?;
    if records.1.is_empty() {
        return Err(Error::NothingJudged { days, until: rolling.origins.first().copied().unwrap_or(as_of) });
    }
    Ok(rolling.ranked(records).1)
}

/// Chooses the model: the one named, or the best on rolling hold-outs before `as_of`.
pub(crate) fn select(
    session: &Session,
    reading: &Reading,
    (choice, estimating): (ModelChoice, &Estimating),
    first: Date,
    definitions: &Definitions,
    progress: Progress,
) -> Result<(ModelKind, Selection), Error> {
    let history = day::number(definitions.as_of) - day::number(first);
    let unjudged = |kind| (kind, unjudged(kind, definitions.level));
    match (choice, hold_out_days(history, definitions.horizon_days)) {
        (ModelChoice::Named(kind), _) => Ok(unjudged(kind)),
        (ModelChoice::Auto, None) => Ok(unjudged(ModelKind::BgNbd)),
        (ModelChoice::Auto, Some(days)) => {
            let estimating = &Estimating { uncertainty: Uncertainty::Fast, ..estimating.clone() };
            let rolling = Rolling {
                session,
                reading,
                kinds: &estimating.possible(ModelKind::CANDIDATES),
                estimating,
                origins: origins(definitions.as_of, days, ORIGINS),
                days,
                unit: definitions.unit,
                level: definitions.level,
                seed: 1,
            };
            let records = rolling.judge(progress)?;
            Ok(rolling.ranked(records))
        }
    }
}

/// The last days of the calibrations, earliest first; the last hold-out ends at `as_of`.
fn origins(as_of: Date, days: i32, count: u32) -> Vec<Date> {
    let last = day::number(as_of) - days;
    let back = |k: u32| day::date(last - i32::try_from(k).unwrap_or(0) * days / 2);
    (0..count.clamp(1, 100)).rev().map(back).collect()
}

fn unjudged(kind: ModelKind, level: f64) -> Selection {
    Selection {
        chosen: kind.name().to_owned(),
        by_hold_out: false,
        candidates: Vec::new(),
        origins: Vec::new(),
        hold_out_days: 0,
        level,
    }
}

/// Rolling hold-outs and who is judged on them.
struct Rolling<'a> {
    session: &'a Session,
    reading: &'a Reading,
    kinds: &'a [ModelKind],
    estimating: &'a Estimating,
    origins: Vec<Date>,
    days: i32,
    unit: TimeUnit,
    level: f64,
    seed: u64,
}

impl Rolling<'_> {
    /// The candidates' records, and the origins at which anybody could be judged.
    fn judge(&self, progress: Progress) -> Result<(Vec<Record>, Vec<Date>), Error> {
        let steps = (self.origins.len() * self.kinds.len()) as u64;
        let mut records: Vec<Record> = self.kinds.iter().copied().map(Record::new).collect();
        let mut judged_at = Vec::new();
        for (round, &until) in self.origins.iter().enumerate() {
            let end = day::date(day::number(until) + self.days);
            let detail = detail(self.kinds, self.estimating);
            let split =
                match Split::new(self.session, self.reading, "selection", (until, end), self.unit, detail) {
                    Ok(split) => split,
                    // Before the first orders there is nothing to fit; the later origins decide.
                    Err(Error::NoCustomers { .. }) => continue,
                    Err(error) => return Err(error),
                };
            let mut judged = Vec::new();
            for (index, kind) in self.kinds.iter().enumerate() {
                progress(Stage::Select, (round * self.kinds.len() + index) as u64, steps);
                let fit = split.fit(*kind, self.estimating, self.seed);
                judged.push(fit.map(|fit| split.judgement(&fit, self.level, self.seed)));
            }
            // Where there is too little for any model the later origins decide too.
            if judged.iter().any(Result::is_ok) {
                records.iter_mut().zip(judged).for_each(|(record, judged)| record.add(judged));
                judged_at.push(until);
            }
        }
        progress(Stage::Select, steps, steps);
        Ok((records, judged_at))
    }

    /// Ranks the candidates; without any that could be judged the simplest is taken unjudged.
    fn ranked(&self, (mut records, origins): (Vec<Record>, Vec<Date>)) -> (ModelKind, Selection) {
        // A candidate that failed has no score and comes last; a stable sort leaves ties in the order of simplicity.
        let score = |record: &Record| record.score().unwrap_or(f64::NEG_INFINITY);
        records.sort_by(|a, b| score(b).total_cmp(&score(a)));
        let Some(chosen) = records.first().filter(|best| best.score().is_some()).map(|best| best.kind) else {
            return (ModelKind::BgNbd, unjudged(ModelKind::BgNbd, self.level));
        };
        let selection = Selection {
            chosen: chosen.name().to_owned(),
            by_hold_out: true,
            candidates: records.iter().map(Record::candidate).collect(),
            origins,
            hold_out_days: u32::try_from(self.days).unwrap_or(0),
            level: self.level,
        };
        (chosen, selection)
    }
}

/// What a candidate achieved over the hold-outs so far.
struct Record {
    kind: ModelKind,
    log_scores: Vec<f64>,
    crps: Vec<f64>,
    coverage: Vec<f64>,
    calibration: Vec<f64>,
    errors: PointErrors,
    /// (predicted - actual) / actual of the total of each hold-out in which somebody bought.
    deviations: Vec<f64>,
    failure: Option<String>,
}

impl Record {
    fn new(kind: ModelKind) -> Self {
        Self {
            kind,
            log_scores: Vec::new(),
            crps: Vec::new(),
            coverage: Vec::new(),
            calibration: Vec::new(),
            errors: PointErrors::default(),
            deviations: Vec::new(),
            failure: None,
        }
    }

    fn add(&mut self, judged: Result<Judgement, Error>) {
        match judged {
            Ok(mut judgement) => {
                self.log_scores.push(judgement.log_score());
                self.crps.push(judgement.crps());
                self.coverage.push(judgement.coverage());
                self.calibration.extend(judgement.calibration_error());
                self.deviations.extend(judgement.errors.deviation());
                self.errors = self.errors.plus(judgement.errors);
            }
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    /// The mean log score, of a model that could be fitted at every origin.
    fn score(&self) -> Option<f64> {
        mean(&self.log_scores).filter(|_| self.failure.is_none())
    }

    fn candidate(&self) -> Candidate {
        let n = self.errors.customers;
        let scored = (n > 0.0).then_some(&self.errors);
        Candidate {
            model: self.kind.name().to_owned(),
            log_score: self.score(),
            crps: mean(&self.crps),
            mae: scored.map(|e| e.absolute / n),
            rmse: scored.map(|e| (e.squared / n).sqrt()),
            bias: self.errors.deviation(),
            total_error: root_mean_square(&self.deviations),
            calibration_error: mean(&self.calibration),
            coverage: mean(&self.coverage),
            failure: self.failure.clone(),
        }
    }
}

/// `None` for no values.
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// `None` for no values.
fn root_mean_square(values: &[f64]) -> Option<f64> {
    let squares: f64 = values.iter().map(|value| value * value).sum();
    (!values.is_empty()).then(|| (squares / values.len() as f64).sqrt())
}
