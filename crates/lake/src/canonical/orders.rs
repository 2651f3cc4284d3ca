//! Rows with an order number become orders: lines are summed, repetitions dropped, refunds linked.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::interpret::{Entry, Fate};
use super::tables::Tables;
use super::{Outcome, settle};
use crate::error::Error;
use crate::format::Grain;
use crate::quality::{Quality, Refusal, Treatment};
use crate::source::ZeroOrders;
use crate::text::Row;

/// What became of a row that belongs to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It may enter the order under this number of the book.
    Open(u32),
    /// The row repeats what is known; it was counted and is done with.
    Dropped,
}

/// What a row without totals continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Continuation {
    /// No order that is known.
    Stray,
    /// An order whose first row was used.
    Used,
    /// An order whose first row was refused.
    Refused(Refusal),
}

#[derive(Debug)]
struct Order {
    file: u32,
    customer: u32,
    day: i32,
    /// Whether a row that is no refund has been read.
    sold: bool,
    gross: i64,
    cost: i64,
    /// Paid back, as the order's own row says.
    own_refund: i64,
    /// Paid back, by rows of their own on or before the order's day.
    refunded: i64,
    fate: Fate,
    /// Why the order's first row was refused, when it was.
    refused: Option<Refusal>,
}

/// All orders of a source. It holds one record per order and one hash per row.
pub(crate) struct OrderBook {
    grain: Grain,
    index: HashMap<u128, u32>,
    orders: Vec<Order>,
    seen: HashSet<u64>,
    customers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// Refunds that are rows of their own: order, day, amount.
    dated: Vec<(u32, i32, i64)>,
}

impl OrderBook {
    pub(crate) fn new(grain: Grain) -> Self {
        Self {
            grain,
            index: HashMap::new(),
            orders: Vec::new(),
            seen: HashSet::new(),
            customers: HashMap::new(),
            names: Vec::new(),
            dated: Vec::new(),
        }
    }

    /// The place of an order, made when it is new. The same number under two customers is two orders.
    pub(crate) fn place(
        &mut self,
        number: &str,
        customer: &str,
        file: u32,
        row: &Row,
        quality: &mut Quality,
    ) -> Place {
        let key = key(number, if self.grain == Grain::TotalsOnFirstRow { "" } else { customer });
        let known = self.index.get(&key).copied();
        if let (Some(known), Grain::Lines) = (known, self.grain)
            && self.orders[known as usize].file != file
        {
            quality.treat(Treatment::OverlappingFile, 1);
            return Place::Dropped;
        }
        let repeated = self.grain != Grain::TotalsOnFirstRow && !self.seen.insert(row_hash(key, row));
        match self.grain {
            Grain::Orders if repeated => {
                quality.treat(Treatment::ExactDuplicate, 1);
                return Place::Dropped;
            }
            Grain::Lines if repeated => quality.treat(Treatment::RepeatedLine, 1),
            _ => {}
        }
        Place::Open(known.unwrap_or_else(|| self.insert(key, customer, file)))
    }

    fn insert(&mut self, key: u128, customer: &str, file: u32) -> u32 {
        // A source of more than 2^32 orders would need more memory than its hashes find room in.
        let number = u32::try_from(self.orders.len()).unwrap_or(u32::MAX);
        let customer = self.customer(customer);
        self.index.insert(key, number);
        self.orders.push(Order {
            file,
            customer,
            day: i32::MAX,
            sold: false,
            gross: 0,
            cost: 0,
            own_refund: 0,
            refunded: 0,
            fate: Fate::Counts,
            refused: None,
        });
        number
    }

    fn customer(&mut self, name: &str) -> u32 {
        if let Some(number) = self.customers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = Arc::from(name);
        self.customers.insert(Arc::clone(&name), number);
        self.names.push(name);
        number
    }

    /// Where totals stand on the first row only: what became of the order that this row, which has none, continues.
    pub(crate) fn continuation(&self, number: &str) -> Continuation {
        match self.index.get(&key(number, "")) {
            None => Continuation::Stray,
            Some(order) => match self.orders[*order as usize].refused {
                None => Continuation::Used,
                Some(reason) => Continuation::Refused(reason),
            },
        }
    }

    /// Remembers that the order's row was refused, unless an earlier one was used.
    pub(crate) fn refuse(&mut self, order: u32, reason: Refusal) {
        let order = &mut self.orders[order as usize];
        if !order.sold {
            order.refused = Some(reason);
        }
    }

