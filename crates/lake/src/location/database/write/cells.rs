//! What is written, cell by cell, in the few forms that all databases understand.

use std::borrow::Cow;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, Schema, TimestampMicrosecondType,
};
use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::canonical::extent::date;
use crate::error::Error;
use crate::location::database::column::{Column, Kind};

/// Where times are counted from.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The columns that a table gets for those of an answer.
pub(super) fn columns(answer: &Schema) -> Result<Vec<Column>, String> {
    let column = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| {
        let kind = kind(field.data_type()).ok_or_else(|| {
            format!(
                "the column {:?} holds values ({}) that not every database has; cast it to text or a number",
                field.name(),
                field.data_type()
            )
        })?;
        Ok(Column::new(field.name(), kind))
    };
    answer.fields().iter().map(column).collect()
}

/// What a column of the table holds for values of a type.
fn kind(values: &DataType) -> Option<Kind> {
    Some(match values {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Dictionary(_, values) => return kind(values),
        DataType::Boolean => Kind::Boolean,
        DataType::UInt64 => Kind::Decimal(20, 0),
        integer if integer.is_integer() => Kind::Int64,
        real if real.is_floating() => Kind::Float64,
        DataType::Decimal128(precision, scale) if *scale >= 0 => Kind::Decimal(*precision, *scale),
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Timestamp(_, None) => Kind::Clock,
        DataType::Timestamp(_, Some(_)) => Kind::Instant,
        _ => return None,
    })
}

/// What stands in a cell. Days, times and exact numbers are texts in their standard form.
#[derive(Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Boolean(bool),
    Whole(i64),
    Real(f64),
    Text(Cow<'a, str>),
}

/// The cells of a batch.
pub(super) struct Cells {
    columns: Vec<(Kind, ArrayRef)>,
    rows: usize,
}

impl Cells {
    pub(super) fn of(batch: &RecordBatch, columns: &[Column]) -> Result<Self, Error> {
        let converted = columns.iter().zip(batch.columns()).map(|(column, values)| {
            let values = cast(values, &column.kind.data_type())
                .map_err(Error::engine(format!("writing the column {:?}", column.name)))?;
            Ok((column.kind, values))
        });
        Ok(Self { columns: converted.collect::<Result<_, Error>>()?, rows: batch.num_rows() })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The cells of a row, in the order of the columns.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        self.columns.iter().map(move |(kind, values)| cell(*kind, values, row))
    }
}

fn cell(kind: Kind, values: &ArrayRef, row: usize) -> Cell<'_> {
    if values.is_null(row) {
        return Cell::Null;
    }
    let text = |text: Option<String>| text.map_or(Cell::Null, |text| Cell::Text(text.into()));
    match kind {
        Kind::Boolean => Cell::Boolean(values.as_boolean().value(row)),
        Kind::Int16 | Kind::Int32 | Kind::Int64 => Cell::Whole(values.as_primitive::<Int64Type>().value(row)),
        Kind::Float32 | Kind::Float64 => {
            let value = values.as_primitive::<Float64Type>().value(row);
            if value.is_finite() { Cell::Real(value) } else { Cell::Null }
        }
        Kind::Decimal(..) => text(Some(values.as_primitive::<Decimal128Type>().value_as_string(row))),
        Kind::Text => Cell::Text(without_nul(values.as_string_view().value(row))),
        Kind::Date => {
            let day = values.as_primitive::<Date32Type>().value(row);
            text(date(i64::from(day)).map(|date| date.to_string()))
        }
        Kind::Clock | Kind::Instant => {
            let microseconds = values.as_primitive::<TimestampMicrosecondType>().value(row);
            let time = EPOCH.checked_add(SignedDuration::from_micros(microseconds)).ok();
            let zone = if kind == Kind::Instant { "Z" } else { "" };
            text(time.map(|time| format!("{time}{zone}")))
        }
    }
}

/// PostgreSQL has no NUL characters, and SQLite's functions end a text there.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Date32Array, Float64Array, StringArray, UInt64Array};

    use super::*;

    fn written(values: ArrayRef) -> Vec<String> {
        let batch = RecordBatch::try_from_iter([("v", values)]).unwrap();
        let columns = columns(&batch.schema()).unwrap();
        let cells = Cells::of(&batch, &columns).unwrap();
        (0..cells.rows())
            .flat_map(|row| cells.row(row).map(|cell| format!("{cell:?}")).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn what_databases_do_not_have_is_null_or_left_out() {
        let numbers = Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5]);
        assert_eq!(written(Arc::new(numbers)), ["Null", "Null", "Null", "Real(-0.5)"]);
        let texts = StringArray::from(vec![Some("a\0b"), Some(""), None]);
        assert_eq!(written(Arc::new(texts)), ["Text(\"ab\")", "Text(\"\")", "Null"]);
        assert_eq!(written(Arc::new(Date32Array::from(vec![0, i32::MAX]))), ["Text(\"1970-01-01\")", "Null"]);
        assert_eq!(written(Arc::new(UInt64Array::from(vec![u64::MAX]))), ["Text(\"18446744073709551615\")"]);
    }

    #[test]
    fn lists_are_no_cells() {
        let schema = Schema::new(vec![datafusion::arrow::datatypes::Field::new(
            "l",
            DataType::new_list(DataType::Int64, true),
            true,
        )]);
        let problem = columns(&schema).unwrap_err();
        assert!(problem.starts_with("the column \"l\" holds values (List"), "{problem}");
    }
}
