//! The numeric half of a valuation: each distinct history is scored once.

use std::sync::atomic::{AtomicU64, Ordering};

use perennial_lake::Session;
use perennial_lake::arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_models::{Purchases, TimeUnit};
use rayon::prelude::*;
use std::sync::Arc;

use crate::Error;
use crate::active::{ActiveForecast, Forecaster};
use crate::fitting::purchases;
use crate::history::{Detail, History};
use crate::request::{Progress, Stage};
use crate::spend_scale::{Amount, SpendScale};

/// What is predicted for the customers of one history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Score {
    pub history: History,
    pub probability_alive: f64,
    pub churn_probability: f64,
    pub orders: f64,
    pub orders_lower: f64,
    pub orders_upper: f64,
    pub orders_variance: f64,
    pub discounted_orders: f64,
    /// Days until the next order, given that the customer is active and orders again; may be infinite.
    pub days_to_next_order: f64,
    /// The expected value is `discounted_orders` times the amount of this.
    pub spend: Amount,
    /// The ends of the value's interval and its variance, in units of the spend scale.
    pub value_lower: f64,
    pub value_upper: f64,
    pub value_variance: f64,
}

/// Scores histories in the order of [`crate::summary::histories`]; the result is in the same order and the same on any number of threads.
pub(crate) fn score(
    forecaster: &Forecaster,
    histories: &[History],
    unit: TimeUnit,
    level: f64,
    progress: Progress,
) -> Vec<Score> {
    let groups: Vec<&[History]> = histories.chunk_by(|a, b| forecaster.models.same_future(a, b)).collect();
    let (total, done) = (groups.len() as u64, AtomicU64::new(0));
    let scored: Vec<Vec<Score>> = groups
        .par_iter()
        .enumerate()
        .map(|(index, group)| {
            let scores = score_group(forecaster, group, unit, level, index as u64);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(64) || done == total {
                progress(Stage::Score, done, total);
            }
            scores
        })
        .collect();
    scored.into_iter().flatten().collect()
}

fn score_group(
    forecaster: &Forecaster,
    group: &[History],
    unit: TimeUnit,
    level: f64,
    stream: u64,
) -> Vec<Score> {
    let customers: Vec<(History, Purchases)> =
        group.iter().filter_map(|history| Some((*history, purchases(history, unit)?))).collect();
    let Some((first, typical)) = customers.first() else { return Vec::new() };
    let active = forecaster.active(typical, first, stream);
    let moments = Moments::of(&active);
    customers
        .iter()
        .map(|(history, customer)| mix(forecaster, &active, &moments, *history, customer, level))
        .collect()
}

/// First and second moments of an active customer's draws.
struct Moments {
    orders: (f64, f64),
    value: (f64, f64),
}

impl Moments {
    fn of(active: &ActiveForecast) -> Self {
        Self { orders: moments(&active.order_draws), value: moments(&active.value_draws) }
    }
}

fn moments(draws: &[f64]) -> (f64, f64) {
    let n = draws.len().max(1) as f64;
    (draws.iter().sum::<f64>() / n, draws.iter().map(|v| v * v).sum::<f64>() / n)
}

/// The customer's score: what an active customer does, with probability P(alive).
fn mix(
    forecaster: &Forecaster,
    active: &ActiveForecast,
    moments: &Moments,
    history: History,
    customer: &Purchases,
    level: f64,
) -> Score {
    let alive = forecaster.models.of(history.profile).probability_alive(customer);
    let tail = (1.0 - level) / 2.0;
    let variance = |(mean, square): (f64, f64)| (alive * square - (alive * mean).powi(2)).max(0.0);
    Score {
        history,
        probability_alive: alive,
        churn_probability: (1.0 - alive * (1.0 - active.no_order)).clamp(0.0, 1.0),
        orders: alive * active.orders,
        orders_lower: mixture_quantile(&active.order_draws, alive, tail),
        orders_upper: mixture_quantile(&active.order_draws, alive, 1.0 - tail),
        orders_variance: variance(moments.orders),
        discounted_orders: alive * active.discounted_orders,
        days_to_next_order: active.days_to_next_order,
        spend: forecaster.spend.expectation(history.paid_repeats),
        value_lower: mixture_quantile(&active.value_draws, alive, tail),
        value_upper: mixture_quantile(&active.value_draws, alive, 1.0 - tail),
        value_variance: variance(moments.value),
    }
}

