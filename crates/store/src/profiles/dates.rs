//! Dates of life: birthdays and anniversaries, with or without the year, and when they are celebrated.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

/// On which day of a common year a 29 February is celebrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeapDay {
    /// On 28 February, still within the month of birth.
    #[default]
    #[serde(rename = "february_28")]
    February28,
    /// On 1 March.
    #[serde(rename = "march_1")]
    March1,
}

/// When a date of life comes round next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Celebration {
    /// The day.
    #[serde(serialize_with = "as_text")]
    pub on: Date,
    /// Which one it is (the 30th birthday), where the year is known.
    pub count: Option<i16>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn as_text<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

/// A day of the year that returns, perhaps with the year in which it first was: `1990-05-17`, or `--05-17` without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DateOfLife {
    month: i8,
    day: i8,
    year: Option<i16>,
}

/// A text that is no date of life.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date: write it as 1990-05-17, or without the year as --05-17")]
pub struct NotADate(String);

impl DateOfLife {
    /// A date, with or without its year. A year before any customer's birth (before 1800) is how forms say that they do not
    /// know it.
    ///
    /// # Errors
    /// Days that do not exist; 29 February exists without a year and in leap years.
    pub fn new(year: Option<i16>, month: i8, day: i8) -> Result<Self, NotADate> {
        let year = year.filter(|year| *year >= 1800);
        // A leap year stands for a year that is not known.
        match Date::new(year.unwrap_or(2000), month, day) {
            Ok(_) => Ok(Self { month, day, year }),
            Err(_) => Err(NotADate(format!(
                "{}-{month:02}-{day:02}",
                year.map_or("-".to_owned(), |y| y.to_string())
            ))),
        }
    }

    /// The month, from 1.
    #[must_use]
    pub fn month(self) -> i8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(self) -> i8 {
        self.day
    }

    /// The year in which it first was, if known.
    #[must_use]
    pub fn year(self) -> Option<i16> {
        self.year
    }

    /// The day on which it is celebrated in a year; `None` outside of the years -9999 to 9999.
    #[must_use]
    pub fn occurs_on(self, year: i16, leap_day: LeapDay) -> Option<Date> {
        let in_common_year = || match leap_day {
            LeapDay::February28 => Date::new(year, 2, 28),
            LeapDay::March1 => Date::new(year, 3, 1),
        };
        Date::new(year, self.month, self.day).or_else(|_| in_common_year()).ok()
    }

    /// The first celebration on or after a day, with its count if the year is known and has passed; `None` at the end of
    /// the calendar.
    #[must_use]
    pub fn next_from(self, day: Date, leap_day: LeapDay) -> Option<Celebration> {
        let on = [day.year(), day.year().checked_add(1)?]
            .into_iter()
            .filter_map(|year| self.occurs_on(year, leap_day))
            .find(|occurrence| *occurrence >= day)?;
        let count = self.year.and_then(|year| on.year().checked_sub(year)).filter(|count| *count > 0);
        Some(Celebration { on, count })
    }
}

impl FromStr for DateOfLife {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let refused = || NotADate(text.chars().take(40).collect());
        // A time of day behind the date says nothing: what is meant is a day.
        let date = text.trim().split(['T', ' ']).next().unwrap_or_default();
        let (year, rest) = if let Some(rest) = date.strip_prefix("--") {
            (None, rest)
        } else {
            let (year, rest) = date.split_once('-').ok_or_else(refused)?;
            (Some(digits(year, 4).ok_or_else(refused)?), rest)
        };
        let (month, day) = rest.split_once('-').ok_or_else(refused)?;
        let part = |text| digits(text, 2).and_then(|number| i8::try_from(number).ok()).ok_or_else(refused);
        Self::new(year, part(month)?, part(day)?).map_err(|_| refused())
    }
}

fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

