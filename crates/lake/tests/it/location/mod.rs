//! Where data lies: files, object stores, databases, Delta tables, each with the real thing at the other end.

mod database;
mod delta;
mod files;
mod object_store;
mod postgres;
mod services;
mod sqlite;
mod write;

use std::path::Path;

use perennial_lake::{DatabaseUrl, Error, Location, Session};

pub(super) fn files(paths: &[&Path]) -> Location {
    Location::Files(paths.iter().map(|path| path.to_string_lossy().into_owned()).collect())
}

pub(super) fn database(url: &str, table: &str) -> Location {
    Location::Database { url: DatabaseUrl::parse(url).unwrap(), table: table.to_owned() }
}

/// The error of a query that has to fail.
pub(super) fn failure(session: &Session, sql: &str) -> String {
    match session.query(sql) {
        Ok(answer) => panic!("{sql} has an answer: {answer:?}"),
        Err(error) => error.to_string(),
    }
}

/// The error of a place that cannot become a table.
pub(super) fn refusal(session: &Session, location: &Location) -> String {
    match session.register_location("refused", location) {
        Ok(()) => panic!("{location} became a table"),
        Err(error) => error.to_string(),
    }
}

/// How the engine runs a query, as text.
pub(super) fn plan(session: &Session, sql: &str) -> String {
    crate::data::rows(session, &format!("explain {sql}")).join("\n")
}

/// The number of rows that come before `stop` is called for the first time returns an error, if it does.
pub(super) fn rows_until_error(
    session: &Session,
    sql: &str,
    mut after_batch: impl FnMut(usize),
) -> Result<usize, Error> {
    let mut rows = 0;
    session.for_each(sql, |batch| {
        rows += batch.num_rows();
        after_batch(rows);
        Ok::<(), Error>(())
    })?;
    Ok(rows)
}
