//! When a project runs by itself: at a time of the day where the shop is, whatever the clock changes do there.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// How often, and at which time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    day: Day,
    at: Time,
}

/// The days on which a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Every,
    /// One day of the week.
    Of(Weekday),
    /// A day of the month, 1 to 28.
    OfMonth(i8),
}

/// The days of the week by their names.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// No two runs are further apart than a month and a day.
const LONGEST_WAIT_DAYS: i64 = 32;

impl Every {
    /// The first time after `after` at which a run is due.
    ///
    /// A time that a clock change leaves out is due when the clock has changed (02:30 in the night to summer time: 03:30); one that
    /// comes twice is due the first time.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = after.to_zoned(zone.clone()).date();
        (0..=LONGEST_WAIT_DAYS)
            .filter_map(|days| self.on(today.checked_add(days.days()).ok()?, zone))
            .find(|due| *due > after)
    }

    /// The last time up to `now` at which a run was due.
    #[must_use]
    pub fn last(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        (0..=LONGEST_WAIT_DAYS)
            .filter_map(|days| self.on(today.checked_sub(days.days()).ok()?, zone))
            .find(|due| *due <= now)
    }

    /// Whether the run that was due last has not begun: the machine was off, or asleep.
    #[must_use]
    pub fn is_overdue(&self, last_run: Option<Timestamp>, now: Timestamp, zone: &TimeZone) -> bool {
        match (self.last(now, zone), last_run) {
            // A clock that went back must not look like a run that is missing.
            (Some(due), Some(begun)) => begun < due && due <= now,
            // A project that never ran waits for its first time.
            _ => false,
        }
    }

    /// The moment on a day, if a run is due on that day.
    fn on(&self, date: Date, zone: &TimeZone) -> Option<Timestamp> {
        let due = match self.day {
            Day::Every => true,
            Day::Of(weekday) => date.weekday() == weekday,
            Day::OfMonth(day) => date.day() == day,
        };
        let moment = due.then(|| date.to_datetime(self.at).to_zoned(zone.clone()).ok())??;
        Some(moment.timestamp())
    }
}

/// How long to sleep until `due`, but never so long that a clock that was set goes unnoticed.
#[must_use]
pub fn patience(now: Timestamp, due: Timestamp) -> std::time::Duration {
    let left = due.duration_since(now).clamp(SignedDuration::ZERO, SignedDuration::from_secs(30));
    left.unsigned_abs()
}

impl FromStr for Every {
    type Err = String;

    /// Reads `day at 04:00`, `monday at 04:00` (or `week on monday at 04:00`), `month on 1 at 04:00`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "{text:?} is no schedule ({what}); write \"day at 04:00\", \"monday at 04:00\" or \"month on 1 at 04:00\""
            )
        };
        let lower = text.trim().to_lowercase();
        let (day, at) = lower.split_once(" at ").ok_or_else(|| wrong("the time of the day is missing"))?;
        let at: Time = format!("{}:00", at.trim())
            .parse()
            .map_err(|_| wrong("the time is not one from 00:00 to 23:59"))?;
        let day = day.trim();
        let weekday = day.strip_prefix("week on ").unwrap_or(day).trim();
        let day = if day == "day" {
            Day::Every
        } else if let Some((_, weekday)) = WEEKDAYS.iter().find(|(name, _)| *name == weekday) {
            Day::Of(*weekday)
        } else if let Some(number) = day.strip_prefix("month on ") {
            match number.trim().parse() {
                Ok(number @ 1..=28) => Day::OfMonth(number),
                _ => return Err(wrong("the day of a month is one from 1 to 28, which every month has")),
            }
        } else {
            return Err(wrong("the day is missing"));
        };
        Ok(Self { day, at })
    }
}

