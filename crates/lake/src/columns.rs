//! What a column is for: roles, the names they go by, and how a user overrides them.

use serde::Serialize;

use crate::error::Error;
use crate::profile::amounts::DecimalMark;
use crate::profile::dates::DateOrder;
use crate::synonyms;

/// What a column of an order file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Who bought.
    Customer,
    /// When.
    Date,
    /// The value of the row: of the order, or of the line.
    Amount,
    /// The order's number.
    Order,
    /// Pieces.
    Quantity,
    /// The price of one piece.
    Price,
    /// The currency of the row's amounts.
    Currency,
    /// What was paid back of the row's order.
    Refund,
    /// What the row's goods cost the shop.
    Cost,
    /// Whether the order was paid, cancelled, refunded...
    Status,
    /// When the order was cancelled; empty when it was not.
    CancelledAt,
    /// Whether the money was taken.
    Captured,
}

impl Role {
    /// The name used in `--columns NAME=COLUMN` and in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Date => "date",
            Self::Amount => "amount",
            Self::Order => "order",
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::Currency => "currency",
            Self::Refund => "refund",
            Self::Cost => "cost",
            Self::Status => "status",
            Self::CancelledAt => "cancelled_at",
            Self::Captured => "captured",
        }
    }
}

/// A name without case, blanks and marks.
pub(crate) fn normalised(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) columns: Vec<String>,
    names: Vec<String>,
    /// Whether the file has no header and its fields stand between blanks.
    pub(crate) bare: bool,
}

impl Header {
    pub(crate) fn new(columns: Vec<String>, bare: bool) -> Self {
        let names = columns.iter().map(|column| normalised(column)).collect();
        Self { columns, names, bare }
    }

    /// The column of this name, whatever its case, blanks and marks.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let wanted = normalised(name);
        let exact = self.columns.iter().position(|column| column == name);
        let index = exact.or_else(|| self.names.iter().position(|candidate| *candidate == wanted))?;
        Some(&self.columns[index])
    }

    pub(crate) fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.find(name).is_some())
    }

    pub(crate) fn index(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|candidate| candidate == column)
    }

    /// The columns that could have a role, best first.
    pub(crate) fn candidates(&self, role: Role) -> Vec<&str> {
        let mut found: Vec<(usize, usize)> = (0..self.columns.len())
            .filter_map(|index| Some((synonyms::fit(role, &self.names[index])?, index)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| self.columns[index].as_str()).collect()
    }

    /// Whether the rows name an article, and so are lines of orders.
    pub(crate) fn has_lines(&self) -> bool {
        self.names.iter().any(|name| synonyms::is_line(name))
    }

    /// Whether a column's name says that it holds the price of one piece.
    pub(crate) fn is_unit_price(column: &str) -> bool {
        synonyms::is_unit_price(&normalised(column))
    }
}

/// Whether the rows of a file with an order number are whole orders or lines of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsAre {
    /// One row per order.
    Orders,
    /// One row per line; the lines of an order are summed.
    Lines,
}

/// Columns and readings chosen by the user instead of the recognised ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnOverrides {
    columns: Vec<(Role, String)>,
    /// Which of day and month comes first.
    pub date_order: Option<DateOrder>,
    /// What stands before the decimals.
    pub decimal: Option<DecimalMark>,
    /// What a row with an order number is.
    pub rows: Option<RowsAre>,
}

impl ColumnOverrides {
    /// Roles that a user may assign.
    const ROLES: [Role; 10] = [
        Role::Customer,
        Role::Date,
        Role::Amount,
        Role::Order,
        Role::Quantity,
        Role::Price,
        Role::Currency,
        Role::Refund,
        Role::Cost,
        Role::Status,
    ];

    /// Takes `column` for `role`.
    #[must_use]
    pub fn with(mut self, role: Role, column: impl Into<String>) -> Self {
        self.columns.retain(|(other, _)| *other != role);
        self.columns.push((role, column.into()));
        self
    }

