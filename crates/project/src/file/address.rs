//! Addresses that may hold a password, or say where one stands.

use std::fmt;
use std::path::Path;

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

    /// Whether a password stands in the address itself.
    #[must_use]
    pub fn has_password(&self) -> bool {
        let authority =
            self.0.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
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
        assert!(Address::from("postgres://a:b@host/db").has_password());
        for text in ["postgres://a@host/db", "postgres://host:5432/db", "sqlite:a.db", "env:URL"] {
            assert!(!Address::from(text).has_password(), "{text}");
        }
        assert!(!format!("{:?}", Address::from("postgres://a:hunter2@host/db")).contains("hunter2"));
    }
}
