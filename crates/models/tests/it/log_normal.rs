//! Log-normal spend against published variance components, on simulated spend, and where the data say little.

use perennial_math::random::{standard_normal, stream};

use crate::assertions::{assert_near, assert_recovered};
use perennial_models::{
    Fit, FitError, InvalidSpend, LogNormal, Outcome, Parameters, SpendHistory, SpendModel,
};

/// Spends of customers of the model with between 1 and 10 transactions.
pub(crate) fn simulate(truth: &LogNormal, customers: u64, seed: u64) -> Vec<SpendHistory> {
    (0..customers)
        .map(|customer| {
            let mut rng = stream(seed, customer);
            let level = truth.mu() + truth.tau() * standard_normal(&mut rng);
            let values: Vec<f64> = (0..=customer % 10)
                .map(|_| (level + truth.sigma() * standard_normal(&mut rng)).exp())
                .collect();
            SpendHistory::of(&values).expect("a valid spend")
        })
        .collect()
}

fn fit(spends: &[SpendHistory]) -> Fit<LogNormal> {
    LogNormal::fit(spends, &vec![1.0; spends.len()]).expect("a fit")
}

/// Histories whose logarithms are these numbers.
fn with_logs(customers: &[[f64; 5]]) -> Vec<SpendHistory> {
    customers
        .iter()
        .map(|logs| {
            let mean = logs.iter().sum::<f64>() / 5.0;
            let squares = logs.iter().map(|log| (log - mean).powi(2)).sum();
            // The values themselves would overflow; this model looks at their logarithms only.
            SpendHistory::new(5, 1.0).expect("a mean").with_logs(mean, squares)
        })
        .collect()
}

/// The log-likelihood of the logarithms rather than of the values.
fn of_logs(log_likelihood: f64, customers: &[[f64; 5]]) -> f64 {
    log_likelihood + customers.iter().flatten().sum::<f64>()
}

/// The yields of dyestuff of Davies (1947), six batches of five. D. M. Bates, lme4: Mixed-effects modeling with R (2010), chapter 1,
/// prints the maximum-likelihood estimates: mean 1527.50 (standard error 17.69), standard deviations 37.26 between and 49.51 within
/// batches, deviance 327.3.
#[test]
fn the_variance_components_of_the_dyestuff_data_are_the_published_ones() {
    let yields = [
        [1545.0, 1440.0, 1440.0, 1520.0, 1580.0],
        [1540.0, 1555.0, 1490.0, 1560.0, 1495.0],
        [1595.0, 1550.0, 1605.0, 1510.0, 1560.0],
        [1445.0, 1440.0, 1595.0, 1465.0, 1545.0],
        [1595.0, 1630.0, 1515.0, 1635.0, 1625.0],
        [1520.0, 1455.0, 1450.0, 1480.0, 1445.0],
    ];
    // Twice each, as a fit needs ten customers: the estimates stay, the likelihood is squared.
    let fit = LogNormal::fit(&with_logs(&yields), &[2.0; 6]).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged);
    assert_near("mu", fit.model.mu(), 1527.5, 1e-6);
    assert_near("sigma", fit.model.sigma(), 49.51, 5e-3);
    assert_near("tau", fit.model.tau(), 37.26, 5e-3);
    let error = fit.parameters[0].standard_error.expect("a standard error");
    assert_near("error of mu", error * 2.0_f64.sqrt(), 17.69, 5e-3);
    let deviance = -2.0 * of_logs(0.5 * fit.log_likelihood, &yields);
    assert_near("deviance", deviance, 327.3, 0.05);
}

/// The simulated yields of Box and Tiao (1973), where the batches differ less than chance would have it. Bates (2010) prints a mean of
/// 5.6656, a standard deviation of 3.653 within batches and 0 between, deviance 162.9.
#[test]
fn batches_that_do_not_differ_bring_tau_to_its_edge_at_the_published_estimates() {
    let yields = [
        [7.298, 3.846, 2.434, 9.566, 7.990],
        [5.220, 6.556, 0.608, 11.788, -0.892],
        [0.110, 10.386, 13.434, 5.510, 8.166],
        [2.212, 4.852, 7.092, 9.288, 4.980],
        [0.282, 9.014, 4.458, 9.446, 7.198],
        [1.722, 4.782, 8.106, 0.758, 3.758],
    ];
    let fit = LogNormal::fit(&with_logs(&yields), &[2.0; 6]).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["tau".into()] });
    assert!(fit.model.tau() < 0.05, "{fit:?}");
    assert_near("mu", fit.model.mu(), 5.6656, 5e-5);
    assert_near("sigma", fit.model.sigma(), 3.653, 5e-4);
    assert_near("deviance", -2.0 * of_logs(0.5 * fit.log_likelihood, &yields), 162.9, 0.05);
}

