//! Numbers, money, shares and dates as each language writes them.
//!
//! A sign or a unit is tied to its number by a no-break space, and a number below zero has a true minus sign.

use jiff::civil::Date;

use crate::Language;

/// What stands for a number that is not known or not finite.
pub(crate) const MISSING: &str = "\u{2013}";

const NO_BREAK_SPACE: char = '\u{a0}';
const MINUS: char = '\u{2212}';

impl Language {
    /// A number with a fixed count of decimals and thousands in groups: `1,234.5` or `1.234,5`.
    #[must_use]
    pub fn number(self, value: f64, decimals: usize) -> String {
        if !value.is_finite() {
            return MISSING.to_owned();
        }
        let plain = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let (group, point) = self.separators();
        let mut text = String::with_capacity(plain.len() + plain.len() / 3 + 2);
        // "-0.00" would be a sign on nothing.
        if value < 0.0 && plain.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
            text.push(MINUS);
        }
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(point);
            text.push_str(fraction);
        }
        text
    }

    /// A number with about four significant digits, for a figure whose size is not known beforehand.
    #[must_use]
    pub fn significant(self, value: f64) -> String {
        let size = value.abs();
        let decimals = match size {
            _ if size == 0.0 || size >= 1000.0 => 0,
            _ if size >= 100.0 => 1,
            _ if size >= 10.0 => 2,
            _ if size >= 1.0 => 3,
            _ => 4,
        };
        self.number(value, decimals)
    }

    /// A share of one as a percentage: `12.3 %`, in English without the space.
    #[must_use]
    pub fn percent(self, share: f64, decimals: usize) -> String {
        let number = self.number(share * 100.0, decimals);
        match self {
            _ if !share.is_finite() => number,
            Self::English => format!("{number}%"),
            Self::German => format!("{number}{NO_BREAK_SPACE}%"),
        }
    }

    /// An amount to the currency's smallest unit; without a currency a number with two decimals.
    #[must_use]
    pub fn money(self, amount: f64, currency: Option<&str>) -> String {
        self.amount(amount, currency, decimals_of(currency))
    }

    /// An amount in whole units when it is whole or has four digits, for totals and headlines.
    #[must_use]
    pub fn money_rounded(self, amount: f64, currency: Option<&str>) -> String {
        let decimals =
            if amount.abs() >= 1000.0 || amount.fract() == 0.0 { 0 } else { decimals_of(currency) };
        self.amount(amount, currency, decimals)
    }

    fn amount(self, amount: f64, currency: Option<&str>, decimals: usize) -> String {
        let number = self.number(amount, decimals);
        let Some(currency) = currency.filter(|_| amount.is_finite()) else { return number };
        match (self, symbol_of(currency)) {
            (Self::German, symbol) => format!("{number}{NO_BREAK_SPACE}{}", symbol.unwrap_or(currency)),
            (Self::English, Some(symbol)) => match number.strip_prefix(MINUS) {
                Some(digits) => format!("{MINUS}{symbol}{digits}"),
                None => format!("{symbol}{number}"),
            },
            (Self::English, None) => format!("{currency}{NO_BREAK_SPACE}{number}"),
        }
    }

    /// A day: `30 Sep 1997` or `30.09.1997`.
    #[must_use]
    pub fn date(self, date: Date) -> String {
        match self {
            Self::English => {
                format!("{}{NO_BREAK_SPACE}{}{NO_BREAK_SPACE}{}", date.day(), month_of(date), date.year())
            }
            Self::German => format!("{:02}.{:02}.{}", date.day(), date.month(), date.year()),
        }
    }

    /// The signs between thousands and before decimals.
    pub(crate) const fn separators(self) -> (char, char) {
        match self {
            Self::English => (',', '.'),
            Self::German => ('.', ','),
        }
    }
}

/// The decimals of a currency's smallest unit (ISO 4217, exponents other than two).
fn decimals_of(currency: Option<&str>) -> usize {
    match currency {
        Some(
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
            | "VND" | "VUV" | "XAF" | "XOF" | "XPF",
        ) => 0,
        Some("BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND") => 3,
        _ => 2,
    }
}

