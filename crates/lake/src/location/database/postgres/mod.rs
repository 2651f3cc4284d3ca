//! PostgreSQL: the catalogue, and rows in its binary form.

mod decode;

use std::str::FromStr;
use std::time::Duration;

use futures::StreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::column::{Batch, Column, Comparison, Kind, quoted};
use super::filter::{Dialect, Value};
use super::{DatabaseUrl, Relation, ScanTask, TableName, database_failed, no_such_table};
use crate::error::Error;

/// How long a server may take to answer a knock at its door.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that may write.
pub(super) async fn connect(address: &str, url: &DatabaseUrl) -> Result<PgConnection, Error> {
    let failed = refused(url);
    let options = PgConnectOptions::from_str(address).map_err(failed)?;
    let options = options.application_name("perennial").disable_statement_logging();
    let knock = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    knock
        .map_err(|_| database_failed(url, format!("no answer within {} seconds", PATIENCE.as_secs())))?
        .map_err(failed)
}

/// A connection that cannot write, even by mistake.
pub(super) async fn connect_to_read(address: &str, url: &DatabaseUrl) -> Result<PgConnection, Error> {
    let mut connection = connect(address, url).await?;
    let read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
    sqlx::query(read_only).execute(&mut connection).await.map_err(refused(url))?;
    Ok(connection)
}

fn refused(url: &DatabaseUrl) -> impl Fn(sqlx::Error) -> Error + Copy + '_ {
    move |error| {
        let problem = match &error {
            sqlx::Error::Database(said) => {
                format!("the server refuses the connection: {said}; check user, password and database")
            }
            _ => format!(
                "no connection ({error}); check host and port, and that the server runs and lets this machine in"
            ),
        };
        database_failed(url, problem)
    }
}

/// What the catalogue says about a table, view or foreign table.
pub(super) async fn relation(address: &str, url: &DatabaseUrl, name: &TableName) -> Result<Relation, Error> {
    let mut connection = connect_to_read(address, url).await?;
    let failed = |error: sqlx::Error| database_failed(url, format!("reading the catalogue failed: {error}"));
    let Some(found) = find(&mut connection, name).await.map_err(failed)? else {
        let tables = tables(&mut connection).await.map_err(failed)?;
        return Err(no_such_table(url, name, tables));
    };
    let columns = columns(&mut connection, found.number).await.map_err(failed)?;
    Ok(Relation { dialect: Dialect::Postgres, name: found.name, columns })
}

/// A table, view or foreign table of the catalogue.
pub(super) struct Found {
    pub(super) number: i64,
    /// With its schema.
    pub(super) name: TableName,
    /// Whether it is a table of the database's own, whose rows it keeps.
    pub(super) is_table: bool,
}

pub(super) async fn find(
    connection: &mut PgConnection,
    name: &TableName,
) -> Result<Option<Found>, sqlx::Error> {
    let found: Option<(i64, String, bool)> = sqlx::query_as(
        "SELECT c.oid::bigint, n.nspname::text, c.relkind IN ('r', 'p') FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = $2
           AND CASE WHEN $1::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $1 END",
    )
    .bind(&name.schema)
    .bind(&name.table)
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|(number, schema, is_table)| Found {
        number,
        name: TableName { schema: Some(schema), table: name.table.clone() },
        is_table,
    }))
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
         ORDER BY 1 LIMIT 1000",
    )
    .fetch_all(connection)
    .await
}

/// The columns of what has that number in the catalogue.
pub(super) async fn columns(connection: &mut PgConnection, table: i64) -> Result<Vec<Column>, sqlx::Error> {
    let is_utf8: bool = sqlx::query_scalar("SELECT current_setting('server_encoding') = 'UTF8'")
        .fetch_one(&mut *connection)
        .await?;
    // A domain is read as the type that it narrows. Servers before 12 have deterministic collations only.
    let rows = sqlx::query(
        "SELECT a.attname::text AS name, coalesce(b.typname, t.typname)::text AS type,
                CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END AS modifier,
                coalesce((to_jsonb(l) ->> 'collisdeterministic')::boolean, true) AS deterministic
         FROM pg_catalog.pg_attribute a
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
         WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| column(row, is_utf8)).collect()
}