    /// Enters a row. A credit note's rows are refunds whatever their sign.
    pub(crate) fn enter(
        &mut self,
        number: u32,
        customer: &str,
        entry: &Entry,
        is_credit: bool,
        quality: &mut Quality,
    ) {
        let customer = self.customer(customer);
        let order = &mut self.orders[number as usize];
        if is_credit || entry.value < 0 {
            self.dated.push((number, entry.day, -entry.value));
            return;
        }
        if order.sold && self.grain != Grain::Lines {
            quality.treat(Treatment::ReplacedOrder, 1);
            (order.gross, order.own_refund, order.cost, order.day) = (0, 0, 0, i32::MAX);
        }
        order.refused = None;
        order.sold = true;
        order.customer = customer;
        order.gross = order.gross.saturating_add(entry.value);
        order.own_refund = order.own_refund.saturating_add(entry.refund);
        order.cost = order.cost.saturating_add(entry.cost);
        order.day = order.day.min(entry.day);
        order.fate = entry.fate;
    }

    /// Settles all orders into the tables.
    pub(crate) fn close(
        mut self,
        tables: &mut Tables,
        zero_orders: ZeroOrders,
        has_amounts: bool,
        quality: &mut Quality,
    ) -> Result<(), Error> {
        let later = self.link();
        for (number, order) in self.orders.iter().enumerate() {
            let customer = &self.names[order.customer as usize];
            let later = u32::try_from(number).ok().and_then(|number| later.get(&number)).map(Vec::as_slice);
            let later = later.unwrap_or_default();
            if order.sold {
                let gift = (order.gross == 0 && has_amounts).then_some(zero_orders);
                close_order(order, customer, later, gift, tables, quality)?;
            } else {
                for (day, amount) in later {
                    // What a credit note takes back of itself (its positive lines) lowers what it gives.
                    if *amount > 0 {
                        quality.treat(Treatment::UnlinkedRefund, 1);
                        tables.refund(customer, *day, *amount)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds refunds of the order's own day to the order; returns the others by order, one per day, in order of day.
    fn link(&mut self) -> HashMap<u32, Vec<(i32, i64)>> {
        let mut dated = std::mem::take(&mut self.dated);
        dated.sort_unstable();
        let mut later: HashMap<u32, Vec<(i32, i64)>> = HashMap::new();
        for (number, day, amount) in dated {
            let order = &mut self.orders[number as usize];
            if order.sold && day <= order.day {
                order.refunded = order.refunded.saturating_add(amount);
                continue;
            }
            let days = later.entry(number).or_default();
            match days.last_mut() {
                Some((last, sum)) if *last == day => *sum = sum.saturating_add(amount),
                _ => days.push((day, amount)),
            }
        }
        later
    }
}

/// Enters the refunds of an order that were made on later days, up to what it was worth after what was refunded at once;
/// returns what is left of it. What exceeds its worth is a surplus that belongs to no order.
fn link_later(
    order: &Order,
    customer: &str,
    at_once: i64,
    later: &[(i32, i64)],
    tables: &mut Tables,
) -> Result<i64, Error> {
    let mut left = order.gross.saturating_sub(at_once).max(0);
    for (day, amount) in later {
        let shown = (*amount).clamp(0, left);
        left -= shown;
        if shown > 0 {
            tables.linked_refund(customer, order.day, *day, shown)?;
        }
    }
    Ok(left)
}

/// Settles one order; `gift` says what becomes of it when its amount is zero.
fn close_order(
    order: &Order,
    customer: &str,
    later: &[(i32, i64)],
    gift: Option<ZeroOrders>,
    tables: &mut Tables,
    quality: &mut Quality,
) -> Result<(), Error> {
    let at_once = order.own_refund.saturating_add(order.refunded);
    match order.fate {
        Fate::Cancelled(day) => {
            quality.treat(Treatment::CancelledOrder, 1);
            // Until it was cancelled the order stood, less what had been paid back by then.
            if let Some(day) = day.filter(|day| *day > order.day) {
                let before: Vec<_> = later.iter().copied().filter(|(refunded, _)| *refunded < day).collect();
                let left = link_later(order, customer, at_once, &before, tables)?;
                if left > 0 {
                    tables.linked_refund(customer, order.day, day, left)?;
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
    link_later(order, customer, at_once, later, tables)?;
    match settle(order.gross, refunded) {
        Outcome::Transaction { spend } => {
            match gift {
                None => {}
                Some(ZeroOrders::Keep) => quality.treat(Treatment::ZeroAmount, 1),
                Some(ZeroOrders::Drop) => {
                    quality.treat(Treatment::ZeroDropped, 1);
                    return Ok(());
                }
            }
            tables.transaction(customer, order.day, spend, refunded, order.cost)
        }
        Outcome::WhollyRefunded { surplus } => {
            quality.treat(Treatment::WhollyRefundedOrder, 1);
            let day = later.last().map_or(order.day, |(day, _)| *day);
            if surplus > 0 { tables.refund(customer, day, surplus) } else { Ok(()) }
        }
    }
}

/// 128 bits of an order's identity: at ten million orders, two meet with a probability below 10^-24.
fn key(number: &str, customer: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, number, customer).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

fn row_hash(key: u128, row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    row.fields().for_each(|field| field.hash(&mut hasher));
    hasher.finish()
}
