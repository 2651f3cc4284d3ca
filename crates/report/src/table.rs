//! A table as it stands on the page: named columns, a heading for each row.

use askama::Template;

/// A table whose first column names the row.
#[derive(Debug, Clone, Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// What the table holds; read out by a screen reader and shown above the table.
    caption: String,
    /// Whether a heading above says the same, so that the caption need not be seen.
    under_heading: bool,
    /// Whether the rows are named by customers' ids.
    of_customers: bool,
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// How the cell of a customer's id begins on the page, before the id: whoever has to find customers in a page finds them by
/// it, and takes no number for an id.
pub const CUSTOMER_CELL: &str = " data-customer>";

#[derive(Debug, Clone)]
struct Column {
    name: String,
    numeric: bool,
}

impl Table {
    /// A table without columns or rows.
    pub(crate) fn new(caption: impl Into<String>) -> Self {
        Self {
            caption: caption.into(),
            under_heading: false,
            of_customers: false,
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Leaves the caption to those who hear the page, because a heading says the same.
    pub(crate) const fn under_heading(mut self) -> Self {
        self.under_heading = true;
        self
    }

    /// Marks the cells of the first column as customers' ids.
    pub(crate) const fn of_customers(mut self) -> Self {
        self.of_customers = true;
        self
    }

    /// Adds a column of words.
    pub(crate) fn words(mut self, name: impl Into<String>) -> Self {
        self.columns.push(Column { name: name.into(), numeric: false });
        self
    }

    /// Adds a column of numbers, set flush right.
    pub(crate) fn numbers(mut self, name: impl Into<String>) -> Self {
        self.columns.push(Column { name: name.into(), numeric: true });
        self
    }

    /// Adds rows, each with a cell for every column.
    pub(crate) fn rows(mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        self.rows.extend(rows);
        self
    }
}
