//! Columns of a database table: what they hold, how they are asked for, and how their values are gathered.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int16Builder,
    Int32Builder, Int64Builder, RecordBatch, RecordBatchOptions, StringViewBuilder,
    TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use datafusion::error::Result;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    /// Digits in all, and after the point.
    Decimal(u8, i8),
    Text,
    Date,
    /// A day and a time of no stated zone.
    Clock,
    /// A point in time.
    Instant,
}

impl Kind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Text => DataType::Utf8View,
            Self::Date => DataType::Date32,
            Self::Clock => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// How far a database compares the values of a text column as the engine does: byte by byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// In every way.
    Exact,
    /// Only whether they are equal: the order is by another encoding than UTF-8.
    EqualityOnly,
    /// Not all values are text; those that are not are let through.
    TextAmongOthers,
    /// In no way that is known.
    Unknown,
}

/// A column as it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The SQL expression that gives the value: the quoted name, or a cast of it to text.
    pub(super) expression: String,
    pub(super) comparison: Comparison,
    /// Whether equality of its texts has to be asked for byte by byte, as its own equality is another.
    pub(super) own_equality: bool,
}

impl Column {
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            expression: quoted(name),
            comparison: Comparison::Exact,
            own_equality: false,
        }
    }

    pub(super) fn field(&self) -> Field {
        Field::new(&self.name, self.kind.data_type(), true)
    }
}

/// A name as SQL takes it literally, in both databases.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The values of one column of a batch under construction.
pub(super) enum Values {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, i8),
    Text(StringViewBuilder),
    Date(Date32Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Values {
    pub(super) fn of(column: &Column) -> Self {
        let kind = column.kind;
        match kind {
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Int16 => Self::Int16(Int16Builder::new()),
            Kind::Int32 => Self::Int32(Int32Builder::new()),
            Kind::Int64 => Self::Int64(Int64Builder::new()),
            Kind::Float32 => Self::Float32(Float32Builder::new()),
            Kind::Float64 => Self::Float64(Float64Builder::new()),
            Kind::Decimal(_, scale) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(kind.data_type()), scale)
            }
            Kind::Text => Self::Text(StringViewBuilder::new()),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::Clock | Kind::Instant => {
                Self::Time(TimestampMicrosecondBuilder::new().with_data_type(kind.data_type()))
            }
        }
    }

    pub(super) fn append_null(&mut self) {
        match self {
            Self::Boolean(values) => values.append_null(),
            Self::Int16(values) => values.append_null(),
            Self::Int32(values) => values.append_null(),
            Self::Int64(values) => values.append_null(),
            Self::Float32(values) => values.append_null(),
            Self::Float64(values) => values.append_null(),
            Self::Decimal(values, ..) => values.append_null(),
            Self::Text(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Time(values) => values.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(values) => Arc::new(values.finish()),
            Self::Int16(values) => Arc::new(values.finish()),
            Self::Int32(values) => Arc::new(values.finish()),
            Self::Int64(values) => Arc::new(values.finish()),
            Self::Float32(values) => Arc::new(values.finish()),
            Self::Float64(values) => Arc::new(values.finish()),
            Self::Decimal(values, ..) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Time(values) => Arc::new(values.finish()),
        }
    }
}

/// A batch under construction.
pub(super) struct Batch {
    pub(super) values: Vec<Values>,
    rows: usize,
    schema: SchemaRef,
}

impl Batch {
    pub(super) fn new(columns: &[Column], schema: SchemaRef) -> Self {
        Self { values: columns.iter().map(Values::of).collect(), rows: 0, schema }
    }

    /// Counts a row whose values have all been appended.
    pub(super) fn end_row(&mut self) -> usize {
        self.rows += 1;
        self.rows
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows so far; the next batch begins.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let columns = self.values.iter_mut().map(Values::finish).collect();
        let count = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &count)?)
    }
}

/// A number as the engine compares it: one zero, one NaN. (It tells -0 from 0, which no database does.)
pub(super) fn canonical(number: f64) -> f64 {
    if number.is_nan() { f64::NAN } else { number + 0.0 }
}
