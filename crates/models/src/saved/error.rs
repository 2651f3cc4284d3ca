//! Why a fit could not be saved or read.

use crate::InvalidParameters;

use super::{FORMAT, VERSION};

/// Why a fit could not be saved, or a text is not a saved fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SavedFitError {
    /// The text ends in the middle.
    #[error(
        "the saved fit ends at line {line}, column {column}, before it is complete; copy the whole file, or fit again"
    )]
    Truncated {
        /// The line it ends at, from 1.
        line: usize,
        /// The column it ends at.
        column: usize,
    },
    /// The text is not JSON.
    #[error(
        "not a saved fit: {problem}, where JSON was expected; give the file that was written, or fit again"
    )]
    NotJson {
        /// What is wrong, with line and column.
        problem: String,
    },
    /// JSON of another program.
    #[error(
        "not a saved fit: its \"format\" is {found}, expected {FORMAT:?}; give a file that was written by saving a fit"
    )]
    Format {
        /// What stands there instead.
        found: String,
    },
    /// A saved fit of another version.
    #[error(
        "the saved fit is of version {found}, this program reads version {VERSION}; read it with the program that wrote it, or fit again"
    )]
    Version {
        /// What stands there.
        found: String,
    },
    /// A field is missing, unknown or not of its type.
    #[error("the saved fit is damaged: {problem}; copy the file that was written again, or fit again")]
    Field {
        /// What is wrong, with line and column.
        problem: String,
    },
    /// A model that does not exist.
    #[error(
        "the saved fit is of a model {name:?}; known are {known}; read it with the program that wrote it, or fit again"
    )]
    UnknownModel {
        /// The name found.
        name: String,
        /// The names of the models that can be saved.
        known: String,
    },
    /// The parameters are not those of the model.
    #[error(
        "the saved fit of {model} has the parameters ({found}), expected ({expected}); copy the file that was written again, or fit again"
    )]
    ParameterNames {
        /// The model's name.
        model: String,
        /// The names found.
        found: String,
        /// The names the model has.
        expected: String,
    },
    /// A parameter out of range.
    #[error(
        "the saved fit of {model} cannot be: {source}; copy the file that was written again, or fit again"
    )]
    Parameters {
        /// The model's name.
        model: String,
        /// Which, and what it would have to be.
        source: InvalidParameters,
    },
    /// The covariance or the sample has another size than the parameters.
    #[error(
        "the {what} of the saved fit of {model} has a row or column of {found} numbers, expected {expected}, one per parameter; \
         copy the file that was written again, or fit again"
    )]
    Size {
        /// The model's name.
        model: String,
        /// `covariance` or `sample`.
        what: &'static str,
        /// The length or number found.
        found: usize,
        /// The number of parameters.
        expected: usize,
    },
    /// The content is not the one that was written.
    #[error(
        "the saved fit was changed after it was written: its content has the checksum {actual}, the file says {found:?}; \
         copy the file that was written again, or fit again"
    )]
    Checksum {
        /// What the file says.
        found: String,
        /// What its content has.
        actual: String,
    },
    /// A fit whose parameters are not those of its model cannot be saved: it would come back as another.
    #[error("the fit of {model} cannot be saved: its parameters are not the values that its model has")]
    Inconsistent {
        /// The model's name.
        model: String,
    },
}
