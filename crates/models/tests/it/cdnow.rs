//! The published estimates on the CDNOW 1/10 sample.
//!
//! Sources: Fader, Hardie and Lee (2005) print r .243, alpha 4.414, a .793, b 2.426, LL -9582.4 for BG/NBD; Fader and Hardie's notes
//! r .553, alpha 10.578, s .606, beta 11.669, LL -9595.0 for Pareto/NBD and p 6.25, q 3.74, gamma 15.44 for Gamma-Gamma. The further
//! digits, MBG/NBD and the errors in the hold-out are those on which the packages lifetimes 0.11.3, BTYD 2.4.3 and CLVTools agree.
//! Pareto/NBD is flat in s and beta: the packages end at s .6060 to .6062 and beta 11.656 to 11.669; ours is the highest point.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_models::{CustomerBase, GammaGamma, MeanSpend, ModelKind, Outcome, ParetoNbd, TransactionFit};

use crate::{
    assertions::assert_near,
    data::{Customer, cdnow},
};

/// The length of the hold-out, 273 days, in weeks.
const HOLD_OUT: f64 = 39.0;

struct Published {
    parameters: &'static [f64],
    log_likelihood: f64,
    mae: f64,
    rmse: f64,
    total: f64,
}

fn base(customers: &[Customer]) -> CustomerBase {
    customers.iter().map(|customer| customer.history).collect()
}

fn check(kind: ModelKind, published: &Published) -> TransactionFit {
    let customers = cdnow();
    let fit = kind.fit(&base(&customers)).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged);
    for ((name, value), &expected) in fit.model.parameters().into_iter().zip(published.parameters) {
        assert_near(name, value, expected, 6e-5 * expected.max(1.0));
    }
    assert_near("log-likelihood", fit.log_likelihood, published.log_likelihood, 6e-4);
    let (mut absolute, mut squared, mut total) = (0.0, 0.0, 0.0);
    for customer in &customers {
        let expected = fit.model.expected_purchases(&customer.history, HOLD_OUT);
        let error = f64::from(customer.later) - expected;
        absolute += error.abs();
        squared += error * error;
        total += expected;
    }
    let n = customers.len() as f64;
    assert_near("MAE", absolute / n, published.mae, 6e-5);
    assert_near("RMSE", (squared / n).sqrt(), published.rmse, 6e-5);
    assert_near("total", total, published.total, 0.1);
    fit
}

#[test]
fn the_sample_has_the_counts_of_the_literature() {
    let customers = cdnow();
    let base = base(&customers);
    assert_eq!(customers.len(), 2357);
    assert_eq!(base.repeat_purchases(), 2457.0);
    assert_eq!(base.customers() - base.repeat_customers(), 1411.0);
    assert_eq!(customers.iter().map(|customer| customer.later).sum::<u32>(), 1882);
}

#[test]
fn bg_nbd() {
    let fit = check(
        ModelKind::BgNbd,
        &Published {
            parameters: &[0.2426, 4.4136, 0.7929, 2.4259],
            log_likelihood: -9582.429,
            mae: 0.7855,
            rmse: 1.6080,
            total: 1653.4,
        },
    );
    let published = [("r", 0.0126, 5e-5), ("alpha", 0.378, 5e-4), ("a", 0.186, 5e-4), ("b", 0.705, 5e-4)];
    for (estimate, (name, error, rounding)) in fit.parameters.iter().zip(published) {
        assert_near(name, estimate.standard_error.expect("a standard error"), error, rounding);
    }
}

#[test]
fn mbg_nbd() {
    check(
        ModelKind::MbgNbd,
        &Published {
            parameters: &[0.5248, 6.1831, 0.8914, 1.6140],
            log_likelihood: -9582.136,
            mae: 0.7648,
            rmse: 1.6072,
            total: 1576.7,
        },
    );
}

#[test]
fn pareto_nbd() {
    let fit = check(
        ModelKind::ParetoNbd,
        &Published {
            parameters: &[0.5533, 10.5777, 0.6062, 11.6687],
            log_likelihood: -9594.976,
            mae: 0.7545,
            rmse: 1.6028,
            total: 1665.6,
        },
    );
    // Where the packages BTYD and CLVTools end.
    for [r, alpha, s, beta] in [[0.5534, 10.5802, 0.6061, 11.6562], [0.5533, 10.5778, 0.6060, 11.6639]] {
        let other = ParetoNbd::new(r, alpha, s, beta).expect("parameters");
        assert!(fit.log_likelihood > other.log_likelihood(&base(&cdnow())));
    }
}

/// The package BTYDplus 1.2.0.
#[test]
fn nbd() {
    check(
        ModelKind::Nbd,
        &Published {
            parameters: &[0.3848, 12.0720],
            log_likelihood: -9763.658,
            mae: 1.0410,
            rmse: 1.8595,
            total: 2929.8,
        },
    );
}

#[test]
fn gamma_gamma() {
    let spends: Vec<MeanSpend> = cdnow().iter().filter_map(|customer| customer.spend).collect();
    assert_eq!(spends.len(), 946);
    let fit = GammaGamma::fit(&spends, &vec![1.0; spends.len()]).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged);
    for (estimate, published) in fit.parameters.iter().zip([6.2496, 3.7442, 15.4435]) {
        assert_near(&estimate.name, estimate.value, published, 6e-5);
        assert!(estimate.standard_error.is_some_and(|error| error > 0.0 && error < estimate.value));
    }
    assert_near("log-likelihood", fit.log_likelihood, -4055.918, 6e-4);
}
