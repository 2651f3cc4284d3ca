//! Parquet files, wherever they lie, as one table: a list of files that is fixed when the table is made.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray, RecordBatch};
use datafusion::arrow::datatypes::{Fields, Schema, SchemaRef};
use datafusion::catalog::Session as Planning;
use datafusion::common::DFSchema;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown as Pushdown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::scalar::ScalarValue;

use super::scan::Scan;

/// Files of one store.
#[derive(Clone, Debug)]
pub(crate) struct StoredFiles {
    pub(crate) store: ObjectStoreUrl,
    /// Each with its values of the partition columns.
    pub(crate) files: Vec<PartitionedFile>,
}

#[derive(Debug)]
pub(crate) struct ParquetFiles {
    pub(crate) stores: Vec<StoredFiles>,
    /// The columns of the files, then those that the partitions give.
    pub(crate) stored: TableSchema,
    /// The columns of the table, by their places among the stored ones.
    pub(crate) columns: Vec<usize>,
}

impl Scan for ParquetFiles {
    fn schema(&self) -> SchemaRef {
        let stored = self.stored.table_schema();
        Arc::new(Schema::new(
            self.columns.iter().map(|place| Arc::clone(&stored.fields()[*place])).collect::<Fields>(),
        ))
    }

    /// Filters pass over files and row groups; what is left is filtered row by row above the scan.
    fn takes(&self, _filter: &Expr) -> Pushdown {
        Pushdown::Inexact
    }

    fn plan(
        &self,
        planning: &dyn Planning,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let places: Vec<usize> = match projection {
            Some(places) => places.iter().filter_map(|place| self.columns.get(*place).copied()).collect(),
            None => self.columns.clone(),
        };
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        for StoredFiles { store, files } in &self.stores {
            let files = self.prune(planning, files, filters)?;
            if files.is_empty() {
                continue;
            }
            let threads = planning.config().target_partitions();
            let source = Arc::new(ParquetSource::new(self.stored.clone()));
            let scan = FileScanConfigBuilder::new(store.clone(), source)
                .with_file_groups(FileGroup::new(files).split_files(threads))
                .with_projection_indices(Some(places.clone()))?
                .with_limit(limit)
                .build();
            plans.push(DataSourceExec::from_data_source(scan));
        }
        match (plans.pop(), plans.is_empty()) {
            (None, _) => {
                let schema = self.stored.table_schema().project(&places)?;
                Ok(Arc::new(EmptyExec::new(Arc::new(schema))))
            }
            (Some(one), true) => Ok(one),
            (Some(last), false) => UnionExec::try_new(plans.into_iter().chain([last]).collect()),
        }
    }
}

impl ParquetFiles {
    /// The files whose partition values may fulfil the filters.
    fn prune(
        &self,
        planning: &dyn Planning,
        files: &[PartitionedFile],
        filters: &[Expr],
    ) -> Result<Vec<PartitionedFile>> {
        let columns = self.stored.table_partition_cols();
        let names: BTreeSet<&str> = columns.iter().map(|column| column.name().as_str()).collect();
        let decidable = filters.iter().filter(|filter| {
            let used = filter.column_refs();
            !used.is_empty() && used.iter().all(|column| names.contains(column.name.as_str()))
        });
        let mut kept = vec![true; files.len()];
        let Some(values) = partition_values(columns, files)? else { return Ok(files.to_vec()) };
        let schema = DFSchema::try_from(values.schema())?;
        for filter in decidable {
            let answer = planning.create_physical_expr(unqualified(filter)?, &schema)?.evaluate(&values)?;
            let answer = answer.into_array(files.len())?;
            let Some(fulfilled) = answer.as_any().downcast_ref::<BooleanArray>() else { continue };
            for (file, keep) in kept.iter_mut().enumerate() {
                *keep &= fulfilled.is_valid(file) && fulfilled.value(file);
            }
        }
        Ok(files.iter().zip(kept).filter(|(_, keep)| *keep).map(|(file, _)| file.clone()).collect())
    }
}

/// The partition columns with one row per file; nothing where there are no such columns or files.
fn partition_values(columns: &Fields, files: &[PartitionedFile]) -> Result<Option<RecordBatch>> {
    if columns.is_empty() || files.is_empty() {
        return Ok(None);
    }
    let column = |place: usize| {
        ScalarValue::iter_to_array(
            files.iter().map(|file| file.partition_values.get(place).cloned().unwrap_or(ScalarValue::Null)),
        )
    };
    let arrays = (0..columns.len()).map(column).collect::<Result<Vec<_>>>()?;
    Ok(Some(RecordBatch::try_new(Arc::new(Schema::new(columns.clone())), arrays)?))
}

/// A filter whose columns are named without their table.
fn unqualified(filter: &Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let plain = filter.clone().transform(|expression| {
        Ok(match expression {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(datafusion::common::Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    });
    plain.map(|changed| changed.data)
}
