//! Real data, read from the files that the workspace's tests share.

use std::{collections::BTreeMap, fs::File, path::PathBuf};

use flate2::read::GzDecoder;
use perennial_models::{MeanSpend, Opportunities, Purchases};

/// Days from one date to another, both as YYYY-MM-DD.
fn day_number(date: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| date[range].parse::<i64>().expect("a date as YYYY-MM-DD");
    let (year, month, day): (i64, i64, i64) = (part(0..4), part(5..7), part(8..10));
    // Days since 0000-03-01 in the proleptic Gregorian calendar.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1
}

/// The folder with real data.
fn folder() -> PathBuf {
    let folder = std::env::var_os("PERENNIAL_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    assert!(
        folder.is_dir(),
        "no data in {}; `cargo xtask test` fetches what the tests need and sets PERENNIAL_DATA",
        folder.display()
    );
    folder
}

/// What is read from other data than CDNOW; `None` where only CDNOW is at hand, as `cargo xtask test` says where the other data cannot be
/// had. The test is then not run, which is said.
fn beyond_cdnow<T>(read: impl FnOnce() -> T) -> Option<T> {
    if std::env::var("PERENNIAL_DATA_ONLY").is_ok_and(|only| only == "cdnow") {
        eprintln!("not run: only CDNOW is at hand (PERENNIAL_DATA_ONLY=cdnow)");
        return None;
    }
    Some(read())
}

/// A customer's purchases until a date and after it; same-day purchases merged.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    /// In weeks, until the date.
    pub(crate) history: Purchases,
    /// Of the repeat transactions with spend until the date.
    pub(crate) spend: Option<MeanSpend>,
    /// Days with a purchase after the date and until the end.
    pub(crate) later: u32,
    /// The values of the repeat transactions until the date that were not free of charge.
    pub(crate) values: Vec<f64>,
    /// The values of those after the date and until the end.
    pub(crate) later_values: Vec<f64>,
}

/// Reads a log of purchases: per customer and day the sum of the amounts (0 without such a column).
fn days(
    file: &str,
    [customer, date]: [&str; 2],
    amount: Option<&str>,
) -> BTreeMap<String, BTreeMap<i64, f64>> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(open(file)));
    let headers = reader.headers().expect("a header").clone();
    let column = |name| headers.iter().position(|header| header == name).expect("the column");
    let (customer, date) = (column(customer), column(date));
    let amount = amount.map(column);
    let mut customers: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("a record");
        let value = amount.map_or(0.0, |amount| record[amount].parse().expect("an amount"));
        *customers
            .entry(record[customer].to_owned())
            .or_default()
            .entry(day_number(&record[date]))
            .or_default() += value;
    }
    customers
}

/// The customers of a log with a first purchase by `until`, split there; purchases after `end` do not count.
fn split(customers: BTreeMap<String, BTreeMap<i64, f64>>, until: &str, end: &str) -> Vec<Customer> {
    let (until, end) = (day_number(until), day_number(end));
    customers.into_values().filter_map(|days| customer(&days, until, end)).collect()
}

fn customer(days: &BTreeMap<i64, f64>, until: i64, end: i64) -> Option<Customer> {
    let first = *days.keys().next().filter(|day| **day <= until)?;
    let repeats: Vec<(i64, f64)> =
        days.range(..=until).skip(1).map(|(day, amount)| (*day, *amount)).collect();
    let frequency = u32::try_from(repeats.len()).expect("few purchases");
    let last = repeats.last().map_or(first, |(day, _)| *day);
    let weeks = |days: i64| days as f64 / 7.0;
    let log_intervals: f64 = std::iter::once(first)
        .chain(repeats.iter().map(|(day, _)| *day))
        .zip(&repeats)
        .map(|(before, (day, _))| weeks(day - before).ln())
        .sum();
    let history = Purchases::new(frequency, weeks(last - first), weeks(until - first))
        .expect("a valid history")
        .with_log_intervals(log_intervals);
    let spends: Vec<f64> = repeats.iter().map(|(_, amount)| *amount).collect();
    let spend = MeanSpend::new(frequency, spends.iter().sum::<f64>() / f64::from(frequency.max(1))).ok();
    let later = u32::try_from(days.keys().filter(|day| **day > until && **day <= end).count())
        .expect("few purchases");
    let paid = |amounts: Vec<f64>| amounts.into_iter().filter(|amount| *amount > 0.0).collect();
    let values = paid(spends);
    let later_values = paid(days.range(until + 1..=end).map(|(_, amount)| *amount).collect());
    Some(Customer { history, spend, later, values, later_values })
}

/// The CDNOW 1/10 sample, calibrated until 1997-09-30 with 39 weeks held out.
pub(crate) fn cdnow() -> Vec<Customer> {
    split(
        days("cdnow/cdnow_sample.csv.gz", ["customer_id", "date"], Some("amount")),
        "1997-09-30",
        "1998-06-30",
    )
}

/// The simulated apparel retailer of the package CLVTools, calibrated on its first year.
pub(crate) fn apparel_histories() -> Option<Vec<Customer>> {
    beyond_cdnow(|| {
        let days = days("apparel_clvtools/apparel_trans.csv.gz", ["Id", "Date"], Some("Price"));
        split(days, "2006-01-01", "2010-12-20")
    })
}

/// The online grocer, calibrated on its first four months.
pub(crate) fn grocery() -> Option<Vec<Customer>> {
    grocery_until("2006-04-30")
}

