//! Parquet: the columnar path and the row path agree with each other and with hand-made tables.

use std::path::Path;
use std::sync::Arc;

use perennial_lake::arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use perennial_lake::{OutputFormat, Session, ZeroOrders};

use crate::data::{counts, linked_refunds, purchases, read, read_with, refunds, session, try_read};

const DAY: i64 = 86_400_000;

/// Writes columns as a Parquet file and returns its path.
fn file(folder: &Path, name: &str, columns: Vec<(&str, ArrayRef)>) -> String {
    let session = session();
    session
        .register(
            "t",
            vec![
                RecordBatch::try_from_iter_with_nullable(
                    columns.into_iter().map(|(name, column)| (name, column, true)),
                )
                .unwrap(),
            ],
        )
        .unwrap();
    let path = folder.join(name);
    session.write("select * from t", &path, OutputFormat::Parquet).unwrap();
    path.to_string_lossy().into_owned()
}

fn dirty_columns() -> Vec<(&'static str, ArrayRef)> {
    let customers =
        Int64Array::from(vec![Some(1), Some(1), None, Some(2), Some(2), Some(2), Some(3), Some(3), Some(3)]);
    let times = TimestampMillisecondArray::from(vec![
        Some(19_700 * DAY),
        Some(19_700 * DAY + DAY - 1),
        Some(19_700 * DAY),
        None,
        Some(90_000 * DAY),
        Some(40_000 * DAY),
        Some(19_701 * DAY),
        Some(19_702 * DAY),
        Some(19_703 * DAY),
    ]);
    let amounts = Float64Array::from(vec![
        Some(1.1),
        Some(2.2),
        Some(1.0),
        Some(1.0),
        Some(1.0),
        Some(1.0),
        Some(f64::NAN),
        Some(-3.3),
        Some(0.0),
    ]);
    let notes = StringArray::from(vec!["n"; 9]);
    vec![
        ("customer_id", Arc::new(customers)),
        ("ordered_at", Arc::new(times)),
        ("amount", Arc::new(amounts)),
        ("note", Arc::new(notes)),
    ]
}

/// The same rows with an order number of their own go by rows.
fn with_order_numbers(mut columns: Vec<(&'static str, ArrayRef)>) -> Vec<(&'static str, ArrayRef)> {
    let rows = i64::try_from(columns[0].1.len()).unwrap();
    columns.push(("order_id", Arc::new(Int64Array::from_iter_values(0..rows))));
    columns
}

fn check_dirty(session: &Session, reading: &perennial_lake::Reading) {
    assert_eq!(purchases(session), ["1 2023-12-09 330 0", "3 2023-12-12 0 0"]);
    assert_eq!(refunds(session), ["3 2023-12-11 330"]);
    assert!(linked_refunds(session).is_empty());
    assert_eq!(
        counts(&reading.quality.refused),
        ["no_customer 1", "no_date 1", "bad_date 1", "future_date 1", "bad_amount 1"]
    );
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (9, 4));
}

#[test]
fn both_paths_make_the_same_of_dirty_rows() {
    let folder = tempfile::tempdir().unwrap();
    let by_columns = file(folder.path(), "columns.parquet", dirty_columns());
    let by_rows = file(folder.path(), "rows.parquet", with_order_numbers(dirty_columns()));
    let quarantine = folder.path().join("refused.csv");
    for path in [by_columns, by_rows] {
        let (session, reading) = read_with(&[path], |source| source.quarantine = Some(quarantine.clone()));
        check_dirty(&session, &reading);
        let lines: Vec<String> = csv::Reader::from_path(&quarantine)
            .unwrap()
            .records()
            .map(|record| record.map(|record| format!("{} {}", &record[1], &record[2])).unwrap())
            .collect();
        assert_eq!(lines, ["3 no_customer", "4 no_date", "5 bad_date", "6 future_date", "7 bad_amount"]);
    }
}

#[test]
fn an_integer_customer_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let (session, reading) = read(&[file(folder.path(), "t.parquet", dirty_columns())]);
    let batches = session.query("select customer from purchases").unwrap();
    assert_eq!(batches[0].schema().field(0).data_type(), &perennial_lake::arrow::datatypes::DataType::Int64);
    assert_eq!(counts(&reading.quality.treated), ["unlinked_refund 1", "zero_amount 1"]);
    let zero = |source: &mut perennial_lake::OrderSource| source.zero_orders = ZeroOrders::Drop;
    let (session, reading) = read_with(&[file(folder.path(), "t.parquet", dirty_columns())], zero);
    assert_eq!(purchases(&session), ["1 2023-12-09 330 0"]);
    assert_eq!(counts(&reading.quality.treated), ["unlinked_refund 1", "zero_dropped 1"]);
}

