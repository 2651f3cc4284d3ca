//! Batches of typed columns become rows of the canonical tables.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringViewArray,
    StringViewBuilder,
};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit,
};
use datafusion::error::{DataFusionError, Result};

use super::interpret::lower_case_address;
use crate::profile::amounts::{MAX_SCALE, SPEND_LIMIT};
use crate::profile::is_empty_value;
use crate::profile::zone::{DAY_SECONDS, ZoneTable};
use crate::quality::{Quality, Refusal, Treatment};
use crate::source::{OnProgress, Progress};

/// 1900-01-01 and 2200-12-31 in days since 1970-01-01: dates outside of these are none, as for texts.
const DAYS: std::ops::RangeInclusive<i64> = -25_567..=84_370;
const ROWS_BETWEEN_REPORTS: u64 = 1 << 18;

/// What a row is: the place of a reason in [`REASONS`], or one of the numbers above them.
const USED: u8 = 0;
const REFUND: u8 = 100;
const ZERO: u8 = 101;
const REASONS: [(u8, Refusal); 6] = [
    (NO_CUSTOMER, Refusal::NoCustomer),
    (NO_DATE, Refusal::NoDate),
    (BAD_DATE, Refusal::BadDate),
    (FUTURE_DATE, Refusal::FutureDate),
    (BAD_AMOUNT, Refusal::BadAmount),
    (TOO_MUCH, Refusal::AmountTooLarge),
];
const NO_CUSTOMER: u8 = 1;
const NO_DATE: u8 = 2;
const BAD_DATE: u8 = 3;
const FUTURE_DATE: u8 = 4;
const BAD_AMOUNT: u8 = 5;
const TOO_MUCH: u8 = 6;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) utc: bool,
    pub(crate) zone: ZoneTable,
    pub(crate) today: i32,
    pub(crate) scale: u32,
    pub(crate) drop_zero: bool,
    pub(crate) on_progress: Option<OnProgress>,
    /// Rows and bytes of all files.
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// What was counted while mapping.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    refused: [u64; 7],
    zero: u64,
    zero_dropped: u64,
    rounded: u64,
    refunded: u64,
    pub(crate) magnitude: u128,
    /// Refunds without an order; at least one batch, which may be empty.
    pub(crate) refunds: Vec<RecordBatch>,
}

impl Counts {
    pub(crate) fn report(&self, quality: &mut Quality) {
        for (code, reason) in REASONS {
            quality.refuse(reason, self.refused[usize::from(code)]);
        }
        quality.treat(Treatment::ZeroAmount, self.zero);
        quality.treat(Treatment::ZeroDropped, self.zero_dropped);
        quality.treat(Treatment::RoundedAmount, self.rounded);
        quality.treat(Treatment::UnlinkedRefund, self.refunded);
    }
}

pub(crate) struct BatchMapper {
    settings: Settings,
    schema: SchemaRef,
    has_amounts: bool,
    needed_scale: AtomicU32,
    mapped: AtomicU64,
    counts: Mutex<Counts>,
}

