//! Amounts as people and programs write them; what comma and point mean is decided by the column.

use std::collections::BTreeMap;

/// The mark between the whole and the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    /// 1,234.56
    Point,
    /// 1.234,56
    Comma,
}

/// The most decimals that amounts keep.
pub(crate) const MAX_SCALE: u32 = 6;
/// Amounts have at least cents.
pub(crate) const MIN_SCALE: u32 = 2;
/// Amounts of this many units of 10^-scale and more are refused, and so are sources in which a customer's day reaches it:
/// day and spend can then be packed into one 64-bit integer.
pub const SPEND_LIMIT: i64 = 10_000_000_000_000;

/// An exact decimal number: `mantissa` x 10^-`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) mantissa: i128,
    pub(crate) decimals: u32,
    /// Whether digits beyond the sixth decimal were rounded away.
    pub(crate) rounded: bool,
}

/// Why a number is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAnAmount {
    Unreadable,
    TooLarge,
}

impl Decimal {
    /// The product, rounded to six decimals when it has more.
    pub(crate) fn times(self, other: Self) -> Option<Self> {
        let product = Self {
            mantissa: self.mantissa.checked_mul(other.mantissa)?,
            decimals: self.decimals + other.decimals,
            rounded: self.rounded || other.rounded,
        };
        Some(product.limited())
    }

    /// The number in integer units of 10^-`scale`.
    pub(crate) fn units(self, scale: u32) -> Result<i64, NotAnAmount> {
        let limited = self.limited();
        let up = scale.checked_sub(limited.decimals).ok_or(NotAnAmount::Unreadable)?;
        let units = limited.mantissa.checked_mul(10_i128.pow(up)).ok_or(NotAnAmount::TooLarge)?;
        match i64::try_from(units) {
            Ok(units) if units.abs() < SPEND_LIMIT => Ok(units),
            _ => Err(NotAnAmount::TooLarge),
        }
    }

    /// Without trailing zeros, and with at most six decimals (ties away from zero).
    fn limited(mut self) -> Self {
        if self.decimals > MAX_SCALE {
            let unit = 10_i128.pow(self.decimals - MAX_SCALE);
            let half = if self.mantissa < 0 { -unit / 2 } else { unit / 2 };
            self.rounded |= self.mantissa % unit != 0;
            self.mantissa = (self.mantissa + half) / unit;
            self.decimals = MAX_SCALE;
        }
        while self.decimals > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.decimals -= 1;
        }
        self
    }
}

/// The parts of a written number before it is known what comma and point mean.
struct Scanned<'a> {
    negative: bool,
    /// Digits, points, commas, blanks, apostrophes.
    body: &'a str,
    exponent: i32,
    currency: Option<&'a str>,
}

/// The number that a text means under a decimal mark.
pub(crate) fn read(text: &str, mark: DecimalMark) -> Result<Decimal, NotAnAmount> {
    let scanned = scan(text).ok_or(NotAnAmount::Unreadable)?;
    interpret(&scanned, mark)
}

/// The currency code that stands in an amount's own cell (`€ 12.50`, `12.50 EUR`). A bare `$` or `¥` names no currency.
pub(crate) fn currency_in(text: &str) -> Option<String> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b',')) {
        return None;
    }
    let token = scan(text)?.currency?;
    let code = match token {
        "€" => "EUR",
        "£" => "GBP",
        "zł" => "PLN",
        "₹" => "INR",
        "R$" => "BRL",
        "US$" => "USD",
        code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            return Some(code.to_ascii_uppercase());
        }
        _ => return None,
    };
    Some(code.to_owned())
}

fn scan(text: &str) -> Option<Scanned<'_>> {
    const SYMBOLS: [char; 7] = ['€', '$', '£', '¥', '₹', '₽', '₺'];
    let blank = |c: char| c.is_whitespace();
    let is_sign = |c: char| matches!(c, '-' | '−' | '+' | '(' | ')');
    let starts_body = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let text = text.trim();
    let begin = text.find(starts_body)?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, body, after) = (text.get(..begin)?, text.get(begin..end)?, text.get(end..)?);
    let after = after.trim_start_matches(['.', ',']).trim_start_matches("--");
    let token = |side: &'_ str| -> Option<(usize, usize)> {
        let side_text = side.trim_matches(|c| blank(c) || is_sign(c));
        let valid = side_text.chars().count() <= 4
            && side_text.chars().all(|c| c.is_alphabetic() || SYMBOLS.contains(&c) || c == '.');
        let start = side.find(side_text)?;
        valid.then_some((start, start + side_text.len()))
    };
    let (left, right) = (token(before)?, token(after)?);
    let currency = [before.get(left.0..left.1)?, after.get(right.0..right.1)?];
    let named: Vec<&str> = currency.into_iter().filter(|token| !token.is_empty()).collect();
    if named.len() > 1 {
        return None;
    }
    let minus = |side: &str| side.contains(['-', '−']);
    let negative = minus(before) || minus(after) || (before.contains('(') && after.contains(')'));
    let (body, exponent) = match body.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (body, 0),
    };
    Some(Scanned { negative, body, exponent, currency: named.first().copied() })
}

