//! A table under construction: in memory while it is small, in a temporary Parquet file once it is not.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;

use crate::error::Error;

pub(crate) struct Spool {
    schema: SchemaRef,
    limit: usize,
    path: PathBuf,
    rows: u64,
    bytes: usize,
    batches: Vec<RecordBatch>,
    file: Option<ArrowWriter<BufWriter<File>>>,
}

pub(crate) enum Spooled {
    /// At least one batch, which may be empty.
    Memory(Vec<RecordBatch>),
    File(PathBuf, SchemaRef),
}

impl Spool {
    pub(crate) fn new(schema: SchemaRef, limit: usize, path: PathBuf) -> Self {
        Self { schema, limit, path, rows: 0, bytes: 0, batches: Vec::new(), file: None }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        if let Some(file) = &mut self.file {
            return file.write(&batch).map_err(Error::engine("writing a temporary table"));
        }
        self.bytes += bytes_of(&batch);
        self.batches.push(batch);
        if self.bytes > self.limit { self.move_to_file() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> Result<Spooled, Error> {
        if let Some(file) = self.file.take() {
            file.close().map_err(Error::engine("writing a temporary table"))?;
            return Ok(Spooled::File(self.path, self.schema));
        }
        if self.batches.is_empty() {
            self.batches.push(RecordBatch::new_empty(self.schema));
        }
        Ok(Spooled::Memory(self.batches))
    }

    fn move_to_file(&mut self) -> Result<(), Error> {
        let file = File::create(&self.path).map_err(Error::io(&self.path))?;
        // Read back once or twice and then removed: speed counts, size does not.
        let properties = WriterProperties::builder()
            .set_compression(Compression::UNCOMPRESSED)
            .set_dictionary_enabled(false)
            .set_max_row_group_row_count(Some(1 << 17))
            .build();
        let mut writer = ArrowWriter::try_new(BufWriter::new(file), self.schema.clone(), Some(properties))
            .map_err(Error::engine("writing a temporary table"))?;
        for batch in self.batches.drain(..) {
            writer.write(&batch).map_err(Error::engine("writing a temporary table"))?;
        }
        self.file = Some(writer);
        Ok(())
    }
}

/// The bytes a batch holds on its own; the buffers it shares with its neighbours are counted by its share.
fn bytes_of(batch: &RecordBatch) -> usize {
    let column = |array: &dyn Array| {
        array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size())
    };
    batch.columns().iter().map(|array| column(array.as_ref())).sum()
}
