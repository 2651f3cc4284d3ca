//! Whether the base level of orders changes over time: a season, or a trend.
//!
//! The models know neither: they take the rates of purchase to be the same in every month. So the repeat transactions of each whole
//! calendar month are held against what the fitted model expects of the customers acquired by then:
//!
//! ```text
//! ln(actual_m / expected_m) = level + trend * years_m + season_{month of the year of m} + error
//! ```
//!
//! by least squares weighted with the expected number, over at least two years. A season is said when the months of the year differ
//! more than the errors do (F test) and by enough to matter; a trend likewise (t test). With fewer than two years the two cannot be told
//! apart, and nothing is said.

use jiff::civil::Date;
use perennial_lake::Session;
use perennial_math::incomplete::beta_regularized;
use perennial_math::matrix::SquareMatrix;

use crate::figures::{BaseLevel, Season};
use crate::tracking::{Births, repeats_per_day};
use crate::transactions::FittedTransactions;
use crate::{Definitions, Error, day};

/// Whole months that are needed, so that each month of the year has come twice.
const FEWEST_MONTHS: usize = 24;
/// Months in which fewer repeat transactions are expected say nothing.
const FEWEST_EXPECTED: f64 = 10.0;
/// The probability below which a difference is not taken for chance.
const SIGNIFICANT: f64 = 0.01;
/// The least that the strongest month must be above the weakest, and the trend of a year, to matter.
const LEAST_SEASON: f64 = 0.25;
const LEAST_TREND: f64 = 0.1;

/// A whole calendar month.
#[derive(Debug, Clone, Copy)]
struct Month {
    /// 1 to 12.
    of_year: i8,
    /// Years from the first month to this one.
    years: f64,
    actual: f64,
    expected: f64,
}

/// What changes in the base level of the customers in the summary table `table`; `None` where the history is too short to say.
pub(crate) fn base_level(
    session: &Session,
    table: &str,
    models: &FittedTransactions,
    definitions: &Definitions,
) -> Result<Option<BaseLevel>, Error> {
    let births = Births::of(session, table, models.profiles())?;
    let repeats = repeats_per_day(session, table, definitions.as_of)?;
    let Some(first) = births.first_day() else { return Ok(None) };
    let expected = births.expected(models, definitions.unit.days(), day::number(definitions.as_of));
    let cumulative =
        |day: i32| expected.get(usize::try_from(day - first).unwrap_or(0)).copied().unwrap_or(0.0);
    let months: Vec<Month> = whole_months(day::date(first), definitions.as_of)
        .iter()
        .enumerate()
        .map(|(index, &(start, end))| {
            let (from, to) = (day::number(start), day::number(end));
            let within = repeats.iter().filter(|(day, _)| (from..=to).contains(day));
            Month {
                of_year: start.month(),
                years: index as f64 / 12.0,
                actual: within.map(|(_, n)| n).sum(),
                expected: cumulative(to) - cumulative(from - 1),
            }
        })
        .filter(|month| month.expected >= FEWEST_EXPECTED)
        .collect();
    Ok(judge(&months))
}

/// First and last days of the whole calendar months.
fn whole_months(first: Date, last: Date) -> Vec<(Date, Date)> {
    let mut months = Vec::new();
    let mut start = first.first_of_month();
    while let Ok(next) = start.checked_add(jiff::Span::new().months(1)) {
        let end = start.last_of_month();
        if end > last {
            break;
        }
        if start >= first {
            months.push((start, end));
        }
        start = next;
    }
    months
}

fn judge(months: &[Month]) -> Option<BaseLevel> {
    let seen = |of_year: i8| months.iter().filter(|month| month.of_year == of_year).count();
    if months.len() < FEWEST_MONTHS || (1..=12).any(|of_year| seen(of_year) < 2) {
        return None;
    }
    let flat = regress(months, false)?;
    let full = regress(months, true)?;
    let freedom = months.len() as f64 - 13.0;
    let season = season(&flat, &full, freedom);
    // Where the months of the year do not differ, the trend is that of the simpler regression.
    let (fit, freedom) = if season.is_some() { (&full, freedom) } else { (&flat, months.len() as f64 - 2.0) };
    Some(BaseLevel { months: months.len() as u32, season, trend_per_year: trend(fit, freedom) })
}

fn season(flat: &Regression, full: &Regression, freedom: f64) -> Option<Season> {
    let gained = (flat.residual - full.residual) / 11.0;
    let f = gained / (full.residual / freedom);
    if f_tail(f, 11.0, freedom) > SIGNIFICANT {
        return None;
    }
    let mean = full.months.iter().sum::<f64>() / 12.0;
    let factor = |month: usize| (full.months[month] - mean).exp();
    let order = |a: &usize, b: &usize| full.months[*a].total_cmp(&full.months[*b]);
    let (strongest, weakest) = ((0..12).max_by(order)?, (0..12).min_by(order)?);
    let number = |month: usize| u8::try_from(month + 1).unwrap_or(12);
    let season = Season {
        strongest_month: number(strongest),
        strongest: factor(strongest),
        weakest_month: number(weakest),
        weakest: factor(weakest),
    };
    (season.strongest / season.weakest > 1.0 + LEAST_SEASON).then_some(season)
}

