//! The walk through all that is known of numbered orders, in the order of their numbers: what shares a number becomes one order with
//! its refunds and costs, entered once whatever the number of sources that hold it.
//!
//! - The first source of the list that has an order counts; its copies in later sources are left out.
//! - A source of refunds says when money was paid back. What the order itself says beyond that was paid back on the order's day.
//! - Refunds and credit notes without an order stand alone, if their customer is known.

use std::collections::BTreeMap;

use super::anybody::Anybody;
use super::costs::{Goods, OrderCosts};
use super::findings::Findings;
use super::refusals::{LateRow, Refusals};
use crate::canonical::interpret::Fate;
use crate::canonical::sale::{Sale, enter_unlinked};
use crate::canonical::tables::Tables;
use crate::error::Error;
use crate::quality::report::QualityCode;
use crate::quality::{Quality, Refusal, Treatment};
use crate::quarantine::Refused;
use crate::source::ZeroOrders;

/// An order of one source.
#[derive(Debug)]
pub(super) struct NumberedOrder {
    pub(super) source: usize,
    pub(super) customer: String,
    pub(super) sale: Sale,
}

/// Money that was paid back: a credit note in a source of orders, or a row of a source of refunds.
#[derive(Debug)]
pub(super) struct PaidBack {
    pub(super) source: usize,
    pub(super) customer: Option<String>,
    pub(super) day: i32,
    /// Nothing means all that is left of the order.
    pub(super) amount: Option<i64>,
    /// Where it stands in a source of refunds.
    pub(super) place: u64,
}

/// Costs or lines that refer to an order.
#[derive(Debug)]
pub(super) struct Referring {
    pub(super) source: usize,
    pub(super) rows: u64,
}

/// All that shares an order's number.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) number: String,
    pub(super) orders: Vec<NumberedOrder>,
    pub(super) credits: Vec<PaidBack>,
    pub(super) refunds: Vec<PaidBack>,
    pub(super) goods: Option<Goods>,
    pub(super) costs: Option<i64>,
    pub(super) referring: Vec<Referring>,
}

/// What the walk makes of the groups.
pub(super) struct Walk<'a> {
    pub(super) anybody: Anybody,
    pub(super) tables: Tables,
    pub(super) refusals: Refusals<'a>,
    /// Decimals of all amounts.
    pub(super) scale: u32,
    pub(super) findings: Findings,
    /// The accounts of the sources, by their place in the list.
    pub(super) accounts: BTreeMap<usize, Quality>,
    /// What becomes of orders of amount zero, by source.
    pub(super) gifts: BTreeMap<usize, Option<ZeroOrders>>,
    /// Nothing where the shop knows no costs.
    pub(super) costs: Option<OrderCosts>,
}