/// The online grocer, calibrated until a date and held out until 2007-12-30.
pub(crate) fn grocery_until(until: &str) -> Option<Vec<Customer>> {
    beyond_cdnow(|| {
        split(days("grocery_btydplus/grocery_elog.csv.gz", ["cust", "date"], None), until, "2007-12-30")
    })
}

/// A donor's yearly opportunities: the numbers, from 1, of those at which the donor gave.
#[derive(Debug, Clone)]
pub(crate) struct Donor {
    pub(crate) bought: Vec<u32>,
}

impl Donor {
    /// The history over the first `n` opportunities.
    pub(crate) fn until(&self, n: u32) -> Opportunities {
        let known: Vec<u32> = self.bought.iter().copied().filter(|opportunity| *opportunity <= n).collect();
        let frequency = u32::try_from(known.len()).expect("few donations");
        Opportunities::new(frequency, known.last().copied().unwrap_or(0), n).expect("a valid history")
    }
}

/// The donors simulated by the package BTYD: all acquired in 1970, with thirteen yearly opportunities until 1983.
pub(crate) fn discrete_donors() -> Option<Vec<Donor>> {
    beyond_cdnow(read_donors)
}

fn read_donors() -> Vec<Donor> {
    let customers = days("btyd_discrete_sim/discrete_sim_elog.csv.gz", ["cust", "date"], None);
    let year = |day: i64| u32::try_from((day - day_number("1970-01-01")) / 365).expect("a year from 1970 on");
    let donor =
        |days: BTreeMap<i64, f64>| Donor { bought: days.into_keys().map(year).filter(|y| *y > 0).collect() };
    customers.into_values().map(donor).collect()
}

/// The percentages of customers left at years 0 to 12, of the segments High End and Regular.
pub(crate) fn retention_tables() -> Option<[Vec<f64>; 2]> {
    let names = ["high_end_pct_alive", "regular_pct_alive"];
    let columns = columns("reference_tables/sbg_retention.csv.gz", names)?;
    let numbers = |column: Vec<String>| column.iter().map(|value| value.parse().expect("a number")).collect();
    Some(columns.map(numbers))
}

/// Columns of a table as text.
pub(crate) fn columns<const N: usize>(file: &str, names: [&str; N]) -> Option<[Vec<String>; N]> {
    beyond_cdnow(|| read_columns(file, names))
}

fn read_columns<const N: usize>(file: &str, names: [&str; N]) -> [Vec<String>; N] {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(open(file)));
    let headers = reader.headers().expect("a header").clone();
    let places = names.map(|name| headers.iter().position(|header| header == name).expect("the column"));
    let mut columns = names.map(|_| Vec::new());
    for record in reader.records() {
        let record = record.expect("a record");
        for (column, place) in columns.iter_mut().zip(places) {
            column.push(record[place].to_owned());
        }
    }
    columns
}

/// Opens a file of the folder with real data.
fn open(file: &str) -> File {
    let path = folder().join(file);
    File::open(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo xtask test` fetches what the tests need", path.display())
    })
}

/// A customer of the apparel retailer, whose customers all made their first purchase on 2005-01-02.
#[derive(Debug, Clone)]
pub(crate) struct ApparelCustomer {
    /// Gender and channel, each 0 or 1.
    pub(crate) covariates: Vec<f64>,
    /// The times of the repeat purchases in weeks, all of them.
    pub(crate) times: Vec<f64>,
}

/// The apparel retailer that comes with CLVTools.
pub(crate) fn apparel() -> Option<Vec<ApparelCustomer>> {
    beyond_cdnow(read_apparel)
}

fn read_apparel() -> Vec<ApparelCustomer> {
    let mut purchases: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for record in records("apparel_clvtools/apparel_trans.csv.gz") {
        purchases.entry(record[0].to_owned()).or_default().push(day_number(&record[1]));
    }
    let first = day_number("2005-01-02");
    let customer = |record: csv::StringRecord| {
        let mut days = purchases.remove(&record[0]).expect("a customer with purchases");
        days.sort_unstable();
        days.dedup();
        assert_eq!(days[0], first);
        let covariates = record.iter().skip(1).map(|value| value.parse().expect("a number")).collect();
        let times = days[1..].iter().map(|day| (day - first) as f64 / 7.0).collect();
        ApparelCustomer { covariates, times }
    };
    records("apparel_clvtools/apparel_static_cov.csv.gz").map(customer).collect()
}

/// The apparel retailer's season per week from 2005-01-02 on: the same for all customers; 1 when high.
pub(crate) fn apparel_season() -> Vec<f64> {
    let mut weeks: BTreeMap<i64, u8> = BTreeMap::new();
    for record in records("apparel_clvtools/apparel_dyn_cov.csv.gz") {
        let season = record[2].parse().expect("0 or 1");
        assert_eq!(*weeks.entry(day_number(&record[1])).or_insert(season), season);
    }
    let first = day_number("2005-01-02");
    assert!(weeks.keys().zip((first..).step_by(7)).all(|(day, expected)| *day == expected));
    weeks.into_values().map(f64::from).collect()
}

/// The records of a compressed table.
fn records(file: &str) -> impl Iterator<Item = csv::StringRecord> {
    let reader = csv::Reader::from_reader(GzDecoder::new(open(file)));
    reader.into_records().map(|record| record.expect("a record"))
}