impl fmt::Display for Every {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Day::Every => formatter.write_str("day")?,
            Day::Of(weekday) => {
                let name = WEEKDAYS.iter().find(|(_, day)| *day == weekday).map_or("", |(name, _)| name);
                formatter.write_str(name)?;
            }
            Day::OfMonth(day) => write!(formatter, "month on {day}")?,
        }
        write!(formatter, " at {:02}:{:02}", self.at.hour(), self.at.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    /// Moments in Berlin, with the offset that tells which of two equal times is meant.
    fn next(schedule: &str, after: &str) -> String {
        let after: jiff::Zoned = format!("{after}[Europe/Berlin]").parse().unwrap();
        let due = schedule.parse::<Every>().unwrap().next(after.timestamp(), &berlin()).unwrap();
        due.to_zoned(berlin()).strftime("%a %Y-%m-%d %H:%M%:z").to_string()
    }

    #[test]
    fn the_next_day_week_and_month() {
        assert_eq!(next("day at 04:00", "2026-11-22T03:59+01:00"), "Sun 2026-11-22 04:00+01:00");
        assert_eq!(next("day at 04:00", "2026-11-22T04:00+01:00"), "Mon 2026-11-23 04:00+01:00");
        assert_eq!(next("monday at 04:00", "2026-11-23T05:00+01:00"), "Mon 2026-11-30 04:00+01:00");
        assert_eq!(next("week on monday at 04:00", "2026-11-22T05:00+01:00"), "Mon 2026-11-23 04:00+01:00");
        assert_eq!(next("month on 1 at 00:15", "2026-12-01T00:15+01:00"), "Fri 2027-01-01 00:15+01:00");
    }

    #[test]
    fn clock_changes_lose_no_run_and_make_none_twice() {
        // 29 March 2026: 02:00 to 03:00 does not exist.
        assert_eq!(next("day at 02:30", "2026-03-28T12:00+01:00"), "Sun 2026-03-29 03:30+02:00");
        assert_eq!(next("day at 02:30", "2026-03-29T03:30+02:00"), "Mon 2026-03-30 02:30+02:00");
        // 25 October 2026: 02:00 to 03:00 comes twice; the run is due the first time only.
        assert_eq!(next("day at 02:30", "2026-10-24T12:00+02:00"), "Sun 2026-10-25 02:30+02:00");
        assert_eq!(next("day at 02:30", "2026-10-25T02:30+02:00"), "Mon 2026-10-26 02:30+01:00");
        // A year of nights has as many runs as days.
        let every: Every = "day at 02:30".parse().unwrap();
        let mut moment: Timestamp = "2026-01-01T00:00Z".parse().unwrap();
        let end: Timestamp = "2027-01-01T00:00Z".parse().unwrap();
        let mut runs = 0;
        while let Some(due) = every.next(moment, &berlin()).filter(|due| *due < end) {
            runs += 1;
            moment = due;
        }
        assert_eq!(runs, 365);
    }

    #[test]
    fn a_missed_run_is_made_up_once() {
        let every: Every = "day at 04:00".parse().unwrap();
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = moment("2026-11-22T12:00Z");
        // Off since the 18th: four runs were missed, one is overdue.
        assert!(every.is_overdue(Some(moment("2026-11-18T03:00Z")), now, &berlin()));
        assert!(!every.is_overdue(Some(now), now, &berlin()));
        assert!(!every.is_overdue(None, now, &berlin()));
        // A clock that went back: the last run lies in the future.
        assert!(!every.is_overdue(Some(moment("2026-11-25T03:00Z")), now, &berlin()));
        assert_eq!(patience(now, moment("2026-11-22T12:00:10Z")).as_secs(), 10);
        assert_eq!(patience(now, moment("2026-11-23T12:00Z")).as_secs(), 30);
        assert_eq!(patience(now, moment("2026-11-21T12:00Z")).as_secs(), 0);
    }

    #[test]
    fn what_is_no_schedule_says_how_it_is_written() {
        for text in [
            "",
            "daily",
            "day",
            "day at 25:00",
            "day at noon",
            "monday",
            "month on 31 at 04:00",
            "month at 04:00",
        ] {
            assert!(text.parse::<Every>().unwrap_err().contains("day at 04:00"), "{text}");
        }
        for text in ["day at 04:00", "sunday at 23:59", "month on 28 at 00:00"] {
            assert_eq!(text.parse::<Every>().unwrap().to_string(), text);
        }
    }
}
