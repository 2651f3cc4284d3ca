//! Days without orders that chance does not explain.
//!
//! The rule: orders of a day are Poisson with the mean of their weekday over the eight weeks before the gap, or over the eight weeks
//! after it where that is less, so that neither growth nor a season's end makes a gap. With m the sum of these means over the days of a
//! run without orders, the run happens by chance with probability exp(-m); it is a gap where that is below 1 in 10,000.

use std::ops::RangeInclusive;

/// Runs less probable than this are gaps.
const IMPROBABLE: f64 = 1e-4;
/// Weeks on either side from which a weekday's mean is taken.
const WEEKS: i32 = 8;
const WEEK: i32 = 7;

/// The gaps between the first and the last of some days (since 1970-01-01, ascending) with the number of orders on each.
pub(crate) fn gaps(days: &[(i32, u64)]) -> Vec<RangeInclusive<i32>> {
    let runs = days.windows(2).filter_map(|pair| {
        let (before, after) = (pair[0].0, pair[1].0);
        (after - before > 1).then_some(before + 1..=after - 1)
    });
    runs.filter(|run| (-expected(days, run)).exp() < IMPROBABLE).collect()
}

/// The orders to be expected on the days of a run without any.
fn expected(days: &[(i32, u64)], run: &RangeInclusive<i32>) -> f64 {
    let (first, last) = (*run.start(), *run.end());
    let history = days.first().map_or(first, |day| day.0)..=days.last().map_or(last, |day| day.0);
    let before = weekday_means(days, (first - WEEKS * WEEK).max(*history.start())..=first - 1);
    let after = weekday_means(days, last + 1..=(last + WEEKS * WEEK).min(*history.end()));
    let on = |day: i32| {
        let weekday = weekday(day);
        match (before[weekday], after[weekday]) {
            (Some(before), Some(after)) => before.min(after),
            (one, other) => one.or(other).unwrap_or(0.0),
        }
    };
    run.clone().map(on).sum()
}

/// Mean orders of each weekday over a span of days; nothing for weekdays that the span does not hold.
fn weekday_means(days: &[(i32, u64)], span: RangeInclusive<i32>) -> [Option<f64>; 7] {
    let mut orders = [0_u64; 7];
    let from = days.partition_point(|(day, _)| day < span.start());
    for (day, count) in days.iter().skip(from).take_while(|(day, _)| span.contains(day)) {
        orders[weekday(*day)] += count;
    }
    let mut lengths = [0_u32; 7];
    for day in span {
        lengths[weekday(day)] += 1;
    }
    std::array::from_fn(|weekday| {
        (lengths[weekday] > 0).then(|| orders[weekday] as f64 / f64::from(lengths[weekday]))
    })
}

/// A number from 0 to 6 that is the same for the same day of the week.
fn weekday(day: i32) -> usize {
    usize::try_from(day.rem_euclid(WEEK)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orders on days 0 to 199, as many as `on` says, without the days on which it says none.
    fn shop(on: impl Fn(i32) -> u64) -> Vec<(i32, u64)> {
        (0..200).map(|day| (day, on(day))).filter(|(_, orders)| *orders > 0).collect()
    }

    #[test]
    fn a_day_without_orders_is_a_gap_only_where_that_is_improbable() {
        // exp(-9) is 1.2 in 10,000, exp(-10) is 0.45 in 10,000.
        let missing = |orders| shop(|day| if day == 100 { 0 } else { orders });
        assert_eq!(gaps(&missing(9)), []);
        assert_eq!(gaps(&missing(10)), [100..=100]);
        // At one order a day it takes ten days.
        let run = |last| shop(|day| u64::from(!(100..=last).contains(&day)));
        assert_eq!(gaps(&run(108)), []);
        assert_eq!(gaps(&run(109)), [100..=109]);
    }

    #[test]
    fn closed_weekdays_and_slow_beginnings_are_none() {
        assert_eq!(gaps(&shop(|day| if day % 7 < 2 { 0 } else { 50 })), []);
        // A few orders on some days, before the shop has many.
        assert_eq!(gaps(&shop(|day| if day < 100 { u64::from(day % 5 == 0) } else { 40 })), []);
        // A week of holidays in a shop that is closed at weekends.
        let holidays = shop(|day| if day % 7 < 2 || (77..84).contains(&day) { 0 } else { 50 });
        assert_eq!(gaps(&holidays), [77..=85]);
    }

    #[test]
    fn the_whole_history_needs_two_days() {
        assert_eq!(gaps(&[]), []);
        assert_eq!(gaps(&[(5, 1_000)]), []);
        // Two days far apart tell nothing about the weekdays between them but the one they fall on.
        assert_eq!(gaps(&[(0, 1_000), (3, 1_000)]), []);
    }
}
