//! Exact decimal amounts, read from the text of a JSON number or string and never through floating point.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Decimals that an [`Amount`] keeps: as many as the tables of the lake.
const DECIMALS: u32 = 6;
const ONE: i128 = 10_i128.pow(DECIMALS);
/// No shop's amount has more digits before the point; so sums and products of amounts cannot overflow.
const LARGEST: i128 = 10_i128.pow(15) * ONE;

/// An exact decimal with at most six decimals and at most 15 digits before the point, without a currency.
///
/// Further decimals, which come from floating-point arithmetic in shops' code (`19.990000000000002`), are rounded half
/// away from zero. It is written without trailing zeros: `27.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Amount(i128);

/// A text that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an amount: give a number such as 27.50, as a JSON number or string, without currency or thousands separators"
)]
pub struct NotAnAmount(String);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whether this is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, at the largest amount where it would be larger.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).clamp(-LARGEST, LARGEST))
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.plus(Self(-other.0))
    }

    /// The product, for pieces times the price of one, rounded half away from zero to six decimals.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self(divided(self.0.saturating_mul(other.0), ONE).clamp(-LARGEST, LARGEST))
    }
}

/// `numerator / denominator`, rounded half away from zero.
fn divided(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    if rest.abs().saturating_mul(2) >= denominator { quotient + numerator.signum() } else { quotient }
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        scaled(text.trim()).map(Self).ok_or_else(|| NotAnAmount(text.chars().take(40).collect()))
    }
}

/// The value of a decimal text in units of 10^-6; `None` if it is no decimal or too large.
fn scaled(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok().filter(|e| (-400..=400).contains(e))?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // The digits that stand before the point of the scaled value; what is behind it decides the rounding only.
    let kept = i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(DECIMALS);
    let mut value: i128 = 0;
    let mut rounds_up = false;
    for (place, digit) in (0_i64..).zip(digits()) {
        match place.cmp(&kept) {
            std::cmp::Ordering::Less => value = value * 10 + i128::from(digit - b'0'),
            std::cmp::Ordering::Equal => rounds_up = digit >= b'5',
            std::cmp::Ordering::Greater => break,
        }
        if value > LARGEST {
            return None;
        }
    }
    let missing = kept - i64::try_from(whole.len() + fraction.len()).ok()?;
    if value != 0 && missing > 0 {
        value = value.checked_mul(10_i128.checked_pow(u32::try_from(missing).ok()?)?)?;
    }
    value += i128::from(rounds_up);
    (value <= LARGEST).then_some(if negative { -value } else { value })
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{fraction:06}").trim_end_matches('0'))
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

impl TryFrom<String> for Amount {
    type Error = NotAnAmount;

    fn try_from(text: String) -> Result<Self, NotAnAmount> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<Amount>().map_or_else(|_| "refused".to_owned(), |amount| amount.to_string())
    }

    #[test]
    fn amounts_are_read_exactly() {
        for (text, amount) in [
            ("27.50", "27.5"),
            (" 25 ", "25"),
            ("-2.5", "-2.5"),
            ("+3", "3"),
            (".5", "0.5"),
            ("7.", "7"),
            ("0.000001", "0.000001"),
            ("123456789012345.123456", "123456789012345.123456"),
            ("1e3", "1000"),
            ("1.25E-2", "0.0125"),
            ("2500e-2", "25"),
            ("0e400", "0"),
            ("1e-400", "0"),
        ] {
            assert_eq!(read(text), amount, "{text}");
        }
    }

    #[test]
    fn noise_of_floating_point_is_rounded_away() {
        assert_eq!(read("19.990000000000002"), "19.99");
        assert_eq!(read("0.30000000000000004"), "0.3");
        assert_eq!(read("0.0000005"), "0.000001");
        assert_eq!(read("-0.0000005"), "-0.000001");
        assert_eq!(read("0.00000049999"), "0");
        assert_eq!(read("9.9999999"), "10");
        assert_eq!(read("5e-7"), "0.000001");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "1,000.00",
            "27.50 EUR",
            "$5",
            "NaN",
            "inf",
            "1e",
            "1e9999999999",
            "1e400",
            "0x10",
            "1.2.3",
            "1000000000000001",
            "١",
        ] {
            assert_eq!(read(text), "refused", "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("0.1").plus(amount("0.2")), amount("0.3"));
        assert_eq!(amount("0.125").times(amount("3")), amount("0.375"));
        assert_eq!(amount("25").minus(amount("2.5")), amount("22.5"));
        let largest = amount("999999999999999.999999");
        assert_eq!(largest.times(largest), amount("1000000000000000"));
        assert_eq!(largest.plus(largest), amount("1000000000000000"));
    }
}
