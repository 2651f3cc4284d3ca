//! The canonical tables under construction.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::Error;
use crate::session::Session;
use crate::spool::Spool;

const BATCH_ROWS: usize = 8192;

/// The tables that a reading makes.
pub(crate) const TABLES: [&str; 3] = ["purchases", "refunds", "linked_refunds"];

/// Names of the tables that hold rows before they are summed per customer and day.
pub(crate) const ORDER_ROWS: &str = "perennial_order_rows";
pub(crate) const REFUND_ROWS: &str = "perennial_refund_rows";

/// Rows of a customer, one or two days and some amounts.
struct Rows<const DAYS: usize, const AMOUNTS: usize> {
    schema: SchemaRef,
    customers: StringBuilder,
    days: [Vec<i32>; DAYS],
    amounts: [Vec<i64>; AMOUNTS],
    spool: Spool,
}

impl<const DAYS: usize, const AMOUNTS: usize> Rows<DAYS, AMOUNTS> {
    fn new(session: &Session, days: [&str; DAYS], amounts: [&str; AMOUNTS]) -> Self {
        let mut fields = vec![Field::new("customer", DataType::Utf8, false)];
        fields.extend(days.iter().map(|name| Field::new(*name, DataType::Date32, false)));
        fields.extend(amounts.iter().map(|name| Field::new(*name, DataType::Int64, false)));
        let schema = Arc::new(Schema::new(fields));
        Self {
            spool: session.spool(Arc::clone(&schema)),
            schema,
            customers: StringBuilder::new(),
            days: std::array::from_fn(|_| Vec::new()),
            amounts: std::array::from_fn(|_| Vec::new()),
        }
    }

    fn push(&mut self, customer: &str, days: [i32; DAYS], amounts: [i64; AMOUNTS]) -> Result<(), Error> {
        self.customers.append_value(customer);
        for (column, day) in self.days.iter_mut().zip(days) {
            column.push(day);
        }
        for (column, amount) in self.amounts.iter_mut().zip(amounts) {
            column.push(amount);
        }
        if self.days[0].len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.customers.finish())];
        columns.extend(
            self.days.iter_mut().map(|days| Arc::new(Date32Array::from(std::mem::take(days))) as ArrayRef),
        );
        columns.extend(
            self.amounts
                .iter_mut()
                .map(|amounts| Arc::new(Int64Array::from(std::mem::take(amounts))) as ArrayRef),
        );
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(Error::engine("making the canonical tables"))?;
        self.spool.push(batch)
    }

    fn register(mut self, session: &Session, table: &str) -> Result<u64, Error> {
        self.flush()?;
        session.register_spool(table, self.spool)
    }
}

/// Collects transactions and refunds, and makes them the session's tables.
pub(crate) struct Tables {
    orders: Rows<1, 3>,
    refunds: Rows<1, 1>,
    linked: Rows<2, 1>,
    /// The sum of all amounts without their signs, so that no sum of the engine can overflow.
    magnitude: u128,
    has_costs: bool,
}

impl Tables {
    pub(crate) fn new(session: &Session, has_costs: bool) -> Self {
        Self {
            orders: Rows::new(session, ["day"], ["spend", "refunded", "cost"]),
            refunds: Rows::new(session, ["day"], ["amount"]),
            linked: Rows::new(session, ["order_day", "day"], ["amount"]),
            magnitude: 0,
            has_costs,
        }
    }

    pub(crate) fn transaction(
        &mut self,
        customer: &str,
        day: i32,
        spend: i64,
        refunded: i64,
        cost: i64,
    ) -> Result<(), Error> {
        self.weigh([spend, refunded, cost]);
        self.orders.push(customer, [day], [spend, refunded, cost])
    }

    pub(crate) fn refund(&mut self, customer: &str, day: i32, amount: i64) -> Result<(), Error> {
        self.weigh([amount]);
        self.refunds.push(customer, [day], [amount])
    }

    pub(crate) fn linked_refund(
        &mut self,
        customer: &str,
        order_day: i32,
        day: i32,
        amount: i64,
    ) -> Result<(), Error> {
        self.weigh([amount]);
        self.linked.push(customer, [order_day, day], [amount])
    }

    fn weigh<const N: usize>(&mut self, amounts: [i64; N]) {
        self.magnitude += amounts.iter().map(|amount| u128::from(amount.unsigned_abs())).sum::<u128>();
    }

    /// Whether the sum of all amounts is a fourth of what fits 64-bit integers: nothing more should come that nobody needs.
    pub(crate) fn is_heavy(&self) -> bool {
        self.magnitude > 1 << 61
    }

    /// Whether the sum of all amounts fits 64-bit integers.
    pub(crate) fn fits(&self) -> bool {
        i64::try_from(self.magnitude).is_ok()
    }

    /// Registers the tables, and counts rows that are equal in customer, day and amount where `count_equal` asks for it.
    pub(crate) fn register(self, session: &Session, count_equal: bool) -> Result<u64, Error> {
        self.orders.register(session, ORDER_ROWS)?;
        self.refunds.register(session, REFUND_ROWS)?;
        self.linked.register(session, "linked_refunds")?;
        let equal = if count_equal { equal_rows(session)? } else { 0 };
        let cost = if self.has_costs { ", sum(cost) as cost" } else { "" };
        session.materialise(
            "purchases",
            &format!(
                "select customer, day, sum(spend) as spend, sum(refunded) as refunded{cost} from {ORDER_ROWS} group by customer, day"
            ),
        )?;
        session.drop_table(ORDER_ROWS)?;
        materialise_refunds(session)?;
        Ok(equal)
    }
}

/// Makes `refunds` of the registered rows.
pub(crate) fn materialise_refunds(session: &Session) -> Result<(), Error> {
    let sql =
        format!("select customer, day, sum(amount) as amount from {REFUND_ROWS} group by customer, day");
    session.materialise("refunds", &sql)?;
    session.drop_table(REFUND_ROWS)
}

fn equal_rows(session: &Session) -> Result<u64, Error> {
    let batches = session.query(&format!(
        "select sum(rows - 1) as equal from (select count(*) as rows from {ORDER_ROWS} group by customer, day, spend) where rows > 1"
    ))?;
    Ok(batches.iter().filter_map(|batch| first_integer(batch, 0)).sum::<i64>().unsigned_abs())
}

/// The value of an integer column's first row, when there is one.
pub(crate) fn first_integer(batch: &RecordBatch, column: usize) -> Option<i64> {
    use datafusion::arrow::array::{Array, AsArray};
    use datafusion::arrow::datatypes::Int64Type;
    let column = batch.column(column).as_primitive_opt::<Int64Type>()?;
    (!column.is_empty() && !column.is_null(0)).then(|| column.value(0))
}
