//! Where a source lies: files, object stores, database tables, Delta tables. Any of them becomes a table of the session.

mod database;
mod delta;
mod files;
mod parquet_files;
mod remote;
mod scan;
mod text_files;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::quarantine::BrokenRows;
use crate::session::Session;

pub use database::DatabaseUrl;
pub use remote::ObjectStoreSettings;
pub(crate) use remote::{RemotePath, is_url};

/// Where a source lies. Neither `Display` nor `Debug` shows a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Paths, folders or globs of local files, and `s3://`, `gs://` or `az://` URLs with a bucket and a key, a prefix that
    /// ends in `/`, or a glob. CSV, JSON lines (each also `.gz` and `.zst`) and Parquet.
    Files(Vec<String>),
    /// A table or view of a database.
    Database {
        /// The database.
        url: DatabaseUrl,
        /// The table: `orders`, or `shop.orders` with its schema.
        table: String,
    },
    /// A Delta table: a local folder or an object-store URL; `@12` at its end asks for version 12.
    Delta(String),
}

impl Location {
    /// The same place seen from another working folder: relative paths are taken to begin in `folder`.
    #[must_use]
    pub fn relative_to(&self, folder: &Path) -> Self {
        let moved = |path: &String| {
            if remote::is_url(path) { path.clone() } else { folder.join(path).to_string_lossy().into_owned() }
        };
        match self {
            Self::Files(paths) => Self::Files(paths.iter().map(moved).collect()),
            Self::Database { url, table } => {
                Self::Database { url: url.relative_to(folder), table: table.clone() }
            }
            Self::Delta(path) => Self::Delta(moved(path)),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(paths) => write!(f, "{}", paths.join(", ")),
            Self::Database { url, table } => write!(f, "{table} in {url}"),
            Self::Delta(path) => write!(f, "Delta table {path}"),
        }
    }
}

impl Session {
    /// Makes what lies somewhere known as a table. Nothing is copied, except text files of object stores: what a query needs
    /// is read when it runs, and filters and the choice of columns are handed on to where the data lies.
    ///
    /// The columns of text files are all text, and empty fields are null; a row with more fields than the header, or a line that is
    /// no JSON object, is an error when it is read. The columns of Parquet files, Delta tables and
    /// database tables have the types that they have there; database types that the engine does not know are text.
    ///
    /// # Errors
    /// When there is no such place, it cannot be reached, or its structure cannot be read.
    pub fn register_location(&self, table: &str, location: &Location) -> Result<(), Error> {
        self.register_with(table, location, None)
    }

    /// The same, but rows of text files that cannot be used are left out and kept.
    pub(crate) fn register_sparing(
        &self,
        table: &str,
        location: &Location,
        broken: &Arc<BrokenRows>,
    ) -> Result<(), Error> {
        self.register_with(table, location, Some(Arc::clone(broken)))
    }

    fn register_with(
        &self,
        table: &str,
        location: &Location,
        broken: Option<Arc<BrokenRows>>,
    ) -> Result<(), Error> {
        let provider = match location {
            Location::Files(paths) => self.files_table(paths, broken)?,
            Location::Database { url, table } => self.database_table(url, table)?,
            Location::Delta(path) => self.delta_table(path)?,
        };
        self.register_provider(table, provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_moved() {
        let folder = Path::new("/shop");
        let files = Location::Files(vec!["a.csv".to_owned(), "/b.csv".to_owned(), "s3://c/d.csv".to_owned()]);
        assert_eq!(files.relative_to(folder).to_string(), "/shop/a.csv, /b.csv, s3://c/d.csv");
        let database =
            Location::Database { url: DatabaseUrl::parse("sqlite:shop.db").unwrap(), table: "o".to_owned() };
        assert_eq!(database.relative_to(folder).to_string(), "o in sqlite:/shop/shop.db");
        assert_eq!(
            Location::Delta("d@3".to_owned()).relative_to(folder).to_string(),
            "Delta table /shop/d@3"
        );
    }
}
