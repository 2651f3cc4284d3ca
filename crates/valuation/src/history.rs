//! Histories: what the customers of a summary share in the eyes of a model.

use jiff::civil::Date;
use perennial_lake::Session;
use perennial_lake::arrow::array::{Int32Array, Int64Array, UInt32Array};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_models::Intervals;

use crate::columns::{f64s, i32s, i64s, u32s};
use crate::{Error, day};

/// The logarithm of a time between transactions, in days, is counted in this part of one: sums of whole numbers are the same in any
/// order.
const LOG_UNITS: f64 = 1e6;

/// The table `customer, profile` of the customers' covariates; see [`Detail::profiles`].
pub(crate) const PROFILES: &str = "customer_profiles";

/// What tells histories apart besides x, `t_x`, T and the paid repeat transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detail {
    /// How much is asked of the times between transactions.
    pub intervals: Intervals,
    /// Whether customers have covariates: rows of the table [`PROFILES`].
    pub profiles: bool,
    /// Whether the logarithms of what customers spent are summed up; they tell no histories apart.
    pub logs: bool,
}

impl Default for Detail {
    fn default() -> Self {
        Self { intervals: Intervals::Unused, profiles: false, logs: false }
    }
}

impl Detail {
    /// The same with the logarithms of what customers spent, where `logs` says so.
    pub(crate) fn with_logs(self, logs: bool) -> Self {
        Self { logs, ..self }
    }

    /// Whether customers with different times between transactions have different histories.
    pub(crate) fn per_customer(self) -> bool {
        self.intervals == Intervals::PerCustomer
    }

    /// The columns that tell histories apart.
    pub(crate) fn keys(self) -> String {
        let profile = if self.profiles { ", profile" } else { "" };
        let rhythm = if self.per_customer() { ", rhythm" } else { "" };
        format!("frequency, recency, age, paid_repeats{profile}{rhythm}")
    }

    /// The order of histories wherever they are listed: those with the same future lie together.
    pub(crate) fn order(self) -> String {
        let profile = if self.profiles { ", profile" } else { "" };
        let rhythm = if self.per_customer() { ", rhythm" } else { "" };
        format!("frequency, age, paid_repeats{profile}, recency{rhythm}")
    }

    /// The condition under which a row of `left` and one of `right` are of one history.
    pub(crate) fn join(self, left: &str, right: &str) -> String {
        let keys = self.keys();
        let equal = |key: &str| format!("{left}.{key} = {right}.{key}");
        keys.split(", ").map(equal).collect::<Vec<_>>().join(" AND ")
    }

    /// The query `summary` (one row per customer) with the columns of the detail, `rhythm`, `profile`, `log_spend` and
    /// `log_squares`; the last two are the query's own.
    pub(crate) fn summary_sql(self, summary: &str, purchases: &str, as_of: Date) -> String {
        let (mut columns, mut joins) = (String::new(), String::new());
        if self.intervals != Intervals::Unused {
            columns += ", coalesce(r.rhythm, 0) AS rhythm";
            let rhythms = format!(
                " LEFT JOIN (SELECT customer, sum(CAST(round(ln(CAST(gap AS DOUBLE)) * {LOG_UNITS:e}) AS BIGINT)) AS rhythm \
                   FROM (SELECT customer, CAST(day AS INT) - lag(CAST(day AS INT)) OVER (PARTITION BY customer ORDER BY day) AS gap \
                         FROM {purchases} WHERE day <= DATE '{as_of}') AS gaps WHERE gap > 0 GROUP BY customer) AS r \
                 ON b.customer = r.customer"
            );
            joins.push_str(&rhythms);
        }
        if self.profiles {
            columns += ", c.profile AS profile";
            joins.extend([" JOIN ", PROFILES, " AS c ON b.customer = c.customer"]);
        }
        if self.logs {
            columns += ", log_spend, log_squares";
        }
        if joins.is_empty() {
            return summary.to_owned();
        }
        format!(
            "SELECT b.customer AS customer, transactions, paid, first_day, last_day, spend, first_spend, refunds{columns} \
             FROM ({summary}) AS b{joins}"
        )
    }

    /// The columns that turn a row of the summary into a history, as of the day `as_of`.
    pub(crate) fn history_columns(self, as_of: Date) -> String {
        let as_of = day::number(as_of);
        let profile = if self.profiles { ", profile" } else { "" };
        let rhythm = if self.intervals == Intervals::Unused { "" } else { ", rhythm" };
        let logs = if self.logs { ", log_spend, log_squares" } else { "" };
        format!(
            "transactions - 1 AS frequency, last_day - first_day AS recency, {as_of} - first_day AS age, \
             paid - CASE WHEN first_spend > 0 THEN 1 ELSE 0 END AS paid_repeats, spend - first_spend AS repeat_spend{profile}{rhythm}{logs}"
        )
    }
}

