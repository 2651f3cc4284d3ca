//! A run: from the shop's data to a snapshot, and from there to whoever needs the values.
//!
//! ```text
//! lock, lease --> live events projected --> sources read --> for each date: valued --> snapshot --> published, exported, told
//! ```

mod backfill;
mod crm;
mod fingerprint;
mod hand_off;
mod live;
mod reading;
mod tiers;
mod valuing;

pub use backfill::{Period, period_ends};
pub use crm::{CrmPreview, PropertyChange, preview};
pub use hand_off::send_webhooks;
pub(crate) use live::{has_live_orders, live_names};
pub(crate) use reading::{project_sources, shop_of};

use std::cell::Cell;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_lake::OnProgress;
use perennial_store::Run;
use perennial_valuation::Stage;
use serde::Serialize;

use crate::erasing;
use crate::snapshot::{Lock, Manifest, NotRedacted, date_of};
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
    /// Why they went nowhere: a newer snapshot is published.
    pub kept_back: Option<KeptBack>,
    /// Snapshots that may still name an erased person.
    pub not_redacted: Vec<NotRedacted>,
}

/// Values of the past, which are kept and go nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptBack {
    /// The last snapshot of this run.
    pub snapshot: String,
    /// The one of a later date by which profiles, exports and others go on to go.
    pub published: String,
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
    /// Customers left out because the other side cannot know them: no e-mail address, for instance.
    pub unidentified: u64,
    /// Why it failed, if it did.
    pub problem: Option<String>,
}

/// Runs a project.
///
/// # Errors
/// When another run is under way, the sources cannot be read or valued, or a snapshot cannot be written. What was finished before
/// stays. A failed export is no error but part of the outcome: the snapshot is there.
pub fn run(project: &Project, request: &RunRequest) -> Result<RunOutcome, Error> {
    let today = request.now.to_zoned(project.sections.shop.time_zone.clone()).date();
    let asked = match request.dates {
        Dates::One(as_of) if as_of > today => return Err(Error::Future { as_of, today }),
        Dates::One(as_of) => as_of,
        _ => today,
    };
    let snapshots = project.snapshots();
    let lock = snapshots.lock(request.now)?;
    let state = State::open(project)?;
    let lease = state.begin_run(project, &lock, asked, request.now)?;
    let made = Making { project, state: &state, run: &lease, lock: &lock, request, as_of: Cell::new(None) };
    let outcome = state.keeping(&lease, || made.all());
    match &outcome {
        Ok(outcome) => state.finish_run(&lease, outcome)?,
        Err(error) => {
            state.fail_run(&lease, error);
            hand_off::tell_failure(project, &state, &lease, made.as_of.get(), error);
        }
    }
    outcome
}

/// A run under way.
struct Making<'a> {
    project: &'a Project,
    state: &'a State,
    run: &'a Run,
    lock: &'a Lock,
    request: &'a RunRequest<'a>,
    /// The date under work.
    as_of: Cell<Option<Date>>,
}

impl Making<'_> {
    fn all(&self) -> Result<RunOutcome, Error> {
        let Self { project, state, request, .. } = *self;
        state.project_events(project)?;
        let read = reading::read(project, state, request)?;
        let snapshots = project.snapshots();
        let valuer =
            valuing::Valuer { project, read: &read, snapshots: &snapshots, lock: self.lock, request };
        let handing = |values| hand_off::HandOff {
            project,
            state,
            run: self.run,
            session: &read.session,
            values,
            now: request.now,
        };
        let (mut dates, mut handed_off, mut last) = (Vec::new(), Vec::new(), None);
        for as_of in valuer.dates() {
            self.as_of.set(Some(as_of));
            let (outcome, table) = valuer.date(as_of)?;
            if let (DateOutcome::Made { manifest, .. }, Some(table)) = (&outcome, table) {
                handed_off.extend(handing(table).restated(manifest)?);
                last = Some((table, manifest.clone()));
            }
            dates.push(outcome);
        }
        let mut kept_back = None;
        if let Some((table, manifest)) = last {
            kept_back = self.newer_than(&manifest)?;
            if kept_back.is_none() {
                handed_off.extend(handing(table).all(&manifest)?);
            }
        }
        let not_redacted = erasing::search(project, state, &read.session, self.lock, request.now)?;
        Ok(RunOutcome { dates, handed_off, kept_back, not_redacted })
    }

    /// The snapshot of a later date that is published: what is made of the past takes nobody's place. One that was deleted
    /// stands in nobody's way.
    fn newer_than(&self, manifest: &Manifest) -> Result<Option<KeptBack>, Error> {
        let published = self.state.wait(self.state.store().published_snapshot())?;
        let is_newer = |name: &String| {
            date_of(name).is_some_and(|date| date > manifest.as_of)
                && self.project.snapshots().find(name).is_ok()
        };
        let kept_back = |published| KeptBack { snapshot: manifest.name.clone(), published };
        Ok(published.filter(is_newer).map(kept_back))
    }
}
