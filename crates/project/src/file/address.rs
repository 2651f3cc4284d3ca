//! Addresses that may hold a password, or say where one stands.

use std::fmt;
use std::path::Path;

use perennial_lake::DatabaseUrl;
use serde::Deserialize;

/// An address as it stands in the file: itself, or where to find it (`env:NAME`, `file:PATH`). `Debug` hides a password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// The address itself; paths of `file:` are relative to `folder`.
    ///
    /// # Errors
    /// When the variable is not set or the file cannot be read, as a sentence.
    pub fn resolve(&self, folder: &Path) -> Result<String, String> {
        if let Some(name) = self.0.strip_prefix("env:") {
            return std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
                .map(|value| value.trim().to_owned())
                .ok_or_else(|| format!("the environment variable {name} is not set"));
        }
        if let Some(path) = self.0.strip_prefix("file:") {
            let path = folder.join(path);
            let text =
                std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            return Ok(text.trim().to_owned());
        }
        Ok(self.0.clone())
    }

    /// The database that it is the address of; paths of `file:` are relative to `folder`.
    ///
    /// # Errors
    /// As [`Address::resolve`], and when what is found is no such address, as a sentence.
    pub fn database(&self, folder: &Path) -> Result<DatabaseUrl, String> {
        DatabaseUrl::parse(&self.resolve(folder)?).map_err(|error| error.to_string())
    }

    /// Whether a password stands in the address itself.
    #[must_use]
    pub fn has_password(&self) -> bool {
        let Some((_, rest)) = self.0.split_once("://") else { return false };
        let (place, settings) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = place.split('/').next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
            || settings.split('&').any(|setting| setting.starts_with("password="))
    }

    /// Whether it is the address of a database, or says where one stands; else it is a path or a URL of an object.
    #[must_use]
    pub fn is_of_database(&self) -> bool {
        let begins = |with: &&str| self.0.starts_with(*with);
        ["postgres:", "postgresql:", "sqlite:", "env:", "file:"].iter().any(begins)
    }

    /// Whether the address itself stands here, and not where to find it.
    #[must_use]
    pub fn is_itself(&self) -> bool {
        !self.0.starts_with("env:") && !self.0.starts_with("file:")
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// As it stands in the file, without a password.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_password() {
            return formatter.write_str(&self.0);
        }
        match DatabaseUrl::parse(&self.0) {
            Ok(url) => write!(formatter, "{url}"),
            Err(_) => formatter.write_str("an address with a password"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_password() {
            formatter.write_str("an address with a password")
        } else {
            write!(formatter, "{:?}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_itself_or_stands_in_a_file_or_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("url"), "sqlite:shop.db\n").unwrap();
        let resolve = |text: &str| Address::from(text).resolve(folder.path());
        assert_eq!(resolve("sqlite:a.db").unwrap(), "sqlite:a.db");
        assert_eq!(resolve("file:url").unwrap(), "sqlite:shop.db");
        assert!(resolve("file:nowhere").unwrap_err().contains("nowhere"));
        let missing = resolve("env:PERENNIAL_NO_SUCH_VARIABLE").unwrap_err();
        assert_eq!(missing, "the environment variable PERENNIAL_NO_SUCH_VARIABLE is not set");
    }

    #[test]
    fn passwords_are_seen_and_not_shown() {
        for text in ["postgres://a@host/db", "postgres://host:5432/db", "sqlite:a.db", "env:URL"] {
            assert!(!Address::from(text).has_password(), "{text}");
            assert_eq!(Address::from(text).to_string(), text);
        }
        for text in ["postgres://a:hunter2@host/db", "postgres://a@host/db?sslmode=require&password=hunter2"]
        {
            let address = Address::from(text);
            assert!(address.has_password(), "{text}");
            assert_eq!(address.to_string(), "postgres://a@host:5432/db");
        }
        assert!(!format!("{:?}", Address::from("postgres://a:hunter2@host/db")).contains("hunter2"));
    }
}