impl std::fmt::Debug for BatchMapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchMapper").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl BatchMapper {
    /// A mapper of the columns `names` (customer, date, and the amount when there is one).
    pub(crate) fn new(settings: Settings, source: &Schema, names: &[String]) -> Self {
        let is_text = names
            .first()
            .and_then(|name| source.field_with_name(name).ok())
            .is_some_and(|field| matches!(field.data_type(), DataType::Utf8View));
        let customer = if is_text { DataType::Utf8View } else { DataType::Int64 };
        let schema = Arc::new(Schema::new(vec![
            Field::new("customer", customer, false),
            Field::new("day", DataType::Date32, false),
            Field::new("spend", DataType::Int64, false),
        ]));
        Self {
            needed_scale: AtomicU32::new(settings.scale),
            settings,
            schema,
            has_amounts: names.len() > 2,
            mapped: AtomicU64::new(0),
            counts: Mutex::new(Counts::default()),
        }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(crate) fn schema_ref(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn has_integer_customers(&self) -> bool {
        self.schema.field(0).data_type() == &DataType::Int64
    }

    /// The decimals that the amounts read so far need.
    pub(crate) fn needed_scale(&self) -> u32 {
        self.needed_scale.load(Ordering::Relaxed)
    }

    pub(crate) fn take_counts(&self) -> Counts {
        let mut counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        let fields = [("customer", 0), ("day", 1), ("amount", 2)]
            .map(|(name, place)| self.schema.field(place).clone().with_name(name));
        counts.refunds.push(RecordBatch::new_empty(Arc::new(Schema::new(fields.to_vec()))));
        let schema = counts.refunds[counts.refunds.len() - 1].schema();
        for batch in &mut counts.refunds {
            if let Ok(named) = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()) {
                *batch = named;
            }
        }
        counts
    }

    /// The transactions of a batch; its refunds are kept aside.
    pub(crate) fn map(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let mut kinds = vec![USED; rows];
        let mut amounts = vec![0; rows];
        let mut rounded = 0;
        // The last check goes first, so that what is checked first has the last word, as when rows are read one by one.
        if self.has_amounts {
            rounded = self.amounts(batch.column(2), &mut amounts, &mut kinds)?;
        }
        let days = self.days(batch.column(1), &mut kinds)?;
        let customers = customers(batch.column(0), &mut kinds)?;
        self.report(rows);
        let columns: Vec<ArrayRef> =
            vec![customers, Arc::new(Date32Array::from(days)), Arc::new(Int64Array::from(amounts))];
        if kinds.iter().all(|kind| *kind == USED) {
            self.count(&columns[2], &kinds, rounded, None);
            return Ok(RecordBatch::try_new(self.schema(), columns)?);
        }
        // Until they are filtered, refused rows may hold no customer.
        let fields = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let all = RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?;
        let keep_zero = !self.settings.drop_zero;
        let used: BooleanArray =
            kinds.iter().map(|kind| Some(*kind == USED || (*kind == ZERO && keep_zero))).collect();
        let used = filter_record_batch(&all, &used)?;
        let refunds: BooleanArray = kinds.iter().map(|kind| Some(*kind == REFUND)).collect();
        let refunds = filter_record_batch(&all, &refunds)?;
        self.count(used.column(2), &kinds, rounded, Some(&refunds));
        Ok(RecordBatch::try_new(self.schema(), used.columns().to_vec())?)
    }

    fn count(&self, spend: &ArrayRef, kinds: &[u8], rounded: u64, refunds: Option<&RecordBatch>) {
        let magnitude: u128 = spend
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .map(|units| u128::from(units.unsigned_abs()))
            .sum();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.magnitude += magnitude;
        counts.rounded += rounded;
        let Some(refunds) = refunds else { return };
        for kind in kinds {
            match *kind {
                USED => {}
                REFUND => counts.refunded += 1,
                ZERO if self.settings.drop_zero => counts.zero_dropped += 1,
                ZERO => counts.zero += 1,
                reason => counts.refused[usize::from(reason)] += 1,
            }
        }
        if refunds.num_rows() > 0 {
            let amounts = refunds.column(2).as_primitive::<Int64Type>();
            counts.magnitude +=
                amounts.values().iter().map(|units| u128::from(units.unsigned_abs())).sum::<u128>();
            let paid_back = Arc::new(amounts.unary::<_, Int64Type>(|units| -units)) as ArrayRef;
            let columns = vec![Arc::clone(refunds.column(0)), Arc::clone(refunds.column(1)), paid_back];
            // The same rows with one column negated make a batch of the same schema.
            counts.refunds.extend(RecordBatch::try_new(self.schema(), columns));
        }
    }

    fn report(&self, rows: usize) {
        let before = self.mapped.fetch_add(rows as u64, Ordering::Relaxed);
        let now = before + rows as u64;
        let Some(on_progress) = &self.settings.on_progress else { return };
        if before / ROWS_BETWEEN_REPORTS != now / ROWS_BETWEEN_REPORTS || now >= self.settings.rows {
            let total = self.settings.bytes;
            let done = u128::from(total) * u128::from(now) / u128::from(self.settings.rows.max(1));
            on_progress(Progress {
                stage: "reading",
                done: u64::try_from(done).unwrap_or(total).min(total),
                total,
            });
        }
    }

    fn days(&self, column: &ArrayRef, kinds: &mut [u8]) -> Result<Vec<i32>> {
        let days: Vec<i64> = match column.data_type() {
            DataType::Date32 => {
                column.as_primitive::<Date32Type>().values().iter().map(|day| i64::from(*day)).collect()
            }
            DataType::Timestamp(unit, zone) => {
                let per_second = match unit {
                    TimeUnit::Second => 1,
                    TimeUnit::Millisecond => 1_000,
                    TimeUnit::Microsecond => 1_000_000,
                    TimeUnit::Nanosecond => 1_000_000_000,
                };
                let clock = cast(column, &DataType::Int64)?;
                let clock = clock.as_primitive::<Int64Type>().values();
                if zone.is_some() || self.settings.utc {
                    clock.iter().map(|time| self.settings.zone.day_of(time.div_euclid(per_second))).collect()
                } else {
                    let per_day = per_second * DAY_SECONDS;
                    clock.iter().map(|time| time.div_euclid(per_day)).collect()
                }
            }
            other => return Err(unexpected("date", other)),
        };
        let today = i64::from(self.settings.today);
        for (day, kind) in days.iter().zip(&mut *kinds) {
            if !DAYS.contains(day) {
                *kind = BAD_DATE;
            } else if *day > today {
                *kind = FUTURE_DATE;
            }
        }
        flag_nulls(column, kinds, NO_DATE);
        Ok(days.into_iter().map(|day| i32::try_from(day).unwrap_or(0)).collect())
    }

    /// Fills in integer units; returns how many amounts were rounded.
    fn amounts(&self, column: &ArrayRef, units: &mut [i64], kinds: &mut [u8]) -> Result<u64> {
        let scale = self.settings.scale;
        let rounded = match column.data_type() {
            DataType::Float64 => {
                self.float_amounts(column.as_primitive::<Float64Type>().values(), units, kinds)?
            }
            DataType::Decimal128(_, decimals) => {
                let decimals =
                    u32::try_from(*decimals).map_err(|_| unexpected("amount", column.data_type()))?;
                self.need(decimals)?;
                let factor = 10_i128.pow(scale - decimals);
                fill(column.as_primitive::<Decimal128Type>().values().iter().copied(), factor, units, kinds);
                0
            }
            kind if kind.is_integer() => {
                let whole = cast(column, &DataType::Int64)?;
                let values = whole.as_primitive::<Int64Type>().values();
                fill(values.iter().map(|value| i128::from(*value)), 10_i128.pow(scale), units, kinds);
                0
            }
            other => return Err(unexpected("amount", other)),
        };
        for (unit, kind) in units.iter().zip(&mut *kinds) {
            if *kind == USED && *unit <= 0 {
                *kind = if *unit < 0 { REFUND } else { ZERO };
            }
        }
        flag_nulls(column, kinds, BAD_AMOUNT);
        Ok(rounded)
    }

    /// A float is the decimal that its shortest text shows: `units / 10^scale` is the double nearest to that decimal.
    #[allow(clippy::cast_possible_truncation, clippy::float_cmp)]
    fn float_amounts(&self, values: &[f64], units: &mut [i64], kinds: &mut [u8]) -> Result<u64> {
        let scale = self.settings.scale;
        let factor = f64::from(10_u32.pow(scale));
        let mut inexact = 0;
        for ((value, unit), kind) in values.iter().zip(units.iter_mut()).zip(&mut *kinds) {
            let product = (value * factor).round_ties_even();
            if product.abs() < SPEND_LIMIT as f64 {
                *unit = product as i64;
                inexact += u64::from(product / factor != *value);
            } else {
                *kind = if value.is_nan() { BAD_AMOUNT } else { TOO_MUCH };
            }
        }
        if inexact > 0 && scale < MAX_SCALE {
            let fits = |scale: u32| {
                let factor = f64::from(10_u32.pow(scale));
                values.iter().all(|value| {
                    let product = (value * factor).round_ties_even();
                    product.abs() >= SPEND_LIMIT as f64 || !product.is_finite() || product / factor == *value
                })
            };
            self.need((scale..MAX_SCALE).find(|scale| fits(*scale)).unwrap_or(MAX_SCALE))?;
        }
        Ok(inexact)
    }

    /// Stops the reading when more decimals are needed than it began with.
    fn need(&self, scale: u32) -> Result<()> {
        if scale <= self.settings.scale {
            return Ok(());
        }
        self.needed_scale.fetch_max(scale, Ordering::Relaxed);
        Err(DataFusionError::Execution(format!("the amounts need {scale} decimals")))
    }
}

