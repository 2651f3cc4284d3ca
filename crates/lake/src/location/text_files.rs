//! Text files as a table: every column of every header, each as text, read only when the table is. A row whose fields cannot be told
//! apart is refused where somebody keeps refused rows, and an error where nobody does.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session as Planning;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use super::scan::Scan;
use crate::error::Error;
use crate::input::Input;
use crate::quarantine::BrokenRows;
use crate::text::Row;

/// Batches that a reader may be ahead of the query.
const BATCHES_AHEAD: usize = 2;

#[derive(Debug)]
pub(crate) struct TextFiles {
    inputs: Vec<Arc<Input>>,
    schema: SchemaRef,
    broken: Option<Arc<BrokenRows>>,
}

impl TextFiles {
    /// The columns are those of all headers, in the order in which they first appear.
    pub(crate) fn new(inputs: Vec<Input>, broken: Option<Arc<BrokenRows>>) -> Self {
        let mut names: Vec<&String> = Vec::new();
        for name in inputs.iter().flat_map(|input| &input.header.columns) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let fields: Vec<Field> =
            names.into_iter().map(|name| Field::new(name, DataType::Utf8View, true)).collect();
        let inputs = inputs.into_iter().map(Arc::new).collect();
        Self { schema: Arc::new(Schema::new(fields)), inputs, broken }
    }
}

impl Scan for TextFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn plan(
        &self,
        _planning: &dyn Planning,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(places) => Arc::new(self.schema.project(places)?),
            None => Arc::clone(&self.schema),
        };
        let file = |input: &Arc<Input>| {
            let places = schema.fields().iter().map(|field| input.header.index(field.name())).collect();
            let (input, schema, broken) = (Arc::clone(input), Arc::clone(&schema), self.broken.clone());
            Arc::new(OneFile { input, schema, places, broken }) as Arc<dyn PartitionStream>
        };
        let files = self.inputs.iter().map(file).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, files, None, [], false, limit)?))
    }
}

/// A file with the columns that are wanted of it.
#[derive(Clone, Debug)]
struct OneFile {
    input: Arc<Input>,
    schema: SchemaRef,
    /// For each wanted column, its place in this file, where it has one.
    places: Vec<Option<usize>>,
    broken: Option<Arc<BrokenRows>>,
}

impl PartitionStream for OneFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), BATCHES_AHEAD);
        let sender = stream.tx();
        let rows = context.session_config().batch_size();
        let file = self.clone();
        stream.spawn_blocking(move || {
            // The query may have enough before the file ends; then nobody takes the next batch.
            file.read(rows, |batch| sender.blocking_send(Ok(batch)).is_ok())
        });
        stream.build()
    }
}

impl OneFile {
    /// Hands the file's rows to `take` in batches until it wants no more.
    fn read(&self, batch_rows: usize, mut take: impl FnMut(RecordBatch) -> bool) -> Result<()> {
        let outside = |error: Error| DataFusionError::External(Box::new(error));
        let needed: Vec<usize> = self.places.iter().copied().flatten().collect();
        let mut reader = self.input.rows(&needed, &Arc::new(AtomicU64::new(0))).map_err(outside)?;
        let mut row = Row::default();
        loop {
            let mut columns: Vec<_> = self.places.iter().map(|_| StringViewBuilder::new()).collect();
            let mut rows = 0;
            while rows < batch_rows && reader.read(&mut row).map_err(outside)? {
                if let Some(problem) = row.broken.take() {
                    self.refuse(&row, problem).map_err(outside)?;
                    continue;
                }
                if row.is_blank() {
                    continue;
                }
                for (column, place) in columns.iter_mut().zip(&self.places) {
                    let field = place.and_then(|place| row.get(place)).filter(|field| !field.is_empty());
                    column.append_option(field);
                }
                rows += 1;
            }
            if rows == 0 {
                return Ok(());
            }
            let columns = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
            let count = RecordBatchOptions::new().with_row_count(Some(rows));
            if !take(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &count)?) {
                return Ok(());
            }
        }
    }

    fn refuse(&self, row: &Row, problem: String) -> std::result::Result<(), Error> {
        match &self.broken {
            Some(broken) => broken.refuse(self.input.path(), row, problem),
            None => Err(Error::broken(self.input.path(), row.line, problem)),
        }
    }
}