    /// The column chosen for `role`.
    #[must_use]
    pub fn get(&self, role: Role) -> Option<&str> {
        self.columns.iter().find(|(other, _)| *other == role).map(|(_, column)| column.as_str())
    }

    /// The chosen columns.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Role, &str)> {
        self.columns.iter().map(|(role, column)| (*role, column.as_str()))
    }

    fn set(self, text: &str, key: &str, value: &str) -> Result<Self, Error> {
        let bad = |problem: String| Error::BadOverride { text: text.to_owned(), problem };
        let choice = |allowed: [&str; 2]| match allowed.iter().position(|word| *word == value) {
            Some(index) => Ok(index == 0),
            None => Err(bad(format!("{key} is {} or {}", allowed[0], allowed[1]))),
        };
        let mut changed = self;
        match key {
            "date_order" => {
                let first = choice(["day_first", "month_first"])?;
                changed.date_order = Some(if first { DateOrder::DayFirst } else { DateOrder::MonthFirst });
            }
            "decimal" => {
                let point = choice(["point", "comma"])?;
                changed.decimal = Some(if point { DecimalMark::Point } else { DecimalMark::Comma });
            }
            "rows" => {
                let orders = choice(["orders", "lines"])?;
                changed.rows = Some(if orders { RowsAre::Orders } else { RowsAre::Lines });
            }
            _ => {
                let role = Self::ROLES.into_iter().find(|role| role.name() == key).ok_or_else(|| {
                    let roles: Vec<&str> = Self::ROLES.iter().map(|role| role.name()).collect();
                    bad(format!("{key:?} is none of {}, date_order, decimal, rows", roles.join(", ")))
                })?;
                changed = changed.with(role, value);
            }
        }
        Ok(changed)
    }
}

impl std::str::FromStr for ColumnOverrides {
    type Err = Error;

    /// Reads `customer=NAME,date=NAME,...`, with `date_order=day_first|month_first`, `decimal=point|comma` and
    /// `rows=orders|lines` among them. A column's name may hold commas.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.split(',') {
            match (part.split_once('='), pairs.last_mut()) {
                (Some((key, value)), _) => pairs.push((key.trim().to_owned(), value.trim().to_owned())),
                (None, Some((_, value))) => {
                    value.push(',');
                    value.push_str(part);
                }
                (None, None) => {
                    let problem =
                        "write it as role=column, such as customer=Email,date=Created at".to_owned();
                    return Err(Error::BadOverride { text: text.to_owned(), problem });
                }
            }
        }
        pairs.iter().try_fold(Self::default(), |overrides, (key, value)| overrides.set(text, key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(columns: &[&str]) -> Header {
        Header::new(columns.iter().map(|column| (*column).to_owned()).collect(), false)
    }

    #[test]
    fn names_are_compared_without_case_blanks_and_marks() {
        let header = header(&["Customer ID", "Währung"]);
        assert_eq!(header.find("customer_id"), Some("Customer ID"));
        assert_eq!(header.candidates(Role::Currency), ["Währung"]);
    }

    #[test]
    fn the_best_name_comes_first_and_the_others_are_kept() {
        let header = header(&["master_customer_id", "customer_id", "date", "id"]);
        assert_eq!(header.candidates(Role::Customer), ["customer_id", "id", "master_customer_id"]);
    }

    #[test]
    fn overrides_are_read_and_bad_ones_explained() {
        let overrides: ColumnOverrides =
            "customer=Email, date=Created at,decimal=comma,amount=Total, net".parse().unwrap();
        assert_eq!(overrides.get(Role::Date), Some("Created at"));
        assert_eq!(overrides.get(Role::Amount), Some("Total, net"));
        assert_eq!(overrides.decimal, Some(DecimalMark::Comma));
        let error = "colour=red".parse::<ColumnOverrides>().unwrap_err().to_string();
        assert!(error.contains("customer, date, amount"), "{error}");
        assert!("customer".parse::<ColumnOverrides>().is_err());
        assert!("decimal=dot".parse::<ColumnOverrides>().is_err());
    }
}
