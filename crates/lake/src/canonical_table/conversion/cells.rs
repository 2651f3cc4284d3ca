//! Texts, numbers and truth values of canonical columns. What cannot be read becomes empty; the caller tells it from what was.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Decimal128Array, Float64Builder, Int64Builder, StringArray,
    StringBuilder,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

use super::failed;
use crate::canonical::interpret::lower_case_address;
use crate::canonical_table::kinds::{MONEY, MONEY_DECIMALS};
use crate::error::Error;
use crate::profile::amounts::{self, Decimal, DecimalMark};
use crate::profile::columns::whole_number;
use crate::profile::is_empty_value;

fn filled(texts: &StringArray) -> impl Iterator<Item = Option<&str>> {
    texts.iter().map(|text| text.map(str::trim).filter(|text| !is_empty_value(text)))
}

/// Texts without the blanks around them.
pub(super) fn texts(texts: &StringArray) -> ArrayRef {
    Arc::new(filled(texts).collect::<StringArray>())
}

/// Texts; where `whole`, `17850.0` is `17850`, and where `address`, e-mail addresses are in lower case.
pub(super) fn names(texts: &StringArray, whole: bool, address: bool) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
    for text in filled(texts) {
        let text = text.map(|text| if whole { whole_number(text).unwrap_or(text) } else { text });
        builder.append_option(text.map(|text| if address { lower_case_address(text) } else { text.into() }));
    }
    Arc::new(builder.finish())
}

/// Typed values as text; whole floating point numbers without decimals.
pub(super) fn written(column: &ArrayRef) -> Result<ArrayRef, Error> {
    let text = cast(column, &DataType::Utf8).map_err(failed)?;
    Ok(if column.data_type().is_floating() { names(text.as_string::<i32>(), true, false) } else { text })
}

/// Exact amounts.
pub(super) fn money(texts: &StringArray, mark: DecimalMark) -> ArrayRef {
    let units = |decimal: Decimal| {
        let up = MONEY_DECIMALS.checked_sub(decimal.decimals)?;
        decimal.mantissa.checked_mul(10_i128.pow(up)).filter(|units| units.unsigned_abs() < 10_u128.pow(18))
    };
    let amounts: Decimal128Array = filled(texts)
        .map(|text| text.and_then(|text| amounts::read(text, mark).ok()).and_then(units))
        .collect();
    Arc::new(amounts.with_data_type(MONEY))
}

/// Whole numbers.
pub(super) fn counts(texts: &StringArray, mark: DecimalMark) -> ArrayRef {
    let mut builder = Int64Builder::with_capacity(texts.len());
    for text in filled(texts) {
        let number = text.and_then(|text| amounts::read(text, mark).ok());
        let whole = number.filter(|number| number.decimals == 0 && !number.rounded);
        builder.append_option(whole.and_then(|whole| i64::try_from(whole.mantissa).ok()));
    }
    Arc::new(builder.finish())
}

/// Numbers.
pub(super) fn numbers(texts: &StringArray, mark: DecimalMark) -> ArrayRef {
    let mut builder = Float64Builder::with_capacity(texts.len());
    for text in filled(texts) {
        let number = text.and_then(|text| amounts::read(text, mark).ok());
        builder.append_option(number.map(|number| number.mantissa as f64 / 10_f64.powi(exponent(number))));
    }
    Arc::new(builder.finish())
}

fn exponent(number: Decimal) -> i32 {
    i32::try_from(number.decimals).unwrap_or(i32::MAX)
}

/// Truth values, in English and German.
pub(super) fn flags(texts: &StringArray) -> ArrayRef {
    let mut builder = BooleanBuilder::with_capacity(texts.len());
    for text in filled(texts) {
        builder.append_option(text.and_then(|text| match text.to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "ja" | "wahr" => Some(true),
            "false" | "f" | "no" | "n" | "0" | "nein" | "falsch" => Some(false),
            _ => None,
        }));
    }
    Arc::new(builder.finish())
}
