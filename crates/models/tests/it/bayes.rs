//! Posterior distributions: CDNOW, an independent computation, simulated truth, the edge of the parameter space, what is refused.

use perennial_math::random::stream;
use perennial_models::{
    BgNbd, CustomerBase, Diagnostics, Estimation, Fit, FitError, GammaGamma, InvalidPrior, MbgNbd, MeanSpend,
    ModelKind, Parameters, Prior, Priors, SampleOrigin, Sampling, TransactionModel,
};

use crate::{
    data::{cdnow, grocery},
    recovery::simulate,
};

fn cdnow_base() -> CustomerBase {
    cdnow().iter().map(|customer| customer.history).collect()
}

pub(crate) fn diagnostics<M>(fit: &Fit<M>) -> &Diagnostics {
    match &fit.sample.as_ref().expect("a sample").origin {
        SampleOrigin::Posterior(diagnostics) => diagnostics,
        SampleOrigin::Bootstrap { .. } => panic!("a posterior sample"),
    }
}

fn assert_trusted<M>(fit: &Fit<M>) {
    let found = diagnostics(fit);
    assert_eq!(found.trouble(), None);
    assert!(found.r_hat.iter().all(|r_hat| *r_hat < 1.01), "{found:?}");
    assert!(found.smallest_ess() > 400.0, "{found:?}");
}

/// The maximum is r .2426, alpha 4.4136 (Fader, Hardie and Lee 2005: .243, 4.414); the default priors leave the posterior there.
#[test]
fn bg_nbd_on_cdnow() {
    let fit = ModelKind::BgNbd
        .estimate(&cdnow_base(), &Estimation::Bayes(Sampling::default()))
        .expect("a posterior");
    assert_trusted(&fit);
    for (estimate, expected) in fit.parameters.iter().zip([0.2425, 4.416]) {
        assert!((estimate.value / expected).ln().abs() < 0.01, "{estimate:?}");
    }
    // The spread is that of the curvature, a little wider where the posterior is skew.
    for (estimate, error) in fit.parameters.iter().zip([0.0126, 0.378, 0.186, 0.705]) {
        let ratio = estimate.standard_error.expect("a standard deviation") / error;
        assert!((0.93..1.25).contains(&ratio), "{estimate:?}");
    }
    let models = fit.draw_models(100, &mut stream(1, 0));
    assert_eq!(models.len(), 100);
}

/// Importance sampling from the normal approximation at the maximum: another way to the same posterior, through the public likelihood.
#[test]
fn the_posterior_is_that_of_importance_sampling() {
    let base = cdnow_base();
    let prior = [("r", 0.4, 0.3), ("alpha", 8.0, 0.4), ("a", 0.5, 0.5), ("b", 1.5, 0.5)];
    let priors = prior.iter().fold(Priors::new(), |priors, &(name, median, sigma)| {
        priors.with(name, Prior::LogNormal { median, sigma })
    });
    let fit = ModelKind::BgNbd
        .estimate(&base, &Estimation::Bayes(Sampling { priors, ..Sampling::default() }))
        .expect("a posterior");
    // Proposals from the normal distribution with the mean and covariance that the sample has, so that few weights dominate.
    let proposal = Fit { sample: None, ..BgNbd::fit(&base).expect("a fit") };
    let proposal = Fit { parameters: fit.parameters.clone(), covariance: fit.covariance.clone(), ..proposal };
    let precision = inverse(&fit.covariance);
    let weighted: Vec<(f64, Vec<f64>)> = proposal
        .draw_values(3000, &mut stream(17, 0))
        .into_iter()
        .map(|values| {
            let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
            let shifts: Vec<f64> =
                logs.iter().zip(&fit.parameters).map(|(log, p)| log - p.value.ln()).collect();
            let proposed: f64 = (0..4)
                .map(|i| (0..4).map(|j| -0.5 * shifts[i] * precision[i][j] * shifts[j]).sum::<f64>())
                .sum();
            let believed: f64 = prior
                .iter()
                .zip(&logs)
                .map(|((_, median, sigma), log)| -0.5 * ((log - f64::ln(*median)) / sigma).powi(2))
                .sum();
            let model = BgNbd::from_values(&values).expect("parameters");
            (model.log_likelihood(&base) - fit.log_likelihood + believed - proposed, logs)
        })
        .collect();
    let total: f64 = weighted.iter().map(|(weight, _)| weight.exp()).sum();
    let squares: f64 = weighted.iter().map(|(weight, _)| (weight.exp() / total).powi(2)).sum();
    assert!(squares.recip() > 1000.0, "worth {} draws", squares.recip());
    for (i, estimate) in fit.parameters.iter().enumerate() {
        let mean = weighted.iter().map(|(weight, logs)| weight.exp() / total * logs[i]).sum::<f64>();
        let sd = fit.covariance[i][i].sqrt();
        // Four standard errors of both samples.
        let error = sd * (squares + 1.0 / diagnostics(&fit).bulk_ess[i]).sqrt();
        assert!((mean - estimate.value.ln()).abs() < 4.0 * error, "{estimate:?}: {mean}");
        let variance = weighted
            .iter()
            .map(|(weight, logs)| weight.exp() / total * (logs[i] - mean).powi(2))
            .sum::<f64>();
        assert!((variance.sqrt() / sd - 1.0).abs() < 0.1, "{estimate:?}: {} {sd}", variance.sqrt());
    }
}

