//! A query's answer as a table of a database, in one transaction: the table is made if it is missing, else its rows are replaced. Readers
//! see the old rows or the new ones, never none and never both.

mod cells;
mod postgres;
mod sqlite;

use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use self::cells::Cells;
use super::column::{Column, Kind, quoted};
use super::url::Address;
use super::{DatabaseUrl, TableName, database_failed};
use crate::error::{Error, quoted as listed};
use crate::session::{Session, query_failed};

/// How long another program may keep what is written to locked: as long as another export may take.
const PATIENCE: Duration = Duration::from_mins(10);

impl Session {
    /// Writes the answer to a `select` into a table of a database, streaming. The table (`values`, or `shop.values` with its schema) is
    /// made if it is missing; else all of its rows are replaced. Whoever reads it sees the old rows until the new ones are whole, and
    /// whatever goes wrong leaves the old ones. Returns the number of rows.
    ///
    /// Numbers that are infinite or none, and times outside of the years -9999 to 9999, become null, and NUL characters of texts are
    /// left out: not every database has them.
    ///
    /// # Errors
    /// When the query is not a valid `select` or fails, the database cannot be reached or refuses, a column is of a type that databases
    /// do not share, or the table is there with other columns: then it is not touched.
    pub fn write_table(&self, sql: &str, url: &DatabaseUrl, table: &str) -> Result<u64, Error> {
        let stream = self.stream(sql)?;
        let columns = cells::columns(&stream.schema()).map_err(|problem| database_failed(url, problem))?;
        let target = Target { url, table: TableName::parse(table), columns };
        let mut answer = Answer { sql, stream, target: &target, rows: 0 };
        self.block_on(async {
            match &url.0 {
                Address::Postgres(address) => postgres::replace(address, &mut answer).await,
                Address::Sqlite(file) => sqlite::replace(file, &mut answer).await,
            }
        })?;
        Ok(answer.rows)
    }

    /// Whether [`Session::write_table`] would find what it needs to write the columns of these names. Nothing is written.
    ///
    /// # Errors
    /// When the database cannot be reached, the table has no place there, or is there with other columns.
    pub fn check_table(&self, columns: &[&str], url: &DatabaseUrl, table: &str) -> Result<(), Error> {
        let columns = columns.iter().map(|name| Column::new(name, Kind::Text)).collect();
        let target = Target { url, table: TableName::parse(table), columns };
        self.block_on(async {
            match &url.0 {
                Address::Postgres(address) => postgres::check(address, &target).await,
                Address::Sqlite(file) => sqlite::check(file, &target).await,
            }
        })
    }
}

/// What is written to.
struct Target<'a> {
    url: &'a DatabaseUrl,
    table: TableName,
    columns: Vec<Column>,
}

impl Target<'_> {
    /// What could not be done, and why.
    fn failed(&self, doing: &str, problem: impl std::fmt::Display) -> Error {
        self.wrong(format!("{doing} the table {} failed ({problem}); its old rows stay", self.table))
    }

    fn wrong(&self, problem: String) -> Error {
        database_failed(self.url, problem)
    }

    /// The columns as they stand in a statement.
    fn column_list(&self) -> String {
        self.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The columns with their types, as a table is made of them.
    fn definitions(&self, type_of: impl Fn(&Column) -> String) -> String {
        let columns =
            self.columns.iter().map(|column| format!("{} {}", quoted(&column.name), type_of(column)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Refuses to replace the rows of a table that was not made for them.
    fn check_columns(&self, found: &[String], same: impl Fn(&str, &str) -> bool) -> Result<(), Error> {
        let lacking: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.name.clone())
            .filter(|name| !found.iter().any(|other| same(name, other)))
            .collect();
        let foreign: Vec<String> = found
            .iter()
            .filter(|name| !self.columns.iter().any(|column| same(&column.name, name)))
            .cloned()
            .collect();
        let differences: Vec<String> = [("lacks", lacking), ("also has", foreign)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(verb, names)| format!("{verb} {}", listed(&names)))
            .collect();
        if differences.is_empty() {
            return Ok(());
        }
        Err(self.wrong(format!(
            "the table {} is there with other columns (it {}) and is not touched: name another table, or drop this one if \
             nobody needs it",
            self.table,
            differences.join(" and ")
        )))
    }

    /// The same for what is no table.
    fn no_table(&self) -> Error {
        self.wrong(format!("{} is there and is no table (a view?): name another table", self.table))
    }
}

/// The rows on their way to the target.
struct Answer<'a> {
    sql: &'a str,
    stream: SendableRecordBatchStream,
    target: &'a Target<'a>,
    rows: u64,
}

impl Answer<'_> {
    /// The next rows, if there are more.
    async fn next(&mut self) -> Result<Option<Cells>, Error> {
        let Some(batch) = self.stream.next().await else { return Ok(None) };
        let batch: RecordBatch = batch.map_err(|source| query_failed(self.sql, source))?;
        self.rows += batch.num_rows() as u64;
        Cells::of(&batch, &self.target.columns).map(Some)
    }
}
