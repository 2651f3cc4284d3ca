//! Totals over all customers, with intervals.
//!
//! A total's variance has two parts: the customers' own randomness, which mostly averages out, and the uncertainty of the
//! parameters, which does not. The first is the sum of the customers' variances; the second follows by the delta method
//! from the total's slope in each log-parameter and their covariance. A third part is that the model is wrong: how far its
//! totals were off on hold-outs, relative to what came ([`ModelError`]). With many customers it is by far the largest. The
//! interval is the normal one.

use perennial_math::special::normal_quantile;
use perennial_models::{SpendModel, TimeUnit};

use crate::Definitions;
use crate::active::Forecaster;
use crate::figures::{Base, Estimate, Totals};
use crate::fitting::purchases;
use crate::scoring::Score;
use crate::spend_scale::{Amount, SpendScale};

/// Histories that the slopes are taken over; more than these are thinned out evenly.
const SLOPE_HISTORIES: usize = 20_000;
/// The relative step of a log-parameter for its slope.
const STEP: f64 = 1e-3;

/// How far the model's totals were off on hold-outs, as shares of what came; 0 where nothing could be held out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ModelError {
    pub orders: f64,
    pub value: f64,
}

/// Totals of scored customers. `value_factor` turns expected spend into value: margin x (1 - refund share).
pub(crate) fn totals(
    base: &Base,
    forecaster: &Forecaster,
    scores: &[Score],
    definitions: &Definitions,
    value_factor: Option<f64>,
    error: ModelError,
) -> Totals {
    let sample = thin(scores);
    let orders: f64 = scores.iter().map(|s| s.history.customers * s.orders).sum();
    let value: f64 = scores.iter().map(value_of).sum();
    let covariance = &forecaster.models.fit().covariance;
    let slopes = slopes(forecaster, &sample, definitions.unit);
    let own_orders: f64 = scores.iter().map(|s| s.history.customers * s.orders_variance).sum();
    let squared = |s: &Score| squared_scale(s, forecaster.spend.scale(s.history.paid_repeats));
    let own_value: f64 = scores.iter().map(|s| s.value_variance * squared(s)).sum();
    let orders_variance =
        own_orders + (quadratic(&slopes.orders, covariance) + error.orders.powi(2)) * orders.powi(2);
    let spend_variance = spend_variance(&forecaster.spend, &sample);
    let relative = quadratic(&slopes.value, covariance) + spend_variance + error.value.powi(2);
    let value_variance = own_value + relative * value.powi(2);
    let estimate = |point: f64, variance: f64| interval(point, variance, definitions.level);
    let historic = base.has_amounts.then(|| definitions.margin.rate() * base.net_revenue);
    let predicted = value_factor.map(|factor| scaled(estimate(value, value_variance), factor));
    Totals {
        customers: base.customers,
        historic_clv: historic,
        predicted_clv: predicted,
        total_clv: historic.zip(predicted).map(|(h, p)| shifted(p, h)),
        predicted_number_of_orders: Some(estimate(orders, orders_variance)),
        active_customers: Some(scores.iter().map(|s| s.history.customers * s.probability_alive).sum()),
    }
}

/// Totals where no model could be fitted: only what has been.
pub(crate) fn historic_totals(base: &Base, definitions: &Definitions) -> Totals {
    Totals {
        customers: base.customers,
        historic_clv: base.has_amounts.then(|| definitions.margin.rate() * base.net_revenue),
        predicted_clv: None,
        total_clv: None,
        predicted_number_of_orders: None,
        active_customers: None,
    }
}

fn interval(point: f64, variance: f64, level: f64) -> Estimate {
    let half = normal_quantile(f64::midpoint(1.0, level)) * variance.max(0.0).sqrt();
    Estimate { point, lower: (point - half).max(0.0), upper: point + half, level }
}

/// A negative factor, a margin below zero, turns the interval round.
fn scaled(estimate: Estimate, factor: f64) -> Estimate {
    let (one, other) = (estimate.lower * factor, estimate.upper * factor);
    Estimate {
        point: estimate.point * factor,
        lower: one.min(other),
        upper: one.max(other),
        level: estimate.level,
    }
}

fn shifted(estimate: Estimate, by: f64) -> Estimate {
    Estimate {
        point: estimate.point + by,
        lower: estimate.lower + by,
        upper: estimate.upper + by,
        level: estimate.level,
    }
}

/// The expected value of all customers of a history, before margin and refunds.
fn value_of(score: &Score) -> f64 {
    value_with(score, score.spend)
}