#[test]
fn log_normal_is_recovered() {
    let truths = [
        [3.2, 0.6, 0.8],
        // Amounts in a currency of small units, where every customer has one price.
        [14.5, 0.02, 1.5],
        // Customers that hardly differ, and amounts far below 1.
        [-3.0, 1.8, 0.1],
        [0.0, 0.5, 3.0],
    ];
    for (seed, values) in truths.into_iter().enumerate() {
        let truth = LogNormal::from_values(&values).expect("parameters");
        let fit = fit(&simulate(&truth, 20_000, 20 + seed as u64));
        assert_recovered(&fit, &values);
    }
}

#[test]
fn the_unit_of_the_currency_moves_mu_alone() {
    let truth = LogNormal::new(2.0, 0.6, 0.8).expect("parameters");
    let spends = simulate(&truth, 1_000, 5);
    let in_rappen: Vec<SpendHistory> = spends
        .iter()
        .map(|spend| {
            let logs = spend.logs().expect("logarithms");
            SpendHistory::new(spend.transactions(), 1e9 * spend.mean())
                .expect("a mean")
                .with_logs(logs.mean + 1e9_f64.ln(), logs.squares)
        })
        .collect();
    let (one, other) = (fit(&spends), fit(&in_rappen));
    assert!((other.model.mu() - one.model.mu() - 1e9_f64.ln()).abs() < 1e-7);
    assert!((other.model.sigma() / one.model.sigma() - 1.0).abs() < 1e-7);
    assert!((other.model.tau() / one.model.tau() - 1.0).abs() < 1e-7);
    let transactions: f64 = spends.iter().map(|spend| f64::from(spend.transactions())).sum();
    assert!((other.log_likelihood - one.log_likelihood + transactions * 1e9_f64.ln()).abs() < 1e-4);
    let ratio = other.model.expected_mean_spend(&in_rappen[7]) / one.model.expected_mean_spend(&spends[7]);
    assert!((ratio / 1e9 - 1.0).abs() < 1e-6);
}

#[test]
fn counts_weigh_as_copies() {
    let spends = simulate(&LogNormal::new(3.0, 0.6, 0.8).expect("parameters"), 500, 4);
    let copied = fit(&[spends.clone(), spends.clone()].concat());
    let counted = LogNormal::fit(&spends, &vec![2.0; spends.len()]).expect("a fit");
    assert!((copied.log_likelihood / counted.log_likelihood - 1.0).abs() < 1e-12);
    assert!((copied.model.tau() / counted.model.tau() - 1.0).abs() < 1e-7);
}

#[test]
fn the_log_likelihood_of_a_fit_is_the_sum_of_the_customers_densities() {
    let spends = simulate(&LogNormal::new(3.0, 0.6, 0.8).expect("parameters"), 300, 6);
    let fit = fit(&spends);
    let sum: f64 = spends.iter().map(|spend| fit.model.log_density(None, spend).expect("a density")).sum();
    assert!((fit.log_likelihood / sum - 1.0).abs() < 1e-11, "{} {sum}", fit.log_likelihood);
    let direct = fit.model.log_likelihood(&spends, &vec![1.0; spends.len()]).expect("a likelihood");
    assert!((direct / sum - 1.0).abs() < 1e-11);
}

#[test]
fn customers_who_always_spend_the_same_bring_sigma_to_its_edge() {
    let spends: Vec<SpendHistory> = (0..200_u32)
        .map(|i| SpendHistory::of(&vec![5.0 + f64::from(i); 2 + i as usize % 5]).expect("a spend"))
        .collect();
    let fit = fit(&spends);
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["sigma".into()] });
    for spend in &spends {
        let expected = fit.model.expected_mean_spend(spend);
        assert!((expected / spend.mean() - 1.0).abs() < 1e-6, "{expected} {spend:?}");
    }
    let logs: Vec<f64> = spends.iter().map(|spend| spend.mean().ln()).collect();
    let mean = logs.iter().sum::<f64>() / 200.0;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / 200.0;
    assert!((fit.model.tau() / variance.sqrt() - 1.0).abs() < 1e-5, "{fit:?}");
}