impl Walk<'_> {
    /// Enters what shares a number.
    pub(super) fn enter(&mut self, mut group: Group) -> Result<(), Error> {
        let is_too_much = |refund: &mut PaidBack| self.anybody.wrote(refund.source) && self.tables.is_heavy();
        let refused: Vec<PaidBack> = group.refunds.extract_if(.., is_too_much).collect();
        for refund in refused {
            self.refuse_refund(&group.number, &refund, &too_much())?;
        }
        for referring in &group.referring {
            self.findings.looked(referring.source, QualityCode::Orphans, referring.rows);
        }
        for refund in &group.refunds {
            self.findings.looked(refund.source, QualityCode::UnmatchedRefunds, 1);
            self.findings.looked(refund.source, QualityCode::RefundsAboveOrder, 1);
        }
        match group.orders.iter().map(|order| order.source).min() {
            Some(first) => self.enter_orders(first, group),
            None => self.enter_orphans(group),
        }
    }

    fn enter_orders(&mut self, first: usize, group: Group) -> Result<(), Error> {
        let Group { number, mut orders, credits, refunds, goods, costs, .. } = group;
        let sources: Vec<usize> = orders.iter().map(|order| order.source).collect();
        for &source in &sources {
            self.findings.looked(source, QualityCode::DuplicatesAcrossSources, 1);
            if source != first {
                self.findings.found(source, QualityCode::DuplicatesAcrossSources, 1, &number);
                self.account(source).treat(Treatment::OtherSource, 1);
            }
        }
        orders.retain(|order| order.source == first);
        // What a shop's own order cost is not for anybody to say.
        let goods = goods.filter(|goods| !self.anybody.wrote(goods.source) || self.anybody.wrote(first));
        // A credit note of a source that has the order too is as much a copy as its order; those of other sources tell of the order.
        let own: Vec<PaidBack> = credits
            .into_iter()
            .filter(|credit| credit.source == first || !sources.contains(&credit.source))
            .collect();
        let earliest = (0..orders.len()).min_by_key(|&index| orders[index].sale.day).unwrap_or(0);
        for index in 0..orders.len() {
            let is_of = |paid: &PaidBack| {
                let meant = orders.iter().position(|order| paid.customer.as_ref() == Some(&order.customer));
                meant.unwrap_or(earliest) == index
            };
            let own: Vec<&PaidBack> = own.iter().filter(|credit| is_of(credit)).collect();
            let rows: Vec<&PaidBack> = refunds.iter().filter(|refund| is_of(refund)).collect();
            let order = &orders[index];
            let goods = goods.as_ref().filter(|_| index == earliest);
            self.enter_order(&number, order, &own, &rows, goods, costs.filter(|_| index == earliest))?;
        }
        Ok(())
    }

    fn enter_order(
        &mut self,
        number: &str,
        order: &NumberedOrder,
        own: &[&PaidBack],
        refunds: &[&PaidBack],
        goods: Option<&Goods>,
        costs: Option<i64>,
    ) -> Result<(), Error> {
        let NumberedOrder { source, ref customer, mut sale } = *order;
        if self.anybody.wrote(source)
            && (self.tables.is_heavy() || self.anybody.overfills(customer, sale.day))
        {
            let amount = Some((sale.gross, self.scale));
            let row = LateRow { source, place: 0, number, customer: Some(customer), amount };
            self.refuse(&row, 1, &too_much())?;
            return refunds.iter().try_for_each(|refund| self.refuse_refund(number, refund, &too_much()));
        }
        let dated = if refunds.is_empty() { in_order_of_day(own) } else { dated(&mut sale, own, refunds) };
        let paid_back = dated.iter().fold(sale.own_refund, |sum, (_, amount)| sum.saturating_add(*amount));
        if paid_back > sale.gross {
            let blamed = refunds.last().map_or(source, |refund| refund.source);
            self.findings.found(blamed, QualityCode::RefundsAboveOrder, 1, number);
        }
        if refunds.is_empty() {
            self.findings.looked(source, QualityCode::RefundsAboveOrder, 1);
        }
        let goods = goods.filter(|goods| !self.anybody.wrote(goods.source) || is_plausible(goods, &sale));
        if let (Some(rules), Fate::Counts) = (&self.costs, sale.fate) {
            self.findings.looked(source, QualityCode::MissingCosts, 1);
            match rules.of_order(&sale, goods, costs) {
                Some(cost) => sale.cost = cost,
                None => self.findings.found(source, QualityCode::MissingCosts, 1, number),
            }
        }
        let later = sale.link(dated);
        let gift = self.gifts.get(&source).copied().flatten();
        let account = self.accounts.entry(source).or_default();
        sale.settle(customer, &later, gift, &mut self.tables, account)
    }

    /// What refers to an order that no source has.
    fn enter_orphans(&mut self, group: Group) -> Result<(), Error> {
        for referring in &group.referring {
            self.findings.found(referring.source, QualityCode::Orphans, referring.rows, &group.number);
        }
        for refund in group.refunds {
            self.enter_unmatched(&group.number, &refund)?;
        }
        let same = |left: &PaidBack, right: &PaidBack| {
            left.source == right.source && left.customer == right.customer
        };
        for credits in group.credits.chunk_by(same) {
            let customer = credits[0].customer.clone().unwrap_or_default();
            let dated = in_order_of_day(&credits.iter().collect::<Vec<_>>());
            let account = self.accounts.entry(credits[0].source).or_default();
            enter_unlinked(&customer, dated, &mut self.tables, account)?;
        }
        Ok(())
    }

    /// A refund that names no order.
    pub(super) fn enter_without_number(&mut self, refund: &PaidBack) -> Result<(), Error> {
        if self.anybody.wrote(refund.source) && self.tables.is_heavy() {
            return self.refuse_refund("", refund, &too_much());
        }
        self.findings.looked(refund.source, QualityCode::UnmatchedRefunds, 1);
        self.enter_unmatched("", refund)
    }

    /// Counts rows that cannot be used, and keeps the first of them for all.
    pub(super) fn refuse(&mut self, late: &LateRow<'_>, rows: u64, refused: &Refused) -> Result<(), Error> {
        self.account(late.source).refuse(refused.reason, rows);
        self.refusals.write(late, refused)
    }

    /// A refund whose order (of this number, or of none) is not known stands alone, if its customer and amount are.
    fn enter_unmatched(&mut self, number: &str, refund: &PaidBack) -> Result<(), Error> {
        let PaidBack { source, ref customer, day, amount, .. } = *refund;
        let customer = customer.as_deref();
        let example = if number.is_empty() { customer.unwrap_or_default() } else { number };
        self.findings.found(source, QualityCode::UnmatchedRefunds, 1, example);
        let refused = match (customer, amount) {
            (Some(customer), Some(amount)) => {
                self.account(source).treat(Treatment::UnlinkedRefund, 1);
                return self.tables.refund(customer, day, amount);
            }
            (None, _) => {
                Refused::new(Refusal::NoCustomer, "the order is not known, and there is no customer")
            }
            (_, None) => Refused::new(Refusal::BadAmount, "the order is not known, and there is no amount"),
        };
        self.refuse_refund(number, refund, &refused)
    }

    fn refuse_refund(&mut self, number: &str, refund: &PaidBack, refused: &Refused) -> Result<(), Error> {
        let PaidBack { source, ref customer, amount, place, .. } = *refund;
        let amount = amount.map(|units| (units, self.scale));
        self.refuse(&LateRow { source, place, number, customer: customer.as_deref(), amount }, 1, refused)
    }

    fn account(&mut self, source: usize) -> &mut Quality {
        self.accounts.entry(source).or_default()
    }
}

