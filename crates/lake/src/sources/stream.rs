//! The rows that the walk goes through: the ledger's and those of refunds, lines and costs, sorted by the engine (which spills) and put
//! together to groups of one number.

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

use super::Source;
use super::costs::{self, CostTables, Goods};
use super::ledger::{LEDGER, fate, kind};
use super::refusals::LateRow;
use super::views::{Identities, all};
use super::walk::{Group, NumberedOrder, PaidBack, Referring, Walk};
use crate::canonical::interpret::Fate;
use crate::canonical::sale::Sale;
use crate::canonical_table::CanonicalTable;
use crate::canonical_table::kinds::MONEY_DECIMALS;
use crate::error::Error;
use crate::profile::amounts::SPEND_LIMIT;
use crate::profile::zone::ZoneTable;
use crate::quality::Refusal;
use crate::quarantine::Refused;
use crate::session::Session;

/// How amounts of canonical columns become integer units.
#[derive(Clone, Debug)]
pub(super) struct Money {
    /// Decimals of the units.
    pub(super) scale: u32,
    /// Factors into the shop's currency; empty when nothing has to be converted.
    pub(super) rates: BTreeMap<String, f64>,
}

impl Money {
    /// The units of an amount in millionths, rounded; nothing where there is no rate, or the amount is too large.
    #[expect(clippy::cast_possible_truncation, reason = "checked against the limit of amounts")]
    pub(super) fn units(&self, millionths: i64, currency: Option<&str>) -> Option<i64> {
        let unit = 10_i64.pow(MONEY_DECIMALS.saturating_sub(self.scale));
        let rate = match currency.map(|code| code.trim().to_uppercase()) {
            Some(code) if !self.rates.is_empty() && !code.is_empty() => *self.rates.get(&code)?,
            _ => 1.0,
        };
        let units = if (rate - 1.0).abs() < f64::EPSILON {
            let half = if millionths < 0 { -unit / 2 } else { unit / 2 };
            millionths.checked_add(half)? / unit
        } else {
            (millionths as f64 * rate / unit as f64).round() as i64
        };
        (units.abs() < SPEND_LIMIT).then_some(units)
    }
}

/// What the stream is made of.
pub(super) struct Stream<'a> {
    pub(super) sources: &'a [Source],
    pub(super) identities: Identities,
    pub(super) has_refunds: bool,
    pub(super) costs: CostTables,
    /// Decimals of the ledger's amounts, by source.
    pub(super) scales: &'a BTreeMap<usize, u32>,
    pub(super) money: &'a Money,
    pub(super) zone: &'a ZoneTable,
}

