//! The four ways to compute customer lifetime value, side by side on the same customers.

use serde::{Deserialize, Serialize};

/// The four methods on one population, why they differ, and which of them the data support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodPanel {
    /// The four methods, in the order of [`Method`].
    pub methods: Vec<MethodValue>,
    /// The steps in numbers from the first method to the predictive one.
    pub bridge: Vec<BridgeStep>,
    /// The method that this data supports best.
    pub advised: Method,
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
    /// Whether this data supports the method.
    pub supported: bool,
    /// Why it does not, or what to keep in mind.
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
