//! A valuation: everything that is known of a customer base as of a date, under stated definitions.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::figures::{Base, BaseLevel, Distribution, HeatMaps, ModelCheck, Totals};
use crate::hold_out::{FitSummary, HoldOut, Selection, SpendSelection};
use crate::{Definitions, MethodPanel, Warning};

/// The result of valuing a customer base; the customers' own figures are in the session's table `customer_values`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Valuation {
    /// What is stated before any number.
    pub definitions: Definitions,
    /// What was valued.
    pub base: Base,
    /// The models behind the predictions; `None` when the data support none.
    pub models: Option<Models>,
    /// Totals over all customers.
    pub totals: Totals,
    /// How value is spread.
    pub distribution: Distribution,
    /// P(alive) and expected purchases by frequency and recency.
    pub heat_maps: Option<HeatMaps>,
    /// The chosen model judged on a hold-out; `None` when the history is too short for one.
    pub hold_out: Option<HoldOut>,
    /// Customers by repeat transactions, as observed and as the fitted model makes them; `None` without a model.
    pub model_check: Option<ModelCheck>,
    /// How the base level of orders changes over time; `None` without a model or where the history is too short to say.
    pub base_level: Option<BaseLevel>,
    /// The four methods side by side.
    pub methods: MethodPanel,
    /// What to keep in mind, worst first.
    pub warnings: Vec<Warning>,
    /// The most valuable customers.
    pub top_customers: Vec<CustomerValue>,
}

/// The fitted models of a valuation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// When customers buy and leave.
    pub transactions: FitSummary,
    /// What they spend; `None` without amounts or where the spend model does not fit (see the warnings).
    pub spend: Option<FitSummary>,
    /// How the transaction model was chosen.
    pub selection: Selection,
    /// How the spend model was chosen; `None` where there is none.
    pub spend_selection: Option<SpendSelection>,
    /// The share of order value that is expected to come back as refunds of no single order.
    pub unlinked_refund_share: f64,
}

/// What one customer has been and will be worth; see [`crate::figures::CUSTOMER_COLUMNS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the documented columns of the outputs")]
pub struct CustomerValue {
    pub customer_id: String,
    pub first_order_at: Date,
    pub last_order_at: Date,
    pub historic_number_of_orders: u64,
    pub average_order_value: Option<f64>,
    pub average_days_between_orders: Option<f64>,
    pub historic_clv: Option<f64>,
    pub predicted_clv: Option<f64>,
    pub predicted_clv_lower: Option<f64>,
    pub predicted_clv_upper: Option<f64>,
    pub total_clv: Option<f64>,
    pub predicted_number_of_orders: Option<f64>,
    pub predicted_number_of_orders_lower: Option<f64>,
    pub predicted_number_of_orders_upper: Option<f64>,
    pub probability_alive: Option<f64>,
    pub churn_probability: Option<f64>,
    pub expected_date_of_next_order: Option<Date>,
}
