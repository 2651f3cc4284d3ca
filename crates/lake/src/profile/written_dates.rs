//! The written forms of dates and times, taken apart.

use super::dates::days_from_civil;

/// The parts of a date before it is known what comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    Known { year: i64, month: i64, day: i64 },
    Ambiguous { first: i64, second: i64, year: i64 },
    Epoch { value: i64, digits: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) parts: Parts,
    pub(super) seconds: i64,
    pub(super) offset: Option<i64>,
    pub(super) half_day: bool,
}

pub(super) fn scan(text: &str) -> Option<Scanned> {
    let mut cursor = Cursor { rest: text.trim() };
    let parts = scan_date(&mut cursor)?;
    if let Parts::Epoch { .. } = parts {
        return cursor.rest.is_empty().then_some(Scanned {
            parts,
            seconds: 0,
            offset: Some(0),
            half_day: false,
        });
    }
    let (seconds, half_day) = scan_time(&mut cursor)?;
    let offset = scan_offset(&mut cursor).ok()?;
    cursor.rest.is_empty().then_some(Scanned { parts, seconds, offset, half_day })
}

fn scan_date(cursor: &mut Cursor<'_>) -> Option<Parts> {
    let mut word = cursor.letters();
    if !word.is_empty() && month_named(word).is_none() {
        // A weekday in front, as in e-mail headers.
        if !is_weekday(word) {
            return None;
        }
        cursor.skip([',', '.', ' ']);
        word = cursor.letters();
    }
    if !word.is_empty() {
        return month_day_year(cursor, month_named(word)?);
    }
    let negative = cursor.take('-');
    let digits = cursor.digits();
    match digits.len() {
        0 => None,
        1 | 2 if !negative => day_or_month_first(cursor, digits.parse().ok()?),
        4 if !negative && cursor.rest.starts_with(['-', '/', '.', ' ']) => {
            year_first(cursor, digits.parse().ok()?)
        }
        _ => compact(cursor, digits, negative),
    }
}

/// `Dec 1, 2010`.
fn month_day_year(cursor: &mut Cursor<'_>, month: i64) -> Option<Parts> {
    cursor.skip(['.', ' ', '-']);
    let day = cursor.number(2)?;
    cursor.skip_ordinal();
    cursor.skip([',', ' ', '-']);
    Some(Parts::Known { year: cursor.year()?, month, day })
}

/// `1/12/2010`, `1.12.10`, `1 Dec 2010`, `1. Dezember 2010`.
fn day_or_month_first(cursor: &mut Cursor<'_>, first: i64) -> Option<Parts> {
    cursor.skip_ordinal();
    cursor.skip(['/', '-', '.', ' ']);
    let word = cursor.letters();
    if word.is_empty() {
        let second = cursor.number(2)?;
        cursor.skip(['/', '-', '.', ' ']);
        return Some(Parts::Ambiguous { first, second, year: cursor.year()? });
    }
    let month = month_named(word)?;
    cursor.skip(['/', '-', '.', ' ', ',']);
    Some(Parts::Known { year: cursor.year()?, month, day: first })
}

/// `2010-12-01`, `2010/12/1`, `2010-Dec-01`.
fn year_first(cursor: &mut Cursor<'_>, year: i64) -> Option<Parts> {
    cursor.skip(['-', '/', '.', ' ']);
    let word = cursor.letters();
    let month = if word.is_empty() { cursor.number(2)? } else { month_named(word)? };
    cursor.skip(['-', '/', '.', ' ']);
    Some(Parts::Known { year, month, day: cursor.number(2)? })
}

/// `20101201`, or a number of seconds, milliseconds... since 1970.
fn compact(cursor: &mut Cursor<'_>, digits: &str, negative: bool) -> Option<Parts> {
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    if digits.len() == 8 && !negative {
        let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        if days_from_civil(year, month, day).is_some() {
            return Some(Parts::Known { year, month, day });
        }
    }
    // Fewer digits are an identifier or a spreadsheet's serial number rather than a time before 1970-04-26.
    if !(8..=19).contains(&digits.len()) {
        return None;
    }
    if cursor.take('.') {
        cursor.digits();
    }
    let value: i64 = digits.parse().ok()?;
    Some(Parts::Epoch { value: if negative { -value } else { value }, digits: digits.len() })
}

