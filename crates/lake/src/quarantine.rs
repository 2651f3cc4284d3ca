//! The file of refused rows: where each stood, why it was refused, and the row itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::output::{create_file, excel_safe};
use crate::quality::{Examples, Quality, Refusal};
use crate::text::Row;

/// A row that cannot be used.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: Refusal,
    pub(crate) detail: String,
}

impl Refused {
    pub(crate) fn new(reason: Refusal, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// Writes `file,line,reason,detail,row`; without a path it writes nothing.
pub(crate) struct Quarantine {
    path: PathBuf,
    writer: Option<csv::Writer<BufWriter<File>>>,
    examples: BTreeMap<Refusal, Examples>,
}

impl Quarantine {
    /// An earlier file of that name is replaced, so that it never speaks of another run.
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::nowhere()) };
        let file = create_file(path).map_err(Error::io(path))?;
        let mut writer = csv::Writer::from_writer(BufWriter::new(file));
        writer
            .write_record(["file", "line", "reason", "detail", "row"])
            .map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_path_buf(), writer: Some(writer), ..Self::nowhere() })
    }

    fn nowhere() -> Self {
        Self { path: PathBuf::new(), writer: None, examples: BTreeMap::new() }
    }

    /// Goes on where an earlier one ended.
    pub(crate) fn resume(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Self::create(None) };
        let file = File::options().append(true).open(path).map_err(Error::io(path))?;
        let writer = csv::WriterBuilder::new().has_headers(false).from_writer(BufWriter::new(file));
        Ok(Self { path: path.to_path_buf(), writer: Some(writer), ..Self::nowhere() })
    }

    /// Whether what is written goes anywhere.
    pub(crate) fn is_kept(&self) -> bool {
        self.writer.is_some()
    }

    /// A row without a line of its own is named by its first field.
    pub(crate) fn write(&mut self, file: &Path, row: &Row, refused: &Refused) -> Result<(), Error> {
        let line = if row.line > 0 { row.line.to_string() } else { String::new() };
        let examples = self.examples.entry(refused.reason).or_default();
        if !examples.is_full() {
            let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
            let place = if line.is_empty() { row.get(0).unwrap_or_default() } else { &line };
            examples.add(&format!("{name}:{place}"));
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let record = [
            excel_safe(&file.to_string_lossy()),
            line,
            refused.reason.code().to_owned(),
            excel_safe(&refused.detail),
            excel_safe(&joined(row)),
        ];
        writer.write_record(record).map_err(|error| failed(&self.path, error))
    }

    /// Completes the file, and names it and some of its rows in the account of the rows.
    pub(crate) fn finish(self, account: &mut Quality) -> Result<(), Error> {
        account.refused_at.extend(self.examples);
        let Some(mut writer) = self.writer else { return Ok(()) };
        writer.flush().map_err(Error::io(&self.path))?;
        account.quarantine = Some(self.path);
        Ok(())
    }
}

/// The rows of text files that a query over them cannot use, because their fields cannot be told apart. A query may read a file more
/// than once, and several at once; each row is written down once.
pub(crate) struct BrokenRows(Mutex<Broken>);

struct Broken {
    quarantine: Quarantine,
    /// The last line that was written down of each file. A file is always read from its beginning.
    lines: BTreeMap<PathBuf, u64>,
    rows: u64,
}

impl BrokenRows {
    pub(crate) fn new(quarantine: Quarantine) -> Self {
        Self(Mutex::new(Broken { quarantine, lines: BTreeMap::new(), rows: 0 }))
    }

    /// Refuses a row of a file.
    pub(crate) fn refuse(&self, file: &Path, row: &Row, problem: String) -> Result<(), Error> {
        let mut broken = self.lock();
        let last = broken.lines.entry(file.to_path_buf()).or_default();
        if row.line <= *last {
            return Ok(());
        }
        *last = row.line;
        broken.rows += 1;
        broken.quarantine.write(file, row, &Refused::new(Refusal::BrokenRow, problem))
    }

    /// Writes another refused row.
    pub(crate) fn write(&self, file: &Path, row: &Row, refused: &Refused) -> Result<(), Error> {
        self.lock().quarantine.write(file, row, refused)
    }

    /// Hands on the file, with the number of rows that were broken. What is refused later is not written down.
    pub(crate) fn take(&self) -> (Quarantine, u64) {
        let mut broken = self.lock();
        (std::mem::replace(&mut broken.quarantine, Quarantine::nowhere()), broken.rows)
    }

    fn lock(&self) -> MutexGuard<'_, Broken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for BrokenRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrokenRows").finish_non_exhaustive()
    }
}

fn failed(path: &Path, error: csv::Error) -> Error {
    Error::io(path)(std::io::Error::other(error))
}

/// The row as comma-separated text.
fn joined(row: &Row) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    // Writing into memory cannot fail; were it to, the line number still leads to the row.
    let _ = writer.write_record(row.fields());
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}
