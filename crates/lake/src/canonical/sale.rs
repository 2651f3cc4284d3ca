//! One order's money: what was paid, what was paid back and when, and what is left of it.

use super::interpret::Fate;
use super::tables::Tables;
use super::{Outcome, settle};
use crate::error::Error;
use crate::quality::{Quality, Treatment};
use crate::source::ZeroOrders;

/// An order, in integer units and days since 1970-01-01.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sale {
    pub(crate) day: i32,
    pub(crate) gross: i64,
    pub(crate) cost: i64,
    /// Paid back, as the order's own row says.
    pub(crate) own_refund: i64,
    /// Paid back, by rows of their own on or before the order's day.
    pub(crate) refunded: i64,
    pub(crate) fate: Fate,
}

impl Sale {
    /// An order of which no row has been read.
    pub(crate) fn new() -> Self {
        Self { day: i32::MAX, gross: 0, cost: 0, own_refund: 0, refunded: 0, fate: Fate::Counts }
    }

    /// Takes in refunds that are rows of their own, in order of day. Those of the order's day or before it lower the order at once;
    /// the others are returned, one per day.
    pub(crate) fn link(&mut self, dated: impl IntoIterator<Item = (i32, i64)>) -> Vec<(i32, i64)> {
        let mut later = Vec::new();
        for (day, amount) in dated {
            if day <= self.day {
                self.refunded = self.refunded.saturating_add(amount);
            } else {
                add_to_day(&mut later, day, amount);
            }
        }
        later
    }

    /// Enters the order into the tables; `gift` says what becomes of it when its amount is zero, where that means something.
    pub(crate) fn settle(
        &self,
        customer: &str,
        later: &[(i32, i64)],
        gift: Option<ZeroOrders>,
        tables: &mut Tables,
        quality: &mut Quality,
    ) -> Result<(), Error> {
        let at_once = self.own_refund.saturating_add(self.refunded);
        match self.fate {
            Fate::Cancelled(day) => {
                quality.treat(Treatment::CancelledOrder, 1);
                // Until it was cancelled the order stood, less what had been paid back by then.
                if let Some(day) = day.filter(|day| *day > self.day) {
                    let before: Vec<_> =
                        later.iter().copied().filter(|(refunded, _)| *refunded < day).collect();
                    let left = self.link_later(customer, at_once, &before, tables)?;
                    if left > 0 {
                        tables.linked_refund(customer, self.day, day, left)?;
                    }
                }
                return Ok(());
            }
            Fate::Refunded => {
                quality.treat(Treatment::WhollyRefundedOrder, 1);
                return Ok(());
            }
            Fate::Counts => {}
        }
        let refunded = later.iter().fold(at_once, |sum, (_, amount)| sum.saturating_add(*amount));
        quality.treat(Treatment::LinkedRefund, u64::from(refunded > 0));
        self.link_later(customer, at_once, later, tables)?;
        match settle(self.gross, refunded) {
            Outcome::Transaction { spend } => {
                match gift.filter(|_| self.gross == 0) {
                    None => {}
                    Some(ZeroOrders::Keep) => quality.treat(Treatment::ZeroAmount, 1),
                    Some(ZeroOrders::Drop) => {
                        quality.treat(Treatment::ZeroDropped, 1);
                        return Ok(());
                    }
                }
                tables.transaction(customer, self.day, spend, refunded, self.cost)
            }
            Outcome::WhollyRefunded { surplus } => {
                quality.treat(Treatment::WhollyRefundedOrder, 1);
                let day = later.last().map_or(self.day, |(day, _)| *day);
                if surplus > 0 { tables.refund(customer, day, surplus) } else { Ok(()) }
            }
        }
    }

    /// Enters the refunds of an order that were made on later days, up to what it was worth after what was refunded at once;
    /// returns what is left of it. What exceeds its worth is a surplus that belongs to no order.
    fn link_later(
        &self,
        customer: &str,
        at_once: i64,
        later: &[(i32, i64)],
        tables: &mut Tables,
    ) -> Result<i64, Error> {
        let mut left = self.gross.saturating_sub(at_once).max(0);
        for (day, amount) in later {
            let shown = (*amount).clamp(0, left);
            left -= shown;
            if shown > 0 {
                tables.linked_refund(customer, self.day, *day, shown)?;
            }
        }
        Ok(left)
    }
}

/// Refunds without an order, in order of day, one per day. What a credit note takes back of itself (its positive lines) lowers what it
/// gives; days on which nothing is left to give are none.
pub(crate) fn enter_unlinked(
    customer: &str,
    dated: impl IntoIterator<Item = (i32, i64)>,
    tables: &mut Tables,
    quality: &mut Quality,
) -> Result<(), Error> {
    let mut days = Vec::new();
    for (day, amount) in dated {
        add_to_day(&mut days, day, amount);
    }
    for (day, amount) in days {
        if amount > 0 {
            quality.treat(Treatment::UnlinkedRefund, 1);
            tables.refund(customer, day, amount)?;
        }
    }
    Ok(())
}

fn add_to_day(days: &mut Vec<(i32, i64)>, day: i32, amount: i64) {
    match days.last_mut() {
        Some((last, sum)) if *last == day => *sum = sum.saturating_add(amount),
        _ => days.push((day, amount)),
    }
}
