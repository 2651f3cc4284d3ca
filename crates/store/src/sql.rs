//! Statements with bound values, the same text for both databases: placeholders are `$1`, `$2`, ...

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};

use crate::Error;
use crate::identity::Identifier;

fn statement<C: ConnectionTrait>(connection: &C, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// Runs a statement; gives the number of rows that it changed.
pub(crate) async fn execute<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64, Error> {
    Ok(connection.execute_raw(statement(connection, sql, values)).await?.rows_affected())
}

/// All rows of a query. The query bounds their number.
pub(crate) async fn rows<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, Error> {
    Ok(connection.query_all_raw(statement(connection, sql, values)).await?)
}

/// The first row of a query.
pub(crate) async fn row<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, Error> {
    Ok(connection.query_one_raw(statement(connection, sql, values)).await?)
}

/// A setting that is kept in the database.
pub(crate) async fn setting<C: ConnectionTrait>(connection: &C, name: &str) -> Result<Option<String>, Error> {
    let found = row(connection, "SELECT value FROM settings WHERE name = $1", vec![name.into()]).await?;
    found.map(|row| get(&row, "value")).transpose()
}

/// Keeps a setting, in the place of what it was.
pub(crate) async fn put_setting<C: ConnectionTrait>(
    connection: &C,
    name: &str,
    value: &str,
) -> Result<(), Error> {
    let put = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    execute(connection, put, vec![name.into(), value.into()]).await.map(drop)
}

/// A column of a row, by its name.
pub(crate) fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, Error> {
    Ok(row.try_get("", column)?)
}

/// A column that holds a time.
pub(crate) fn get_time(row: &QueryResult, column: &str) -> Result<Timestamp, Error> {
    time(get(row, column)?)
}

/// A column that holds a time or nothing.
pub(crate) fn get_optional_time(row: &QueryResult, column: &str) -> Result<Option<Timestamp>, Error> {
    get::<Option<i64>>(row, column)?.map(time).transpose()
}

/// The identifier in a column for its kind and one for its value.
pub(crate) fn get_identifier(row: &QueryResult, kind: &str, value: &str) -> Result<Identifier, Error> {
    Identifier::stored(&get::<String>(row, kind)?, get(row, value)?)
        .map_err(|error| Error::corrupt("an identifier", error))
}

fn time(microseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(microseconds).map_err(|error| Error::corrupt("a time", error))
}

/// A time as it is stored: microseconds since 1970 UTC.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// `rows` groups of `columns` placeholders, for an insert of several rows: `($1, $2), ($3, $4)`.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    groups(rows, columns, |number, text| {
        text.push('$');
        text.push_str(&number.to_string());
    })
}

/// Placeholders for many rows whose values are bound in order and once each. To bind numbered ones SQLite takes a time that
/// grows with the square of their number.
pub(crate) fn bulk_placeholders<C: ConnectionTrait>(connection: &C, rows: usize, columns: usize) -> String {
    match connection.get_database_backend() {
        DbBackend::Sqlite => groups(rows, columns, |_, text| text.push('?')),
        _ => placeholders(rows, columns),
    }
}

fn groups(rows: usize, columns: usize, placeholder: impl Fn(usize, &mut String)) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            placeholder(row * columns + column + 1, &mut text);
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(super::placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
