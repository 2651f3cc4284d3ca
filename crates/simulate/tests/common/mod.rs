//! A simulated shop read back from its files, for the tests.

use std::{collections::BTreeMap, path::Path};

/// A table read from CSV: rows by column name.
pub(crate) type Rows = Vec<BTreeMap<String, String>>;

/// Reads a table of the shop in `folder`.
pub(crate) fn table(folder: &Path, name: &str) -> Rows {
    let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// An amount with two decimals, in cents.
pub(crate) fn cents(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap();
    assert_eq!(part.len(), 2, "{amount}");
    let unsigned = whole.trim_start_matches('-').parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap();
    if whole.starts_with('-') { -unsigned } else { unsigned }
}
