//! Values written back to a CRM: the run's figures as the records that the hand-off sends.

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};

use perennial_handoff::crm::hubspot::{HubSpot, HubSpotSettings};
use perennial_handoff::crm::{
    Change, Figure, FigureColumn, FigureKind, Mode, Report, ValueRecord, WriteBack,
};
use perennial_lake::{Session, SessionOptions};
use perennial_report::{Language, Texts};
use perennial_valuation::figures::{CUSTOMER_FIGURES, CustomerFigure};
use serde::Serialize;

use super::HandedOff;
use super::hand_off::HandOff;
use super::reading::register_customers;
use crate::file::TIER;
use crate::rows::{self, Cell, Column, columns};
use crate::snapshot::register_values;
use crate::state::State;
use crate::{Error, Project};

/// The CRM's name, and that of its section in the file.
pub(super) const HUBSPOT: &str = "hubspot";
/// Records that wait to be sent.
const WAITING: usize = 1000;
/// The identifiers by which a CRM knows customers.
const KINDS: [&str; 2] = ["email", "hubspot_contact"];

type Sent = Result<ValueRecord, perennial_handoff::Error>;

/// Values that are written back, or shown.
struct Values<'a> {
    project: &'a Project,
    state: &'a State,
    session: &'a Session,
    /// Their table in the session.
    table: &'a str,
}

/// What the CRM would be told of the newest values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrmPreview {
    /// The CRM.
    pub to: String,
    /// The snapshot whose values they are.
    pub snapshot: String,
    /// Its customers.
    pub customers: u64,
    /// Left out because they did not agree.
    pub without_consent: u64,
    /// Left out because the CRM cannot know them: no e-mail address, for instance.
    pub unidentified: u64,
    /// Nothing to send: the CRM was told the same values before.
    pub unchanged: u64,
    /// Would be left out because another customer has the same identifier.
    pub refused: u64,
    /// Would be updated.
    pub updated: u64,
    /// The first changes: by customer what each property would become.
    pub changes: Vec<(String, BTreeMap<String, PropertyChange>)>,
}

/// What a property of a contact would become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyChange {
    /// What the CRM was told last, if it was told anything.
    pub before: Option<String>,
    /// What it would be told; empty to clear it.
    pub after: String,
}

/// What HubSpot would be told of the values that are published. Nothing is asked of it, nothing is sent, nothing is remembered
/// as sent.
///
/// # Errors
/// When the project has no `[hubspot]`, or no snapshot yet; when the values or the store cannot be read.
pub fn preview(project: &Project) -> Result<CrmPreview, Error> {
    let missing = |problem: &str| Error::Setting { key: HUBSPOT.to_owned(), problem: problem.to_owned() };
    let Some(settings) = &project.sections.hubspot else {
        return Err(missing("there is no [hubspot] in the file, so nothing would be sent"));
    };
    let snapshots = project.snapshots();
    // Before the store is opened, which would make it.
    let Some(newest) = snapshots.names()?.pop() else {
        return Err(missing(
            "there are no values yet that could be sent: `perennial run` makes the first ones",
        ));
    };
    let state = State::open(project)?;
    let published = state.wait(state.store().published_snapshot())?;
    let snapshot = published.filter(|name| snapshots.find(name).is_ok()).unwrap_or(newest);
    let session = Session::new(&SessionOptions::default())?;
    let table = "values_to_send";
    register_values(&session, table, &snapshots.find(&snapshot)?)?;
    let values = Values { project, state: &state, session: &session, table };
    let report = values.write_back(settings, Mode::DryRun)?;
    let change = |(before, after)| PropertyChange { before, after };
    let changes = report.changes.into_iter().map(|Change { customer, properties }| {
        (customer, properties.into_iter().map(|(name, values)| (name, change(values))).collect())
    });
    Ok(CrmPreview {
        to: HUBSPOT.to_owned(),
        snapshot,
        customers: report.customers,
        without_consent: report.without_consent,
        unidentified: report.unidentified,
        unchanged: report.unchanged,
        refused: report.refused,
        updated: report.updated,
        changes: changes.collect(),
    })
}

/// Sends what changed to HubSpot.
pub(super) fn write_back(handing: &HandOff, settings: &HubSpotSettings) -> Result<HandedOff, Error> {
    let HandOff { project, state, session, values: table, .. } = *handing;
    let report = Values { project, state, session, table }.write_back(settings, Mode::Send)?;
    let problem = (report.refused > 0).then(|| {
        let first =
            report.refusals.first().map(|refusal| format!(": {}", refusal.reason)).unwrap_or_default();
        format!("{} customers were refused{first}", report.refused)
    });
    Ok(HandedOff {
        to: HUBSPOT.to_owned(),
        customers: report.updated,
        without_consent: report.without_consent,
        unidentified: report.unidentified,
        problem,
    })
}