#[test]
fn equal_spends_run_to_both_edges_and_predict_that_spend() {
    let spends: Vec<SpendHistory> =
        (0..100).map(|i| SpendHistory::of(&vec![25.0; 1 + i % 5]).expect("a spend")).collect();
    let fit = fit(&spends);
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["sigma".into(), "tau".into()] });
    assert!((fit.model.expected_mean_spend(&spends[3]) - 25.0).abs() < 1e-3, "{fit:?}");
    assert!((fit.model.expected_mean_spend_new() - 25.0).abs() < 1e-3, "{fit:?}");
}

#[test]
fn single_transactions_tell_only_the_sum_of_the_variances() {
    let truth = LogNormal::new(3.0, 0.6, 0.8).expect("parameters");
    let singles: Vec<SpendHistory> = simulate(&truth, 20_000, 9).into_iter().step_by(10).collect();
    assert!(singles.iter().all(|spend| spend.transactions() == 1));
    let fit = fit(&singles);
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["sigma".into(), "tau".into()] });
    let variance = fit.model.sigma().powi(2) + fit.model.tau().powi(2);
    // The variance of a sample variance of n normal variates is 2 / n.
    assert!((variance - 1.0).abs() < 3.0 * (2.0_f64 / 2000.0).sqrt(), "{variance}");
}

#[test]
fn histories_that_do_not_do_are_refused() {
    let good = SpendHistory::of(&[10.0, 20.0]).expect("a spend");
    let without = SpendHistory::new(2, 15.0).expect("a mean");
    let refused = |spends: &[SpendHistory]| LogNormal::fit(spends, &vec![1.0; spends.len()]).unwrap_err();
    assert!(matches!(
        refused(&[vec![good; 50], vec![without]].concat()),
        FitError::Spend(InvalidSpend::NoLogs { transactions: 2, .. })
    ));
    let invalid = perennial_models::MeanSpend { transactions: 0, mean: 3.0 };
    assert!(matches!(
        refused(&[vec![good; 50], vec![invalid.into()]].concat()),
        FitError::Spend(InvalidSpend::Mean { .. })
    ));
    assert!(matches!(refused(&[good; 9]), FitError::TooFewRepeatCustomers { repeat_customers: 9, .. }));
    assert!(matches!(refused(&[]), FitError::TooFewRepeatCustomers { repeat_customers: 0, .. }));
    for values in [[1.0, 0.0], [1.0, -3.0], [1.0, f64::NAN], [1.0, f64::INFINITY]] {
        assert!(SpendHistory::of(&values).is_err());
    }
    assert!(SpendHistory::of(&[]).is_err());
    for (mean, squares) in [(f64::NAN, 1.0), (1.0, -1.0), (f64::INFINITY, 0.0)] {
        assert_eq!(good.with_logs(mean, squares).logs(), None);
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    for values in [[f64::NAN, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, f64::INFINITY], [1.0, -1.0, 1.0]] {
        assert!(LogNormal::from_values(&values).is_err(), "{values:?}");
    }
    assert!(LogNormal::from_values(&[1.0, 1.0]).is_err());
    assert!(LogNormal::new(-5.0, 1.0, 1.0).is_ok());
}

/// The squared errors of 60 fits, each in units of its own standard error, are 1 in the mean.
#[test]
fn standard_errors_are_as_large_as_the_estimates_scatter() {
    let truth = LogNormal::new(1.0, 0.7, 0.4).expect("parameters");
    let mut squares = [0.0; 3];
    for seed in 0..60 {
        let fit = fit(&simulate(&truth, 500, 100 + seed));
        for ((square, estimate), true_value) in squares.iter_mut().zip(&fit.parameters).zip(truth.values()) {
            let error = estimate.standard_error.expect("a standard error");
            *square += ((estimate.value - true_value) / error).powi(2) / 60.0;
        }
    }
    // The mean of 60 squares of normal variates has the standard deviation sqrt(2 / 60) = 0.18.
    assert!(squares.iter().all(|square| (square - 1.0).abs() < 0.55), "{squares:?}");
}
