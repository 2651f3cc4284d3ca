//! Saved fits: fitted models as text, and back.
//!
//! A fit takes time and data; what it found is a page of numbers. [`to_json`] writes them with what they were found on, [`from_json`]
//! gives back the same fit, every number the same to the last bit. What it reads is checked: a file that was cut short, damaged, edited
//! or written by something else is refused with the reason, never half understood.
//!
//! ```text
//! { "format": "perennial-fit", "version": 1, "unit": "week",
//!   "data": { "fingerprint": "...", "customers": 2357.0, "first_day": "1997-01-01", "until": "1997-09-30" },
//!   "transactions": { "model": "bg-nbd",
//!                     "parameters": [ { "name": "r", "value": 0.24, "standard_error": 0.01, "scale": "log" }, ... ],
//!                     "covariance": [ [...], ... ], "sample": null, "log_likelihood": -9582.4, "outcome": "converged",
//!                     "customers": 2357.0, "evaluations": 41 },
//!   "spend": null or as "transactions",
//!   "checksum": "..." }
//! ```
//!
//! Numbers have the shortest digits from which the same number comes back; those that JSON has no digits for are the texts `"nan"`,
//! `"inf"` and `"-inf"`. The checksum is the [`Fingerprint`] of the file
//! without spaces and with an empty checksum.

mod error;
mod format;
mod number;

pub use error::SavedFitError;

use crate::{CustomerBase, Fingerprint, SpendFit, TimeUnit, TransactionFit};
use format::File;

/// What [`SavedFitError::Format`] expects.
pub const FORMAT: &str = "perennial-fit";

/// The version of the format that is written and read.
pub const VERSION: u64 = 1;

/// What a model was fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedData {
    /// The customers' histories in one number: a fit is right for data with the same one.
    pub fingerprint: Fingerprint,
    /// The number of customers.
    pub customers: f64,
    /// The day of the first purchase, as the caller writes days.
    pub first_day: String,
    /// The last day of the observation, as the caller writes days.
    pub until: String,
}

impl FittedData {
    /// The description of these customers, observed between two days.
    #[must_use]
    pub fn of(customers: &CustomerBase, first_day: impl Into<String>, until: impl Into<String>) -> Self {
        Self {
            fingerprint: customers.fingerprint(),
            customers: customers.customers(),
            first_day: first_day.into(),
            until: until.into(),
        }
    }
}

/// Fitted models with what they were fitted on.
#[derive(Debug)]
pub struct SavedFit {
    /// The unit of time of the transaction model.
    pub unit: TimeUnit,
    /// The data.
    pub data: FittedData,
    /// The transaction model.
    pub transactions: TransactionFit,
    /// The spend model, where one was saved.
    pub spend: Option<SpendFit>,
}

/// A fit as text.
///
/// # Errors
/// When the model is not one that a file can name, or the fit is not consistent in itself: its parameters are not those of its model,
/// or its covariance or sample has another size.
pub fn to_json(
    transactions: &TransactionFit,
    spend: Option<&SpendFit>,
    unit: TimeUnit,
    data: &FittedData,
) -> Result<String, SavedFitError> {
    File::new(transactions, spend, unit, data)?.to_text()
}

/// The fit that a text holds.
///
/// # Errors
/// When the text is not exactly what [`to_json`] wrote, but for the spaces between its parts; see [`SavedFitError`].
pub fn from_json(text: &[u8]) -> Result<SavedFit, SavedFitError> {
    File::from_text(text)?.into_fit()
}
