//! Values written back to a CRM: the run's figures as the records that the hand-off sends.

use std::sync::mpsc::{SyncSender, sync_channel};

use perennial_handoff::crm::hubspot::{HubSpot, HubSpotSettings};
use perennial_handoff::crm::{Figure, FigureColumn, FigureKind, Mode, ValueRecord, WriteBack};
use perennial_report::{Language, Texts};
use perennial_valuation::figures::CUSTOMER_COLUMNS;

use super::HandedOff;
use super::hand_off::HandOff;
use super::reading::register_customers;
use crate::Error;
use crate::file::TIER;
use crate::rows::{self, Cell, Column, columns};

/// Records that wait to be sent.
const WAITING: usize = 1000;
/// The identifiers by which a CRM knows customers.
const KINDS: [&str; 2] = ["email", "hubspot_contact"];

type Sent = Result<ValueRecord, perennial_handoff::Error>;

/// Sends what changed to HubSpot.
pub(super) fn write_back(handing: &HandOff, settings: &HubSpotSettings) -> Result<HandedOff, Error> {
    let state = handing.state;
    let connector = HubSpot::new(settings.clone(), &handing.project.folder)?;
    let figures = figures();
    let write_back = WriteBack::new(state.store(), &connector, &figures)?;
    let scope = &settings.consent;
    let consented = state.wait(state.store().consented(&scope.channel, &scope.topic, &scope.purpose))?;
    let sql = with_identifiers(handing)?;
    let (sender, receiver) = sync_channel::<Sent>(WAITING);
    let (streamed, report) = std::thread::scope(|threads| {
        let reading = threads.spawn(move || stream(handing, &sql, &sender));
        let consent = |record: &ValueRecord| consented.contains(&record.customer);
        let report = state.wait(write_back.run(receiver, &consent, Mode::Send));
        (reading.join(), report)
    });
    let report = report?;
    streamed.map_err(|_| Error::Column { column: "customer_id".to_owned() })??;
    let problem = (report.refused > 0).then(|| {
        let first =
            report.refusals.first().map(|refusal| format!(": {}", refusal.reason)).unwrap_or_default();
        format!("{} customers were refused{first}", report.refused)
    });
    Ok(HandedOff {
        to: "hubspot".to_owned(),
        customers: report.updated,
        without_consent: report.without_consent,
        problem,
    })
}

/// The query for the values with the identifiers of each customer.
fn with_identifiers(handing: &HandOff) -> Result<String, Error> {
    register_customers(handing.project, handing.session, "crm_identifiers", &KINDS.map(str::to_owned))?;
    let columns: Vec<String> =
        KINDS.iter().map(|kind| format!("min(CASE WHEN kind = '{kind}' THEN value END) AS {kind}")).collect();
    Ok(format!(
        "SELECT v.*, i.{} FROM {} AS v LEFT JOIN (SELECT customer, {} FROM crm_identifiers GROUP BY customer) AS i \
         ON i.customer = v.customer_id ORDER BY v.customer_id",
        KINDS.join(", i."),
        handing.values,
        columns.join(", ")
    ))
}

fn stream(handing: &HandOff, sql: &str, sender: &SyncSender<Sent>) -> Result<(), Error> {
    handing.session.for_each(sql, |batch| {
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
    let kind = |name: &str| match name {
        TIER => FigureKind::Text,
        _ if name.contains("_at") || name.contains("date") => FigureKind::Date,
        _ if name.contains("clv") || name.contains("value") => FigureKind::Money,
        _ if name.contains("probability") => FigureKind::Probability,
        _ => FigureKind::Number,
    };
    let label = |name: &str| if name == TIER { "Tier".to_owned() } else { texts.figure(name).name };
    let names = CUSTOMER_COLUMNS.iter().skip(1).copied().chain([TIER]);
    names.map(|name| FigureColumn { name: name.to_owned(), kind: kind(name), label: label(name) }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        assert_eq!(kinds["tier"], FigureKind::Text);
        assert!(figures().iter().all(|figure| !figure.label.is_empty()));
    }
}
