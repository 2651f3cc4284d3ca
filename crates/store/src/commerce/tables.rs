//! The tables of orders: messages go in, and the rows of their orders are put together from all messages.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::Amount;
use super::event::{Line, OrderEvent, OrderEventKind, Said};
use super::net::NetRule;
use super::order::{Order, Refund, Told, tell};
use crate::identity::Identifier;
use crate::{Error, bulk, sql};

/// Orders that are put together at a time when all of them are.
const PAGE: i64 = 1000;

/// Keeps messages, and puts their orders together again.
pub(crate) async fn write<C: ConnectionTrait>(
    connection: &C,
    events: Vec<OrderEvent>,
    rule: NetRule,
) -> Result<(), Error> {
    if events.is_empty() {
        return Ok(());
    }
    let orders: BTreeSet<String> = events.iter().map(|event| event.order_id.clone()).collect();
    let mut rows: BTreeMap<(String, String, String), [Value; 8]> = BTreeMap::new();
    for event in events {
        let key = (event.order_id.clone(), event.source.clone(), event.message_id.clone());
        rows.insert(key, event_row(event)?);
    }
    bulk::write(
        connection,
        "INSERT INTO order_events (order_id, source, message_id, kind, at, identifier_kind, identifier_value, said) VALUES",
        rows.into_values().collect(),
        "ON CONFLICT (order_id, source, message_id) DO NOTHING",
    )
    .await?;
    retell(connection, &orders, rule).await
}

/// Puts orders together from the messages that are kept.
pub(crate) async fn retell<C: ConnectionTrait>(
    connection: &C,
    orders: &BTreeSet<String>,
    rule: NetRule,
) -> Result<(), Error> {
    let keys = || orders.iter().map(|order| [order.as_str().into()]).collect::<Vec<[Value; 1]>>();
    let head = "SELECT order_id, source, message_id, kind, at, identifier_kind, identifier_value, said FROM order_events WHERE";
    let mut events: BTreeMap<String, Vec<OrderEvent>> = BTreeMap::new();
    for row in bulk::find(connection, head, ["order_id"], keys(), "").await? {
        let event = stored_event(&row)?;
        events.entry(event.order_id.clone()).or_default().push(event);
    }
    bulk::change(connection, "DELETE FROM order_lines WHERE", ["order_id"], keys()).await?;
    bulk::change(connection, "DELETE FROM refunds WHERE", ["order_id"], keys()).await?;
    let (mut order_rows, mut line_rows, mut refund_rows) = (Vec::new(), Vec::new(), Vec::new());
    for (id, events) in events {
        let Told { order, refunds } = tell(events, rule);
        refund_rows.extend(refunds.into_iter().map(|refund| refund_row(&id, refund)));
        if let Some(mut order) = order {
            let lines = std::mem::take(&mut order.lines);
            line_rows.extend((1_i64..).zip(lines).map(|(number, line)| line_row(&id, number, line)));
            order_rows.push(order_row(&id, order));
        }
    }
    insert(connection, order_rows, line_rows, refund_rows).await
}

/// Puts all orders together again.
pub(crate) async fn retell_all<C: ConnectionTrait>(connection: &C, rule: NetRule) -> Result<(), Error> {
    let query = "SELECT DISTINCT order_id FROM order_events WHERE order_id > $1 ORDER BY order_id LIMIT $2";
    let mut last = String::new();
    loop {
        let rows = sql::rows(connection, query, vec![last.as_str().into(), PAGE.into()]).await?;
        let page =
            rows.iter().map(|row| sql::get(row, "order_id")).collect::<Result<Vec<String>, Error>>()?;
        // The last in the database's order of texts, which need not be ours.
        let Some(end) = page.last().cloned() else { return Ok(()) };
        retell(connection, &page.into_iter().collect(), rule).await?;
        last = end;
    }
}

async fn insert<C: ConnectionTrait>(
    connection: &C,
    orders: Vec<[Value; 18]>,
    lines: Vec<[Value; 12]>,
    refunds: Vec<[Value; 9]>,
) -> Result<(), Error> {
    bulk::write(
        connection,
        "INSERT INTO orders (order_id, identifier_kind, identifier_value, placed_at, currency, net, net_formula, revenue, \
         subtotal, total, shipping, tax, discount, coupon, status, cancelled_at, source, updated_at) VALUES",
        orders,
        "ON CONFLICT (order_id) DO UPDATE SET identifier_kind = excluded.identifier_kind, \
         identifier_value = excluded.identifier_value, placed_at = excluded.placed_at, currency = excluded.currency, \
         net = excluded.net, net_formula = excluded.net_formula, revenue = excluded.revenue, subtotal = excluded.subtotal, \
         total = excluded.total, shipping = excluded.shipping, tax = excluded.tax, discount = excluded.discount, \
         coupon = excluded.coupon, status = excluded.status, cancelled_at = excluded.cancelled_at, \
         source = excluded.source, updated_at = excluded.updated_at",
    )
    .await?;
    bulk::write(
        connection,
        "INSERT INTO order_lines (order_id, line, product_id, sku, name, category, brand, variant, coupon, quantity, price, discount) VALUES",
        lines,
        "",
    )
    .await?;
    bulk::write(
        connection,
        "INSERT INTO refunds (order_id, id, identifier_kind, identifier_value, at, amount, excess, currency, reason) VALUES",
        refunds,
        "",
    )
    .await
}

