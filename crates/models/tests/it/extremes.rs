//! No forecast fails where customers or parameters are extreme.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_models::{
    BgNbd, CustomerBase, FitError, GammaGompertzNbd, MbgNbd, ModelKind, Nbd, ParetoGgg, ParetoNbd, Purchases,
    TransactionModel,
};
use proptest::prelude::*;

/// Fifty years in days.
const LONGEST: f64 = 18_263.0;

/// A history with up to 10,000 repeat purchases over up to fifty years, in days.
fn history() -> impl Strategy<Value = Purchases> {
    let frequency = prop_oneof![Just(0_u32), 1..10_u32, 1..=10_000_u32, Just(10_000)];
    let age = prop_oneof![Just(LONGEST), Just(1e-9), (-9.0..9.8_f64).prop_map(f64::exp)];
    let share = prop_oneof![Just(1.0), Just(1e-9), 0.001..1.0_f64];
    (frequency, age, share).prop_map(|(frequency, age, share)| {
        let recency = if frequency == 0 { 0.0 } else { age * share };
        Purchases::new(frequency, recency, age).expect("a valid history")
    })
}

fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![(-6.9..9.2_f64).prop_map(f64::exp), Just(1.0), Just(1e-3), Just(1e4)]
}

fn models() -> impl Strategy<Value = Vec<Box<dyn TransactionModel>>> {
    (parameter(), parameter(), parameter(), parameter(), any::<bool>()).prop_map(|(r, alpha, a, b, equal)| {
        let beta = if equal { alpha } else { b };
        vec![
            Box::new(BgNbd::new(r, alpha, a, b).expect("parameters")) as Box<dyn TransactionModel>,
            Box::new(MbgNbd::new(r, alpha, a, b).expect("parameters")),
            Box::new(ParetoNbd::new(r, alpha, a, beta).expect("parameters")),
            Box::new(Nbd::new(r, alpha).expect("parameters")),
            Box::new(GammaGompertzNbd::new(r, alpha, a, b, beta).expect("parameters")),
        ]
    })
}

