//! Values in PostgreSQL's binary form. (Its text form would cost a parser per type; the driver's own types would lose
//! `infinity`.)

use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};

use super::super::column::{Values, canonical};
use super::super::numeric::{self, Unusable};

/// Days and microseconds from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// Appends the value at a place of a row; what is wrong with it otherwise.
pub(super) fn append(row: &PgRow, place: usize, values: &mut Values) -> Result<(), String> {
    let value = row.try_get_raw(place).map_err(|error| error.to_string())?;
    if value.is_null() {
        values.append_null();
        return Ok(());
    }
    let bytes = value.as_bytes().map_err(|error| error.to_string())?;
    match values {
        Values::Boolean(values) => values.append_value(fixed::<1>(bytes)? != [0]),
        Values::Int16(values) => values.append_value(i16::from_be_bytes(fixed(bytes)?)),
        Values::Int32(values) => values.append_value(i32::from_be_bytes(fixed(bytes)?)),
        Values::Int64(values) => values.append_value(i64::from_be_bytes(fixed(bytes)?)),
        Values::Float32(values) => {
            let number = f32::from_be_bytes(fixed(bytes)?);
            values.append_value(if number.is_nan() { f32::NAN } else { number + 0.0 });
        }
        Values::Float64(values) => values.append_value(canonical(f64::from_be_bytes(fixed(bytes)?))),
        Values::Decimal(values, scale) => match numeric::units(bytes, *scale) {
            Ok(units) => values.append_value(units),
            Err(Unusable::NoNumber) => return Err(outside("NaN or infinity, which is no number")),
            Err(Unusable::TooLong) => return Err(outside("a number with more digits than its column")),
        },
        Values::Text(values) => {
            values.append_value(std::str::from_utf8(bytes).map_err(|error| error.to_string())?);
        }
        Values::Date(values) => {
            let days = i32::from_be_bytes(fixed(bytes)?);
            let days = Some(days).filter(|days| ![i32::MIN, i32::MAX].contains(days));
            let days = days.and_then(|days| days.checked_add(EPOCH_DAYS));
            values.append_value(days.ok_or_else(|| outside("the date \"infinity\""))?);
        }
        Values::Time(values) => {
            let time = i64::from_be_bytes(fixed(bytes)?);
            let time = Some(time).filter(|time| ![i64::MIN, i64::MAX].contains(time));
            let time = time.and_then(|time| time.checked_add(EPOCH_MICROSECONDS));
            values.append_value(time.ok_or_else(|| outside("the time \"infinity\""))?);
        }
    }
    Ok(())
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| format!("{} bytes came where {N} were expected", bytes.len()))
}

fn outside(found: &str) -> String {
    format!(
        "it holds {found}; leave such rows out with a where clause, or name a view that replaces them by null"
    )
}
