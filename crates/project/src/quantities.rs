//! How quantities are written, on the command line and in a project file: percentages, times, dates, currencies, rates,
//! time zones.
//!
//! Each parser says what it did not understand and how it would be understood.

#![allow(
    clippy::missing_errors_doc,
    reason = "the error of each is the sentence that says what was not understood"
)]

use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_models::TimeUnit;

/// The longest time that is understood, in years: beyond it only a typing error can be meant.
const LONGEST_YEARS: f64 = 100.0;

/// A share such as `35%` or `0.35`, between `lowest` and `highest`.
///
/// A bare number of 1 or more is refused rather than taken for 100 times what was meant.
fn share(text: &str, lowest: f64, highest: f64) -> Result<f64, String> {
    let (digits, percent) = match text.trim().strip_suffix('%') {
        Some(digits) => (digits.trim_end(), true),
        None => (text.trim(), false),
    };
    let number: f64 = digits.parse().map_err(|_| {
        format!("{text:?} is not a share; write it as a percentage such as 35% or a fraction such as 0.35")
    })?;
    if !number.is_finite() {
        return Err(format!("{text:?} is not a finite number"));
    }
    if !percent && number.abs() >= 1.0 {
        return Err(format!("{text} as a fraction is {}%; did you mean {text}%?", number * 100.0));
    }
    let share = if percent { number / 100.0 } else { number };
    if share < lowest || share > highest {
        let bound = |share: f64| (share * 1000.0).round() / 10.0;
        return Err(format!("{text:?} must lie between {}% and {}%", bound(lowest), bound(highest)));
    }
    Ok(share)
}

/// An annual discount rate: 0 % to 999 %.
pub fn discount(text: &str) -> Result<f64, String> {
    share(text, 0.0, 9.99)
}

/// A margin as a share of revenue: -100 % to 100 %; a negative one is a loss on every order.
pub fn margin(text: &str) -> Result<f64, String> {
    share(text, -1.0, 1.0)
}

/// The probability that an interval is meant to hold: 1 % to 99.9 %.
pub fn level(text: &str) -> Result<f64, String> {
    share(text, 0.01, 0.999)
}

/// A time such as `12m`, `365d`, `52w` or `1y`, in days.
pub fn days(text: &str) -> Result<f64, String> {
    let allowed = "write a number and a unit: 365d (days), 52w (weeks), 12m (months) or 1y (years)";
    let text = text.trim();
    let unit = match text.chars().last() {
        Some('d' | 'D') => TimeUnit::Day,
        Some('w' | 'W') => TimeUnit::Week,
        Some('m' | 'M') => TimeUnit::Month,
        Some('y' | 'Y') => TimeUnit::Year,
        Some('0'..='9') => {
            return Err(format!("{text:?} has no unit; did you mean {text}d or {text}m? {allowed}"));
        }
        _ => return Err(format!("{text:?} is not a time; {allowed}")),
    };
    // The last character is one of the ASCII letters above, so it is one byte long.
    let number: f64 = text[..text.len() - 1]
        .trim_end()
        .parse()
        .map_err(|_| format!("{text:?} is not a time; {allowed}"))?;
    let days = number * unit.days();
    let longest = LONGEST_YEARS * TimeUnit::Year.days();
    if !(days > 0.0 && days <= longest) {
        return Err(format!("a time must be longer than nothing and at most {LONGEST_YEARS} years"));
    }
    Ok(days)
}

/// A day as `2011-12-01`.
pub fn date(text: &str) -> Result<Date, String> {
    text.trim().parse().map_err(|_| {
        format!("{text:?} is not a day of the calendar; write it as 2011-12-01 (year-month-day)")
    })
}

/// An ISO 4217 currency code.
pub fn currency(text: &str) -> Result<String, String> {
    let code = text.trim().to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(format!("{text:?} is not a currency code; write three letters such as EUR, GBP or USD"))
}

/// A conversion rate as `EUR=0.86`.
pub fn rate(text: &str) -> Result<(String, f64), String> {
    let (code, number) = text.split_once('=').ok_or_else(|| {
        format!("{text:?} is not a rate; write EUR=0.86: what one EUR is worth in the currency of --currency")
    })?;
    let code = currency(code)?;
    match number.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok((code, rate)),
        _ => Err(format!("the rate of {code} is {number:?}; it must be a positive number such as 0.86")),
    }
}

/// A time zone by its IANA name.
pub fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text.trim()).map_err(|_| {
        let hint = nearest_zone(text).map_or(".".to_owned(), |name| format!("; did you mean {name}?"));
        format!("there is no time zone {text:?}{hint} Use an IANA name such as Europe/London")
    })
}

/// The zone whose name, or whose city, is spelt most like `text`.
fn nearest_zone(text: &str) -> Option<String> {
    let wanted = text.to_lowercase().replace(' ', "_");
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        let city = name.rsplit('/').next().unwrap_or(&name);
        strsim::jaro(&wanted, &name).max(strsim::jaro(&wanted, city))
    };
    jiff::tz::db()
        .available()
        .map(|name| (likeness(name.as_str()), name.as_str().to_owned()))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A weight: a number that is not negative.
pub fn weight(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(weight) if weight >= 0.0 && weight.is_finite() => Ok(weight),
        _ => Err("a weight is a number such as 0.5, not negative".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage_or_a_fraction() {
        for text in ["35%", "0.35", " 35 % ", "35.0%"] {
            assert!((margin(text).unwrap() - 0.35).abs() < 1e-15, "{text}");
        }
        assert_eq!(margin("-5%"), Ok(-0.05));
        assert_eq!(discount("0"), Ok(0.0));
    }

    #[test]
    fn a_bare_number_above_one_asks_back() {
        assert_eq!(margin("35").unwrap_err(), "35 as a fraction is 3500%; did you mean 35%?");
        assert_eq!(level("1").unwrap_err(), "1 as a fraction is 100%; did you mean 1%?");
        assert_eq!(margin("101%").unwrap_err(), "\"101%\" must lie between -100% and 100%");
        assert!(level("100%").is_err());
        assert!(margin("NaN").is_err());
        assert!(margin("").is_err());
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(days("365d"), Ok(365.0));
        assert_eq!(days("52w"), Ok(364.0));
        assert_eq!(days("12m"), Ok(365.25));
        assert_eq!(days("1 y"), Ok(365.25));
        assert!(days("365").unwrap_err().contains("did you mean 365d"));
        for text in ["", "d", "0d", "-3w", "1000y", "infd", "NaNd", "12 moons", "1\u{e9}"] {
            assert!(days(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn days_of_the_calendar() {
        assert_eq!(date("2011-12-01"), Ok(jiff::civil::date(2011, 12, 1)));
        for text in ["01.12.2011", "2011-02-30", "12/1/2011", ""] {
            assert!(date(text).unwrap_err().contains("2011-12-01"), "{text}");
        }
    }

    #[test]
    fn rates_and_currencies() {
        assert_eq!(rate("eur=0.86"), Ok(("EUR".to_owned(), 0.86)));
        for text in ["EUR", "EUR=", "EUR=0", "EUR=-1", "EUR=inf", "EURO=1"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_zone_finds_its_name() {
        assert!(time_zone("Europe/London").is_ok());
        assert!(time_zone("Europe/Lodnon").unwrap_err().contains("did you mean Europe/London?"));
        let none = time_zone("Foo").unwrap_err();
        assert!(none.starts_with("there is no time zone \"Foo\". Use an IANA name"), "{none}");
        assert!(time_zone("London").unwrap_err().contains("did you mean Europe/London?"));
    }
}
