//! The shop's data, read into a session.

use perennial_lake::{OrderSource, Reading, Session, SessionOptions, ZeroOrders};

use super::RunRequest;
use super::fingerprint::Fingerprints;
use crate::file::{self, Shop, overrides};
use crate::state::State;
use crate::{Error, Project};

/// Everything that was read.
pub(crate) struct Read {
    pub(crate) session: Session,
    pub(crate) reading: Reading,
    pub(crate) fingerprints: Fingerprints,
    /// What was read and what became of it, for the snapshot.
    pub(crate) sources: serde_json::Value,
}

/// Reads the sources of a project.
pub(crate) fn read(project: &Project, _state: &State, request: &RunRequest) -> Result<Read, Error> {
    let session = Session::new(&SessionOptions::default())?;
    let sections = &project.sections;
    let paths = sections.sources.values().filter_map(|source| source.files.as_ref()).flat_map(file::Files::paths);
    let mut source = OrderSource::new(paths.map(|path| project.path(path).to_string_lossy().into_owned()));
    if let Some(first) = sections.sources.values().next() {
        source.columns = overrides(first).unwrap_or_default();
    }
    let Shop { currency, time_zone, rates, zero_orders, .. } = &sections.shop;
    source.time_zone = Some(time_zone.clone());
    source.currency.clone_from(currency);
    source.rates.clone_from(rates);
    source.now = request.now;
    source.on_progress.clone_from(&request.on_reading);
    source.zero_orders = match zero_orders {
        file::ZeroOrders::Keep => ZeroOrders::Keep,
        file::ZeroOrders::Drop => ZeroOrders::Drop,
    };
    let reading = session.read_orders(&source)?;
    let fingerprints = Fingerprints::new(&session, &reading, sections)?;
    let sources = serde_json::to_value(&reading).unwrap_or_default();
    Ok(Read { session, reading, fingerprints, sources })
}