/// The same with another amount for the score's, near it: in the slope of the logarithms the sum over the customers is taken as linear.
fn value_with(score: &Score, spend: Amount) -> f64 {
    let powers = &score.history.powers;
    let power = powers.expected + (spend.log_slope - score.spend.log_slope) * powers.slope;
    score.discounted_orders * (spend.intercept * power + spend.slope * score.history.repeat_spend)
}

/// The sum over a history's customers of the squared spend scale.
fn squared_scale(score: &Score, scale: Amount) -> f64 {
    let h = &score.history;
    let (a, b) = (scale.intercept, scale.slope);
    a * a * h.powers.squared_scale + 2.0 * a * b * h.repeat_spend + b * b * h.repeat_spend_squared
}

/// Every k-th score, so that there are about [`SLOPE_HISTORIES`]; slopes are relative, so the rest needs no weight.
fn thin(scores: &[Score]) -> Vec<Score> {
    let every = scores.len().div_ceil(SLOPE_HISTORIES).max(1);
    scores.iter().step_by(every).copied().collect()
}

/// The slopes d ln(total) / d coordinate of each parameter, of orders and value.
struct Slopes {
    orders: Vec<f64>,
    value: Vec<f64>,
}

fn slopes(forecaster: &Forecaster, sample: &[Score], unit: TimeUnit) -> Slopes {
    let fit = forecaster.models.fit();
    let at = |index: usize, step: f64| {
        let mut values = fit.values();
        let scale = fit.parameters[index].scale;
        values[index] = scale.value(scale.coordinate(values[index]) + step);
        relative_totals(&values, forecaster, sample, unit)
    };
    let mut slopes = Slopes { orders: Vec::new(), value: Vec::new() };
    for index in 0..fit.parameters.len() {
        let (up, down) = (at(index, STEP), at(index, -STEP));
        let slope = |up: f64, down: f64| {
            let slope = (up.ln() - down.ln()) / (2.0 * STEP);
            if slope.is_finite() { slope } else { 0.0 }
        };
        slopes.orders.push(slope(up.0, down.0));
        slopes.value.push(slope(up.1, down.1));
    }
    slopes
}

/// Orders and value of the sampled histories under other values of the parameters.
fn relative_totals(values: &[f64], forecaster: &Forecaster, sample: &[Score], unit: TimeUnit) -> (f64, f64) {
    let (mut orders, mut value) = (0.0, 0.0);
    for group in sample.chunk_by(|a, b| forecaster.models.same_future(&a.history, &b.history)) {
        let Some((first, typical)) = group.first().and_then(|s| Some((s, purchases(&s.history, unit)?)))
        else {
            continue;
        };
        let Some(model) = forecaster.models.at(values, first.history.profile) else { continue };
        let (if_alive, discounted) = forecaster.expected_if_alive(model.as_ref(), &typical);
        for score in group {
            let Some(customer) = purchases(&score.history, unit) else { continue };
            let alive = model.probability_alive(&customer);
            orders += score.history.customers * alive * if_alive;
            let moved = Score { discounted_orders: alive * discounted, ..*score };
            value += value_of(&moved);
        }
    }
    (orders, value)
}

/// The relative variance of the value total that comes from the spend model's parameters.
fn spend_variance(spend: &SpendScale, sample: &[Score]) -> f64 {
    let SpendScale::Fitted(fit) = spend else { return 0.0 };
    let at = |index: usize, step: f64| {
        let mut values = fit.values();
        let scale = fit.parameters[index].scale;
        values[index] = scale.value(scale.coordinate(values[index]) + step);
        fit.model.with_parameters(&values).map_or(f64::NAN, |model| spend_total(model.as_ref(), sample))
    };
    let slopes: Vec<f64> = (0..fit.parameters.len())
        .map(|index| {
            let slope = (at(index, STEP).ln() - at(index, -STEP).ln()) / (2.0 * STEP);
            if slope.is_finite() { slope } else { 0.0 }
        })
        .collect();
    quadratic(&slopes, &fit.covariance)
}

/// The value of the sampled histories under a spend model.
fn spend_total(model: &dyn SpendModel, sample: &[Score]) -> f64 {
    let expected = |score: &Score| Amount::expected(model, score.history.paid_repeats);
    sample.iter().map(|score| value_with(score, expected(score))).sum()
}

/// v' M v.
fn quadratic(v: &[f64], m: &[Vec<f64>]) -> f64 {
    v.iter()
        .zip(m)
        .map(|(a, row)| a * row.iter().zip(v).map(|(x, b)| x * b).sum::<f64>())
        .sum::<f64>()
        .max(0.0)
}