/// The inverse of a covariance matrix, by Gauss-Jordan elimination.
fn inverse(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = matrix.len();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| matrix[i].iter().copied().chain((0..n).map(|j| if i == j { 1.0 } else { 0.0 })).collect())
        .collect();
    for pivot in 0..n {
        let scale = rows[pivot][pivot];
        rows[pivot].iter_mut().for_each(|entry| *entry /= scale);
        let reference = rows[pivot].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
            let factor = row[pivot];
            row.iter_mut().zip(&reference).for_each(|(entry, by)| *entry -= factor * by);
        }
    }
    rows.into_iter().map(|row| row[n..].to_vec()).collect()
}

#[test]
fn simulated_truth_is_recovered() {
    let cases: [(ModelKind, Box<dyn TransactionModel>); 3] = [
        (ModelKind::BgNbd, Box::new(BgNbd::new(0.6, 20.0, 0.4, 1.0).expect("parameters"))),
        (ModelKind::BgNbd, Box::new(BgNbd::new(0.05, 1.0, 2.0, 6.0).expect("parameters"))),
        (ModelKind::MbgNbd, Box::new(MbgNbd::new(1.5, 10.0, 0.1, 0.3).expect("parameters"))),
    ];
    for (seed, (kind, truth)) in cases.into_iter().enumerate() {
        let base = simulate(truth.as_ref(), 1_000, 100.0, 40 + seed as u64);
        let sampling = Sampling { draws: 600, warm_up: 300, ..Sampling::default() };
        let fit = kind.estimate(&base, &Estimation::Bayes(sampling)).expect("a posterior");
        assert_trusted(&fit);
        for (i, (estimate, (name, value))) in fit.parameters.iter().zip(truth.parameters()).enumerate() {
            let error = (estimate.value / value).ln() / fit.covariance[i][i].sqrt();
            assert!(
                error.abs() < 3.0,
                "{name}: {} for {value}, {error:.2} standard deviations",
                estimate.value
            );
        }
    }
}

/// The likelihood of Pareto/NBD has no maximum here (see the tests of the grocer); proper priors give a proper posterior all the same.
#[test]
fn the_edge_of_the_parameter_space_has_a_posterior() {
    let Some(customers) = grocery() else { return };
    let base: CustomerBase = customers.iter().map(|customer| customer.history).collect();
    // Some seconds: the posterior's long tail takes this many draws for the chains to agree.
    let sampling = Sampling { draws: 600, warm_up: 300, ..Sampling::default() };
    let fit =
        ModelKind::ParetoNbd.estimate(&base, &Estimation::Bayes(sampling.clone())).expect("a posterior");
    assert_trusted(&fit);
    assert!(fit.parameters.iter().all(|estimate| estimate.standard_error.is_some_and(f64::is_finite)));
    // The data say little about s and beta alone, much about their ratio, the rate of leaving.
    let spread_of = |covariance: &[Vec<f64>]| covariance[2][2] + covariance[3][3] - 2.0 * covariance[2][3];
    assert!(fit.covariance[2][2] > 0.5 && fit.covariance[3][3] > 0.5, "{:?}", fit.covariance);
    assert!(spread_of(&fit.covariance) < 0.5 * fit.covariance[3][3], "{:?}", fit.covariance);
    for model in fit.draw_models(50, &mut stream(1, 0)) {
        for customer in customers.iter().take(200) {
            let expected = model.expected_purchases(&customer.history, 52.0);
            assert!(expected.is_finite() && expected >= 0.0);
        }
    }
    // Without priors there is nothing to sample from, and the diagnostics say so.
    let priors = Priors::new().with("s", Prior::Flat).with("beta", Prior::Flat);
    let sampling = Sampling { chains: 2, draws: 100, warm_up: 50, priors, ..sampling };
    let flat = ModelKind::ParetoNbd.estimate(&base, &Estimation::Bayes(sampling));
    assert!(flat.is_ok_and(|fit| diagnostics(&fit).trouble().is_some()));
}

