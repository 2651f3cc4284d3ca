//! Rows of a customer base grouped by what their likelihoods share.

use std::collections::HashMap;

use crate::{CustomerBase, Purchases};

/// Distinct values, each with a number.
#[derive(Debug, Default)]
pub(crate) struct Distinct {
    numbers: HashMap<u64, u32>,
    values: Vec<f64>,
}

impl Distinct {
    /// The number of a value, equal for equal values.
    pub(crate) fn number(&mut self, value: f64) -> u32 {
        *self.numbers.entry(value.to_bits()).or_insert_with(|| {
            self.values.push(value);
            // A customer base holds fewer than 2^32 rows: each takes 40 bytes.
            u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The distinct values by number.
    pub(crate) fn into_values(self) -> Vec<f64> {
        self.values
    }
}

/// A distinct history: numbers of its frequency, age and recency, and how many customers share it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) frequency: u32,
    pub(crate) age: u32,
    pub(crate) recency: u32,
    pub(crate) customers: f64,
}

/// A customer base grouped to distinct histories, ordered by frequency, with the distinct values that its rows number.
///
/// Gamma and beta terms depend only on the frequency, logarithms only on one time: with data of the granularity of a day there
/// are few of each, and they are computed once per evaluation.
#[derive(Debug)]
pub(crate) struct Grouped {
    pub(crate) rows: Vec<Row>,
    pub(crate) frequencies: Vec<f64>,
    /// Distinct recencies and ages, in units of [`Grouped::unit`].
    pub(crate) times: Vec<f64>,
    /// The mean age, which all times are divided by so that the likelihood's parameters are of order one.
    pub(crate) unit: f64,
}

impl Grouped {
    /// Groups a customer base.
    pub(crate) fn new(base: &CustomerBase) -> Self {
        let unit = mean_age(base);
        let mut times = Distinct::default();
        let mut keyed: Vec<(u128, f64)> = base
            .histories()
            .iter()
            .zip(base.counts())
            .filter(|(_, customers)| **customers > 0.0)
            .map(|(history, &customers)| (key(history, &mut times), customers))
            .collect();
        keyed.sort_unstable_by_key(|(key, _)| *key);
        let mut frequencies = Distinct::default();
        let mut rows: Vec<Row> = Vec::with_capacity(keyed.len());
        let mut last = None;
        for (key, customers) in keyed {
            if last == Some(key) {
                if let Some(row) = rows.last_mut() {
                    row.customers += customers;
                }
                continue;
            }
            last = Some(key);
            let [frequency, age, recency] = parts(key);
            rows.push(Row { frequency: frequencies.number(f64::from(frequency)), age, recency, customers });
        }
        let times = times.into_values().into_iter().map(|time| time / unit).collect();
        Self { rows, frequencies: frequencies.into_values(), times, unit }
    }

    /// The rows of each distinct frequency, with the times that they know.
    pub(crate) fn by_frequency(&self) -> Vec<FrequencyGroup> {
        let group = |rows: &[Row]| {
            FrequencyGroup::new(self.frequencies[rows[0].frequency as usize], rows, &self.times)
        };
        self.rows.chunk_by(|one, next| one.frequency == next.frequency).map(group).collect()
    }

    /// The number of customers of each distinct frequency.
    pub(crate) fn customers_per_frequency(&self) -> Vec<f64> {
        let mut customers = vec![0.0; self.frequencies.len()];
        for row in &self.rows {
            customers[row.frequency as usize] += row.customers;
        }
        customers
    }
}

/// The customers with the same number of purchases, for likelihoods that integrate over the time since the last one: integrals from each
/// point to the next are shared by all silences that span them.
#[derive(Debug)]
pub(crate) struct FrequencyGroup {
    pub(crate) frequency: f64,
    pub(crate) customers: f64,
    /// The numbers of their recencies and ages among all times, ascending by time.
    pub(crate) points: Vec<u32>,
    pub(crate) silences: Vec<Span>,
}

/// Customers who have been silent between two of a group's points.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) customers: f64,
}

impl FrequencyGroup {
    fn new(frequency: f64, rows: &[Row], times: &[f64]) -> Self {
        let mut points: Vec<u32> = rows.iter().flat_map(|row| [row.recency, row.age]).collect();
        let by_time = |one: &u32, other: &u32| times[*one as usize].total_cmp(&times[*other as usize]);
        points.sort_unstable_by(by_time);
        points.dedup();
        let place = |number: u32| points.partition_point(|point| by_time(point, &number).is_lt());
        let silences = rows
            .iter()
            .map(|row| Span { from: place(row.recency), to: place(row.age), customers: row.customers })
            .collect();
        Self { frequency, customers: rows.iter().map(|row| row.customers).sum(), points, silences }
    }
}

/// A number that is equal for equal histories and orders by frequency.
fn key(history: &Purchases, times: &mut Distinct) -> u128 {
    let age = times.number(history.age());
    let recency = times.number(history.recency());
    u128::from(history.frequency()) << 64 | u128::from(age) << 32 | u128::from(recency)
}

/// Frequency and the numbers of age and recency, back from a key.
#[allow(clippy::cast_possible_truncation, reason = "each part is 32 bits of the key")]
fn parts(key: u128) -> [u32; 3] {
    [(key >> 64) as u32, (key >> 32) as u32, key as u32]
}

/// The mean age of the customers, or 1 when there is no positive one.
fn mean_age(base: &CustomerBase) -> f64 {
    let total: f64 = base.histories().iter().zip(base.counts()).map(|(h, n)| h.age() * n).sum();
    let mean = total / base.customers();
    if mean > 0.0 && mean.is_finite() { mean } else { 1.0 }
}
