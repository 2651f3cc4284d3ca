//! Everything that is known of a person, as JSON: what a request for access is answered with.

use std::collections::BTreeMap;

use sea_orm::{QueryResult, Value};
use serde_json::json;

use super::consents;
use super::read::{self, Belonging, Belongings};
use crate::commerce::activity::table;
use crate::identity::{Identifier, IdentifierKind};
use crate::{Error, Store, bulk, sql};

/// Events whose numbers are searched at a time.
const EVENTS: i64 = 50_000;

/// Identifiers that one statement asks for: SQLite bounds how deep a condition may be.
const IDENTIFIERS: usize = 64;

impl Store {
    /// All that is known of a customer, by any of its identifiers: the profile, the history of traits and consents as far
    /// as it is kept, orders with their lines and refunds, activities, events with their payloads, and the latest values. `None` if the
    /// identifier was never seen.
    ///
    /// The whole log of events is searched, which takes a while for a large one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn export_person(&self, identifier: &Identifier) -> Result<Option<serde_json::Value>, Error> {
        self.project_all().await?;
        let Some(belongings) = self.belongings(identifier).await? else { return Ok(None) };
        let Some(mut profile) = self.profile(identifier).await? else { return Ok(None) };
        // Suggestions name other customers.
        profile.merges.retain(|merge| belongings.has(&merge.claimed) && belongings.has(&merge.owner));
        let mut values = serde_json::Map::new();
        if let Some((customer, found)) = self.values_of(&profile).await? {
            let said = json!({ "snapshot": found.snapshot, "figures": parsed(&found.figures) });
            values.insert(customer, said);
        }
        Ok(Some(json!({
            "profile": profile,
            "traits": self.trait_history(&belongings).await?,
            "consents": consents::history(self.reader(), &belongings).await?,
            "orders": self.orders_in_full(&belongings).await?,
            "activities": self.activities_of(&belongings).await?,
            "events": self.events_of(&belongings).await?,
            "values": values,
        })))
    }

    async fn trait_history(&self, belongings: &Belongings) -> Result<Vec<serde_json::Value>, Error> {
        let head = "SELECT person, name, origin, value, at, source FROM traits WHERE";
        let mut history = Vec::new();
        for row in bulk::find(self.reader(), head, ["person"], belongings.persons(), "").await? {
            if belongings.owns(sql::get(&row, "person")?, sql::get(&row, "at")?) {
                history.push(json!({
                    "name": sql::get::<String>(&row, "name")?,
                    "origin": sql::get::<String>(&row, "origin")?,
                    "value": parsed(&sql::get::<String>(&row, "value")?),
                    "at": sql::get_time(&row, "at")?.to_string(),
                    "source": sql::get::<String>(&row, "source")?,
                }));
            }
        }
        Ok(history)
    }

    /// What was done under all identifiers, each within the time in which it was the customer's.
    async fn activities_of(&self, belongings: &Belongings) -> Result<Vec<serde_json::Value>, Error> {
        let columns = format!("seq, at, {}", table::TOLD.join(", "));
        let mut activities = Vec::new();
        for row in self.in_log(&columns, "activities", activities_of(belongings, 3)).await? {
            let mut activity = texts(&row, table::TOLD)?;
            activity.insert("at".to_owned(), json!(sql::get_time(&row, "at")?.to_string()));
            if let Some(text) = activity.get("properties").and_then(serde_json::Value::as_str) {
                let properties = parsed(text);
                activity.insert("properties".to_owned(), properties);
            }
            activities.push(activity.into());
        }
        Ok(activities)
    }

    async fn orders_in_full(&self, belongings: &Belongings) -> Result<Vec<serde_json::Value>, Error> {
        const ORDER: &[&str] = &[
            "currency",
            "net",
            "net_formula",
            "revenue",
            "subtotal",
            "total",
            "shipping",
            "tax",
            "discount",
            "coupon",
            "status",
            "source",
        ];
        const LINE: &[&str] = &[
            "product_id",
            "sku",
            "name",
            "category",
            "brand",
            "variant",
            "coupon",
            "quantity",
            "price",
            "discount",
        ];
        const REFUND: &[&str] = &["id", "amount", "excess", "currency", "reason"];
        let orders =
            read::orders(self.reader(), belongings, &format!("cancelled_at, {}", ORDER.join(", "))).await?;
        let keys = || orders.iter().map(|(order, _)| [order.as_str().into()]).collect::<Vec<[Value; 1]>>();
        let mut lines = self.by_order("order_lines", LINE, keys(), "ORDER BY order_id, line").await?;
        let mut refunds = self.by_order("refunds", REFUND, keys(), "ORDER BY order_id, at").await?;
        let mut full = Vec::new();
        for (id, row) in &orders {
            let mut order = texts(row, ORDER)?;
            order.insert("order_id".to_owned(), json!(id));
            order.insert("placed_at".to_owned(), json!(sql::get_time(row, "placed_at")?.to_string()));
            order.insert(
                "cancelled_at".to_owned(),
                json!(sql::get_optional_time(row, "cancelled_at")?.map(|at| at.to_string())),
            );
            order.insert("lines".to_owned(), json!(lines.remove(id).unwrap_or_default()));
            order.insert("refunds".to_owned(), json!(refunds.remove(id).unwrap_or_default()));
            full.push(serde_json::Value::Object(order));
        }
        Ok(full)
    }

    /// Rows of a table by their order.
    async fn by_order(
        &self,
        table: &str,
        columns: &[&str],
        orders: Vec<[Value; 1]>,
        sorted: &str,
    ) -> Result<BTreeMap<String, Vec<serde_json::Map<String, serde_json::Value>>>, Error> {
        let head = format!("SELECT order_id, {} FROM {table} WHERE", columns.join(", "));
        let mut rows: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for row in bulk::find(self.reader(), &head, ["order_id"], orders, sorted).await? {
            rows.entry(sql::get(&row, "order_id")?).or_default().push(texts(&row, columns)?);
        }
        Ok(rows)
    }

    /// The events of all identifiers, each within the time in which it was the customer's.
    async fn events_of(&self, belongings: &Belongings) -> Result<Vec<serde_json::Value>, Error> {
        let columns = "seq, source, message_id, kind, event, at, received_at, payload";
        self.in_log(columns, "events", events_of(belongings, 3)).await?.iter().map(event).collect()
    }

    /// The rows of a table with the numbers of the log for which one of the conditions holds, in order.
    async fn in_log(
        &self,
        columns: &str,
        table: &str,
        conditions: Vec<(String, Vec<Value>)>,
    ) -> Result<Vec<QueryResult>, Error> {
        let last = self.last_event().await?;
        let mut found = BTreeMap::new();
        let mut after = 0;
        while after < last {
            for (condition, values) in &conditions {
                let query =
                    format!("SELECT {columns} FROM {table} WHERE seq > $1 AND seq <= $2 AND ({condition})");
                let range: [Value; 2] = [after.into(), (after + EVENTS).into()];
                let values = range.into_iter().chain(values.iter().cloned()).collect();
                for row in sql::rows(self.reader(), &query, values).await? {
                    found.insert(sql::get::<i64>(&row, "seq")?, row);
                }
            }
            after += EVENTS;
        }
        Ok(found.into_values().collect())
    }
}

