//! What can be wrong with the parameters of a model.

use crate::fit::Name;

/// Why numbers are not the parameters of a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidParameters {
    /// A value out of range.
    #[error("parameter {name} is {value}; it must be positive and finite")]
    Value {
        /// The parameter's name.
        name: Name,
        /// The value given.
        value: f64,
    },
    /// A coefficient that is not a finite number.
    #[error("parameter {name} is {value}; it must be finite")]
    NotFinite {
        /// The parameter's name.
        name: Name,
        /// The value given.
        value: f64,
    },
    /// A regularity that is not a whole number, or too large a one.
    #[error("the regularity k is {value}; it must be a whole number from 1 to {most}")]
    Regularity {
        /// The value given.
        value: f64,
        /// The largest that there is.
        most: u32,
    },
    /// Too few or too many.
    #[error("{given} parameters given, {expected} expected")]
    Count {
        /// How many were given.
        given: usize,
        /// How many the model has.
        expected: usize,
    },
}

/// The values of a model's parameters, checked to be as many as names, positive and finite.
pub(crate) fn checked<const N: usize>(
    names: &[&'static str],
    values: &[f64],
) -> Result<[f64; N], InvalidParameters> {
    for (&name, &value) in names.iter().zip(values) {
        if !(value > 0.0 && value.is_finite()) {
            return Err(InvalidParameters::Value { name: name.into(), value });
        }
    }
    values.try_into().map_err(|_| InvalidParameters::Count { given: values.len(), expected: N })
}
