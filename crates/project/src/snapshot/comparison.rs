//! Two snapshots held against each other: what was restated, who came, who went, whose value moved.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_lake::arrow::array::{Array, AsArray};
use perennial_lake::arrow::compute::cast;
use perennial_lake::arrow::datatypes::{DataType, Float64Type, Int64Type};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_lake::{Location, Session};
use perennial_valuation::figures::Estimate;
use serde::Serialize;

use super::folder::Snapshots;
use super::manifest::{Manifest, VALUES};
use crate::Error;

/// How many customers are named whose value moved most.
const NAMED: usize = 10;

/// What differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub before: Side,
    /// The second.
    pub after: Side,
    /// Whether the second takes the place of the first: they are of the same date.
    pub restatement: bool,
    /// What is known to have changed: settings by name, the program's version, the data.
    pub reasons: Vec<Reason>,
    /// Customers that only the second knows.
    pub new_customers: u64,
    /// Customers that only the first knows.
    pub gone_customers: u64,
    /// What became of values; `None` where the two are in different currencies, whose amounts say nothing of each other.
    pub values: Option<ValueChange>,
}

/// What became of the values of customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueChange {
    /// Customers of both whose total value differs.
    pub moved_customers: u64,
    /// By how much values of customers of both rose together.
    pub gained: f64,
    /// By how much they fell.
    pub lost: f64,
    /// Whose value moved most.
    pub moved: Vec<Moved>,
}

/// A snapshot's totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// Its date.
    pub as_of: Date,
    /// When it was made.
    pub made_at: Timestamp,
    /// The currency of its amounts.
    pub currency: Option<String>,
    /// Its customers.
    pub customers: u64,
    /// What they have been worth.
    pub historic_clv: Option<f64>,
    /// What they will be.
    pub predicted_clv: Option<Estimate>,
    /// Both.
    pub total_clv: Option<Estimate>,
}

/// Something that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What.
    pub what: String,
    /// In the first.
    pub before: String,
    /// In the second.
    pub after: String,
}

/// A customer's total value in both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// Who.
    pub customer_id: String,
    /// In the first; `None` for a new customer.
    pub before: Option<f64>,
    /// In the second; `None` for one who is gone.
    pub after: Option<f64>,
}

impl From<&Manifest> for Side {
    fn from(manifest: &Manifest) -> Self {
        let totals = &manifest.valuation.totals;
        Self {
            name: manifest.name.clone(),
            as_of: manifest.as_of,
            made_at: manifest.made_at,
            currency: manifest.valuation.definitions.currency.clone(),
            customers: totals.customers,
            historic_clv: totals.historic_clv,
            predicted_clv: totals.predicted_clv,
            total_clv: totals.total_clv,
        }
    }
}

/// Compares the snapshots of two names.
///
/// # Errors
/// When there are none of these names, or their files cannot be read.
pub fn compare(
    session: &Session,
    snapshots: &Snapshots,
    before: &str,
    after: &str,
) -> Result<Comparison, Error> {
    let folders = [snapshots.find(before)?, snapshots.find(after)?];
    let [first, second] = [Manifest::read(&folders[0])?, Manifest::read(&folders[1])?];
    register_values(session, "values_before", &folders[0])?;
    register_values(session, "values_after", &folders[1])?;
    // Where no value is predicted, what was earned is all there is.
    let joined = "SELECT coalesce(a.customer_id, b.customer_id) AS customer_id, b.customer_id AS known_before, \
                         a.customer_id AS known_after, coalesce(b.total_clv, b.historic_clv) AS before, \
                         coalesce(a.total_clv, a.historic_clv) AS after \
                  FROM values_before AS b FULL OUTER JOIN values_after AS a ON a.customer_id = b.customer_id";
    let counts = session.query(&format!(
        "SELECT sum(CASE WHEN known_before IS NULL THEN 1 ELSE 0 END) AS new_customers, \
                sum(CASE WHEN known_after IS NULL THEN 1 ELSE 0 END) AS gone_customers, \
                sum(CASE WHEN before <> after THEN 1 ELSE 0 END) AS moved_customers, \
                sum(CASE WHEN after > before THEN after - before ELSE 0 END) AS gained, \
                sum(CASE WHEN after < before THEN before - after ELSE 0 END) AS lost FROM ({joined}) AS j"
    ))?;
    let count = |column: &str| -> Result<u64, Error> {
        let number = counts.first().map(|batch| whole(batch, column)).transpose()?.flatten();
        Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
    };
    let sum = |column: &str| -> Result<f64, Error> {
        Ok(counts.first().map(|batch| real(batch, column, 0)).transpose()?.flatten().unwrap_or(0.0))
    };
    let (before, after) = (Side::from(&first), Side::from(&second));
    let comparison = Comparison {
        restatement: first.as_of == second.as_of,
        reasons: reasons(&first, &second),
        new_customers: count("new_customers")?,
        gone_customers: count("gone_customers")?,
        values: if before.currency == after.currency {
            Some(ValueChange {
                moved_customers: count("moved_customers")?,
                gained: sum("gained")?,
                lost: sum("lost")?,
                moved: most_moved(session, joined)?,
            })
        } else {
            None
        },
        before,
        after,
    };
    session.drop_table("values_before")?;
    session.drop_table("values_after")?;
    Ok(comparison)
}

