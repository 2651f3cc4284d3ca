//! The one place where what lies somewhere meets the engine's interface for tables.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session as Planning, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown as Pushdown, TableType};
use datafusion::physical_plan::ExecutionPlan;

/// A table that can say how it is scanned without waiting for anything.
pub(crate) trait Scan: Debug + Send + Sync + 'static {
    fn schema(&self) -> SchemaRef;

    /// How much of a filter the scan takes upon itself.
    fn takes(&self, _filter: &Expr) -> Pushdown {
        Pushdown::Unsupported
    }

    /// The plan that yields the columns at the places of `projection`.
    fn plan(
        &self,
        planning: &dyn Planning,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>>;
}

/// A [`Scan`] as the engine takes it.
#[derive(Debug)]
pub(crate) struct Table<S>(S);

impl<S: Scan> Table<S> {
    pub(crate) fn of(scan: S) -> Arc<dyn TableProvider> {
        Arc::new(Self(scan))
    }
}

type Planned<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'a>>;

impl<S: Scan> TableProvider for Table<S> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<Pushdown>> {
        Ok(filters.iter().map(|filter| self.0.takes(filter)).collect())
    }

    // The signature is the one that the engine's asynchronous trait stands for.
    fn scan<'table, 'planning, 'projection, 'filters, 'planned>(
        &'table self,
        planning: &'planning dyn Planning,
        projection: Option<&'projection Vec<usize>>,
        filters: &'filters [Expr],
        limit: Option<usize>,
    ) -> Planned<'planned>
    where
        'table: 'planned,
        'planning: 'planned,
        'projection: 'planned,
        'filters: 'planned,
        Self: 'planned,
    {
        Box::pin(std::future::ready(self.0.plan(planning, projection, filters, limit)))
    }
}
