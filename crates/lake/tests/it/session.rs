//! The query session: tables, spilling, output files.

use std::sync::Arc;

use perennial_lake::arrow::array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use perennial_lake::{Error, OutputFormat, Session, SessionOptions};

use crate::data::{rows, session};

fn batch() -> RecordBatch {
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("=1+2"), Some("plain, \"quoted\""), None]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![-5, 0, 7]));
    let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::NAN), None]));
    RecordBatch::try_from_iter_with_nullable([
        ("name", names, true),
        ("number", numbers, false),
        ("value", values, true),
    ])
    .unwrap()
}

#[test]
fn tables_views_and_materialised_answers() {
    let session = session();
    session.register("t", vec![batch(), batch()]).unwrap();
    session.view("v", "select number from t where number > 0").unwrap();
    assert_eq!(session.materialise("m", "select sum(number) as total from v").unwrap(), 1);
    assert_eq!(rows(&session, "select total from m"), ["14"]);
    session.register("t", vec![batch()]).unwrap();
    assert_eq!(rows(&session, "select count(*) from t"), ["3"]);
    assert_eq!(session.materialise("empty", "select * from t where number > 100").unwrap(), 0);
    assert_eq!(rows(&session, "select count(*) from empty"), ["0"]);
    session.drop_table("m").unwrap();
    assert!(session.query("select * from m").is_err());
    assert!(session.register("none", Vec::new()).is_err());
}

#[test]
fn large_answers_become_files_that_vanish_with_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let options = SessionOptions {
        threads: 2,
        table_memory: 1 << 16,
        temporary_folder: Some(folder.path().to_path_buf()),
        ..SessionOptions::default()
    };
    let session = Session::new(&options).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
    let names: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..100_000).map(|n| format!("customer {n}"))));
    session
        .register("t", vec![RecordBatch::try_from_iter([("n", numbers), ("name", names)]).unwrap()])
        .unwrap();
    assert_eq!(session.materialise("m", "select n, name from t where n % 2 = 0").unwrap(), 50_000);
    let kept = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(kept(), 1);
    assert_eq!(
        rows(&session, "select count(*), sum(n), max(name) from m"),
        ["50000 2499950000 customer 99998"]
    );
    drop(session);
    assert_eq!(kept(), 0);
}

#[test]
fn only_selects_are_answered() {
    let session = session();
    session.register("t", vec![batch()]).unwrap();
    for sql in [
        "drop table t",
        "create table u as select 1",
        "set datafusion.execution.batch_size = 1",
        "nonsense",
        "",
    ] {
        assert!(matches!(session.query(sql), Err(Error::Query { .. })), "{sql}");
    }
}

#[test]
fn batches_are_handed_on_and_the_consumer_may_ask_and_stop() {
    let session = session();
    session.register("t", vec![batch(), batch()]).unwrap();
    let mut seen = 0;
    session
        .for_each("select number from t", |batch| {
            seen += batch.num_rows();
            session.query("select 1").map(drop)
        })
        .unwrap();
    assert_eq!(seen, 6);
    let stopped: Result<(), Error> =
        session.for_each("select number from t", |_| session.query("select * from missing").map(drop));
    assert!(stopped.is_err());
}

#[test]
fn csv_is_safe_for_spreadsheets() {
    let session = session();
    session.register("t", vec![batch()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    assert_eq!(
        session.write("select name, number from t order by number", &path, OutputFormat::Csv).unwrap(),
        3
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "name,number\n'=1+2,-5\n\"plain, \"\"quoted\"\"\",0\n,7\n");
}

#[test]
fn json_is_an_array_of_objects_and_parquet_reads_back() {
    let session = session();
    session.register("t", vec![batch()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.json");
    session.write("select * from t order by number", &path, OutputFormat::Json).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(value[0], serde_json::json!({"name": "=1+2", "number": -5, "value": 0.5}));
    // Neither NaN nor an absent value has a number.
    assert_eq!((&value[1]["value"], &value[2]["name"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    session.write("select * from t where number > 100", &path, OutputFormat::Json).unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&std::fs::read(&path).unwrap()).unwrap(),
        serde_json::json!([])
    );

    let path = folder.path().join("t.parquet");
    assert_eq!(session.write("select * from t", &path, OutputFormat::Parquet).unwrap(), 3);
    assert_eq!(std::fs::read(&path).unwrap().get(..4), Some(&b"PAR1"[..]));
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let session = session();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
    session.register("t", vec![RecordBatch::try_from_iter([("n", numbers)]).unwrap()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    assert!(session.write("select 1 / (n - n) from t", &path, OutputFormat::Csv).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let nowhere = folder.path().join("missing/t.csv");
    assert!(
        session
            .write("select n from t", &nowhere, OutputFormat::Csv)
            .unwrap_err()
            .to_string()
            .contains("missing")
    );
}

#[test]
fn answers_are_the_same_on_one_and_on_several_threads() {
    let answers = [1, 2, 4].map(|threads| {
        let session = Session::new(&SessionOptions { threads, ..SessionOptions::default() }).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..50_000).map(|n| n * 7919 % 1009)));
        assert_eq!(numbers.null_count(), 0);
        session.register("t", vec![RecordBatch::try_from_iter([("n", numbers)]).unwrap()]).unwrap();
        rows(&session, "select n, count(*), sum(n) from t group by n order by n")
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}
