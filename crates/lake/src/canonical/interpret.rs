//! One row's meaning under the rules of its source: who, when, how much, or why it cannot be used.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::columns::Role;
use crate::format::{Recipe, Verdict};
use crate::profile::amounts::{self, Decimal, NotAnAmount};
use crate::profile::columns::{Binding, Rules, whole_number};
use crate::profile::zone::{DAY_SECONDS, ZoneTable};
use crate::quality::Refusal;
use crate::quarantine::Refused;
use crate::text::Row;

/// What a row says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Days since 1970-01-01 in the shop's zone.
    pub(crate) day: i32,
    /// Integer units; 0 when the source has no amounts.
    pub(crate) value: i64,
    /// What the row itself says was paid back; never negative.
    pub(crate) refund: i64,
    /// What the goods cost; 0 when not known.
    pub(crate) cost: i64,
    pub(crate) fate: Fate,
    pub(crate) rounded: bool,
    pub(crate) converted: bool,
}

/// What the row's status says of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Counts,
    /// With the day of the cancellation, where it is known.
    Cancelled(Option<i32>),
    Refunded,
}

/// Everything that is the same for all rows of a source.
pub(crate) struct Interpreter {
    pub(crate) recipe: Recipe,
    pub(crate) rules: Rules,
    pub(crate) zone: ZoneTable,
    /// The last day that is not in the future.
    pub(crate) today: i32,
    /// Factors into the target currency, by currency code; empty when nothing has to be converted.
    pub(crate) rates: BTreeMap<String, f64>,
    pub(crate) has_amounts: bool,
    pub(crate) utc: bool,
}

impl Interpreter {
    /// The customer of a row: the account, or what stands in for it; e-mail addresses in lower case.
    pub(crate) fn customer<'a>(&self, row: &'a Row, binding: &'a Binding) -> Option<Cow<'a, str>> {
        let customer = binding.values(Role::Customer, row).find(|value| self.recipe.guest != Some(*value))?;
        Some(if self.rules.strip_point_zero {
            Cow::Borrowed(whole_number(customer).unwrap_or(customer))
        } else {
            lower_case_address(customer)
        })
    }

    /// What the row says, or why it cannot be used.
    pub(crate) fn entry(&self, row: &Row, binding: &Binding, has_customer: bool) -> Result<Entry, Refused> {
        let fate = self.fate(row, binding)?;
        if !has_customer {
            let columns = self
                .recipe
                .get(Role::Customer)
                .map(|customer| customer.columns.join(", "))
                .unwrap_or_default();
            return Err(Refused::new(Refusal::NoCustomer, format!("{columns} is empty")));
        }
        let day = self.day(row, binding)?;
        let mut entry = Entry { day, value: 0, refund: 0, cost: 0, fate, rounded: false, converted: false };
        if self.has_amounts {
            self.amounts(row, binding, &mut entry)?;
        }
        Ok(entry)
    }

    fn fate(&self, row: &Row, binding: &Binding) -> Result<Fate, Refused> {
        let word = binding.value(Role::Status, row).unwrap_or_default();
        let verdict = (self.recipe.verdict)(&word.to_lowercase());
        if let Verdict::Refused(reason) = verdict {
            return Err(Refused::new(reason, format!("the status is {word}")));
        }
        if let Some(captured) = binding.value(Role::Captured, row)
            && ["false", "no", "0"].contains(&captured.to_lowercase().as_str())
        {
            return Err(Refused::new(Refusal::NotPaid, format!("captured is {captured}")));
        }
        if let Some(cancelled) = binding.value(Role::CancelledAt, row) {
            let day = self.rules.date.read(cancelled).and_then(|moment| self.day_of(moment));
            return Ok(Fate::Cancelled(day));
        }
        Ok(match verdict {
            Verdict::Cancelled => Fate::Cancelled(None),
            Verdict::Refunded => Fate::Refunded,
            Verdict::Counts | Verdict::Refused(_) => Fate::Counts,
        })
    }

    fn day(&self, row: &Row, binding: &Binding) -> Result<i32, Refused> {
        let Some(text) = binding.value(Role::Date, row) else {
            return Err(Refused::new(Refusal::NoDate, "the date is empty"));
        };
        let moment = self.rules.date.read(text).and_then(|moment| self.day_of(moment));
        let day = moment.ok_or_else(|| Refused::new(Refusal::BadDate, format!("{text:?} is no date")))?;
        if day > self.today {
            return Err(Refused::new(Refusal::FutureDate, format!("{text} lies in the future")));
        }
        Ok(day)
    }

