//! The known mistakes of customer lifetime value, looked for in every valuation.

use jiff::civil::Date;
use perennial_models::FitError;
use serde::{Deserialize, Serialize};

mod checks;

pub use checks::{WarningInputs, warnings};

/// How much a warning matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// The figures have to be read with care.
    Warning,
    /// A figure is missing, or must not be used for decisions before this is mended.
    Severe,
}

/// Something about a valuation that its reader has to keep in mind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    #[serde(flatten)]
    pub kind: WarningKind,
}

/// What a warning is about, with the numbers that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum WarningKind {
    /// The source gives no amounts: purchases can be predicted, money cannot.
    NoAmounts,
    /// Costs are not known: the figure is revenue CLV.
    MarginUnknown,
    /// The margin is zero or negative: every order loses money.
    MarginNotPositive {
        /// The margin as a share of revenue.
        rate: f64,
    },
    /// The horizon is longer than the time observed.
    HorizonExceedsHistory {
        /// The horizon in days.
        horizon_days: f64,
        /// The days from the first transaction to the as-of date: the longest horizon that the history supports.
        history_days: f64,
    },
    /// Fewer customers than the recommended number.
    TooFewCustomers {
        /// The customers.
        customers: u64,
        /// The recommended number.
        recommended: u64,
    },
    /// A shorter history than recommended.
    ShortHistory {
        /// The days from the first transaction to the as-of date.
        history_days: f64,
        /// The recommended number of days.
        recommended_days: f64,
    },
    /// Nobody has as many orders as at least somebody should.
    NoFrequentCustomers {
        /// The most transactions that a customer has.
        most_transactions: u64,
        /// The recommended number.
        recommended: u64,
    },
    /// Nobody came back: neither lifetime nor churn nor a model can be had.
    OnlyOneTimeBuyers {
        /// The customers, each with one transaction.
        customers: u64,
    },
    /// The as-of date lies long before today.
    StaleData {
        /// The as-of date.
        as_of: Date,
        /// The day of the valuation.
        today: Date,
        /// The days between them.
        days: i64,
    },
    /// The as-of date lies after today: days without orders that have not been yet look like silence.
    AsOfInFuture {
        /// The as-of date.
        as_of: Date,
        /// The day of the valuation.
        today: Date,
    },
    /// The last order lies long before the as-of date: the data may end there.
    NoRecentOrders {
        /// The last business day with a transaction.
        last_day: Date,
        /// The as-of date.
        as_of: Date,
        /// The days between them.
        days: i64,
    },
    /// The most valuable tenth of the customers holds most of the value.
    ConcentratedValue {
        /// That tenth's share of the value.
        share: f64,
    },
    /// One customer holds much of the value.
    DominantCustomer {
        /// The customer's share of the value.
        share: f64,
    },
    /// A handful of customers holds half of the predicted value.
    FewHoldTheFuture {
        /// The fewest customers that hold half of it.
        customers: u64,
    },
    /// No model of the transactions could be fitted: there is no prediction.
    TransactionModelNotFitted {
        /// Why not.
        why: FitFailure,
    },
    /// No model of the spend could be fitted: every future order is taken to be worth the mean of all past ones.
    SpendModelNotFitted {
        /// Why not.
        why: FitFailure,
    },
    /// Parameters ran to the edge of their range: predictions are usable, the parameters' own values mean little.
    FitAtEdge {
        /// The model's name, for example `pareto-nbd`.
        model: String,
        /// The names of the parameters.
        parameters: Vec<String>,
    },
    /// The search for the best parameters stopped before it reached a maximum.
    SearchStalled {
        /// The model's name.
        model: String,
    },
    /// Spend per order and number of orders go together, which the spend model assumes not to be.
    SpendDependsOnFrequency {
        /// The correlation over repeat customers between number and mean value of the transactions.
        correlation: f64,
    },
    /// Many rows of the source could not be used.
    RowsRefused {
        /// The rows refused.
        refused: u64,
        /// The rows read.
        read: u64,
        /// Refused over read.
        share: f64,
    },
    /// Much of what is sold comes back.
    HighRefunds {
        /// Refunds over the value of the orders before refunds.
        share: f64,
    },
    /// More is ordered in some months of the year than in others, which the models do not know.
    Season {
        /// The strongest month, 1 to 12.
        strongest_month: u8,
        /// Its orders as a multiple of the year's average.
        strongest: f64,
        /// The weakest month, 1 to 12.
        weakest_month: u8,
        /// Its orders as a multiple of the year's average.
        weakest: f64,
    },
    /// The base level of orders rises or falls from year to year, which the models do not know.
    Trend {
        /// The relative change in a year.
        per_year: f64,
    },
    /// On the hold-out the model's total was off by a lot.
    HoldOutBias {
        /// What was predicted.
        figure: HoldOutFigure,
        /// The total predicted.
        predicted: f64,
        /// The total that came.
        actual: f64,
        /// (predicted - actual) / actual; `None` when nothing came.
        bias: Option<f64>,
    },
    /// On the hold-out the intervals held much less, or more, often than they say.
    IntervalCoverage {
        /// What the intervals are about.
        figure: HoldOutFigure,
        /// The share of customers whose interval held.
        coverage: f64,
        /// The share that should have.
        level: f64,
    },
}

/// What a hold-out judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldOutFigure {
    /// The number of transactions.
    Orders,
    /// What is spent.
    Value,
}

/// Why a model could not be fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum FitFailure {
    /// Too few customers came back.
    TooFewRepeatCustomers {
        /// Customers with at least one repeat transaction.
        repeat_customers: u64,
        /// How many are needed.
        needed: u64,
    },
    /// The spend of an average customer has no finite expectation: the Gamma-Gamma's q is 1 or less.
    NoMeanSpend {
        /// The fitted q.
        q: f64,
    },
    /// A customer's mean spend is not a positive number.
    InvalidSpend,
    /// Something that only a model asked for by name can run into.
    Other {
        /// What, in English.
        message: String,
    },
    /// The likelihood is not finite anywhere that the search looked.
    NotFinite {
        /// The model's name.
        model: String,
    },
}

impl From<&crate::Error> for FitFailure {
    fn from(error: &crate::Error) -> Self {
        match error {
            crate::Error::Fit { reason, .. } => reason.into(),
            other => Self::Other { message: other.to_string() },
        }
    }
}

impl From<&FitError> for FitFailure {
    fn from(error: &FitError) -> Self {
        match *error {
            FitError::TooFewRepeatCustomers { repeat_customers, needed, .. } => {
                Self::TooFewRepeatCustomers { repeat_customers, needed }
            }
            FitError::Spend(_) => Self::InvalidSpend,
            FitError::NoMeanSpend { q } => Self::NoMeanSpend { q },
            FitError::NotFinite { model } => Self::NotFinite { model: model.to_owned() },
            ref other => Self::Other { message: other.to_string() },
        }
    }
}
