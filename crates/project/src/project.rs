//! A project that can be run: its file read and found right.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::file::{LARGEST_FILE, Problem, Read, Sections, any_error, cross_checks, read};
use crate::snapshot::Snapshots;

/// The name of a project file.
pub const PROJECT_FILE: &str = "perennial.toml";

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project file.
    pub file: PathBuf,
    /// Its folder, from which relative paths are meant.
    pub folder: PathBuf,
    /// What stands in the file.
    pub sections: Sections,
    /// What should be mended, although a run is possible.
    pub warnings: Vec<Problem>,
}

impl Project {
    /// Reads a project file, or the one in a folder.
    ///
    /// # Errors
    /// When there is none, or with everything that is wrong with it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = if path.is_dir() { path.join(PROJECT_FILE) } else { path.to_path_buf() };
        if !file.is_file() {
            return Err(Error::NoProject { path: file });
        }
        let size = std::fs::metadata(&file).map_err(Error::file(&file))?.len();
        if size > LARGEST_FILE {
            let message = format!("{size} bytes are no project file; at most {LARGEST_FILE} are read");
            return Err(Error::Problems { problems: vec![named(&file, Problem::error("", message))] });
        }
        let text = std::fs::read(&file).map_err(Error::file(&file))?;
        let text = String::from_utf8(text).map_err(|_| Error::Problems {
            problems: vec![named(&file, Problem::error("", "it is not text in UTF-8"))],
        })?;
        Self::parse(&file, &text)
    }

    /// Understands the text of a project file.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let all_named =
            |problems: Vec<Problem>| problems.into_iter().map(|problem| named(file, problem)).collect();
        let Read { sections, keys, mut problems, left_out } =
            read(text).map_err(|problems| Error::Problems { problems: all_named(problems) })?;
        problems.extend(cross_checks(&sections, &left_out).into_iter().map(|problem| keys.locate(problem)));
        problems.sort_by_key(|problem| problem.line);
        let problems: Vec<Problem> = all_named(problems);
        if any_error(&problems) {
            return Err(Error::Problems { problems });
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { file: file.to_path_buf(), folder: folder.to_path_buf(), sections, warnings: problems })
    }

    /// Problems that were found later, with the lines of their keys as far as the file is still the one that was read.
    pub(crate) fn locate(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let Ok(Read { keys, .. }) = read(&text) else { return problems };
        let locate = |problem: Problem| {
            if problem.key.is_empty() || problem.file.is_some() {
                return problem;
            }
            named(&self.file, keys.locate(problem))
        };
        problems.into_iter().map(locate).collect()
    }

    /// The project's snapshots.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::in_folder(self.path("snapshots"))
    }

    /// A path of the file as seen from the working folder.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }
}

fn named(file: &Path, problem: Problem) -> Problem {
    Problem { file: Some(file.to_path_buf()), ..problem }
}
