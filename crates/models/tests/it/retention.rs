//! sBG and `BdW` on the published tables of retention, on simulated contracts, and at extremes.
//!
//! Source of the tables, of sBG's estimates on years 1 to 7 and of its projection: Fader and Hardie (2007).

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_math::random::stream;
use perennial_models::{
    BetaDiscreteWeibull, Fit, FitError, Outcome, Parameters, RetentionModel, Sbg, Tenure, TenureBase,
};
use proptest::prelude::*;

use crate::{assertions::assert_recovered, data::retention_tables};

/// A cohort of a thousand, as in the paper, from the percentages left after each year.
fn cohort(percentages: &[f64]) -> TenureBase {
    let alive: Vec<f64> = percentages.iter().map(|percent| 10.0 * percent).collect();
    let mut base = TenureBase::new();
    base.push_cohort(&alive).expect("a cohort");
    base
}

/// The mean absolute error of the shares left in years 8 to 12, in percentage points.
fn projection_error(model: &dyn RetentionModel, percentages: &[f64]) -> f64 {
    let errors = (8..13_u32)
        .zip(&percentages[8..])
        .map(|(year, percent)| (100.0 * model.survival(year.into()) - percent).abs());
    errors.sum::<f64>() / 5.0
}

#[test]
fn the_published_estimates_and_projections_come_out() {
    let Some([high_end, regular]) = retention_tables() else { return };
    for (percentages, published, log_likelihood, error) in
        [(&high_end, [0.668, 3.806], -1_611.16, 1.2), (&regular, [0.704, 1.182], -1_680.27, 0.3)]
    {
        let fit = Sbg::fit(&cohort(&percentages[..8])).expect("a fit");
        assert_eq!(fit.outcome, Outcome::Converged);
        for (estimate, published) in fit.parameters.iter().zip(published) {
            assert!((estimate.value - published).abs() < 5.1e-4, "{estimate:?}, published {published}");
        }
        assert!((fit.log_likelihood - log_likelihood).abs() < 6e-3, "{}", fit.log_likelihood);
        let projected = projection_error(&fit.model, percentages);
        assert!(projected < error, "{projected} percentage points");
    }
}

/// The duration of the contract matters for the segment High End (2 times the gain in log-likelihood is 11.7, chance exceeds 10.8 once in a
/// thousand) and not for Regular (1.3); where it matters the projection gains by it.
#[test]
fn duration_matters_for_one_of_the_segments() {
    let Some([high_end, regular]) = retention_tables() else { return };
    let fits = [&high_end, &regular].map(|percentages| {
        let base = cohort(&percentages[..8]);
        let [sbg, weibull] = [
            Sbg::fit(&base).map(Fit::into_dyn_retention),
            BetaDiscreteWeibull::fit(&base).map(Fit::into_dyn_retention),
        ]
        .map(|fit| fit.expect("a fit"));
        assert_eq!(weibull.outcome, Outcome::Converged);
        let gain = 2.0 * (weibull.log_likelihood - sbg.log_likelihood);
        let errors = [&sbg, &weibull].map(|fit| projection_error(fit.model.as_ref(), percentages));
        (gain, errors, weibull.values()[2], weibull.parameters[2].standard_error)
    });
    let [(gain, [sbg, weibull], c, error), (little, [_, regular], near_one, its_error)] = fits;
    assert!((gain - 11.688).abs() < 0.01 && (c - 1.7236).abs() < 1e-3, "{gain} {c}");
    assert!(error.is_some_and(|error| c - 1.0 > 2.0 * error));
    assert!(sbg > 1.1 && weibull < 0.6, "{sbg} {weibull}");
    assert!((little - 1.325).abs() < 0.01 && (near_one - 1.2835).abs() < 1e-3, "{little} {near_one}");
    assert!(its_error.is_some_and(|error| near_one - 1.0 < error) && regular < 0.3, "{regular}");
}

#[test]
fn the_weibull_at_c_one_is_sbg() {
    let base = cohort(&[100.0, 63.1, 46.8, 38.2, 32.6]);
    for [alpha, beta] in [[0.704, 1.182], [1.0, 1.0], [3.0, 20.0], [1e-3, 1e3]] {
        let sbg = Sbg::new(alpha, beta).expect("parameters");
        let weibull = BetaDiscreteWeibull::new(alpha, beta, 1.0).expect("parameters");
        assert_eq!(sbg.log_likelihood(&base), weibull.log_likelihood(&base));
        for survived in [0, 1, 40] {
            assert_eq!(sbg.ln_survival_from(survived, 7.0), weibull.ln_survival_from(survived, 7.0));
            assert_eq!(sbg.median_residual_lifetime(survived), weibull.median_residual_lifetime(survived));
            for (horizon, discount) in [
                (Some(3), 0.1),
                (Some(5_000), 0.0),
                (Some(100_000), 1e-4),
                (None, 0.1),
                (None, 3e-4),
                (None, 0.0),
            ] {
                let [closed, summed] = [&sbg as &dyn RetentionModel, &weibull]
                    .map(|model| model.discounted_renewals(survived, horizon, discount));
                let equal = (summed / closed - 1.0).abs() < 1e-9 || summed == closed;
                assert!(equal, "{sbg:?} {survived} {horizon:?} {discount}: {closed} {summed}");
            }
        }
    }
}

