//! How much more or less is bought on a day than on an average one.

use jiff::{ToSpan, civil::Date};

/// The factor of every simulated day, on average 1 over any calendar year.
#[derive(Debug, Clone)]
pub(crate) struct Season {
    factors: Vec<f64>,
    greatest: f64,
}

impl Season {
    /// The season of `days` days from `start` at `strength` (0: every day is alike).
    ///
    /// Two bells in the year: the weeks before Christmas, up to 80 % above the usual, and a lull in July, 12 % below.
    pub(crate) fn new(start: Date, days: u32, strength: f64) -> Self {
        let raw = |day: f64| {
            let bell = |centre: f64, width: f64| (-0.5 * ((day - centre) / width).powi(2)).exp();
            (1.0 + strength * (0.8 * bell(344.0, 14.0) - 0.12 * bell(205.0, 25.0))).max(0.05)
        };
        let mean = (1..=365).map(|day| raw(f64::from(day))).sum::<f64>() / 365.0;
        let first = f64::from(start.day_of_year());
        let mut factors = Vec::with_capacity(days as usize);
        let mut date = start;
        let mut day = first;
        for _ in 0..days {
            factors.push(raw(day) / mean);
            // Beyond the calendar's last year the day of the year simply runs on.
            match date.checked_add(1.day()) {
                Ok(next) => {
                    date = next;
                    day = f64::from(next.day_of_year());
                }
                Err(_) => day = day % 365.0 + 1.0,
            }
        }
        let greatest = factors.iter().copied().fold(1.0, f64::max);
        Self { factors, greatest }
    }

    /// The factor on the day that `time` (days since the start) falls into; the last day's beyond the end.
    pub(crate) fn at(&self, time: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "times are days since the start"
        )]
        let day = time as usize;
        self.factors.get(day).or(self.factors.last()).copied().unwrap_or(1.0)
    }

    /// The factors day by day.
    pub(crate) fn factors(&self) -> &[f64] {
        &self.factors
    }

    /// The greatest factor of all, for thinning.
    pub(crate) fn greatest(&self) -> f64 {
        self.greatest
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn averages_one_over_a_year_and_peaks_before_christmas() {
        let season = Season::new(date(2023, 1, 1), 365, 1.0);
        let mean = season.factors().iter().sum::<f64>() / 365.0;
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
        let peak = season.factors().iter().position(|&f| f.total_cmp(&season.greatest()).is_eq());
        assert_eq!(peak, Some(343), "10 December is day 344");
    }

    #[test]
    fn strength_zero_is_flat() {
        let season = Season::new(date(2024, 1, 1), 731, 0.0);
        assert!(season.factors().iter().all(|&f| (f - 1.0).abs() < 1e-12));
    }
}