/// The relative change in a year, where it is significant and large enough.
fn trend(fit: &Regression, freedom: f64) -> Option<f64> {
    let variance = fit.slope_variance * fit.residual / freedom;
    let change = fit.slope.exp_m1();
    let significant = f_tail(fit.slope * fit.slope / variance, 1.0, freedom) < SIGNIFICANT;
    (significant && change.abs() > LEAST_TREND).then_some(change)
}

/// A weighted regression of the logarithms of actual over expected.
struct Regression {
    slope: f64,
    /// Its variance, relative to that of an error of weight one.
    slope_variance: f64,
    /// The levels of January to December; all the same without a season.
    months: [f64; 12],
    /// The weighted sum of squared errors.
    residual: f64,
}

fn regress(months: &[Month], season: bool) -> Option<Regression> {
    let place = |month: &Month| if season { usize::from(month.of_year.unsigned_abs()) } else { 1 };
    let size = if season { 13 } else { 2 };
    let mut normal = SquareMatrix::zeros(size);
    let mut right = vec![0.0; size];
    let outcome = |month: &Month| ((month.actual + 0.5) / (month.expected + 0.5)).ln();
    for month in months {
        let terms = [(0, month.years), (place(month), 1.0)];
        for (row, a) in terms {
            right[row] += month.expected * a * outcome(month);
            for (column, b) in terms {
                normal.set(row, column, normal.get(row, column) + month.expected * a * b);
            }
        }
    }
    let solution = normal.solve(&right).ok()?;
    let inverse = normal.inverse().ok()?;
    let fitted = |month: &Month| solution[0] * month.years + solution[place(month)];
    let residual = months.iter().map(|month| month.expected * (outcome(month) - fitted(month)).powi(2)).sum();
    Some(Regression {
        slope: solution[0],
        slope_variance: inverse.get(0, 0),
        months: std::array::from_fn(|month| solution[if season { month + 1 } else { 1 }]),
        residual,
    })
}

/// P(F > f) for an F distribution; Abramowitz and Stegun (1964), 26.6.2.
fn f_tail(f: f64, above: f64, below: f64) -> f64 {
    if f.is_nan() || f <= 0.0 {
        return 1.0;
    }
    beta_regularized(below / 2.0, above / 2.0, below / (below + above * f))
}

#[cfg(test)]
mod tests {
    use perennial_math::random;

    use super::*;

    /// Months with 400 expected orders each, times a factor, with the chance of orders that come one by one.
    fn months(count: usize, seed: u64, factor: impl Fn(usize) -> f64) -> Vec<Month> {
        let mut rng = random::stream(seed, 0);
        (0..count)
            .map(|index| Month {
                of_year: i8::try_from(index % 12 + 1).unwrap(),
                years: index as f64 / 12.0,
                actual: random::poisson(&mut rng, 400.0 * factor(index)) as f64,
                expected: 400.0,
            })
            .collect()
    }

    #[test]
    fn a_steady_shop_has_neither_season_nor_trend() {
        let found = (0..50).filter_map(|seed| judge(&months(36, seed, |_| 1.0))).collect::<Vec<_>>();
        assert_eq!(found.len(), 50);
        assert!(found.iter().all(|level| level.season.is_none() && level.trend_per_year.is_none()));
    }

    #[test]
    fn a_season_is_found_with_its_months() {
        let christmas = |index: usize| match index % 12 {
            11 => 1.8,
            1 => 0.7,
            _ => 1.0,
        };
        for seed in 0..20 {
            let level = judge(&months(30, seed, christmas)).unwrap();
            let season = level.season.unwrap();
            assert_eq!((season.strongest_month, season.weakest_month), (12, 2));
            assert!((season.strongest / season.weakest / (1.8 / 0.7) - 1.0).abs() < 0.2, "{season:?}");
            assert_eq!(level.trend_per_year, None);
        }
    }

    #[test]
    fn a_trend_is_found_beside_a_season() {
        let factor =
            |index: usize| (0.3 * index as f64 / 12.0).exp() * if index % 12 < 6 { 1.3 } else { 0.8 };
        let level = judge(&months(36, 1, factor)).unwrap();
        assert!((level.trend_per_year.unwrap() - 0.3_f64.exp_m1()).abs() < 0.05, "{level:?}");
        assert!(level.season.is_some());
    }

    #[test]
    fn less_than_two_years_say_nothing() {
        assert_eq!(judge(&months(23, 1, |_| 1.0)), None);
    }

    #[test]
    fn months_are_whole() {
        let months = whole_months(Date::constant(2024, 1, 15), Date::constant(2024, 4, 29));
        assert_eq!(months.len(), 2);
        assert_eq!(months[0], (Date::constant(2024, 2, 1), Date::constant(2024, 2, 29)));
    }

    /// From tables of the F distribution: P(F(1, 10) > 4.965) and P(F(11, 23) > 2.24) are about .05.
    #[test]
    fn tails_are_those_of_the_tables() {
        assert!((f_tail(4.965, 1.0, 10.0) - 0.05).abs() < 1e-4);
        assert!((f_tail(2.236, 11.0, 23.0) - 0.05).abs() < 1e-3);
    }
}
