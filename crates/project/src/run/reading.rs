//! The shop's data, read into a session: its sources, its live events, and who is who.

use std::collections::{BTreeMap, BTreeSet};

use perennial_lake::{
    CanonicalTable, DatabaseUrl, Location, Mapping, QualityTrend, Reading, Session, SessionOptions, Shop,
    Source, SourceRead, SourcesRead, WrittenBy, ZeroOrders,
};

use super::RunRequest;
use super::fingerprint::Fingerprints;
use super::live::live_sources;
use crate::erased::Erased;
use crate::file::{self, overrides};
use crate::snapshot::{Manifest, conceal};
use crate::sql::literal;
use crate::state::{State, store_address};
use crate::{Error, Project};

/// The table of the session that says who is who.
const IDENTITIES: &str = "identities";
/// The folder of refused rows, those of the last run.
const QUARANTINE: &str = "quarantine";

/// Everything that was read.
pub(crate) struct Read {
    pub(crate) session: Session,
    pub(crate) reading: Reading,
    pub(crate) fingerprints: Fingerprints,
    /// What was read and what became of it, for the snapshot.
    pub(crate) account: serde_json::Value,
    /// How the quality of each source has changed since the last run.
    pub(crate) trends: BTreeMap<String, Vec<QualityTrend>>,
}

/// Reads the sources of a project.
pub(crate) fn read(project: &Project, state: &State, request: &RunRequest) -> Result<Read, Error> {
    let session = Session::new(&SessionOptions::default())?;
    let mut sources = project_sources(project).map(|(_, source)| source).collect::<Result<Vec<_>, _>>()?;
    sources.extend(live_sources(project, &session)?);
    if !sources.iter().any(|source| source.table == CanonicalTable::Orders) {
        return Err(Error::NoOrders);
    }
    register_identities(project, &session, &sources)?;
    let quarantine = project.path(QUARANTINE);
    std::fs::create_dir_all(&quarantine).map_err(Error::file(&quarantine))?;
    let shop = Shop {
        quarantine: Some(quarantine),
        on_progress: request.on_reading.clone(),
        ..shop_of(project, request.now)
    };
    let read = session.read_sources(&sources, &shop)?;
    let erased = Erased::new(project, state)?;
    erased.put_under_tokens(&session, &read.reading)?;
    let fingerprints = Fingerprints::new(&session, &read.reading, &project.sections)?;
    let mut account = serde_json::to_value(&read).map_err(|error| Error::Setting {
        key: "sources".to_owned(),
        problem: format!("what was read cannot be written down: {error}"),
    })?;
    conceal(&mut account, &mut |id| erased.token(id));
    let trends = trends(project, state, &read)?;
    Ok(Read { session, reading: read.reading, fingerprints, account, trends })
}

/// Holds the quality of the sources against that of the last run's snapshot.
fn trends(
    project: &Project,
    state: &State,
    read: &SourcesRead,
) -> Result<BTreeMap<String, Vec<QualityTrend>>, Error> {
    let Some(last) = last_snapshot(project, state)? else { return Ok(BTreeMap::new()) };
    let before = last.quality();
    let trend = |source: &SourceRead| {
        let before = before.iter().find(|report| report.source == source.name)?;
        Some((source.name.clone(), source.quality.compare(before)))
    };
    Ok(read.sources.iter().filter_map(trend).collect())
}

/// The snapshot of the last run, whatever the clock says. Where the store does not know it, or it is gone, the one that was made
/// last.
fn last_snapshot(project: &Project, state: &State) -> Result<Option<Manifest>, Error> {
    let last = state.wait(state.store().last_finished_run())?.and_then(|run| run.snapshot);
    let manifests = project.snapshots().manifests()?.into_iter().filter_map(|(_, manifest)| manifest.ok());
    Ok(manifests.max_by_key(|manifest| (last.as_ref() == Some(&manifest.name), manifest.made_at)))
}

/// What holds for all sources.
pub(crate) fn shop_of(project: &Project, now: jiff::Timestamp) -> Shop {
    let file::Shop { currency, time_zone, rates, zero_orders, .. } = &project.sections.shop;
    Shop {
        time_zone: Some(time_zone.clone()),
        currency: currency.clone(),
        rates: rates.clone(),
        zero_orders: match zero_orders {
            file::ZeroOrders::Keep => ZeroOrders::Keep,
            file::ZeroOrders::Drop => ZeroOrders::Drop,
        },
        now,
        ..Shop::default()
    }
}

/// The sources that the file names, by name.
pub(crate) fn project_sources(project: &Project) -> impl Iterator<Item = (&str, Result<Source, Error>)> {
    project.sections.sources.iter().map(|(name, source)| (name.as_str(), of_file(project, name, source)))
}

fn of_file(project: &Project, name: &str, source: &file::Source) -> Result<Source, Error> {
    let wrong = |key: &str, problem: String| Error::Setting { key: format!("sources.{name}.{key}"), problem };
    let location = if let Some(files) = &source.files {
        Location::Files(files.paths().to_vec())
    } else if let Some(database) = &source.database {
        let url = database.database(&project.folder).map_err(|problem| wrong("database", problem))?;
        Location::Database { url, table: source.from.clone().unwrap_or_default() }
    } else {
        Location::Delta(source.delta.clone().unwrap_or_default())
    };
    Ok(Source {
        name: name.to_owned(),
        table: source
            .table
            .parse()
            .map_err(|error: perennial_lake::Error| wrong("table", error.to_string()))?,
        location: location.relative_to(&project.folder),
        mapping: match &source.sql {
            Some(sql) => Mapping::Select(sql.clone()),
            None => Mapping::Recognised(overrides(source).map_err(|problem| wrong("columns", problem))?),
        },
        customers_are: source.customers_are.clone(),
        date_order: source.date_order,
        written_by: WrittenBy::Shop,
    })
}

/// Who is who, as far as sources ask: which customer an e-mail address, an account or another number belongs to today.
fn register_identities(project: &Project, session: &Session, sources: &[Source]) -> Result<(), Error> {
    let kinds: BTreeSet<String> = sources.iter().filter_map(|source| source.customers_are.clone()).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    register_customers(project, session, IDENTITIES, &kinds.into_iter().collect::<Vec<_>>())
}

/// Makes a table `(kind, value, customer)` of the identifiers of some kinds.
pub(crate) fn register_customers(
    project: &Project,
    session: &Session,
    table: &str,
    kinds: &[String],
) -> Result<(), Error> {
    session.register_location("store_identifiers", &stored(project, "identifiers")?)?;
    session.register_location("store_customers", &stored(project, "customers")?)?;
    let kinds: Vec<String> = kinds.iter().map(|kind| literal(kind)).collect();
    session.materialise(
        table,
        &format!(
            // Of a device that several customers used, the last.
            "SELECT i.kind, i.value, c.customer FROM store_identifiers AS i JOIN store_customers AS c ON c.root = i.root \
             WHERE i.kind IN ({}) AND i.until_at = {}",
            kinds.join(", "),
            i64::MAX
        ),
    )?;
    session.drop_table("store_identifiers")?;
    Ok(session.drop_table("store_customers")?)
}

/// A table of the operational store, as a place where data lies.
pub(super) fn stored(project: &Project, table: &str) -> Result<Location, Error> {
    Ok(Location::Database { url: DatabaseUrl::parse(&store_address(project)?)?, table: table.to_owned() })
}