#[test]
fn texts_dates_and_decimals() {
    let folder = tempfile::tempdir().unwrap();
    let customers: ArrayRef =
        Arc::new(StringArray::from(vec![Some("Ann@X.org"), Some(" ann@x.org "), Some(""), Some("Bo")]));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![19_700, 19_700, 19_700, 19_701]));
    let amounts: ArrayRef =
        Arc::new(Decimal128Array::from(vec![1_234, 1, 5, 10]).with_precision_and_scale(10, 3).unwrap());
    let columns = vec![("email", customers), ("date", dates), ("total", amounts)];
    let (session, reading) = read(&[file(folder.path(), "t.parquet", columns)]);
    assert_eq!(reading.scale, 3);
    assert_eq!(purchases(&session), ["Bo 2023-12-10 10 0", "ann@x.org 2023-12-09 1235 0"]);
    assert_eq!(counts(&reading.quality.refused), ["no_customer 1"]);
}

#[test]
fn zones_move_instants_but_not_the_shops_own_clock() {
    let folder = tempfile::tempdir().unwrap();
    let columns = |times: TimestampMillisecondArray| -> Vec<(&'static str, ArrayRef)> {
        vec![("customer", Arc::new(Int32Array::from(vec![1]))), ("created", Arc::new(times))]
    };
    let late = || TimestampMillisecondArray::from(vec![19_700 * DAY + 23 * 3_600_000]);
    let naive = file(folder.path(), "naive.parquet", columns(late()));
    let instant = file(folder.path(), "instant.parquet", columns(late().with_timezone("UTC")));
    let berlin = || jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let (session, reading) = read_with(&[naive], |source| source.time_zone = Some(berlin()));
    assert_eq!(purchases(&session), ["1 2023-12-09 0 0"]);
    assert!(!reading.has_amounts);
    let (session, _) = read_with(&[instant], |source| source.time_zone = Some(berlin()));
    assert_eq!(purchases(&session), ["1 2023-12-10 0 0"]);
}

#[test]
fn amounts_with_many_decimals_raise_the_scale_or_are_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let columns = |amounts: Vec<f64>| -> Vec<(&'static str, ArrayRef)> {
        let rows = amounts.len();
        vec![
            ("customer", Arc::new(Int64Array::from(vec![1; rows]))),
            ("date", Arc::new(Date32Array::from(vec![19_700; rows]))),
            ("amount", Arc::new(Float64Array::from(amounts))),
        ]
    };
    let (session, reading) = read(&[file(folder.path(), "a.parquet", columns(vec![1.25, 0.1234, 3.0]))]);
    assert_eq!((reading.scale, purchases(&session)), (4, vec!["1 2023-12-09 43734 0".to_owned()]));
    let (session, reading) = read(&[file(folder.path(), "b.parquet", columns(vec![1.0 / 3.0]))]);
    assert_eq!((reading.scale, purchases(&session)), (6, vec!["1 2023-12-09 333333 0".to_owned()]));
    assert_eq!(counts(&reading.quality.treated), ["rounded_amount 1"]);
    let error =
        try_read(&session, &[file(folder.path(), "c.parquet", columns(vec![1e12]))], |_| {}).unwrap_err();
    assert!(error.to_string().contains("1 amount_too_large"), "{error}");
}

#[test]
fn currencies_of_a_column_are_looked_at_before_amounts_are_summed() {
    let folder = tempfile::tempdir().unwrap();
    let columns = |codes: Vec<&str>| -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("customer", Arc::new(Int64Array::from(vec![1, 2]))),
            ("date", Arc::new(Date32Array::from(vec![19_700; 2]))),
            ("amount", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
            ("currency", Arc::new(StringArray::from(codes))),
        ]
    };
    let (_, reading) = read(&[file(folder.path(), "a.parquet", columns(vec!["eur", "EUR"]))]);
    assert_eq!(reading.currency.as_deref(), Some("EUR"));
    let mixed = file(folder.path(), "b.parquet", columns(vec!["EUR", "GBP"]));
    assert!(
        try_read(&session(), std::slice::from_ref(&mixed), |_| {})
            .unwrap_err()
            .to_string()
            .contains("--rate")
    );
    let (session, _) = read_with(&[mixed], |source| {
        source.currency = Some("EUR".to_owned());
        source.rates.insert("GBP".to_owned(), 1.5);
    });
    assert_eq!(purchases(&session), ["1 2023-12-09 100 0", "2 2023-12-09 300 0"]);
}

#[test]
fn names_that_look_like_patterns_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "orders [2024] 100% #1 ä.parquet", dirty_columns());
    let (session, reading) = read(&[path]);
    check_dirty(&session, &reading);
}
