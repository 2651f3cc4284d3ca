//! The file of refused rows: where each stood, why it was refused, and the row itself.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::output::{create_file, excel_safe};
use crate::quality::Refusal;
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
}

impl Quarantine {
    /// An earlier file of that name is replaced, so that it never speaks of another run.
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self { path: PathBuf::new(), writer: None }) };
        let file = create_file(path).map_err(Error::io(path))?;
        let mut writer = csv::Writer::from_writer(BufWriter::new(file));
        writer
            .write_record(["file", "line", "reason", "detail", "row"])
            .map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_path_buf(), writer: Some(writer) })
    }

    pub(crate) fn write(&mut self, file: &Path, row: &Row, refused: &Refused) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let record = [
            excel_safe(&file.to_string_lossy()),
            row.line.to_string(),
            refused.reason.code().to_owned(),
            excel_safe(&refused.detail),
            excel_safe(&joined(row)),
        ];
        writer.write_record(record).map_err(|error| failed(&self.path, error))
    }

    /// Completes the file and names it.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, Error> {
        let Some(writer) = &mut self.writer else { return Ok(None) };
        writer.flush().map_err(Error::io(&self.path))?;
        Ok(Some(self.path))
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
