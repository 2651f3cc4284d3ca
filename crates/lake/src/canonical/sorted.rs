//! Purchases by sorting: for integer customers, packing customer and day into one 64-bit key and sorting is several times
//! faster than grouping by hash, and leaves the table in order. It holds 16 bytes per order.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;

use super::batches::BatchMapper;
use crate::error::Error;
use crate::session::Session;
use crate::spool::Spool;

/// Orders up to which this way is taken: half a gigabyte of keys and spends.
pub(crate) const MOST_ROWS: u64 = 1 << 25;
const BATCH_ROWS: usize = 1 << 15;

/// Bits of a key that hold the day, which [`BatchMapper`] has checked to lie between 1900 and 2200.
const DAY_BITS: u32 = 17;
const DAY_BIAS: i64 = 1 << 15;
const CUSTOMER_BIAS: i64 = 1 << 46;

/// What the purchases of one customer on one day are found by, and what they are worth.
type Keyed = (u64, i64);

/// Makes `purchases` and returns its number of customers; nothing when a customer does not fit a key.
pub(crate) fn make_purchases(
    session: &Session,
    plan: &Arc<dyn ExecutionPlan>,
    mapper: &Arc<BatchMapper>,
) -> std::result::Result<Option<u64>, Error> {
    let partitions = 0..plan.output_partitioning().partition_count();
    let runs = partitions
        .map(|partition| run(Arc::clone(plan), partition, session.task_context(), Arc::clone(mapper)))
        .collect();
    let mut all: Vec<Keyed> = Vec::new();
    for run in session.in_parallel(runs, "reading by columns")? {
        let Some(run) = run.map_err(Error::engine("reading by columns"))? else { return Ok(None) };
        if all.is_empty() { all = run } else { all.extend(run) }
    }
    // The stable sort finds the runs, which are sorted already, and merges them.
    all.sort_by_key(|(key, _)| *key);
    let mut spool = session.spool(schema());
    let customers = merge(&all, &mut spool)?;
    drop(all);
    session.register_spool("purchases", spool)?;
    Ok(Some(customers))
}

/// Reads and sorts one partition.
async fn run(
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    context: Arc<TaskContext>,
    mapper: Arc<BatchMapper>,
) -> Result<Option<Vec<Keyed>>> {
    let mut batches = plan.execute(partition, context)?;
    let mut rows: Vec<Keyed> = Vec::new();
    while let Some(batch) = batches.next().await {
        let mapped = mapper.map(&batch?)?;
        let customers = mapped.column(0).as_primitive::<Int64Type>().values();
        let days = mapped.column(1).as_primitive::<Date32Type>().values();
        let spends = mapped.column(2).as_primitive::<Int64Type>().values();
        rows.reserve(customers.len());
        for ((customer, day), spend) in customers.iter().zip(days).zip(spends) {
            let Some(key) = key(*customer, *day) else { return Ok(None) };
            rows.push((key, *spend));
        }
    }
    rows.sort_unstable_by_key(|(key, _)| *key);
    Ok(Some(rows))
}

fn key(customer: i64, day: i32) -> Option<u64> {
    let biased = u64::try_from(customer.checked_add(CUSTOMER_BIAS)?).ok()?;
    let day = u64::try_from(i64::from(day) + DAY_BIAS).ok()?;
    (biased >> (u64::BITS - DAY_BITS) == 0 && day >> DAY_BITS == 0).then_some(biased << DAY_BITS | day)
}

/// The customer and day of a key. The parts of a key are below 2^47 and 2^17, so no cast loses anything.
#[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation)]
fn unpacked(key: u64) -> (i64, i32) {
    let day = (key & ((1 << DAY_BITS) - 1)) as i64 - DAY_BIAS;
    ((key >> DAY_BITS) as i64 - CUSTOMER_BIAS, day as i32)
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("customer", DataType::Int64, false),
        Field::new("day", DataType::Date32, false),
        Field::new("spend", DataType::Int64, false),
        Field::new("refunded", DataType::Int64, false),
    ]))
}

/// Sums the spends of equal keys into batches; returns the number of customers.
fn merge(sorted: &[Keyed], spool: &mut Spool) -> std::result::Result<u64, Error> {
    let mut count = 0;
    let mut last = None;
    let mut days = sorted.chunk_by(|left, right| left.0 == right.0).peekable();
    while days.peek().is_some() {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for day in days.by_ref().take(BATCH_ROWS) {
            let (customer, date) = unpacked(day[0].0);
            count += u64::from(last != Some(customer));
            last = Some(customer);
            columns.0.push(customer);
            columns.1.push(date);
            columns.2.push(day.iter().map(|(_, spend)| spend).sum::<i64>());
        }
        let refunded = vec![0_i64; columns.0.len()];
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(columns.0)),
            Arc::new(Date32Array::from(columns.1)),
            Arc::new(Int64Array::from(columns.2)),
            Arc::new(Int64Array::from(refunded)),
        ];
        spool.push(
            RecordBatch::try_new(schema(), arrays).map_err(Error::engine("making the canonical tables"))?,
        )?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_customer_and_day_in_order() {
        let cases =
            [(-CUSTOMER_BIAS, -25_567), (-1, 0), (0, -1), (0, 84_370), (1, -25_567), (CUSTOMER_BIAS - 1, 0)];
        let keys: Vec<u64> = cases.iter().map(|(customer, day)| key(*customer, *day).unwrap()).collect();
        assert!(keys.is_sorted());
        assert_eq!(keys.iter().map(|key| unpacked(*key)).collect::<Vec<_>>(), cases);
    }

    #[test]
    fn customers_beyond_a_key_are_told() {
        for customer in [CUSTOMER_BIAS, -CUSTOMER_BIAS - 1, i64::MAX, i64::MIN] {
            assert_eq!(key(customer, 0), None, "{customer}");
        }
    }
}
