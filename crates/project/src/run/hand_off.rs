//! What follows a snapshot: profiles show its values, and they go where the project says.

use std::path::Path;

use jiff::Timestamp;
use perennial_lake::arrow::array::{ArrayRef, StringArray};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_lake::{OutputFormat, Session};
use std::sync::Arc;

use super::HandedOff;
use crate::file::{ConsentRule, Export};
use crate::rows::{self, columns};
use crate::snapshot::Manifest;
use crate::sql::identifier;
use crate::state::State;
use crate::{Error, Project};

/// The table of customers who agreed, while an export is written.
const CONSENTED: &str = "consented_customers";

/// Publishes a snapshot's values and exports them. An export that fails keeps no other from being made.
pub(crate) fn hand_off(
    project: &Project,
    state: &State,
    session: &Session,
    values: &str,
    manifest: &Manifest,
    now: Timestamp,
) -> Result<Vec<HandedOff>, Error> {
    publish(state, session, values, manifest, now)?;
    let exported = project.sections.exports.iter().map(|export| match self::export(project, state, session, values, export) {
        Ok(handed_off) => handed_off,
        Err(error) => HandedOff::failed(&export.to, &error),
    });
    Ok(exported.collect())
}

/// Makes the values known to profiles.
fn publish(state: &State, session: &Session, values: &str, manifest: &Manifest, now: Timestamp) -> Result<(), Error> {
    let mut publication = state.wait(state.store().begin_publication(&manifest.name, now))?;
    session.for_each(&format!("SELECT * FROM {values}"), |batch| {
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

fn export(
    project: &Project,
    state: &State,
    session: &Session,
    values: &str,
    export: &Export,
) -> Result<HandedOff, Error> {
    let columns = match export.columns.as_slice() {
        [] => "v.*".to_owned(),
        names => names.iter().map(|name| format!("v.{}", identifier(name))).collect::<Vec<_>>().join(", "),
    };
    let (join, without_consent) = consent(state, session, values, &export.consent)?;
    let sql = format!("SELECT {columns} FROM {values} AS v{join} ORDER BY v.customer_id");
    let target = if export.to.contains("://") { export.to.clone().into() } else { project.path(&export.to) };
    let format = OutputFormat::of(Path::new(&export.to)).unwrap_or(OutputFormat::Parquet);
    let customers = session.write(&sql, &target, format)?;
    Ok(HandedOff { to: export.to.clone(), customers, without_consent, problem: None })
}

/// The join that leaves only customers who agreed, and how many did not.
fn consent(state: &State, session: &Session, values: &str, rule: &ConsentRule) -> Result<(String, u64), Error> {
    let ConsentRule::Asked(asked) = rule else { return Ok((String::new(), 0)) };
    let consented = state.wait(state.store().consented(&asked.channel, &asked.topic, &asked.purpose))?;
    let mut agreed = vec![customers_of(&[])?];
    let mut without = 0;
    session.for_each(&format!("SELECT customer_id FROM {values}"), |batch| {
        let columns = columns(&batch)?;
        let mut names = Vec::new();
        for row in 0..batch.num_rows() {
            match columns.first().and_then(|column| column.cell(row)) {
                Some(rows::Cell::Text(customer)) if consented.contains(customer) => names.push(customer.to_owned()),
                _ => without += 1,
            }
        }
        agreed.push(customers_of(&names)?);
        Ok::<(), Error>(())
    })?;
    session.register(CONSENTED, agreed)?;
    Ok((format!(" LEFT SEMI JOIN {CONSENTED} AS c ON c.customer = v.customer_id"), without))
}

fn customers_of(names: &[String]) -> Result<RecordBatch, Error> {
    let array: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    RecordBatch::try_from_iter([("customer", array)]).map_err(|_| Error::Column { column: "customer".to_owned() })
}

impl HandedOff {
    fn failed(to: &str, error: &Error) -> Self {
        Self { to: to.to_owned(), customers: 0, without_consent: 0, problem: Some(error.to_string()) }
    }
}
