//! Customers' figures row by row, out of the session's columns.

use jiff::civil::Date;
use perennial_lake::arrow::array::{Array, ArrayRef, AsArray};
use perennial_lake::arrow::compute::cast;
use perennial_lake::arrow::datatypes::{DataType, Float64Type, Int64Type};
use perennial_lake::arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use crate::Error;

/// A column in one of the shapes that figures have.
pub(crate) enum Column {
    Whole(String, ArrayRef),
    Real(String, ArrayRef),
    /// Days, and words.
    Text(String, ArrayRef),
}

/// A figure that is there.
pub(crate) enum Cell<'a> {
    Whole(i64),
    Real(f64),
    Text(&'a str),
}

/// The columns of a batch.
pub(crate) fn columns(batch: &RecordBatch) -> Result<Vec<Column>, Error> {
    let schema = batch.schema();
    schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| Column::new(field.name(), column))
        .collect()
}

impl Column {
    fn new(name: &str, column: &ArrayRef) -> Result<Self, Error> {
        let to = |kind: &DataType| cast(column, kind).map_err(|_| Error::Column { column: name.to_owned() });
        let name_of = || name.to_owned();
        Ok(match column.data_type() {
            DataType::Float64 | DataType::Float32 => Self::Real(name_of(), to(&DataType::Float64)?),
            kind if kind.is_integer() => Self::Whole(name_of(), to(&DataType::Int64)?),
            _ => Self::Text(name_of(), to(&DataType::Utf8)?),
        })
    }

    /// The column's name.
    pub(crate) fn name(&self) -> &str {
        let (Self::Whole(name, _) | Self::Real(name, _) | Self::Text(name, _)) = self;
        name
    }

    /// What stands in a row, if anything does.
    pub(crate) fn cell(&self, row: usize) -> Option<Cell<'_>> {
        let (Self::Whole(_, array) | Self::Real(_, array) | Self::Text(_, array)) = self;
        array.is_valid(row).then(|| match self {
            Self::Whole(_, array) => Cell::Whole(array.as_primitive::<Int64Type>().value(row)),
            Self::Real(_, array) => Cell::Real(array.as_primitive::<Float64Type>().value(row)),
            Self::Text(_, array) => Cell::Text(array.as_string::<i32>().value(row)),
        })
    }
}

/// A row as a JSON object of the figures that are there.
pub(crate) fn json(columns: &[Column], row: usize) -> Map<String, Value> {
    let field = |column: &Column| {
        let value = match column.cell(row)? {
            Cell::Whole(number) => Value::from(number),
            Cell::Real(number) => Value::from(number),
            Cell::Text(text) => Value::from(text),
        };
        Some((column.name().to_owned(), value))
    };
    columns.iter().filter_map(field).collect()
}

/// A day as the engine writes it.
pub(crate) fn date(text: &str) -> Option<Date> {
    text.parse().ok()
}
