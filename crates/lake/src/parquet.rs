//! Rows of Parquet files as text, for everything that the columnar path does not take.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, Int64Type, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::Error;
use crate::source::SourceFile;
use crate::text::{Row, RowReader};

const BATCH_ROWS: usize = 8192;

fn builder(source: &SourceFile) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let file = File::open(&source.path).map_err(Error::io(&source.name))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(&source.name, 1, &error))
}

fn damaged(path: &Path, row: u64, error: &dyn std::fmt::Display) -> Error {
    Error::broken(path, row, format!("not a readable Parquet file ({error}): export it again"))
}

/// The schema of a file.
pub(crate) fn schema(file: &SourceFile) -> Result<SchemaRef, Error> {
    Ok(Arc::clone(builder(file)?.schema()))
}

/// The names of a file's columns.
pub(crate) fn columns(file: &SourceFile) -> Result<Vec<String>, Error> {
    Ok(schema(file)?.fields().iter().map(|field| field.name().clone()).collect())
}

/// The number of rows of a file.
pub(crate) fn rows(file: &SourceFile) -> Result<u64, Error> {
    Ok(u64::try_from(builder(file)?.metadata().file_metadata().num_rows()).unwrap_or(0))
}

pub(crate) struct ParquetRowReader {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    /// For each column of the file, its place in the batches.
    places: Vec<Option<usize>>,
    batch: Option<RecordBatch>,
    next: usize,
    row: u64,
    counter: Arc<AtomicU64>,
    bytes_per_batch: u64,
}

impl ParquetRowReader {
    pub(crate) fn open(file: &SourceFile, needed: &[usize], counter: &Arc<AtomicU64>) -> Result<Self, Error> {
        let builder = builder(file)?;
        let width = builder.schema().fields().len();
        let mut wanted: Vec<usize> = needed.iter().copied().filter(|index| *index < width).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let places = (0..width).map(|column| wanted.binary_search(&column).ok()).collect();
        let rows = rows(file)?;
        let batches = rows.div_ceil(BATCH_ROWS as u64).max(1);
        let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
        let reader = builder
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| damaged(&file.name, 1, &error))?;
        Ok(Self {
            path: file.name.clone(),
            reader,
            places,
            batch: None,
            next: 0,
            row: 0,
            counter: Arc::clone(counter),
            bytes_per_batch: file.bytes / batches,
        })
    }

    /// Whether a row is there in the current batch, after reading a new one where needed.
    fn advance(&mut self) -> Result<bool, Error> {
        while self.batch.as_ref().is_none_or(|batch| self.next >= batch.num_rows()) {
            match self.reader.next() {
                Some(Ok(batch)) => {
                    self.counter.fetch_add(self.bytes_per_batch, Ordering::Relaxed);
                    (self.batch, self.next) = (Some(batch), 0);
                }
                Some(Err(error)) => return Err(damaged(&self.path, self.row + 1, &error)),
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl RowReader for ParquetRowReader {
    fn read(&mut self, row: &mut Row) -> Result<bool, Error> {
        if !self.advance()? {
            return Ok(false);
        }
        let Some(batch) = &self.batch else { return Ok(false) };
        self.row += 1;
        row.clear(self.row);
        for place in &self.places {
            if let Some(place) = place {
                write_cell(batch.column(*place).as_ref(), self.next, row, &self.path, self.row)?;
            }
            row.end_field();
        }
        self.next += 1;
        Ok(true)
    }
}

/// The usual kinds go without the formatter, which is made anew for every cell.
fn write_cell(
    column: &dyn Array,
    index: usize,
    row: &mut Row,
    path: &Path,
    number: u64,
) -> Result<(), Error> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new();
    if column.is_null(index) {
        return Ok(());
    }
    if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
        row.extend(format_args!("{}", integers.value(index)));
    } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        row.extend(format_args!("{}", numbers.value(index)));
    } else if let Some(texts) = column.as_string_opt::<i32>() {
        row.extend(format_args!("{}", texts.value(index)));
    } else {
        let cell =
            ArrayFormatter::try_new(column, &OPTIONS).map_err(|error| damaged(path, number, &error))?;
        row.extend(format_args!("{}", cell.value(index)));
    }
    Ok(())
}