/// Seconds of the day, and whether AM or PM was written. No time is midnight.
fn scan_time(cursor: &mut Cursor<'_>) -> Option<(i64, bool)> {
    if !cursor.take('T') && !cursor.take('t') {
        cursor.skip([',', ' ']);
    }
    if !cursor.rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((0, false));
    }
    let mut hour = cursor.number(2)?;
    let mut parts = [0, 0];
    for part in &mut parts {
        if cursor.take(':') {
            *part = cursor.number(2)?;
        }
    }
    if cursor.rest.starts_with(['.', ',']) {
        cursor.rest = &cursor.rest[1..];
        cursor.digits();
    }
    let before = cursor.rest;
    cursor.skip([' ']);
    let half = match cursor.letters().to_ascii_lowercase().as_str() {
        "am" => Some(0),
        "pm" => Some(12),
        _ => None,
    };
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    } else {
        cursor.rest = before;
    }
    let [minute, second] = parts;
    // A leap second is 60; 24:00 is the end of the day and belongs to the next.
    let valid = (0..=24).contains(&hour) && minute < 60 && second <= 60;
    valid.then_some((hour * 3600 + minute * 60 + second, half.is_some()))
}

/// What follows a time is no offset from UTC.
struct NotAnOffset;

/// The offset, if one is written.
fn scan_offset(cursor: &mut Cursor<'_>) -> Result<Option<i64>, NotAnOffset> {
    cursor.skip([' ']);
    if cursor.rest.is_empty() {
        return Ok(None);
    }
    let word = cursor.letters();
    if !word.is_empty() && !["z", "utc", "gmt"].contains(&word.to_ascii_lowercase().as_str()) {
        return Err(NotAnOffset);
    }
    let sign = match cursor.rest.chars().next() {
        Some('+') => 1,
        Some('-') => -1,
        _ if word.is_empty() => return Err(NotAnOffset),
        _ => return Ok(Some(0)),
    };
    cursor.rest = &cursor.rest[1..];
    let digits = cursor.digits();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits, if cursor.take(':') { cursor.digits() } else { "0" }),
        4 => digits.split_at(2),
        _ => return Err(NotAnOffset),
    };
    let number = |digits: &str| digits.parse::<i64>().map_err(|_| NotAnOffset);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours <= 18 && minutes < 60 {
        Ok(Some(sign * (hours * 3600 + minutes * 60)))
    } else {
        Err(NotAnOffset)
    }
}

/// English and German names, in full or by at least three letters.
fn month_named(word: &str) -> Option<i64> {
    const STARTS: [(&str, i64); 17] = [
        ("jan", 1),
        ("jän", 1),
        ("feb", 2),
        ("mar", 3),
        ("mär", 3),
        ("mrz", 3),
        ("apr", 4),
        ("may", 5),
        ("mai", 5),
        ("jun", 6),
        ("jul", 7),
        ("aug", 8),
        ("sep", 9),
        ("oct", 10),
        ("okt", 10),
        ("nov", 11),
        ("de", 12),
    ];
    let word = word.to_lowercase();
    if word.chars().count() < 3 || word.chars().count() > 9 {
        return None;
    }
    STARTS.iter().find(|(start, _)| word.starts_with(start)).map(|(_, month)| *month)
}

fn is_weekday(word: &str) -> bool {
    let word = word.to_lowercase();
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| word.starts_with(day))
}

/// What is left of a text to read.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn while_matches(&mut self, matches: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !matches(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn digits(&mut self) -> &'a str {
        self.while_matches(|c| c.is_ascii_digit())
    }

    fn letters(&mut self) -> &'a str {
        self.while_matches(char::is_alphabetic)
    }

    fn skip<const N: usize>(&mut self, set: [char; N]) {
        self.while_matches(|c| set.contains(&c));
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The `st` of `1st`.
    fn skip_ordinal(&mut self) {
        for ending in ["st", "nd", "rd", "th"] {
            if let Some(rest) = self.rest.strip_prefix(ending) {
                self.rest = rest;
                return;
            }
        }
    }

    fn number(&mut self, most_digits: usize) -> Option<i64> {
        let digits = self.digits();
        if digits.is_empty() || digits.len() > most_digits { None } else { digits.parse().ok() }
    }

    /// Four digits, or two: 70 to 99 are of the last century.
    fn year(&mut self) -> Option<i64> {
        let digits = self.digits();
        let year: i64 = digits.parse().ok()?;
        match digits.len() {
            4 => Some(year),
            2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
            _ => None,
        }
    }
}
