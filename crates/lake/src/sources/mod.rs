//! A shop's sources: each lies somewhere, is mapped onto a canonical table, and all of them together give one reading.
//!
//! ```text
//! orders sources --> read like order files --+-- numbered orders --> ledger --+
//! refunds, costs, lines, products -----------|------------------------------> walk in order of number --> parts --+--> purchases, refunds,
//!                                            +-- orders without a number ---------------------------------> parts --+    linked_refunds
//! every source but orders --> conversion --> shop.<table>
//! ```

mod anybody;
mod check;
mod combine;
mod costs;
mod findings;
mod ledger;
mod mapped;
mod mapping;
mod orders;
mod refusals;
mod shop;
mod stream;
mod views;
mod walk;

use std::collections::BTreeMap;

use serde::Serialize;

pub use check::SourceCheck;
pub(crate) use ledger::Ledger;
pub use mapping::MappingProblem;
pub use shop::Shop;

use crate::canonical_table::CanonicalTable;
use crate::columns::ColumnOverrides;
use crate::location::Location;
use crate::profile::dates::DateOrder;
use crate::quality::Refusal;
use crate::quality::report::QualityReport;
use crate::reading::Reading;
use crate::source::WrittenBy;

/// How the columns of a source become those of a canonical table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// By their names: orders by any of the known formats, with the user's choices; other tables by the names of their canonical
    /// columns.
    Recognised(ColumnOverrides),
    /// By an SQL `select` over the table `source`, whose answer has columns with canonical names.
    Select(String),
}

/// A source of the shop's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, unique in the shop.
    pub name: String,
    /// The table that it is mapped onto.
    pub table: CanonicalTable,
    /// Where it lies.
    pub location: Location,
    /// How it is mapped.
    pub mapping: Mapping,
    /// The kind of identifier in its `customer_id`, such as `email` or `stripe_customer`. Where the session has a table
    /// `identities(kind, value, customer)`, an identifier of this kind that it holds is replaced by its customer; others stay.
    pub customers_are: Option<String>,
    /// Which of day and month comes first in dates such as 03/04/2011. Where it is not said, their column decides; where the column
    /// leaves it open, other dates of the shop do.
    pub date_order: Option<DateOrder>,
    /// Who writes its rows.
    pub written_by: WrittenBy,
}

/// The tables whose amounts enter the values, and have to be in one currency or have rates.
const MONEY_TABLES: [CanonicalTable; 5] = [
    CanonicalTable::Orders,
    CanonicalTable::Refunds,
    CanonicalTable::Costs,
    CanonicalTable::OrderLines,
    CanonicalTable::Products,
];

/// What was read of one source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceRead {
    /// Its name.
    pub name: String,
    /// The table that it is mapped onto.
    pub table: CanonicalTable,
    /// Where it lies, in words.
    pub location: String,
    /// Its rows.
    pub rows: u64,
    /// Rows that entered the tables.
    pub used: u64,
    /// Rows refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// What was found in it.
    pub quality: QualityReport,
}

/// What was read of all sources.
#[derive(Clone, Debug, Serialize)]
pub struct SourcesRead {
    /// The orders of all sources as one reading: its tables are those that [`Reading`] describes.
    pub reading: Reading,
    /// The canonical tables that the session now has, each as `shop.<name>` with all its columns; those that no source gives are empty
    /// in every row.
    pub tables: Vec<CanonicalTable>,
    /// The sources, in their order.
    pub sources: Vec<SourceRead>,
}
