//! The figures of a valuation: totals, distributions and what they were measured on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A number with the interval that holds the truth with probability `level`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The expected value.
    pub point: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
    /// The probability that the interval is meant to hold.
    pub level: f64,
}

/// What the valued orders are, before any model: the base of every other figure.
///
/// Amounts are in units of the currency (revenue, not margin).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// Customers with at least one transaction up to the as-of date.
    pub customers: u64,
    /// Transactions: business days of a customer with at least one order.
    pub transactions: u64,
    /// Transactions after a customer's first.
    pub repeat_transactions: u64,
    /// Customers with at least one repeat transaction.
    pub repeat_customers: u64,
    /// Transactions with spend above zero.
    pub paid_transactions: u64,
    /// The value of the orders, net of the refunds that belong to them.
    pub order_value: f64,
    /// Refunds that belong to no single order; they lower the customer's historic value.
    pub unlinked_refunds: f64,
    /// Refunds of customers without any valid order up to the as-of date; they count in no other figure.
    pub orphan_refunds: f64,
    /// Orders' value less unlinked refunds.
    pub net_revenue: f64,
    /// The first business day with a transaction.
    pub first_day: Date,
    /// The last business day with a transaction, at most the as-of date.
    pub last_day: Date,
    /// Sum over customers of the days between first and last transaction.
    pub span_days: f64,
    /// Sum over customers of the days between first transaction and as-of date.
    pub age_days: f64,
    /// Whether the source gives amounts; without them there is no money anywhere.
    pub has_amounts: bool,
}

/// The totals over all customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// The number of customers that the totals are over.
    pub customers: u64,
    /// What has been earned: margin x net revenue.
    pub historic_clv: Option<f64>,
    /// What is expected within the horizon.
    pub predicted_clv: Option<Estimate>,
    /// Historic plus predicted.
    pub total_clv: Option<Estimate>,
    /// Transactions expected within the horizon.
    pub predicted_number_of_orders: Option<Estimate>,
    /// Customers expected to be still active at the as-of date (the sum of P(alive)).
    pub active_customers: Option<f64>,
}

/// How value is spread over customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The name of the figure that is spread: `total_clv`, `historic_clv` or `predicted_number_of_orders`.
    pub figure: String,
    /// Customers per bin of the figure.
    pub histogram: Vec<Bin>,
    /// The Lorenz curve from the most valuable customers down: `(share of customers, share of value)`.
    pub concentration: Vec<(f64, f64)>,
    /// The Gini coefficient of the figure, 0 (all alike) to 1.
    pub gini: f64,
    /// The share of the value that the most valuable tenth of the customers holds.
    pub top_decile_share: f64,
    /// The customers that belong to that tenth.
    pub top_decile_customers: u64,
}

/// A bin of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The lower edge, inclusive.
    pub from: f64,
    /// The upper edge, exclusive (the last bin's is inclusive).
    pub to: f64,
    /// How many customers fall into it.
    pub customers: u64,
}

/// P(alive) and expected purchases over frequency and recency, at the age of the oldest customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeatMaps {
    /// The age of the customers shown, in days.
    pub age_days: f64,
    /// The columns: days between the last transaction and the as-of date.
    pub days_since_last_order: Vec<f64>,
    /// The rows: repeat transactions.
    pub frequency: Vec<u32>,
    /// P(alive) by row and column.
    pub probability_alive: Vec<Vec<f64>>,
    /// Expected transactions within the horizon by row and column.
    pub expected_orders: Vec<Vec<f64>>,
}

/// A posterior predictive check: the customers by their repeat transactions, as observed and as the fitted model makes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCheck {
    /// Customers with 0, 1, 2, ... repeat transactions.
    pub bins: Vec<CheckBin>,
    /// The probability that an interval is meant to hold.
    pub level: f64,
}

/// Customers with the same number of repeat transactions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CheckBin {
    /// Their repeat transactions.
    pub repeat_orders: u32,
    /// True for the last bin, which holds the customers with more as well.
    pub or_more: bool,
    /// The customers observed.
    pub observed: u64,
    /// The customers that the model expects.
    pub expected: f64,
    /// The ends of the interval around it.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

/// How the base level of orders changes over time, held against a model that knows no season and no trend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaseLevel {
    /// The whole months that it was judged over.
    pub months: u32,
    /// The season, where there is one.
    pub season: Option<Season>,
    /// The relative change in a year, where there is a trend.
    pub trend_per_year: Option<f64>,
}

/// How much more and less is ordered in some months of the year than on the average of the year.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Season {
    /// The strongest month, 1 to 12.
    pub strongest_month: u8,
    /// Its orders as a multiple of the year's average.
    pub strongest: f64,
    /// The weakest month, 1 to 12.
    pub weakest_month: u8,
    /// Its orders as a multiple of the year's average.
    pub weakest: f64,
}

/// What a figure of a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerFigure {
    /// The customer's identifier.
    Customer,
    /// A day.
    Day,
    /// An amount, in units of the currency; `*_clv` is margin (see [`crate::Margin`]).
    Money,
    /// A probability.
    Probability,
    /// Another number: orders, days.
    Number,
}

/// The figures that a valuation gives for each customer, under the names that its outputs use, with what they are.
pub const CUSTOMER_FIGURES: [(&str, CustomerFigure); 17] = {
    use CustomerFigure::{Customer, Day, Money, Number, Probability};
    [
        ("customer_id", Customer),
        ("first_order_at", Day),
        ("last_order_at", Day),
        ("historic_number_of_orders", Number),
        ("average_order_value", Money),
        ("average_days_between_orders", Number),
        ("historic_clv", Money),
        ("predicted_clv", Money),
        ("predicted_clv_lower", Money),
        ("predicted_clv_upper", Money),
        ("total_clv", Money),
        ("predicted_number_of_orders", Number),
        ("predicted_number_of_orders_lower", Number),
        ("predicted_number_of_orders_upper", Number),
        ("probability_alive", Probability),
        ("churn_probability", Probability),
        ("expected_date_of_next_order", Day),
    ]
};

/// The names of [`CUSTOMER_FIGURES`].
pub const CUSTOMER_COLUMNS: [&str; CUSTOMER_FIGURES.len()] = {
    let mut names = [""; CUSTOMER_FIGURES.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = CUSTOMER_FIGURES[place].0;
        place += 1;
    }
    names
};
