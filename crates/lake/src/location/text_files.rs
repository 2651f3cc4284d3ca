//! Text files as a table: every column of every header, each as text, read only when the table is.

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
use crate::text::Row;

/// Batches that a reader may be ahead of the query.
const BATCHES_AHEAD: usize = 2;

#[derive(Debug)]
pub(crate) struct TextFiles {
    inputs: Vec<Arc<Input>>,
    schema: SchemaRef,
}

impl TextFiles {
    /// The columns are those of all headers, in the order in which they first appear.
    pub(crate) fn new(inputs: Vec<Input>) -> Self {
        let mut names: Vec<&String> = Vec::new();
        for name in inputs.iter().flat_map(|input| &input.header.columns) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let fields: Vec<Field> =
            names.into_iter().map(|name| Field::new(name, DataType::Utf8View, true)).collect();
        Self { schema: Arc::new(Schema::new(fields)), inputs: inputs.into_iter().map(Arc::new).collect() }
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
            Arc::new(OneFile { input: Arc::clone(input), schema: Arc::clone(&schema), places })
                as Arc<dyn PartitionStream>
        };
        let files = self.inputs.iter().map(file).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, files, None, [], false, limit)?))
    }
}

/// A file with the columns that are wanted of it.
#[derive(Debug)]
struct OneFile {
    input: Arc<Input>,
    schema: SchemaRef,
    /// For each wanted column, its place in this file, where it has one.
    places: Vec<Option<usize>>,
}

impl PartitionStream for OneFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), BATCHES_AHEAD);
        let sender = stream.tx();
        let rows = context.session_config().batch_size();
        let (input, schema, places) =
            (Arc::clone(&self.input), Arc::clone(&self.schema), self.places.clone());
        stream.spawn_blocking(move || {
            // The query may have enough before the file ends; then nobody takes the next batch.
            read(&input, &schema, &places, rows, |batch| sender.blocking_send(Ok(batch)).is_ok())
        });
        stream.build()
    }
}

/// Hands the file's rows to `take` in batches until it wants no more.
fn read(
    input: &Input,
    schema: &SchemaRef,
    places: &[Option<usize>],
    batch_rows: usize,
    mut take: impl FnMut(RecordBatch) -> bool,
) -> Result<()> {
    let outside = |error: Error| DataFusionError::External(Box::new(error));
    let needed: Vec<usize> = places.iter().copied().flatten().collect();
    let mut reader = input.rows(&needed, &Arc::new(AtomicU64::new(0))).map_err(outside)?;
    let mut row = Row::default();
    loop {
        let mut columns: Vec<_> = places.iter().map(|_| StringViewBuilder::new()).collect();
        let mut rows = 0;
        while rows < batch_rows && reader.read(&mut row).map_err(outside)? {
            if let Some(problem) = row.broken.take() {
                return Err(outside(Error::broken(input.path(), row.line, problem)));
            }
            if row.is_blank() {
                continue;
            }
            for (column, place) in columns.iter_mut().zip(places) {
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
        if !take(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &count)?) {
            return Ok(());
        }
    }
}
