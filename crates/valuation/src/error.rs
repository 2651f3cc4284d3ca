//! Why a valuation could not be made.

use jiff::civil::Date;

/// Why a valuation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or querying the data failed.
    #[error(transparent)]
    Lake(#[from] perennial_lake::Error),
    /// A model that was asked for by name could not be fitted.
    #[error("{model} cannot be fitted: {reason}")]
    Fit {
        /// The model's name.
        model: &'static str,
        /// Why.
        reason: perennial_models::FitError,
    },
    /// Nobody had bought anything by the date asked for.
    #[error("no customer has an order on or before {until}; the orders run from {first} to {last}")]
    NoCustomers {
        /// The date asked for.
        until: Date,
        /// The first day with an order.
        first: Date,
        /// The last day with an order.
        last: Date,
    },
    /// The source holds no usable order at all.
    #[error(
        "the source holds no usable order; the data quality lines and the quarantine file say why its rows were refused"
    )]
    NoOrders,
    /// A hold-out that lies outside the data.
    #[error("the hold-out after {until} needs orders later than that; the last order is of {last}")]
    NoHoldOut {
        /// The last day of the calibration.
        until: Date,
        /// The last day with an order.
        last: Date,
    },
    /// A hold-out that nobody has observed to its end.
    #[error(
        "the hold-out would run from {until} to {end}, but the last order is of {last}; take a shorter one, or leave --hold-out away to take all that is left"
    )]
    HoldOutTooLong {
        /// The last day of the calibration.
        until: Date,
        /// The last day of the hold-out asked for.
        end: Date,
        /// The last day with an order.
        last: Date,
    },
    /// A history too short to hold anything out.
    #[error(
        "{days} days of orders are too few to hold out the default length; at least 112 are needed, or say --hold-out"
    )]
    TooShort {
        /// The days from the first order to the last.
        days: i32,
    },
    /// Rolling hold-outs before which no model could be fitted.
    #[error(
        "no model could be fitted before any hold-out of {days} days (the first would begin after {until}); take shorter ones"
    )]
    NothingJudged {
        /// The length of the hold-outs.
        days: i32,
        /// The last day of the first calibration.
        until: Date,
    },
    /// A file of covariates that cannot be used.
    #[error("{file}: {problem}")]
    Covariates {
        /// The file.
        file: String,
        /// What is the matter with it, and what to do.
        problem: String,
    },
    /// No order lies in a whole period.
    #[error("no whole period with an order ends on or before {until}; take shorter periods with --period")]
    NoWholePeriod {
        /// The date asked for.
        until: Date,
    },
    /// A table of subscriptions that cannot be used.
    #[error("{file}: {problem}")]
    Subscriptions {
        /// The file.
        file: String,
        /// What is the matter with it, and what to do.
        problem: String,
    },
    /// Cox's model cannot be fitted.
    #[error("Cox cannot be fitted: {problem}")]
    Cox {
        /// Why.
        problem: String,
    },
    /// Covariates are estimated by maximum likelihood only.
    #[error("with covariates the uncertainty is found by --uncertainty fast only")]
    FastOnly,
    /// A model with covariates could not be fitted.
    #[error("{model} with covariates cannot be fitted: {problem}")]
    CovariateFit {
        /// The model's name.
        model: &'static str,
        /// Why.
        problem: String,
    },
    /// A saved fit that no model can be made of.
    #[error("the saved fit cannot be used: {problem}")]
    Saved {
        /// Why.
        problem: String,
    },
    /// A fit that cannot be saved.
    #[error("{problem} cannot be saved")]
    NotSaved {
        /// What, or why.
        problem: String,
    },
    /// An as-of date long after anything happened.
    #[error(
        "the as-of date {as_of} lies more than five years after the last order of {last}; check the year"
    )]
    TooLate {
        /// The date asked for.
        as_of: Date,
        /// The last day with an order.
        last: Date,
    },
    /// Amounts are needed and there are none.
    #[error(
        "the source has no amounts, so spend cannot be modelled; name the column with --columns amount=..."
    )]
    NoAmounts,
    /// A number out of its range.
    #[error("{name} is {value}; it must be {range}")]
    OutOfRange {
        /// What it is.
        name: &'static str,
        /// The value given.
        value: f64,
        /// What would be allowed.
        range: &'static str,
    },
    /// The scores could not be handed to the query engine.
    #[error("the scores do not form a table: {0}")]
    Scores(#[from] perennial_lake::arrow::error::ArrowError),
    /// The query engine answered with another type than asked for.
    #[error("column {column} of a query of ours has an unexpected type")]
    Column {
        /// The column's name.
        column: String,
    },
}
