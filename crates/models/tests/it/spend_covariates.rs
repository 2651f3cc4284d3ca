//! Gamma-Gamma with covariates on simulated spend.

use perennial_math::random::{gamma, standard_normal, stream, uniform_open};
use perennial_models::{
    CovariateBase, CovariateFitError, CovariateTerms, FitError, GammaGamma, InvalidCovariates, MeanSpend,
    Outcome, Process, SpendBase, SpendModel, StaticCovariateFit,
};

use crate::assertions::assert_recovered;

const NAMES: [&str; 2] = ["Business", "Year"];

/// A customer.
#[derive(Debug, Clone)]
struct Row {
    covariates: [f64; 2],
    spend: MeanSpend,
}

/// Customers with an indicator and a year, whose gamma is that of the model times exp(delta' z).
fn simulate(truth: &GammaGamma, delta: [f64; 2], customers: u64, seed: u64) -> Vec<Row> {
    (0..customers)
        .map(|customer| {
            let mut rng = stream(seed, customer);
            let business = if uniform_open(&mut rng) < 0.3 { 1.0 } else { 0.0 };
            let year = (1980.0 + 10.0 * standard_normal(&mut rng)).round();
            let transactions = 1 + u32::try_from(customer % 6).expect("small");
            let own = truth.gamma() * (delta[0] * business + delta[1] * year).exp();
            let rate = gamma(&mut rng, truth.q(), 1.0 / own);
            let total = gamma(&mut rng, truth.p() * f64::from(transactions), 1.0 / rate);
            let spend = MeanSpend::new(transactions, total / f64::from(transactions)).expect("a mean");
            Row { covariates: [business, year], spend }
        })
        .collect()
}

fn base(rows: &[Row]) -> Result<CovariateBase<SpendBase>, InvalidCovariates> {
    let mut base: CovariateBase<SpendBase> = CovariateBase::new(NAMES);
    for row in rows {
        base.group(&row.covariates)?.push(row.spend, 1);
    }
    Ok(base)
}

fn penalised(rows: &[Row], penalty: f64) -> Result<StaticCovariateFit<GammaGamma>, CovariateFitError> {
    let terms = CovariateTerms::all(&NAMES, &[Process::Spend]).penalised(Process::Spend, penalty);
    GammaGamma::fit_with_covariates(&base(rows)?, &terms)
}

fn fit(rows: &[Row]) -> StaticCovariateFit<GammaGamma> {
    penalised(rows, 0.0).expect("a fit")
}

