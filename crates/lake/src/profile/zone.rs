//! Business days: the calendar day of an instant in the shop's time zone, from a table of the zone's transitions.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) const DAY_SECONDS: i64 = 86_400;

/// Offsets of a time zone, by the instants from which they hold.
#[derive(Clone, Debug)]
pub(crate) struct ZoneTable {
    /// Unix seconds, ascending; each holds until the next.
    starts: Vec<i64>,
    /// Seconds east of UTC.
    offsets: Vec<i64>,
}

impl ZoneTable {
    /// The table of a zone for the years 1900 to 2200, which is what [`super::dates`] accepts.
    pub(crate) fn new(zone: &TimeZone) -> Self {
        let (mut starts, mut offsets) = (Vec::new(), Vec::new());
        let (first, last) = (-2_208_988_800, 7_289_654_400);
        let begin = Timestamp::from_second(first).unwrap_or(Timestamp::MIN);
        starts.push(i64::MIN);
        offsets.push(i64::from(zone.to_offset(begin).seconds()));
        for transition in zone.following(begin) {
            let second = transition.timestamp().as_second();
            if second > last {
                break;
            }
            starts.push(second);
            offsets.push(i64::from(transition.offset().seconds()));
        }
        Self { starts, offsets }
    }

    /// Days since 1970-01-01 of the calendar day on which the instant (Unix seconds) falls in the zone.
    pub(crate) fn day_of(&self, second: i64) -> i64 {
        let index = match self.starts.len() {
            1 => 0,
            _ => self.starts.partition_point(|start| *start <= second) - 1,
        };
        (second.saturating_add(self.offsets[index])).div_euclid(DAY_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_agrees_with_jiff_around_every_kind_of_transition() {
        for name in ["UTC", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"] {
            let zone = TimeZone::get(name).unwrap();
            let table = ZoneTable::new(&zone);
            for step in 0..40_000_i64 {
                // 1969 to 2060 in steps that fall on all times of day.
                let second = -31_536_000 + step * 70_987;
                let date = Timestamp::from_second(second).unwrap().to_zoned(zone.clone()).date();
                let days = date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).unwrap().get_days();
                assert_eq!(table.day_of(second), i64::from(days), "{name} at {second}");
            }
        }
    }
}
