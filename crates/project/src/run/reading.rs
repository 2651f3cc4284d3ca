//! The shop's data, read into a session: its sources, its live orders, and who is who.

use std::collections::{BTreeMap, BTreeSet};

use perennial_lake::{
    CanonicalTable, DatabaseUrl, Location, Mapping, QualityTrend, Reading, Session, SessionOptions, Shop,
    Source, SourceRead, SourcesRead, WithoutRate, ZeroOrders,
};

use super::RunRequest;
use super::fingerprint::Fingerprints;
use crate::erased::Erased;
use crate::file::{self, overrides};
use crate::snapshot::conceal;
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
    let trends = trends(project, &read)?;
    Ok(Read { session, reading: read.reading, fingerprints, account, trends })
}

/// Holds the quality of the sources against that of the snapshot that was made last.
fn trends(project: &Project, read: &SourcesRead) -> Result<BTreeMap<String, Vec<QualityTrend>>, Error> {
    let manifests = project.snapshots().manifests()?.into_iter().filter_map(|(_, manifest)| manifest.ok());
    let Some(last) = manifests.max_by_key(|manifest| manifest.made_at) else { return Ok(BTreeMap::new()) };
    let before = last.quality();
    let trend = |source: &SourceRead| {
        let before = before.iter().find(|report| report.source == source.name)?;
        Some((source.name.clone(), source.quality.compare(before)))
    };
    Ok(read.sources.iter().filter_map(trend).collect())
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
        without_rate: WithoutRate::Stop,
    })
}

/// The names of the sources of live events; no source of the file may have them.
pub(crate) const LIVE_SOURCES: [&str; 2] = ["live_orders", "live_refunds"];

/// The orders and refunds that came as live events, where there are any: refunds also of orders that other sources hold.
fn live_sources(project: &Project, session: &Session) -> Result<Vec<Source>, Error> {
    if !project.sections.events.orders {
        return Ok(Vec::new());
    }
    // With its zone: without one it would be taken for a time on the shop's own clock. `AT TIME ZONE` would go by way of
    // nanoseconds, which end an answer with an error in the year 1 that some senders write for "no time".
    let instant = |column: &str| {
        format!("arrow_cast(to_timestamp_micros({column}), 'Timestamp(Microsecond, Some(\"UTC\"))')")
    };
    let orders = format!(
        "SELECT customer AS customer_id, order_id, {} AS placed_at, CAST(net AS DECIMAL(24, 6)) AS net, currency, status, {} AS cancelled_at, coupon \
         FROM source",
        instant("placed_at"),
        instant("cancelled_at")
    );
    let refunds = format!(
        "SELECT customer AS customer_id, id AS refund_id, order_id, {} AS refunded_at, CAST(amount AS DECIMAL(24, 6)) AS amount, currency, reason FROM source",
        instant("at")
    );
    let [live_orders, live_refunds] = LIVE_SOURCES;
    let mut sources = Vec::new();
    for (name, table, view, sql) in [
        (live_orders, CanonicalTable::Orders, LIVE_ORDERS, orders),
        (live_refunds, CanonicalTable::Refunds, "customer_refunds", refunds),
    ] {
        let location = stored(project, view)?;
        if holds_rows(session, &location)? {
            let mapping = Mapping::Select(sql);
            // The views name customers already.
            sources.push(Source {
                name: name.to_owned(),
                table,
                location,
                mapping,
                customers_are: None,
                date_order: None,
                // Write keys may stand in web pages, so that anybody can send an order in any currency; it must not end every run.
                without_rate: WithoutRate::Refuse,
            });
        }
    }
    Ok(sources)
}

/// The view of the store that holds live orders.
const LIVE_ORDERS: &str = "customer_orders";

/// Whether an order has come as a live event.
pub(crate) fn has_live_orders(project: &Project, session: &Session) -> Result<bool, Error> {
    holds_rows(session, &stored(project, LIVE_ORDERS)?)
}

fn holds_rows(session: &Session, location: &Location) -> Result<bool, Error> {
    session.register_location("looked_at", location)?;
    let any = session.query("SELECT 1 FROM looked_at LIMIT 1")?.iter().any(|batch| batch.num_rows() > 0);
    session.drop_table("looked_at")?;
    Ok(any)
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
fn stored(project: &Project, table: &str) -> Result<Location, Error> {
    Ok(Location::Database { url: DatabaseUrl::parse(&store_address(project)?)?, table: table.to_owned() })
}
