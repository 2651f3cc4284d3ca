//! Pareto/GGG: its limit, simulated truth, the grocer's regular customers.

use perennial_math::random::stream;
use perennial_models::{
    CustomerBase, FitError, Outcome, Parameters, ParetoGgg, ParetoNbd, Purchases, TransactionModel,
};

use crate::{
    assertions::assert_recovered,
    data::{Customer, grocery_until},
    recovery::{log_intervals, simulate},
};

fn ggg(parameters: [f64; 6]) -> ParetoGgg {
    ParetoGgg::new(parameters).expect("parameters")
}

fn history(x: u32, recency: f64, age: f64, log_intervals: f64) -> Purchases {
    Purchases::new(x, recency, age).expect("a valid history").with_log_intervals(log_intervals)
}

#[test]
fn with_every_k_one_it_is_pareto_nbd() {
    let pareto = ParetoNbd::new(0.55, 10.6, 0.6, 11.7).expect("parameters");
    let model = ggg([0.55, 10.6, 0.6, 11.7, 1e6, 1e6]);
    for customer in [history(0, 0.0, 30.0, 0.0), history(2, 30.4, 38.9, 4.0), history(26, 30.0, 31.0, 1.0)] {
        let base: CustomerBase = [customer].into_iter().collect();
        let (one, other) = (model.log_likelihood(&base), pareto.log_likelihood(&base));
        assert!((one - other).abs() < 1e-4, "{customer:?} {one} {other}");
        let (one, other) = (model.probability_alive(&customer), pareto.probability_alive(&customer));
        assert!((one - other).abs() < 1e-4, "{customer:?} {one} {other}");
        // Within four Monte Carlo standard errors, from the spread of the customer's number of purchases.
        let deviation = |horizon: f64| {
            let mean = pareto.expected_purchases_if_alive(&customer, horizon);
            let second: f64 = (0..2000)
                .map(|n| f64::from(n * n) * pareto.probability_of_n_purchases_if_alive(&customer, n, horizon))
                .sum();
            (second - mean * mean).sqrt()
        };
        let horizon = 39.0;
        let one = model.expected_purchases_if_alive(&customer, horizon);
        let other = pareto.expected_purchases_if_alive(&customer, horizon);
        let error = deviation(horizon) / 1000.0_f64.sqrt();
        assert!((one - other).abs() < 4.0 * error, "{customer:?} {one} {other} {error}");
        let one = model.discounted_expected_residual_transactions_if_alive(&customer, 0.01);
        let other = pareto.discounted_expected_residual_transactions_if_alive(&customer, 0.01);
        let error = deviation(200.0) / 1000.0_f64.sqrt();
        assert!((one - other).abs() < 4.0 * error, "{customer:?} {one} {other} {error}");
        let (one, other) =
            (model.median_time_to_next_purchase(&customer), pareto.median_time_to_next_purchase(&customer));
        assert!((one / other - 1.0).abs() < 0.15, "{customer:?} {one} {other}");
    }
    let (one, other) = (model.expected_purchases_new(52.0), pareto.expected_purchases_new(52.0));
    assert!((one / other - 1.0).abs() < 0.06, "{one} {other}");
}

#[test]
fn counts_sum_to_one_and_have_the_expected_mean() {
    let model = ggg([1.5, 8.0, 0.8, 20.0, 3.0, 1.0]);
    for customer in [history(0, 0.0, 30.0, 0.0), history(5, 25.0, 31.0, 7.9), history(8, 30.0, 31.0, 4.0)] {
        let horizon = 20.0;
        let (mut sum, mut mean) = (0.0, 0.0);
        for n in 0..60 {
            let probability = model.probability_of_n_purchases_if_alive(&customer, n, horizon);
            sum += probability;
            mean += f64::from(n) * probability;
        }
        let expected = model.expected_purchases_if_alive(&customer, horizon);
        assert!(
            (sum - 1.0).abs() < 1e-9 && (mean - expected).abs() < 1e-9 * (1.0 + mean),
            "{sum} {mean} {expected}"
        );
        let mut rng = stream(5, 0);
        let (mut simulated, mut squares, draws) = (0.0, 0.0, 20_000);
        model.simulate_futures_if_alive(&customer, horizon, draws, &mut rng, &mut |times| {
            assert!(times.is_sorted() && times.iter().all(|time| *time > 0.0 && *time <= horizon));
            simulated += times.len() as f64;
            squares += (times.len() * times.len()) as f64;
        });
        let n = draws as f64;
        let deviation = (squares / n - (simulated / n).powi(2)).sqrt();
        let error = deviation * (1.0 / n + 1.0 / 1000.0).sqrt();
        assert!((simulated / n - expected).abs() < 4.0 * error, "{} {expected} {error}", simulated / n);
    }
}