fn event(row: &QueryResult) -> Result<serde_json::Value, Error> {
    Ok(json!({
        "source": sql::get::<String>(row, "source")?,
        "message_id": sql::get::<String>(row, "message_id")?,
        "kind": sql::get::<String>(row, "kind")?,
        "event": sql::get::<Option<String>>(row, "event")?,
        "at": sql::get_time(row, "at")?.to_string(),
        "received_at": sql::get_time(row, "received_at")?.to_string(),
        "payload": parsed(&sql::get::<String>(row, "payload")?),
    }))
}

/// The conditions of which one holds for each event of one of the identifiers, with their values; placeholders begin with
/// number `first`. Events of guests are those of their devices.
pub(super) fn events_of(belongings: &Belongings, first: usize) -> Vec<(String, Vec<Value>)> {
    let named = |row: &&Belonging| {
        matches!(row.identifier.kind(), IdentifierKind::AnonymousId | IdentifierKind::UserId)
    };
    let rows: Vec<&Belonging> = belongings.rows.iter().filter(named).collect();
    rows.chunks(IDENTIFIERS).map(|rows| any_of(rows, first)).collect()
}

/// The same for activities, which are told by the surest identifier that their message names.
pub(super) fn activities_of(belongings: &Belongings, first: usize) -> Vec<(String, Vec<Value>)> {
    let condition = |rows: &[Belonging]| {
        let mut conditions = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        for row in rows {
            let next = first + values.len();
            conditions.push(format!(
                "(identifier_kind = ${next} AND identifier_value = ${} AND at >= ${} AND at < ${})",
                next + 1,
                next + 2,
                next + 3
            ));
            let [kind, value] = [row.identifier.kind().as_str(), row.identifier.value()];
            values.extend([kind.into(), value.into(), row.from.into(), row.until.into()]);
        }
        (conditions.join(" OR "), values)
    };
    belongings.rows.chunks(IDENTIFIERS).map(condition).collect()
}

fn any_of(rows: &[&Belonging], first: usize) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for row in rows {
        let next = first + values.len();
        values.push(row.identifier.value().into());
        if *row.identifier.kind() == IdentifierKind::UserId {
            conditions.push(format!("user_id = ${next}"));
            continue;
        }
        // An account that was signed in on the device tells whose the event is.
        conditions.push(format!(
            "(anonymous_id = ${next} AND at >= ${} AND at < ${} AND NOT EXISTS \
             (SELECT 1 FROM identifiers WHERE kind = 'user_id' AND value = user_id))",
            next + 1,
            next + 2
        ));
        values.extend([row.from.into(), row.until.into()]);
    }
    (conditions.join(" OR "), values)
}

fn texts(row: &QueryResult, columns: &[&str]) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
    let text = |column: &&str| Ok(((*column).to_owned(), json!(sql::get::<Option<String>>(row, column)?)));
    columns.iter().map(text).collect()
}

/// JSON as it is, or as text where it is none.
fn parsed(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
