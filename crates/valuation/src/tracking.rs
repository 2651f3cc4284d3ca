//! The tracking plot: cumulative repeat transactions of a calibration's customers, as they were and as the model
//! expects them from the day each was acquired.
//!
//! A customer acquired on day b is expected to make E[X(D - b)] repeat transactions by day D. The band adds the customers'
//! own randomness (the variance of X(t), simulated) and the uncertainty of the parameters (models drawn from their
//! estimated distribution).

use jiff::civil::Date;
use perennial_lake::Session;
use perennial_math::random;
use perennial_math::special::normal_quantile;
use perennial_math::statistics::variance;
use perennial_models::TransactionModel;
use rayon::prelude::*;

use crate::columns::{i32s, i64s, u32s};
use crate::hold_out::TrackingPoint;
use crate::transactions::FittedTransactions;
use crate::{Definitions, Error, day};

/// Simulated new customers behind the variance of X(t), and models drawn behind that of its expectation.
const SIMULATED_CUSTOMERS: u64 = 4_000;
const PARAMETER_DRAWS: usize = 40;
/// Points of the plot at most; a week apart where that is fewer.
const POINTS: i32 = 160;

/// The tracking plot of the customers in the summary table `table`, until `days` after the as-of date.
pub(crate) fn tracking(
    session: &Session,
    table: &str,
    models: &FittedTransactions,
    definitions: &Definitions,
    days: i32,
    seed: u64,
) -> Result<Vec<TrackingPoint>, Error> {
    let last = day::number(definitions.as_of) + days;
    let births = Births::of(session, table, models.profiles())?;
    let repeats = repeats_per_day(session, table, day::date(last))?;
    let Some(first) = births.first_day() else { return Ok(Vec::new()) };
    let length = usize::try_from(last - first).unwrap_or(0) + 1;
    let curves = Curves::new(models, &births, definitions.unit.days(), length, seed);
    let step = ((last - first) / POINTS).max(7);
    let half = normal_quantile(f64::midpoint(1.0, definitions.level));
    let points = (0..=(last - first) / step).rev().map(|k| last - k * step).filter(|&day| day > first);
    Ok(points
        .map(|at| {
            let actual = repeats.iter().take_while(|(day, _)| *day <= at).map(|(_, n)| n).sum();
            let (expected, variance) = curves.at(&births, at);
            let half = half * variance.sqrt();
            TrackingPoint {
                day: day::date(at),
                actual,
                expected,
                lower: (expected - half).max(0.0),
                upper: expected + half,
            }
        })
        .collect())
}

/// Profiles that stand for all where there are more of them.
const REPRESENTATIVES: usize = 200;

/// How many customers were acquired on each day, by their covariates.
pub(crate) struct Births {
    /// Day, place of the profile among the representatives, customers; ascending by day.
    acquired: Vec<(i32, usize, f64)>,
    /// The profiles that curves are computed for.
    representatives: Vec<u32>,
}

impl Births {
    /// Of the customers in the summary table `table`, who are of so many profiles.
    pub(crate) fn of(session: &Session, table: &str, profiles: usize) -> Result<Self, Error> {
        let several = profiles > 1;
        let profile = if several { "profile" } else { "0" };
        let sql = format!(
            "SELECT day, profile, count(*) AS n FROM (SELECT first_day AS day, {profile} AS profile FROM {table}) AS births \
             GROUP BY day, profile ORDER BY day, profile"
        );
        let count = profiles.clamp(1, REPRESENTATIVES);
        // Profiles are numbered in the order of their customers, not of what they are: evenly spaced ones stand for all.
        let representatives = (0..count).map(|place| (place * profiles / count) as u32).collect();
        let mut acquired = Vec::new();
        for batch in session.query(&sql)? {
            let (days, profile, n) = (i32s(&batch, "day")?, u32s(&batch, "profile")?, i64s(&batch, "n")?);
            acquired.extend((0..batch.num_rows()).map(|row| {
                let place = profile.value(row) as usize * count / profiles.max(1);
                (days.value(row), place.min(count - 1), n.value(row) as f64)
            }));
        }
        Ok(Self { acquired, representatives })
    }

    /// The first day on which a customer was acquired.
    pub(crate) fn first_day(&self) -> Option<i32> {
        self.acquired.first().map(|(day, ..)| *day)
    }

    /// The cumulative repeat transactions that the models expect by the end of each day from the first to `last`.
    pub(crate) fn expected(&self, models: &FittedTransactions, unit_days: f64, last: i32) -> Vec<f64> {
        let Some(first) = self.first_day() else { return Vec::new() };
        let length = usize::try_from(last - first).unwrap_or(0) + 1;
        let curves = self.curves(|profile| new_customer_curve(&*models.of(profile), unit_days, length));
        (first..=last).map(|day| self.total(&curves, day)).collect()
    }

    /// The curve of each representative.
    fn curves(&self, curve: impl Fn(u32) -> Vec<f64> + Sync) -> Vec<Vec<f64>> {
        self.representatives.par_iter().map(|profile| curve(*profile)).collect()
    }

    /// The sum over the customers acquired by `day` of what a new customer's curve has reached by then.
    fn total(&self, curves: &[Vec<f64>], day: i32) -> f64 {
        self.acquired
            .iter()
            .take_while(|(birth, ..)| *birth <= day)
            .map(|(birth, place, n)| n * curves[*place][usize::try_from(day - birth).unwrap_or(0)])
            .sum()
    }
}

