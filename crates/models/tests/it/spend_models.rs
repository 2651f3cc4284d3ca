//! What holds for every model of spend, and which of them says more about CDNOW's customers.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_math::{quadrature::GaussLegendre, random::stream};
use perennial_models::{GammaGamma, LogNormal, MeanSpend, SpendHistory, SpendModel};

use crate::data::{Customer, cdnow};

fn models() -> Vec<Box<dyn SpendModel>> {
    vec![
        Box::new(GammaGamma::new(6.25, 3.74, 15.44).expect("parameters")),
        Box::new(LogNormal::new(3.3, 0.6, 0.5).expect("parameters")),
        Box::new(LogNormal::new(-2.0, 0.05, 1.1).expect("parameters")),
    ]
}

fn history(values: &[f64]) -> SpendHistory {
    SpendHistory::of(values).expect("a spend")
}

#[test]
fn simulated_totals_have_the_expected_mean() {
    let customer = history(&[30.0, 45.0, 45.0]);
    let mut rng = stream(9, 0);
    for model in models() {
        for (observed, expected) in
            [(3, model.expected_mean_spend(&customer)), (0, model.expected_mean_spend_new())]
        {
            let n = 200_000;
            let total: f64 = (0..n).map(|_| model.draw_scaled_total(observed, 4, &mut rng)).sum();
            let scale = model.scale(observed).at(&customer).expect("a scale");
            let mean = scale * total / f64::from(n) / 4.0;
            assert!((mean / expected - 1.0).abs() < 0.015, "{model:?}: {mean} {expected}");
        }
        assert_eq!(model.draw_scaled_total(3, 0, &mut rng), 0.0);
    }
}

#[test]
fn the_density_of_the_next_value_integrates_to_one_with_the_expected_mean() {
    let rule = GaussLegendre::new(16);
    let customer = history(&[30.0, 45.0, 45.0]);
    for model in models() {
        for seen in [None, Some(&customer)] {
            // Over ln(value), in panels narrow against the smallest spread.
            let density =
                |log: f64| (model.log_density(seen, &history(&[log.exp()])).expect("a density") + log).exp();
            let panels = |of: &dyn Fn(f64) -> f64| -> f64 {
                (-480..480).map(|i| rule.integrate(of, f64::from(i) / 16.0, f64::from(i + 1) / 16.0)).sum()
            };
            let (mass, mean) = (panels(&density), panels(&|log| density(log) * log.exp()));
            let expected = seen.map_or(model.expected_mean_spend_new(), |s| model.expected_mean_spend(s));
            assert!((mass - 1.0).abs() < 1e-9, "{model:?}: {mass}");
            assert!((mean / expected - 1.0).abs() < 1e-9, "{model:?}: {mean} {expected}");
        }
    }
}

#[test]
fn the_density_of_many_values_is_that_of_each_given_those_before() {
    let values = [12.0, 30.0, 7.5, 60.0, 12.0];
    for model in models() {
        let at_once = model.log_density(None, &history(&values)).expect("a density");
        let first = model.log_density(None, &history(&values[..2])).expect("a density");
        let rest =
            model.log_density(Some(&history(&values[..2])), &history(&values[2..])).expect("a density");
        assert!((first + rest - at_once).abs() < 1e-9 * at_once.abs(), "{model:?}: {first} {rest} {at_once}");
    }
}

#[test]
fn what_a_history_does_not_say_counts_as_unknown() {
    let mean_only = SpendHistory::new(3, 40.0).expect("a mean");
    let invalid = SpendHistory::from(MeanSpend { transactions: 0, mean: f64::NAN });
    for model in models() {
        let new = model.expected_mean_spend_new();
        assert_eq!(model.expected_mean_spend(&invalid), new);
        assert_eq!(model.expected_mean_spend(&mean_only) == new, model.name() == "log-normal");
        assert_eq!(model.log_density(None, &mean_only), None);
        assert_eq!(model.log_density(None, &invalid), None);
        let typical = model.typical_history(4);
        assert!((model.scale(4).at(&typical).expect("a scale") / new).is_finite());
    }
}

#[test]
fn extremes_stay_finite() {
    let parameters = [1e-4, 0.5, 30.0];
    let spends = [history(&[1e-6]), history(&[1e9; 10_000]), history(&[0.01, 1e7])];
    for sigma in parameters {
        for tau in parameters {
            for mu in [-13.0, 0.0, 20.0] {
                let model = LogNormal::new(mu, sigma, tau).expect("parameters");
                for spend in &spends {
                    let expected = model.expected_mean_spend(spend);
                    assert!(expected.is_finite() && expected >= 0.0, "{model:?} {spend:?} {expected}");
                    assert!(model.log_density(Some(spend), &spends[2]).is_some_and(f64::is_finite));
                }
            }
        }
    }
}

/// How well a model foretells the customers who bought in the hold-out.
#[derive(Debug)]
struct Foretold {
    /// The mean absolute error of the customers' mean spend.
    error: f64,
    /// The mean log-density of the values, per transaction.
    log_density: f64,
}

fn foretell(model: &dyn SpendModel, customers: &[Customer]) -> Foretold {
    let (mut error, mut log_density, mut buyers, mut transactions) = (0.0, 0.0, 0.0, 0.0);
    for customer in customers {
        let Ok(later) = SpendHistory::of(&customer.later_values) else { continue };
        let seen = SpendHistory::of(&customer.values).ok();
        let expected =
            seen.as_ref().map_or(model.expected_mean_spend_new(), |seen| model.expected_mean_spend(seen));
        error += (expected - later.mean()).abs();
        log_density += model.log_density(seen.as_ref(), &later).expect("a density");
        buyers += 1.0;
        transactions += f64::from(later.transactions());
    }
    Foretold { error: error / buyers, log_density: log_density / transactions }
}

/// Calibrated on the repeat transactions of weeks 1 to 39, compared on weeks 40 to 78.
#[test]
fn log_normal_spend_foretells_cdnow_s_hold_out_better_than_gamma_gamma() {
    let customers = cdnow();
    let seen: Vec<SpendHistory> =
        customers.iter().filter_map(|customer| SpendHistory::of(&customer.values).ok()).collect();
    let counts = vec![1.0; seen.len()];
    let means: Vec<MeanSpend> = seen.iter().map(SpendHistory::mean_spend).collect();
    let gamma = GammaGamma::fit(&means, &counts).expect("a fit");
    let log_normal = LogNormal::fit(&seen, &counts).expect("a fit");
    let (gamma, log_normal) = (foretell(&gamma.model, &customers), foretell(&log_normal.model, &customers));
    // Log-normal spend is better by both measures: a CD more or less is a factor of the amount, and few amounts are large.
    assert!((gamma.error - 17.653).abs() < 1e-3, "{gamma:?}");
    assert!((log_normal.error - 17.403).abs() < 1e-3, "{log_normal:?}");
    assert!((gamma.log_density + 4.5219).abs() < 1e-4, "{gamma:?}");
    assert!((log_normal.log_density + 4.3593).abs() < 1e-4, "{log_normal:?}");
}
