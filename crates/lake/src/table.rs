//! Tables that are no orders: covariates of customers, lifetimes of subscriptions. Their rows are handed over as text, whatever the
//! kind of file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::columns::normalised;
use crate::error::{Error, nearest};
use crate::input::Input;
use crate::source::find_files;
use crate::text::Row;

/// A file with a header whose rows can be read any number of times.
#[derive(Debug)]
pub struct TableFile {
    input: Input,
}

impl TableFile {
    /// Looks at the beginning of a file: CSV, JSON lines (each also compressed) or Parquet.
    ///
    /// # Errors
    /// When there is not exactly one such file, or its structure cannot be recognised.
    pub fn open(path: &str) -> Result<Self, Error> {
        let mut files = find_files(&[path.to_owned()])?;
        match (files.pop(), files.is_empty()) {
            (Some(file), true) => Ok(Self { input: Input::inspect(file)? }),
            _ => Err(Error::NoFile {
                path: path.to_owned(),
                problem: "one file is needed, not several".to_owned(),
            }),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.input.path()
    }

    /// The names of its columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.input.header.columns
    }

    /// The place of the column of this name; case does not matter.
    ///
    /// # Errors
    /// When there is none.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        let columns = self.columns();
        self.find(&[name]).ok_or_else(|| Error::NoSuchColumn {
            file: self.path().to_path_buf(),
            name: name.to_owned(),
            nearest: nearest(name, columns.iter().map(String::as_str)).map(str::to_owned),
            columns: columns.to_vec(),
        })
    }

    /// The place of the first column that has one of these names; case, blanks and underscores do not matter.
    #[must_use]
    pub fn find(&self, names: &[&str]) -> Option<usize> {
        let place =
            |name: &str| self.columns().iter().position(|column| normalised(column) == normalised(name));
        names.iter().find_map(|name| place(name))
    }

    /// Hands the fields of the columns at `places` to `each`, row by row, with the line they stand on.
    ///
    /// # Errors
    /// When the file cannot be read to its end or a row's structure is broken, and what `each` returns.
    pub fn for_each<E: From<Error>>(
        &self,
        places: &[usize],
        mut each: impl FnMut(u64, &[&str]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rows = self.input.rows(places, &Arc::new(AtomicU64::new(0)))?;
        let mut row = Row::default();
        while rows.read(&mut row)? {
            if let Some(problem) = row.broken.take() {
                return Err(Error::broken(self.path(), row.line, problem).into());
            }
            if row.is_blank() {
                continue;
            }
            let fields: Vec<&str> = places.iter().map(|&place| row.get(place).unwrap_or_default()).collect();
            each(row.line, &fields)?;
        }
        Ok(())
    }

    /// An error about a line of this file.
    #[must_use]
    pub fn wrong(&self, line: u64, problem: impl Into<String>) -> Error {
        Error::broken(self.path(), line, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_columns_asked_for_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("covariates.csv");
        std::fs::write(&file, "Id;Gender;High Season\n1;0;a\n\n2;1;b\n").unwrap();
        let table = TableFile::open(&file.to_string_lossy()).unwrap();
        let places = [table.column("id").unwrap(), table.find(&["high_season"]).unwrap()];
        let mut seen = Vec::new();
        table
            .for_each(&places, |line, fields| {
                seen.push((line, fields.join(",")));
                Ok::<(), Error>(())
            })
            .unwrap();
        assert_eq!(seen, [(2, "1,a".to_owned()), (4, "2,b".to_owned())]);
        let error = table.column("gendr").unwrap_err().to_string();
        assert!(error.contains("Gender"), "{error}");
    }
}
