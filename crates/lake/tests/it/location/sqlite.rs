//! Tables of SQLite files.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::database::{Comparable, same_rows_as_the_engine};
use super::{database, failure, plan, refusal, rows_until_error};
use crate::data::{rows, session};

pub(super) fn execute(path: &Path, statements: &str) {
    runtime().block_on(async {
        let mut connection = connect(path).await;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn shop(statements: &'static str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    execute(&path, statements);
    (folder, path)
}

pub(super) fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

const EDGES: &str = "
    create table edges (id integer primary key, name text, nick varchar(10) collate nocase, weight real, price decimal(10, 2),
        paid boolean, day date, anything);
    insert into edges values
        (1, 'Anna', 'a', 1.5, 11.77, 1, '2025-01-01', 'x'),
        (2, 'anna', 'A', -0.0, 3, 0, '2025-02-01 10:00:00', 7),
        (3, 'Ärmel', '', 0.0, 0.1, null, 20250301, 2.5),
        (4, '', null, 9007199254740993.0, null, 1, null, null),
        (5, null, 'ß', null, -5.5, 0, '20250401', '7'),
        (6, '😀', 'z''; drop table edges; --', 1e300, 11.77, null, '1969-12-31', 'Anna'),
        (-9223372036854775808, 'min', 'B', -1e300, 9007199254740992, 1, 'soon', ''),
        (9223372036854775807, 'max', 'b', 0.1, 0, 0, '9999-12-31', 'y');
    create view names as select id, upper(name) as name, id * 2 as doubled from edges where id between 1 and 2;
    create table empty (id integer, name text);";

#[test]
fn declared_types_become_types() {
    let (_folder, path) = shop(EDGES);
    let session = session();
    session.register_location("t", &database(&url(&path), "edges")).unwrap();
    assert_eq!(
        rows(
            &session,
            "select column_name, data_type from information_schema.columns where table_name = 't'"
        ),
        [
            "id Int64",
            "name Utf8View",
            "nick Utf8View",
            "weight Float64",
            "price Float64",
            "paid Boolean",
            "day Utf8View",
            "anything Utf8View"
        ]
    );
    assert_eq!(
        rows(
            &session,
            "select name, nick, weight, price, paid, day, anything from t where id in (2, 3, 4, 6) order by id"
        ),
        [
            "anna A 0.0 3.0 false 2025-02-01 10:00:00 7",
            "Ärmel  0.0 0.1  20250301 2.5",
            "  9007199254740992.0  true  ",
            "😀 z'; drop table edges; -- 1e300 11.77  1969-12-31 Anna"
        ]
    );
    assert_eq!(
        rows(&session, "select min(id), max(id), count(*), count(nick) from t"),
        ["-9223372036854775808 9223372036854775807 8 7"]
    );
    session.register_location("v", &database(&url(&path), "MAIN.names")).unwrap();
    assert_eq!(rows(&session, "select * from v order by id"), ["1 ANNA 2", "2 ANNA 4"]);
    session.register_location("n", &database(&url(&path), "empty")).unwrap();
    assert_eq!(rows(&session, "select count(*), max(name) from n"), ["0 "]);
    assert_eq!(rows(&session, "select id from n"), [""; 0]);
}

#[test]
fn filters_keep_the_rows_that_the_engine_would_keep() {
    let (_folder, path) = shop(EDGES);
    same_rows_as_the_engine(
        &session(),
        &database(&url(&path), "edges"),
        &[
            Comparable { column: "id", literals: &["-9223372036854775808", "2", "5"] },
            Comparable { column: "name", literals: &["''", "'Anna'", "'anna'", "'Ä'", "'😀'"] },
            Comparable { column: "nick", literals: &["''", "'a'", "'A'", "'z''; drop table edges; --'"] },
            Comparable {
                column: "weight",
                literals: &["cast(-1 as double)", "cast(0 as double)", "0.1e0", "1e300"],
            },
            Comparable { column: "price", literals: &["cast(0 as double)", "0.1e0", "11.77e0"] },
            Comparable { column: "paid", literals: &["false", "true"] },
            Comparable { column: "day", literals: &["'20250301'", "'2025-01-01'", "'2025-02-01'", "'7'"] },
            Comparable { column: "anything", literals: &["''", "'7'", "'Anna'"] },
        ],
    );
}

/// A value that does not fit tells whether it was read at all.
#[test]
fn filters_columns_and_limits_reach_the_database() {
    let (_folder, path) = shop(
        "create table t (id integer primary key, n integer, other integer);
         insert into t values (1, 10, 1), (2, 20, 2), (3, 'thirty', 3), (4, 40, x'ff');",
    );
    let session = session();
    session.register_location("t", &database(&url(&path), "t")).unwrap();
    assert_eq!(rows(&session, "select n from t where id < 3 order by id"), ["10", "20"]);
    assert_eq!(rows(&session, "select sum(other) from t where id <= 3"), ["6"]);
    assert_eq!(rows(&session, "select n from t limit 2"), ["10", "20"]);
    let error = failure(&session, "select n from t");
    assert!(error.contains("shop.db: table \"t\", column \"n\", row 3 of the answer"), "{error}");
    assert!(error.contains("the text \"thirty\" where the declared type promises whole numbers"), "{error}");
    let error = failure(&session, "select other from t where id = 4");
    assert!(error.contains("binary data"), "{error}");
    let exact = plan(&session, "select n from t where id < 3 and n in (10, 20)");
    assert!(!exact.contains("FilterExec"), "{exact}");
    let left_over = plan(&session, "select n from t where id < 3 and n % 7 = 3");
    assert!(left_over.contains("FilterExec: n@"), "{left_over}");
}

#[test]
fn errors_name_the_database_and_the_nearest_table() {
    let (folder, path) = shop("create table orders (id integer); create table customers (id integer);");
    let session = session();
    let error = refusal(&session, &database(&url(&path), "order"));
    assert!(
        error.contains("shop.db: there is no table or view \"order\" (did you mean \"orders\"?)"),
        "{error}"
    );
    assert!(error.contains("there are \"customers\", \"orders\""), "{error}");
    let error = refusal(&session, &database("sqlite:/no/such.db", "orders"));
    assert!(error.contains("/no/such.db: there is no such file"), "{error}");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is a text of more than a few bytes, and no database at all".repeat(20))
        .unwrap();
    let error = refusal(&session, &database(&url(&text), "orders"));
    assert!(error.contains("this is no SQLite file"), "{error}");
    // Asked for the columns, then gone.
    session.register_location("gone", &database(&url(&path), "orders")).unwrap();
    execute(&path, "drop table orders");
    let error = failure(&session, "select id from gone");
    assert!(
        error.contains("reading the table \"orders\" failed: ") && error.contains("no such table"),
        "{error}"
    );
}

/// What others write meanwhile is no part of a scan, and does not wait for it.
#[test]
fn a_scan_sees_one_state() {
    let (_folder, path) = shop(
        "create table t (n integer);
         with recursive c(n) as (select 1 union all select n + 1 from c where n < 200000) insert into t select n from c;",
    );
    let session = session();
    session.register_location("t", &database(&url(&path), "t")).unwrap();
    let mut changed = false;
    let seen = rows_until_error(&session, "select n from t", |_| {
        if !changed {
            execute(&path, "delete from t where n > 100000");
            changed = true;
        }
    });
    assert_eq!(seen.unwrap(), 200_000);
    assert_eq!(
        rows(&session, "select count(*), sum(n) from t"),
        [format!("100000 {}", 100_000_u64 * 100_001 / 2)]
    );
}

#[test]
fn a_file_that_nobody_may_write_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = shop("create table t (n integer); insert into t values (1);");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let session = session();
    session.register_location("t", &database(&url(&path), "t")).unwrap();
    assert_eq!(rows(&session, "select n from t"), ["1"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(folder);
}