/// The quantile of a variable that is 0 with probability 1 - `alive` and otherwise distributed as the ascending `draws`: the
/// smallest value whose distribution function reaches `probability`.
pub(crate) fn mixture_quantile(draws: &[f64], alive: f64, probability: f64) -> f64 {
    let gone = 1.0 - alive;
    if probability <= gone || draws.is_empty() {
        return 0.0;
    }
    let rank = ((probability - gone) / alive * draws.len() as f64).ceil() as usize;
    draws[rank.clamp(1, draws.len()) - 1]
}

/// Registers the scores as the table `name`, keyed by the columns of the detail.
pub(crate) fn register(
    session: &Session,
    name: &str,
    scores: &[Score],
    spend: &SpendScale,
    detail: Detail,
) -> Result<(), Error> {
    let int = |f: fn(&Score) -> i32| -> ArrayRef {
        Arc::new(scores.iter().map(|s| Some(f(s))).collect::<Int32Array>())
    };
    let float = |f: &dyn Fn(&Score) -> f64| -> ArrayRef {
        Arc::new(scores.iter().map(|s| Some(f(s))).collect::<Float64Array>())
    };
    let scales: Vec<Amount> = scores.iter().map(|s| spend.scale(s.history.paid_repeats)).collect();
    let scaled = |f: &dyn Fn(&Score, &Amount) -> f64| -> ArrayRef {
        Arc::new(scores.iter().zip(&scales).map(|(s, scale)| Some(f(s, scale))).collect::<Float64Array>())
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("frequency", int(|s| i32::try_from(s.history.frequency).unwrap_or(i32::MAX))),
        ("recency", int(|s| s.history.recency)),
        ("age", int(|s| s.history.age)),
        ("paid_repeats", int(|s| i32::try_from(s.history.paid_repeats).unwrap_or(i32::MAX))),
        ("probability_alive", float(&|s| s.probability_alive)),
        ("churn_probability", float(&|s| s.churn_probability)),
        ("orders", float(&|s| s.orders)),
        ("orders_lower", float(&|s| s.orders_lower)),
        ("orders_upper", float(&|s| s.orders_upper)),
        ("days_to_next_order", float(&|s| s.days_to_next_order)),
        ("value_a", float(&|s| s.discounted_orders * s.spend.intercept)),
        ("value_b", float(&|s| s.discounted_orders * s.spend.slope)),
        ("lower_a", scaled(&|s, scale| s.value_lower * scale.intercept)),
        ("lower_b", scaled(&|s, scale| s.value_lower * scale.slope)),
        ("upper_a", scaled(&|s, scale| s.value_upper * scale.intercept)),
        ("upper_b", scaled(&|s, scale| s.value_upper * scale.slope)),
    ];
    if detail.logs {
        columns.push(("value_log", float(&|s| s.spend.log_slope)));
        columns.push(("scale_log", scaled(&|_, scale| scale.log_slope)));
    }
    if detail.per_customer() {
        let rhythm: Int64Array = scores.iter().map(|s| s.history.rhythm).collect();
        columns.push(("rhythm", Arc::new(rhythm)));
    }
    if detail.profiles {
        columns.push(("profile", int(|s| i32::try_from(s.history.profile).unwrap_or(i32::MAX))));
    }
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(session.register(name, vec![batch])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "a quantile is one of the draws, unchanged")]
    fn quantiles_of_a_mixture_count_the_inactive_as_zero() {
        let draws = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(mixture_quantile(&draws, 1.0, 0.5), 2.0);
        assert_eq!(mixture_quantile(&draws, 1.0, 1.0), 4.0);
        // Half inactive: the distribution function is .5 at 0, .625 at 1, .75 at 2, .875 at 3 and 1 at 4.
        assert_eq!(mixture_quantile(&draws, 0.5, 0.5), 0.0);
        assert_eq!(mixture_quantile(&draws, 0.5, 0.6), 1.0);
        assert_eq!(mixture_quantile(&draws, 0.5, 0.9), 4.0);
        assert_eq!(mixture_quantile(&draws, 0.0, 0.9), 0.0);
        assert_eq!(mixture_quantile(&[], 0.5, 0.9), 0.0);
    }
}