    fn day_of(&self, moment: crate::profile::dates::Moment) -> Option<i32> {
        let day = match moment.offset.or(self.utc.then_some(0)) {
            Some(offset) => self.zone.day_of(moment.clock - offset),
            None => moment.clock.div_euclid(DAY_SECONDS),
        };
        i32::try_from(day).ok()
    }

    fn amounts(&self, row: &Row, binding: &Binding, entry: &mut Entry) -> Result<(), Refused> {
        let value = if binding.has(Role::Amount) {
            self.number(Role::Amount, row, binding)?.ok_or_else(|| empty(Role::Amount))?
        } else {
            let price = self.number(Role::Price, row, binding)?.ok_or_else(|| empty(Role::Price))?;
            let quantity = self.number(Role::Quantity, row, binding)?.ok_or_else(|| empty(Role::Quantity))?;
            price.times(quantity).ok_or_else(|| too_large(Role::Price))?
        };
        let refund = self.number(Role::Refund, row, binding)?;
        let cost = self.number(Role::Cost, row, binding)?;
        let rate = self.rate(row, binding)?;
        let units = |decimal: Decimal, role| {
            let units = decimal.units(self.rules.scale).map_err(|_| too_large(role))?;
            rate.map_or(Ok(units), |rate| converted(units, rate).ok_or_else(|| too_large(role)))
        };
        entry.value = units(value, Role::Amount)?;
        // Some exports write refunds as negative numbers.
        entry.refund = refund.map_or(Ok(0), |refund| units(refund, Role::Refund))?.abs();
        entry.cost = cost.map_or(Ok(0), |cost| units(cost, Role::Cost))?;
        entry.rounded = value.rounded || refund.is_some_and(|refund| refund.rounded);
        entry.converted = rate.is_some();
        Ok(())
    }

    fn number(&self, role: Role, row: &Row, binding: &Binding) -> Result<Option<Decimal>, Refused> {
        let Some(text) = binding.value(role, row) else { return Ok(None) };
        match amounts::read(text, self.rules.mark(role)) {
            Ok(decimal) => Ok(Some(decimal)),
            Err(NotAnAmount::TooLarge) => Err(too_large(role)),
            Err(NotAnAmount::Unreadable) => {
                Err(Refused::new(Refusal::BadAmount, format!("the {} {text:?} is no number", role.name())))
            }
        }
    }

    /// The factor for the row's currency; nothing when it is the target currency already.
    fn rate(&self, row: &Row, binding: &Binding) -> Result<Option<f64>, Refused> {
        if self.rates.is_empty() {
            return Ok(None);
        }
        let code = match binding.value(Role::Currency, row) {
            Some(code) => Some(code.to_uppercase()),
            None => binding.value(Role::Amount, row).and_then(amounts::currency_in),
        };
        // What names no currency is in the target currency, as every amount is when there is no currency column.
        let Some(code) = code else { return Ok(None) };
        match self.rates.get(&code) {
            Some(rate) if (*rate - 1.0).abs() < f64::EPSILON => Ok(None),
            Some(rate) => Ok(Some(*rate)),
            None => Err(Refused::new(Refusal::BadAmount, format!("there is no rate for {code}"))),
        }
    }
}

/// An e-mail address means the same in any case; other identifiers are left as they are.
pub(crate) fn lower_case_address(customer: &str) -> Cow<'_, str> {
    if customer.contains('@') && customer.chars().any(char::is_uppercase) {
        Cow::Owned(customer.to_lowercase())
    } else {
        Cow::Borrowed(customer)
    }
}

fn empty(role: Role) -> Refused {
    Refused::new(Refusal::BadAmount, format!("the {} is empty", role.name()))
}

fn too_large(role: Role) -> Refused {
    Refused::new(Refusal::AmountTooLarge, format!("the {} is too large for exact arithmetic", role.name()))
}

/// Units below 10^13 are exact in floating point; the product is rounded to the nearest unit.
#[allow(clippy::cast_possible_truncation)]
fn converted(units: i64, rate: f64) -> Option<i64> {
    let product = (units as f64 * rate).round();
    (product.abs() < amounts::SPEND_LIMIT as f64).then_some(product as i64)
}
