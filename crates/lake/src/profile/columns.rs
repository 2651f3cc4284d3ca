//! The profile pass: one look at every row, from which the reading of each column is decided.

use std::collections::BTreeMap;

use super::amounts::{AmountProfile, DecimalMark, MAX_SCALE, MIN_SCALE};
use super::dates::{AssumedOrder, DateOrder, DateProfile, DateRule};
use super::is_empty_value;
use crate::columns::{ColumnOverrides, Role};
use crate::format::{Recipe, Verdict};
use crate::quality::Examples;
use crate::text::Row;

/// The places of a recipe's columns in one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Binding {
    places: BTreeMap<Role, Vec<usize>>,
}

impl Binding {
    pub(crate) fn insert(&mut self, role: Role, places: Vec<usize>) {
        self.places.insert(role, places);
    }

    /// The value of a role in a row: the first of its columns that is not empty.
    pub(crate) fn value<'a>(&self, role: Role, row: &'a Row) -> Option<&'a str> {
        let places = self.places.get(&role)?;
        places.iter().filter_map(|place| row.get(*place)).find(|value| !is_empty_value(value))
    }

    /// The non-empty values of a role's columns, best first.
    pub(crate) fn values<'a>(&'a self, role: Role, row: &'a Row) -> impl Iterator<Item = &'a str> {
        let places = self.places.get(&role).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| row.get(*place)).filter(|value| !is_empty_value(value))
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.places.contains_key(&role)
    }

    /// The places of all roles.
    pub(crate) fn needed(&self) -> Vec<usize> {
        self.places.values().flatten().copied().collect()
    }
}

const NUMBERS: [Role; 5] = [Role::Amount, Role::Price, Role::Quantity, Role::Refund, Role::Cost];

/// What has been seen of a source's columns.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) rows: u64,
    dates: DateProfile,
    numbers: BTreeMap<Role, AmountProfile>,
    /// Of the currency column: rows, and some of them.
    currencies: BTreeMap<String, (u64, Examples)>,
    /// Rows by the currency that stands in their amounts.
    cell_examples: BTreeMap<String, Examples>,
    whole_customers: u64,
    other_customers: u64,
}

impl Profile {
    pub(crate) fn see(&mut self, row: &Row, binding: &Binding, recipe: &Recipe) {
        self.rows += 1;
        if row.broken.is_some() {
            return;
        }
        if let Some(date) = binding.value(Role::Date, row) {
            self.dates.see(date);
        }
        let name = || binding.value(Role::Order, row).or_else(|| binding.value(Role::Customer, row));
        for role in NUMBERS {
            let seen =
                binding.value(role, row).map(|number| self.numbers.entry(role).or_default().see(number));
            if let (Some(currency), Some(name)) = (seen.flatten(), name()) {
                self.cell_examples.entry(currency).or_default().add(name);
            }
        }
        if let Some(customer) = binding.value(Role::Customer, row) {
            match whole_number(customer) {
                Some(_) => self.whole_customers += 1,
                None => self.other_customers += 1,
            }
        }
        let refused = binding
            .value(Role::Status, row)
            .is_some_and(|word| matches!((recipe.verdict)(&word.to_lowercase()), Verdict::Refused(_)));
        if let (Some(currency), false) = (binding.value(Role::Currency, row), refused) {
            let (rows, examples) = self.currencies.entry(currency.to_uppercase()).or_default();
            *rows += 1;
            if let Some(name) = name() {
                examples.add(name);
            }
        }
    }

    /// Orders in each currency, or customers where orders have no number.
    pub(crate) fn currency_examples(&self, recipe: &Recipe) -> BTreeMap<String, Examples> {
        if recipe.get(Role::Currency).is_none() {
            return self.cell_examples.clone();
        }
        self.currencies.iter().map(|(code, (_, examples))| (code.clone(), examples.clone())).collect()
    }

    /// Rows per currency: of the currency column, else of what stands in the cells of the amounts.
    pub(crate) fn currencies(&self, recipe: &Recipe) -> BTreeMap<String, u64> {
        if recipe.get(Role::Currency).is_some() {
            return self.currencies.iter().map(|(code, (rows, _))| (code.clone(), *rows)).collect();
        }
        let amounts = [Role::Amount, Role::Price].iter().find_map(|role| self.numbers.get(role));
        amounts.map(|profile| profile.currencies.clone()).unwrap_or_default()
    }

    pub(crate) fn has_dates(&self) -> bool {
        self.dates.is_plausible()
    }

    /// The numeric role whose column holds no numbers, if there is one.
    pub(crate) fn without_numbers(&self) -> Option<Role> {
        self.numbers.iter().find(|(_, profile)| !profile.is_plausible()).map(|(role, _)| *role)
    }

    /// See [`DateProfile::mixed_order`].
    pub(crate) fn mixed_date_order(&self) -> Option<(u64, u64)> {
        self.dates.mixed_order()
    }

    /// The order of day and month as far as it is known, or what is assumed where the column leaves it open.
    pub(crate) fn date_order(
        &self,
        asked: Option<DateOrder>,
        read: DateOrder,
    ) -> (Option<DateOrder>, Option<AssumedOrder>) {
        let known = self.dates.known_order(asked);
        (known, if known.is_none() { self.dates.assumed(read) } else { None })
    }

    /// The rules for all columns, and how each is read, in words.
    pub(crate) fn decide(&self, overrides: &ColumnOverrides) -> (Rules, BTreeMap<Role, String>) {
        let (date, how) = self.dates.decide(overrides.date_order);
        let mut how = BTreeMap::from([(Role::Date, how)]);
        let mut marks = BTreeMap::new();
        let mut decimals = BTreeMap::new();
        for (role, profile) in &self.numbers {
            let (mark, needed, words) = profile.decide(overrides.decimal);
            marks.insert(*role, mark);
            decimals.insert(*role, needed);
            how.insert(*role, words);
        }
        let of = |role| decimals.get(&role).copied().unwrap_or(0);
        let product =
            if decimals.contains_key(&Role::Price) { of(Role::Price) + of(Role::Quantity) } else { 0 };
        let needed = product.max(of(Role::Amount)).max(of(Role::Refund)).max(of(Role::Cost));
        let strip_point_zero = self.whole_customers > 0 && self.other_customers == 0;
        if strip_point_zero {
            how.insert(Role::Customer, "numbers written as 17850.0 are read as 17850".to_owned());
        }
        (Rules { date, marks, scale: needed.clamp(MIN_SCALE, MAX_SCALE), strip_point_zero }, how)
    }
}

/// How the columns of a source are read.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) date: DateRule,
    marks: BTreeMap<Role, DecimalMark>,
    /// Decimals of the integer amounts.
    pub(crate) scale: u32,
    /// Whether customers are numbers that a program wrote with `.0`.
    pub(crate) strip_point_zero: bool,
}

impl Rules {
    /// The rules for columns whose types leave nothing to decide.
    pub(crate) fn typed(scale: u32) -> Self {
        let date = DateRule { order: DateOrder::DayFirst, epoch_units: 1 };
        Self { date, marks: BTreeMap::new(), scale, strip_point_zero: false }
    }

    pub(crate) fn mark(&self, role: Role) -> DecimalMark {
        self.marks.get(&role).copied().unwrap_or(DecimalMark::Point)
    }
}

/// The `17850` of `17850.0`, which programs write that keep integers with gaps as floating point.
pub(crate) fn whole_number(text: &str) -> Option<&str> {
    let digits = text.strip_suffix(".0")?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}
