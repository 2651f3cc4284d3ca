//! PostgreSQL: rows go there by `COPY`.

use std::io::Write;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::cells::{Cell, Cells};
use super::{Answer, PATIENCE, Target};
use crate::error::Error;
use crate::location::database::column::{Column, Kind};
use crate::location::database::postgres::{Found, columns, connect, connect_to_read, find, in_words};

/// Whether the target is ready to be written.
pub(super) async fn check(address: &str, target: &Target<'_>) -> Result<(), Error> {
    let mut connection = connect_to_read(address, target.url).await?;
    match existing(&mut connection, target).await? {
        Some(found) => check_columns(&mut connection, target, &found).await,
        None => Ok(()),
    }
}

/// Replaces the target's rows.
pub(super) async fn replace(address: &str, answer: &mut Answer<'_>) -> Result<(), Error> {
    let target = answer.target;
    let mut connection = connect(address, target.url).await?;
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    let mut transaction = connection.begin_with(begin).await.map_err(failed(target, "writing"))?;
    let table = make_room(&mut transaction, target).await?;
    copy(&mut transaction, &table, answer).await?;
    transaction.commit().await.map_err(|error| {
        let table = &target.table;
        target.wrong(format!(
            "the table {table} was written, and whether it is kept is not known ({}): it has either all of its old rows or all of \
             the new ones",
            in_words(&error)
        ))
    })?;
    // The rows are kept; a farewell that is not heard changes nothing.
    let _ = connection.close().await;
    Ok(())
}

/// Makes the table, or takes its rows out where it is there. Returns its name as it stands in a statement.
async fn make_room(connection: &mut PgConnection, target: &Target<'_>) -> Result<String, Error> {
    let patience = format!("SET LOCAL lock_timeout = '{}s'", PATIENCE.as_secs());
    execute(connection, target, patience, "waiting for").await?;
    // Two exports at once that both find no table would both make it. This lock ends with the transaction.
    sqlx::query("SELECT pg_catalog.pg_advisory_xact_lock(hashtext('perennial export'), hashtext($1))")
        .bind(&target.table.table)
        .execute(&mut *connection)
        .await
        .map_err(failed(target, "waiting for"))?;
    let Some(found) = existing(connection, target).await? else {
        let table = target.table.quoted();
        let statement = format!("CREATE TABLE {table} ({})", target.definitions(type_of));
        execute(connection, target, statement, "making").await?;
        return Ok(table);
    };
    let table = found.name.quoted();
    // Readers go on; whoever writes, or changes the columns, waits.
    let lock = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
    execute(connection, target, lock, "locking").await?;
    check_columns(connection, target, &found).await?;
    // Not TRUNCATE: that would shut readers out, and show an empty table to those whose transaction began before.
    execute(connection, target, format!("DELETE FROM {table}"), "emptying").await?;
    Ok(table)
}

/// The table, if it is there; an error where it cannot be, or something else has its name.
async fn existing(connection: &mut PgConnection, target: &Target<'_>) -> Result<Option<Found>, Error> {
    let failed = failed(target, "looking for");
    let found = find(connection, &target.table).await.map_err(failed)?;
    match (&found, &target.table.schema) {
        (Some(found), _) if !found.is_table => Err(target.no_table()),
        (None, Some(schema)) => {
            let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
            let there: bool =
                sqlx::query_scalar(sql).bind(schema).fetch_one(connection).await.map_err(failed)?;
            if there {
                Ok(None)
            } else {
                Err(target.wrong(format!("there is no schema {schema:?}: make it, or name another")))
            }
        }
        _ => Ok(found),
    }
}

async fn check_columns(
    connection: &mut PgConnection,
    target: &Target<'_>,
    found: &Found,
) -> Result<(), Error> {
    let columns = columns(connection, found.number).await.map_err(failed(target, "looking for"))?;
    let names: Vec<String> = columns.into_iter().map(|column| column.name).collect();
    target.check_columns(&names, |own, other| own == other)
}

async fn copy(connection: &mut PgConnection, table: &str, answer: &mut Answer<'_>) -> Result<(), Error> {
    let target = answer.target;
    let failed = failed(target, "writing");
    let statement =
        format!("COPY {table} ({}) FROM STDIN (FORMAT text, ENCODING 'UTF8')", target.column_list());
    let mut copying = connection.copy_in_raw(&statement).await.map_err(failed)?;
    let mut text = Vec::new();
    // Whatever ends the loop early drops the connection, and with it the transaction.
    while let Some(cells) = answer.next().await? {
        text.clear();
        append(&cells, &mut text);
        copying.send(text.as_slice()).await.map_err(failed)?;
    }
    copying.finish().await.map_err(failed)?;
    Ok(())
}

async fn execute(
    connection: &mut PgConnection,
    target: &Target<'_>,
    statement: String,
    doing: &'static str,
) -> Result<(), Error> {
    // Names are quoted; nothing else in these statements comes from outside.
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.map_err(failed(target, doing)).map(drop)
}

fn failed<'a>(target: &'a Target<'a>, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + Copy {
    move |error| target.failed(doing, in_words(&error))
}

fn type_of(column: &Column) -> String {
    match column.kind {
        Kind::Boolean => "boolean".to_owned(),
        Kind::Int16 | Kind::Int32 | Kind::Int64 => "bigint".to_owned(),
        Kind::Float32 | Kind::Float64 => "double precision".to_owned(),
        Kind::Decimal(precision, scale) => format!("numeric({precision}, {scale})"),
        Kind::Text => "text".to_owned(),
        Kind::Date => "date".to_owned(),
        Kind::Clock => "timestamp".to_owned(),
        Kind::Instant => "timestamptz".to_owned(),
    }
}

/// Appends rows in the text form of `COPY` (<https://www.postgresql.org/docs/current/sql-copy.html>, "Text Format").
fn append(cells: &Cells, text: &mut Vec<u8>) {
    for row in 0..cells.rows() {
        for (place, cell) in cells.row(row).enumerate() {
            if place > 0 {
                text.push(b'\t');
            }
            append_cell(&cell, text);
        }
        text.push(b'\n');
    }
}

fn append_cell(cell: &Cell<'_>, text: &mut Vec<u8>) {
    // Writing into memory cannot fail.
    let _ = match cell {
        Cell::Null => write!(text, "\\N"),
        Cell::Boolean(value) => write!(text, "{value}"),
        Cell::Whole(value) => write!(text, "{value}"),
        Cell::Real(value) => write!(text, "{value:e}"),
        Cell::Text(value) => {
            for byte in value.bytes() {
                match byte {
                    b'\\' => text.extend(b"\\\\"),
                    b'\n' => text.extend(b"\\n"),
                    b'\r' => text.extend(b"\\r"),
                    b'\t' => text.extend(b"\\t"),
                    other => text.push(other),
                }
            }
            Ok(())
        }
    };
}
