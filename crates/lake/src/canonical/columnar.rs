//! The columnar path: Parquet files of typed columns without order numbers go from the reader to the tables in batches,
//! and no row is ever a text.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, SendableRecordBatchStream};
use futures::StreamExt;

use super::batches::{BatchMapper, Counts, Settings};
use super::interpret::Interpreter;
use super::sorted;
use super::tables::{self, ORDER_ROWS, REFUND_ROWS};
use crate::columns::Role;
use crate::currency;
use crate::error::Error;
use crate::format::{Grain, Recipe};
use crate::input::Input;
use crate::parquet;
use crate::profile::amounts::{MAX_SCALE, MIN_SCALE};
use crate::profile::columns::{Binding, Rules};
use crate::profile::zone::ZoneTable;
use crate::quality::{Examples, Quality};
use crate::quarantine::Quarantine;
use crate::reading::{OrdersRead, Understood, amount_column, columns_read, pass, today};
use crate::session::Session;
use crate::source::{OrderSource, ZeroOrders};

const SOURCE: &str = "perennial_source";

/// The columns that are read (customer, date, and the amount when there is one), and the schema of the files.
struct Columns {
    names: Vec<String>,
    schema: SchemaRef,
}

/// Reads the source by columns, or says that it has to be read by rows.
pub(crate) fn read(
    session: &Session,
    source: &OrderSource,
    inputs: &[Input],
    recipe: &Recipe,
    bindings: &[Binding],
    quarantine: &mut Quarantine,
) -> Result<Option<OrdersRead>, Error> {
    let Some(columns) = columns(inputs, recipe)? else { return Ok(None) };
    let paths: Vec<&Path> = inputs.iter().map(|input| input.file.path.as_path()).collect();
    let provider = Session::parquet_table(&paths, Arc::clone(&columns.schema))?;
    let found = currencies(session, recipe, Arc::clone(&provider))?;
    let target = currency::target(found.clone(), source, recipe.currency_hint)?;
    if !target.rates.is_empty() {
        return Ok(None);
    }
    let rows = inputs.iter().map(|input| parquet::rows(&input.file)).collect::<Result<Vec<_>, _>>()?;
    let mut settings = Settings {
        utc: recipe.is_utc(),
        zone: ZoneTable::new(&source.zone()),
        today: today(source),
        scale: MIN_SCALE,
        drop_zero: source.zero_orders == ZeroOrders::Drop,
        on_progress: source.on_progress.clone(),
        rows: rows.iter().sum(),
        bytes: inputs.iter().map(|input| input.file.bytes).sum(),
    };
    let (counts, customers) = purchases_at_needed_scale(session, &provider, &columns, &mut settings)?;
    let scale = settings.scale;
    if i64::try_from(counts.magnitude).is_err() {
        return Err(Error::AmountsOverflow { column: amount_column(recipe), scale });
    }
    let mut quality = Quality::default();
    counts.report(&mut quality);
    register_refunds(session, counts.refunds)?;
    let has_amounts = columns.names.len() > 2;
    let interpreter = Interpreter {
        utc: settings.utc,
        zone: settings.zone,
        today: settings.today,
        rates: BTreeMap::new(),
        has_amounts,
        rules: Rules::typed(scale),
        recipe: recipe.clone(),
    };
    if quality.rows_refused() > 0 {
        write_refused(source, inputs, bindings, &interpreter, quarantine)?;
    }
    let understood = Understood {
        format: recipe.format,
        columns: columns_read(recipe, |role| typed(&columns.schema, recipe, role)),
        currency: target.currency,
        currencies: found,
        currency_examples: BTreeMap::new(),
        time_zone: source.zone_name(),
        scale,
        has_amounts,
        has_costs: false,
        date_order: None,
        assumed: None,
    };
    Ok(Some(OrdersRead::new(inputs, &rows, quality, understood, customers, Examples::default())))
}