fn interpret(scanned: &Scanned<'_>, mark: DecimalMark) -> Result<Decimal, NotAnAmount> {
    let mark = if mark == DecimalMark::Point { '.' } else { ',' };
    let (whole, fraction) = match scanned.body.split_once(mark) {
        Some((whole, fraction)) => (whole, fraction),
        None => (scanned.body, ""),
    };
    if !is_well_grouped(whole, mark)
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
        || (whole.is_empty() && fraction.is_empty())
    {
        return Err(NotAnAmount::Unreadable);
    }
    let mut mantissa: i128 = 0;
    let mut decimals: i32 = 0;
    let mut rounded = false;
    let whole = digits(whole).map(|digit| (digit, false));
    for (digit, is_fraction) in whole.chain(digits(fraction).map(|digit| (digit, true))) {
        // 30 digits hold every amount that is not refused; what follows them in a fraction is beyond all rounding.
        if mantissa.unsigned_abs() >= 10_u128.pow(30) {
            if is_fraction {
                rounded |= digit != 0;
                continue;
            }
            return Err(NotAnAmount::TooLarge);
        }
        mantissa = mantissa * 10 + i128::from(digit);
        decimals += i32::from(is_fraction);
    }
    let decimals = decimals.checked_sub(scanned.exponent).ok_or(NotAnAmount::Unreadable)?;
    if decimals < 0 {
        let power = decimals.unsigned_abs();
        let factor = 10_i128.checked_pow(power.min(39)).ok_or(NotAnAmount::TooLarge);
        mantissa =
            if mantissa == 0 { 0 } else { mantissa.checked_mul(factor?).ok_or(NotAnAmount::TooLarge)? };
    }
    // Below 10^-36 nothing is left of 30 digits after rounding to six decimals.
    if decimals > 36 {
        return Ok(Decimal { mantissa: 0, decimals: 0, rounded: mantissa != 0 });
    }
    let sign = if scanned.negative { -1 } else { 1 };
    let decimals = u32::try_from(decimals).unwrap_or(0);
    Ok(Decimal { mantissa: sign * mantissa, decimals, rounded }.limited())
}

fn digits(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0')
}

