//! What a model sees of a customer: how often, how recently, for how long.

use serde::{Deserialize, Serialize};

use crate::Fingerprint;

/// The unit in which recency, age and horizons are counted.
///
/// Time is days divided by [`TimeUnit::days`], in floating point; calendar weeks or months are never counted
/// (counting them loses purchases at the borders).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// One day.
    Day,
    /// Seven days.
    Week,
    /// 30.4375 days, a twelfth of a Julian year.
    Month,
    /// 365.25 days.
    Year,
}

impl TimeUnit {
    /// The length of the unit in days.
    #[must_use]
    pub const fn days(self) -> f64 {
        match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => 30.4375,
            Self::Year => 365.25,
        }
    }
}

/// A customer's history in the terms of the papers: x, `t_x` and T.
///
/// `frequency` (x) counts the repeat transactions, so a customer with one purchase has 0; `recency` (`t_x`) is the time of
/// the last transaction and `age` (T) the time of observation, both since the first transaction and both in one
/// [`TimeUnit`]. It holds that 0 <= `t_x` <= T, and that `t_x` = 0 exactly when x = 0.
///
/// Models of regularity also look at the times between the transactions, through one number: the sum of their logarithms
/// ([`Purchases::with_log_intervals`]). The other models pass over it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Purchases {
    frequency: u32,
    recency: f64,
    age: f64,
    log_intervals: Option<f64>,
}

/// Why three numbers are not the history of a customer.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidPurchases {
    /// Not finite, negative, or the last purchase lies after the end of the observation.
    #[error("recency {recency} and age {age} must be finite with 0 <= recency <= age")]
    Times {
        /// The recency given.
        recency: f64,
        /// The age given.
        age: f64,
    },
    /// A repeat purchase at time 0, or none at a later time.
    #[error(
        "a customer with {frequency} repeat purchases cannot have recency {recency}: it is 0 exactly when there is none"
    )]
    Recency {
        /// The frequency given.
        frequency: u32,
        /// The recency given.
        recency: f64,
    },
}

impl Purchases {
    /// A history of `frequency` repeat transactions, the last at `recency`, observed until `age`.
    ///
    /// # Errors
    /// When the three do not fit together; see [`InvalidPurchases`].
    pub fn new(frequency: u32, recency: f64, age: f64) -> Result<Self, InvalidPurchases> {
        if !(recency >= 0.0 && recency <= age && age.is_finite()) {
            return Err(InvalidPurchases::Times { recency, age });
        }
        if (frequency == 0) != (recency == 0.0) {
            return Err(InvalidPurchases::Recency { frequency, recency });
        }
        Ok(Self { frequency, recency, age, log_intervals: None })
    }

    /// The same history with the sum of the logarithms of the times between successive transactions, x of them, in the time unit
    /// of the history. A sum that is not finite counts as unknown.
    #[must_use]
    pub fn with_log_intervals(self, sum: f64) -> Self {
        Self { log_intervals: sum.is_finite().then_some(sum), ..self }
    }

    /// The sum of the logarithms of the times between successive transactions, where it is known; 0 without repeat transaction.
    #[must_use]
    pub const fn log_intervals(&self) -> Option<f64> {
        if self.frequency == 0 { Some(0.0) } else { self.log_intervals }
    }

    /// x, the number of repeat transactions.
    #[must_use]
    pub const fn frequency(&self) -> u32 {
        self.frequency
    }

    /// `t_x`, the time of the last transaction since the first.
    #[must_use]
    pub const fn recency(&self) -> f64 {
        self.recency
    }

    /// T, the time of observation since the first transaction.
    #[must_use]
    pub const fn age(&self) -> f64 {
        self.age
    }
}

/// A customer base: the distinct histories, each with the number of customers that share it.
///
/// Likelihood and forecasts depend on a customer only through the history, so each distinct one is computed once.
#[derive(Debug, Clone, Default)]
pub struct CustomerBase {
    histories: Vec<Purchases>,
    counts: Vec<f64>,
}

impl CustomerBase {
    /// An empty base.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `customers` customers with the same history.
    pub fn push(&mut self, history: Purchases, customers: u64) {
        self.histories.push(history);
        self.counts.push(customers as f64);
    }

    /// Adds the customers of another base.
    pub fn extend(&mut self, others: &Self) {
        self.histories.extend_from_slice(&others.histories);
        self.counts.extend_from_slice(&others.counts);
    }