fn log_likelihood(model: &dyn TransactionModel, base: &CustomerBase) -> f64 {
    let p: Vec<f64> = model.parameters().iter().map(|(_, value)| *value).collect();
    match model.name() {
        "bg-nbd" => BgNbd::new(p[0], p[1], p[2], p[3]).expect("parameters").log_likelihood(base),
        "nbd" => Nbd::new(p[0], p[1]).expect("parameters").log_likelihood(base),
        "gamma-gompertz-nbd" => {
            GammaGompertzNbd::new(p[0], p[1], p[2], p[3], p[4]).expect("parameters").log_likelihood(base)
        }
        "mbg-nbd" => MbgNbd::new(p[0], p[1], p[2], p[3]).expect("parameters").log_likelihood(base),
        _ => ParetoNbd::new(p[0], p[1], p[2], p[3]).expect("parameters").log_likelihood(base),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_finite_and_in_range(
        models in models(),
        customer in history(),
        horizon in prop_oneof![Just(LONGEST), Just(1e-6), 0.1..1000.0_f64],
        n in prop_oneof![Just(0_u32), Just(1), 0..200_u32, Just(10_000)],
    ) {
        for model in &models {
            let base: CustomerBase = [customer].into_iter().collect();
            prop_assert!(log_likelihood(model.as_ref(), &base).is_finite(), "{model:?}");
            let alive = model.probability_alive(&customer);
            prop_assert!((0.0..=1.0).contains(&alive), "{model:?} {alive}");
            let expected = model.expected_purchases_if_alive(&customer, horizon);
            prop_assert!(expected.is_finite() && expected > 0.0, "{model:?} {expected}");
            let rate = model.parameters()[0].1 + f64::from(customer.frequency());
            let rate = rate / (model.parameters()[1].1 + customer.age());
            prop_assert!(expected <= rate * horizon * (1.0 + 1e-9), "{model:?} {expected}");
            let probability = model.probability_of_n_purchases(&customer, n, horizon);
            prop_assert!((0.0..=1.0 + 1e-9).contains(&probability), "{model:?} {probability}");
            let value = model.discounted_expected_residual_transactions(&customer, 0.0004);
            prop_assert!(value.is_finite() && value >= 0.0 && value <= rate / 0.0004 * (1.0 + 1e-9), "{model:?} {value}");
            let new = model.expected_purchases_new(horizon);
            prop_assert!(new.is_finite() && new > 0.0, "{model:?} {new}");
            prop_assert!(model.median_time_to_next_purchase(&customer) > 0.0, "{model:?}");
        }
    }
}

#[test]
fn horizons_that_make_no_sense_give_values_all_the_same() {
    let customer = Purchases::new(3, 20.0, 39.0).expect("a valid history");
    let models: [Box<dyn TransactionModel>; 2] = [
        Box::new(BgNbd::new(0.25, 4.4, 1.8, 2.4).expect("parameters")),
        Box::new(ParetoNbd::new(0.55, 10.6, 1.6, 11.7).expect("parameters")),
    ];
    for model in models {
        for horizon in [0.0, -1.0, f64::NAN] {
            assert_eq!(model.expected_purchases(&customer, horizon), 0.0);
            assert_eq!(model.probability_of_n_purchases_if_alive(&customer, 0, horizon), 1.0);
        }
        let ever = model.expected_purchases(&customer, f64::INFINITY);
        assert!(ever.is_finite() && ever > model.expected_purchases(&customer, 1e4));
        assert!((model.discounted_expected_residual_transactions(&customer, 0.0) / ever - 1.0).abs() < 1e-9);
    }
}

#[test]
fn too_few_repeat_customers_are_an_error_that_says_so() {
    let once = Purchases::new(0, 0.0, 30.0).expect("a valid history");
    let twice = Purchases::new(1, 10.0, 30.0).expect("a valid history");
    let mut base = CustomerBase::new();
    base.push(once, 500);
    base.push(twice, 9);
    for kind in ModelKind::ALL {
        let error = kind.fit(&base).expect_err("too little data");
        assert_eq!(
            error,
            FitError::TooFewRepeatCustomers { repeat_customers: 9, customers: 509, needed: 10 }
        );
        assert_eq!(
            kind.fit(&CustomerBase::new()).expect_err("no data").to_string(),
            "0 of 0 customers bought again; a model needs at least 10"
        );
    }
}

/// Bases on which there may be no maximum: every fit ends with finite values.
#[test]
fn fits_on_odd_bases_end() {
    // Purchases at equal distances.
    let history = |x: u32, recency: f64, age| {
        let log_intervals = f64::from(x) * (recency / f64::from(x.max(1))).ln();
        Purchases::new(x, recency, age).expect("a valid history").with_log_intervals(log_intervals)
    };
    let odd: Vec<Vec<(Purchases, u64)>> = vec![
        vec![(history(1, 10.0, 30.0), 50)],
        vec![(history(5, 30.0, 30.0), 50)],
        vec![(history(0, 0.0, 30.0), 100_000), (history(1, 1.0, 30.0), 10)],
        vec![(history(10_000, LONGEST, LONGEST), 20), (history(0, 0.0, 1e-6), 20)],
        vec![
            (history(1, 1e-3, LONGEST), 20),
            (history(3000, 18_000.0, LONGEST), 20),
            (history(0, 0.0, 0.0), 20),
        ],
    ];
    for rows in odd {
        let mut base = CustomerBase::new();
        for (history, customers) in &rows {
            base.push(*history, *customers);
        }
        for kind in ModelKind::ALL {
            let fit = kind.fit(&base).expect("a fit");
            assert!(fit.log_likelihood.is_finite(), "{fit:?}");
            assert!(fit.covariance.iter().flatten().all(|entry| entry.is_finite()), "{fit:?}");
            for (history, _) in &rows {
                let expected = fit.model.expected_purchases(history, 365.0);
                assert!(expected.is_finite() && expected >= 0.0, "{fit:?} {history:?} {expected}");
            }
        }
    }
}

proptest! {
    // Each case walks a thousand paths per figure.
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_of_pareto_ggg_is_finite_and_in_range(
        parameters in [parameter(), parameter(), parameter(), parameter(), parameter(), parameter()],
        customer in history(),
        spread in prop_oneof![Just(0.0), Just(1.0), 0.0..20.0_f64],
        horizon in prop_oneof![Just(LONGEST), Just(1e-6), 0.1..1000.0_f64],
    ) {
        let model = ParetoGgg::new(parameters).expect("parameters");
        let x = f64::from(customer.frequency());
        let equal = if x > 0.0 { x * (customer.recency() / x).ln() } else { 0.0 };
        for customer in [customer, customer.with_log_intervals(equal - x * spread)] {
            let base: CustomerBase = [customer].into_iter().collect();
            prop_assert!(model.log_likelihood(&base).is_finite(), "{model:?} {customer:?}");
            let alive = model.probability_alive(&customer);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&alive), "{model:?} {customer:?} {alive}");
            let expected = model.expected_purchases_if_alive(&customer, horizon);
            prop_assert!(expected.is_finite() && expected >= 0.0, "{model:?} {customer:?} {expected}");
            let value = model.discounted_expected_residual_transactions_if_alive(&customer, 0.0004);
            prop_assert!(value.is_finite() && value >= 0.0, "{model:?} {customer:?} {value}");
            let none = model.probability_of_n_purchases(&customer, 0, horizon);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&none), "{model:?} {customer:?} {none}");
            prop_assert!(model.median_time_to_next_purchase(&customer) > 0.0, "{model:?} {customer:?}");
        }
    }
}
