//! The write-back of one run: what changed, in batches, remembered as soon as it is accepted.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;
use perennial_store::{SentProperties, Store};

use super::connector::{CrmConnector, ObjectUpdate, Property, UpdateOutcome, Waits};
use super::record::{FigureColumn, ValueRecord};
use crate::Error;

/// Records that are compared with what was sent at a time.
const LOOK_UP: usize = 500;

/// Refusals and changes that a report lists. All are counted.
const LISTED: usize = 100;

/// Who may be written about. There is no default: whoever sends says how consent is known.
pub trait Consent {
    /// Whether this customer consented to what is about to be sent.
    fn allows(&self, record: &ValueRecord) -> bool;
}

impl<F: Fn(&ValueRecord) -> bool> Consent for F {
    fn allows(&self, record: &ValueRecord) -> bool {
        self(record)
    }
}

/// Whether to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Send what changed.
    Send,
    /// Say what would be sent. Nothing is asked of the CRM and nothing is written down.
    DryRun,
}

/// What a write-back did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Customers looked at.
    pub customers: u64,
    /// Left out because they did not consent.
    pub without_consent: u64,
    /// Left out because the CRM cannot know them: no e-mail address, for instance.
    pub unidentified: u64,
    /// Nothing to send: the CRM holds the same values.
    pub unchanged: u64,
    /// Sent and accepted; in a dry run, what would be sent.
    pub updated: u64,
    /// Sent and refused.
    pub refused: u64,
    /// The first refusals.
    pub refusals: Vec<Refusal>,
    /// In a dry run, the first changes.
    pub changes: Vec<Change>,
    /// Waiting for the limits of the service.
    pub waits: Waits,
}

/// An update that the CRM did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The customer's id in the run.
    pub customer: String,
    /// Why.
    pub reason: String,
}

/// What would be sent about a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The customer's id in the run.
    pub customer: String,
    /// Per property: what the CRM was told last, if it was, and what it would be told.
    pub properties: BTreeMap<String, (Option<String>, String)>,
}

/// A write-back to one CRM.
#[derive(Debug)]
pub struct WriteBack<'a, C> {
    store: &'a Store,
    connector: &'a C,
    /// Per figure that is sent: its property.
    properties: Vec<(&'a FigureColumn, &'a str)>,
}

/// A customer whose values are to be sent.
struct Pending {
    customer: String,
    update: ObjectUpdate,
    /// What the CRM was told before.
    before: SentProperties,
}

impl<'a, C: CrmConnector> WriteBack<'a, C> {
    /// Prepares a write-back of those of the run's figures that the connector's settings name.
    ///
    /// # Errors
    /// The settings name a figure that the run does not have.
    pub fn new(store: &'a Store, connector: &'a C, figures: &'a [FigureColumn]) -> Result<Self, Error> {
        let mut properties = Vec::new();
        for (name, property) in connector.properties() {
            let Some(column) = figures.iter().find(|column| column.name == *name) else {
                let known: Vec<&str> = figures.iter().map(|column| column.name.as_str()).collect();
                let problem = format!("there is no such figure; there are {}", known.join(", "));
                return Err(Error::setting(format!("{}.properties.{name}", connector.name()), problem));
            };
            properties.push((column, property.as_str()));
        }
        Ok(Self { store, connector, properties })
    }

    /// Sends what changed of the records whose customers consented, or says what would be sent. At no time
    /// are more than some hundred records in memory, and 8 bytes of each customer.
    ///
    /// # Errors
    /// The store fails, or the CRM cannot be written to any more: [`Error::Stopped`] says how much was accepted.
    pub async fn run<I>(&self, records: I, consent: &impl Consent, mode: Mode) -> Result<Report, Error>
    where
        I: IntoIterator<Item = Result<ValueRecord, Error>>,
    {
        let mut report = Report::default();
        let outcome = self.all(records, consent, mode, &mut report).await;
        report.waits = self.connector.waits();
        match outcome {
            Ok(()) => Ok(report),
            Err(source) => Err(Error::Stopped { updated: report.updated, source: Box::new(source) }),
        }
    }

