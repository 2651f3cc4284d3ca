//! What can go wrong when a report is made.

use std::io;
use std::path::PathBuf;

/// Why a report was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The page could not be rendered.
    #[error("the report page could not be rendered")]
    Render(#[from] askama::Error),
    /// The file could not be written.
    #[error("the report could not be written to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
