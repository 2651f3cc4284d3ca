//! SQL text to an executable plan of the embedded query engine.
//!
//! A part of the `lake` crate, apart from it for one reason: the engine's asynchronous planner is compiled anew into
//! whatever crate waits for it, and takes minutes of optimising where it does. Here it is compiled without (see the
//! profile in the workspace's manifest), and nothing that runs per row is here. Functions are synchronous and not
//! generic, so that no caller compiles any of it again.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, collect, execute_stream};
use datafusion::prelude::SessionContext;
use tokio::runtime::Runtime;

/// Plans a `select`; other statements are refused.
///
/// # Errors
/// When the text is no valid `select`, or names a table or column that does not exist.
pub fn logical_plan(runtime: &Runtime, context: &SessionContext, sql: &str) -> Result<LogicalPlan> {
    let plan = runtime.block_on(context.state().create_logical_plan(sql))?;
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)?;
    Ok(plan)
}

/// Plans a `select` down to what is executed.
///
/// # Errors
/// As [`logical_plan`].
pub fn physical_plan(
    runtime: &Runtime,
    context: &SessionContext,
    sql: &str,
) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = logical_plan(runtime, context, sql)?;
    runtime.block_on(context.state().create_physical_plan(&plan))
}

/// The answer to a `select`, as a whole.
///
/// # Errors
/// As [`logical_plan`], and when the execution fails.
pub fn query(runtime: &Runtime, context: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    let plan = physical_plan(runtime, context, sql)?;
    runtime.block_on(collect(plan, context.task_ctx()))
}

/// The answer to a `select`, batch by batch.
///
/// # Errors
/// As [`logical_plan`].
pub fn stream(runtime: &Runtime, context: &SessionContext, sql: &str) -> Result<SendableRecordBatchStream> {
    let plan = physical_plan(runtime, context, sql)?;
    // Partitions run as tasks of the runtime that is entered here.
    let _entered = runtime.enter();
    execute_stream(plan, context.task_ctx())
}

/// A plan that reads the columns of a table at `places`, divided over `threads` where the table can be divided.
///
/// # Errors
/// When the table cannot be opened.
pub fn scan(
    runtime: &Runtime,
    context: &SessionContext,
    table: &dyn TableProvider,
    places: &Vec<usize>,
    threads: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let state = context.state();
    let plan = runtime.block_on(table.scan(&state, Some(places), &[], None))?;
    Ok(plan.repartitioned(threads, state.config_options())?.unwrap_or(plan))
}