impl Stream<'_> {
    /// Hands all groups to the walk.
    pub(super) fn through(&self, session: &Session, walk: &mut Walk<'_>) -> Result<(), Error> {
        let mut group = Group::default();
        session.for_each(&self.sql(session)?, |batch| {
            let rows = Rows::of(&batch)?;
            for row in 0..batch.num_rows() {
                let number = text(&rows.numbers, row).unwrap_or_default();
                if number != group.number {
                    walk.enter(std::mem::take(&mut group))?;
                    number.clone_into(&mut group.number);
                }
                self.add(&rows, row, &mut group, walk)?;
            }
            Ok::<(), Error>(())
        })?;
        walk.enter(group)
    }

    fn sql(&self, session: &Session) -> Result<String, Error> {
        let kind = self.identities.kind_by_place(self.sources, "own.source");
        let (customer, join) = Identities::customer(kind.as_deref(), "own", "customer");
        let mut parts = vec![format!(
            "SELECT own.number, {customer} AS customer, own.kind AS kind, own.source, day, fate, cancelled, amount, refund, cost, \
                    cast(NULL as varchar) AS currency, cast(NULL as bigint) AS at, cast(NULL as bigint) AS source_row FROM {LEDGER} AS own{join}"
        )];
        let other = |sql: String| {
            format!(
                "SELECT number, customer, cast(kind as int) AS kind, source, cast(NULL as int) AS day, cast(NULL as int) AS fate, \
                        cast(NULL as int) AS cancelled, amount, rows AS refund, unknown AS cost, currency, at, source_row \
                 FROM ({sql}) AS other"
            )
        };
        if self.has_refunds {
            parts.push(other(refunds_sql()));
        }
        if self.costs.lines {
            parts.push(other(costs::lines_sql(session, self.money, self.costs)?));
        }
        if self.costs.costs {
            parts.push(other(costs::order_costs_sql()));
        }
        Ok(format!(
            "SELECT number, customer, kind, source, day, fate, cancelled, amount, refund, cost, currency, at, source_row \
             FROM ({}) AS known ORDER BY number, kind, source, customer, day, at, amount",
            parts.join(" UNION ALL ")
        ))
    }

    fn add(&self, rows: &Rows, row: usize, group: &mut Group, walk: &mut Walk<'_>) -> Result<(), Error> {
        let source = usize::try_from(rows.sources.value(row)).unwrap_or(0);
        let customer = text(&rows.customers, row).map(str::to_owned);
        match rows.kinds.value(row) {
            kind::ORDER => {
                let sale = self.sale(rows, row, source);
                let customer = customer.unwrap_or_default();
                group.orders.push(NumberedOrder { source, customer, sale });
            }
            kind::CREDIT => {
                let amount = Some(self.scaled(rows.amounts.value(row), source));
                let day = rows.days.value(row);
                group.credits.push(PaidBack { source, customer, day, amount, place: 0 });
            }
            kind::REFUND => {
                let Some(refund) = self.refund(rows, row, source, customer) else {
                    return walk.refuse(&rows.late(row, source), 1, &too_large());
                };
                // What names no order has no group; there may be any number of them.
                if group.number.is_empty() {
                    return walk.enter_without_number(&refund);
                }
                group.refunds.push(refund);
            }
            kind::LINES => {
                let lines = rows.seconds.value(row).unsigned_abs();
                group.referring.push(Referring { source, rows: lines });
                self.add_goods(rows, row, source, group);
            }
            _ => {
                group.referring.push(Referring { source, rows: rows.seconds.value(row).unsigned_abs() });
                let Some(units) = self.units(rows, row) else {
                    let added_up = rows.seconds.value(row).unsigned_abs();
                    return walk.refuse(&rows.late(row, source), added_up, &too_large());
                };
                group.costs = Some(group.costs.unwrap_or(0).saturating_add(units));
            }
        }
        Ok(())
    }

    fn sale(&self, rows: &Rows, row: usize, source: usize) -> Sale {
        let fate = match rows.fates.value(row) {
            fate::CANCELLED => {
                Fate::Cancelled((!rows.cancelled.is_null(row)).then(|| rows.cancelled.value(row)))
            }
            fate::REFUNDED => Fate::Refunded,
            _ => Fate::Counts,
        };
        Sale {
            day: rows.days.value(row),
            gross: self.scaled(rows.amounts.value(row), source),
            cost: self.scaled(rows.thirds.value(row), source),
            own_refund: self.scaled(rows.seconds.value(row), source),
            refunded: 0,
            fate,
        }
    }

    /// A refund; nothing where its amount cannot be used.
    fn refund(&self, rows: &Rows, row: usize, source: usize, customer: Option<String>) -> Option<PaidBack> {
        let day = self.zone.day_of(rows.times.value(row).div_euclid(1_000_000));
        let amount = if rows.amounts.is_null(row) { None } else { Some(self.units(rows, row)?.abs()) };
        let place = rows.places.value(row).unsigned_abs();
        Some(PaidBack { source, customer, day: i32::try_from(day).ok()?, amount, place })
    }

    /// Lines count from the first source that has them; their amounts are in one row per currency.
    fn add_goods(&self, rows: &Rows, row: usize, source: usize, group: &mut Group) {
        let units = self.units(rows, row);
        let complete = rows.thirds.value(row) == 0 && units.is_some();
        let goods = group.goods.get_or_insert(Goods { source, amount: 0, complete: true });
        if goods.source == source {
            goods.amount = goods.amount.saturating_add(units.unwrap_or(0));
            goods.complete &= complete;
        }
    }

    fn units(&self, rows: &Rows, row: usize) -> Option<i64> {
        if rows.amounts.is_null(row) {
            return None;
        }
        self.money.units(rows.amounts.value(row), text(&rows.currencies, row))
    }

    /// An amount of the ledger at the scale of all. What leaves the range is found when the tables are summed.
    fn scaled(&self, units: i64, source: usize) -> i64 {
        let scale = self.scales.get(&source).copied().unwrap_or(self.money.scale);
        units.saturating_mul(10_i64.pow(self.money.scale.saturating_sub(scale)))
    }
}

