//! Where an export goes: a file, an object, or a table of a database.

use std::fmt;
use std::path::{Path, PathBuf};

use perennial_lake::{DatabaseUrl, OutputFormat, Session};

use crate::file::{Address, Export};

/// Where an export goes, found out.
#[derive(Debug)]
pub(crate) enum Destination {
    /// A file, or an object of an object store.
    File {
        /// As the project says it.
        named: String,
        /// As it is opened.
        path: PathBuf,
        format: OutputFormat,
    },
    /// A table of a database.
    Table { url: DatabaseUrl, table: String },
}

impl Destination {
    /// Looks up where an export of the project in `folder` goes.
    pub(crate) fn of(export: &Export, folder: &Path) -> Result<Self, String> {
        if let Some(table) = &export.table {
            let url = export.to.database(folder)?.relative_to(folder);
            return Ok(Self::Table { url, table: table.clone() });
        }
        let named = export.to.to_string();
        let format = format_of(&export.to)?;
        let path = if named.contains("://") { named.clone().into() } else { folder.join(&named) };
        Ok(Self::File { named, path, format })
    }

    /// Writes the answer to a `select` there; the rows that went.
    pub(crate) fn write(&self, session: &Session, sql: &str) -> Result<u64, perennial_lake::Error> {
        match self {
            Self::File { path, format, .. } => session.write(sql, path, *format),
            Self::Table { url, table } => session.write_table(sql, url, table),
        }
    }

    /// What keeps columns of these names from being written there, as far as that can be seen without writing.
    pub(crate) fn problem(&self, session: &Session, columns: &[&str]) -> Option<String> {
        match self {
            Self::File { named, path, .. } => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
                let is_there = named.contains("://") || folder.is_dir();
                (!is_there).then(|| format!("the folder {} is not there: make it", folder.display()))
            }
            Self::Table { url, table } => {
                session.check_table(columns, url, table).err().map(|error| error.to_string())
            }
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { named, .. } => formatter.write_str(named),
            Self::Table { url, table } => write!(formatter, "{table} in {url}"),
        }
    }
}

/// How a file is written, by its name.
pub(crate) fn format_of(file: &Address) -> Result<OutputFormat, String> {
    let name = file.to_string();
    OutputFormat::of(Path::new(&name))
        .ok_or_else(|| format!("{name:?} must end in .parquet, .csv or .json, which says how it is written"))
}
