//! Tables and views of PostgreSQL and SQLite databases, read in place: only the columns that a query needs, filtered by the
//! database, streamed row by row. `write` is the other way: a query's answer becomes a table.

mod column;
mod filter;
mod numeric;
mod postgres;
mod sqlite;
mod url;
mod write;

use std::fmt::Display;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session as Planning, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown as Pushdown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use tokio::sync::mpsc::Sender;

use self::column::{Column, quoted};
use self::filter::{Conditions, Dialect, Value};
use self::url::Address;
use super::scan::{Scan, Table};
use crate::error::{Error, nearest};
use crate::session::Session;

pub use self::url::DatabaseUrl;

/// Batches that the database may be ahead of the query.
const BATCHES_AHEAD: usize = 2;

impl Session {
    /// A table or view of a database as a table of the engine. Its columns are asked for now, its rows when it is queried.
    pub(super) fn database_table(
        &self,
        url: &DatabaseUrl,
        table: &str,
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let name = TableName::parse(table);
        let relation = self.block_on(async {
            match &url.0 {
                Address::Postgres(address) => postgres::relation(address, url, &name).await,
                Address::Sqlite(file) => sqlite::relation(file, url, &name).await,
            }
        })?;
        let fields: Vec<Field> = relation.columns.iter().map(Column::field).collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Table::of(DatabaseTable { url: url.clone(), relation: Arc::new(relation), schema }))
    }
}

/// A table's name, with its schema where one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TableName {
    schema: Option<String>,
    table: String,
}

impl TableName {
    /// Reads `table` or `schema.table`; a part in double quotes may hold dots.
    fn parse(text: &str) -> Self {
        let plain = |part: &str| match part.strip_prefix('"').and_then(|part| part.strip_suffix('"')) {
            Some(inner) => inner.replace("\"\"", "\""),
            None => part.to_owned(),
        };
        let mut in_quotes = false;
        let dot = text.find(|letter| {
            in_quotes ^= letter == '"';
            letter == '.' && !in_quotes
        });
        match dot {
            Some(dot) => Self { schema: Some(plain(&text[..dot])), table: plain(&text[dot + 1..]) },
            None => Self { schema: None, table: plain(text) },
        }
    }

    /// The name as it stands in a statement.
    fn quoted(&self) -> String {
        let schema = self.schema.as_deref().map(|schema| quoted(schema) + ".").unwrap_or_default();
        schema + &quoted(&self.table)
    }
}

impl Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.table),
            None => f.write_str(&self.table),
        }
    }
}

/// What the catalogue says about a table or view.
#[derive(Clone, Debug)]
struct Relation {
    dialect: Dialect,
    name: TableName,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct DatabaseTable {
    url: DatabaseUrl,
    relation: Arc<Relation>,
    schema: SchemaRef,
}

impl Scan for DatabaseTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn takes(&self, filter: &Expr) -> Pushdown {
        let mut conditions = Conditions::new(self.relation.dialect, &self.relation.columns);
        match (conditions.add(filter), conditions.exact) {
            (None, _) => Pushdown::Unsupported,
            (Some(_), true) => Pushdown::Exact,
            (Some(_), false) => Pushdown::Inexact,
        }
    }

    fn plan(
        &self,
        _planning: &dyn Planning,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(places) => Arc::new(self.schema.project(places)?),
            None => Arc::clone(&self.schema),
        };
        let relation = &self.relation;
        let columns: Vec<Column> = match projection {
            Some(places) => places.iter().filter_map(|place| relation.columns.get(*place).cloned()).collect(),
            None => relation.columns.clone(),
        };
        let (sql, values) = select(relation, &columns, filters, limit);
        let (url, table) = (self.url.clone(), relation.name.table.clone());
        let rows = Arc::new(Rows { url, table, columns, schema: Arc::clone(&schema), sql, values });
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![rows], None, [], false, limit)?))
    }
}

