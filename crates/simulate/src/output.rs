//! Tables as files: CSV or Parquet, written in parts.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
    str::FromStr,
};

use arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
};
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

use crate::{Error, World, cells::Cells, tables::Table};

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Comma-separated text with a header, dates as in ISO 8601.
    #[default]
    Csv,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
}

impl Format {
    /// The ending of the files' names.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::Format(name.to_owned())),
        }
    }
}

/// Where and how the tables of a shop are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) format: Format,
}

/// Some rows of a table, ready to be appended to its file. Making them is most of the work and can be done in parallel.
pub(crate) struct Part<T> {
    batch: RecordBatch,
    /// The rows as text, made only for CSV.
    text: Vec<u8>,
    table: PhantomData<T>,
}

impl<T: Table> Part<T> {
    /// The rows of some of the table's subjects.
    pub(crate) fn new(world: &World, target: Target, subjects: &[T::Subject]) -> Result<Self, Error> {
        let batch = RecordBatch::try_from_iter_with_nullable(T::columns(world, subjects)?)?;
        let text = match target.format {
            Format::Csv => text_of(&batch, T::NULL_TEXT)?,
            Format::Parquet => Vec::new(),
        };
        Ok(Self { batch, text, table: PhantomData })
    }
}

/// A table's file while it is written: under a name of its own until all is there.
pub(crate) struct TableFile<T> {
    path: PathBuf,
    partial: PathBuf,
    sink: Sink,
    rows: u64,
    table: PhantomData<T>,
}

enum Sink {
    Csv(BufWriter<File>),
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
}

impl<T: Table> TableFile<T> {
    /// Opens the table's file, with its header.
    pub(crate) fn create(world: &World, target: Target) -> Result<Self, Error> {
        let extension = target.format.extension();
        let path = target.folder.join(format!("{}.{extension}", T::NAME));
        let partial = path.with_extension(format!("{extension}.partial"));
        let mut file = BufWriter::new(File::create(&partial).map_err(Error::write(&partial))?);
        let schema = Part::<T>::new(world, target, &[])?.batch.schema();
        let sink = match target.format {
            Format::Csv => {
                file.write_all(&header_of(&schema)?).map_err(Error::write(&partial))?;
                Sink::Csv(file)
            }
            Format::Parquet => Sink::Parquet(Box::new(parquet_writer(file, schema)?)),
        };
        Ok(Self { path, partial, sink, rows: 0, table: PhantomData })
    }

    /// Appends rows made for the same target.
    pub(crate) fn append(&mut self, part: &Part<T>) -> Result<(), Error> {
        match &mut self.sink {
            Sink::Csv(file) => file.write_all(&part.text).map_err(Error::write(&self.partial))?,
            Sink::Parquet(writer) => writer.write(&part.batch)?,
        }
        self.rows += part.batch.num_rows() as u64;
        Ok(())
    }

    /// Closes the file, gives it its name, and returns the table's name and its number of rows.
    pub(crate) fn finish(self) -> Result<(&'static str, u64), Error> {
        match self.sink {
            Sink::Csv(mut file) => file.flush().map_err(Error::write(&self.partial))?,
            Sink::Parquet(writer) => drop(writer.close()?),
        }
        fs::rename(&self.partial, &self.path).map_err(Error::write(&self.path))?;
        Ok((T::NAME, self.rows))
    }
}

/// Writes a whole table at once.
pub(crate) fn write_table<T: Table>(
    world: &World,
    target: Target,
    subjects: &[T::Subject],
) -> Result<(&'static str, u64), Error> {
    let mut file = TableFile::<T>::create(world, target)?;
    file.append(&Part::new(world, target, subjects)?)?;
    file.finish()
}

/// A Parquet writer with Snappy compression.
pub(crate) fn parquet_writer<W: Write + Send>(file: W, schema: SchemaRef) -> Result<ArrowWriter<W>, Error> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    Ok(ArrowWriter::try_new(file, schema, Some(properties))?)
}

fn header_of(schema: &Schema) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(schema.fields().iter().map(|field| field.name()))?;
    finished(writer)
}

/// The rows as CSV without a header; a null is empty, or `null_text`.
fn text_of(batch: &RecordBatch, null_text: &str) -> Result<Vec<u8>, Error> {
    let cells = batch.columns().iter().map(Cells::new).collect::<Result<Vec<_>, _>>()?;
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(batch.num_rows() * 96));
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for column in &cells {
            text.clear();
            column.append(row, null_text, &mut text);
            writer.write_field(&text)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    finished(writer)
}

fn finished(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, Error> {
    writer.into_inner().map_err(|error| Error::Csv(error.into_error().into()))
}
