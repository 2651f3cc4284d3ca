//! The columns that tables are made of, and their cells as text.

use std::{fmt::Write, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
        StringArray, TimestampMicrosecondArray,
    },
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    },
    error::ArrowError,
};
use jiff::Timestamp;

/// A column of a table: name, values, and whether some may be missing.
pub(crate) type Column = (&'static str, ArrayRef, bool);

/// Digits of an amount of money, and how many of them stand after the point.
const MONEY: (u8, i8) = (12, 2);

/// Microseconds in a day.
const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// Numbers.
pub(crate) fn integers(name: &'static str, values: impl Iterator<Item = i64>) -> Column {
    (name, Arc::new(Int64Array::from_iter_values(values)), false)
}

/// Numbers that may be missing.
pub(crate) fn optional_integers(name: &'static str, values: impl Iterator<Item = Option<i64>>) -> Column {
    (name, Arc::new(values.collect::<Int64Array>()), true)
}

/// Estimates and rates.
pub(crate) fn floats(name: &'static str, values: impl Iterator<Item = f64>) -> Column {
    (name, Arc::new(Float64Array::from_iter_values(values)), false)
}

/// Rates that may be missing.
pub(crate) fn optional_floats(name: &'static str, values: impl Iterator<Item = Option<f64>>) -> Column {
    (name, Arc::new(values.collect::<Float64Array>()), true)
}

/// Words.
pub(crate) fn texts<S: AsRef<str>>(name: &'static str, values: impl Iterator<Item = S>) -> Column {
    (name, Arc::new(StringArray::from_iter_values(values)), false)
}

/// Words that may be missing.
pub(crate) fn optional_texts(
    name: &'static str,
    values: impl Iterator<Item = Option<&'static str>>,
) -> Column {
    (name, Arc::new(values.collect::<StringArray>()), true)
}

/// Yes or no.
pub(crate) fn flags(name: &'static str, values: impl Iterator<Item = bool>) -> Column {
    (name, Arc::new(values.map(Some).collect::<BooleanArray>()), false)
}

/// Days since 1970-01-01.
pub(crate) fn dates(name: &'static str, values: impl Iterator<Item = i32>) -> Column {
    (name, Arc::new(Date32Array::from_iter_values(values)), false)
}

/// Days since 1970-01-01 that may be missing.
pub(crate) fn optional_dates(name: &'static str, values: impl Iterator<Item = Option<i32>>) -> Column {
    (name, Arc::new(values.collect::<Date32Array>()), true)
}

/// Moments in microseconds since 1970-01-01, UTC.
pub(crate) fn moments(name: &'static str, values: impl Iterator<Item = i64>) -> Column {
    (name, Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC")), false)
}

/// Moments that may be missing.
pub(crate) fn optional_moments(name: &'static str, values: impl Iterator<Item = Option<i64>>) -> Column {
    (name, Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC")), true)
}

/// Amounts of money, given in cents.
///
/// # Errors
/// When the type that money has is refused.
pub(crate) fn money(name: &'static str, cents: impl Iterator<Item = i64>) -> Result<Column, ArrowError> {
    let values = Decimal128Array::from_iter_values(cents.map(i128::from));
    Ok((name, Arc::new(values.with_precision_and_scale(MONEY.0, MONEY.1)?), false))
}

/// Amounts of money that may be missing, given in cents.
///
/// # Errors
/// When the type that money has is refused.
pub(crate) fn optional_money(
    name: &'static str,
    cents: impl Iterator<Item = Option<i64>>,
) -> Result<Column, ArrowError> {
    let values: Decimal128Array = cents.map(|cents| cents.map(i128::from)).collect();
    Ok((name, Arc::new(values.with_precision_and_scale(MONEY.0, MONEY.1)?), true))
}

/// A column that can write its cells as text.
pub(crate) enum Cells<'a> {
    Integers(&'a Int64Array),
    Floats(&'a Float64Array),
    Texts(&'a StringArray),
    Flags(&'a BooleanArray),
    Dates(&'a Date32Array),
    Moments(&'a TimestampMicrosecondArray),
    Money(&'a Decimal128Array),
}

impl<'a> Cells<'a> {
    /// The cells of a column made by one of this module's functions.
    ///
    /// # Errors
    /// When the column is of another type.
    pub(crate) fn new(column: &'a ArrayRef) -> Result<Self, ArrowError> {
        Ok(match column.data_type() {
            DataType::Int64 => Self::Integers(column.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Floats(column.as_primitive::<Float64Type>()),
            DataType::Utf8 => Self::Texts(column.as_string()),
            DataType::Boolean => Self::Flags(column.as_boolean()),
            DataType::Date32 => Self::Dates(column.as_primitive::<Date32Type>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Moments(column.as_primitive::<TimestampMicrosecondType>())
            }
            DataType::Decimal128(_, 2) => Self::Money(column.as_primitive::<Decimal128Type>()),
            other => return Err(ArrowError::CsvError(format!("a column of {other} has no text form here"))),
        })
    }

    /// Appends the cell's text; `null_text` when there is no value and the column holds moments, else nothing.
    pub(crate) fn append(&self, row: usize, null_text: &str, text: &mut String) {
        // Writing into a string cannot fail.
        let _ = match self {
            Self::Integers(values) if values.is_valid(row) => write!(text, "{}", values.value(row)),
            Self::Floats(values) if values.is_valid(row) => write!(text, "{}", values.value(row)),
            Self::Texts(values) if values.is_valid(row) => text.write_str(values.value(row)),
            Self::Flags(values) if values.is_valid(row) => write!(text, "{}", values.value(row)),
            Self::Dates(values) if values.is_valid(row) => write_date(text, values.value(row)),
            Self::Moments(values) if values.is_valid(row) => write_moment(text, values.value(row)),
            Self::Money(values) if values.is_valid(row) => write_money(text, values.value(row)),
            Self::Moments(_) => text.write_str(null_text),
            _ => Ok(()),
        };
    }
}

fn write_date(text: &mut String, day: i32) -> std::fmt::Result {
    write_moment(text, i64::from(day) * DAY_MICROSECONDS)?;
    // The first ten characters of a moment are its date.
    text.truncate(10);
    Ok(())
}

/// ISO 8601 in UTC; a number that is no moment of the calendar stays a number.
fn write_moment(text: &mut String, microseconds: i64) -> std::fmt::Result {
    match Timestamp::from_microsecond(microseconds) {
        Ok(moment) => write!(text, "{moment}"),
        Err(_) => write!(text, "{microseconds}"),
    }
}

fn write_money(text: &mut String, cents: i128) -> std::fmt::Result {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    write!(text, "{sign}{}.{:02}", cents / 100, cents % 100)
}