/// The statement of a scan and its values.
fn select(
    relation: &Relation,
    columns: &[Column],
    filters: &[Expr],
    limit: Option<usize>,
) -> (String, Vec<Value>) {
    let mut wanted = columns.iter().map(|column| column.expression.as_str()).collect::<Vec<_>>().join(", ");
    if columns.is_empty() {
        // Rows are only counted.
        wanted.push('1');
    }
    let mut conditions = Conditions::new(relation.dialect, &relation.columns);
    let mut taken = Vec::new();
    let mut all = true;
    for filter in filters {
        let before = conditions.values.len();
        if let Some(condition) = conditions.add(filter) {
            taken.push(condition);
        } else {
            conditions.values.truncate(before);
            all = false;
        }
    }
    let mut sql = format!("SELECT {wanted} FROM {}", relation.name.quoted());
    if !taken.is_empty() {
        sql += " WHERE ";
        sql += &taken.join(" AND ");
    }
    if let (Some(limit), true) = (limit, all && conditions.exact) {
        sql += " LIMIT ";
        sql += &limit.to_string();
    }
    (sql, conditions.values)
}

/// The rows of one scan: one statement, and so one state of the database.
struct Rows {
    url: DatabaseUrl,
    table: String,
    columns: Vec<Column>,
    schema: SchemaRef,
    sql: String,
    values: Vec<Value>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is bound may be personal data: only the statement is shown.
        f.debug_struct("Rows").field("url", &self.url).field("sql", &self.sql).finish_non_exhaustive()
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), BATCHES_AHEAD);
        let task = ScanTask {
            url: self.url.clone(),
            table: self.table.clone(),
            columns: self.columns.clone(),
            schema: Arc::clone(&self.schema),
            sql: self.sql.clone(),
            values: self.values.clone(),
            batch_rows: context.session_config().batch_size(),
            sender: stream.tx(),
        };
        stream.spawn(async move {
            let done = match task.url.0.clone() {
                Address::Postgres(address) => postgres::scan(&address, task).await,
                Address::Sqlite(file) => sqlite::scan(&file, task).await,
            };
            done.map_err(|error| DataFusionError::External(Box::new(error)))
        });
        stream.build()
    }
}

/// A scan on its way.
struct ScanTask {
    url: DatabaseUrl,
    table: String,
    columns: Vec<Column>,
    schema: SchemaRef,
    sql: String,
    values: Vec<Value>,
    batch_rows: usize,
    sender: Sender<Result<RecordBatch>>,
}

impl ScanTask {
    /// Hands a batch over; false when the query wants no more.
    async fn send(&self, batch: Result<RecordBatch>) -> bool {
        self.sender.send(batch).await.is_ok()
    }

    fn failed(&self, error: impl Display) -> Error {
        database_failed(&self.url, format!("reading the table {:?} failed: {error}", self.table))
    }

    /// A value that is not what its column promises.
    fn misfit(&self, column: &Column, row: u64, problem: impl Display) -> Error {
        database_failed(
            &self.url,
            format!("table {:?}, column {:?}, row {row} of the answer: {problem}", self.table, column.name),
        )
    }
}

fn database_failed(url: &DatabaseUrl, problem: String) -> Error {
    Error::Database { database: url.to_string(), problem }
}

fn no_such_table(url: &DatabaseUrl, name: &TableName, tables: Vec<String>) -> Error {
    let wanted = name.to_string();
    // A table in another schema is as near as one with another name.
    let own = |table: &&String| table.rsplit('.').next() == Some(name.table.as_str());
    let near = tables
        .iter()
        .find(own)
        .map(String::as_str)
        .or_else(|| nearest(&wanted, tables.iter().map(String::as_str)));
    Error::NoSuchTable { database: url.to_string(), nearest: near.map(str::to_owned), table: wanted, tables }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_a_schema_and_quotes() {
        let name = |schema: Option<&str>, table: &str| TableName {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
        };
        assert_eq!(TableName::parse("orders"), name(None, "orders"));
        assert_eq!(TableName::parse("shop.orders"), name(Some("shop"), "orders"));
        assert_eq!(TableName::parse(r#"shop."a.b""c""#), name(Some("shop"), "a.b\"c"));
    }
}
