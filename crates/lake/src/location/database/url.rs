//! Which database: an address whose password is never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::Error;

/// The address of a database: `postgres://user:password@host:port/database` or `sqlite:shop.db`. Neither `Display` nor
/// `Debug` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(super) Address);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// The whole URL, of which the parser has accepted every part.
    Postgres(String),
    /// The file.
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// Reads an address. What a PostgreSQL URL leaves out is taken from the environment (`PGHOST`, `PGUSER`, `PGPASSWORD`,
    /// ...), as PostgreSQL's own programs do.
    ///
    /// # Errors
    /// When the text is no such address. The message does not repeat it, as it may hold a password.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        match scheme {
            "postgres" | "postgresql" => match PgConnectOptions::from_str(text) {
                Ok(_) => Ok(Self(Address::Postgres(text.to_owned()))),
                Err(error) => Err(bad(format!("the PostgreSQL address cannot be understood: {error}"))),
            },
            "sqlite" => {
                let file = rest.strip_prefix("//").unwrap_or(rest);
                if file.is_empty() || file == ":memory:" {
                    return Err(bad("an SQLite address names its file, such as sqlite:shop.db".to_owned()));
                }
                Ok(Self(Address::Sqlite(PathBuf::from(file))))
            }
            _ => Err(bad("the address begins with neither postgres: nor sqlite:".to_owned())),
        }
    }

    /// The same database seen from another working folder.
    #[must_use]
    pub fn relative_to(&self, folder: &Path) -> Self {
        match &self.0 {
            Address::Postgres(_) => self.clone(),
            Address::Sqlite(file) => Self(Address::Sqlite(folder.join(file))),
        }
    }
}

fn bad(problem: String) -> Error {
    Error::BadDatabaseUrl { problem }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Address::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Address::Postgres(url) => match PgConnectOptions::from_str(url) {
                Ok(options) => write!(
                    f,
                    "postgres://{}@{}:{}/{}",
                    options.get_username(),
                    options.get_host(),
                    options.get_port(),
                    options.get_database().unwrap_or_else(|| options.get_username())
                ),
                Err(_) => f.write_str("postgres://..."),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let url = DatabaseUrl::parse("postgres://shop:se%20cret@db.example.org:5433/sales").unwrap();
        assert_eq!(url.to_string(), "postgres://shop@db.example.org:5433/sales");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://shop@db.example.org:5433/sales)");
        let error = DatabaseUrl::parse("mysql://shop:secret@host/db").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        let error = DatabaseUrl::parse("postgres://shop:secret@host:port/db").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }

    #[test]
    fn sqlite_names_a_file() {
        for text in ["sqlite:shop.db", "sqlite://shop.db"] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().to_string(), "sqlite:shop.db");
        }
        assert_eq!(DatabaseUrl::parse("sqlite:///var/shop.db").unwrap().to_string(), "sqlite:/var/shop.db");
        assert!(DatabaseUrl::parse("sqlite:").is_err());
    }
}
