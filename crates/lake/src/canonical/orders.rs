//! Rows with an order number become orders: lines are summed, repetitions dropped, refunds linked.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::interpret::Entry;
use super::sale::{Sale, enter_unlinked};
use super::tables::Tables;
use crate::error::Error;
use crate::format::Grain;
use crate::quality::{Examples, Quality, Refusal, Treatment};
use crate::source::ZeroOrders;
use crate::sources::Ledger;
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
    /// Whether a row that is no refund has been read.
    sold: bool,
    sale: Sale,
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
    /// The orders' numbers, kept where the orders go on to a ledger.
    numbers: Option<Numbers>,
    /// Numbers of some orders that came again.
    repeated: Examples,
}

/// Many short texts, one after the other.
#[derive(Debug, Default)]
struct Numbers {
    text: String,
    ends: Vec<usize>,
}

impl Numbers {
    fn push(&mut self, number: &str) {
        self.text.push_str(number);
        self.ends.push(self.text.len());
    }

    fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }
}

impl OrderBook {
    /// An empty book; where `for_ledger`, it keeps the orders' numbers.
    pub(crate) fn new(grain: Grain, for_ledger: bool) -> Self {
        Self {
            grain,
            numbers: for_ledger.then(Numbers::default),
            repeated: Examples::default(),
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
            self.repeated.add(number);
            return Place::Dropped;
        }
        let repeated = self.grain != Grain::TotalsOnFirstRow && !self.seen.insert(row_hash(key, row));
        match self.grain {
            Grain::Orders if repeated => {
                quality.treat(Treatment::ExactDuplicate, 1);
                self.repeated.add(number);
                return Place::Dropped;
            }
            Grain::Lines if repeated => quality.treat(Treatment::RepeatedLine, 1),
            _ => {}
        }
        Place::Open(known.unwrap_or_else(|| self.insert(key, number, customer, file)))
    }

    fn insert(&mut self, key: u128, name: &str, customer: &str, file: u32) -> u32 {
        if let Some(numbers) = &mut self.numbers {
            numbers.push(name);
        }
        // A source of more than 2^32 orders would need more memory than its hashes find room in.
        let number = u32::try_from(self.orders.len()).unwrap_or(u32::MAX);
        let customer = self.customer(customer);
        self.index.insert(key, number);
        self.orders.push(Order { file, customer, sold: false, sale: Sale::new(), refused: None });
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
        order: u32,
        number: &str,
        customer: &str,
        entry: &Entry,
        is_credit: bool,
        quality: &mut Quality,
    ) {
        let customer = self.customer(customer);
        if is_credit || entry.value < 0 {
            self.dated.push((order, entry.day, -entry.value));
            return;
        }
        let order = &mut self.orders[order as usize];
        if order.sold && self.grain != Grain::Lines {
            quality.treat(Treatment::ReplacedOrder, 1);
            self.repeated.add(number);
            order.sale = Sale::new();
        }
        order.refused = None;
        order.sold = true;
        order.customer = customer;
        let sale = &mut order.sale;
        sale.gross = sale.gross.saturating_add(entry.value);
        sale.own_refund = sale.own_refund.saturating_add(entry.refund);
        sale.cost = sale.cost.saturating_add(entry.cost);
        sale.day = sale.day.min(entry.day);
        sale.fate = entry.fate;
    }

    /// Settles all orders into the tables; `gift` says what becomes of orders of amount zero. Returns the numbers of some orders that
    /// came again.
    pub(crate) fn close(
        mut self,
        tables: &mut Tables,
        gift: Option<ZeroOrders>,
        quality: &mut Quality,
    ) -> Result<Examples, Error> {
        let dated = self.dated_by_order();
        for (number, order) in (0..).zip(&mut self.orders) {
            let customer = &self.names[order.customer as usize];
            let dated = dated.get(&number).into_iter().flatten().copied();
            if order.sold {
                let later = order.sale.link(dated);
                order.sale.settle(customer, &later, gift, tables, quality)?;
            } else {
                enter_unlinked(customer, dated, tables, quality)?;
            }
        }
        Ok(self.repeated)
    }

    /// Hands all orders and their refunds to the ledger as those of the source `rank`. Returns the numbers of some orders that came
    /// again.
    pub(crate) fn hand_over(mut self, rank: usize, ledger: &mut Ledger) -> Result<Examples, Error> {
        // The ledger needs room; what only finds orders again is no longer needed.
        drop(std::mem::take(&mut self.index));
        drop(std::mem::take(&mut self.seen));
        let numbers = self.numbers.take().unwrap_or_default();
        let name = |order: &Order| &self.names[order.customer as usize];
        for (index, order) in self.orders.iter().enumerate().filter(|(_, order)| order.sold) {
            ledger.order(rank, numbers.get(index), name(order), &order.sale)?;
        }
        for (order, day, amount) in self.dated {
            let index = order as usize;
            ledger.refund(rank, numbers.get(index), name(&self.orders[index]), day, amount)?;
        }
        Ok(self.repeated)
    }

    /// Refunds that are rows of their own by order, in order of day.
    fn dated_by_order(&mut self) -> HashMap<u32, Vec<(i32, i64)>> {
        let mut dated = std::mem::take(&mut self.dated);
        dated.sort_unstable();
        let mut by_order: HashMap<u32, Vec<(i32, i64)>> = HashMap::new();
        for (order, day, amount) in dated {
            by_order.entry(order).or_default().push((day, amount));
        }
        by_order
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
