//! The twelve tables that everything else builds on: their names, and their columns with type, unit and meaning. A shop's
//! sources are mapped onto them; `columns.rs` is the one place where they are documented.

mod columns;
pub(crate) mod conversion;
mod cost_basis;
pub(crate) mod kinds;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

pub(crate) use cost_basis::CostBasis;
pub use kinds::ColumnKind;

use crate::columns::normalised;
use crate::error::{Error, nearest};

/// A table of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CanonicalTable {
    /// Who the customers are.
    Customers,
    /// What was bought: one row per order.
    Orders,
    /// What was in the orders.
    OrderLines,
    /// What was paid back.
    Refunds,
    /// What is sold.
    Products,
    /// What orders and products cost the shop.
    Costs,
    /// What advertising cost.
    Spend,
    /// Contacts of customers with advertising and campaigns.
    Touchpoints,
    /// Contracts that run until they are ended.
    Subscriptions,
    /// Requests to the customer service.
    Tickets,
    /// Answers to surveys and reviews.
    Responses,
    /// Anything else that a customer did.
    Events,
}

/// A column of a canonical table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CanonicalColumn {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnKind,
    /// The unit of its values; empty where the kind says all.
    pub unit: &'static str,
    /// Whether a source must have it, with a value in every row.
    pub required: bool,
    /// What it says.
    pub meaning: &'static str,
    /// Other names under which the column of a file or table is recognised.
    pub also: &'static [&'static str],
}

impl CanonicalColumn {
    /// Whether a column of this name is meant; case, blanks and marks do not matter.
    pub(crate) fn answers_to(&self, name: &str) -> bool {
        let wanted = normalised(name);
        std::iter::once(&self.name).chain(self.also).any(|own| normalised(own) == wanted)
    }
}

impl CanonicalTable {
    /// All tables, in the order in which they are documented.
    pub const ALL: [Self; 12] = [
        Self::Customers,
        Self::Orders,
        Self::OrderLines,
        Self::Refunds,
        Self::Products,
        Self::Costs,
        Self::Spend,
        Self::Touchpoints,
        Self::Subscriptions,
        Self::Tickets,
        Self::Responses,
        Self::Events,
    ];

    /// The table's name, in configuration and in the session.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Orders => "orders",
            Self::OrderLines => "order_lines",
            Self::Refunds => "refunds",
            Self::Products => "products",
            Self::Costs => "costs",
            Self::Spend => "spend",
            Self::Touchpoints => "touchpoints",
            Self::Subscriptions => "subscriptions",
            Self::Tickets => "tickets",
            Self::Responses => "responses",
            Self::Events => "events",
        }
    }

    /// What one row of it is.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Customers => "One row per customer: who they are, as far as the shop knows.",
            Self::Orders => "One row per order.",
            Self::OrderLines => "One row per line of an order.",
            Self::Refunds => "One row per refund or credit note.",
            Self::Products => "One row per product.",
            Self::Costs => {
                "One row per cost: of one order (`order_id`), of one piece of a product (`product_id`, from `date` on), or of every \
                 order (neither of them, with a `basis`)."
            }
            Self::Spend => "One row per day, channel and campaign: what advertising cost.",
            Self::Touchpoints => "One row per contact of a customer with a channel or campaign.",
            Self::Subscriptions => "One row per contract.",
            Self::Tickets => "One row per request to the customer service.",
            Self::Responses => "One row per answer to a survey or review.",
            Self::Events => "One row per other event.",
        }
    }

    /// The columns, required ones first.
    #[must_use]
    pub const fn columns(self) -> &'static [CanonicalColumn] {
        columns::of(self)
    }

    /// The column of this name or of one of the other names that it goes by.
    pub(crate) fn column(self, name: &str) -> Option<&'static CanonicalColumn> {
        let columns = self.columns();
        let exact = columns.iter().find(|column| normalised(column.name) == normalised(name));
        exact.or_else(|| columns.iter().find(|column| column.answers_to(name)))
    }
}

impl fmt::Display for CanonicalTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CanonicalTable {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let names = Self::ALL.map(Self::name);
        Self::ALL.into_iter().find(|table| table.name() == text).ok_or_else(|| Error::NoSuchCanonicalTable {
            name: text.to_owned(),
            nearest: nearest(text, names),
            tables: names.join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_a_typing_error_is_answered_with_the_nearest() {
        for table in CanonicalTable::ALL {
            assert_eq!(table.name().parse::<CanonicalTable>().unwrap(), table);
        }
        let error = "order_line".parse::<CanonicalTable>().unwrap_err().to_string();
        assert!(error.contains("did you mean \"order_lines\"?") && error.contains("touchpoints"), "{error}");
    }

    #[test]
    fn no_name_means_two_columns_and_required_ones_come_first() {
        for table in CanonicalTable::ALL {
            let columns = table.columns();
            let names: Vec<&str> = columns
                .iter()
                .flat_map(|column| std::iter::once(&column.name).chain(column.also))
                .copied()
                .collect();
            for name in &names {
                let meant = columns.iter().filter(|column| column.answers_to(name)).count();
                assert_eq!(meant, 1, "{table}.{name}");
            }
            assert!(columns.is_sorted_by_key(|column| !column.required), "{table}");
            assert!(columns.iter().any(|column| column.required), "{table}");
        }
    }
}