#[test]
fn coefficients_and_parameters_are_recovered() {
    // The gammas stand for a customer born in the year 0.
    let truths = [
        ([6.0, 4.0, 15.0], [0.5, -0.01]),
        ([1.2, 2.5, 4e-5], [-1.5, 0.01]),
        ([20.0, 8.0, 0.5], [0.0, 0.002]),
    ];
    for (seed, ([p, q, gamma], delta)) in truths.into_iter().enumerate() {
        let truth = GammaGamma::new(p, q, gamma).expect("parameters");
        let fitted = fit(&simulate(&truth, delta, 20_000, 50 + seed as u64));
        assert_recovered(&fitted.fit, &[p, q, gamma, delta[0], delta[1]]);
        for (i, estimate) in fitted.fit.parameters.iter().enumerate() {
            let standard_error = estimate.standard_error.expect("a standard error");
            let by_slope = estimate.scale.slope(estimate.value) * fitted.fit.covariance[i][i].sqrt();
            assert!((standard_error / by_slope - 1.0).abs() < 1e-6, "{}", estimate.name);
        }
        let names: Vec<&str> = fitted.fit.parameters.iter().map(|p| p.name.as_ref()).collect();
        assert_eq!(names, ["p", "q", "gamma", "spend.Business", "spend.Year"]);
        // A business spends exp(delta) times what another customer of the same year does.
        let new =
            |covariates| fitted.fit.model.model_for(covariates).expect("a model").expected_mean_spend_new();
        let (ratio, delta) = (new(&[1.0, 1985.0]) / new(&[0.0, 1985.0]), fitted.fit.parameters[3].value);
        assert!((ratio / delta.exp() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_likelihood_ratio_tells_effects_from_none() {
    let truth = GammaGamma::new(6.0, 4.0, 15.0).expect("parameters");
    let effect = fit(&simulate(&truth, [0.3, 0.0], 3_000, 7)).likelihood_ratio().expect("a test");
    assert_eq!(effect.degrees_of_freedom, 2);
    assert!(effect.p_value < 1e-10, "{effect:?}");
    // Without effects p-values are uniform: the mean of 40 has the standard deviation 0.046.
    let p_values: Vec<f64> = (0..40)
        .map(|seed| {
            fit(&simulate(&truth, [0.0, 0.0], 300, 900 + seed)).likelihood_ratio().expect("a test").p_value
        })
        .collect();
    let mean = p_values.iter().sum::<f64>() / 40.0;
    assert!((mean - 0.5).abs() < 0.14, "{mean}: {p_values:?}");
}

#[test]
fn the_scale_of_a_covariate_is_the_coefficient_s() {
    let truth = GammaGamma::new(6.0, 4.0, 15.0).expect("parameters");
    let rows = simulate(&truth, [0.4, -0.01], 2_000, 8);
    let moved: Vec<Row> = rows
        .iter()
        .map(|row| {
            let covariates = [5.0 * row.covariates[0] + 100.0, 0.001 * row.covariates[1]];
            Row { covariates, ..row.clone() }
        })
        .collect();
    let (one, other) = (fit(&rows).fit, fit(&moved).fit);
    assert!((one.log_likelihood / other.log_likelihood - 1.0).abs() < 1e-11);
    for (at, factor) in [(3, 5.0), (4, 0.001)] {
        let (a, b) = (&one.parameters[at], &other.parameters[at]);
        assert!((a.value / (b.value * factor) - 1.0).abs() < 1e-5, "{a:?} {b:?}");
        let errors = a.standard_error.expect("an error") / (b.standard_error.expect("an error") * factor);
        assert!((errors - 1.0).abs() < 1e-5, "{a:?} {b:?}");
    }
}

#[test]
fn a_penalty_shrinks_and_is_not_part_of_the_log_likelihood() {
    let truth = GammaGamma::new(6.0, 4.0, 15.0).expect("parameters");
    let rows = simulate(&truth, [0.4, 0.0], 1_000, 9);
    let of = |penalty| penalised(&rows, penalty).expect("a fit");
    let fits = [of(0.0), of(300.0), of(1e9)];
    let business: Vec<f64> = fits.iter().map(|fit| fit.fit.parameters[3].value).collect();
    assert!(
        business[0] > business[1] + 0.05 && business[1] > 0.05 && business[2].abs() < 1e-5,
        "{business:?}"
    );
    let likelihoods: Vec<f64> = fits.iter().map(|fit| fit.fit.log_likelihood).collect();
    assert!(likelihoods[0] > likelihoods[1] && likelihoods[1] > likelihoods[2], "{likelihoods:?}");
    assert!((likelihoods[2] / fits[2].without.log_likelihood - 1.0).abs() < 1e-6, "{likelihoods:?}");
    assert!(fits[0].likelihood_ratio().is_some() && fits[1].likelihood_ratio().is_none());
}

#[test]
fn covariates_that_say_the_same_run_away_together() {
    let truth = GammaGamma::new(6.0, 4.0, 15.0).expect("parameters");
    let mut rows = simulate(&truth, [0.4, 0.0], 1_000, 10);
    for row in &mut rows {
        row.covariates[1] = 3.0 - row.covariates[0];
    }
    let fit = fit(&rows).fit;
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["spend.Business".into(), "spend.Year".into()] });
    assert!(fit.parameters[3].standard_error.is_none() && fit.parameters[4].standard_error.is_none());
}

#[test]
fn covariates_that_do_not_do_are_refused() {
    let truth = GammaGamma::new(6.0, 4.0, 15.0).expect("parameters");
    let rows = simulate(&truth, [0.4, 0.0], 50, 11);
    let refused = |change: &dyn Fn(&mut Row)| {
        let mut rows = rows.clone();
        rows.iter_mut().for_each(change);
        penalised(&rows, 0.0).expect_err("no fit")
    };
    let constant = InvalidCovariates::Constant { covariate: "Business".to_owned() };
    assert_eq!(refused(&|row| row.covariates[0] = 1.0), CovariateFitError::Covariates(constant));
    let missing = refused(&|row| row.covariates[0] = f64::NAN);
    assert!(matches!(missing, CovariateFitError::Covariates(InvalidCovariates::NotFinite { .. })));
    let negative = refused(&|row| row.spend.mean = -1.0);
    assert!(matches!(negative, CovariateFitError::Fit(FitError::Spend(_))));
    for few in [0, 5] {
        let few = penalised(&rows[..few], 0.0);
        assert!(matches!(few, Err(CovariateFitError::Fit(FitError::TooFewRepeatCustomers { .. }))));
    }
    let penalty = InvalidCovariates::Penalty { process: Process::Spend, weight: -1.0 };
    assert_eq!(penalised(&rows, -1.0).expect_err("no fit"), CovariateFitError::Covariates(penalty));
    let dropout = CovariateTerms::all(&NAMES, &[Process::Dropout]);
    let process = InvalidCovariates::NoProcess { model: "gamma-gamma", process: Process::Dropout };
    let error = GammaGamma::fit_with_covariates(&base(&rows).expect("a base"), &dropout).expect_err("no fit");
    assert_eq!(error, CovariateFitError::Covariates(process));
    let model = fit(&rows).fit.model;
    assert!(matches!(model.model_for(&[1.0]), Err(InvalidCovariates::Count { given: 1, expected: 2 })));
    assert!(model.model_for(&[1.0, f64::INFINITY]).is_err());
    assert!(model.coefficients().all(|(_, _, delta)| delta != 0.0));
    assert!(model.model_for(&[1.0, 1e300]).is_err());
    assert!(model.with_parameters(&[1.0, 2.0, 3.0, -4.0, 5.0]).is_ok());
    assert!(model.with_parameters(&[1.0, 2.0, 3.0, f64::NAN, 5.0]).is_err());
    assert!(model.with_parameters(&[1.0, 2.0, 3.0]).is_err());
}

#[test]
fn a_mean_spend_that_does_not_exist_is_refused() {
    let truth = GammaGamma::new(6.0, 0.6, 15.0).expect("parameters");
    let refused = penalised(&simulate(&truth, [0.4, 0.0], 2_000, 12), 0.0);
    assert!(matches!(refused, Err(CovariateFitError::Fit(FitError::NoMeanSpend { .. }))), "{refused:?}");
}
