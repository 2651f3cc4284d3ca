//! What orders cost the shop: as their own row says, or from their lines and the costs of products, with what every order costs.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};

use super::ledger::{LEDGER, kind};
use super::stream::{Money, integers, texts};
use super::views::all;
use crate::canonical::sale::Sale;
use crate::canonical_table::CanonicalTable::{Costs, OrderLines, Products};
use crate::error::Error;
use crate::session::Session;

/// What the goods of an order cost, by its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goods {
    /// The source of the lines.
    pub(super) source: usize,
    pub(super) amount: i64,
    /// Whether the cost of every line is known.
    pub(super) complete: bool,
}

/// What every order costs beside its goods.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OrderCosts {
    /// Integer units, of every order.
    per_order: i64,
    /// Integer units, of every order with an amount.
    per_paid_order: i64,
    /// As a part of the order's amount.
    share: f64,
}

impl OrderCosts {
    /// The rows of the costs that name neither an order nor a product.
    pub(super) fn read(session: &Session, money: &Money) -> Result<Self, Error> {
        let sql = format!(
            "SELECT cast(basis as varchar) AS basis, cast(currency as varchar) AS currency, cast(amount * 1000000 as bigint) AS amount, \
                    share FROM {} WHERE order_id IS NULL AND product_id IS NULL",
            all(Costs)
        );
        let mut costs = Self::default();
        for batch in session.query(&sql)? {
            let (bases, currencies) = (texts(&batch, 0)?, texts(&batch, 1)?);
            let amounts = integers(&batch, 2)?;
            let shares = batch.column(3).as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let basis = if bases.is_null(row) { "order" } else { bases.value(row) };
                let currency = (!currencies.is_null(row)).then(|| currencies.value(row));
                let amount =
                    (!amounts.is_null(row)).then(|| money.units(amounts.value(row), currency)).flatten();
                match basis {
                    "total" => costs.share += if shares.is_null(row) { 0.0 } else { shares.value(row) },
                    "paid_order" => costs.per_paid_order += amount.unwrap_or(0),
                    _ => costs.per_order += amount.unwrap_or(0),
                }
            }
        }
        Ok(costs)
    }

    /// What an order costs in all; nothing where the cost of its goods is not known, because a part of the costs would
    /// overstate the margin.
    #[expect(clippy::cast_possible_truncation, reason = "a share of an amount below 10^13")]
    pub(super) fn of_order(&self, sale: &Sale, goods: Option<&Goods>, own: Option<i64>) -> Option<i64> {
        let goods = match (sale.cost, goods) {
            (0, Some(goods)) => Some(goods.amount).filter(|_| goods.complete)?,
            (0, None) => own.map(|_| 0)?,
            (cost, _) => cost,
        };
        let paid = if sale.gross > 0 { self.per_paid_order } else { 0 };
        let share = (sale.gross as f64 * self.share).round() as i64;
        let all = [own.unwrap_or(0), self.per_order, paid, share];
        let cost = all.into_iter().fold(goods, i64::saturating_add);
        // A cost of zero means that it is not known.
        Some(cost).filter(|cost| *cost != 0)
    }
}

/// Which tables of costs the shop has.
#[derive(Clone, Copy, Debug)]
pub(super) struct CostTables {
    pub(super) lines: bool,
    pub(super) products: bool,
    pub(super) costs: bool,
}

/// The costs of single orders, as rows of the stream.
pub(super) fn order_costs_sql() -> String {
    format!(
        "SELECT order_id AS number, cast(NULL as varchar) AS customer, {} AS kind, source_index AS source, \
                sum(cast(amount * 1000000 as bigint)) AS amount, count(*) AS rows, cast(0 as bigint) AS unknown, \
                cast(currency as varchar) AS currency, cast(NULL as bigint) AS at, min(source_row) AS source_row \
         FROM {} WHERE order_id IS NOT NULL GROUP BY order_id, source_index, currency",
        kind::COSTS,
        all(Costs)
    )
}

