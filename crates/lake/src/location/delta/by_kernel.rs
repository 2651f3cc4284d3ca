//! Delta tables whose files do not hold just the rows of the table: Delta's kernel applies deletion vectors and column mapping.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session as Planning;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use deltalake_core::kernel::Snapshot;
use deltalake_core::kernel::engine::arrow_data::EngineDataArrowExt;
use deltalake_core::logstore::LogStoreRef;

use super::delta_failed;
use crate::error::Error;
use crate::location::scan::Scan;

/// Batches that the kernel may be ahead of the query.
const BATCHES_AHEAD: usize = 2;

/// One version of a table.
#[derive(Clone)]
pub(super) struct KernelTable {
    path: String,
    snapshot: Snapshot,
    log: LogStoreRef,
    schema: SchemaRef,
}

impl std::fmt::Debug for KernelTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KernelTable").field("path", &self.path).finish_non_exhaustive()
    }
}

impl KernelTable {
    pub(super) fn new(path: &str, snapshot: Snapshot, log: LogStoreRef, schema: SchemaRef) -> Self {
        Self { path: path.to_owned(), snapshot, log, schema }
    }

    /// Whether the kernel can read this table at all.
    pub(super) fn check(&self) -> Result<(), Error> {
        let problem = match self.snapshot.scan_builder().build() {
            Ok(_) => return Ok(()),
            Err(error) => format!("this version of the table cannot be read: {error}"),
        };
        Err(delta_failed(&self.path, &problem))
    }
}

impl Scan for KernelTable {
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
        let rows = Arc::new(KernelRows { table: self.clone(), schema: Arc::clone(&schema) });
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![rows], None, [], false, limit)?))
    }
}

/// The columns of a table that a query wants.
#[derive(Debug)]
struct KernelRows {
    table: KernelTable,
    schema: SchemaRef,
}

impl PartitionStream for KernelRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), BATCHES_AHEAD);
        let sender = stream.tx();
        let (table, schema) = (self.table.clone(), Arc::clone(&self.schema));
        stream.spawn_blocking(move || read(&table, &schema, |batch| sender.blocking_send(Ok(batch)).is_ok()));
        stream.build()
    }
}

/// Hands the rows of the table to `take` in batches until it wants no more.
fn read(table: &KernelTable, schema: &SchemaRef, mut take: impl FnMut(RecordBatch) -> bool) -> Result<()> {
    let failed =
        |error: &dyn std::fmt::Display| DataFusionError::External(Box::new(delta_failed(&table.path, error)));
    // The kernel has no rows without columns; where they are only counted, any column will do.
    let wanted = if schema.fields().is_empty() { table.schema.fields() } else { schema.fields() };
    let names: Vec<&str> = wanted.iter().map(|field| field.name().as_str()).collect();
    let names = if schema.fields().is_empty() { &names[..names.len().min(1)] } else { &names[..] };
    let columns = table.snapshot.schema().project(names).map_err(|error| failed(&error))?;
    let opened = table.snapshot.scan_builder().build().map_err(|error| failed(&error))?;
    let kernel = Arc::clone(opened.snapshot());
    let scan = kernel.scan_builder().with_schema(columns).build().map_err(|error| failed(&error))?;
    let rows = scan.execute(table.log.engine(None)).map_err(|error| failed(&error))?;
    for batch in rows {
        let batch = batch.try_into_record_batch().map_err(|error| failed(&error))?;
        if !take(with_schema(&batch, schema)?) {
            return Ok(());
        }
    }
    Ok(())
}

/// The same rows in the types that the table promises.
fn with_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| cast(column, field.data_type()));
    let count = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, _>>()?, &count)?)
}
