//! From canonical tables to customer values.
//!
//! A customer's transaction forecast depends on the history only through (x, `t_x`, T), and its value on plain arithmetic
//! with the spend. So a valuation has two halves: a relational one (summarise purchases per customer, group equal
//! histories, join scores back: standard SQL) and a numeric one (fit models and score the distinct histories, in memory).
//!
//! ```text
//! purchases, refunds --summary--> histories --fitting--> fits --scoring--> scores --customer_values--> values
//!                                     |                                        \--totals
//!                                     +--selection, validation, tracking (hold-outs)
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and days that passed through f64 return by casts that saturate"
)]

mod active;
mod base_level;
mod coding;
mod columns;
mod covariates;
mod customer_values;
mod day;
mod definitions;
mod distribution;
mod error;
pub mod figures;
mod fitting;
mod heat_maps;
mod history;
pub mod hold_out;
mod judgement;
mod margin;
mod measures;
pub mod methods;
mod model_check;
mod opportunities;
mod prediction;
mod request;
mod retention;
mod scoring;
mod selection;
mod spend_scale;
mod spending;
mod subscriptions;
mod summary;
mod time_varying;
mod totals;
mod tracking;
mod transactions;
mod validation;
mod valuation;
mod value;
pub mod warnings;

pub use covariates::Covariates;
pub use customer_values::CUSTOMER_VALUES;
pub use definitions::{Definitions, Margin};
pub use error::Error;
pub use fitting::{FitKind, FitRequest, fits, saved_fit};
pub use methods::{Method, MethodPanel};
pub use opportunities::{OpportunityHistory, Period, fit_bg_bb, opportunities};
pub use request::{
    CovariateEffects, Estimating, ModelChoice, OtherCosts, Progress, Request, Stage, Uncertainty,
};
pub use retention::{Ratio, Retention, RetentionKind, RetentionPoint, RetentionRequest};
pub use selection::{CompareRequest, compare};
pub use subscriptions::{SubscriptionColumns, Subscriptions};
pub use summary::summary_sql;
pub use time_varying::{TimeVarying, TimeVaryingHoldOut, TimeVaryingRequest, TimedCovariates, time_varying};
pub use validation::{HoldOutRequest, hold_outs};
pub use valuation::{CustomerValue, Models, Valuation};
pub use value::value;
pub use warnings::{Severity, Warning, WarningKind};
