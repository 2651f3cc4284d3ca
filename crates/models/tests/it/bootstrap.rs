//! Estimates on resampled customers: their spread beside the curvature's, and replicates that cannot be fitted.

use perennial_models::{
    BgNbd, CustomerBase, Estimation, FitError, GammaGamma, MeanSpend, ModelKind, Resampling, SampleOrigin,
    TransactionFit,
};

use crate::{
    data::{cdnow, grocery},
    recovery::simulate,
};

fn bootstrap(replicates: usize) -> Estimation {
    Estimation::Bootstrap(Resampling { replicates, ..Resampling::default() })
}

/// The bootstrap's standard error over the curvature's, per parameter.
fn ratios(kind: ModelKind, base: &CustomerBase, replicates: usize) -> Vec<f64> {
    let fit = kind.fit(base).expect("a fit");
    let resampled = kind.estimate(base, &bootstrap(replicates)).expect("a fit");
    assert_eq!(fit.values(), resampled.values());
    assert_eq!(failed(&resampled), 0);
    let error = |fit: &TransactionFit, i: usize| fit.parameters[i].standard_error.expect("a standard error");
    (0..4).map(|i| error(&resampled, i) / error(&fit, i)).collect()
}

fn failed(fit: &TransactionFit) -> usize {
    match fit.sample.as_ref().expect("a sample").origin {
        SampleOrigin::Bootstrap { failed } => failed,
        SampleOrigin::Posterior(_) => panic!("a bootstrap sample"),
    }
}

/// On customers of the model itself the two agree; 400 replicates know a standard error to 3.5 %.
#[test]
fn standard_errors_are_those_of_the_curvature_where_the_model_is_right() {
    let base = simulate(&BgNbd::new(0.25, 4.5, 0.8, 2.5).expect("parameters"), 4_000, 60.0, 12);
    for ratio in ratios(ModelKind::BgNbd, &base, 400) {
        assert!((0.87..1.15).contains(&ratio), "{ratio}");
    }
}

/// CDNOW's customers are not quite those of BG/NBD: the bootstrap's errors are some 10 to 25 % wider.
#[test]
fn standard_errors_on_cdnow() {
    let base: CustomerBase = cdnow().iter().map(|customer| customer.history).collect();
    for ratio in ratios(ModelKind::BgNbd, &base, 400) {
        assert!((0.9..1.3).contains(&ratio), "{ratio}");
    }
}

#[test]
fn replicates_with_too_few_customers_count_as_failed() {
    let full = simulate(&BgNbd::new(1.0, 20.0, 0.4, 3.0).expect("parameters"), 200, 100.0, 3);
    let mut base = CustomerBase::new();
    let mut repeat = 0;
    for history in full.histories() {
        repeat += u32::from(history.frequency() > 0);
        if history.frequency() == 0 || repeat <= 11 {
            base.push(*history, 1);
        }
    }
    let fit = ModelKind::BgNbd.estimate(&base, &bootstrap(100)).expect("a fit");
    let draws = fit.sample.as_ref().expect("a sample").values.len();
    // With 11 repeat customers expected, 34 % of the replicates have fewer than 10.
    assert!((15..55).contains(&failed(&fit)), "{}", failed(&fit));
    assert_eq!(draws + failed(&fit), 100);
}

#[test]
fn a_parameter_that_runs_away_has_no_standard_error() {
    let Some(customers) = grocery() else { return };
    let base: CustomerBase = customers.iter().map(|customer| customer.history).collect();
    let fit = ModelKind::ParetoNbd.estimate(&base, &bootstrap(10)).expect("a fit");
    let known: Vec<bool> = fit.parameters.iter().map(|estimate| estimate.standard_error.is_some()).collect();
    assert_eq!(known, [true, true, false, false], "{:?}", fit.parameters);
}

#[test]
fn spend_is_resampled_too() {
    let spends: Vec<MeanSpend> = cdnow().iter().filter_map(|customer| customer.spend).collect();
    let counts = vec![1.0; spends.len()];
    let fit = GammaGamma::fit(&spends, &counts).expect("a fit");
    let resampled = GammaGamma::estimate(&spends, &counts, &bootstrap(200)).expect("a fit");
    for (one, other) in fit.parameters.iter().zip(&resampled.parameters) {
        let ratio = other.standard_error.expect("an error") / one.standard_error.expect("an error");
        assert!((0.6..1.6).contains(&ratio), "{ratio}");
    }
}

#[test]
fn too_few_replicates_are_refused() {
    let base = simulate(&BgNbd::new(0.6, 20.0, 0.4, 1.0).expect("parameters"), 200, 100.0, 6);
    for replicates in [0, 1, usize::MAX] {
        let refused = ModelKind::BgNbd.estimate(&base, &bootstrap(replicates));
        assert!(matches!(refused, Err(FitError::Settings { .. })));
    }
}
