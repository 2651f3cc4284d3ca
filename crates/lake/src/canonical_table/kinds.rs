//! What the values of a canonical column are, which Arrow type holds them, and which other types become it without loss.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use serde::Serialize;

/// Precision and scale of exact amounts.
pub(crate) const MONEY: DataType = DataType::Decimal128(18, 6);
/// Decimals of [`MONEY`].
pub(crate) const MONEY_DECIMALS: u32 = 6;

/// What the values of a canonical column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Text; numbers that identify something are written without decimals.
    Text,
    /// A point in time. Without an offset from UTC it is the shop's own clock.
    Time,
    /// A day of the calendar, in the shop's time zone.
    Date,
    /// An exact amount with up to six decimals.
    Money,
    /// A whole number.
    Count,
    /// Any number.
    Number,
    /// A part of a whole: 0.25 is a quarter.
    Share,
    /// True or false.
    Flag,
    /// A JSON text.
    Json,
}

impl ColumnKind {
    /// The kind's name in documents and errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Time => "time",
            Self::Date => "date",
            Self::Money => "money",
            Self::Count => "count",
            Self::Number => "number",
            Self::Share => "share",
            Self::Flag => "true or false",
            Self::Json => "JSON",
        }
    }

    /// The Arrow type that holds it in the session's tables.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Text | Self::Json => DataType::Utf8,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Money => MONEY,
            Self::Count => DataType::Int64,
            Self::Number | Self::Share => DataType::Float64,
            Self::Flag => DataType::Boolean,
        }
    }

    /// The name of [`ColumnKind::arrow`] in the engine's `arrow_cast`.
    pub(crate) const fn arrow_name(self) -> &'static str {
        match self {
            Self::Text | Self::Json => "Utf8",
            Self::Time => "Timestamp(Microsecond, Some(\"UTC\"))",
            Self::Date => "Date32",
            Self::Money => "Decimal128(18, 6)",
            Self::Count => "Int64",
            Self::Number | Self::Share => "Float64",
            Self::Flag => "Boolean",
        }
    }

    /// Whether every value of a type has one meaning as this kind. Text always has: it is read as the text of a file is, and
    /// what cannot be read refuses its row.
    pub(crate) fn takes(self, found: &DataType) -> bool {
        use DataType::{Boolean, Date32, Date64, Decimal128, Decimal256, Dictionary, Null, Timestamp};
        let text = is_text(found);
        match found {
            Null => return true,
            Dictionary(_, values) => return self.takes(values),
            _ if text => return true,
            _ => {}
        }
        let decimal = matches!(found, Decimal128(..) | Decimal256(..));
        match self {
            Self::Text => found.is_numeric() || matches!(found, Boolean | Date32 | Date64 | Timestamp(..)),
            Self::Time | Self::Date => matches!(found, Date32 | Date64 | Timestamp(..)),
            Self::Money | Self::Number | Self::Share => found.is_numeric(),
            Self::Count => found.is_integer() || (decimal && decimals(found) <= 0),
            Self::Flag => *found == Boolean,
            Self::Json => false,
        }
    }

    /// What to write instead of `column`, which is of the type `found`, in SQL.
    pub(crate) fn fix(self, column: &str, found: &DataType) -> String {
        let name = quoted(column);
        let other = match self {
            // Without its zone the answer would be taken for the shop's own clock.
            Self::Time | Self::Date if found.is_integer() => {
                return format!(
                    "write `to_timestamp({name}) AT TIME ZONE 'UTC' AS {name}` for seconds since 1970, or to_timestamp_millis or \
                     to_timestamp_micros"
                );
            }
            Self::Count if found.is_numeric() => format!("cast(round({name}) AS bigint)"),
            Self::Money | Self::Count | Self::Number | Self::Share if *found == DataType::Boolean => {
                format!("CASE WHEN {name} THEN 1 ELSE 0 END")
            }
            Self::Flag if found.is_numeric() => format!("{name} <> 0"),
            _ => {
                return format!(
                    "select another column, or an expression that gives {} ({})",
                    self.name(),
                    self.example()
                );
            }
        };
        format!("write `{other} AS {name}`")
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Text => "such as `cast(x AS varchar)`",
            Self::Time => "such as `cast(x AS timestamp)`",
            Self::Date => "such as `cast(x AS date)`",
            Self::Money => "such as `cast(x AS decimal(18, 6))`",
            Self::Count => "such as `cast(x AS bigint)`",
            Self::Number | Self::Share => "such as `cast(x AS double)`",
            Self::Flag => "such as `x = 'yes'`",
            Self::Json => "such as '{\"colour\":\"red\"}'",
        }
    }
}

/// A column's name as SQL needs it.
pub(crate) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn decimals(kind: &DataType) -> i8 {
    match kind {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    }
}

/// A type in words.
pub(crate) fn in_words(kind: &DataType) -> String {
    use DataType::{Binary, Boolean, Date32, Date64, LargeBinary, LargeList, List, Struct, Timestamp};
    match kind {
        _ if is_text(kind) => "text".to_owned(),
        _ if kind.is_integer() => "a whole number".to_owned(),
        _ if kind.is_floating() => "a floating point number".to_owned(),
        _ if kind.is_numeric() => format!("a number with {} decimals", decimals(kind)),
        Boolean => "true or false".to_owned(),
        Date32 | Date64 => "a date".to_owned(),
        Timestamp(..) => "a time".to_owned(),
        Struct(_) => "a structure of several values".to_owned(),
        List(_) | LargeList(_) => "a list".to_owned(),
        Binary | LargeBinary => "bytes".to_owned(),
        other => format!("of type {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_meaning_is_taken_and_what_has_not_comes_with_a_fix() {
        use ColumnKind::{Count, Date, Flag, Json, Money, Text, Time};
        let taken = [
            (Text, DataType::Int64),
            (Time, DataType::Utf8View),
            (Time, DataType::Timestamp(TimeUnit::Nanosecond, None)),
            (Date, DataType::Date32),
            (Money, DataType::Float64),
            (Money, DataType::Null),
            (Count, DataType::Decimal128(10, 0)),
            (Flag, DataType::Boolean),
        ];
        for (kind, found) in taken {
            assert!(kind.takes(&found), "{kind:?} {found}");
        }
        let refused = [
            (Time, DataType::Int64, "write `to_timestamp(x) AT TIME ZONE 'UTC' AS x` for seconds since 1970"),
            (Money, DataType::Date32, "`cast(x AS decimal(18, 6))`"),
            (Count, DataType::Float64, "write `cast(round(x) AS bigint) AS x`"),
            (Flag, DataType::Int8, "write `x <> 0 AS x`"),
            (Json, DataType::Int64, "JSON"),
        ];
        for (kind, found, fix) in refused {
            assert!(!kind.takes(&found), "{kind:?} {found}");
            assert!(kind.fix("x", &found).contains(fix), "{}", kind.fix("x", &found));
        }
        assert_eq!(quoted("Order ID"), "\"Order ID\"");
    }
}
