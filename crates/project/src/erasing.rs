//! The erasure of a person: in the store, and in all snapshots that name the person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use perennial_lake::Session;
use perennial_store::Identifier;
use serde::Serialize;

use crate::snapshot::redact;
use crate::state::State;
use crate::{Error, Project};

/// What an erasure has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedPerson {
    /// What stands for the person from now on.
    pub token: String,
    /// The snapshots in which the person's id was replaced.
    pub snapshots: Vec<String>,
}

/// Erases a person. Doing it again is harmless, and does what an interruption has left undone.
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
    let profile = state.wait(state.store().profile(identifier))?;
    let mut names: Vec<String> = vec![identifier.value().to_owned()];
    names.extend(profile.into_iter().flat_map(|profile| profile.identifiers).map(|known| known.identifier.value().to_owned()));
    let snapshots = project.snapshots();
    // The snapshots first need the token, and the store forgets the names with it: whatever is interrupted, doing it again with
    // the same identifier goes on where the names are still known.
    let erased = state.wait(state.store().erase(identifier, now))?;
    let tokens: BTreeMap<String, String> =
        names.into_iter().filter(|name| *name != erased.token).map(|name| (name, erased.token.clone())).collect();
    let snapshots = redact(session, &snapshots, &tokens, now)?;
    Ok(ErasedPerson { token: erased.token, snapshots })
}
