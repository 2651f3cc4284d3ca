//! The tracking plot: cumulative repeat transactions of a calibration's customers, as they were and as the model
//! expects them from the day each was acquired.
//!
//! A customer acquired on day b is expected to make E[X(D - b)] repeat transactions by day D. The band adds the customers'
//! own randomness (the variance of X(t), simulated) and the uncertainty of the parameters (models drawn from their
//! estimated distribution).

use perennial_lake::Session;
use perennial_math::random;
use perennial_math::special::normal_quantile;
use perennial_math::statistics::variance;
use perennial_models::{TransactionFit, TransactionModel};
use rayon::prelude::*;

use crate::columns::{i32s, i64s};
use crate::hold_out::TrackingPoint;
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
    fit: &TransactionFit,
    definitions: &Definitions,
    days: i32,
    seed: u64,
) -> Result<Vec<TrackingPoint>, Error> {
    let last = day::number(definitions.as_of) + days;
    let births = per_day(
        session,
        &format!("SELECT first_day AS day, count(*) AS n FROM {table} GROUP BY first_day ORDER BY first_day"),
    )?;
    let repeats = per_day(
        session,
        &format!(
            "SELECT day, count(*) AS n FROM (SELECT CAST(p.day AS INT) AS day FROM purchases AS p \
             JOIN {table} AS s ON p.customer = s.customer \
             WHERE CAST(p.day AS INT) > s.first_day AND CAST(p.day AS INT) <= {last}) AS repeats GROUP BY day ORDER BY day"
        ),
    )?;
    let Some(&(first, _)) = births.first() else { return Ok(Vec::new()) };
    let length = usize::try_from(last - first).unwrap_or(0) + 1;
    let curves = Curves::new(fit, definitions.unit.days(), length, seed);
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

fn per_day(session: &Session, sql: &str) -> Result<Vec<(i32, f64)>, Error> {
    let mut rows = Vec::new();
    for batch in session.query(sql)? {
        let (days, counts) = (i32s(&batch, "day")?, i64s(&batch, "n")?);
        rows.extend((0..batch.num_rows()).map(|i| (days.value(i), counts.value(i) as f64)));
    }
    Ok(rows)
}

/// E[X(t)] and Var[X(t)] of a new customer for t = 0, 1, 2, ... days, under the fitted and under drawn models.
struct Curves {
    expected: Vec<f64>,
    drawn: Vec<Vec<f64>>,
    variance: Vec<f64>,
}

impl Curves {
    fn new(fit: &TransactionFit, unit_days: f64, length: usize, seed: u64) -> Self {
        let curve = |model: &dyn TransactionModel| -> Vec<f64> {
            (0..length).map(|t| model.expected_purchases_new(t as f64 / unit_days)).collect()
        };
        let draws = fit.draw_models(PARAMETER_DRAWS, &mut random::stream(seed, u64::MAX - 1));
        Self {
            expected: curve(fit.model.as_ref()),
            drawn: draws.par_iter().map(|model| curve(model.as_ref())).collect(),
            variance: simulated_variance(fit.model.as_ref(), unit_days, length, seed),
        }
    }

    /// The expected cumulative repeat transactions at the end of `day`, and their variance.
    fn at(&self, births: &[(i32, f64)], day: i32) -> (f64, f64) {
        let total = |curve: &[f64]| -> f64 {
            births
                .iter()
                .take_while(|(birth, _)| *birth <= day)
                .map(|(birth, n)| n * curve[usize::try_from(day - birth).unwrap_or(0)])
                .sum()
        };
        let drawn: Vec<f64> = self.drawn.iter().map(|curve| total(curve)).collect();
        (total(&self.expected), total(&self.variance) + if drawn.len() < 2 { 0.0 } else { variance(&drawn) })
    }
}

fn simulated_variance(model: &dyn TransactionModel, unit_days: f64, length: usize, seed: u64) -> Vec<f64> {
    let (mut sums, mut squares) = (vec![0.0; length], vec![0.0; length]);
    let mut times = Vec::new();
    for customer in 0..SIMULATED_CUSTOMERS {
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
    let n = SIMULATED_CUSTOMERS as f64;
    sums.iter().zip(&squares).map(|(sum, square)| (square / n - (sum / n).powi(2)).max(0.0)).collect()
}
