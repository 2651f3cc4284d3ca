//! Known order files. A format says by which header it is recognised, which column is for what, and what its status
//! words mean; everything else is the same for all. To add one: a file here, a variant of [`Format`], a line in
//! [`DEFINITIONS`].

pub(crate) mod canonical;
mod cdnow;
mod online_retail;
mod plain;
mod shopify;
mod stripe;
mod woocommerce;

use std::path::Path;

use serde::Serialize;

use crate::columns::{ColumnOverrides, Header, Role, RowsAre};
use crate::error::{Error, nearest};
use crate::quality::Refusal;

/// A kind of order file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Format {
    /// Shopify's orders export.
    Shopify,
    /// Stripe's payments (charges) export.
    Stripe,
    /// WooCommerce's order export as the Order/Customer CSV plug-ins write it.
    WooCommerce,
    /// UCI's Online Retail and Online Retail II.
    OnlineRetail,
    /// CDNOW's purchase log.
    Cdnow,
    /// Any table with a customer and a date.
    Plain,
    /// Rows that an SQL select maps onto the canonical table of orders.
    Canonical,
    /// Several sources of different formats.
    Several,
}

impl Format {
    /// What a person calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Shopify => "a Shopify orders export",
            Self::Stripe => "a Stripe payments export",
            Self::WooCommerce => "a WooCommerce order export",
            Self::OnlineRetail => "UCI Online Retail",
            Self::Cdnow => "the CDNOW purchase log",
            Self::Plain => "a plain table",
            Self::Canonical => "orders mapped by SQL",
            Self::Several => "several sources",
        }
    }
}

/// How rows become orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    /// No order number: every row is a purchase.
    Rows,
    /// One row per order; a number that comes again replaces the earlier row.
    Orders,
    /// One row per line; the lines of an order are summed.
    Lines,
    /// One row per line, and the first of an order holds its totals.
    TotalsOnFirstRow,
}

/// What a status word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Counts,
    Cancelled,
    Refunded,
    Refused(Refusal),
}

/// A role with its column.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) role: Role,
    /// The column, and those that stand in for it where it is empty.
    pub(crate) columns: Vec<String>,
    /// Why this column, in words.
    pub(crate) how: String,
    /// Other columns that could have been meant.
    pub(crate) alternatives: Vec<String>,
}

/// How the files of a source are read.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) format: Format,
    pub(crate) grain: Grain,
    pub(crate) assignments: Vec<Assignment>,
    /// The meaning of a status word in lower case.
    pub(crate) verdict: fn(&str) -> Verdict,
    /// An order number that begins so is a credit note.
    pub(crate) credit_prefix: Option<char>,
    /// A customer column's value that means "a guest".
    pub(crate) guest: Option<&'static str>,
    /// What else can be done about mixed currencies; may be empty.
    pub(crate) currency_hint: &'static str,
}

impl Recipe {
    pub(crate) fn new(format: Format, grain: Grain) -> Self {
        Self {
            format,
            grain,
            assignments: Vec::new(),
            verdict: usual_verdict,
            credit_prefix: None,
            guest: None,
            currency_hint: "",
        }
    }

    /// Takes the first of `names` that the file has; the others stand in where it is empty.
    fn take(mut self, header: &Header, role: Role, names: &[&str], how: &str) -> Self {
        let columns: Vec<String> =
            names.iter().filter_map(|name| header.find(name)).map(str::to_owned).collect();
        if !columns.is_empty() {
            self.assignments.push(Assignment {
                role,
                columns,
                how: how.to_owned(),
                alternatives: Vec::new(),
            });
        }
        self
    }

    pub(crate) fn get(&self, role: Role) -> Option<&Assignment> {
        self.assignments.iter().find(|assignment| assignment.role == role)
    }

    fn drop_role(&mut self, role: Role) {
        self.assignments.retain(|assignment| assignment.role != role);
    }

