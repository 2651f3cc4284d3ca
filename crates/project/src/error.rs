//! What can go wrong with a project.

use std::io;
use std::path::{Path, PathBuf};

use crate::file::Problem;

/// An error of a project; its message says what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no project here.
    #[error("there is no project file {}; `perennial init` writes one, --project names another", path.display())]
    NoProject {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The project file is there already.
    #[error("{} is there already; nothing was written", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The project file cannot be used.
    #[error("{}", listed(problems))]
    Problems {
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// What went wrong with a file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n       ")
}
