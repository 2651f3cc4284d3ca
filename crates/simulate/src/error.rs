//! What can go wrong while a shop is simulated.

use std::path::PathBuf;

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

/// Why no shop was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting out of its range.
    #[error("setting {name} is {value}; it must be {allowed}")]
    Setting {
        /// The setting's name, as a field of [`ShopSettings`](crate::ShopSettings).
        name: &'static str,
        /// The value given.
        value: String,
        /// What would be allowed.
        allowed: &'static str,
    },
    /// A name that is no output format.
    #[error("unknown format {0:?}; csv and parquet are known")]
    Format(String),
    /// A file or folder that could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Columns that do not form a table.
    #[error("cannot build a table: {0}")]
    Table(#[from] ArrowError),
    /// A Parquet file that could not be encoded or written.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// Text that could not be encoded as CSV.
    #[error("cannot write CSV: {0}")]
    Csv(#[from] csv::Error),
}

impl Error {
    /// Wraps what the operating system said about `path`.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}
