//! SQLite: any column of it may hold values of any type. What a column's declared type promises is held to: a value of
//! another type is an error that names it, and columns without a telling type are text.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow, SqliteValueRef,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Decode, Row, TypeInfo, ValueRef};

use super::column::{Batch, Column, Comparison, Kind, Values, canonical};
use super::filter::{Dialect, Value};
use super::{DatabaseUrl, Relation, ScanTask, TableName, database_failed, no_such_table};
use crate::error::Error;

/// How long another program may keep the file locked.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that cannot write.
pub(super) async fn connect(file: &Path, url: &DatabaseUrl) -> Result<SqliteConnection, Error> {
    if !file.is_file() {
        return Err(database_failed(url, "there is no such file; check the path".to_owned()));
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| database_failed(url, format!("the database cannot be opened: {error}")))
}

/// What the database says about a table or view.
pub(super) async fn relation(file: &Path, url: &DatabaseUrl, name: &TableName) -> Result<Relation, Error> {
    let mut connection = connect(file, url).await?;
    let failed = |error: sqlx::Error| {
        database_failed(url, format!("reading the catalogue failed ({})", in_words(&error)))
    };
    let encoding: String =
        sqlx::query_scalar("PRAGMA encoding").fetch_one(&mut connection).await.map_err(failed)?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY name LIMIT 1000",
    )
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    let is_main = name.schema.as_deref().is_none_or(|schema| schema.eq_ignore_ascii_case("main"));
    let Some(table) = tables.iter().find(|table| is_main && table.eq_ignore_ascii_case(&name.table)) else {
        return Err(no_such_table(url, name, tables));
    };
    let columns: Vec<(String, String)> =
        sqlx::query_as("SELECT name, type FROM pragma_table_xinfo($1) WHERE hidden <> 1")
            .bind(table)
            .fetch_all(&mut connection)
            .await
            .map_err(failed)?;
    let columns =
        columns.iter().map(|(name, declared)| column(name, declared, encoding == "UTF-8")).collect();
    Ok(Relation { dialect: Dialect::Sqlite, name: TableName { schema: None, table: table.clone() }, columns })
}

/// The declared type decides as in SQLite itself (<https://sqlite.org/datatype3.html>, "Determination Of Column Affinity").
fn column(name: &str, declared: &str, is_utf8: bool) -> Column {
    let declared = declared.to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let (kind, comparison) = if says(&["INT"]) {
        (Kind::Int64, Comparison::Exact)
    } else if says(&["CHAR", "CLOB", "TEXT"]) {
        (Kind::Text, if is_utf8 { Comparison::Exact } else { Comparison::EqualityOnly })
    } else if says(&["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"]) {
        (Kind::Float64, Comparison::Exact)
    } else if says(&["BOOL"]) {
        (Kind::Boolean, Comparison::Exact)
    } else {
        // Dates and times are texts or numbers as the writer liked; blobs, JSON and views' expressions may be anything.
        (Kind::Text, if is_utf8 { Comparison::TextAmongOthers } else { Comparison::Unknown })
    };
    Column { comparison, ..Column::new(name, kind) }
}

/// Runs the statement of a scan and hands its rows over in batches.
pub(super) async fn scan(file: &Path, task: ScanTask) -> Result<(), Error> {
    let mut connection = connect(file, &task.url).await?;
    let statement = task.values.iter().fold(sqlx::query(AssertSqlSafe(task.sql.clone())), bind);
    let mut rows = statement.persistent(false).fetch(&mut connection);
    let mut batch = Batch::new(&task.columns, task.schema.clone());
    let mut number = 0;
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| task.failed(error))?;
        number += 1;
        for (place, (column, values)) in task.columns.iter().zip(&mut batch.values).enumerate() {
            append(&row, place, values).map_err(|problem| task.misfit(column, number, problem))?;
        }
        drop(row);
        if batch.end_row() == task.batch_rows && !task.send(batch.finish()).await {
            return Ok(());
        }
    }
    if batch.rows() > 0 {
        task.send(batch.finish()).await;
    }
    Ok(())
}