/// The closed forms of Fader and Hardie against sums of S(t) one by one.
#[test]
fn lifetimes_are_sums_of_the_survival() {
    let models: [Box<dyn RetentionModel>; 4] = [
        Box::new(Sbg::new(2.5, 7.0).expect("parameters")),
        Box::new(Sbg::new(0.668, 3.806).expect("parameters")),
        Box::new(BetaDiscreteWeibull::new(0.3, 2.0, 1.7).expect("parameters")),
        Box::new(BetaDiscreteWeibull::new(2.0, 0.8, 0.6).expect("parameters")),
    ];
    for model in models {
        let mut total = 0.0;
        for period in 1..=200 {
            let share = model.churn_probability(period);
            total += share;
            let rate = 1.0 - share / model.survival(f64::from(period) - 1.0);
            assert!((model.retention_rate(period) - rate).abs() < 1e-12, "{model:?}");
        }
        assert!((total + model.survival(200.0) - 1.0).abs() < 1e-12, "{model:?}");
        for survived in [0_u32, 3] {
            let conditional =
                |k: u32| model.survival(f64::from(survived + k)) / model.survival(survived.into());
            let brute: f64 = (1..=1_500).map(|k| conditional(k) / 1.1_f64.powf(f64::from(k) - 1.0)).sum();
            let derl = model.discounted_expected_residual_lifetime(survived, 0.1);
            assert!((derl / brute - 1.0).abs() < 1e-10, "{model:?}: {derl} {brute}");
            let brute: f64 = (1..=50).map(conditional).sum();
            let within = model.discounted_renewals(survived, Some(50), 0.0);
            assert!((within / brute - 1.0).abs() < 1e-11, "{model:?}: {within} {brute}");
        }
    }
    let sbg = Sbg::new(2.5, 7.0).expect("parameters");
    assert!((sbg.expected_lifetime() - 8.5 / 1.5).abs() < 1e-12);
    assert!(
        (sbg.discounted_expected_lifetime(0.1) - 1.0 - sbg.discounted_renewals(0, None, 0.1)).abs() < 1e-12
    );
    assert!(Sbg::new(0.9, 7.0).expect("parameters").expected_lifetime().is_infinite());
    // E(T) is finite when alpha c > 1: a sum to the power law and what lies beyond it.
    let weibull = BetaDiscreteWeibull::new(0.9, 2.0, 1.5).expect("parameters");
    let brute: f64 = (1..2_000_000).map(|k| weibull.survival(f64::from(k))).sum();
    let beyond = 2e6 * weibull.survival(2e6) / 0.35;
    let ours = weibull.expected_residual_lifetime(0);
    assert!((ours / (brute + beyond) - 1.0).abs() < 1e-6, "{ours} {brute} {beyond}");
    assert!(BetaDiscreteWeibull::new(0.9, 2.0, 1.1).expect("parameters").expected_lifetime().is_infinite());
}

/// Contracts of a model, each observed for 3 to 14 periods.
fn simulate(model: &dyn RetentionModel, customers: u64, seed: u64) -> TenureBase {
    (0..customers)
        .map(|customer| {
            let mut rng = stream(seed, customer);
            let observed = 3 + u32::try_from(customer % 12).expect("small");
            let renewals = model.simulate_renewals(0, &mut rng);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small whole number"
            )]
            let tenure = if renewals < f64::from(observed) {
                Tenure::new(renewals as u32 + 1, true)
            } else {
                Tenure::new(observed, false)
            };
            tenure.expect("a tenure")
        })
        .collect()
}

#[test]
fn sbg_is_recovered() {
    for (seed, truth) in (0..).zip([[0.668, 3.806], [2.0, 2.0], [0.1, 0.3], [20.0, 100.0]]) {
        let model = Sbg::from_values(&truth).expect("parameters");
        assert_recovered(&Sbg::fit(&simulate(&model, 20_000, seed)).expect("a fit"), &truth);
    }
}

#[test]
fn the_weibull_is_recovered_on_both_sides_of_one() {
    for (seed, truth) in (10..).zip([[0.7, 1.5, 0.6], [0.5, 4.0, 1.6], [2.0, 8.0, 1.0], [1.0, 30.0, 2.5]]) {
        let model = BetaDiscreteWeibull::from_values(&truth).expect("parameters");
        let fit = BetaDiscreteWeibull::fit(&simulate(&model, 50_000, seed)).expect("a fit");
        assert_recovered(&fit, &truth);
    }
}

