//! Tables of PostgreSQL and SQLite databases, read in place.

mod url;

pub use url::DatabaseUrl;
