//! What follows a snapshot: profiles show its values, they go where the project says, and who wants to know is told.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_handoff::webhooks::{
    Event, Pass, RunCompleted, RunFailed, SnapshotRestated, WebhookWorker, announce,
};
use perennial_lake::Session;
use perennial_lake::arrow::array::{ArrayRef, StringArray};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_store::Run;

use super::{HandedOff, crm};
use crate::destination::Destination;
use crate::erased::Erased;
use crate::file::{ConsentRule, Export};
use crate::rows::{self, Cell, columns};
use crate::snapshot::{Manifest, Side};
use crate::sql::identifier;
use crate::state::State;
use crate::{Error, Project};

/// The table of customers who agreed, while an export is written.
const CONSENTED: &str = "consented_customers";
/// How often values are published anew because somebody was erased in the meantime.
const PUBLICATIONS: usize = 5;
/// ISO 4217 for amounts without a currency.
const NO_CURRENCY: &str = "XXX";

/// The values of a snapshot that was just made.
pub(crate) struct HandOff<'a> {
    pub(crate) project: &'a Project,
    pub(crate) state: &'a State,
    pub(crate) run: &'a Run,
    pub(crate) session: &'a Session,
    /// The table of the values in the session.
    pub(crate) values: &'a str,
    pub(crate) now: Timestamp,
}

impl HandOff<'_> {
    /// Publishes the values, exports them and tells of them. One place that cannot be reached keeps no other from being served.
    pub(crate) fn all(&self, manifest: &Manifest) -> Result<Vec<HandedOff>, Error> {
        let mine = || self.state.still_ours(self.run);
        mine()?;
        self.publish(manifest)?;
        let sections = &self.project.sections;
        let mut handed_off: Vec<HandedOff> = sections
            .exports
            .iter()
            .map(|export| mine().map(|()| self.export(export)))
            .collect::<Result<_, _>>()?;
        mine()?;
        if let Some(settings) = &sections.hubspot {
            let sent = crm::write_back(self, settings);
            handed_off.push(sent.unwrap_or_else(|error| HandedOff::failed(crm::HUBSPOT, &error.to_string())));
        }
        handed_off.extend(self.tell(&completed(self.run, manifest)));
        Ok(handed_off)
    }

    /// Tells that a snapshot says something else than another of its date, if it does. A problem with telling is no error.
    pub(crate) fn restated(&self, manifest: &Manifest) -> Result<Option<HandedOff>, Error> {
        let Some(restates) = &manifest.restates else { return Ok(None) };
        self.state.still_ours(self.run)?;
        let before = Manifest::read(&self.project.snapshots().find(restates)?)?;
        let said =
            |manifest: &Manifest| (manifest.figures.clone(), manifest.valuation.definitions.currency.clone());
        if said(&before) == said(manifest) {
            return Ok(None);
        }
        Ok(self.tell(&restatement(&before, manifest)))
    }

    /// Makes the values known to profiles, but nobody's who was erased since the sources were read.
    fn publish(&self, manifest: &Manifest) -> Result<(), Error> {
        let mut published = Err(Error::Store(perennial_store::Error::ErasedMeanwhile));
        for _ in 0..PUBLICATIONS {
            let erased = Erased::new(self.project, self.state)?;
            erased.leave_out_of(self.session, self.values)?;
            published = self.publish_unless_erased(manifest, &erased);
            if !matches!(published, Err(Error::Store(perennial_store::Error::ErasedMeanwhile))) {
                break;
            }
        }
        published
    }

    fn publish_unless_erased(&self, manifest: &Manifest, erased: &Erased) -> Result<(), Error> {
        let state = self.state;
        let publication = state.wait(state.store().begin_publication(&manifest.name, self.now))?;
        let mut publication = publication.knowing(erased.erasures());
        self.session.for_each(&format!("SELECT * FROM {}", self.values), |batch| {
            let columns = columns(&batch)?;
            for row in 0..batch.num_rows() {
                let mut figures = rows::json(&columns, row);
                if let Some(serde_json::Value::String(customer)) = figures.remove("customer_id") {
                    state.wait(publication.add(customer, serde_json::Value::Object(figures).to_string()))?;
                }
            }
            Ok::<(), Error>(())
        })?;
        state.wait(publication.finish())?;
        Ok(())
    }

    fn export(&self, export: &Export) -> HandedOff {
        match Destination::of(export, &self.project.folder) {
            Ok(to) => self
                .write(export, &to)
                .unwrap_or_else(|error| HandedOff::failed(&to.to_string(), &error.to_string())),
            Err(problem) => HandedOff::failed(&export.to.to_string(), &problem),
        }
    }

    fn write(&self, export: &Export, to: &Destination) -> Result<HandedOff, Error> {
        let columns = match export.columns.as_slice() {
            [] => "v.*".to_owned(),
            names => {
                names.iter().map(|name| format!("v.{}", identifier(name))).collect::<Vec<_>>().join(", ")
            }
        };
        let (join, without_consent) = self.consent(&export.consent)?;
        let sql = format!("SELECT {columns} FROM {} AS v{join} ORDER BY v.customer_id", self.values);
        let customers = to.write(self.session, &sql)?;
        Ok(HandedOff { to: to.to_string(), customers, without_consent, unidentified: 0, problem: None })
    }

    /// The join that leaves only customers who agreed, and how many did not.
    fn consent(&self, rule: &ConsentRule) -> Result<(String, u64), Error> {
        let ConsentRule::Asked(asked) = rule else { return Ok((String::new(), 0)) };
        let store = self.state.store();
        let consented = self.state.wait(store.consented(&asked.channel, &asked.topic, &asked.purpose))?;
        let mut agreed = vec![customers_of(&[])?];
        let mut without = 0;
        self.session.for_each(&format!("SELECT customer_id FROM {}", self.values), |batch| {
            let columns = columns(&batch)?;
            let mut names = Vec::new();
            for row in 0..batch.num_rows() {
                match columns.first().and_then(|column| column.cell(row)) {
                    Some(Cell::Text(customer)) if consented.contains(customer) => {
                        names.push(customer.to_owned());
                    }
                    _ => without += 1,
                }
            }
            agreed.push(customers_of(&names)?);
            Ok::<(), Error>(())
        })?;
        self.session.register(CONSENTED, agreed)?;
        Ok((format!(" LEFT SEMI JOIN {CONSENTED} AS c ON c.customer = v.customer_id"), without))
    }

    /// Writes down what webhooks are to be told; `perennial serve` sends it. Returns why that failed, if it did.
    fn tell(&self, event: &Event) -> Option<HandedOff> {
        let webhooks = &self.project.sections.webhooks;
        let told = self.state.wait(announce(self.state.store(), webhooks, event, self.now));
        told.err().map(|error| HandedOff::failed("webhooks", &error.to_string()))
    }
}

