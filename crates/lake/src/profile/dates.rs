//! Dates and times as people and programs write them; which of day and month comes first is decided by the column.

use super::zone::DAY_SECONDS;

/// Which of day and month comes first in dates such as 03/04/2011.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 3 April 2011.
    DayFirst,
    /// 4 March 2011.
    MonthFirst,
}

/// A point in time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01T00:00 of the written clock (or of UTC, for epoch numbers).
    pub(crate) clock: i64,
    /// Seconds east of UTC, when written; without it the clock is the shop's.
    pub(crate) offset: Option<i64>,
}

/// The parts of a date before it is known what comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    Known { year: i64, month: i64, day: i64 },
    Ambiguous { first: i64, second: i64, year: i64 },
    Epoch { value: i64, digits: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scanned {
    parts: Parts,
    seconds: i64,
    offset: Option<i64>,
    half_day: bool,
}

/// How the dates of one column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateRule {
    pub(crate) order: DateOrder,
    /// Units per second of epoch numbers: 1, 10^3, 10^6 or 10^9.
    pub(crate) epoch_units: i64,
}

impl DateRule {
    /// The moment that a text means; nothing when it is no date between 1900 and 2200.
    pub(crate) fn read(self, text: &str) -> Option<Moment> {
        let scanned = scan(text)?;
        let (year, month, day) = match scanned.parts {
            Parts::Known { year, month, day } => (year, month, day),
            Parts::Ambiguous { first, second, year } => match self.order {
                DateOrder::DayFirst => (year, second, first),
                DateOrder::MonthFirst => (year, first, second),
            },
            Parts::Epoch { value, .. } => {
                let clock = value.div_euclid(self.epoch_units);
                let years =
                    days_from_civil(1900, 1, 1)? * DAY_SECONDS..days_from_civil(2200, 1, 1)? * DAY_SECONDS;
                return years.contains(&clock).then_some(Moment { clock, offset: Some(0) });
            }
        };
        let clock = days_from_civil(year, month, day)? * DAY_SECONDS + scanned.seconds;
        Some(Moment { clock, offset: scanned.offset })
    }
}

/// Counts what a column's dates look like.
#[derive(Clone, Debug, Default)]
pub(crate) struct DateProfile {
    dates: u64,
    unreadable: u64,
    ambiguous: u64,
    first_is_day: u64,
    second_is_day: u64,
    half_days: u64,
    offsets: u64,
    epochs: [u64; 4],
    pub(crate) earliest_text: Option<String>,
}

impl DateProfile {
    pub(crate) fn see(&mut self, text: &str) {
        let Some(scanned) = scan(text) else {
            self.unreadable += 1;
            return;
        };
        self.dates += 1;
        self.half_days += u64::from(scanned.half_day);
        self.offsets += u64::from(scanned.offset.is_some());
        match scanned.parts {
            Parts::Known { .. } => {}
            Parts::Ambiguous { first, second, .. } => {
                self.ambiguous += 1;
                self.first_is_day += u64::from(first > 12);
                self.second_is_day += u64::from(second > 12);
                if self.earliest_text.is_none() {
                    self.earliest_text = Some(text.to_owned());
                }
            }
            Parts::Epoch { digits, .. } => self.epochs[epoch_scale(digits)] += 1,
        }
    }

    /// Whether the column holds dates at all: most of what it holds can be read.
    pub(crate) fn is_plausible(&self) -> bool {
        self.dates > self.unreadable
    }

    /// The rule for the column, and how it was found, in words.
    pub(crate) fn decide(&self, asked: Option<DateOrder>) -> (DateRule, String) {
        let scale = (0..4).max_by_key(|scale| (self.epochs[*scale], 3 - *scale)).unwrap_or(0);
        let (order, mut how) = self.decide_order(asked);
        if self.epochs[scale] > 0 {
            let unit = ["seconds", "milliseconds", "microseconds", "nanoseconds"][scale];
            how = format!("{unit} since 1970");
        }
        if self.offsets > 0 {
            how.push_str(", with offsets from UTC");
        }
        (DateRule { order, epoch_units: [1, 1_000, 1_000_000, 1_000_000_000][scale] }, how)
    }

    fn decide_order(&self, asked: Option<DateOrder>) -> (DateOrder, String) {
        use DateOrder::{DayFirst, MonthFirst};
        let named = |order| if order == DayFirst { "day/month/year" } else { "month/day/year" };
        if let Some(order) = asked {
            return (order, format!("{}, as asked", named(order)));
        }
        if self.ambiguous == 0 {
            return (DayFirst, "year-month-day".to_owned());
        }
        let sample = self.earliest_text.as_deref().unwrap_or_default();
        if self.first_is_day == 0 && self.second_is_day == 0 {
            let order = if self.half_days > 0 { MonthFirst } else { DayFirst };
            let other = if order == DayFirst { "month_first" } else { "day_first" };
            let how = format!(
                "assumed {} (such as {sample}): no day is above 12, so the column cannot tell; --columns date_order={other} reads it the other way",
                named(order)
            );
            return (order, how);
        }
        let order = if self.first_is_day >= self.second_is_day { DayFirst } else { MonthFirst };
        let (for_it, against) = match order {
            DayFirst => (self.first_is_day, self.second_is_day),
            MonthFirst => (self.second_is_day, self.first_is_day),
        };
        let mut how = format!("{}: {for_it} dates can only be read so", named(order));
        if against > 0 {
            how.push_str(&format!(" ({against} only the other way; those rows are refused)"));
        }
        (order, how)
    }
}

