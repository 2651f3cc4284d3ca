//! The benchmark's order log is what its documentation says.

#![expect(clippy::unwrap_used, reason = "a test fails where a value is missing")]

use std::{collections::BTreeSet, fs, path::Path};

use arrow::{
    array::AsArray,
    datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType},
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use perennial_simulate::{Error, purchase_log};

/// Customer, microsecond and amount of every row.
fn read(path: &Path) -> Vec<(i64, i64, f64)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let types: Vec<DataType> =
        reader.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Int64, DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Float64]);
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let ids = batch.column(0).as_primitive::<Int64Type>().values();
        let moments = batch.column(1).as_primitive::<TimestampMicrosecondType>().values();
        let amounts = batch.column(2).as_primitive::<Float64Type>().values();
        rows.extend((0..batch.num_rows()).map(|i| (ids[i], moments[i], amounts[i])));
    }
    rows
}

#[test]
fn the_log_is_in_the_order_of_time_and_as_long_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.parquet");
    let written = purchase_log(20_000, 100_000, 7, &path).unwrap();
    let rows = read(&path);
    assert_eq!(rows.len() as u64, written);
    assert!((written as f64 / 100_000.0 - 1.0).abs() < 0.02, "{written} orders instead of 100,000");
    assert!(rows.is_sorted_by_key(|row| row.1));
    let customers: BTreeSet<i64> = rows.iter().map(|row| row.0).collect();
    assert!(customers.into_iter().eq(1..=20_000), "every customer has an order");
    assert!(!rows.is_sorted_by_key(|row| row.0));
    for (_, _, amount) in &rows {
        let cents = amount * 100.0;
        assert!(*amount > 0.0 && (cents - cents.round()).abs() < 1e-6, "{amount} is no amount in cents");
    }
}

#[test]
fn threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |threads| {
        let path = folder.path().join("log.parquet");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| purchase_log(5_000, 20_000, 7, &path)).unwrap();
        fs::read(path).unwrap()
    };
    assert!(bytes(1) == bytes(4));
}

#[test]
fn fewer_orders_than_customers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |orders| purchase_log(1_000, orders, 7, &folder.path().join("log.parquet"));
    assert!(matches!(refused(999), Err(Error::Setting { name: "orders", .. })));
    assert!(matches!(refused(100_000_000), Err(Error::Setting { name: "r / alpha", .. })));
    assert_eq!(refused(1_000).ok(), Some(1_000), "one order each");
}