    /// Whether times without an offset are meant in UTC, as the date column's own name says.
    pub(crate) fn is_utc(&self) -> bool {
        let column = self.get(Role::Date).and_then(|date| date.columns.first());
        column.is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            name.contains("(utc)") || name.ends_with("_utc") || name.ends_with(" utc")
        })
    }

    /// Puts the user's choices in place of the recognised ones.
    fn override_with(
        &mut self,
        header: &Header,
        overrides: &ColumnOverrides,
        file: &Path,
    ) -> Result<(), Error> {
        for (role, name) in overrides.iter() {
            let column = header.find(name).ok_or_else(|| no_such_column(header, name, file))?.to_owned();
            let mut alternatives = Vec::new();
            if let Some(before) = self.get(role) {
                alternatives.extend(
                    before
                        .columns
                        .iter()
                        .chain(&before.alternatives)
                        .filter(|other| **other != column)
                        .cloned(),
                );
            }
            // A column has one role: what it was taken for before, it is no longer.
            self.assignments
                .retain(|assignment| assignment.role != role && assignment.columns != [column.clone()]);
            self.assignments.push(Assignment {
                role,
                columns: vec![column],
                how: "as asked".to_owned(),
                alternatives,
            });
        }
        if overrides.get(Role::Amount).is_some() && overrides.get(Role::Price).is_none() {
            self.drop_role(Role::Price);
        }
        if overrides.get(Role::Price).is_some() && overrides.get(Role::Amount).is_none() {
            self.drop_role(Role::Amount);
        }
        match (self.get(Role::Order).is_some(), overrides.rows) {
            (false, _) => self.grain = Grain::Rows,
            (true, Some(RowsAre::Orders)) => self.grain = Grain::Orders,
            (true, Some(RowsAre::Lines)) => self.grain = Grain::Lines,
            (true, None) if self.grain == Grain::Rows => self.grain = plain::grain(header, self),
            (true, None) => {}
        }
        self.assignments.sort_by_key(|assignment| assignment.role);
        Ok(())
    }
}

/// The formats, the most telling headers first. What none of them knows is a plain table.
const DEFINITIONS: [fn(&Header) -> Option<Recipe>; 5] = [
    shopify::recognise,
    stripe::recognise,
    woocommerce::recognise,
    online_retail::recognise,
    cdnow::recognise,
];

/// Recognises a file by its header and applies the user's choices.
pub(crate) fn recognise(header: &Header, overrides: &ColumnOverrides, file: &Path) -> Result<Recipe, Error> {
    let mut recipe =
        DEFINITIONS.iter().find_map(|definition| definition(header)).unwrap_or_else(|| plain::recipe(header));
    recipe.override_with(header, overrides, file)?;
    for role in [Role::Customer, Role::Date] {
        if recipe.get(role).is_none() {
            return Err(Error::NotRecognised {
                file: file.to_path_buf(),
                missing: role.name(),
                columns: header.columns.clone(),
            });
        }
    }
    Ok(recipe)
}

pub(crate) fn no_such_column(header: &Header, name: &str, file: &Path) -> Error {
    Error::NoSuchColumn {
        file: file.to_path_buf(),
        name: name.to_owned(),
        nearest: nearest(name, header.columns.iter().map(String::as_str)).map(str::to_owned),
        columns: header.columns.clone(),
    }
}

/// The meaning of the words that shops use; a word that is not known counts.
pub(crate) fn usual_verdict(word: &str) -> Verdict {
    match word {
        "cancelled" | "canceled" | "voided" | "void" | "trash" | "deleted" | "expired" | "storniert" => {
            Verdict::Cancelled
        }
        "refunded" | "erstattet" | "returned" => Verdict::Refunded,
        "failed" | "declined" | "blocked" | "fehlgeschlagen" => Verdict::Refused(Refusal::PaymentFailed),
        "pending" | "authorized" | "authorised" | "unpaid" | "on-hold" | "on hold" | "draft"
        | "checkout-draft" | "open" | "uncaptured" | "incomplete" | "offen" => {
            Verdict::Refused(Refusal::NotPaid)
        }
        _ => Verdict::Counts,
    }
}
