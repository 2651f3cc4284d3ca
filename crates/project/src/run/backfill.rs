//! The dates of a history that is made up afterwards.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months, from January on.
    Quarter,
    /// A year.
    Year,
}

impl Period {
    const ALL: [(&'static str, Self); 4] =
        [("week", Self::Week), ("month", Self::Month), ("quarter", Self::Quarter), ("year", Self::Year)];

    /// The last day of the period that a date lies in.
    fn end(self, date: Date) -> Option<Date> {
        match self {
            Self::Week => {
                date.checked_add((6 - i64::from(date.weekday().to_monday_zero_offset())).days()).ok()
            }
            Self::Month => Some(date.last_of_month()),
            Self::Quarter => {
                let month = (date.month() + 2) / 3 * 3;
                Date::new(date.year(), month, 1).ok().map(Date::last_of_month)
            }
            Self::Year => Some(date.last_of_year()),
        }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(name, _)| *name == text);
        found
            .map(|(_, period)| period)
            .ok_or_else(|| crate::file::unknown("period", text, Self::ALL.map(|(name, _)| name)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.into_iter().find(|(_, period)| period == self).map_or("", |(name, _)| name);
        formatter.write_str(name)
    }
}

/// The last days of all periods that ended from `since` to `until`, both included.
#[must_use]
pub fn period_ends(period: Period, since: Date, until: Date) -> Vec<Date> {
    let mut ends = Vec::new();
    let mut next = period.end(since);
    while let Some(end) = next.filter(|end| *end <= until) {
        ends.push(end);
        next = end.tomorrow().ok().and_then(|date| period.end(date));
    }
    ends
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn ends(period: &str, since: Date, until: Date) -> Vec<String> {
        period_ends(period.parse().unwrap(), since, until).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_periods_that_are_over_count() {
        assert_eq!(
            ends("month", date(2023, 12, 31), date(2024, 3, 30)),
            ["2023-12-31", "2024-01-31", "2024-02-29"]
        );
        assert_eq!(
            ends("quarter", date(2024, 1, 1), date(2024, 9, 30)),
            ["2024-03-31", "2024-06-30", "2024-09-30"]
        );
        assert_eq!(ends("year", date(2022, 5, 5), date(2024, 12, 30)), ["2022-12-31", "2023-12-31"]);
        // Sundays.
        assert_eq!(ends("week", date(2026, 11, 16), date(2026, 11, 30)), ["2026-11-22", "2026-11-29"]);
        assert_eq!(ends("week", date(2026, 11, 22), date(2026, 11, 22)), ["2026-11-22"]);
        assert!(ends("month", date(2024, 2, 1), date(2024, 2, 28)).is_empty());
        assert!(ends("year", date(2030, 1, 1), date(2024, 2, 28)).is_empty());
    }

    #[test]
    fn a_misspelt_period_is_answered() {
        assert!("mnth".parse::<Period>().unwrap_err().contains("did you mean \"month\"?"));
        assert_eq!("quarter".parse::<Period>().unwrap().to_string(), "quarter");
    }
}
