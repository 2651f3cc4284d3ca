//! Business days as numbers: days since 1970-01-01, as the query engine and Parquet count them.

use jiff::{Span, civil::Date};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The number of `date`.
pub(crate) fn number(date: Date) -> i32 {
    // A civil date spans -9999 to 9999, under four million days in either direction.
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

/// The date of a number, held to the calendar's range (the years -9999 to 9999).
pub(crate) fn date(number: i32) -> Date {
    let date = Span::new().try_days(number).and_then(|days| EPOCH.checked_add(days));
    date.unwrap_or(if number < 0 { Date::MIN } else { Date::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_turn_into_each_other() {
        for (n, y, m, d) in
            [(0, 1970, 1, 1), (-1, 1969, 12, 31), (10_134, 1997, 9, 30), (20_634, 2026, 6, 30)]
        {
            assert_eq!(number(Date::constant(y, m, d)), n);
            assert_eq!(date(n), Date::constant(y, m, d));
        }
        assert_eq!(date(i32::MAX), Date::MAX);
    }
}
