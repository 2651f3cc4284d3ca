//! Gamma-Gamma on simulated spend, and where it has no answer.

use perennial_math::random::{gamma, stream};
use perennial_models::{FitError, GammaGamma, MeanSpend, Outcome, Parameters, SpendModel};

use crate::assertions::assert_recovered;

/// Mean spends of customers of the model with between 1 and 10 transactions.
fn simulate(truth: &GammaGamma, customers: u64, seed: u64) -> Vec<MeanSpend> {
    (0..customers)
        .map(|customer| {
            let mut rng = stream(seed, customer);
            let transactions = 1 + u32::try_from(customer % 10).expect("small");
            let rate = gamma(&mut rng, truth.q(), 1.0 / truth.gamma());
            let total = gamma(&mut rng, truth.p() * f64::from(transactions), 1.0 / rate);
            MeanSpend::new(transactions, total / f64::from(transactions)).expect("a valid mean")
        })
        .collect()
}

fn fit(spends: &[MeanSpend]) -> Result<perennial_models::Fit<GammaGamma>, FitError> {
    GammaGamma::fit(spends, &vec![1.0; spends.len()])
}

#[test]
fn gamma_gamma_is_recovered() {
    for (seed, [p, q, scale]) in
        [[6.0, 4.0, 15.0], [1.2, 2.5, 4000.0], [20.0, 8.0, 0.5]].into_iter().enumerate()
    {
        let truth = GammaGamma::new(p, q, scale).expect("parameters");
        let fit = fit(&simulate(&truth, 20_000, seed as u64)).expect("a fit");
        assert_recovered(&fit, &truth.values());
    }
}

#[test]
fn a_spend_without_a_mean_is_refused_with_the_reason() {
    let truth = GammaGamma::new(3.0, 0.8, 10.0).expect("parameters");
    match fit(&simulate(&truth, 20_000, 11)) {
        Err(FitError::NoMeanSpend { q }) => assert!((0.7..0.9).contains(&q), "{q}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn means_that_are_no_spend_are_refused() {
    let good = MeanSpend { transactions: 2, mean: 10.0 };
    for mean in [0.0, -5.0, f64::NAN, f64::INFINITY] {
        assert!(MeanSpend::new(1, mean).is_err());
        let spends = [vec![good; 50], vec![MeanSpend { transactions: 1, mean }]].concat();
        assert!(matches!(fit(&spends), Err(FitError::Spend(_))));
    }
    assert!(MeanSpend::new(0, 10.0).is_err());
    assert!(matches!(fit(&[good; 9]), Err(FitError::TooFewRepeatCustomers { repeat_customers: 9, .. })));
}

#[test]
fn equal_spends_run_to_the_edge_and_predict_that_spend() {
    let spends: Vec<MeanSpend> =
        (1..=100).map(|i| MeanSpend { transactions: 1 + i % 5, mean: 25.0 }).collect();
    let fit = fit(&spends).expect("a fit");
    assert!(matches!(fit.outcome, Outcome::Edge { .. }), "{fit:?}");
    assert!((fit.model.expected_mean_spend(&spends[0].into()) - 25.0).abs() < 0.01, "{fit:?}");
}

#[test]
fn counts_weigh_as_copies() {
    let spends = simulate(&GammaGamma::new(6.0, 4.0, 15.0).expect("parameters"), 500, 4);
    let twice = [spends.clone(), spends.clone()].concat();
    let copied = fit(&twice).expect("a fit");
    let counted = GammaGamma::fit(&spends, &vec![2.0; spends.len()]).expect("a fit");
    assert!((copied.log_likelihood / counted.log_likelihood - 1.0).abs() < 1e-10);
    assert!((copied.model.q() / counted.model.q() - 1.0).abs() < 1e-6);
}