fn column(row: &PgRow, is_utf8: bool) -> Result<Column, sqlx::Error> {
    let (name, kind): (String, String) = (row.try_get("name")?, row.try_get("type")?);
    let modifier: i32 = row.try_get("modifier")?;
    let kind_and_cast = match kind.as_str() {
        "bool" => (Kind::Boolean, false),
        "int2" => (Kind::Int16, false),
        "int4" => (Kind::Int32, false),
        "int8" => (Kind::Int64, false),
        "float4" => (Kind::Float32, false),
        "float8" => (Kind::Float64, false),
        "numeric" => decimal(modifier).map_or((Kind::Text, true), |kind| (kind, false)),
        "date" => (Kind::Date, false),
        "timestamp" => (Kind::Clock, false),
        "timestamptz" => (Kind::Instant, false),
        "text" | "varchar" => (Kind::Text, false),
        // Whatever else there is has a text form: uuid, json, enumerations, arrays, addresses, ...
        _ => (Kind::Text, true),
    };
    let (kind, is_cast) = kind_and_cast;
    let mut column = Column::new(&name, kind);
    if is_cast {
        column.expression = format!("CAST({} AS text)", quoted(&name));
    }
    column.own_equality = !row.try_get::<bool, _>("deterministic")?;
    if !is_utf8 {
        column.comparison = Comparison::EqualityOnly;
    }
    Ok(column)
}

/// `numeric(precision, scale)`; nothing where the digits are not limited, or to more than there is room for.
fn decimal(modifier: i32) -> Option<Kind> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = u8::try_from((packed >> 16) & 0xffff).ok().filter(|precision| *precision <= 38)?;
    // Eleven bits with a sign.
    let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    let scale = i8::try_from(scale).ok().filter(|scale| (0..=precision.cast_signed()).contains(scale))?;
    Some(Kind::Decimal(precision, scale))
}

/// Runs the statement of a scan and hands its rows over in batches.
pub(super) async fn scan(address: &str, task: ScanTask) -> Result<(), Error> {
    let mut connection = connect_to_read(address, &task.url).await?;
    let statement = task.values.iter().fold(sqlx::query(AssertSqlSafe(task.sql.clone())), bind);
    let mut rows = statement.persistent(false).fetch(&mut connection);
    let mut batch = Batch::new(&task.columns, task.schema.clone());
    let mut number = 0;
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| task.failed(in_words(&error)))?;
        number += 1;
        for (place, (column, values)) in task.columns.iter().zip(&mut batch.values).enumerate() {
            decode::append(&row, place, values).map_err(|problem| task.misfit(column, number, problem))?;
        }
        if batch.end_row() == task.batch_rows && !task.send(batch.finish()).await {
            return Ok(());
        }
    }
    if batch.rows() > 0 {
        task.send(batch.finish()).await;
    }
    Ok(())
}

type Statement<'q> = Query<'q, Postgres, sqlx::postgres::PgArguments>;

fn bind<'q>(statement: Statement<'q>, value: &Value) -> Statement<'q> {
    match value {
        Value::Boolean(value) => statement.bind(*value),
        Value::Integer(value) => statement.bind(*value),
        Value::Float32(value) => statement.bind(*value),
        Value::Float64(value) => statement.bind(*value),
        Value::Text(value) => statement.bind(value.clone()),
    }
}

/// What the server said, or that it is gone.
pub(super) fn in_words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(said) => said.to_string(),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => {
            format!("the connection was lost ({error}); nothing of it is used: run it again")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_numeric_columns() {
        let modifier = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(decimal(modifier(12, 2)), Some(Kind::Decimal(12, 2)));
        assert_eq!(decimal(modifier(12, -2)), None);
        assert_eq!(decimal(modifier(39, 2)), None);
        assert_eq!(decimal(-1), None);
    }
}