/// Refunds, each number once: of the first source that has it.
fn refunds_sql() -> String {
    let row = format!(
        "coalesce(order_id, '') AS number, customer_id AS customer, {} AS kind, source_index AS source, \
         cast(amount * 1000000 as bigint) AS amount, cast(1 as bigint) AS rows, cast(0 as bigint) AS unknown, \
         cast(currency as varchar) AS currency, cast(refunded_at as bigint) AS at, source_row",
        kind::REFUND
    );
    format!(
        "SELECT {row} FROM {refunds} WHERE refund_id IS NULL UNION ALL SELECT {row} FROM ({numbered}) AS numbered WHERE place = 1",
        refunds = all(CanonicalTable::Refunds),
        numbered = numbered_refunds(),
    )
}

/// Refunds that have a number, with their place among those of the same number.
pub(super) fn numbered_refunds() -> String {
    format!(
        "SELECT *, row_number() OVER (PARTITION BY refund_id ORDER BY source_index, refunded_at, amount) AS place \
         FROM {} WHERE refund_id IS NOT NULL",
        all(CanonicalTable::Refunds)
    )
}

/// The columns of a batch.
struct Rows {
    numbers: StringArray,
    customers: StringArray,
    kinds: Int32Array,
    sources: Int32Array,
    days: Int32Array,
    fates: Int32Array,
    cancelled: Int32Array,
    amounts: Int64Array,
    /// An order's own refund; the rows that lines or costs stand for.
    seconds: Int64Array,
    /// An order's own cost; the lines whose cost is not known.
    thirds: Int64Array,
    currencies: StringArray,
    times: Int64Array,
    /// Where the row stands in its source; of several that were added up, the first.
    places: Int64Array,
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Self, Error> {
        let small = |place: usize| typed::<Int32Array>(batch, place, &DataType::Int32);
        Ok(Self {
            numbers: texts(batch, 0)?,
            customers: texts(batch, 1)?,
            kinds: small(2)?,
            sources: small(3)?,
            days: small(4)?,
            fates: small(5)?,
            cancelled: small(6)?,
            amounts: integers(batch, 7)?,
            seconds: integers(batch, 8)?,
            thirds: integers(batch, 9)?,
            currencies: texts(batch, 10)?,
            times: integers(batch, 11)?,
            places: integers(batch, 12)?,
        })
    }

    /// What is kept of a row that cannot be used.
    fn late(&self, row: usize, source: usize) -> LateRow<'_> {
        LateRow {
            source,
            place: self.places.value(row).unsigned_abs(),
            number: text(&self.numbers, row).unwrap_or_default(),
            customer: text(&self.customers, row),
            amount: (!self.amounts.is_null(row)).then(|| (self.amounts.value(row), MONEY_DECIMALS)),
        }
    }
}

fn too_large() -> Refused {
    Refused::new(
        Refusal::AmountTooLarge,
        "the amount, with all that the source says of this order, has 10^13 units or more",
    )
}

/// A column as text.
pub(super) fn texts(batch: &RecordBatch, place: usize) -> Result<StringArray, Error> {
    typed(batch, place, &DataType::Utf8)
}

/// A column as 64-bit integers.
pub(super) fn integers(batch: &RecordBatch, place: usize) -> Result<Int64Array, Error> {
    typed(batch, place, &DataType::Int64)
}

/// A column as what it is asked for.
pub(super) fn typed<A: Array + Clone + 'static>(
    batch: &RecordBatch,
    place: usize,
    kind: &DataType,
) -> Result<A, Error> {
    let doing = "bringing sources together";
    let column: ArrayRef = cast(batch.column(place), kind).map_err(Error::engine(doing))?;
    column.as_any().downcast_ref::<A>().cloned().ok_or_else(|| {
        let problem = format!("column {place} is {}, and {kind} was asked for", column.data_type());
        Error::engine(doing)(datafusion::error::DataFusionError::Internal(problem))
    })
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    (!column.is_null(row)).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_become_units_of_the_shop() {
        let money = Money { scale: 2, rates: BTreeMap::new() };
        assert_eq!(money.units(12_345_000, Some("USD")), Some(1_235));
        assert_eq!(money.units(-12_345_000, None), Some(-1_235));
        assert_eq!(money.units(i64::MAX, None), None);
        let rates = BTreeMap::from([("EUR".to_owned(), 1.0), ("USD".to_owned(), 0.5)]);
        let money = Money { scale: 3, rates };
        assert_eq!(money.units(3_000_000, Some(" usd ")), Some(1_500));
        assert_eq!(money.units(3_000_000, Some("eur")), Some(3_000));
        assert_eq!(money.units(3_000_000, None), Some(3_000));
        assert_eq!(money.units(3_000_000, Some("GBP")), None);
    }
}