/// The customers that share one history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct History {
    /// Repeat transactions.
    pub frequency: u32,
    /// Days from the first to the last transaction.
    pub recency: i32,
    /// Days from the first transaction to the as-of date.
    pub age: i32,
    /// Repeat transactions with spend.
    pub paid_repeats: u32,
    /// The number of the customers' covariates; 0 without any.
    pub profile: u32,
    /// The sum of the logarithms of the days between successive transactions, in [`LOG_UNITS`], where it tells histories apart.
    pub rhythm: Option<i64>,
    /// The mean of that sum over the customers, where it was asked for.
    pub mean_rhythm: Option<f64>,
    /// How many customers share it.
    pub customers: f64,
    /// The sum over these customers of their repeat transactions' spend, in units of the currency.
    pub repeat_spend: f64,
    /// The sum of its squares.
    pub repeat_spend_squared: f64,
    /// What a spend model needs beside that of the logarithms of what they spent.
    pub powers: Powers,
}

/// Sums over a history's customers, l the sum of the logarithms of the values of a customer's repeat transactions with spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Powers {
    /// Of exp(b l), b the slope of the expected spend in l.
    pub expected: f64,
    /// Of l exp(b l).
    pub slope: f64,
    /// Of exp(2 b l), b the slope of the spend scale in l.
    pub squared_scale: f64,
}

impl Powers {
    /// Those of so many customers under a model without logarithms: b is 0.
    pub(crate) fn without_logs(customers: f64) -> Self {
        Self { expected: customers, slope: 0.0, squared_scale: customers }
    }
}

impl History {
    /// The sum of the logarithms of the times between transactions, in a unit of `unit_days` days.
    pub(crate) fn log_intervals(&self, unit_days: f64) -> Option<f64> {
        Some(self.mean_rhythm? / LOG_UNITS - f64::from(self.frequency) * unit_days.ln())
    }

    /// Whether the customers of two histories are in one group wherever histories are told apart.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let key = |h: &Self| (h.frequency, h.recency, h.age, h.paid_repeats, h.profile, h.rhythm);
        key(self) == key(other)
    }
}

/// The keys of the histories in a batch.
pub(crate) struct HistoryKeys {
    frequency: UInt32Array,
    recency: Int32Array,
    age: Int32Array,
    paid_repeats: UInt32Array,
    profile: Option<UInt32Array>,
    rhythm: Option<Int64Array>,
}

impl HistoryKeys {
    pub(crate) fn new(batch: &RecordBatch, detail: Detail) -> Result<Self, Error> {
        Ok(Self {
            frequency: u32s(batch, "frequency")?,
            recency: i32s(batch, "recency")?,
            age: i32s(batch, "age")?,
            paid_repeats: u32s(batch, "paid_repeats")?,
            profile: detail.profiles.then(|| u32s(batch, "profile")).transpose()?,
            rhythm: detail.per_customer().then(|| i64s(batch, "rhythm")).transpose()?,
        })
    }

    /// The history in a row, of so many customers, without spend.
    pub(crate) fn history(&self, row: usize, customers: f64) -> History {
        let rhythm = self.rhythm.as_ref().map(|rhythm| rhythm.value(row));
        History {
            frequency: self.frequency.value(row),
            recency: self.recency.value(row),
            age: self.age.value(row),
            paid_repeats: self.paid_repeats.value(row),
            profile: self.profile.as_ref().map_or(0, |profile| profile.value(row)),
            rhythm,
            mean_rhythm: rhythm.map(|rhythm| rhythm as f64),
            customers,
            repeat_spend: 0.0,
            repeat_spend_squared: 0.0,
            powers: Powers::without_logs(customers),
        }
    }
}

/// The distinct histories of the summary table `name`, in the order of [`Detail::order`].
pub(crate) fn histories(
    session: &Session,
    name: &str,
    as_of: Date,
    scale: f64,
    detail: Detail,
) -> Result<Vec<History>, Error> {
    let (keys, order, columns) = (detail.keys(), detail.order(), detail.history_columns(as_of));
    let total = if detail.intervals == Intervals::InTotal { ", sum(rhythm) AS rhythm_sum" } else { "" };
    let sql = format!(
        "SELECT {keys}, count(*) AS customers, \
                CAST(sum(repeat_spend) AS DOUBLE) AS spend, \
                CAST(sum(CAST(repeat_spend AS DECIMAL(19, 0)) * CAST(repeat_spend AS DECIMAL(19, 0))) AS DOUBLE) AS squared{total} \
         FROM (SELECT {columns} FROM {name}) AS histories GROUP BY {keys} ORDER BY {order}"
    );
    let mut histories = Vec::new();
    for batch in session.query(&sql)? {
        let keys = HistoryKeys::new(&batch, detail)?;
        let (customers, spend, squared) =
            (i64s(&batch, "customers")?, f64s(&batch, "spend")?, f64s(&batch, "squared")?);
        let sums = (!total.is_empty()).then(|| i64s(&batch, "rhythm_sum")).transpose()?;
        histories.extend((0..batch.num_rows()).map(|i| {
            let customers = customers.value(i) as f64;
            let history = keys.history(i, customers);
            History {
                mean_rhythm: sums
                    .as_ref()
                    .map(|sums| sums.value(i) as f64 / customers)
                    .or(history.mean_rhythm),
                repeat_spend: spend.value(i) / scale,
                repeat_spend_squared: squared.value(i) / (scale * scale),
                ..history
            }
        }));
    }
    Ok(histories)
}
