//! How values stand in the file: as text or as a bare number, understood as on the command line.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use jiff::tz::TimeZone;
use perennial_lake::DateOrder;
use perennial_models::{ModelKind, TimeUnit};
use perennial_store::{IdentifierKind, NotAnIdentifier};
use perennial_valuation::{ModelChoice, Uncertainty};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::nearest::did_you_mean;
use crate::quantities;
use crate::schedule::Every;

/// Takes text and numbers alike to a function that understands text.
struct Written<T>(fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

/// Declares for each kind of value how a field of that kind is read.
macro_rules! written {
    ($($(#[$about:meta])* $name:ident -> $type:ty: $parse:expr;)+) => {$(
        $(#[$about])*
        pub(crate) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
            deserializer.deserialize_any(Written::<$type>($parse))
        }
    )+};
}

written! {
    /// An annual discount rate.
    discount -> f64: quantities::discount;
    /// The probability that an interval is meant to hold.
    level -> f64: quantities::level;
    /// A time, in days.
    days -> f64: quantities::days;
    /// A time, in days, where there may be none.
    optional_days -> Option<f64>: |text| quantities::days(text).map(Some);
    /// A currency code.
    currency -> Option<String>: |text| quantities::currency(text).map(Some);
    /// A time zone.
    time_zone -> TimeZone: quantities::time_zone;
    /// Where the margin comes from.
    margin -> Option<Margin>: |text| margin_rule(text).map(Some);
    /// A share between 0 and 1.
    share -> f64: |text| not_negative(quantities::margin(text)?, text);
    /// The same where there may be none.
    optional_share -> Option<f64>: |text| not_negative(quantities::margin(text)?, text).map(Some);
    /// An amount of money that is not negative.
    money -> f64: amount;
    /// A transaction model by name, or `auto`.
    model -> ModelChoice: model_choice;
    /// The unit in which models count time.
    unit -> TimeUnit: time_unit;
    /// Where the parameters' uncertainty comes from.
    uncertainty -> Uncertainty: uncertainty_kind;
    /// Which of day and month comes first.
    date_order -> Option<DateOrder>: |text| order_of_dates(text).map(Some);
    /// When the schedule runs.
    every -> Option<Every>: |text| text.parse().map(Some);
}

/// Rates by currency.
pub(crate) fn rates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let rates = BTreeMap::<Code, Rate>::deserialize(deserializer)?;
    Ok(rates.into_iter().map(|(Code(code), Rate(rate))| (code, rate)).collect())
}

/// Kinds of identifiers of other systems.
pub(crate) fn external_kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let kinds = Vec::<ExternalKind>::deserialize(deserializer)?;
    Ok(kinds.into_iter().map(|ExternalKind(kind)| kind).collect())
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ExternalKind(String);

impl TryFrom<String> for ExternalKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse().map_err(|error: NotAnIdentifier| error.to_string())? {
            IdentifierKind::Other(kind) => Ok(Self(kind)),
            _ => Err(format!(
                "{text:?} tells a customer always; name kinds of other systems, such as \"stripe_customer\""
            )),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Code(String);

impl TryFrom<String> for Code {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        quantities::currency(&text).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "f64")]
struct Rate(f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, String> {
        if rate.is_finite() && rate > 0.0 {
            Ok(Self(rate))
        } else {
            Err(format!("a rate is a positive number such as 0.86, not {rate}"))
        }
    }
}

/// What counts as value of a unit of revenue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// A share of revenue.
    Given(f64),
    /// What the costs in the data leave.
    Measured,
}

fn margin_rule(text: &str) -> Result<Margin, String> {
    match text {
        "measured" => Ok(Margin::Measured),
        _ => quantities::margin(text).map(Margin::Given).map_err(|error| {
            if text.parse::<f64>().is_ok() || text.ends_with('%') {
                error
            } else {
                format!(r#"{text:?} is no margin; write a share such as "35%", or "measured" to take it from the costs in the data"#)
            }
        }),
    }
}

fn not_negative(number: f64, text: &str) -> Result<f64, String> {
    if number >= 0.0 {
        Ok(number)
    } else {
        Err(format!("{text} is negative; it must lie between 0% and 100%"))
    }
}

fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(amount) if amount.is_finite() && amount >= 0.0 => Ok(amount),
        _ => Err(format!("{text:?} is no amount; write a number such as 4.50, in the shop's currency")),
    }
}

fn model_choice(text: &str) -> Result<ModelChoice, String> {
    if text == "auto" {
        return Ok(ModelChoice::Auto);
    }
    let known = || ModelKind::ALL.iter().map(|kind| kind.name()).chain(["auto"]);
    text.parse().map(ModelChoice::Named).map_err(|_| unknown("transaction model", text, known()))
}

fn time_unit(text: &str) -> Result<TimeUnit, String> {
    match text {
        "day" => Ok(TimeUnit::Day),
        "week" => Ok(TimeUnit::Week),
        "month" => Ok(TimeUnit::Month),
        _ => Err(unknown("unit of time", text, ["day", "week", "month"])),
    }
}

fn order_of_dates(text: &str) -> Result<DateOrder, String> {
    let orders = [DateOrder::DayFirst, DateOrder::MonthFirst];
    let found = orders.into_iter().find(|order| order.name() == text);
    found.ok_or_else(|| unknown("order of dates", text, orders.map(DateOrder::name)))
}

fn uncertainty_kind(text: &str) -> Result<Uncertainty, String> {
    match text {
        "fast" => Ok(Uncertainty::Fast),
        "bayes" => Ok(Uncertainty::Bayes),
        "bootstrap" => Ok(Uncertainty::Bootstrap),
        _ => Err(unknown("way of estimating", text, ["fast", "bayes", "bootstrap"])),
    }
}

/// The sentence for a word that is none of those known.
pub(crate) fn unknown<'a>(
    what: impl Display,
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let all = known.clone().into_iter().collect::<Vec<_>>().join(", ");
    format!("there is no {what} {word:?}{} Known are {all}", stopped(did_you_mean(word, known)))
}

/// A sentence that goes on ends before the next begins.
fn stopped(end: String) -> String {
    if end.is_empty() { ".".to_owned() } else { end }
}