/// The sign of a currency where it is known without doubt; a dollar that is not the United States' keeps its code.
fn symbol_of(currency: &str) -> Option<&'static str> {
    Some(match currency {
        "EUR" => "\u{20ac}",
        "USD" => "$",
        "GBP" => "\u{a3}",
        "JPY" => "\u{a5}",
        "INR" => "\u{20b9}",
        _ => return None,
    })
}

fn month_of(date: Date) -> &'static str {
    match date.month() {
        1 => "Jan",
        2 => "Feb",
        3 => "Mar",
        4 => "Apr",
        5 => "May",
        6 => "Jun",
        7 => "Jul",
        8 => "Aug",
        9 => "Sep",
        10 => "Oct",
        11 => "Nov",
        _ => "Dec",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::Language::{English, German};
    use super::*;

    /// The text with plain signs, so that a table of expectations can be typed.
    fn plain(text: &str) -> String {
        text.replace(NO_BREAK_SPACE, " ").replace(MINUS, "-")
    }

    #[test]
    fn numbers() {
        for (value, decimals, english, german) in [
            (0.0, 0, "0", "0"),
            (-0.001, 2, "0.00", "0,00"),
            (999.0, 0, "999", "999"),
            (1000.0, 0, "1,000", "1.000"),
            (1234.5, 1, "1,234.5", "1.234,5"),
            (999_999.999, 2, "1,000,000.00", "1.000.000,00"),
            (-12_345_678.9, 1, "-12,345,678.9", "-12.345.678,9"),
            (f64::NAN, 2, "\u{2013}", "\u{2013}"),
            (f64::INFINITY, 0, "\u{2013}", "\u{2013}"),
        ] {
            assert_eq!(plain(&English.number(value, decimals)), english);
            assert_eq!(plain(&German.number(value, decimals)), german);
        }
    }

    #[test]
    fn significant_digits_follow_the_size() {
        let texts =
            [0.0, 0.012_34, 4.4136, 15.4435, 123.456, 12_345.6].map(|value| English.significant(value));
        assert_eq!(texts, ["0", "0.0123", "4.414", "15.44", "123.5", "12,346"]);
    }

    #[test]
    fn money_carries_its_currency() {
        for (amount, currency, english, german) in [
            (1234.5, Some("EUR"), "\u{20ac}1,234.50", "1.234,50 \u{20ac}"),
            (-12.0, Some("GBP"), "-\u{a3}12.00", "-12,00 \u{a3}"),
            (1234.5, Some("CHF"), "CHF 1,234.50", "1.234,50 CHF"),
            (1234.5, Some("JPY"), "\u{a5}1,234", "1.234 \u{a5}"),
            (0.1234, Some("KWD"), "KWD 0.123", "0,123 KWD"),
            (1234.5, None, "1,234.50", "1.234,50"),
            (f64::NAN, Some("EUR"), "\u{2013}", "\u{2013}"),
        ] {
            assert_eq!(plain(&English.money(amount, currency)), english);
            assert_eq!(plain(&German.money(amount, currency)), german);
        }
    }

    #[test]
    fn totals_drop_the_cents_once_they_are_large() {
        assert_eq!(plain(&German.money_rounded(1234.5, Some("EUR"))), "1.234 \u{20ac}");
        assert_eq!(English.money_rounded(99.5, Some("USD")), "$99.50");
        assert_eq!(English.money_rounded(40.0, Some("USD")), "$40");
    }

    #[test]
    fn shares_and_days() {
        assert_eq!(English.percent(0.1234, 1), "12.3%");
        assert_eq!(plain(&German.percent(0.1234, 1)), "12,3 %");
        assert_eq!(plain(&English.date(date(1997, 9, 30))), "30 Sep 1997");
        assert_eq!(German.date(date(1997, 9, 3)), "03.09.1997");
    }
}
