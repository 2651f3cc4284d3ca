//! What orders cost the shop: as their own row says, or from their lines and the costs of products, with what every order costs.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};

use super::ledger::{LEDGER, kind};
use super::stream::{Money, integers, texts};
use super::views::{all, literal};
use crate::canonical::sale::Sale;
use crate::canonical_table::CanonicalTable::{Costs, OrderLines, Products};
use crate::canonical_table::CostBasis;
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
    /// The rows of the costs that name neither an order nor a product. The source of one whose amount is too large is told to `refuse`.
    pub(super) fn read(
        session: &Session,
        money: &Money,
        mut refuse: impl FnMut(usize),
    ) -> Result<Self, Error> {
        let sql = format!(
            "SELECT cast(basis as varchar) AS basis, cast(currency as varchar) AS currency, cast(amount * 1000000 as bigint) AS amount, \
                    share, source_index FROM {} WHERE order_id IS NULL AND product_id IS NULL",
            all(Costs)
        );
        let mut costs = Self::default();
        for batch in session.query(&sql)? {
            let (bases, currencies) = (texts(&batch, 0)?, texts(&batch, 1)?);
            let (amounts, sources) = (integers(&batch, 2)?, integers(&batch, 4)?);
            let shares = batch.column(3).as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let basis = if bases.is_null(row) {
                    Some(CostBasis::Order)
                } else {
                    CostBasis::read(bases.value(row))
                };
                let currency = (!currencies.is_null(row)).then(|| currencies.value(row));
                // Rows without what their basis needs were refused when they were read.
                let per_order = match basis {
                    Some(CostBasis::Order) => &mut costs.per_order,
                    Some(CostBasis::PaidOrder) => &mut costs.per_paid_order,
                    Some(CostBasis::Total) => {
                        costs.share += shares.value(row);
                        continue;
                    }
                    None => continue,
                };
                match money.units(amounts.value(row), currency) {
                    Some(units) => *per_order = per_order.saturating_add(units),
                    None => refuse(usize::try_from(sources.value(row)).unwrap_or(0)),
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

/// The lines of orders with what their goods cost, as rows of the stream; a cost that is too large for an amount is not known.
/// What a line says itself is in its own currency, what is known of its product in that of the shop.
pub(super) fn lines_sql(session: &Session, money: &Money, tables: CostTables) -> Result<String, Error> {
    let dated = tables.costs && has_product_costs(session)?;
    let (cost, join) = match (dated, tables.products) {
        (true, _) => (PIECES, dated_join(money, tables.products)),
        (false, true) => (PIECES, product_join(money)),
        (false, false) => ("cast(l.cost as double)", String::new()),
    };
    Ok(format!(
        "SELECT number, cast(NULL as varchar) AS customer, {} AS kind, source, \
                CASE WHEN count(cost) = 0 THEN cast(0 as bigint) \
                     ELSE try_cast(sum(cost) * 1000000 as bigint) END AS amount, count(*) AS rows, \
                sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END) AS unknown, \
                currency, cast(NULL as bigint) AS at, cast(NULL as bigint) AS source_row \
         FROM (SELECT l.order_id AS number, l.source_index AS source, try_cast({cost} as decimal(24, 6)) AS cost, \
                      CASE WHEN l.cost IS NULL THEN NULL ELSE cast(l.currency as varchar) END AS currency \
               FROM {} AS l{join}) AS lines GROUP BY number, source, currency",
        kind::LINES,
        all(OrderLines)
    ))
}

/// What a line's goods cost: as it says itself, else its pieces at the product's cost.
const PIECES: &str = "coalesce(cast(l.cost as double), coalesce(l.quantity, 1) * c.cost)";

/// The costs that are of a product.
const OF_PRODUCT: &str = "product_id IS NOT NULL AND order_id IS NULL";

fn has_product_costs(session: &Session) -> Result<bool, Error> {
    let sql = format!("SELECT count(*) FROM {} WHERE {OF_PRODUCT}", all(Costs));
    let batches = session.query(&sql)?;
    Ok(batches
        .iter()
        .any(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().any(|rows| *rows > 0)))
}

/// The cost of a product, whatever the day.
fn product_join(money: &Money) -> String {
    format!(" LEFT JOIN ({}) AS c ON c.product_id = l.product_id", product_costs(money))
}

/// The cost of a product on the day of the order: of each kind the latest that began by then, summed over the kinds.
fn dated_join(money: &Money, products: bool) -> String {
    let mut known = vec![dated_costs(money)];
    known.extend(products.then(|| product_costs(money)));
    // A kind's cost changes what the product costs by what it is more than before.
    let changes = format!(
        "SELECT product_id, since, cost - coalesce(lag(cost) OVER (PARTITION BY product_id, kind ORDER BY since, place), 0) AS change \
         FROM ({}) AS known",
        known.join(" UNION ALL ")
    );
    format!(
        " LEFT JOIN (SELECT number, min(day) AS day FROM {LEDGER} WHERE kind = {} GROUP BY number) AS o ON o.number = l.order_id \
          LEFT JOIN (SELECT product_id, since, sum(change) OVER (PARTITION BY product_id ORDER BY since) AS cost, \
                            coalesce(lead(since) OVER (PARTITION BY product_id ORDER BY since), {NEVER}) AS until \
                     FROM (SELECT product_id, since, sum(change) AS change FROM ({changes}) AS changes GROUP BY product_id, since) AS days) AS c \
          ON c.product_id = l.product_id AND c.since <= o.day AND o.day < c.until",
        kind::ORDER,
    )
}

const FIRST_DAY: i32 = i32::MIN;
const NEVER: i32 = i32::MAX;

/// What products cost by their own table: the goods, always, of the first source that knows it.
fn product_costs(money: &Money) -> String {
    format!(
        "SELECT product_id, 'goods' AS kind, cast({FIRST_DAY} as int) AS since, 0 AS place, {} AS cost \
         FROM (SELECT product_id, cost, currency, row_number() OVER (PARTITION BY product_id ORDER BY source_index, cost DESC) AS nth \
               FROM {} WHERE cost IS NOT NULL) AS own WHERE nth = 1",
        in_shops_currency(money, "cost"),
        all(Products)
    )
}

/// What products cost by the table of costs: each kind by the first source that knows it of the product. Of several that begin on the
/// same day the highest counts.
fn dated_costs(money: &Money) -> String {
    format!(
        "SELECT product_id, kind, since, 1 AS place, max(cost) AS cost \
         FROM (SELECT product_id, kind, since, cost, source_index, min(source_index) OVER (PARTITION BY product_id, kind) AS first \
               FROM (SELECT product_id, lower(trim(kind)) AS kind, coalesce(cast(date as int), {FIRST_DAY}) AS since, {} AS cost, source_index \
                     FROM {} WHERE {OF_PRODUCT} AND amount IS NOT NULL) AS own) AS ranked \
         WHERE source_index = first GROUP BY product_id, kind, since",
        in_shops_currency(money, "amount"),
        all(Costs)
    )
}

/// An amount beside a column `currency` as a number in the shop's currency; every currency among the data has a rate.
fn in_shops_currency(money: &Money, amount: &str) -> String {
    let case = |(code, rate): (&String, &f64)| format!("WHEN {} THEN {rate:?}", literal(code));
    let rates = money.rates.iter().map(case).collect::<Vec<_>>().join(" ");
    if rates.is_empty() {
        return format!("cast({amount} as double)");
    }
    format!("cast({amount} as double) * CASE upper(trim(currency)) {rates} ELSE 1.0 END")
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
