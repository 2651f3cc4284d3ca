//! All that is known of numbered orders, one row per fact, so that it can be brought into the order of the numbers.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::canonical::interpret::Fate;
use crate::canonical::sale::Sale;
use crate::error::Error;
use crate::session::Session;
use crate::spool::Spool;

/// The session's table of the ledger.
pub(super) const LEDGER: &str = "perennial_ledger";

const BATCH_ROWS: usize = 8192;

/// What a row of the ledger is. Rows of one number come in this order.
pub(super) mod kind {
    /// An order of a source of orders.
    pub(crate) const ORDER: i32 = 0;
    /// A credit note in a source of orders.
    pub(crate) const CREDIT: i32 = 1;
    /// A row of a source of refunds.
    pub(crate) const REFUND: i32 = 2;
    /// The lines of an order in a source of lines.
    pub(crate) const LINES: i32 = 3;
    /// The costs of an order in a source of costs.
    pub(crate) const COSTS: i32 = 4;
}

/// How the fate of an order is written.
pub(super) mod fate {
    pub(crate) const COUNTS: i32 = 0;
    pub(crate) const CANCELLED: i32 = 1;
    pub(crate) const REFUNDED: i32 = 2;
}

/// The ledger under construction: orders and credit notes of sources of orders, amounts in the integer units of their source.
pub(crate) struct Ledger {
    schema: SchemaRef,
    numbers: StringBuilder,
    customers: StringBuilder,
    /// kind, source, day, fate, cancelled
    small: [Vec<Option<i32>>; 5],
    /// amount, refund, cost
    amounts: [Vec<i64>; 3],
    spool: Spool,
}

impl Ledger {
    pub(super) fn new(session: &Session) -> Self {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        let small = |name: &str| Field::new(name, DataType::Int32, true);
        let amount = |name: &str| Field::new(name, DataType::Int64, false);
        let schema = Arc::new(Schema::new(vec![
            text("number"),
            text("customer"),
            small("kind"),
            small("source"),
            small("day"),
            small("fate"),
            small("cancelled"),
            amount("amount"),
            amount("refund"),
            amount("cost"),
        ]));
        Self {
            spool: session.spool(Arc::clone(&schema)),
            schema,
            numbers: StringBuilder::new(),
            customers: StringBuilder::new(),
            small: Default::default(),
            amounts: Default::default(),
        }
    }

    /// Enters an order of the source at `source` in the list.
    pub(crate) fn order(
        &mut self,
        source: usize,
        number: &str,
        customer: &str,
        sale: &Sale,
    ) -> Result<(), Error> {
        let (fate, cancelled) = match sale.fate {
            Fate::Counts => (fate::COUNTS, None),
            Fate::Cancelled(day) => (fate::CANCELLED, day),
            Fate::Refunded => (fate::REFUNDED, None),
        };
        let small = [Some(kind::ORDER), place(source), Some(sale.day), Some(fate), cancelled];
        self.push(number, customer, small, [sale.gross, sale.own_refund, sale.cost])
    }

    /// Enters a credit note of the source at `source` in the list.
    pub(crate) fn refund(
        &mut self,
        source: usize,
        number: &str,
        customer: &str,
        day: i32,
        amount: i64,
    ) -> Result<(), Error> {
        let small = [Some(kind::CREDIT), place(source), Some(day), None, None];
        self.push(number, customer, small, [amount, 0, 0])
    }

    fn push(
        &mut self,
        number: &str,
        customer: &str,
        small: [Option<i32>; 5],
        amounts: [i64; 3],
    ) -> Result<(), Error> {
        self.numbers.append_value(number);
        self.customers.append_value(customer);
        self.small.iter_mut().zip(small).for_each(|(column, value)| column.push(value));
        self.amounts.iter_mut().zip(amounts).for_each(|(column, value)| column.push(value));
        if self.amounts[0].len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(self.numbers.finish()), Arc::new(self.customers.finish())];
        columns.extend(
            self.small
                .iter_mut()
                .map(|column| Arc::new(Int32Array::from(std::mem::take(column))) as ArrayRef),
        );
        columns.extend(
            self.amounts
                .iter_mut()
                .map(|column| Arc::new(Int64Array::from(std::mem::take(column))) as ArrayRef),
        );
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(Error::engine("keeping orders by their numbers"))?;
        self.spool.push(batch)
    }

    /// Makes the ledger a table of the session.
    pub(super) fn register(mut self, session: &Session) -> Result<(), Error> {
        self.flush()?;
        session.register_spool(LEDGER, self.spool).map(drop)
    }
}

/// A list of 2^31 sources does not fit a configuration file.
fn place(source: usize) -> Option<i32> {
    i32::try_from(source).ok()
}
