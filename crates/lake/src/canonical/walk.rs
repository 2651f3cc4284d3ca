//! The canonical pass: each row is refused, dropped, or enters a purchase or a refund.

use std::path::Path;

use super::interpret::{Entry, Fate, Interpreter};
use super::orders::{Continuation, OrderBook, Place};
use super::tables::Tables;
use super::{Outcome, settle};
use crate::columns::Role;
use crate::error::Error;
use crate::format::Grain;
use crate::profile::columns::{Binding, whole_number};
use crate::quality::{Examples, Quality, Refusal, Treatment};
use crate::quarantine::{Quarantine, Refused};
use crate::source::ZeroOrders;
use crate::sources::Ledger;
use crate::text::Row;

pub(crate) struct Walk<'a> {
    interpreter: &'a Interpreter,
    /// What becomes of orders of amount zero; nothing where there are no amounts, as none of the orders is a gift then.
    gift: Option<ZeroOrders>,
    book: OrderBook,
    tables: Tables,
}

impl<'a> Walk<'a> {
    /// A walk whose numbered orders go into a ledger, where `for_ledger`, and into the tables otherwise.
    pub(crate) fn new(
        interpreter: &'a Interpreter,
        zero_orders: ZeroOrders,
        tables: Tables,
        for_ledger: bool,
    ) -> Self {
        let gift = interpreter.has_amounts.then_some(zero_orders);
        Self { interpreter, gift, book: OrderBook::new(interpreter.recipe.grain, for_ledger), tables }
    }

    /// Places one row, and counts what became of it.
    pub(crate) fn see(
        &mut self,
        row: &Row,
        binding: &Binding,
        file: usize,
        path: &Path,
        quality: &mut Quality,
        quarantine: &mut Quarantine,
    ) -> Result<(), Error> {
        if row.is_blank() {
            quality.treat(Treatment::BlankRow, 1);
            return Ok(());
        }
        let placed = match &row.broken {
            Some(problem) => Ok(Err(Refused::new(Refusal::BrokenRow, problem.clone()))),
            None => self.take(row, binding, file, quality),
        };
        if let Err(refused) = placed? {
            quality.refuse(refused.reason, 1);
            quarantine.write(path, row, &refused)?;
        }
        Ok(())
    }

    /// The outer error stops the reading, the inner one refuses the row.
    fn take(
        &mut self,
        row: &Row,
        binding: &Binding,
        file: usize,
        quality: &mut Quality,
    ) -> Result<Result<(), Refused>, Error> {
        let number = match binding.value(Role::Order, row) {
            Some(number) if self.interpreter.recipe.grain != Grain::Rows => {
                whole_number(number).unwrap_or(number)
            }
            _ => return self.take_row(row, binding, quality),
        };
        if self.interpreter.recipe.grain == Grain::TotalsOnFirstRow
            && binding.value(Role::Amount, row).is_none()
        {
            return Ok(self.take_continuation(number));
        }
        let customer = self.interpreter.customer(row, binding);
        let file = u32::try_from(file).unwrap_or(u32::MAX);
        let name = customer.as_deref().unwrap_or_default();
        let Place::Open(order) = self.book.place(number, name, file, row, quality) else { return Ok(Ok(())) };
        Ok(match self.interpreter.entry(row, binding, customer.is_some()) {
            Ok(entry) => {
                note(&entry, quality);
                let credit =
                    self.interpreter.recipe.credit_prefix.is_some_and(|prefix| number.starts_with(prefix));
                self.book.enter(order, number, name, &entry, credit, quality);
                Ok(())
            }
            Err(refused) => {
                self.book.refuse(order, refused.reason);
                Err(refused)
            }
        })
    }

    /// A row without totals shares what became of its order's first row.
    fn take_continuation(&self, number: &str) -> Result<(), Refused> {
        match self.book.continuation(number) {
            Continuation::Used => Ok(()),
            Continuation::Refused(reason) => {
                Err(Refused::new(reason, format!("as the first row of order {number}")))
            }
            Continuation::Stray => Err(Refused::new(
                Refusal::BrokenRow,
                format!("the first row of order {number}, which holds its totals, does not stand before it"),
            )),
        }
    }

    /// A row without an order number is a purchase, or a refund of an unknown one.
    fn take_row(
        &mut self,
        row: &Row,
        binding: &Binding,
        quality: &mut Quality,
    ) -> Result<Result<(), Refused>, Error> {
        let customer = self.interpreter.customer(row, binding);
        let entry = match self.interpreter.entry(row, binding, customer.is_some()) {
            Ok(entry) => entry,
            Err(refused) => return Ok(Err(refused)),
        };
        note(&entry, quality);
        self.settle_row(customer.as_deref().unwrap_or_default(), &entry, quality).map(Ok)
    }

    fn settle_row(&mut self, customer: &str, entry: &Entry, quality: &mut Quality) -> Result<(), Error> {
        if entry.value < 0 {
            quality.treat(Treatment::UnlinkedRefund, 1);
            return self.tables.refund(customer, entry.day, -entry.value);
        }
        match entry.fate {
            Fate::Cancelled(_) => quality.treat(Treatment::CancelledOrder, 1),
            Fate::Refunded => quality.treat(Treatment::WhollyRefundedOrder, 1),
            Fate::Counts => return self.settle_purchase(customer, entry, quality),
        }
        Ok(())
    }

    fn settle_purchase(&mut self, customer: &str, entry: &Entry, quality: &mut Quality) -> Result<(), Error> {
        quality.treat(Treatment::LinkedRefund, u64::from(entry.refund > 0));
        match settle(entry.value, entry.refund) {
            Outcome::Transaction { spend } => {
                if let (0, Some(gift)) = (spend, self.gift) {
                    let kept = gift == ZeroOrders::Keep;
                    quality.treat(if kept { Treatment::ZeroAmount } else { Treatment::ZeroDropped }, 1);
                    if !kept {
                        return Ok(());
                    }
                }
                self.tables.transaction(customer, entry.day, spend, entry.refund, entry.cost)
            }
            Outcome::WhollyRefunded { surplus } => {
                quality.treat(Treatment::WhollyRefundedOrder, 1);
                if surplus > 0 { self.tables.refund(customer, entry.day, surplus) } else { Ok(()) }
            }
        }
    }

    /// Settles the orders, or hands them to the ledger as those of a source, and hands the tables over; also the numbers of some orders
    /// that came again.
    pub(crate) fn close(
        mut self,
        ledger: Option<(usize, &mut Ledger)>,
        quality: &mut Quality,
    ) -> Result<(Tables, Examples), Error> {
        let repeated = match ledger {
            None => self.book.close(&mut self.tables, self.gift, quality)?,
            Some((rank, ledger)) => self.book.hand_over(rank, ledger)?,
        };
        Ok((self.tables, repeated))
    }
}

fn note(entry: &Entry, quality: &mut Quality) {
    quality.treat(Treatment::RoundedAmount, u64::from(entry.rounded));
    quality.treat(Treatment::Converted, u64::from(entry.converted));
}
