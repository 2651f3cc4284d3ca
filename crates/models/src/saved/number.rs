//! Numbers in a saved fit, of which every one comes back.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number that is written as a text: the fewest digits that it is read back from exactly. JSON's own numbers are rounded by many
/// readers, and it has none that are not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number(pub(super) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() {
            serializer.serialize_str("nan")
        } else {
            serializer.collect_str(&format_args!("{:?}", self.0))
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map(Number).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// Numbers from values.
pub(super) fn numbers(values: &[f64]) -> Vec<Number> {
    values.iter().copied().map(Number).collect()
}

/// Values from numbers.
pub(super) fn values(numbers: &[Number]) -> Vec<f64> {
    numbers.iter().map(|number| number.0).collect()
}

/// Rows of numbers from rows of values.
pub(super) fn rows(rows: &[Vec<f64>]) -> Vec<Vec<Number>> {
    rows.iter().map(|row| numbers(row)).collect()
}

/// Rows of values from rows of numbers.
pub(super) fn values_of_rows(rows: &[Vec<Number>]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| values(row)).collect()
}
