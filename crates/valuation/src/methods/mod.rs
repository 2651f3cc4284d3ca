//! The four ways to compute customer lifetime value, side by side on the same customers.
//!
//! Every value is margin per customer, so that the four compare; [`formula`] has the formulas by themselves.

use serde::{Deserialize, Serialize};

mod activity;
mod advice;
mod bridge;
pub mod formula;
mod panel;

pub use activity::Activity;

/// The four methods on one population, why they differ, and which of them the data support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodPanel {
    /// The four methods, in the order of [`Method`].
    pub methods: Vec<MethodValue>,
    /// The steps in numbers from each other method that has a value to the predictive one, in the order of [`Method`];
    /// empty when there is no predictive value.
    pub bridge: Vec<BridgeStep>,
    /// The method that this data supports best; `None` when it supports none.
    pub advised: Option<Method>,
}

/// A way to compute the lifetime value of an average customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Average lifetime x customer value, where customer value = average order value x order frequency.
    LifetimeValue,
    /// (Revenue per customer and period x margin) / churn per period.
    RevenueOverChurn,
    /// Order value x retention time x transactions per unit of retention time x margin.
    RetentionTime,
    /// What each customer has been worth plus what a fitted model expects within the horizon.
    Predictive,
}

/// One method's value with everything that went into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodValue {
    /// The method.
    pub method: Method,
    /// The value per customer in units of the currency; `None` where the formula has no answer.
    pub value: Option<f64>,
    /// The inputs, with units, in the order of the formula.
    pub inputs: Vec<Input>,
    /// Whether this data supports the method: no reason [speaks against it](Reason::is_obstacle).
    pub supported: bool,
    /// Why it does not (obstacles first), and what to keep in mind.
    pub reasons: Vec<Reason>,
}

/// A number that goes into a formula.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What it is.
    pub name: InputName,
    /// Its value in the unit that belongs to the name.
    pub value: f64,
}

/// The inputs of the four formulas; each name fixes the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputName {
    /// Mean over customers of the time from the first to the last transaction, plus one mean interval; in years.
    AverageLifetime,
    /// The value of the orders per transaction, whether paid or not; in currency.
    AverageOrderValue,
    /// Transactions per customer and year of lifetime: one over the mean interval between transactions.
    OrderFrequency,
    /// The factor from revenue to value: 1 when the margin is not known.
    Margin,
    /// What the customers active in the period before spent in the last period, per customer of the period before; in
    /// currency per period.
    RevenuePerPeriod,
    /// The length of the period of revenue and churn, in days.
    Period,
    /// The share of the customers active in one period who bought nothing in the next; a share per period.
    Churn,
    /// The time for which a customer stays on average: one period over churn; in years.
    RetentionTime,
    /// Transactions per customer who bought in the last period and year.
    TransactionsPerYear,
    /// What has been earned per customer; in currency, margin.
    HistoricClv,
    /// What is expected per customer within the horizon; in currency, margin, discounted.
    PredictedClv,
    /// The days after the as-of date that the predicted value covers.
    Horizon,
    /// The annual discount rate.
    Discount,
}