/// Days for which a curve is computed one by one; later ones lie between at most [`KNOTS`] further days, where it is nearly straight.
/// So one order of long ago does not make everything slow.
const EXACT_DAYS: usize = 2_000;
const KNOTS: usize = 500;

/// E[X(t)] of a new customer for t = 0, 1, 2, ... days.
fn new_customer_curve(model: &dyn TransactionModel, unit_days: f64, length: usize) -> Vec<f64> {
    let at = |t: usize| model.expected_purchases_new(t as f64 / unit_days);
    let exact = length.min(EXACT_DAYS);
    let mut curve: Vec<f64> = (0..exact).into_par_iter().map(at).collect();
    let step = (length - exact).div_ceil(KNOTS).max(1);
    let knots: Vec<f64> = (exact..length).into_par_iter().step_by(step).map(|t| at(t + step - 1)).collect();
    for knot in knots {
        let Some(&before) = curve.last() else { break };
        let rise = (knot - before) / step as f64;
        curve.extend((1..=step).map(|day| before + rise * day as f64));
    }
    curve.truncate(length);
    curve
}

/// The repeat transactions on each day, up to `last`, of the customers in the summary table `table`.
pub(crate) fn repeats_per_day(session: &Session, table: &str, last: Date) -> Result<Vec<(i32, f64)>, Error> {
    let sql = format!(
        "SELECT day, count(*) AS n FROM (SELECT CAST(p.day AS INT) AS day FROM purchases AS p \
         JOIN {table} AS s ON p.customer = s.customer \
         WHERE CAST(p.day AS INT) > s.first_day AND p.day <= DATE '{last}') AS repeats GROUP BY day ORDER BY day"
    );
    per_day(session, &sql)
}

fn per_day(session: &Session, sql: &str) -> Result<Vec<(i32, f64)>, Error> {
    let mut rows = Vec::new();
    for batch in session.query(sql)? {
        let (days, counts) = (i32s(&batch, "day")?, i64s(&batch, "n")?);
        rows.extend((0..batch.num_rows()).map(|i| (days.value(i), counts.value(i) as f64)));
    }
    Ok(rows)
}

/// E[X(t)] and Var[X(t)] of a new customer of each representative profile for t = 0, 1, 2, ... days, under the fitted and under drawn
/// parameters.
struct Curves {
    expected: Vec<Vec<f64>>,
    drawn: Vec<Vec<Vec<f64>>>,
    variance: Vec<Vec<f64>>,
}

impl Curves {
    fn new(models: &FittedTransactions, births: &Births, unit_days: f64, length: usize, seed: u64) -> Self {
        let several = births.representatives.len();
        // The work is the same however many profiles there are.
        let draws = (PARAMETER_DRAWS / several).max(8);
        let simulated = (SIMULATED_CUSTOMERS / several as u64).max(100);
        let values = models.draw_values(draws, &mut random::stream(seed, u64::MAX - 1));
        let drawn = |values: &Vec<f64>| {
            births.curves(|profile| {
                let model = models.at(values, profile);
                let model = model.as_deref();
                new_customer_curve(model.unwrap_or(&*models.of(profile)), unit_days, length)
            })
        };
        Self {
            expected: births.curves(|profile| new_customer_curve(&*models.of(profile), unit_days, length)),
            drawn: values.iter().map(drawn).collect(),
            variance: births.curves(|profile| {
                simulated_variance(&*models.of(profile), unit_days, length, simulated, seed)
            }),
        }
    }

    /// The expected cumulative repeat transactions at the end of `day`, and their variance.
    fn at(&self, births: &Births, day: i32) -> (f64, f64) {
        let drawn: Vec<f64> = self.drawn.iter().map(|curve| births.total(curve, day)).collect();
        let own = births.total(&self.variance, day);
        (births.total(&self.expected, day), own + if drawn.len() < 2 { 0.0 } else { variance(&drawn) })
    }
}

fn simulated_variance(
    model: &dyn TransactionModel,
    unit_days: f64,
    length: usize,
    customers: u64,
    seed: u64,
) -> Vec<f64> {
    let (mut sums, mut squares) = (vec![0.0; length], vec![0.0; length]);
    let mut times = Vec::new();
    for customer in 0..customers {
        times.clear();
        model.simulate_new((length - 1) as f64 / unit_days, &mut random::stream(seed, customer), &mut times);
        let mut events = times.iter().map(|t| t * unit_days).peekable();
        let mut count = 0.0;
        for t in 0..length {
            while events.next_if(|event| *event <= t as f64).is_some() {
                count += 1.0;
            }
            sums[t] += count;
            squares[t] += count * count;
        }
    }
    let n = customers as f64;
    sums.iter().zip(&squares).map(|(sum, square)| (square / n - (sum / n).powi(2)).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use perennial_models::BgNbd;

    use super::*;

    #[test]
    fn a_long_curve_is_that_of_each_day_to_a_thousandth() {
        let model = BgNbd::new(0.243, 4.414, 0.793, 2.426).unwrap();
        for length in [1, 2, EXACT_DAYS, EXACT_DAYS + 1, 5_003, 20_788] {
            let curve = new_customer_curve(&model, 7.0, length);
            assert_eq!(curve.len(), length);
            for t in (0..length).step_by(97).chain([length - 1]) {
                let exact = model.expected_purchases_new(t as f64 / 7.0);
                assert!(
                    (curve[t] - exact).abs() <= 1e-3 * exact,
                    "day {t} of {length}: {} {exact}",
                    curve[t]
                );
            }
        }
    }
}