/// The lines of orders with what their goods cost, as rows of the stream.
pub(super) fn lines_sql(session: &Session, tables: CostTables) -> Result<String, Error> {
    let dated = tables.costs && has_product_costs(session)?;
    let (cost, currency, join) = match (dated, tables.products) {
        (true, _) => (PIECES, "coalesce(l.currency, c.currency)", dated_join(tables.products)),
        (false, true) => (PIECES, "coalesce(l.currency, c.currency)", product_join()),
        (false, false) => ("cast(l.cost as double)", "l.currency", String::new()),
    };
    Ok(format!(
        "SELECT number, cast(NULL as varchar) AS customer, {} AS kind, source, \
                coalesce(sum(cast(round(cost * 1000000) as bigint)), 0) AS amount, count(*) AS rows, \
                sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) AS unknown, \
                currency, cast(NULL as bigint) AS at, cast(NULL as bigint) AS source_row \
         FROM (SELECT l.order_id AS number, l.source_index AS source, {cost} AS cost, cast({currency} as varchar) AS currency \
               FROM {} AS l{join}) AS lines GROUP BY number, source, currency",
        kind::LINES,
        all(OrderLines)
    ))
}

/// What a line's goods cost: as it says itself, else its pieces at the product's cost.
const PIECES: &str = "coalesce(cast(l.cost as double), coalesce(l.quantity, 1) * c.cost)";

fn has_product_costs(session: &Session) -> Result<bool, Error> {
    let sql = format!("SELECT count(*) FROM {} WHERE product_id IS NOT NULL", all(Costs));
    let batches = session.query(&sql)?;
    Ok(batches
        .iter()
        .any(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().any(|rows| *rows > 0)))
}

/// The cost of a product, of the first source that knows it.
fn product_join() -> String {
    format!(
        " LEFT JOIN (SELECT product_id, cost, currency FROM (\
             SELECT product_id, cast(cost as double) AS cost, currency, \
                    row_number() OVER (PARTITION BY product_id ORDER BY source_index) AS place \
             FROM {} WHERE cost IS NOT NULL) AS known WHERE place = 1) AS c ON c.product_id = l.product_id",
        all(Products)
    )
}

/// The cost of a product on the day of the order: the latest that began by then.
fn dated_join(products: bool) -> String {
    const FIRST_DAY: i32 = i32::MIN;
    const NEVER: i32 = i32::MAX;
    let always = if products {
        format!(
            "SELECT product_id, cast(cost as double) AS cost, currency, cast({FIRST_DAY} as int) AS since, -1 AS place \
             FROM {} WHERE cost IS NOT NULL UNION ALL ",
            all(Products)
        )
    } else {
        String::new()
    };
    format!(
        " LEFT JOIN (SELECT number, min(day) AS day FROM {LEDGER} WHERE kind = {} GROUP BY number) AS o ON o.number = l.order_id \
          LEFT JOIN (SELECT product_id, cost, currency, since, \
                            coalesce(lead(since) OVER (PARTITION BY product_id ORDER BY since, place), {NEVER}) AS until \
                     FROM ({always}SELECT product_id, cast(amount as double) AS cost, currency, \
                                  coalesce(cast(date as int), {FIRST_DAY}) AS since, source_index AS place \
                           FROM {} WHERE product_id IS NOT NULL AND amount IS NOT NULL) AS known) AS c \
          ON c.product_id = l.product_id AND c.since <= o.day AND o.day < c.until",
        kind::ORDER,
        all(Costs)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::interpret::Fate;

    fn sale(gross: i64, cost: i64) -> Sale {
        Sale { day: 0, gross, cost, own_refund: 0, refunded: 0, fate: Fate::Counts }
    }

    #[test]
    fn an_order_costs_its_goods_and_what_every_order_costs() {
        let costs = OrderCosts { per_order: 400, per_paid_order: 30, share: 0.015 };
        let goods = Goods { source: 0, amount: 2_000, complete: true };
        // 20.00 + 4.00 + 0.30 + 1.5 % of 50.00
        assert_eq!(costs.of_order(&sale(5_000, 0), Some(&goods), None), Some(2_505));
        // What the order says itself comes before its lines; costs of its own are added.
        assert_eq!(costs.of_order(&sale(5_000, 1_900), Some(&goods), Some(100)), Some(2_505));
        // A gift costs goods and packing, and no fee.
        assert_eq!(costs.of_order(&sale(0, 0), Some(&goods), None), Some(2_400));
    }

    #[test]
    fn a_part_of_the_costs_is_none() {
        let costs = OrderCosts { per_order: 400, ..OrderCosts::default() };
        let goods = Goods { source: 0, amount: 2_000, complete: false };
        assert_eq!(costs.of_order(&sale(5_000, 0), Some(&goods), None), None);
        assert_eq!(costs.of_order(&sale(5_000, 0), None, None), None);
        assert_eq!(OrderCosts::default().of_order(&sale(5_000, 0), None, Some(0)), None);
    }
}