fn completed(run: &Run, manifest: &Manifest) -> Event {
    let side = Side::from(manifest);
    let definitions = &manifest.valuation.definitions;
    let predicted =
        side.predicted_clv.map_or([0.0; 3], |estimate| [estimate.point, estimate.lower, estimate.upper]);
    Event::RunCompleted(RunCompleted {
        run: run.id.to_string(),
        snapshot: manifest.name.clone(),
        as_of: manifest.as_of,
        customers: side.customers,
        currency: side.currency.unwrap_or_else(|| NO_CURRENCY.to_owned()),
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "days up to a hundred years"
        )]
        horizon_days: definitions.horizon_days.round() as u32,
        historic_clv: side.historic_clv.unwrap_or(0.0),
        predicted_clv: predicted[0],
        predicted_clv_interval: [predicted[1], predicted[2]],
        interval_level: definitions.level,
    })
}

fn restatement(before: &Manifest, manifest: &Manifest) -> Event {
    let [before, after] = [before, manifest].map(Side::from);
    let comparable = before.currency == after.currency;
    let change = |before: Option<f64>, after: Option<f64>| {
        comparable.then(|| after.unwrap_or(0.0) - before.unwrap_or(0.0))
    };
    let predicted = |side: &Side| side.predicted_clv.map(|estimate| estimate.point);
    Event::SnapshotRestated(SnapshotRestated {
        historic_clv_change: change(before.historic_clv, after.historic_clv),
        predicted_clv_change: change(predicted(&before), predicted(&after)),
        snapshot: after.name,
        restates: before.name,
        as_of: manifest.as_of,
        currency: after.currency.unwrap_or_else(|| NO_CURRENCY.to_owned()),
        restated_currency: before.currency.unwrap_or_else(|| NO_CURRENCY.to_owned()),
    })
}

/// Writes down that a run failed; where even that fails, the error itself is what is told. The error's text stays here: it may
/// quote values of customers.
pub(crate) fn tell_failure(project: &Project, state: &State, run: &Run, as_of: Option<Date>, error: &Error) {
    let event = Event::RunFailed(RunFailed { run: run.id.to_string(), as_of, code: error.code().to_owned() });
    let webhooks = &project.sections.webhooks;
    if let Err(second) = state.wait(announce(state.store(), webhooks, &event, Timestamp::now())) {
        tracing::warn!(error = %second, "webhooks cannot be told of the failed run");
    }
}

/// Sends the webhooks' messages that are due: a shop that runs without a server tells of its runs, too. Nothing is sent where
/// there are no webhooks.
///
/// # Errors
/// When a secret is missing, or the store cannot be read or written.
pub fn send_webhooks(project: &Project) -> Result<Pass, Error> {
    let webhooks = &project.sections.webhooks;
    if webhooks.is_empty() {
        return Ok(Pass::default());
    }
    let state = State::open(project)?;
    let worker = WebhookWorker::new(state.store().clone(), webhooks, &project.folder)?;
    Ok(state.wait(worker.deliver_due(Timestamp::now()))?)
}

fn customers_of(names: &[String]) -> Result<RecordBatch, Error> {
    let array: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    RecordBatch::try_from_iter([("customer", array)])
        .map_err(|_| Error::Column { column: "customer".to_owned() })
}

impl HandedOff {
    fn failed(to: &str, problem: &str) -> Self {
        Self {
            to: to.to_owned(),
            customers: 0,
            without_consent: 0,
            unidentified: 0,
            problem: Some(problem.to_owned()),
        }
    }
}
