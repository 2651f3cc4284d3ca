//! Where the store is: a SQLite file or a PostgreSQL database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use crate::Error;

/// The address of a store: `sqlite:perennial.db` or `postgres://user:password@host/database`.
///
/// The password is shown neither by `Display` nor by `Debug`.
#[derive(Clone)]
pub struct StoreUrl(pub(crate) Target);

#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl StoreUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Error::InvalidUrl`] when it begins with neither `sqlite:` nor `postgres:`, when it cannot be read, when it has
    /// options for SQLite, or when it is a database in memory, which would keep nothing.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let invalid = |reason: String| Error::InvalidUrl { reason };
        if text.starts_with("sqlite:") {
            if text.contains('?') {
                // The driver would take some of them and leave out others, and open a file to be written all the same.
                return Err(invalid(
                    "a sqlite: address has no options behind a `?`; name the file alone".to_owned(),
                ));
            }
            let options = SqliteConnectOptions::from_str(text).map_err(|error| invalid(error.to_string()))?;
            let path = options.get_filename();
            let name = path.to_string_lossy();
            if name.is_empty() || name.contains(":memory:") || name.starts_with("file:sqlx-in-memory") {
                return Err(invalid("it has to name a file, as in sqlite:perennial.db".to_owned()));
            }
            return Ok(Self::sqlite(path));
        }
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            // The driver's message is left out: it may repeat a part of the address, and so of the password.
            let options = PgConnectOptions::from_str(text).map_err(|_| {
                invalid("it has to look like postgres://user:password@host:5432/database, special characters of the password as %XX".to_owned())
            })?;
            return Ok(Self(Target::Postgres(Box::new(options))));
        }
        Err(invalid("it has to begin with sqlite: or postgres:".to_owned()))
    }

    /// An error with the name of the file that it is about, where the store is one.
    pub(crate) fn named_in(&self, error: Error) -> Error {
        match &self.0 {
            Target::Sqlite(path) => error.of_file(path),
            Target::Postgres(_) => error,
        }
    }

    /// The store in a SQLite file.
    #[must_use]
    pub fn sqlite(path: &Path) -> Self {
        Self(Target::Sqlite(path.to_path_buf()))
    }
}

impl FromStr for StoreUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Target::Postgres(options) => {
                let user = options.get_username();
                let database = options.get_database().unwrap_or(user);
                write!(
                    formatter,
                    "postgres://{user}@{}:{}/{database}",
                    options.get_host(),
                    options.get_port()
                )
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_relative_or_absolute() {
        assert_eq!(StoreUrl::parse("sqlite:perennial.db").unwrap().to_string(), "sqlite:perennial.db");
        assert_eq!(StoreUrl::parse(" sqlite:///var/lib/p.db ").unwrap().to_string(), "sqlite:/var/lib/p.db");
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://jane:s3cret@db.example.org:6432/shop",
            "postgresql://jane@db.example.org:6432/shop?password=s3cret",
        ] {
            let url = StoreUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), "postgres://jane@db.example.org:6432/shop");
            assert_eq!(format!("{url:?}"), "StoreUrl(postgres://jane@db.example.org:6432/shop)");
        }
        let error = StoreUrl::parse("postgres://jane:s3cret@db:port/shop").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }

    #[test]
    fn what_keeps_nothing_or_is_no_address_is_refused() {
        for text in [
            "sqlite::memory:",
            "sqlite:",
            "sqlite:p.db?mode=ro",
            "mysql://root@localhost/shop",
            "perennial.db",
            "",
        ] {
            assert!(matches!(StoreUrl::parse(text), Err(Error::InvalidUrl { .. })), "{text}");
        }
    }
}