fn fill(values: impl Iterator<Item = i128>, factor: i128, units: &mut [i64], kinds: &mut [u8]) {
    for ((value, unit), kind) in values.zip(units).zip(kinds) {
        match value.checked_mul(factor).and_then(|product| i64::try_from(product).ok()) {
            Some(product) if product.abs() < SPEND_LIMIT => *unit = product,
            _ => *kind = TOO_MUCH,
        }
    }
}

fn flag_nulls(column: &ArrayRef, kinds: &mut [u8], reason: u8) {
    if let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) {
        for (valid, kind) in nulls.iter().zip(kinds) {
            if !valid {
                *kind = reason;
            }
        }
    }
}

fn unexpected(role: &str, kind: &DataType) -> DataFusionError {
    DataFusionError::Internal(format!("a {role} of type {kind} came to the columnar path"))
}

/// Integers as 64 bits; texts trimmed, e-mail addresses in lower case.
fn customers(column: &ArrayRef, kinds: &mut [u8]) -> Result<ArrayRef> {
    let DataType::Utf8View = column.data_type() else {
        flag_nulls(column, kinds, NO_CUSTOMER);
        return Ok(cast(column, &DataType::Int64)?);
    };
    let texts = column.as_string_view();
    flag_nulls(column, kinds, NO_CUSTOMER);
    let mut plain = true;
    for (text, kind) in texts.iter().zip(&mut *kinds) {
        let Some(text) = text else { continue };
        let trimmed = text.trim();
        if is_empty_value(trimmed) {
            *kind = NO_CUSTOMER;
        }
        plain &= trimmed.len() == text.len() && (text.is_ascii() && !has_upper_case_address(text));
    }
    Ok(if plain { Arc::clone(column) } else { Arc::new(normalised(texts)) })
}

fn has_upper_case_address(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.contains(&b'@') && bytes.iter().any(u8::is_ascii_uppercase)
}

fn normalised(texts: &StringViewArray) -> StringViewArray {
    let mut builder = StringViewBuilder::with_capacity(texts.len());
    for text in texts {
        builder.append_option(text.map(|text| lower_case_address(text.trim())));
    }
    builder.finish()
}