pub(super) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

fn bind<'q>(statement: Statement<'q>, value: &Value) -> Statement<'q> {
    match value {
        Value::Boolean(value) => statement.bind(*value),
        Value::Integer(value) => statement.bind(*value),
        Value::Float32(value) => statement.bind(*value),
        Value::Float64(value) => statement.bind(*value),
        Value::Text(value) => statement.bind(value.clone()),
    }
}

/// What SQLite said, and what that means where it does not say so.
pub(super) fn in_words(error: &sqlx::Error) -> String {
    let said = error.to_string();
    match said.as_str() {
        said if said.contains("not a database") => format!("{said}: this is no SQLite file"),
        said if said.contains("database is locked") => format!("{said}: another program writes to it"),
        said => said.to_owned(),
    }
}

/// A value as SQLite stores it.
enum Stored<'r> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'r str),
    Blob,
}

fn stored(row: &SqliteRow, place: usize) -> Result<Stored<'_>, String> {
    let value = row.try_get_raw(place).map_err(|error| error.to_string())?;
    if value.is_null() {
        return Ok(Stored::Null);
    }
    let kind = value.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => decoded(value).map(Stored::Integer),
        "REAL" => decoded(value).map(Stored::Real),
        "TEXT" => decoded(value).map(Stored::Text),
        _ => Ok(Stored::Blob),
    }
}

fn decoded<'r, T: Decode<'r, Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, String> {
    T::decode(value).map_err(|error| format!("it cannot be read ({error})"))
}

fn append(row: &SqliteRow, place: usize, values: &mut Values) -> Result<(), String> {
    /// The largest number up to which floating point numbers hold every integer.
    const MOST_EXACT: u64 = 1 << 53;
    match (stored(row, place)?, values) {
        (Stored::Null, values) => values.append_null(),
        (Stored::Integer(value), Values::Int64(values)) => values.append_value(value),
        (Stored::Integer(value @ (0 | 1)), Values::Boolean(values)) => values.append_value(value == 1),
        (Stored::Integer(value), Values::Float64(values)) if value.unsigned_abs() <= MOST_EXACT => {
            values.append_value(value as f64);
        }
        (Stored::Real(value), Values::Float64(values)) => values.append_value(canonical(value)),
        (Stored::Text(value), Values::Text(values)) => values.append_value(value),
        (Stored::Integer(value), Values::Text(values)) => values.append_value(value.to_string()),
        (Stored::Real(value), Values::Text(values)) => values.append_value(value.to_string()),
        (value, values) => return Err(misfit(&value, values)),
    }
    Ok(())
}

fn misfit(value: &Stored<'_>, values: &Values) -> String {
    let promised = match values {
        Values::Int64(_) => "whole numbers",
        Values::Float64(_) => "numbers",
        Values::Boolean(_) => "0 or 1",
        _ => "text",
    };
    let found = match value {
        Stored::Null => "nothing".to_owned(),
        Stored::Integer(value) => format!("the number {value}"),
        Stored::Real(value) => format!("the number {value}"),
        Stored::Text(value) => format!("the text {:?}", value.chars().take(40).collect::<String>()),
        Stored::Blob => "binary data".to_owned(),
    };
    format!(
        "it holds {found} where the declared type promises {promised}; correct the row, or name a view that casts the column \
         to text"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_decide_as_in_sqlite() {
        let kind = |declared| column("c", declared, true).kind;
        assert_eq!(kind("INTEGER"), Kind::Int64);
        assert_eq!(kind("unsigned big int"), Kind::Int64);
        assert_eq!(kind("varchar(20)"), Kind::Text);
        assert_eq!(kind("DECIMAL(10,2)"), Kind::Float64);
        assert_eq!(kind("boolean"), Kind::Boolean);
        assert_eq!(kind("datetime"), Kind::Text);
        assert_eq!(kind(""), Kind::Text);
        assert_eq!(column("c", "TEXT", false).comparison, Comparison::EqualityOnly);
        assert_eq!(column("c", "DATE", true).comparison, Comparison::TextAmongOthers);
    }
}