/// Whether thousands separators, if there are any, stand where they belong: groups have three digits, or two before the
/// last (India).
fn is_well_grouped(whole: &str, mark: char) -> bool {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else { return true };
    if separator == mark
        || !matches!(separator, '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '_')
    {
        return false;
    }
    let groups: Vec<&str> = whole.split(separator).collect();
    let all_digits =
        groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let last = groups.len() - 1;
    let lengths = groups.iter().enumerate().all(|(index, group)| match index {
        0 => group.len() <= 3,
        _ if index == last => group.len() == 3,
        _ => group.len() == 3 || group.len() == 2,
    });
    all_digits && lengths
}

/// Counts what a column's numbers look like.
#[derive(Clone, Debug, Default)]
pub(crate) struct AmountProfile {
    numbers: u64,
    unreadable: u64,
    as_point: Reading,
    as_comma: Reading,
    pub(crate) currencies: BTreeMap<String, u64>,
    sample: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Reading {
    readable: u64,
    decimals: u32,
}

impl Reading {
    fn see(&mut self, decimal: Result<Decimal, NotAnAmount>) {
        if let Ok(decimal) = decimal {
            self.readable += 1;
            self.decimals = self.decimals.max(decimal.decimals);
        }
    }
}

impl AmountProfile {
    /// Counts a cell; gives the currency that stands in it.
    pub(crate) fn see(&mut self, text: &str) -> Option<String> {
        let Some(scanned) = scan(text) else {
            self.unreadable += 1;
            return None;
        };
        self.numbers += 1;
        let currency = scanned.currency.and_then(|_| currency_in(text));
        if let Some(currency) = &currency {
            *self.currencies.entry(currency.clone()).or_default() += 1;
        }
        let point = interpret(&scanned, DecimalMark::Point);
        // Digits alone mean the same in either case.
        let comma = if scanned.body.bytes().all(|byte| byte.is_ascii_digit()) {
            point
        } else {
            interpret(&scanned, DecimalMark::Comma)
        };
        if self.sample.is_none() && point.is_ok() && comma.is_ok() && point != comma {
            self.sample = Some(text.to_owned());
        }
        self.as_point.see(point);
        self.as_comma.see(comma);
        currency
    }

    /// Whether nothing was seen that is or should be a number.
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers + self.unreadable == 0
    }

    /// Whether the column holds numbers at all.
    pub(crate) fn is_plausible(&self) -> bool {
        self.numbers > self.unreadable
    }

    /// The mark for the column, the decimals it needs, and how it was found, in words.
    pub(crate) fn decide(&self, asked: Option<DecimalMark>) -> (DecimalMark, u32, String) {
        use DecimalMark::{Comma, Point};
        let named = |mark| if mark == Point { "decimal point" } else { "decimal comma" };
        let decimals = |mark| if mark == Point { self.as_point.decimals } else { self.as_comma.decimals };
        if let Some(mark) = asked {
            return (mark, decimals(mark), format!("{}, as asked", named(mark)));
        }
        let (point, comma) = (self.as_point.readable, self.as_comma.readable);
        let mark = if comma > point { Comma } else { Point };
        let how = match (&self.sample, point == comma) {
            (Some(sample), true) => format!(
                "assumed decimal point (such as {sample}): the column cannot tell; --columns decimal=comma reads it the other way"
            ),
            (None, true) => "plain numbers".to_owned(),
            _ => format!(
                "{}: {} of {} values can be read so, {} the other way",
                named(mark),
                point.max(comma),
                self.numbers,
                point.min(comma)
            ),
        };
        (mark, decimals(mark), how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DecimalMark::{Comma, Point};

    fn units(text: &str, mark: DecimalMark) -> Option<i64> {
        read(text, mark).ok()?.units(4).ok()
    }

    #[test]
    fn both_conventions() {
        for (text, mark, expected) in [
            ("11.77", Point, Some(117_700)),
            ("11,77", Comma, Some(117_700)),
            ("1,234.5", Point, Some(12_345_000)),
            ("1.234,5", Comma, Some(12_345_000)),
            ("1.234.567", Comma, Some(12_345_670_000)),
            ("1 234,50", Comma, Some(12_345_000)),
            ("1'234.50", Point, Some(12_345_000)),
            ("1,00,000", Point, Some(1_000_000_000)),
            ("-5", Point, Some(-50_000)),
            ("5-", Point, Some(-50_000)),
            ("(5.00)", Point, Some(-50_000)),
            ("−5", Point, Some(-50_000)),
            ("€ 12.50", Point, Some(125_000)),
            ("-$12.50", Point, Some(-125_000)),
            ("12,50 EUR", Comma, Some(125_000)),
            (".5", Point, Some(5_000)),
            ("5.", Point, Some(50_000)),
            ("1.5e3", Point, Some(15_000_000)),
            ("1E-2", Point, Some(100)),
            ("11,77", Point, None),
            ("1.23,4", Comma, None),
            ("abc", Point, None),
            ("", Point, None),
            ("1-2", Point, None),
            ("12:30", Point, None),
            ("1.2.3", Point, None),
        ] {
            assert_eq!(units(text, mark), expected, "{text} {mark:?}");
        }
    }

    #[test]
    fn more_than_six_decimals_are_rounded_and_said() {
        let noise = read("29.330000000000002", Point).unwrap();
        assert_eq!((noise.mantissa, noise.decimals, noise.rounded), (2933, 2, true));
        let tie = read("-0.0000005", Point).unwrap();
        assert_eq!((tie.mantissa, tie.decimals), (-1, 6));
    }

    #[test]
    fn large_numbers_end_in_an_error_not_in_overflow() {
        assert_eq!(read("99999999999", Point).unwrap().units(2), Ok(9_999_999_999_900));
        assert_eq!(read("100000000000", Point).unwrap().units(2), Err(NotAnAmount::TooLarge));
        let digits = "9".repeat(400);
        assert_eq!(read(&digits, Point), Err(NotAnAmount::TooLarge));
        assert_eq!(read("1e400", Point), Err(NotAnAmount::TooLarge));
        assert_eq!(read("1e-400", Point).map(|zero| zero.mantissa), Ok(0));
        assert_eq!(read("1e99999999999", Point), Err(NotAnAmount::Unreadable));
    }

    #[test]
    fn products_are_exact() {
        let price = read("0.125", Point).unwrap();
        let quantity = read("-3", Point).unwrap();
        assert_eq!(price.times(quantity).unwrap().units(3), Ok(-375));
    }

    fn decided(texts: &[&str]) -> (DecimalMark, u32, String) {
        let mut profile = AmountProfile::default();
        for text in texts {
            profile.see(text);
        }
        profile.decide(None)
    }

    #[test]
    fn the_column_decides_what_comma_and_point_mean() {
        assert_eq!(decided(&["1,000", "2,50"]).0, Comma);
        assert_eq!(decided(&["1,000", "2.50"]).0, Point);
        assert_eq!(decided(&["1.000", "1.000,00"]).0, Comma);
        let (mark, decimals, how) = decided(&["1,000"]);
        assert_eq!((mark, decimals), (Point, 0));
        assert!(how.contains("decimal=comma"), "{how}");
        assert_eq!(decided(&["5", "6.5"]).1, 1);
    }

    #[test]
    fn currencies_stand_in_cells() {
        assert_eq!(currency_in("€12"), Some("EUR".to_owned()));
        assert_eq!(currency_in("12 chf"), Some("CHF".to_owned()));
        assert_eq!(currency_in("$12"), None);
        assert_eq!(currency_in("12.50"), None);
    }
}
