//! What the tests share: where samples and real data lie, and tables as text.

use std::path::{Path, PathBuf};

use perennial_lake::arrow::util::display::{ArrayFormatter, FormatOptions};
use perennial_lake::{Error, OrderSource, Reading, Session, SessionOptions};

/// A sample written for these tests.
pub(crate) fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name).to_string_lossy().into_owned()
}

/// A file of real data, which has to be there.
pub(crate) fn real(name: &str) -> String {
    let folder = std::env::var_os("PERENNIAL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is not there: `cargo xtask test` fetches the data that the tests need",
        path.display()
    );
    path.to_string_lossy().into_owned()
}

/// Whether only CDNOW is there, as the test command says where nothing else can be fetched.
pub(crate) fn only_cdnow() -> bool {
    let only = std::env::var("PERENNIAL_DATA_ONLY").is_ok_and(|only| only == "cdnow");
    if only {
        eprintln!("skipped, as PERENNIAL_DATA_ONLY=cdnow says that only CDNOW is there");
    }
    only
}

pub(crate) fn session() -> Session {
    Session::new(&SessionOptions { threads: 2, ..SessionOptions::default() }).unwrap()
}

/// A source of files at a fixed present, so that no test depends on the clock.
pub(crate) fn source(files: &[String]) -> OrderSource {
    let mut source = OrderSource::new(files);
    source.now = "2026-01-01T00:00:00Z".parse().unwrap();
    source
}

/// Reads files with a session of their own.
pub(crate) fn read(files: &[String]) -> (Session, Reading) {
    read_with(files, |_| {})
}

pub(crate) fn read_with(files: &[String], change: impl FnOnce(&mut OrderSource)) -> (Session, Reading) {
    let session = session();
    let reading = try_read(&session, files, change).unwrap();
    (session, reading)
}

pub(crate) fn try_read(
    session: &Session,
    files: &[String],
    change: impl FnOnce(&mut OrderSource),
) -> Result<Reading, Error> {
    let mut source = source(files);
    change(&mut source);
    session.read_orders(&source)
}

/// Reads a text as a file of the given name.
pub(crate) fn read_text(
    name: &str,
    text: &[u8],
    change: impl FnOnce(&mut OrderSource),
) -> Result<(Session, Reading), Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let session = session();
    let reading = try_read(&session, &[path.to_string_lossy().into_owned()], change)?;
    Ok((session, reading))
}

/// The answer to a query, a line per row, values divided by blanks.
pub(crate) fn rows(session: &Session, sql: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in session.query(sql).unwrap() {
        let options = FormatOptions::new();
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            lines.push(
                columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" "),
            );
        }
    }
    lines
}

pub(crate) fn purchases(session: &Session) -> Vec<String> {
    rows(session, "select customer, day, spend, refunded from purchases order by customer, day")
}

pub(crate) fn refunds(session: &Session) -> Vec<String> {
    rows(session, "select customer, day, amount from refunds order by customer, day")
}

pub(crate) fn linked_refunds(session: &Session) -> Vec<String> {
    rows(
        session,
        "select customer, order_day, day, amount from linked_refunds order by customer, order_day, day",
    )
}

/// Counts by code, as text.
pub(crate) fn counts<K: std::fmt::Display>(map: &std::collections::BTreeMap<K, u64>) -> Vec<String> {
    map.iter().map(|(code, count)| format!("{code} {count}")).collect()
}
