//! Which transaction model to take: the one that did best on rolling hold-outs.
//!
//! Each candidate is fitted on the orders up to three dates and judged on an equally long time after each. The mean log
//! score (the log-probability of what each customer then did, a proper score) decides.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::{FitError, ModelKind, TimeUnit, TransactionFit};

use crate::fitting::fit_transactions;
use crate::hold_out::{Candidate, Selection};
use crate::request::{ModelChoice, Progress, Stage};
use crate::validation::{PointErrors, Split};
use crate::{Definitions, Error, day};

/// Hold-outs, each starting half its length after the one before.
const ORIGINS: i32 = 3;
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

/// Chooses the model: the one named, or the best on rolling hold-outs before `as_of`.
pub(crate) fn select(
    session: &Session,
    reading: &Reading,
    choice: ModelChoice,
    first: Date,
    definitions: &Definitions,
    progress: Progress,
) -> Result<(ModelKind, Selection), Error> {
    let as_of = day::number(definitions.as_of);
    match (choice, hold_out_days(as_of - day::number(first), definitions.horizon_days)) {
        (ModelChoice::Named(kind), _) => Ok((kind, unjudged(kind))),
        (ModelChoice::Auto, None) => Ok((ModelKind::BgNbd, unjudged(ModelKind::BgNbd))),
        (ModelChoice::Auto, Some(days)) => {
            let origins: Vec<Date> =
                (0..ORIGINS).rev().map(|k| day::date(as_of - days - k * days / 2)).collect();
            roll(session, reading, &origins, days, definitions.unit, progress)
        }
    }
}

fn unjudged(kind: ModelKind) -> Selection {
    Selection {
        chosen: kind.name().to_owned(),
        by_hold_out: false,
        candidates: Vec::new(),
        origins: Vec::new(),
    }
}

fn roll(
    session: &Session,
    reading: &Reading,
    origins: &[Date],
    days: i32,
    unit: TimeUnit,
    progress: Progress,
) -> Result<(ModelKind, Selection), Error> {
    let steps = (origins.len() * ModelKind::ALL.len()) as u64;
    let mut records: Vec<Record> = ModelKind::ALL.map(Record::new).into();
    let mut judged_at = Vec::new();
    for (round, &until) in origins.iter().enumerate() {
        let end = day::date(day::number(until) + days);
        let split = match Split::new(session, reading, "selection", until, end, unit) {
            Ok(split) => split,
            // Before the first orders there is nothing to fit; the later origins decide.
            Err(Error::NoCustomers { .. }) => continue,
            Err(error) => return Err(error),
        };
        let mut fits = Vec::new();
        for (index, kind) in ModelKind::ALL.into_iter().enumerate() {
            progress(Stage::Select, (round * ModelKind::ALL.len() + index) as u64, steps);
            fits.push(fit_transactions(kind, &split.histories, unit));
        }
        // Where there is too little for any model the later origins decide too.
        if fits.iter().any(Result::is_ok) {
            records.iter_mut().zip(fits).for_each(|(record, fit)| record.judge(&split, fit));
            judged_at.push(until);
        }
    }
    progress(Stage::Select, steps, steps);
    Ok(rank(records, judged_at))
}

/// What a candidate achieved over the hold-outs so far.
struct Record {
    kind: ModelKind,
    log_scores: Vec<f64>,
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
            errors: PointErrors::default(),
            deviations: Vec::new(),
            failure: None,
        }
    }

    fn judge(&mut self, split: &Split, fit: Result<TransactionFit, FitError>) {
        match fit {
            Ok(fit) => {
                self.log_scores.push(split.log_score(&fit));
                let errors = split.point_errors(&fit);
                self.deviations.extend(errors.deviation());
                self.errors = self.errors.plus(errors);
            }
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    /// The mean log score, of a model that could be fitted at every origin.
    fn score(&self) -> Option<f64> {
        let n = self.log_scores.len();
        (n > 0 && self.failure.is_none()).then(|| self.log_scores.iter().sum::<f64>() / n as f64)
    }

    fn candidate(&self) -> Candidate {
        let n = self.errors.customers;
        let scored = (n > 0.0).then_some(&self.errors);
        Candidate {
            model: self.kind.name().to_owned(),
            log_score: self.score(),
            mae: scored.map(|e| e.absolute / n),
            rmse: scored.map(|e| (e.squared / n).sqrt()),
            bias: self.errors.deviation(),
            total_error: root_mean_square(&self.deviations),
            failure: self.failure.clone(),
        }
    }
}

/// `None` for no values.
fn root_mean_square(values: &[f64]) -> Option<f64> {
    let squares: f64 = values.iter().map(|value| value * value).sum();
    (!values.is_empty()).then(|| (squares / values.len() as f64).sqrt())
}

/// Ranks the candidates; without any that could be judged the simplest is taken unjudged.
fn rank(mut records: Vec<Record>, origins: Vec<Date>) -> (ModelKind, Selection) {
    // A candidate that failed has no score and comes last; a stable sort leaves ties in the order of simplicity.
    let score = |record: &Record| record.score().unwrap_or(f64::NEG_INFINITY);
    records.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let Some(chosen) = records.first().filter(|best| best.score().is_some()).map(|best| best.kind) else {
        return (ModelKind::BgNbd, unjudged(ModelKind::BgNbd));
    };
    let selection = Selection {
        chosen: chosen.name().to_owned(),
        by_hold_out: true,
        candidates: records.iter().map(Record::candidate).collect(),
        origins,
    };
    (chosen, selection)
}