/// 0 for seconds, 1 for milliseconds, 2 for microseconds, 3 for nanoseconds, by the number of digits.
fn epoch_scale(digits: usize) -> usize {
    match digits {
        0..=11 => 0,
        12..=14 => 1,
        15..=17 => 2,
        _ => 3,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, when it exists and lies between 1900 and 2200.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    if !(1900..=2200).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let index = usize::try_from(month - 1).ok()?;
    let length = BEFORE.get(index + 1).unwrap_or(&365) - BEFORE[index] + i64::from(leap && month == 2);
    if day > length {
        return None;
    }
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400;
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    Some(before * 365 + leaps + BEFORE[index] + i64::from(leap && month > 2) + day - 1 - 719_162)
}

fn scan(text: &str) -> Option<Scanned> {
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
    let offset = scan_offset(&mut cursor)?;
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

/// Some(None) when nothing is written; None when what is written is no offset.
fn scan_offset(cursor: &mut Cursor<'_>) -> Option<Option<i64>> {
    cursor.skip([' ']);
    if cursor.rest.is_empty() {
        return Some(None);
    }
    let word = cursor.letters();
    if !word.is_empty() && !["z", "utc", "gmt"].contains(&word.to_ascii_lowercase().as_str()) {
        return None;
    }
    let sign = match cursor.rest.chars().next() {
        Some('+') => 1,
        Some('-') => -1,
        _ => return (!word.is_empty()).then_some(Some(0)),
    };
    cursor.rest = &cursor.rest[1..];
    let digits = cursor.digits();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits, if cursor.take(':') { cursor.digits() } else { "0" }),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 18 && minutes < 60).then_some(Some(sign * (hours * 3600 + minutes * 60)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: DateRule = DateRule { order: DateOrder::DayFirst, epoch_units: 1 };

    fn read(text: &str) -> Option<String> {
        let moment = RULE.read(text)?;
        let stamp = jiff::Timestamp::from_second(moment.clock).ok()?;
        let offset = moment.offset.map_or(String::new(), |offset| format!(" {offset:+}"));
        Some(format!("{}{offset}", stamp.strftime("%F %T")))
    }

    #[test]
    fn days_agree_with_jiff_on_every_day_of_three_centuries() {
        let mut date = jiff::civil::date(1900, 1, 1);
        let mut expected = -25_567;
        while date.year() < 2200 {
            let day = days_from_civil(i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            assert_eq!(day, Some(expected), "{date}");
            date = date.tomorrow().unwrap();
            expected += 1;
        }
        assert_eq!(days_from_civil(2011, 2, 29), None);
        assert_eq!(days_from_civil(2011, 13, 1), None);
        assert_eq!(days_from_civil(2011, 4, 31), None);
    }

    #[test]
    fn the_usual_forms() {
        for (text, expected) in [
            ("2010-12-01", "2010-12-01 00:00:00"),
            ("2010/12/1 8:26", "2010-12-01 08:26:00"),
            ("2010-12-01T08:26:59.123Z", "2010-12-01 08:26:59 +0"),
            ("2025-10-02 17:09:34 -0300", "2025-10-02 17:09:34 -10800"),
            ("2025-10-02T17:09:34+05:30", "2025-10-02 17:09:34 +19800"),
            ("2025-10-02 17:09:34 UTC", "2025-10-02 17:09:34 +0"),
            ("19970101", "1997-01-01 00:00:00"),
            ("1/12/2010 8:26", "2010-12-01 08:26:00"),
            ("01.12.10", "2010-12-01 00:00:00"),
            ("1 Dec 2010", "2010-12-01 00:00:00"),
            ("01-Dec-2010", "2010-12-01 00:00:00"),
            ("Dec 1, 2010", "2010-12-01 00:00:00"),
            ("December 1st, 2010 12:05 AM", "2010-12-01 00:05:00"),
            ("1. Dezember 2010", "2010-12-01 00:00:00"),
            ("1. März 2010", "2010-03-01 00:00:00"),
            ("Wed, 01 Dec 2010 08:26:00 +0000", "2010-12-01 08:26:00 +0"),
            ("12/1/2010 1:05 PM", "2010-01-12 13:05:00"),
            ("1291191960", "2010-12-01 08:26:00 +0"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "n/a",
            "2010-13-01",
            "31.02.2011",
            "2011-12-01 25:61",
            "12345",
            "17850",
            "2011-12-01 EST",
            "x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    fn profile(texts: &[&str]) -> DateProfile {
        let mut profile = DateProfile::default();
        texts.iter().for_each(|text| profile.see(text));
        profile
    }

    #[test]
    fn the_column_decides_which_of_day_and_month_comes_first() {
        assert_eq!(profile(&["1/2/2011", "13/2/2011"]).decide(None).0.order, DateOrder::DayFirst);
        assert_eq!(profile(&["1/2/2011", "2/13/2011"]).decide(None).0.order, DateOrder::MonthFirst);
        let (rule, how) = profile(&["1/2/2011"]).decide(None);
        assert_eq!(rule.order, DateOrder::DayFirst);
        assert!(how.contains("date_order=month_first"), "{how}");
        assert_eq!(profile(&["1/2/2011 1:00 PM"]).decide(None).0.order, DateOrder::MonthFirst);
        assert_eq!(profile(&["1/2/2011"]).decide(Some(DateOrder::MonthFirst)).0.order, DateOrder::MonthFirst);
    }

    #[test]
    fn epoch_numbers_have_one_unit_per_column() {
        assert_eq!(profile(&["1291191960"]).decide(None).0.epoch_units, 1);
        assert_eq!(profile(&["1291191960000", "1291191961000"]).decide(None).0.epoch_units, 1_000);
        assert_eq!(profile(&["1291191960000000"]).decide(None).0.epoch_units, 1_000_000);
    }
}