/// Regular, random and clumpy customers.
const POPULATIONS: [[f64; 6]; 3] =
    [[2.0, 6.0, 0.8, 20.0, 6.0, 1.5], [1.5, 5.0, 0.7, 15.0, 20.0, 20.0], [2.0, 6.0, 0.8, 20.0, 3.0, 6.0]];

#[test]
fn regular_random_and_clumpy_customers_are_recovered() {
    for (seed, truth) in POPULATIONS.into_iter().enumerate() {
        let truth = ggg(truth);
        let base = simulate(&truth, 300, 60.0, 100 + seed as u64);
        assert_recovered(&ParetoGgg::fit(&base).expect("a fit"), &truth.values());
    }
}

/// What simulated customers do after the end of the observation is what the model that made them expects.
#[test]
fn forecasts_of_the_truth_come_true() {
    let (age, horizon) = (40.0, 20.0);
    for (seed, parameters) in POPULATIONS.into_iter().enumerate() {
        let model = ggg(parameters);
        let mut times = Vec::new();
        // Customers silent for long and not, whose activity is the question.
        let mut groups = [[0.0_f64; 4]; 3];
        for number in 0..400 {
            model.simulate_new(age + horizon, &mut stream(200 + seed as u64, number), &mut times);
            let until = times.partition_point(|time| *time <= age);
            let past = &times[..until];
            let last = past.last().copied().unwrap_or(0.0);
            let customer = history(u32::try_from(until).expect("few"), last, age, log_intervals(past));
            let group = &mut groups[if until == 0 {
                0
            } else if last < 0.7 * age {
                1
            } else {
                2
            }];
            let later = (times.len() - until) as f64;
            let expected = model.expected_purchases(&customer, horizon);
            group[0] += later;
            group[1] += expected;
            group[2] += (later - expected).powi(2);
            group[3] += 1.0;
        }
        // Few purchases scatter as a Poisson count, whatever the squares happen to be.
        for [later, expected, squares, customers] in groups {
            assert!(
                (later - expected).abs() < 3.5 * squares.max(1.0 + expected).sqrt(),
                "{parameters:?} {customers}: {later} {expected}"
            );
        }
    }
}

#[test]
fn without_intervals_there_is_no_fit_but_a_forecast() {
    let model = ggg([1.5, 8.0, 0.8, 20.0, 3.0, 1.0]);
    let base = simulate(&model, 100, 40.0, 1);
    let bare: CustomerBase = base
        .histories()
        .iter()
        .map(|h| Purchases::new(h.frequency(), h.recency(), h.age()).expect("a valid history"))
        .collect();
    assert_eq!(
        ParetoGgg::fit(&bare).expect_err("no intervals"),
        FitError::NoIntervals { model: "pareto-ggg" }
    );
    assert!(model.log_likelihood(&bare).is_finite());
    for customer in bare.histories() {
        let alive = model.probability_alive(customer);
        assert!((0.0..=1.0).contains(&alive));
        assert!(model.expected_purchases(customer, 10.0).is_finite());
    }
    // Of one interval its length is all there is to know.
    let known = history(1, 10.0, 30.0, 10.0_f64.ln());
    let unknown = Purchases::new(1, 10.0, 30.0).expect("a valid history");
    assert!((model.probability_alive(&known) - model.probability_alive(&unknown)).abs() < 1e-10);
}

/// The mean absolute error over 2007.
fn error(model: &dyn TransactionModel, customers: &[Customer]) -> f64 {
    let error = |customer: &Customer| {
        (model.expected_purchases(&customer.history, 52.0) - f64::from(customer.later)).abs()
    };
    customers.iter().map(error).sum::<f64>() / customers.len() as f64
}

/// The customers of the online grocer buy regularly, as Platzer and Reutterer (2016) found of theirs. The fit
/// takes some twenty-five seconds of CPU; no smaller data at hand shows regularity.
#[test]
fn the_grocers_customers_are_regular_and_better_forecast() {
    let Some(customers) = grocery_until("2006-12-31") else { return };
    let base: CustomerBase = customers.iter().map(|customer| customer.history).collect();
    let fit = ParetoGgg::fit(&base).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged, "{fit:?}");
    let pareto = ParetoNbd::fit(&base).expect("a fit");
    assert!((fit.log_likelihood + 14_430.7).abs() < 0.06, "{fit:?}");
    assert!((pareto.log_likelihood + 15_782.4).abs() < 0.06, "{pareto:?}");
    for (estimate, printed) in fit.parameters.iter().zip([0.984, 5.39, 0.427, 4.16, 1.67, 0.371]) {
        assert!((estimate.value / printed - 1.0).abs() < 4e-3, "{estimate:?}");
    }
    let k = fit.model.mean_regularity();
    assert!((k - 4.50).abs() < 0.01, "{k}");
    let (ours, theirs) = (error(&fit.model, &customers), error(&pareto.model, &customers));
    assert!((ours - 1.38).abs() < 6e-3 && (theirs - 1.51).abs() < 6e-3, "{ours} {theirs}");
}
