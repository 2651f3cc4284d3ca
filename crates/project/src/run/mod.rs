//! A run: from the shop's data to a snapshot, and from there to whoever needs the values.
//!
//! ```text
//! lock, lease --> live events projected --> sources read --> for each date: valued --> snapshot --> published, exported, told
//! ```

mod backfill;
mod crm;
mod fingerprint;
mod hand_off;
mod reading;
mod tiers;
mod valuing;

pub use backfill::{Period, period_ends};
pub(crate) use reading::{project_sources, shop_of};

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_lake::OnProgress;
use perennial_store::Run;
use perennial_valuation::Stage;
use serde::Serialize;

use crate::snapshot::{Lock, Manifest, Snapshots};
use crate::state::State;
use crate::{Error, Project};

/// Told about the valuation's progress: the stage, steps done, steps in all.
pub type OnStage<'a> = &'a (dyn Fn(Stage, u64, u64) + Sync);

/// What a run is asked for.
pub struct RunRequest<'a> {
    /// The dates, in order; `None` for the last day of the data that is over.
    pub dates: Dates,
    /// The present.
    pub now: Timestamp,
    /// Told about reading.
    pub on_reading: Option<OnProgress>,
    /// Told about valuing.
    pub on_stage: OnStage<'a>,
}

/// As of which dates snapshots are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dates {
    /// The last day of the data, but no day that is not over yet where the shop is.
    Last,
    /// One date; an earlier snapshot of it is restated.
    One(Date),
    /// The last day of each period; those with a snapshot of the same data and settings are left as they are.
    Every(Period, Date),
}

/// What a run has done.
#[derive(Debug, Clone, Serialize)]
pub struct RunOutcome {
    /// The dates in order, with what became of each.
    pub dates: Vec<DateOutcome>,
    /// Where the values of the last snapshot went.
    pub handed_off: Vec<HandedOff>,
}

impl RunOutcome {
    /// Whether everything that was to be done after the snapshots could be done.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.handed_off.iter().all(|handed| handed.problem.is_none())
    }
}

/// What became of a date.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum DateOutcome {
    /// A snapshot was made.
    Made {
        /// Its date.
        as_of: Date,
        /// Where it lies.
        folder: PathBuf,
        /// What it says of itself.
        manifest: Box<Manifest>,
    },
    /// There is a snapshot already, and a new one would say the same.
    Unchanged {
        /// The date.
        as_of: Date,
        /// The snapshot.
        snapshot: String,
    },
    /// No order was known by then.
    TooEarly {
        /// The date.
        as_of: Date,
    },
}

/// A place that values went to.
#[derive(Debug, Clone, Serialize)]
pub struct HandedOff {
    /// Where.
    pub to: String,
    /// How many customers.
    pub customers: u64,
    /// Customers left out because they did not agree.
    pub without_consent: u64,
    /// Why it failed, if it did.
    pub problem: Option<String>,
}

/// Runs a project.
///
/// # Errors
/// When another run is under way, the sources cannot be read or valued, or a snapshot cannot be written. What was finished before
/// stays. A failed export is no error but part of the outcome: the snapshot is there.
pub fn run(project: &Project, request: &RunRequest) -> Result<RunOutcome, Error> {
    let snapshots = project.snapshots();
    let lock = snapshots.lock(request.now)?;
    let state = State::open(project)?;
    let lease = state.begin_run(project, request.now)?;
    let outcome = state.keeping(&lease, || made(project, &state, &lease, &snapshots, &lock, request));
    match &outcome {
        Ok(outcome) => state.finish_run(&lease, outcome)?,
        Err(error) => {
            state.fail_run(&lease, error);
            hand_off::tell_failure(project, &state, &lease, error, request.now);
        }
    }
    outcome
}

fn made(
    project: &Project,
    state: &State,
    run: &Run,
    snapshots: &Snapshots,
    lock: &Lock,
    request: &RunRequest,
) -> Result<RunOutcome, Error> {
    state.project_events(project)?;
    let read = reading::read(project, state, request)?;
    let valuer = valuing::Valuer { project, read: &read, snapshots, lock, request };
    let mut dates = Vec::new();
    let mut last = None;
    for as_of in valuer.dates() {
        let (outcome, table) = valuer.date(as_of)?;
        if let DateOutcome::Made { manifest, .. } = &outcome {
            last = table.map(|table| (table, manifest.clone()));
        }
        dates.push(outcome);
    }
    let handed_off = match last {
        Some((table, manifest)) => {
            let handing = hand_off::HandOff {
                project,
                state,
                run,
                session: &read.session,
                values: &table,
                now: request.now,
            };
            handing.all(&manifest)?
        }
        None => Vec::new(),
    };
    Ok(RunOutcome { dates, handed_off })
}
