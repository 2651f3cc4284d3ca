//! One currency for all amounts: theirs, or the one asked for, with the rates that lead to it.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::source::{OrderSource, WrittenBy};

/// The currency of the canonical tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Target {
    pub(crate) currency: Option<String>,
    /// Factors into it by currency; empty when nothing has to be converted.
    pub(crate) rates: BTreeMap<String, f64>,
}

/// The target for amounts found in these currencies (rows by code). Those that it gives no rate for are to be refused.
pub(crate) fn target(
    found: BTreeMap<String, u64>,
    source: &OrderSource,
    hint: &str,
) -> Result<Target, Error> {
    let asked = source.currency.as_ref().map(|code| code.to_uppercase());
    let rates: BTreeMap<String, f64> =
        source.rates.iter().map(|(code, rate)| (code.to_uppercase(), *rate)).collect();
    if let Some((currency, rate)) = rates.iter().find(|(_, rate)| !(rate.is_finite() && **rate > 0.0)) {
        return Err(Error::BadRate { currency: currency.clone(), rate: *rate });
    }
    let Some(currency) = asked else {
        return match found.len() {
            0 | 1 => Ok(Target { currency: found.into_keys().next(), rates: BTreeMap::new() }),
            _ => Err(mixed(found, None, &rates, hint)),
        };
    };
    if found.keys().all(|code| *code == currency) {
        return Ok(Target { currency: Some(currency), rates: BTreeMap::new() });
    }
    let has_rate = |code: &String| *code == currency || rates.contains_key(code);
    if source.written_by == WrittenBy::Shop && !found.keys().all(has_rate) {
        return Err(mixed(found, Some(currency), &rates, hint));
    }
    let mut rates = rates;
    rates.insert(currency.clone(), 1.0);
    Ok(Target { currency: Some(currency), rates })
}

fn mixed(
    found: BTreeMap<String, u64>,
    target: Option<String>,
    rates: &BTreeMap<String, f64>,
    hint: &str,
) -> Error {
    let missing = found.keys().filter(|code| !rates.contains_key(*code)).cloned().collect();
    Error::MixedCurrencies { found, target, missing, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(codes: &[&str]) -> BTreeMap<String, u64> {
        codes.iter().map(|code| ((*code).to_owned(), 1)).collect()
    }

    fn source(currency: Option<&str>, rates: &[(&str, f64)]) -> OrderSource {
        let mut source = OrderSource::new(["x.csv"]);
        source.currency = currency.map(str::to_owned);
        source.rates = rates.iter().map(|(code, rate)| ((*code).to_owned(), *rate)).collect();
        source
    }

    #[test]
    fn one_currency_needs_no_rate_and_none_takes_the_one_asked_for() {
        let one = target(found(&["GBP"]), &source(None, &[]), "").unwrap();
        assert_eq!(one.currency.as_deref(), Some("GBP"));
        let none = target(found(&[]), &source(Some("eur"), &[]), "").unwrap();
        assert_eq!((none.currency.as_deref(), none.rates.is_empty()), (Some("EUR"), true));
    }

    #[test]
    fn several_need_a_rate_for_each() {
        assert!(target(found(&["EUR", "GBP"]), &source(None, &[("EUR", 0.86)]), "").is_err());
        assert!(target(found(&["EUR", "GBP"]), &source(Some("GBP"), &[]), "").is_err());
        let both = target(found(&["EUR", "GBP"]), &source(Some("GBP"), &[("EUR", 0.86)]), "").unwrap();
        assert_eq!(both.rates, BTreeMap::from([("EUR".to_owned(), 0.86), ("GBP".to_owned(), 1.0)]));
    }

    #[test]
    fn rows_without_a_rate_are_refused_where_that_was_asked_for() {
        let mut refusing = source(Some("EUR"), &[]);
        refusing.written_by = WrittenBy::Anybody;
        let own = target(found(&["EUR", "XXQ"]), &refusing, "").unwrap();
        assert_eq!(own.rates, BTreeMap::from([("EUR".to_owned(), 1.0)]));
        refusing.currency = None;
        assert!(target(found(&["EUR", "XXQ"]), &refusing, "").is_err());
    }

    #[test]
    fn a_rate_is_a_positive_number() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(target(found(&["EUR"]), &source(Some("GBP"), &[("EUR", rate)]), "").is_err(), "{rate}");
        }
    }
}