/// Why the data do not support a method, or what its reader has to keep in mind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// Obstacle: there is no customer.
    NoCustomers,
    /// Obstacle: the source gives no amounts, so there is no money in any formula.
    NoAmounts,
    /// Obstacle: no customer came back, so there is neither an interval between orders nor a lifetime.
    OnlyOneTimeBuyers {
        /// The customers, each with one transaction.
        customers: u64,
    },
    /// Obstacle: the history is shorter than the two periods that churn takes, or than half a year.
    HistoryTooShort {
        /// The days from the first transaction to the as-of date.
        history_days: f64,
        /// The days that are needed.
        needed_days: f64,
    },
    /// Obstacle: customers usually take longer to come back than the period lasts, so a pause looks like churn.
    PeriodShorterThanInterval {
        /// The length of the period in days.
        period_days: f64,
        /// The mean interval between two transactions of a customer in days.
        interval_days: f64,
    },
    /// Obstacle: nobody bought in the first period, so there was nobody to lose.
    NobodyActive {
        /// The length of the period in days.
        period_days: f64,
    },
    /// Obstacle: too few customers in the first period for a rate of churn.
    TooFewActive {
        /// The customers active in the first period.
        active: u64,
        /// How many are needed.
        needed: u64,
    },
    /// Obstacle: nobody was lost; a division by a churn of zero has no answer.
    NoChurn {
        /// The customers active in the first period, all of whom came back.
        active: u64,
    },
    /// Obstacle: everybody was lost; how much shorter than the period the lifetime is cannot be told.
    EverybodyLost {
        /// The customers active in the first period, none of whom came back.
        active: u64,
    },
    /// Obstacle: a number that the formula needs is not finite or out of its range.
    InputOutOfRange {
        /// The input.
        input: InputName,
    },
    /// Obstacle: no model could be fitted, or none of the spend (the warnings say why).
    NotFitted,
    /// Note: fewer customers than the recommended number; the estimate is unsure.
    FewCustomers {
        /// The customers.
        customers: u64,
        /// The recommended number.
        recommended: u64,
    },
    /// Note: the formula looks back. Lifetime x frequency is the number of orders so far, so the value is what an
    /// average customer has spent so far, as if the relation were over.
    LooksBack {
        /// Transactions per customer so far.
        transactions_per_customer: f64,
    },
    /// Note: the textbook formula knows no margin; without it the value is this.
    WithoutMargin {
        /// The value per customer as revenue, in currency.
        value: f64,
    },
    /// Note: the same churn and the same spend are assumed of every customer, for ever and without discount.
    SameChurnForAll {
        /// The time for which a customer then stays on average, in years.
        retention_years: f64,
    },
    /// Note: the value is that of a customer who is active now, for the future alone.
    ActiveCustomersOnly {
        /// Customers who bought in the last period.
        active_now: u64,
        /// All customers.
        customers: u64,
    },
    /// Note: where no contract ends, a customer who pauses for a period counts as lost.
    PauseCountsAsChurn {
        /// The length of the period in days.
        period_days: f64,
    },
    /// Note: how far the value moves with one percentage point of churn.
    OnePointOfChurn {
        /// The value with churn one point lower; `None` when that is zero or less.
        lower_churn: Option<f64>,
        /// The value with churn one point higher; `None` when that is above 100 %.
        higher_churn: Option<f64>,
    },
    /// Note: what lies beyond the horizon is not counted.
    WithinHorizon {
        /// The horizon in days.
        horizon_days: f64,
    },
}

/// A step on the way from one method's value to the predictive one: it moves the value from `before` to `after`.
///
/// The first step's `before` is the value of the method `from`, each step's `after` the next one's `before`, and the last
/// step's `after` the predictive value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BridgeStep {
    /// The method at which the way begins.
    pub from: Method,
    /// The number of the step on this way, from 1.
    pub number: u32,
    /// The value per customer before the step, in currency.
    pub before: f64,
    /// The value per customer after the step, in currency.
    pub after: f64,
    /// What moves the value.
    #[serde(flatten)]
    pub difference: Difference,
}

/// What makes one method's value differ from another's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Difference {
    /// From method 1: refunds that belong to no single order lower what has been earned.
    UnlinkedRefunds {
        /// Their share of the value of the orders.
        share: f64,
    },
    /// From method 1: the relation is not over; orders are expected, at first at the order value of the past.
    FutureOrders {
        /// Orders expected per customer within the horizon.
        orders_per_customer: f64,
        /// The horizon in days.
        horizon_days: f64,
    },
    /// From method 1: those who are expected to order spend more or less per order than the average of the past, and part
    /// of it comes back as refunds of no single order.
    FutureSpend,
    /// From method 3: the orders of the last period's buyers at the order value of the whole history, against what the
    /// buyers of the period before really spent in it.
    SpendOfRetained {
        /// Method 3's revenue per customer and period, in currency.
        assumed: f64,
        /// Method 2's revenue per customer and period, in currency.
        measured: f64,
    },
    /// From methods 2 and 3: the sum goes on for ever, the predictive value ends at the horizon.
    EndlessSum {
        /// The horizon in days.
        horizon_days: f64,
        /// The share of the endless sum that falls within the horizon.
        share: f64,
    },
    /// What comes later is worth less now.
    Discounting {
        /// The annual discount rate.
        discount: f64,
    },
    /// From methods 2 and 3: the value is that of an active customer, and not all customers are active.
    InactiveCustomers {
        /// Customers who bought in the last period.
        active_now: u64,
        /// All customers.
        customers: u64,
    },
    /// From methods 2 and 3: the model knows of each customer how likely he is to be still there and how often and how
    /// much he buys, instead of one churn for all.
    Heterogeneity,
    /// From methods 2 and 3: what has been earned already belongs to a customer's total value.
    HistoryEarned,
}

#[cfg(test)]
mod tests;
