//! Delta tables, written by the package `deltalake` as a lake's own programs would.

use std::path::{Path, PathBuf};

use perennial_lake::Location;

use super::{plan, refusal, services};
use crate::data::{rows, session};

const TABLES: &str = include_str!("delta_tables.py");

/// Makes the tables; nothing where the test is to be skipped.
fn tables() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    services::python(TABLES, &[&folder.path().to_string_lossy()]).then_some(folder)
}

fn delta(path: &Path) -> Location {
    Location::Delta(path.to_string_lossy().into_owned())
}

fn version(path: &Path, version: u64) -> Location {
    Location::Delta(format!("{}@{version}", path.display()))
}

#[test]
fn the_latest_version_holds_what_was_appended_and_not_what_was_deleted() {
    let Some(folder) = tables() else { return };
    let session = session();
    let orders: PathBuf = folder.path().join("orders");
    session.register_location("t", &delta(&orders)).unwrap();
    // Three rows, three more, those of anna deleted, then a checkpoint and one more.
    assert_eq!(
        rows(&session, "select id, customer, amount, placed_at from t order by id"),
        [
            "2 bert 20.00 2025-01-02T00:00:00Z",
            "3 Ärmel -0.01 2025-01-03T00:00:00Z",
            "5 bert 7.00 2025-02-02T00:00:00Z",
            "6 cleo 1.10 2025-02-03T00:00:00Z",
            "7 dora  ",
        ]
    );
    let counts = [(0, "3"), (1, "6"), (2, "4")];
    for (number, count) in counts {
        session.register_location("old", &version(&orders, number)).unwrap();
        assert_eq!(rows(&session, "select count(*) from old"), [count], "version {number}");
    }
    let plan = plan(&session, "select customer from t where id > 4");
    assert!(plan.contains("predicate=id@0 > 4"), "{plan}");
    assert_eq!(rows(&session, "select customer from t where amount < 0"), ["Ärmel"]);
}

#[test]
fn partitions_are_columns_and_pass_over_files() {
    let Some(folder) = tables() else { return };
    let session = session();
    session.register_location("t", &delta(&folder.path().join("partitioned"))).unwrap();
    // In the order of the table, not of the files.
    assert_eq!(
        rows(&session, "select * from t order by id"),
        ["1 2025-01-01 a/b c 10", "2 2025-01-01 Ä 20", "3 2025-02-01 a/b c 30", "4   40",]
    );
    assert_eq!(rows(&session, "select id from t where day = date '2025-02-01'"), ["3"]);
    assert_eq!(rows(&session, "select id from t where shop is null"), ["4"]);
    assert_eq!(rows(&session, "select count(*), max(day) from t where shop = 'a/b c'"), ["2 2025-02-01"]);
    let all = plan(&session, "select id from t");
    let one = plan(&session, "select id from t where day = date '2025-02-01'");
    let files = |plan: &str| plan.matches(".parquet").count();
    assert_eq!((files(&all), files(&one)), (4, 1), "{all}\n{one}");
    assert_eq!(rows(&session, "select id from t where day = date '1999-01-01'"), [""; 0]);
}

#[test]
fn columns_that_came_later_are_null_in_older_files() {
    let Some(folder) = tables() else { return };
    let session = session();
    let grown = folder.path().join("grown");
    session.register_location("t", &delta(&grown)).unwrap();
    assert_eq!(rows(&session, "select * from t order by id"), ["1 x ", "2 y 2.5"]);
    session.register_location("old", &version(&grown, 0)).unwrap();
    assert_eq!(rows(&session, "select * from old"), ["1 x"]);
    // Overwritten with other columns.
    session.register_location("over", &delta(&folder.path().join("overwritten"))).unwrap();
    assert_eq!(rows(&session, "select * from over"), ["only"]);
}

#[test]
fn deletion_vectors_and_column_mapping_are_honoured() {
    let Some(folder) = tables() else { return };
    let session = session();
    session.register_location("t", &delta(&folder.path().join("vectors"))).unwrap();
    assert_eq!(rows(&session, "select id, name from t order by id"), ["1 b", "3 d", "5 f"]);
    assert_eq!(rows(&session, "select count(*) from t"), ["3"]);
    assert_eq!(rows(&session, "select name from t where id > 1 order by name"), ["d", "f"]);
    session.register_location("m", &delta(&folder.path().join("mapped"))).unwrap();
    assert_eq!(rows(&session, "select \"new id\", \"new name\" from m order by 1"), ["1 x", "2 y"]);
    assert_eq!(rows(&session, "select \"new name\" from m where \"new id\" = 2"), ["y"]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let Some(folder) = tables() else { return };
    let session = session();
    let error = refusal(&session, &delta(&folder.path().join("future")));
    assert!(error.contains("future: ") && error.contains("perennialOnly"), "{error}");
    let error = refusal(&session, &version(&folder.path().join("orders"), 99));
    assert!(error.contains("orders: "), "{error}");
    let error = refusal(&session, &delta(folder.path()));
    assert!(error.contains("there is no folder _delta_log in it"), "{error}");
    assert!(!folder.path().join("missing").exists());
    refusal(&session, &delta(&folder.path().join("missing")));
    assert!(!folder.path().join("missing").exists());
}