#[test]
fn simulated_customers_stay_as_long_as_expected() {
    let models: [Box<dyn RetentionModel>; 3] = [
        Box::new(Sbg::new(3.5, 7.0).expect("parameters")),
        Box::new(BetaDiscreteWeibull::new(4.0, 6.0, 0.8).expect("parameters")),
        Box::new(BetaDiscreteWeibull::new(2.5, 20.0, 1.9).expect("parameters")),
    ];
    for model in models {
        for survived in [0, 4] {
            let n = 100_000;
            let mut lasting = 0.0;
            let (mut sum, mut squares) = (0.0, 0.0);
            for draw in 0..n {
                let renewals = model.simulate_renewals(survived, &mut stream(77, draw));
                sum += renewals;
                squares += renewals * renewals;
                lasting += f64::from(u8::from(renewals >= 3.0));
            }
            let n = n as f64;
            let share = model.ln_survival_from(survived, 3.0).exp();
            let error = (share * (1.0 - share) / n).sqrt();
            assert!((lasting / n - share).abs() < 4.0 * error, "{model:?} {survived}: {lasting} {share}");
            let (mean, expected) = (sum / n, model.expected_residual_lifetime(survived));
            let error = ((squares / n - mean * mean) / n).sqrt();
            assert!((mean - expected).abs() < 4.0 * error, "{model:?} {survived}: {mean} {expected}");
        }
    }
}

#[test]
fn the_median_is_where_half_have_left() {
    let model = Sbg::new(0.668, 3.806).expect("parameters");
    for survived in [0, 1, 7, 100] {
        let median = model.median_residual_lifetime(survived);
        let left = |periods: f64| model.ln_survival_from(survived, periods).exp();
        assert!(left(median) <= 0.5 && left(median - 1.0) > 0.5, "{survived}: {median}");
    }
}

#[test]
fn too_few_departures_are_an_error_and_none_later_an_edge() {
    let mut base = TenureBase::new();
    base.push(Tenure::new(3, false).expect("a tenure"), 1_000);
    base.push(Tenure::new(1, true).expect("a tenure"), 9);
    let error = Sbg::fit(&base).expect_err("too little");
    assert_eq!(error, FitError::TooFewEnded { model: "sbg", ended: 9, needed: 10 });
    // All who leave do so at once: the customers are of two kinds, alpha and beta both vanish.
    base.push(Tenure::new(1, true).expect("a tenure"), 500);
    for outcome in
        [Sbg::fit(&base).expect("a fit").outcome, BetaDiscreteWeibull::fit(&base).expect("a fit").outcome]
    {
        assert!(matches!(outcome, Outcome::Edge { .. }), "{outcome:?}");
    }
    // The same chance for everybody: both grow without bound, and the chance is right.
    let mut equal = TenureBase::new();
    equal.push_cohort(&[1_600.0, 1_200.0, 900.0, 675.0]).expect("a cohort");
    let fit = Sbg::fit(&equal).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["alpha".into(), "beta".into()] });
    assert!((fit.model.retention_rate(2) - 0.75).abs() < 1e-3);
}

fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![(-9.0..9.2_f64).prop_map(f64::exp), Just(1.0), Just(1e-4), Just(1e4)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_finite_and_in_range(
        alpha in parameter(), beta in parameter(), c in prop_oneof![0.05..4.0_f64, parameter()],
        survived in prop_oneof![Just(0_u32), 0..60_u32, Just(18_263)],
        period in prop_oneof![0..60_u32, Just(18_263)],
        seed in any::<u64>(),
    ) {
        let models: [Box<dyn RetentionModel>; 2] = [
            Box::new(Sbg::new(alpha, beta).expect("parameters")),
            Box::new(BetaDiscreteWeibull::new(alpha, beta, c).expect("parameters")),
        ];
        for model in models {
            for share in [
                model.survival(period.into()),
                model.churn_probability(period),
                model.retention_rate(period),
                model.ln_survival_from(survived, period.into()).exp(),
            ] {
                prop_assert!((0.0..=1.0).contains(&share), "{model:?} {survived} {period} {share}");
            }
            let derl = model.discounted_expected_residual_lifetime(survived, 3e-4);
            prop_assert!((0.0..=3_335.0).contains(&derl), "{model:?} {survived} {derl}");
            let within = model.discounted_renewals(survived, Some(period), 0.0);
            prop_assert!((0.0..=f64::from(period) * (1.0 + 1e-12)).contains(&within), "{model:?} {survived} {period} {within}");
            prop_assert!(model.expected_lifetime() >= 1.0, "{model:?}");
            prop_assert!(model.median_residual_lifetime(survived) >= 1.0, "{model:?}");
            let drawn = model.simulate_renewals(survived, &mut stream(seed, 0));
            prop_assert!(drawn >= 0.0, "{model:?} {survived} {drawn}");
        }
    }
}