impl Values<'_> {
    fn write_back(&self, settings: &HubSpotSettings, mode: Mode) -> Result<Report, Error> {
        let state = self.state;
        let connector = HubSpot::new(settings.clone(), &self.project.folder)?;
        let figures = figures();
        let write_back = WriteBack::new(state.store(), &connector, &figures)?;
        let scope = &settings.consent;
        let consented = state.wait(state.store().consented(&scope.channel, &scope.topic, &scope.purpose))?;
        let sql = self.with_identifiers()?;
        let (sender, receiver) = sync_channel::<Sent>(WAITING);
        let (streamed, report) = std::thread::scope(|threads| {
            let reading = threads.spawn(move || self.stream(&sql, &sender));
            let consent = |record: &ValueRecord| consented.contains(&record.customer);
            let report = state.wait(write_back.run(receiver, &consent, mode));
            (reading.join(), report)
        });
        let report = report?;
        streamed.map_err(|_| Error::Column { column: "customer_id".to_owned() })??;
        Ok(report)
    }

    /// The query for the values with the identifiers of each customer.
    fn with_identifiers(&self) -> Result<String, Error> {
        register_customers(self.project, self.session, "crm_identifiers", &KINDS.map(str::to_owned))?;
        let columns: Vec<String> = KINDS
            .iter()
            .map(|kind| format!("min(CASE WHEN kind = '{kind}' THEN value END) AS {kind}"))
            .collect();
        Ok(format!(
            "SELECT v.*, i.{} FROM {} AS v LEFT JOIN (SELECT customer, {} FROM crm_identifiers GROUP BY customer) AS i \
             ON i.customer = v.customer_id ORDER BY v.customer_id",
            KINDS.join(", i."),
            self.table,
            columns.join(", ")
        ))
    }

    fn stream(&self, sql: &str, sender: &SyncSender<Sent>) -> Result<(), Error> {
        self.session.for_each(sql, |batch| {
            let columns = columns(&batch)?;
            for row in 0..batch.num_rows() {
                if sender.send(Ok(record(&columns, row))).is_err() {
                    // Nobody listens any more: the write-back says itself why.
                    return Ok(());
                }
            }
            Ok::<(), Error>(())
        })
    }
}

fn record(columns: &[Column], row: usize) -> ValueRecord {
    let mut record = ValueRecord::default();
    for column in columns {
        let (name, Some(cell)) = (column.name(), column.cell(row)) else { continue };
        match cell {
            Cell::Text(text) if name == "customer_id" => text.clone_into(&mut record.customer),
            Cell::Text(text) if KINDS.contains(&name) => {
                record.identifiers.insert(name.to_owned(), text.to_owned());
            }
            Cell::Text(text) => {
                let figure = rows::date(text).map_or_else(|| Figure::Text(text.to_owned()), Figure::Date);
                record.figures.insert(name.to_owned(), figure);
            }
            Cell::Real(number) => {
                record.figures.insert(name.to_owned(), Figure::Number(number));
            }
            Cell::Whole(number) => {
                record.figures.insert(name.to_owned(), Figure::Number(number as f64));
            }
        }
    }
    record
}

/// The figures of a customer with what they are.
fn figures() -> Vec<FigureColumn> {
    let texts = Texts::plain(Language::English);
    let kind = |figure: CustomerFigure| match figure {
        CustomerFigure::Customer => FigureKind::Text,
        CustomerFigure::Day => FigureKind::Date,
        CustomerFigure::Money => FigureKind::Money,
        CustomerFigure::Probability => FigureKind::Probability,
        CustomerFigure::Number => FigureKind::Number,
    };
    let column = |&(name, figure): &(&str, CustomerFigure)| FigureColumn {
        name: name.to_owned(),
        kind: kind(figure),
        label: texts.figure(name).name,
    };
    let tier = FigureColumn { name: TIER.to_owned(), kind: FigureKind::Text, label: "Tier".to_owned() };
    let figures = CUSTOMER_FIGURES.iter().filter(|(_, figure)| *figure != CustomerFigure::Customer);
    figures.map(column).chain([tier]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_kind_and_a_label() {
        let kinds: BTreeMap<String, FigureKind> =
            figures().into_iter().map(|figure| (figure.name, figure.kind)).collect();
        assert_eq!(kinds["total_clv"], FigureKind::Money);
        assert_eq!(kinds["average_order_value"], FigureKind::Money);
        assert_eq!(kinds["churn_probability"], FigureKind::Probability);
        assert_eq!(kinds["expected_date_of_next_order"], FigureKind::Date);
        assert_eq!(kinds["historic_number_of_orders"], FigureKind::Number);
        assert_eq!(kinds["probability_alive"], FigureKind::Probability);
        assert_eq!(kinds["first_order_at"], FigureKind::Date);
        assert!(!kinds.contains_key("customer_id"));
        assert_eq!(kinds["tier"], FigureKind::Text);
        assert!(figures().iter().all(|figure| !figure.label.is_empty()));
    }
}
