//! Fits on simulated customers find the parameters that made them.

use perennial_math::random::{stream, uniform_open};
use perennial_models::{
    BgNbd, CustomerBase, Fit, FitError, MbgNbd, Nbd, Parameters, ParetoNbd, Purchases, TransactionModel,
};

use crate::assertions::assert_recovered;

/// Customers of a model, observed for between half of `longest` and all of it.
pub(crate) fn simulate(
    model: &dyn TransactionModel,
    customers: u64,
    longest: f64,
    seed: u64,
) -> CustomerBase {
    let mut times = Vec::new();
    (0..customers)
        .map(|customer| {
            let mut rng = stream(seed, customer);
            let age = longest * (0.5 + 0.5 * uniform_open(&mut rng));
            model.simulate_new(age, &mut rng, &mut times);
            let frequency = u32::try_from(times.len()).expect("few purchases");
            Purchases::new(frequency, times.last().copied().unwrap_or(0.0), age)
                .expect("a valid history")
                .with_log_intervals(log_intervals(&times))
        })
        .collect()
}

/// The sum of the logarithms of the times between purchases, the first at 0; times that are equal in f64 count as just apart.
pub(crate) fn log_intervals(times: &[f64]) -> f64 {
    let mut last = 0.0;
    times.iter().map(|time| (time - std::mem::replace(&mut last, *time)).max(1e-12).ln()).sum()
}

/// A fit on simulated customers of the model finds its parameters.
pub(crate) fn assert_found<M: Parameters + TransactionModel>(
    truth: &M,
    fit: impl Fn(&CustomerBase) -> Result<Fit<M>, FitError>,
    seed: u64,
) {
    assert_recovered(&fit(&simulate(truth, 20_000, 100.0, seed)).expect("a fit"), &truth.values());
}

#[test]
fn bg_nbd_is_recovered() {
    for (seed, [r, alpha, a, b]) in
        [[0.25, 4.5, 0.8, 2.5], [1.5, 10.0, 2.0, 6.0], [0.6, 20.0, 0.4, 1.0]].into_iter().enumerate()
    {
        assert_found(&BgNbd::new(r, alpha, a, b).expect("parameters"), BgNbd::fit, seed as u64);
    }
}

#[test]
fn mbg_nbd_is_recovered() {
    for (seed, [r, alpha, a, b]) in
        [[0.5, 6.0, 0.9, 1.6], [1.5, 10.0, 2.0, 6.0], [0.8, 20.0, 0.4, 1.0]].into_iter().enumerate()
    {
        assert_found(&MbgNbd::new(r, alpha, a, b).expect("parameters"), MbgNbd::fit, seed as u64);
    }
}

#[test]
fn pareto_nbd_is_recovered() {
    for (seed, [r, alpha, s, beta]) in
        [[0.55, 10.0, 0.6, 12.0], [1.5, 10.0, 1.0, 30.0], [2.0, 40.0, 0.5, 5.0]].into_iter().enumerate()
    {
        assert_found(&ParetoNbd::new(r, alpha, s, beta).expect("parameters"), ParetoNbd::fit, seed as u64);
    }
}

#[test]
fn nbd_is_recovered() {
    for (seed, [r, alpha]) in [[0.4, 12.0], [3.0, 5.0], [0.05, 2.0]].into_iter().enumerate() {
        assert_found(&Nbd::new(r, alpha).expect("parameters"), Nbd::fit, seed as u64);
    }
}

#[test]
fn drawn_models_have_the_spread_of_the_fit() {
    let truth = BgNbd::new(0.25, 4.5, 0.8, 2.5).expect("parameters");
    let fit = BgNbd::fit(&simulate(&truth, 5_000, 100.0, 8)).expect("a fit");
    let n = 20_000;
    let draws = fit.draws(n, &mut stream(21, 0));
    assert_eq!(draws.len(), n);
    let names = fit.parameters.clone();
    let boxed = fit.clone().into_dyn();
    let boxed_draws = boxed.draw_models(n, &mut stream(21, 0));
    for (draw, boxed) in draws.iter().zip(&boxed_draws) {
        assert_eq!(draw.values(), boxed.parameters().iter().map(|(_, value)| *value).collect::<Vec<_>>());
    }
    assert_eq!(names, boxed.parameters);
    for (i, estimate) in names.iter().enumerate() {
        let logs: Vec<f64> = draws.iter().map(|draw| (draw.values()[i] / estimate.value).ln()).collect();
        let mean = logs.iter().sum::<f64>() / n as f64;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / n as f64;
        let expected = fit.covariance[i][i];
        assert!(mean.abs() < 5.0 * (expected / n as f64).sqrt(), "{}: {mean}", estimate.name);
        assert!((variance / expected - 1.0).abs() < 0.06, "{}: {variance} {expected}", estimate.name);
        let error = estimate.standard_error.expect("a standard error");
        assert!((error / estimate.value / expected.sqrt() - 1.0).abs() < 1e-9);
    }
}