#[test]
fn with_little_data_the_priors_decide() {
    let base = simulate(&BgNbd::new(1.0, 10.0, 1.0, 3.0).expect("parameters"), 30, 50.0, 5);
    let told = [0.2, 0.1];
    let priors = Priors::new()
        .with_text("a=lognormal(0.2,0.01)")
        .and_then(|priors| priors.with_text("b=lognormal(0.1,0.01)"))
        .expect("priors");
    let sampling = Sampling { priors, draws: 500, ..Sampling::default() };
    let fit = ModelKind::BgNbd.estimate(&base, &Estimation::Bayes(sampling)).expect("a posterior");
    assert_trusted(&fit);
    for (estimate, value) in fit.parameters[2..].iter().zip(told) {
        assert!((estimate.value / value).ln().abs() < 0.01, "{estimate:?}");
    }
}

#[test]
fn the_default_priors_do_not_know_the_unit_of_time() {
    let weeks = simulate(&BgNbd::new(0.6, 20.0, 0.4, 1.0).expect("parameters"), 300, 100.0, 6);
    let days: CustomerBase = weeks
        .histories()
        .iter()
        .map(|h| {
            perennial_models::Purchases::new(h.frequency(), 8.0 * h.recency(), 8.0 * h.age())
                .expect("a history")
        })
        .collect();
    let sampling = Estimation::Bayes(Sampling { draws: 200, ..Sampling::default() });
    let [weeks, days] =
        [weeks, days].map(|base| ModelKind::BgNbd.estimate(&base, &sampling).expect("a posterior").values());
    for (i, (week, day)) in weeks.iter().zip(&days).enumerate() {
        let expected = if i == 1 { 8.0 } else { 1.0 };
        assert!((day / week / expected - 1.0).abs() < 1e-6, "{week} {day}");
    }
}

#[test]
fn gamma_gamma_on_cdnow_and_with_q_near_one() {
    let spends: Vec<MeanSpend> = cdnow().iter().filter_map(|customer| customer.spend).collect();
    let bayes = Estimation::Bayes(Sampling { draws: 500, ..Sampling::default() });
    let fit = GammaGamma::estimate(&spends, &vec![1.0; spends.len()], &bayes).expect("a posterior");
    assert_trusted(&fit);
    // The maximum of Fader and Hardie (2013): p 6.25, q 3.74, gamma 15.44.
    for (i, (estimate, maximum)) in fit.parameters.iter().zip([6.25, 3.74, 15.44]).enumerate() {
        assert!((estimate.value / maximum).ln().abs() < 0.5 * fit.covariance[i][i].sqrt(), "{estimate:?}");
    }
    // Of few customers with a heavy tail the posterior reaches below q = 1; what is kept is above.
    let few: Vec<MeanSpend> = (1..=15_u32)
        .map(|i| MeanSpend { transactions: 1 + i % 2, mean: 10.0 * (f64::from(i * i) / 20.0).exp() })
        .collect();
    let fit = GammaGamma::estimate(&few, &[1.0; 15], &bayes).expect("a posterior");
    let draws = &fit.sample.as_ref().expect("a sample").values;
    assert!(draws.len() < 2000 && draws.iter().all(|draw| draw[1] > 1.0), "{}", draws.len());
}

fn refused(sampling: Sampling) -> FitError {
    let base = simulate(&BgNbd::new(0.6, 20.0, 0.4, 1.0).expect("parameters"), 200, 100.0, 6);
    ModelKind::BgNbd.estimate(&base, &Estimation::Bayes(sampling)).expect_err("refused")
}

#[test]
fn what_cannot_be_followed_is_refused_with_the_reason() {
    let good = Sampling::default;
    for sampling in [
        Sampling { chains: 0, ..good() },
        Sampling { chains: usize::MAX, ..good() },
        Sampling { draws: 0, ..good() },
        Sampling { draws: usize::MAX, ..good() },
        Sampling { warm_up: usize::MAX, ..good() },
        Sampling { target_accept: 1.0, ..good() },
        Sampling { target_accept: f64::NAN, ..good() },
    ] {
        assert!(matches!(refused(sampling), FitError::Settings { .. }));
    }
    let unknown = refused(Sampling { priors: Priors::new().with("s", Prior::Flat), ..good() });
    assert_eq!(unknown.to_string(), "bg-nbd has no parameter \"s\" to set a prior on; it has r, alpha, a, b");
    let normal = Prior::Normal { mean: 0.0, sd: 1.0 };
    let unsuited = refused(Sampling { priors: Priors::new().with("r", normal), ..good() });
    assert!(matches!(unsuited, FitError::Prior(InvalidPrior::Unsuited { .. })));
    let broken = Prior::HalfNormal { sigma: f64::NAN };
    let broken = refused(Sampling { priors: Priors::new().with("r", broken), ..good() });
    assert!(matches!(broken, FitError::Prior(InvalidPrior::Number { .. })));
}
