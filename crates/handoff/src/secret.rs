//! Secrets: settings name where one is, it is read late, and it is never shown.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;

/// A secret is at most this many bytes: a file that is larger is not one.
const LONGEST: u64 = 64 * 1024;

/// A secret value. `Debug` shows nothing of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret that was read elsewhere.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, to be put into a request.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// Where a secret is: `env:NAME` or `file:PATH`. A secret itself is refused, so that none stands in a project
/// file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretReference {
    /// An environment variable.
    Env(String),
    /// A file, the first and last white space of which does not count. Relative to the project file.
    File(PathBuf),
}

impl SecretReference {
    /// Reads the secret. `folder` is the one that relative paths start from.
    ///
    /// # Errors
    /// The variable is not set, or the file cannot be read, is empty or larger than 64 KB.
    pub fn resolve(&self, folder: &Path) -> Result<Secret, Error> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(value) if !value.trim().is_empty() => Ok(Secret(value.trim().to_owned())),
                _ => Err(Error::SecretVariable { name: name.clone() }),
            },
            Self::File(path) => read_file(&folder.join(path)),
        }
    }
}

fn read_file(file: &Path) -> Result<Secret, Error> {
    let wrong = |problem: String| Error::SecretFile { file: file.to_owned(), problem };
    let opened = std::fs::File::open(file).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    opened.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(wrong("larger than 64 KB; a secret is one short line".into()));
    }
    match text.trim() {
        "" => Err(wrong("empty; write the secret into it".into())),
        secret => Ok(Secret(secret.to_owned())),
    }
}

impl TryFrom<String> for SecretReference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.trim().is_empty() => Ok(Self::Env(name.trim().to_owned())),
            Some(("file", path)) if !path.trim().is_empty() => Ok(Self::File(path.trim().into())),
            // What stands there may be the secret itself, so it is not repeated.
            _ => Err("a secret does not stand in the project file: write \"env:NAME\" for an environment variable or \
                      \"file:PATH\" for a file that holds it"
                .to_owned()),
        }
    }
}

impl From<SecretReference> for String {
    fn from(reference: SecretReference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "env:{name}"),
            Self::File(path) => write!(formatter, "file:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("whsec_c2VjcmV0")), "Secret(hidden)");
    }

    #[test]
    fn a_reference_comes_back_as_it_was_written() {
        for text in ["env:HUBSPOT_TOKEN", "file:secrets/token"] {
            let reference = SecretReference::try_from(text.to_owned()).unwrap();
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn a_secret_in_the_settings_is_refused_and_not_repeated() {
        for text in ["whsec_c2VjcmV0", "env:", "file: ", "", "pat-na1-1:2"] {
            let problem = SecretReference::try_from(text.to_owned()).unwrap_err();
            assert!(problem.contains("env:NAME"), "{problem}");
            assert!(text.is_empty() || text.len() < 7 || !problem.contains(text), "{problem}");
        }
    }

    #[test]
    fn a_file_is_read_late_and_relative_to_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let reference = SecretReference::File("token".into());
        assert!(reference.resolve(folder.path()).unwrap_err().to_string().contains("token"));
        std::fs::write(folder.path().join("token"), "  hush\n").unwrap();
        assert_eq!(reference.resolve(folder.path()).unwrap().expose(), "hush");
        std::fs::write(folder.path().join("token"), " \n").unwrap();
        assert!(reference.resolve(folder.path()).unwrap_err().to_string().contains("empty"));
        std::fs::write(folder.path().join("token"), vec![b'x'; 70_000]).unwrap();
        assert!(reference.resolve(folder.path()).unwrap_err().to_string().contains("64 KB"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error =
            SecretReference::Env("PERENNIAL_NO_SUCH_SECRET".into()).resolve(Path::new(".")).unwrap_err();
        assert!(error.to_string().contains("PERENNIAL_NO_SUCH_SECRET"), "{error}");
    }
}
