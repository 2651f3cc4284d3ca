//! `perennial check`: everything that a run needs, tried without writing anything.

use jiff::Timestamp;
use perennial_handoff::webhooks::WebhookSettings;
use perennial_lake::{CanonicalTable, Session, SessionOptions, SourceCheck};
use perennial_store::{Store, StoreUrl};
use serde::Serialize;

use crate::destination::Destination;
use crate::file::{ConsentRule, Problem, value_columns};
use crate::run::{CrmPreview, has_live_orders, preview, project_sources, shop_of};
use crate::state::store_url;
use crate::{Error, Project};

/// How many of the schedule's next times are named.
const NEXT_RUNS: usize = 3;

/// What a check has found out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CheckOutcome {
    /// What is wrong; warnings keep nobody from running.
    pub problems: Vec<Problem>,
    /// The sources that can be read, with how they were understood and their first rows.
    pub sources: Vec<SourceCheck>,
    /// Where values go after a run.
    pub exports: Vec<ExportCheck>,
    /// Where the store is, without a password.
    pub store: Option<String>,
    /// Whether the store is there already.
    pub store_exists: bool,
    /// When the schedule runs next.
    pub next_runs: Vec<Timestamp>,
    /// What the CRM would be told, where that was asked for ([`check_crm`]).
    pub crm: Option<CrmPreview>,
}

/// An export that can be written.
#[derive(Debug, Clone, Serialize)]
pub struct ExportCheck {
    /// Where it goes, without a password.
    pub to: String,
    /// The columns that go there.
    pub columns: Vec<String>,
    /// Whether only customers go there who agreed.
    pub asks_consent: bool,
}

/// Tries everything that a run of the project needs.
///
/// # Errors
/// When the query engine cannot be started. What is wrong with the project is part of the outcome.
pub fn check(project: &Project, now: Timestamp) -> Result<CheckOutcome, Error> {
    let mut outcome = CheckOutcome { problems: project.warnings.clone(), ..CheckOutcome::default() };
    let session = Session::new(&SessionOptions::default())?;
    sources(project, &session, now, &mut outcome);
    store(project, &mut outcome);
    exports(project, &session, &mut outcome);
    live_orders(project, &mut outcome)?;
    hand_off(project, &mut outcome);
    if let Some(every) = project.sections.schedule.every {
        let zone = &project.sections.shop.time_zone;
        let next = |after: &Timestamp| every.next(*after, zone);
        outcome.next_runs = std::iter::successors(next(&now), next).take(NEXT_RUNS).collect();
    }
    outcome.problems = project.locate(outcome.problems);
    Ok(outcome)
}

fn sources(project: &Project, session: &Session, now: Timestamp, outcome: &mut CheckOutcome) {
    let shop = shop_of(project, now);
    for (name, source) in project_sources(project) {
        let checked = source.and_then(|source| Ok(session.check_source(&source, &shop)?));
        match checked {
            Ok(checked) => {
                if checked.table == CanonicalTable::Orders && checked.first_row.is_empty() {
                    let empty = "there are no orders in it; a run needs at least one source that has some";
                    outcome.problems.push(Problem::warning(format!("sources.{name}"), empty));
                }
                outcome.sources.push(checked);
            }
            Err(error) => outcome.problems.push(Problem::error(format!("sources.{name}"), error.to_string())),
        }
    }
    if let Err(error) = shop.check_currencies(&outcome.sources) {
        outcome.problems.push(Problem::error("shop.rates", error.to_string()));
    }
}

/// A store that is there is opened; one that is not is only looked for, because opening would make it.
fn store(project: &Project, outcome: &mut CheckOutcome) {
    let wrong = |problem: String| Problem::error("store.url", problem);
    let url = match store_url(project) {
        Ok(url) => url,
        Err(error) => return outcome.problems.push(wrong(error.to_string())),
    };
    outcome.store = Some(url.to_string());
    match reachable(&url) {
        Ok(exists) => outcome.store_exists = exists,
        Err(error) => outcome.problems.push(wrong(error.to_string())),
    }
}

/// A shop of live events only has nothing to value before the first order.
fn live_orders(project: &Project, outcome: &mut CheckOutcome) -> Result<(), Error> {
    if project.sections.sources.values().any(|source| source.table == CanonicalTable::Orders.name()) {
        return Ok(());
    }
    let session = Session::new(&SessionOptions::default())?;
    let arrived = outcome.store_exists && has_live_orders(project, &session)?;
    if arrived && project.sections.events.orders && project.sections.shop.currency.is_none() {
        let open = "live orders are valued, and nothing says in which currency: set it, or an order in another one, which anybody with \
                    a write key can send, ends every run";
        outcome.problems.push(Problem::warning("shop.currency", open));
    }
    if !arrived && project.sections.events.orders {
        outcome.problems.push(Problem::warning("events", Error::NoOrders.to_string()));
    }
    Ok(())
}

/// Says what the CRM would be told of the newest values. Nothing is asked of it and nothing is sent.
pub fn check_crm(project: &Project, outcome: &mut CheckOutcome) {
    match preview(project) {
        Ok(preview) => outcome.crm = Some(preview),
        Err(error) => outcome.problems.push(Problem::error("", error.to_string())),
    }
}

fn reachable(url: &StoreUrl) -> Result<bool, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Threads { source })?;
    Ok(runtime.block_on(Store::probe(url))?)
}

/// A table that is there with other columns is found now and not at night.
fn exports(project: &Project, session: &Session, outcome: &mut CheckOutcome) {
    for (number, export) in project.sections.exports.iter().enumerate() {
        let columns: Vec<&str> = match export.columns.as_slice() {
            [] => value_columns().collect(),
            named => named.iter().map(String::as_str).collect(),
        };
        let found = Destination::of(export, &project.folder)
            .and_then(|to| to.problem(session, &columns).map_or(Ok(to), Err));
        match found {
            Ok(to) => outcome.exports.push(ExportCheck {
                to: to.to_string(),
                columns: columns.into_iter().map(str::to_owned).collect(),
                asks_consent: matches!(export.consent, ConsentRule::Asked(_)),
            }),
            Err(problem) => {
                outcome.problems.push(Problem::error(format!("exports[{}].to", number + 1), problem));
            }
        }
    }
}

/// What runs hand values to: names of variables and files that are not there are found now and not at night.
fn hand_off(project: &Project, outcome: &mut CheckOutcome) {
    let sections = &project.sections;
    let webhooks = perennial_handoff::webhooks::check(&sections.webhooks, &project.folder);
    let hubspot = sections.hubspot.iter().flat_map(|settings| {
        let token = settings.token.resolve(&project.folder).err();
        settings.check().into_iter().chain(token.map(|error| perennial_handoff::Error::Setting {
            setting: "hubspot.token".to_owned(),
            problem: error.to_string(),
        }))
    });
    let named = |error| match error {
        perennial_handoff::Error::Setting { setting, problem } => {
            Problem::error(with_number(&setting, &sections.webhooks), problem)
        }
        error => Problem::error("", error.to_string()),
    };
    outcome.problems.extend(webhooks.into_iter().chain(hubspot).map(named));
}

/// The key of a webhook's setting as the file has it: by the place of the webhook, not by its name.
fn with_number(setting: &str, webhooks: &[WebhookSettings]) -> String {
    let found = webhooks.iter().enumerate().find_map(|(place, webhook)| {
        let key = setting.strip_prefix("webhooks.")?.strip_prefix(&webhook.name)?.strip_prefix('.')?;
        Some(format!("webhooks[{}].{key}", place + 1))
    });
    found.unwrap_or_else(|| setting.to_owned())
}