/// The columns to read, when all files have them in types that this path takes, and no other column has a say.
fn columns(inputs: &[Input], recipe: &Recipe) -> Result<Option<Columns>, Error> {
    const TAKEN: [Role; 5] = [Role::Customer, Role::Date, Role::Amount, Role::Quantity, Role::Currency];
    let simple = recipe.grain == Grain::Rows
        && recipe.assignments.iter().all(|found| TAKEN.contains(&found.role) && found.columns.len() == 1);
    if !simple || !inputs.iter().all(Input::is_parquet) {
        return Ok(None);
    }
    let names: Vec<String> = TAKEN[..3]
        .iter()
        .filter_map(|role| recipe.get(*role))
        .map(|found| found.columns[0].clone())
        .collect();
    let mut first: Option<SchemaRef> = None;
    for input in inputs {
        let schema = parquet::schema(&input.file)?;
        let kept = first.get_or_insert_with(|| Arc::clone(&schema));
        let kind = |schema: &Schema, name: &str| {
            schema.field_with_name(name).ok().map(|field| field.data_type().clone())
        };
        let fits = names.iter().enumerate().all(|(place, name)| {
            let own = kind(&schema, name);
            own == kind(kept, name) && own.is_some_and(|own| is_taken(place, &own))
        });
        if !fits {
            return Ok(None);
        }
    }
    Ok(first.map(|schema| Columns { names, schema: Arc::new(with_views(&schema)) }))
}

fn is_taken(place: usize, kind: &DataType) -> bool {
    use DataType::{
        Date32, Decimal128, Float64, Int8, Int16, Int32, Int64, LargeUtf8, Timestamp, UInt8, UInt16, UInt32,
        Utf8, Utf8View,
    };
    let integer = matches!(kind, Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32);
    match place {
        0 => integer || matches!(kind, Utf8 | LargeUtf8 | Utf8View),
        1 => matches!(kind, Date32 | Timestamp(_, _)),
        _ => integer || matches!(kind, Float64 | Decimal128(_, 0..=6)),
    }
}

/// Texts are read as views, which are not copied.
fn with_views(schema: &Schema) -> Schema {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
        _ => field.as_ref().clone(),
    };
    Schema::new(schema.fields().iter().map(view).collect::<Vec<_>>())
}

/// Rows per currency; nothing where there is no such column.
fn currencies(
    session: &Session,
    recipe: &Recipe,
    provider: Arc<dyn TableProvider>,
) -> Result<BTreeMap<String, u64>, Error> {
    let mut found = BTreeMap::new();
    let Some(currency) = recipe.get(Role::Currency) else { return Ok(found) };
    let column = format!("\"{}\"", currency.columns[0].replace('"', "\"\""));
    session.register_provider(SOURCE, provider)?;
    let sql = format!(
        "select cast({column} as varchar) as code, count(*) as rows from {SOURCE} where {column} is not null group by {column}"
    );
    for batch in session.query(&sql)? {
        let codes = datafusion::arrow::compute::cast(batch.column(0), &DataType::Utf8)
            .map_err(Error::engine("reading the currencies"))?;
        let counts = batch.column(1).as_primitive::<Int64Type>();
        for (code, rows) in codes.as_string::<i32>().iter().zip(counts) {
            let code = code.unwrap_or_default().trim().to_uppercase();
            if !crate::profile::is_empty_value(&code) {
                *found.entry(code).or_default() += rows.unwrap_or(0).unsigned_abs();
            }
        }
    }
    session.drop_table(SOURCE)?;
    Ok(found)
}

/// Makes `purchases`, and counts its customers where that costs nothing. How many decimals the amounts need shows while
/// they are read: it begins with two, and begins anew when there are more.
fn purchases_at_needed_scale(
    session: &Session,
    provider: &Arc<dyn TableProvider>,
    columns: &Columns,
    settings: &mut Settings,
) -> Result<(Counts, Option<u64>), Error> {
    let places = columns.names.iter().filter_map(|name| columns.schema.index_of(name).ok()).collect();
    let mut by_sorting = settings.rows <= sorted::MOST_ROWS;
    loop {
        // A plan hands its files out once, so every attempt makes its own.
        let plan = session.scan(provider.as_ref(), &places)?;
        let mapper = Arc::new(BatchMapper::new(settings.clone(), &columns.schema, &columns.names));
        by_sorting &= mapper.has_integer_customers();
        let made = if by_sorting {
            sorted::make_purchases(session, &plan, &mapper)
        } else {
            make_purchases(session, &plan, &mapper).map(|()| None)
        };
        let needed = mapper.needed_scale();
        if needed > settings.scale && settings.scale < MAX_SCALE {
            settings.scale = needed;
            continue;
        }
        let customers = made?;
        if by_sorting && customers.is_none() {
            by_sorting = false;
            continue;
        }
        return Ok((mapper.take_counts(), customers));
    }
}