    async fn all<I>(
        &self,
        records: I,
        consent: &impl Consent,
        mode: Mode,
        report: &mut Report,
    ) -> Result<(), Error>
    where
        I: IntoIterator<Item = Result<ValueRecord, Error>>,
    {
        let mut objects = Objects::default();
        let mut chunk = Vec::with_capacity(LOOK_UP);
        let mut pending = Vec::new();
        let mut prepared = false;
        let mut records = records.into_iter();
        loop {
            let next = records.next().transpose()?;
            let ended = next.is_none();
            chunk.extend(next.and_then(|record| self.recipient(record, consent, &mut objects, report)));
            if chunk.len() == LOOK_UP || ended {
                self.changed(&mut chunk, &mut pending, report).await?;
            }
            while pending.len() >= self.connector.batch_limit() || (ended && !pending.is_empty()) {
                let batch: Vec<Pending> =
                    pending.drain(..pending.len().min(self.connector.batch_limit())).collect();
                if mode == Mode::DryRun {
                    note(batch, report);
                    continue;
                }
                if !prepared {
                    self.connector.prepare(&self.definitions()).await?;
                    prepared = true;
                }
                self.send(batch, report).await?;
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// A record that may be sent: of a customer who consented, whom the CRM can know, and who is not there twice.
    fn recipient(
        &self,
        record: ValueRecord,
        consent: &impl Consent,
        objects: &mut Objects,
        report: &mut Report,
    ) -> Option<ValueRecord> {
        report.customers += 1;
        if !consent.allows(&record) {
            report.without_consent += 1;
            return None;
        }
        let Some(object) = self.connector.object_of(&record) else {
            report.unidentified += 1;
            return None;
        };
        if !objects.is_new(object) {
            let reason =
                "another customer of this run has the same identifier in the CRM; merge the two".to_owned();
            refuse(report, record.customer, reason);
            return None;
        }
        Some(record)
    }

    /// Adds to `pending` what is different from what the CRM was told last.
    async fn changed(
        &self,
        chunk: &mut Vec<ValueRecord>,
        pending: &mut Vec<Pending>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let records = std::mem::take(chunk);
        let objects: Vec<&str> =
            records.iter().filter_map(|record| self.connector.object_of(record)).collect();
        let mut sent = self.store.sent_values(self.connector.name(), &objects).await?;
        for record in &records {
            let Some(object) = self.connector.object_of(record) else { continue };
            let before = sent.remove(object).unwrap_or_default();
            let mut properties = self.values(record);
            // What the customer no longer has is cleared, but only where it was sent before.
            for (property, value) in &before {
                if !value.is_empty() && self.is_sent(property) {
                    properties.entry(property.clone()).or_default();
                }
            }
            properties.retain(|property, value| before.get(property) != Some(value));
            if properties.is_empty() {
                report.unchanged += 1;
                continue;
            }
            let update = ObjectUpdate { object: object.to_owned(), properties };
            pending.push(Pending { customer: record.customer.clone(), update, before });
        }
        Ok(())
    }

    /// The record's figures by property, rounded.
    fn values(&self, record: &ValueRecord) -> BTreeMap<String, String> {
        let value = |column: &FigureColumn| record.figures.get(&column.name)?.rounded(column.kind);
        self.properties
            .iter()
            .filter_map(|(column, property)| Some(((*property).to_owned(), value(column)?)))
            .collect()
    }

    fn is_sent(&self, property: &str) -> bool {
        self.properties.iter().any(|(_, sent)| *sent == property)
    }

    fn definitions(&self) -> Vec<Property> {
        let define = |(column, property): &(&FigureColumn, &str)| Property {
            name: (*property).to_owned(),
            label: column.label.clone(),
            kind: column.kind,
        };
        self.properties.iter().map(define).collect()
    }

    async fn send(&self, batch: Vec<Pending>, report: &mut Report) -> Result<(), Error> {
        let (updates, rest): (Vec<ObjectUpdate>, Vec<(String, SentProperties)>) =
            batch.into_iter().map(|pending| (pending.update, (pending.customer, pending.before))).unzip();
        let outcomes = self.connector.update(&updates).await?;
        let mut accepted = Vec::with_capacity(updates.len());
        for ((update, (customer, mut held)), outcome) in updates.into_iter().zip(rest).zip(outcomes) {
            match outcome {
                UpdateOutcome::Accepted => {
                    held.extend(update.properties);
                    accepted.push((update.object, held));
                }
                UpdateOutcome::Refused(reason) => refuse(report, customer, reason),
            }
        }
        let named: Vec<_> = accepted.iter().map(|(object, held)| (object.as_str(), held)).collect();
        self.store.remember_sent(self.connector.name(), Timestamp::now(), &named).await?;
        report.updated += accepted.len() as u64;
        Ok(())
    }
}

/// Notes what sending the batch would do.
fn note(batch: Vec<Pending>, report: &mut Report) {
    report.updated += batch.len() as u64;
    let room = LISTED.saturating_sub(report.changes.len());
    for Pending { customer, update, mut before } in batch.into_iter().take(room) {
        let properties = update.properties.into_iter().map(|(property, value)| {
            let old = before.remove(&property);
            (property, (old, value))
        });
        report.changes.push(Change { customer, properties: properties.collect() });
    }
}

fn refuse(report: &mut Report, customer: String, reason: String) {
    report.refused += 1;
    if report.refusals.len() < LISTED {
        report.refusals.push(Refusal { customer, reason });
    }
}

/// Which objects came already, as 64 bits each: among a million customers one is wrongly taken for another in
/// one run of forty million, and then waits for the next run.
#[derive(Default)]
struct Objects {
    hasher: RandomState,
    seen: HashSet<u64>,
}

impl Objects {
    fn is_new(&mut self, object: &str) -> bool {
        self.seen.insert(self.hasher.hash_one(object))
    }
}