impl fmt::Display for DateOfLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.year {
            Some(year) => write!(f, "{year:04}-{:02}-{:02}", self.month, self.day),
            None => write!(f, "--{:02}-{:02}", self.month, self.day),
        }
    }
}

impl From<DateOfLife> for String {
    fn from(date: DateOfLife) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for DateOfLife {
    type Error = NotADate;

    fn try_from(text: String) -> Result<Self, NotADate> {
        text.parse()
    }
}

/// The one name of a date of life that a trait gives under any of its usual names; `None` for other traits.
pub(crate) fn name_of_trait(name: &str) -> Option<&'static str> {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match name.as_str() {
        "birthday" | "birthdate" | "dateofbirth" | "dob" => Some("birthday"),
        "anniversary" | "weddinganniversary" | "weddingday" => Some("anniversary"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn read(text: &str) -> DateOfLife {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_read_with_and_without_a_year() {
        assert_eq!(read("1990-05-17").to_string(), "1990-05-17");
        assert_eq!(read("--02-29").to_string(), "--02-29");
        assert_eq!(read("1992-02-29T00:00:00.000Z").to_string(), "1992-02-29");
        assert_eq!(read("0001-05-17").to_string(), "--05-17");
        for year in [-1, 0, 1, 1799] {
            assert_eq!(DateOfLife::new(Some(year), 5, 17).unwrap().to_string(), "--05-17", "{year}");
        }
        for text in [
            "",
            "17.05.1990",
            "05/17/1990",
            "1990-02-30",
            "1991-02-29",
            "--13-01",
            "90-5-17",
            "1990-05",
            "٢٠٢٠-01-01",
        ] {
            assert!(text.parse::<DateOfLife>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_leap_day_is_celebrated_every_year() {
        let leap = read("1992-02-29");
        assert_eq!(leap.occurs_on(2024, LeapDay::default()), Some(date(2024, 2, 29)));
        assert_eq!(leap.occurs_on(2025, LeapDay::February28), Some(date(2025, 2, 28)));
        assert_eq!(leap.occurs_on(2025, LeapDay::March1), Some(date(2025, 3, 1)));
        assert_eq!(leap.occurs_on(2100, LeapDay::March1), Some(date(2100, 3, 1)), "no leap year");
    }

    #[test]
    fn the_next_celebration_follows_a_day() {
        let birthday = read("1990-05-17");
        let next = |of: DateOfLife, from| of.next_from(from, LeapDay::default()).unwrap();
        let celebrated = |on, count| Celebration { on, count };
        assert_eq!(next(birthday, date(2026, 5, 17)), celebrated(date(2026, 5, 17), Some(36)));
        assert_eq!(next(birthday, date(2026, 5, 18)), celebrated(date(2027, 5, 17), Some(37)));
        assert_eq!(next(read("--01-01"), date(2026, 12, 31)), celebrated(date(2027, 1, 1), None));
        let leap = read("--02-29");
        assert_eq!(next(leap, date(2027, 2, 28)).on, date(2027, 2, 28));
        assert_eq!(next(leap, date(2027, 3, 1)).on, date(2028, 2, 29));
        assert_eq!(next(read("2020-01-01"), date(2019, 1, 1)), celebrated(date(2019, 1, 1), None));
        assert_eq!(birthday.next_from(date(9999, 12, 31), LeapDay::default()), None);
    }

    #[test]
    fn settings_name_the_leap_day() {
        let read = |text: &str| serde_json::from_str::<LeapDay>(text);
        assert_eq!(read("\"february_28\"").unwrap(), LeapDay::February28);
        assert_eq!(read("\"march_1\"").unwrap(), LeapDay::March1);
    }

    #[test]
    fn usual_names_of_traits_are_one() {
        for name in ["birthday", "dateOfBirth", "date_of_birth", "DOB"] {
            assert_eq!(name_of_trait(name), Some("birthday"));
        }
        assert_eq!(name_of_trait("name"), None);
    }
}