    /// The distinct histories, in the order they were added.
    #[must_use]
    pub fn histories(&self) -> &[Purchases] {
        &self.histories
    }

    /// How many customers share each history.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The number of customers.
    #[must_use]
    pub fn customers(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// The same histories shared by other numbers of customers; histories that nobody has are left out.
    pub(crate) fn with_counts(&self, counts: &[f64]) -> Self {
        let shared = self.histories.iter().zip(counts).filter(|(_, customers)| **customers > 0.0);
        let (histories, counts) = shared.unzip();
        Self { histories, counts }
    }

    /// The number of repeat purchases of all customers.
    #[must_use]
    pub fn repeat_purchases(&self) -> f64 {
        self.histories.iter().zip(&self.counts).map(|(h, n)| f64::from(h.frequency) * n).sum()
    }

    /// The sum over all customers of the logarithms of the times between their transactions; `None` where a history does not say.
    #[must_use]
    pub fn log_intervals(&self) -> Option<f64> {
        self.histories.iter().zip(&self.counts).map(|(h, n)| Some(h.log_intervals()? * n)).sum()
    }

    /// A number that is equal for equal customer bases, whatever the order of the customers and however they are grouped; it covers
    /// x, `t_x` and T of every customer.
    ///
    /// The times between the purchases are left out: whether a caller sums their logarithms, and in which order, is no difference
    /// between customers.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut rows: Vec<_> = self
            .histories
            .iter()
            .zip(&self.counts)
            .filter(|(_, customers)| **customers > 0.0)
            .map(|(h, customers)| ((h.frequency, h.recency.to_bits(), h.age.to_bits()), *customers))
            .collect();
        rows.sort_unstable_by_key(|(history, _)| *history);
        let mut hash = Fingerprint::of(b"");
        for run in rows.chunk_by(|(one, _), (next, _)| one == next) {
            let (frequency, recency, age) = run[0].0;
            let customers: f64 = run.iter().map(|(_, customers)| customers).sum();
            hash = hash
                .and(&frequency.to_le_bytes())
                .and(&recency.to_le_bytes())
                .and(&age.to_le_bytes())
                .and(&customers.to_le_bytes());
        }
        hash
    }

    /// The number of customers with at least one repeat purchase.
    #[must_use]
    pub fn repeat_customers(&self) -> f64 {
        self.histories.iter().zip(&self.counts).filter(|(h, _)| h.frequency > 0).map(|(_, n)| n).sum()
    }
}

impl FromIterator<Purchases> for CustomerBase {
    fn from_iter<I: IntoIterator<Item = Purchases>>(iter: I) -> Self {
        let mut base = Self::new();
        for history in iter {
            base.push(history, 1);
        }
        base
    }
}

/// What a spend model sees of a customer: the mean of the repeat transactions' values, and how many there were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanSpend {
    /// The number of transactions with spend that the mean is taken over; at least 1.
    pub transactions: u32,
    /// Their mean value, positive, in units of the currency.
    pub mean: f64,
}

/// Why a customer's spend is not one that the models can take.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidSpend {
    /// A mean that is not positive and finite, or taken over no transaction.
    #[error(
        "a mean spend of {mean} over {transactions} transactions: the mean must be positive and finite, over at least one"
    )]
    Mean {
        /// The number of transactions given.
        transactions: u32,
        /// The mean given.
        mean: f64,
    },
    /// The logarithms of the values are not known, which log-normal spend is about.
    #[error(
        "the logarithms of the values of {transactions} transactions with mean {mean} are not known; log-normal spend needs them"
    )]
    NoLogs {
        /// The number of transactions given.
        transactions: u32,
        /// The mean given.
        mean: f64,
    },
}

impl MeanSpend {
    /// The mean of the values of `transactions` transactions.
    ///
    /// # Errors
    /// When the mean is not positive and finite, or taken over no transaction.
    pub fn new(transactions: u32, mean: f64) -> Result<Self, InvalidSpend> {
        let spend = Self { transactions, mean };
        if spend.is_valid() { Ok(spend) } else { Err(InvalidSpend::Mean { transactions, mean }) }
    }

    /// Whether the mean is positive and finite, and taken over at least one transaction.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.transactions > 0 && self.mean > 0.0 && self.mean.is_finite()
    }
}
