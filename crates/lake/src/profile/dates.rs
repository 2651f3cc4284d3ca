//! Dates and times as people and programs write them; which of day and month comes first is decided by the column.

use super::written_dates::{Parts, scan};
use super::zone::DAY_SECONDS;

/// Which of day and month comes first in dates such as 03/04/2011.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 3 April 2011.
    DayFirst,
    /// 4 March 2011.
    MonthFirst,
}

impl DateOrder {
    /// Such dates, as a pattern.
    pub(crate) const fn pattern(self) -> &'static str {
        match self {
            Self::DayFirst => "day/month/year",
            Self::MonthFirst => "month/day/year",
        }
    }

    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DayFirst => "day_first",
            Self::MonthFirst => "month_first",
        }
    }
}

/// An order that was assumed for dates whose column leaves it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssumedOrder {
    /// All dates of the column.
    pub(crate) dates: u64,
    /// Those in which the day or the month may come first.
    pub(crate) open: u64,
    /// One of them, with how it is read.
    pub(crate) example: String,
}

/// A point in time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01T00:00 of the written clock (or of UTC, for epoch numbers).
    pub(crate) clock: i64,
    /// Seconds east of UTC, when written; without it the clock is the shop's.
    pub(crate) offset: Option<i64>,
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

    /// Whether nothing was seen that is or should be a date.
    pub(crate) fn is_empty(&self) -> bool {
        self.dates + self.unreadable == 0
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

    /// The dates that can only be read with the day first, and only with the month first, where both are so many that no
    /// reading of the whole column is right: at least five, and more than one in twenty of those that tell.
    pub(crate) fn mixed_order(&self) -> Option<(u64, u64)> {
        let (day_first, month_first) = (self.first_is_day, self.second_is_day);
        let few = day_first.min(month_first);
        (few >= 5 && few * 20 >= day_first.max(month_first)).then_some((day_first, month_first))
    }

    /// The order that was asked for, or the one that some dates can only have; nothing where the column leaves it open.
    pub(crate) fn known_order(&self, asked: Option<DateOrder>) -> Option<DateOrder> {
        asked.or_else(|| {
            let tells = self.first_is_day + self.second_is_day > 0;
            let day_first = self.first_is_day >= self.second_is_day;
            tells.then_some(if day_first { DateOrder::DayFirst } else { DateOrder::MonthFirst })
        })
    }

    /// What is assumed when an open column is read in this order; nothing where none of its dates depends on it.
    pub(crate) fn assumed(&self, order: DateOrder) -> Option<AssumedOrder> {
        let sample = self.earliest_text.as_deref()?;
        let example = format!("{sample} as {}", order.pattern());
        Some(AssumedOrder { dates: self.dates, open: self.ambiguous, example })
    }

    fn decide_order(&self, asked: Option<DateOrder>) -> (DateOrder, String) {
        use DateOrder::{DayFirst, MonthFirst};
        if let Some(order) = asked {
            return (order, format!("{}, as asked", order.pattern()));
        }
        if self.ambiguous == 0 {
            return (DayFirst, "year-month-day".to_owned());
        }
        let sample = self.earliest_text.as_deref().unwrap_or_default();
        let Some(order) = self.known_order(None) else {
            let (order, other) =
                if self.half_days > 0 { (MonthFirst, DayFirst) } else { (DayFirst, MonthFirst) };
            let how = format!(
                "assumed {} (such as {sample}): no day is above 12, so the column cannot tell; --columns date_order={} reads it the other way",
                order.pattern(),
                other.name()
            );
            return (order, how);
        };
        let (for_it, against) = match order {
            DayFirst => (self.first_is_day, self.second_is_day),
            MonthFirst => (self.second_is_day, self.first_is_day),
        };
        let mut how = format!("{}: {for_it} dates can only be read so", order.pattern());
        if against > 0 {
            how = format!("{how} ({against} only the other way; those rows are refused)");
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
        for text in texts {
            profile.see(text);
        }
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
