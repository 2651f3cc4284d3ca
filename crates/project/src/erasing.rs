//! The erasure of a person: in the store, and in all snapshots that name the person.

use jiff::Timestamp;
use perennial_lake::{Session, SessionOptions};
use perennial_store::Identifier;
use serde::Serialize;

use crate::erased::Erased;
use crate::snapshot::{Lock, NotRedacted, Redacted, redact};
use crate::state::State;
use crate::{Error, Project};

/// What an erasure has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedPerson {
    /// What stands for the person from now on.
    pub token: String,
    /// Identifiers of the person that the store knew.
    pub identifiers: u64,
    /// The snapshots in which ids of erased persons were replaced.
    pub snapshots: Vec<String>,
    /// The snapshots that may still name the person.
    pub failures: Vec<NotRedacted>,
}

/// Erases a person, also one whom only files of the shop know. Doing it again is harmless, and does what an interruption has
/// left undone: snapshots are searched for all erased persons, whom the store knows by hashes.
///
/// # Errors
/// [`Error::Busy`] while a run is under way: nothing was erased then. When the store cannot be written; a snapshot that cannot
/// is part of what was done.
pub fn erase(
    project: &Project,
    session: &Session,
    identifier: &Identifier,
    now: Timestamp,
) -> Result<ErasedPerson, Error> {
    // Before anything else: a run that is under way has read the person already.
    let lock = project.snapshots().lock(now)?;
    let state = State::open(project)?;
    let erased = state.wait(state.store().erase(identifier, now))?;
    let Redacted { snapshots, failures } =
        redact(session, &project.snapshots(), &lock, &Erased::new(project, &state)?, now)?;
    Ok(ErasedPerson { token: erased.token, identifiers: erased.identifiers, snapshots, failures })
}

/// Searches the snapshots for persons who were erased elsewhere, such as by the HTTP API, since they were searched last.
/// Returns those that may still name somebody.
///
/// # Errors
/// [`Error::Busy`] while a run is under way, which searches them itself; when the store or the folder of snapshots cannot be
/// read or written.
pub fn redact_snapshots(project: &Project, now: Timestamp) -> Result<Vec<NotRedacted>, Error> {
    let lock = project.snapshots().lock(now)?;
    let state = State::open(project)?;
    let session = Session::new(&SessionOptions::default())?;
    search(project, &state, &session, &lock, now)
}

/// The same within a run, which holds the lock.
pub(crate) fn search(
    project: &Project,
    state: &State,
    session: &Session,
    lock: &Lock,
    now: Timestamp,
) -> Result<Vec<NotRedacted>, Error> {
    let snapshots = project.snapshots();
    let erased = Erased::new(project, state)?;
    if erased.is_empty() || erased.mark() == snapshots.searched_for()? {
        return Ok(Vec::new());
    }
    Ok(redact(session, &snapshots, lock, &erased, now)?.failures)
}
