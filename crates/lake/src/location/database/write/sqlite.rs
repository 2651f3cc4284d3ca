//! SQLite: rows go there by statements of many rows each.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::cells::Cell;
use super::{Answer, PATIENCE, Target};
use crate::error::Error;
use crate::location::database::column::{Column, Kind};
use crate::location::database::sqlite;
use crate::output::create_file_if_missing;

/// Values that one statement may have, and rows: more would not be faster.
const MOST_VALUES: usize = 32_000;
const MOST_ROWS: usize = 500;

/// Whether the target is ready to be written.
pub(super) async fn check(file: &Path, target: &Target<'_>) -> Result<(), Error> {
    check_place(file, target)?;
    if !file.exists() {
        return Ok(());
    }
    let mut connection = sqlite::connect(file, target.url).await?;
    existing(&mut connection, target).await.map(drop)
}

/// Replaces the target's rows.
pub(super) async fn replace(file: &Path, answer: &mut Answer<'_>) -> Result<(), Error> {
    let target = answer.target;
    check_place(file, target)?;
    // Where this fails SQLite says why, too.
    let _ = create_file_if_missing(file);
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| {
        target.wrong(format!("the database cannot be opened: {}", sqlite::in_words(&error)))
    })?;
    // What only begins to write later may find that another has written meanwhile.
    let mut transaction =
        connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed(target, "waiting for"))?;
    let table = make_room(&mut transaction, target).await?;
    insert(&mut transaction, &table, answer).await?;
    transaction.commit().await.map_err(failed(target, "writing"))?;
    // The rows are kept; what closing does besides, the next program makes up for.
    let _ = connection.close().await;
    Ok(())
}

fn check_place(file: &Path, target: &Target<'_>) -> Result<(), Error> {
    if target.table.schema.as_deref().is_some_and(|schema| !schema.eq_ignore_ascii_case("main")) {
        return Err(target.wrong(format!(
            "an SQLite file has no schemas: write {:?} instead of {:?}",
            target.table.table,
            target.table.to_string()
        )));
    }
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(target.wrong(format!("there is no folder {}: make it", folder.display())))
        }
        _ => Ok(()),
    }
}

/// Makes the table, or takes its rows out where it is there. Returns its name as it stands in a statement.
async fn make_room(connection: &mut SqliteConnection, target: &Target<'_>) -> Result<String, Error> {
    let table = target.table.quoted();
    let (statement, doing) = if existing(connection, target).await? {
        (format!("DELETE FROM {table}"), "emptying")
    } else {
        (format!("CREATE TABLE {table} ({})", target.definitions(type_of)), "making")
    };
    // Names are quoted; nothing else in the statement comes from outside.
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.map_err(failed(target, doing))?;
    Ok(table)
}

/// Whether the table is there, with the columns that are written; an error where something else has its name.
async fn existing(connection: &mut SqliteConnection, target: &Target<'_>) -> Result<bool, Error> {
    let failed = failed(target, "looking for");
    let found: Option<(String, bool)> = sqlx::query_as(
        "SELECT name, type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' FROM sqlite_master
         WHERE type IN ('table', 'view') AND lower(name) = lower($1)",
    )
    .bind(&target.table.table)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some((name, is_table)) = found else { return Ok(false) };
    if !is_table {
        return Err(target.no_table());
    }
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_xinfo($1) WHERE hidden <> 1")
            .bind(name)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    target.check_columns(&columns, str::eq_ignore_ascii_case)?;
    Ok(true)
}

async fn insert(
    connection: &mut SqliteConnection,
    table: &str,
    answer: &mut Answer<'_>,
) -> Result<(), Error> {
    let target = answer.target;
    let width = target.columns.len().max(1);
    let most_rows = (MOST_VALUES / width).clamp(1, MOST_ROWS);
    let row = format!("({})", vec!["?"; width].join(", "));
    let statement = |rows: usize| {
        let places = vec![row.as_str(); rows].join(", ");
        format!("INSERT INTO {table} ({}) VALUES {places}", target.column_list())
    };
    let full = statement(most_rows);
    while let Some(cells) = answer.next().await? {
        for first in (0..cells.rows()).step_by(most_rows) {
            let rows = first..(first + most_rows).min(cells.rows());
            let sql = if rows.len() == most_rows { full.clone() } else { statement(rows.len()) };
            let filled =
                rows.clone().flat_map(|row| cells.row(row)).fold(sqlx::query(AssertSqlSafe(sql)), bind);
            let written = filled.persistent(rows.len() == most_rows).execute(&mut *connection).await;
            written.map_err(failed(target, "writing"))?;
        }
    }
    Ok(())
}

fn bind<'q>(statement: sqlite::Statement<'q>, cell: Cell<'_>) -> sqlite::Statement<'q> {
    match cell {
        Cell::Null => statement.bind(None::<String>),
        Cell::Boolean(value) => statement.bind(value),
        Cell::Whole(value) => statement.bind(value),
        Cell::Real(value) => statement.bind(value),
        Cell::Text(value) => statement.bind(value.into_owned()),
    }
}

fn failed<'a>(target: &'a Target<'a>, doing: &'static str) -> impl Fn(sqlx::Error) -> Error + Copy {
    move |error| target.failed(doing, sqlite::in_words(&error))
}

/// The declared types, by which others, and `location::database::sqlite`, know what the values are.
fn type_of(column: &Column) -> String {
    match column.kind {
        Kind::Boolean => "BOOLEAN".to_owned(),
        Kind::Int16 | Kind::Int32 | Kind::Int64 => "INTEGER".to_owned(),
        Kind::Float32 | Kind::Float64 => "REAL".to_owned(),
        Kind::Decimal(precision, scale) => format!("NUMERIC({precision}, {scale})"),
        Kind::Text => "TEXT".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Clock | Kind::Instant => "TIMESTAMP".to_owned(),
    }
}