/// Makes a snapshot's values known as a table.
pub(crate) fn register_values(session: &Session, table: &str, folder: &Path) -> Result<(), Error> {
    let path = folder.join(VALUES).to_string_lossy().into_owned();
    Ok(session.register_location(table, &Location::Files(vec![path]))?)
}

fn most_moved(session: &Session, joined: &str) -> Result<Vec<Moved>, Error> {
    let sql = format!(
        "SELECT customer_id, before, after FROM ({joined}) AS j WHERE coalesce(before, 0) <> coalesce(after, 0) \
         ORDER BY abs(coalesce(after, 0) - coalesce(before, 0)) DESC, customer_id LIMIT {NAMED}"
    );
    let mut moved = Vec::new();
    for batch in session.query(&sql)? {
        for row in 0..batch.num_rows() {
            moved.push(Moved {
                customer_id: text(&batch, "customer_id", row)?,
                before: real(&batch, "before", row)?,
                after: real(&batch, "after", row)?,
            });
        }
    }
    Ok(moved)
}

/// What differs in how the two were made.
fn reasons(before: &Manifest, after: &Manifest) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut differs = |what: &str, before: String, after: String| {
        if before != after {
            reasons.push(Reason { what: what.to_owned(), before, after });
        }
    };
    let definitions =
        |manifest: &Manifest| serde_json::to_value(&manifest.valuation.definitions).unwrap_or_default();
    let (first, second) = (definitions(before), definitions(after));
    for (name, value) in first.as_object().into_iter().flatten() {
        differs(name, plain(value), second.get(name).map(plain).unwrap_or_default());
    }
    let model = |manifest: &Manifest| {
        manifest
            .valuation
            .models
            .as_ref()
            .map_or("none".to_owned(), |models| models.transactions.model.clone())
    };
    differs("model", model(before), model(after));
    differs("perennial", before.perennial.clone(), after.perennial.clone());
    differs("data", shortened(&before.fingerprint.data), shortened(&after.fingerprint.data));
    differs("settings", shortened(&before.fingerprint.settings), shortened(&after.fingerprint.settings));
    reasons
}

/// The beginning of a checksum, which is enough to see that it is another.
fn shortened(checksum: &str) -> String {
    checksum.chars().take(12).collect()
}

/// A setting in words: `share 0.3` of `{"share": 0.3}`.
fn plain(value: &serde_json::Value) -> String {
    use serde_json::Value::{Array, Null, Object, String as Text};
    match value {
        Null => "none".to_owned(),
        Text(text) => text.clone(),
        Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Object(parts) => {
            let parts =
                parts.iter().map(|(name, part)| format!("{} {}", name.replace('_', " "), plain(part)));
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn whole(batch: &RecordBatch, column: &str) -> Result<Option<i64>, Error> {
    let array = casted(batch, column, &DataType::Int64)?;
    let array = array.as_primitive::<Int64Type>();
    Ok((!array.is_empty() && array.is_valid(0)).then(|| array.value(0)))
}

fn real(batch: &RecordBatch, column: &str, row: usize) -> Result<Option<f64>, Error> {
    let array = casted(batch, column, &DataType::Float64)?;
    let array = array.as_primitive::<Float64Type>();
    Ok((array.len() > row && array.is_valid(row)).then(|| array.value(row)))
}

fn text(batch: &RecordBatch, column: &str, row: usize) -> Result<String, Error> {
    let array = casted(batch, column, &DataType::Utf8)?;
    Ok(array.as_string::<i32>().value(row).to_owned())
}

fn casted(
    batch: &RecordBatch,
    column: &str,
    kind: &DataType,
) -> Result<perennial_lake::arrow::array::ArrayRef, Error> {
    let unexpected = || Error::Column { column: column.to_owned() };
    cast(batch.column_by_name(column).ok_or_else(unexpected)?, kind).map_err(|_| unexpected())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::plain;

    #[test]
    fn settings_are_words() {
        assert_eq!(plain(&json!({ "share": 0.3 })), "share 0.3");
        assert_eq!(plain(&json!("week")), "week");
        assert_eq!(plain(&json!(null)), "none");
        assert_eq!(plain(&json!({ "at_least": [1, 2] })), "at least 1, 2");
    }
}
