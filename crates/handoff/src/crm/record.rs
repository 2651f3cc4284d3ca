//! The values of one customer, as a run hands them over, and as a CRM gets them.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// Decimals of an amount of money.
const MONEY_DECIMALS: usize = 2;

/// Decimals of a probability.
const PROBABILITY_DECIMALS: usize = 3;

/// Decimals of another number.
const NUMBER_DECIMALS: usize = 3;

/// What a figure is. Decides how it is rounded and what kind of property holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// An amount in the shop's currency, sent with two decimals.
    Money,
    /// 0 to 1, sent with three decimals.
    Probability,
    /// A count, days or another number, sent with up to three decimals.
    Number,
    /// A word, such as the name of a tier.
    Text,
    /// A day.
    Date,
}

/// A figure that a run computes for customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureColumn {
    /// Its name, as in `values.parquet`.
    pub name: String,
    /// What it is.
    pub kind: FigureKind,
    /// Its definition in a few words, with the unit.
    pub label: String,
}

/// One figure of one customer.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// An amount, a probability or another number.
    Number(f64),
    /// A word.
    Text(String),
    /// A day.
    Date(Date),
}

/// The values of one customer. A figure that the customer does not have is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueRecord {
    /// The customer's id in the run.
    pub customer: String,
    /// Other identifiers by kind: `email`, `hubspot_contact`, ...
    pub identifiers: BTreeMap<String, String>,
    /// Figures by name.
    pub figures: BTreeMap<String, Figure>,
}

impl Figure {
    /// The figure as a CRM gets it, rounded as its kind asks; `None` when it is not a finite number.
    #[must_use]
    pub fn rounded(&self, kind: FigureKind) -> Option<String> {
        match self {
            Self::Number(value) if value.is_finite() => Some(match kind {
                FigureKind::Money => decimal(*value, MONEY_DECIMALS),
                FigureKind::Probability => decimal(*value, PROBABILITY_DECIMALS),
                FigureKind::Number | FigureKind::Text | FigureKind::Date => shortened(*value),
            }),
            Self::Number(_) => None,
            Self::Text(text) => Some(text.clone()),
            Self::Date(date) => Some(date.to_string()),
        }
    }
}

/// Without the minus of a negative number that is rounded to zero.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// Without zeros at the end: a count stays a whole number.
fn shortened(value: f64) -> String {
    decimal(value, NUMBER_DECIMALS).trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_by_their_kind() {
        let rounded = |value: f64, kind| Figure::Number(value).rounded(kind);
        assert_eq!(rounded(12.345, FigureKind::Money).as_deref(), Some("12.35"));
        assert_eq!(rounded(1e9 + 0.005, FigureKind::Money).as_deref(), Some("1000000000.00"));
        assert_eq!(rounded(-0.001, FigureKind::Money).as_deref(), Some("0.00"));
        assert_eq!(rounded(-12.0, FigureKind::Money).as_deref(), Some("-12.00"));
        assert_eq!(rounded(0.123_456, FigureKind::Probability).as_deref(), Some("0.123"));
        assert_eq!(rounded(3.0, FigureKind::Number).as_deref(), Some("3"));
        assert_eq!(rounded(100.0, FigureKind::Number).as_deref(), Some("100"));
        assert_eq!(rounded(0.0, FigureKind::Number).as_deref(), Some("0"));
        assert_eq!(rounded(30.5, FigureKind::Number).as_deref(), Some("30.5"));
        assert_eq!(rounded(f64::NAN, FigureKind::Money), None);
        assert_eq!(rounded(f64::INFINITY, FigureKind::Number), None);
        assert_eq!(Figure::Text("Gold".into()).rounded(FigureKind::Text).as_deref(), Some("Gold"));
        assert_eq!(
            Figure::Date("2026-02-28".parse().unwrap()).rounded(FigureKind::Date).as_deref(),
            Some("2026-02-28")
        );
    }
}