/// An amount as the tables hold it.
pub(super) fn amount_text(amount: Option<Amount>) -> Value {
    amount.map(|amount| amount.to_string()).into()
}

fn kind_and_value(by: Option<&Identifier>) -> [Value; 2] {
    [by.map(|by| by.kind().as_str().to_owned()).into(), by.map(|by| by.value().to_owned()).into()]
}

fn event_row(event: OrderEvent) -> Result<[Value; 8], Error> {
    let said = serde_json::to_string(&event.said)
        .map_err(|error| Error::invalid(format!("the order {}", event.order_id), error.to_string()))?;
    let [kind, value] = kind_and_value(event.by.as_ref());
    Ok([
        event.order_id.into(),
        event.source.into(),
        event.message_id.into(),
        event.kind.as_str().into(),
        event.at.into(),
        kind,
        value,
        said.into(),
    ])
}

fn order_row(id: &str, order: Order) -> [Value; 18] {
    let [kind, value] = kind_and_value(order.by.as_ref());
    let amounts = order.amounts;
    [
        id.into(),
        kind,
        value,
        order.placed_at.into(),
        order.currency.into(),
        amount_text(order.net.map(|(net, _)| net)),
        order.net.map(|(_, formula)| formula.as_str()).into(),
        amount_text(amounts.revenue),
        amount_text(amounts.subtotal),
        amount_text(amounts.total),
        amount_text(amounts.shipping),
        amount_text(amounts.tax),
        amount_text(amounts.discount),
        order.coupon.into(),
        if order.cancelled_at.is_some() { "cancelled" } else { "completed" }.into(),
        order.cancelled_at.into(),
        order.source.into(),
        order.updated_at.into(),
    ]
}

fn line_row(id: &str, number: i64, line: Line) -> [Value; 12] {
    [
        id.into(),
        number.into(),
        line.product_id.into(),
        line.sku.into(),
        line.name.into(),
        line.category.into(),
        line.brand.into(),
        line.variant.into(),
        line.coupon.into(),
        line.quantity.to_string().into(),
        amount_text(line.price),
        amount_text(line.discount),
    ]
}

fn refund_row(order: &str, refund: Refund) -> [Value; 9] {
    let [kind, value] = kind_and_value(refund.by.as_ref());
    [
        order.into(),
        refund.id.into(),
        kind,
        value,
        refund.at.into(),
        amount_text(refund.amount),
        amount_text(refund.excess),
        refund.currency.into(),
        refund.reason.into(),
    ]
}

fn stored_event(row: &QueryResult) -> Result<OrderEvent, Error> {
    let order_id: String = sql::get(row, "order_id")?;
    let corrupt = |reason: String| Error::corrupt(format!("a message about the order {order_id}"), reason);
    let kind: String = sql::get(row, "kind")?;
    let said: String = sql::get(row, "said")?;
    Ok(OrderEvent {
        source: sql::get(row, "source")?,
        message_id: sql::get(row, "message_id")?,
        kind: OrderEventKind::of_column(&kind).ok_or_else(|| corrupt(format!("its kind is `{kind}`")))?,
        at: sql::get(row, "at")?,
        by: stored_by(row)?,
        said: serde_json::from_str(&said).map_err(|error| corrupt(error.to_string()))?,
        order_id,
    })
}

/// What a message said, as stored, without texts that somebody has typed.
pub(crate) fn without_free_text(said: &str) -> Result<String, Error> {
    let corrupt = |error: serde_json::Error| Error::corrupt("a message about an order", error);
    let said: Said = serde_json::from_str(said).map_err(corrupt)?;
    serde_json::to_string(&Said { reason: None, ..said }).map_err(corrupt)
}

/// The identifier in the columns `identifier_kind` and `identifier_value`.
pub(crate) fn stored_by(row: &QueryResult) -> Result<Option<Identifier>, Error> {
    let kind: Option<String> = sql::get(row, "identifier_kind")?;
    let value: Option<String> = sql::get(row, "identifier_value")?;
    let stored = |(kind, value): (String, String)| Identifier::stored(&kind, value);
    kind.zip(value).map(stored).transpose().map_err(|error| Error::corrupt("an identifier", error))
}
