//! The erasure of a person: in the store, and in all snapshots that name the person.

use jiff::Timestamp;
use perennial_lake::Session;
use perennial_store::Identifier;
use serde::Serialize;

use crate::erased::Erased;
use crate::snapshot::redact;
use crate::state::State;
use crate::{Error, Project};

/// What an erasure has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedPerson {
    /// What stands for the person from now on.
    pub token: String,
    /// The snapshots in which ids of erased persons were replaced.
    pub snapshots: Vec<String>,
}

/// Erases a person. Doing it again is harmless, and does what an interruption has left undone: snapshots are searched for all erased
/// persons, whom the store knows by hashes.
///
/// # Errors
/// When nobody is known by the identifier, a run is under way, or the store or a snapshot cannot be written.
pub fn erase(
    project: &Project,
    session: &Session,
    identifier: &Identifier,
    now: Timestamp,
) -> Result<ErasedPerson, Error> {
    let state = State::open(project)?;
    let erased = state.wait(state.store().erase(identifier, now))?;
    let snapshots = redact(session, &project.snapshots(), &Erased::new(project, &state)?, now)?;
    Ok(ErasedPerson { token: erased.token, snapshots })
}