fn make_purchases(
    session: &Session,
    plan: &Arc<dyn ExecutionPlan>,
    mapper: &Arc<BatchMapper>,
) -> Result<(), Error> {
    let partitions = (0..plan.output_partitioning().partition_count())
        .map(|partition| {
            let plan = Arc::clone(plan);
            Arc::new(OrderRows { plan, partition, mapper: Arc::clone(mapper) }) as Arc<dyn PartitionStream>
        })
        .collect();
    let table =
        StreamingTable::try_new(mapper.schema(), partitions).map_err(Error::engine("reading by columns"))?;
    session.register_provider(ORDER_ROWS, Arc::new(table))?;
    let sql = format!(
        "select customer, day, sum(spend) as spend, cast(0 as bigint) as refunded from {ORDER_ROWS} group by customer, day"
    );
    let made = session.materialise("purchases", &sql);
    session.drop_table(ORDER_ROWS)?;
    made.map(drop)
}

/// One partition of the files, mapped as it is read.
#[derive(Debug)]
struct OrderRows {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    mapper: Arc<BatchMapper>,
}

impl PartitionStream for OrderRows {
    fn schema(&self) -> &SchemaRef {
        self.mapper.schema_ref()
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mapper = Arc::clone(&self.mapper);
        let schema = mapper.schema();
        match self.plan.execute(self.partition, context) {
            Ok(batches) => {
                let mapped = batches.map(move |batch| mapper.map(&batch?));
                Box::pin(RecordBatchStreamAdapter::new(schema, mapped))
            }
            Err(error) => {
                let failed = futures::stream::once(std::future::ready(Err(error)));
                Box::pin(RecordBatchStreamAdapter::new(schema, failed))
            }
        }
    }
}

/// Registers `refunds` from rows without an order, and `linked_refunds`, which has none.
fn register_refunds(session: &Session, refunds: Vec<RecordBatch>) -> Result<(), Error> {
    let Some(first) = refunds.first() else { return Ok(()) };
    let customer = first.schema().field(0).data_type().clone();
    session.register(REFUND_ROWS, refunds)?;
    tables::materialise_refunds(session)?;
    let fields = vec![
        Field::new("customer", customer, false),
        Field::new("order_day", DataType::Date32, false),
        Field::new("day", DataType::Date32, false),
        Field::new("amount", DataType::Int64, false),
    ];
    session.register("linked_refunds", vec![RecordBatch::new_empty(Arc::new(Schema::new(fields)))])
}

/// Refused rows are few; they are looked up by a pass over the rows, and only when they are to be kept.
fn write_refused(
    source: &OrderSource,
    inputs: &[Input],
    bindings: &[Binding],
    interpreter: &Interpreter,
    quarantine: &mut Quarantine,
) -> Result<(), Error> {
    if !quarantine.is_kept() {
        return Ok(());
    }
    let passed = pass("quarantine", inputs, bindings, source, |number, row, binding| {
        let has_customer = interpreter.customer(row, binding).is_some();
        match interpreter.entry(row, binding, has_customer) {
            Ok(_) => Ok(()),
            Err(refused) => quarantine.write(inputs[number].path(), row, &refused),
        }
    });
    passed.map(drop)
}

/// A typed column in words.
fn typed(schema: &Schema, recipe: &Recipe, role: Role) -> Option<String> {
    let column = &recipe.get(role)?.columns[0];
    let words = match schema.field_with_name(column).ok()?.data_type() {
        DataType::Date32 => "dates".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("instants ({zone})"),
        DataType::Timestamp(_, None) if recipe.is_utc() => "times in UTC".to_owned(),
        DataType::Timestamp(_, None) => "times of the shop's clock".to_owned(),
        DataType::Float64 => "floating point numbers".to_owned(),
        DataType::Decimal128(_, scale) => format!("numbers with {scale} decimals"),
        kind if kind.is_integer() => "integers".to_owned(),
        _ => return None,
    };
    Some(words)
}
