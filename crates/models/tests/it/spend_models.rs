//! What holds for every model of spend, and which of them says more about CDNOW's customers.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_math::{quadrature::GaussLegendre, random::stream};
use perennial_models::{
    FitError, GammaGamma, InvalidSpend, LogNormal, MeanSpend, SpendHistory, SpendHoldOut, SpendKind,
    SpendModel,
};

use crate::data::cdnow;

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
    let spends = [history(&[1e-6]), history(&vec![1e9; 10_000]), history(&[0.01, 1e7])];
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

/// Calibrated on the repeat transactions of weeks 1 to 39, compared on the customers who bought in weeks 40 to 78.
#[test]
fn log_normal_spend_foretells_cdnow_s_hold_out_better_than_gamma_gamma() {
    let customers = cdnow();
    let seen: Vec<SpendHistory> =
        customers.iter().filter_map(|customer| SpendHistory::of(&customer.values).ok()).collect();
    let hold_out: Vec<SpendHoldOut> = customers
        .iter()
        .filter_map(|customer| {
            let later = SpendHistory::of(&customer.later_values).ok()?;
            Some(SpendHoldOut { seen: SpendHistory::of(&customer.values).ok(), later, customers: 1.0 })
        })
        .collect();
    let scores = SpendKind::compare(&seen, &vec![1.0; seen.len()], &hold_out);
    // Better by both measures: within a customer the amounts are more skewed than a gamma distribution's.
    let expected = [(SpendKind::LogNormal, 17.403, -4.3593), (SpendKind::GammaGamma, 17.653, -4.5219)];
    for ((kind, score), (expected_kind, error, log_density)) in scores.iter().zip(expected) {
        let score = score.as_ref().expect("a score");
        assert_eq!((*kind, score.kind), (expected_kind, expected_kind));
        assert!((score.mean_absolute_error - error).abs() < 1e-3, "{score:?}");
        assert!((score.log_density - log_density).abs() < 1e-4, "{score:?}");
    }
}

#[test]
fn a_comparison_finds_the_model_that_made_the_data() {
    for truth in &models()[..2] {
        let draw = |customer: u64| {
            let mut rng = stream(31, customer);
            // One after the other, each given those before: the models' joint distribution. Gamma-Gamma learns p only from customers
            // with different numbers of transactions.
            let observed = 1 + usize::try_from(customer % 10).expect("small");
            let mut values: Vec<f64> = Vec::new();
            while values.len() < observed + 5 {
                let seen = SpendHistory::of(&values).ok();
                let x = seen.map_or(0, |seen| seen.transactions());
                let scale = truth.scale(x);
                let scale = seen.map_or(scale.intercept, |seen| scale.at(&seen).expect("a scale"));
                values.push(scale * truth.draw_scaled_total(x, 1, &mut rng));
            }
            (history(&values[..observed]), history(&values[observed..]))
        };
        let customers: Vec<_> = (0..10_000).map(draw).collect();
        let seen: Vec<SpendHistory> = customers.iter().map(|(seen, _)| *seen).collect();
        let hold_out: Vec<SpendHoldOut> = customers
            .iter()
            .map(|&(seen, later)| SpendHoldOut { seen: Some(seen), later, customers: 1.0 })
            .collect();
        let scores = SpendKind::compare(&seen, &vec![1.0; seen.len()], &hold_out);
        assert_eq!(scores[0].0.name(), truth.name(), "{scores:?}");
    }
}

#[test]
fn a_comparison_gives_the_reason_for_a_model_that_cannot_be_fitted() {
    let mean_only = [SpendHistory::new(2, 15.0).expect("a mean"); 20];
    for (kind, score) in SpendKind::compare(&mean_only, &[1.0; 20], &[]) {
        assert_eq!(
            kind == SpendKind::LogNormal,
            matches!(score, Err(FitError::Spend(InvalidSpend::NoLogs { .. }))),
            "{kind}: {score:?}"
        );
    }
}