/// Whether goods that anybody may have told cost at most ten times what their order brought; else one order could turn the margin
/// of all into a loss.
fn is_plausible(goods: &Goods, sale: &Sale) -> bool {
    goods.amount <= sale.gross.saturating_mul(10)
}

/// Why what anybody may have written is left out.
fn too_much() -> Refused {
    Refused::new(
        Refusal::AmountTooLarge,
        "with it the day, or all days together, would hold more than they can",
    )
}

fn in_order_of_day(paid: &[&PaidBack]) -> Vec<(i32, i64)> {
    let mut dated: Vec<_> = paid.iter().map(|paid| (paid.day, paid.amount.unwrap_or(0))).collect();
    dated.sort_unstable();
    dated
}

/// The refunds of an order that a source of refunds knows, in order of day. What the order says itself beyond them stays with it.
fn dated(sale: &mut Sale, own: &[&PaidBack], refunds: &[&PaidBack]) -> Vec<(i32, i64)> {
    let own = own.iter().fold(sale.own_refund, |sum, paid| sum.saturating_add(paid.amount.unwrap_or(0)));
    let said = if sale.fate == Fate::Refunded { own.max(sale.gross) } else { own };
    let mut rows: Vec<(i32, Option<i64>)> = refunds.iter().map(|paid| (paid.day, paid.amount)).collect();
    // Within a day, known amounts come before "all that is left".
    rows.sort_unstable_by_key(|(day, amount)| (*day, amount.is_none(), *amount));
    let mut paid = 0_i64;
    let mut dated = Vec::with_capacity(rows.len());
    for (day, amount) in rows {
        let amount = amount.unwrap_or_else(|| sale.gross.saturating_sub(paid).max(0));
        paid = paid.saturating_add(amount);
        dated.push((day, amount));
    }
    sale.own_refund = said.saturating_sub(paid).max(0);
    if sale.fate == Fate::Refunded {
        sale.fate = Fate::Counts;
    }
    dated
}
