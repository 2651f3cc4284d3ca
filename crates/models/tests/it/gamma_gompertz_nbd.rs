//! Gamma-Gompertz/NBD: published fits, its limit, its hazards and its recovery.

use perennial_math::quadrature::integrate_adaptive;
use perennial_models::{
    CustomerBase, GammaGompertzNbd, Outcome, Parameters, ParetoNbd, Purchases, TransactionModel,
};

use crate::{
    data::{apparel_histories, cdnow},
    recovery::{assert_found, simulate},
};

/// The package CLVTools 0.12.1 ends at r .553, alpha 10.5727, b 0, s .6061, beta 1e-4 with the likelihood of Pareto/NBD: only beta/b,
/// which is Pareto/NBD's beta, means something.
#[test]
fn on_cdnow_it_ends_at_pareto_nbd_and_says_so() {
    let base: CustomerBase = cdnow().iter().map(|customer| customer.history).collect();
    let fit = GammaGompertzNbd::fit(&base).expect("a fit");
    let [r, alpha, b, s, beta]: [f64; 5] = fit.model.values().try_into().expect("five");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["b".into(), "beta".into()] }, "{fit:?}");
    assert!((fit.log_likelihood - -9594.976).abs() < 6e-4, "{}", fit.log_likelihood);
    for (value, published, tolerance) in
        [(r, 0.5533, 2e-4), (alpha, 10.5777, 6e-3), (s, 0.6062, 2e-3), (beta / b, 11.669, 0.06)]
    {
        assert!((value - published).abs() < tolerance, "{value} {published}");
    }
    assert!(fit.parameters[3].standard_error.is_some() && fit.parameters[4].standard_error.is_none());
    let total: f64 = base.histories().iter().map(|h| fit.model.expected_purchases(h, 39.0)).sum();
    assert!((total - 1665.5).abs() < 0.5, "{total}");
}

/// CLVTools 0.12.1, first 52 weeks: r 1.3076, alpha 46.3252, b 0, s .4758, beta 6e-4, LL -3481.978, as its Pareto/NBD.
#[test]
fn on_the_apparel_data_it_does_too() {
    let Some(customers) = apparel_histories() else { return };
    let base: CustomerBase = customers.iter().map(|customer| customer.history).collect();
    let fit = GammaGompertzNbd::fit(&base).expect("a fit");
    let pareto = ParetoNbd::fit(&base).expect("a fit");
    assert_eq!(base.histories().len(), 600);
    assert!((fit.log_likelihood - -3481.978).abs() < 6e-3, "{fit:?} {pareto:?}");
    assert!(fit.log_likelihood > pareto.log_likelihood - 1e-3);
}

#[test]
fn with_b_small_it_is_pareto_nbd() {
    let pareto = ParetoNbd::new(0.55, 10.6, 0.6, 11.7).expect("parameters");
    let b = 1e-9;
    let gompertz = GammaGompertzNbd::new(0.55, 10.6, b, 0.6, 11.7 * b).expect("parameters");
    for (x, recency, age) in [(0, 0.0, 30.0), (2, 30.4, 38.9), (26, 30.0, 31.0)] {
        let customer = Purchases::new(x, recency, age).expect("a valid history");
        let figures = |model: &dyn TransactionModel| {
            [
                model.probability_alive(&customer),
                model.probability_of_staying(&customer, 39.0),
                model.expected_purchases(&customer, 39.0),
                model.discounted_expected_residual_transactions(&customer, 0.002),
                model.probability_of_n_purchases(&customer, 0, 39.0),
                model.probability_of_n_purchases(&customer, 3, 39.0),
                model.median_time_to_next_purchase(&customer),
                model.expected_purchases_new(52.0),
            ]
        };
        for (one, other) in figures(&gompertz).into_iter().zip(figures(&pareto)) {
            assert!((one / other - 1.0).abs() < 1e-6, "{customer:?}: {one} {other}");
        }
    }
}

/// Where beta > 1 leaving becomes likelier with time: a new customer surely stays at first.
#[test]
fn the_hazard_rises_where_beta_is_above_one() {
    let model = GammaGompertzNbd::new(1.5, 8.0, 0.3, 2.0, 900.0).expect("parameters");
    let stays =
        |age: f64| model.probability_of_staying(&Purchases::new(1, age, age).expect("a valid history"), 1.0);
    assert!(stays(1.0) > 0.998 && stays(20.0) < 0.85, "{} {}", stays(1.0), stays(20.0));
    let formula = |t: f64| (900.0 / (899.0 + (0.3 * t).exp())).powi(2);
    assert!((stays(20.0) / (formula(21.0) / formula(20.0)) - 1.0).abs() < 1e-12);
}

/// P(alive) from the definition: the integral over the time of leaving, adaptively.
#[test]
fn probability_alive_is_the_share_of_the_likelihood() {
    for [r, alpha, b, s, beta] in
        [[0.55, 10.6, 0.02, 0.6, 0.24], [1.5, 8.0, 0.3, 2.0, 900.0], [0.3, 0.1, 3.0, 0.01, 1e-4]]
    {
        let model = GammaGompertzNbd::new(r, alpha, b, s, beta).expect("parameters");
        for (x, recency, age) in [(0, 0.0, 30.0), (2, 3.4, 38.9), (26, 30.0, 31.0)] {
            let customer = Purchases::new(x, recency, age).expect("a valid history");
            let shape = r + f64::from(x);
            let survival = |t: f64| -s * ((b * t).exp_m1() / beta).ln_1p();
            let silent = |t: f64| (survival(t) - shape * ((t - recency) / (alpha + recency)).ln_1p()).exp();
            let dead = integrate_adaptive(
                |u| silent(u) * s * b / (1.0 + (beta - 1.0) * (-b * u).exp()),
                recency,
                age,
                1e-12,
            );
            let expected = silent(age) / (silent(age) + dead);
            let value = model.probability_alive(&customer);
            assert!((value / expected - 1.0).abs() < 1e-9, "{model:?} {customer:?}: {value} {expected}");
        }
    }
}

#[test]
fn rising_and_falling_hazards_are_recovered() {
    for (seed, [r, alpha, b, s, beta]) in
        [[1.5, 10.0, 0.08, 1.5, 20.0], [1.0, 5.0, 0.05, 0.3, 0.1]].into_iter().enumerate()
    {
        assert_found(
            &GammaGompertzNbd::new(r, alpha, b, s, beta).expect("parameters"),
            GammaGompertzNbd::fit,
            seed as u64,
        );
    }
}

/// Where the data rise, the model beats its limit by far more than chance.
#[test]
fn sudden_death_is_told_from_a_constant_risk() {
    let truth = GammaGompertzNbd::new(1.5, 10.0, 0.15, 1.5, 200.0).expect("parameters");
    let base = simulate(&truth, 5_000, 80.0, 4);
    let fit = GammaGompertzNbd::fit(&base).expect("a fit");
    let pareto = ParetoNbd::fit(&base).expect("a fit");
    assert!(fit.log_likelihood > pareto.log_likelihood + 20.0, "{fit:?} {pareto:?}");
    assert!(fit.model.values()[4] > 1.0);
}
