//! Query answers as files: Parquet, CSV that a spreadsheet opens without running anything, JSON.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::error::Error;

/// The kind of file a query's answer is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Parquet, compressed with Zstandard.
    Parquet,
    /// CSV in UTF-8 with a header. A text cell that a spreadsheet would run as a formula (it starts with `=`, `+`,
    /// `-`, `@`, a tab or a carriage return) gets an apostrophe in front.
    Csv,
    /// A JSON array of one object per row, each on a line of its own.
    Json,
}

impl OutputFormat {
    /// The format that a file's name asks for by its ending, if it is one of ours.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" | "pq" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Writes batches into a temporary file beside the target, which takes the target's name at the end.
pub(crate) struct Writer {
    path: PathBuf,
    rows: u64,
    sink: Sink,
}

enum Sink {
    Parquet(Box<ArrowWriter<NamedTempFile>>),
    Csv(Box<csv::Writer<NamedTempFile>>),
    Json(BufWriter<NamedTempFile>),
}

impl Writer {
    pub(crate) fn create(path: &Path, format: OutputFormat, schema: SchemaRef) -> Result<Self, Error> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".perennial-")
            .readable_by_owner_and_group()
            .tempfile_in(folder)
            .map_err(Error::io(path))?;
        let sink = match format {
            OutputFormat::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .build();
                let writer = ArrowWriter::try_new(file, schema, Some(properties))
                    .map_err(Error::engine(format!("writing {}", path.display())))?;
                Sink::Parquet(Box::new(writer))
            }
            OutputFormat::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                writer
                    .write_record(schema.fields().iter().map(|field| excel_safe(field.name())))
                    .map_err(csv_failed(path))?;
                Sink::Csv(Box::new(writer))
            }
            OutputFormat::Json => {
                let mut writer = BufWriter::new(file);
                writer.write_all(b"[").map_err(Error::io(path))?;
                Sink::Json(writer)
            }
        };
        Ok(Self { path: path.to_path_buf(), rows: 0, sink })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match &mut self.sink {
            Sink::Parquet(writer) => {
                writer.write(batch).map_err(Error::engine(format!("writing {}", self.path.display())))?;
            }
            Sink::Csv(writer) => write_csv(writer, batch, &self.path)?,
            Sink::Json(writer) => write_json(writer, batch, self.rows == 0, &self.path)?,
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<u64, Error> {
        let path = self.path;
        let file = match self.sink {
            Sink::Parquet(writer) => {
                writer.into_inner().map_err(Error::engine(format!("writing {}", path.display())))?
            }
            Sink::Csv(writer) => writer.into_inner().map_err(|error| Error::io(&path)(error.into_error()))?,
            Sink::Json(mut writer) => {
                writer.write_all(b"\n]\n").map_err(Error::io(&path))?;
                writer.into_inner().map_err(|error| Error::io(&path)(error.into_error()))?
            }
        };
        file.persist(&path).map_err(|error| Error::io(&path)(error.error))?;
        Ok(self.rows)
    }
}

/// What is known of customers is for their shop: files of it can be read by their owner and its group only.
#[cfg(unix)]
const MODE: u32 = 0o640;

/// Makes or empties a file of rows.
pub(crate) fn create_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, MODE);
    options.open(path)
}

/// Makes a file that is not there, as one of rows; one that is there stays as it is.
pub(crate) fn create_file_if_missing(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, MODE);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Temporary files are for their owner alone; one that takes a target's name is for the group as well.
trait ReadableByOwnerAndGroup {
    fn readable_by_owner_and_group(&mut self) -> &mut Self;
}

impl ReadableByOwnerAndGroup for tempfile::Builder<'_, '_> {
    fn readable_by_owner_and_group(&mut self) -> &mut Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            self.permissions(std::fs::Permissions::from_mode(MODE));
        }
        self
    }
}

/// A text as a spreadsheet may safely open it: never taken for a formula.
pub(crate) fn excel_safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn csv_failed(path: &Path) -> impl Fn(csv::Error) -> Error + '_ {
    move |error| Error::io(path)(std::io::Error::other(error))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn formatters(batch: &RecordBatch) -> Result<Vec<ArrayFormatter<'_>>, Error> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new();
    batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &OPTIONS))
        .collect::<Result<_, _>>()
        .map_err(Error::engine("writing a column as text"))
}

fn write_csv(writer: &mut csv::Writer<NamedTempFile>, batch: &RecordBatch, path: &Path) -> Result<(), Error> {
    let columns = formatters(batch)?;
    let text: Vec<bool> = batch.columns().iter().map(|column| is_text(column.data_type())).collect();
    for row in 0..batch.num_rows() {
        for (column, text) in columns.iter().zip(&text) {
            let cell = column.value(row).to_string();
            let cell = if *text { excel_safe(&cell) } else { cell };
            writer.write_field(cell).map_err(csv_failed(path))?;
        }
        writer.write_record(None::<&[u8]>).map_err(csv_failed(path))?;
    }
    Ok(())
}

fn write_json(
    writer: &mut BufWriter<NamedTempFile>,
    batch: &RecordBatch,
    mut first: bool,
    path: &Path,
) -> Result<(), Error> {
    let columns = formatters(batch)?;
    let schema = batch.schema();
    for row in 0..batch.num_rows() {
        let mut object = serde_json::Map::new();
        for ((field, column), formatter) in schema.fields().iter().zip(batch.columns()).zip(&columns) {
            object.insert(field.name().clone(), json_value(column.as_ref(), formatter, row));
        }
        writer.write_all(if first { b"\n" } else { b",\n" }).map_err(Error::io(path))?;
        first = false;
        serde_json::to_writer(&mut *writer, &object)
            .map_err(|error| Error::io(path)(std::io::Error::from(error)))?;
    }
    Ok(())
}

/// Numbers and truth values as such, everything else as text.
fn json_value(column: &dyn Array, formatter: &ArrayFormatter<'_>, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let text = formatter.value(row).to_string();
    let kind = column.data_type();
    if kind.is_numeric() || kind == &DataType::Boolean {
        // NaN and infinity have no JSON form; they become null, as they are no value.
        serde_json::from_str(&text).unwrap_or(Value::Null)
    } else {
        Value::String(text)
    }
}
