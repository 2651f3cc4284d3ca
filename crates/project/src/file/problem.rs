//! What is wrong with a project, and where.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// Nothing is run while it is there.
    Error,
    /// A run is possible; something should be mended nevertheless.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub gravity: Gravity,
    /// The project file, where it stands there.
    pub file: Option<PathBuf>,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// The key that it is about, such as `value.horizon`, `sources.web.files` or `tiers[2].name`; empty for the whole file.
    pub key: String,
    /// What is wrong and what to do, as a sentence.
    pub message: String,
}

impl Problem {
    /// An error at a key.
    pub(crate) fn error(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { gravity: Gravity::Error, file: None, line: None, key: key.into(), message: message.into() }
    }

    /// A warning at a key.
    pub(crate) fn warning(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { gravity: Gravity::Warning, ..Self::error(key, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(formatter, "{}:", file.display())?;
        }
        if let Some(line) = self.line {
            write!(formatter, "{line}:")?;
        }
        if self.file.is_some() || self.line.is_some() {
            formatter.write_str(" ")?;
        }
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&self.message)
    }
}

/// Whether any of them keeps a run from being made.
#[must_use]
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.gravity == Gravity::Error)
}
