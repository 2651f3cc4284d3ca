//! Samplers against the moments of their distributions, quadrature against known integrals, small statistics.

#![allow(clippy::float_cmp, reason = "limits and order statistics are exact")]

use perennial_math::derivative::hessian_of;
use perennial_math::matrix::{MatrixError, SquareMatrix, covariance_from_hessian, multivariate_normal_draws};
use perennial_math::quadrature::{GaussLegendre, integrate_adaptive};
use perennial_math::random::{self, Rng, stream};
use perennial_math::special::{digamma, trigamma};
use perennial_math::statistics::{mean, quantile, variance, weighted_quantile};

const DRAWS: u64 = 40_000;

/// Asserts that the mean of draws, one from each stream, is within five standard errors of `expected`.
fn assert_mean(expected: f64, variance: f64, seed: u64, draw: impl Fn(&mut Rng) -> f64) {
    let values: Vec<f64> = (0..DRAWS).map(|index| draw(&mut stream(seed, index))).collect();
    let error = (variance / DRAWS as f64).sqrt();
    assert!(
        (mean(&values) - expected).abs() < 5.0 * error,
        "{} instead of {expected} ± {error}",
        mean(&values)
    );
}

#[test]
fn moments_of_the_samplers() {
    assert_mean(0.5, 1.0 / 12.0, 1, random::uniform_open);
    assert_mean(0.0, 1.0, 2, random::standard_normal);
    assert_mean(1.0, 2.0, 3, |rng| random::standard_normal(rng).powi(2));
    assert_mean(0.25, 0.0625, 4, |rng| random::exponential(rng, 4.0));
    for (seed, &shape) in [0.2426, 1.0, 5.5, 1e6].iter().enumerate() {
        assert_mean(3.0 * shape, 9.0 * shape, 10 + seed as u64, |rng| random::gamma(rng, shape, 3.0));
    }
    for (seed, &(a, b)) in [(0.8_f64, 2.4_f64), (1e-3, 2e-3), (300.0, 0.5)].iter().enumerate() {
        let spread = a * b / ((a + b).powi(2) * (a + b + 1.0));
        assert_mean(a / (a + b), spread, 20 + seed as u64, |rng| random::beta(rng, a, b));
    }
    for (seed, &rate) in [0.01, 3.0, 40.0, 1e7].iter().enumerate() {
        assert_mean(rate, rate, 30 + seed as u64, |rng| random::poisson(rng, rate));
    }
    for (seed, &(n, p)) in [(1_u64, 0.3), (20, 0.01), (2_357, 0.6), (1_000_000_000, 0.2)].iter().enumerate() {
        let mean = n as f64 * p;
        assert_mean(mean, mean * (1.0 - p), 80 + seed as u64, |rng| random::binomial(rng, n, p));
    }
}

/// E ln G = digamma(shape), Var ln G = trigamma(shape): right also where G itself underflows.
#[test]
fn logarithms_of_gamma_variates() {
    for (seed, &shape) in [1e-3, 0.05, 0.7, 1.0, 200.0, 1e6].iter().enumerate() {
        assert_mean(digamma(shape), trigamma(shape), 40 + seed as u64, |rng| {
            random::ln_gamma_variate(rng, shape)
        });
    }
}

#[test]
fn streams_are_reproducible_and_apart() {
    let first = |seed, index| random::uniform_open(&mut stream(seed, index));
    assert_eq!(first(7, 3).to_bits(), first(7, 3).to_bits());
    let mut seen: Vec<u64> =
        (0..50).flat_map(|seed| (0..50).map(move |index| first(seed, index).to_bits())).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 2_500);
}

#[test]
fn invalid_parameters_give_nan() {
    let rng = &mut stream(1, 1);
    assert!(random::gamma(rng, 0.0, 1.0).is_nan() && random::gamma(rng, 1.0, -1.0).is_nan());
    assert!(random::gamma(rng, f64::NAN, 1.0).is_nan() && random::gamma(rng, 1.0, f64::NAN).is_nan());
    assert!(random::beta(rng, -1.0, 1.0).is_nan() && random::exponential(rng, -1.0).is_nan());
    assert!(random::poisson(rng, -1.0).is_nan() && random::poisson(rng, f64::NAN).is_nan());
    assert!(random::poisson(rng, f64::INFINITY).is_nan());
    assert_eq!(random::poisson(rng, 0.0), 0.0);
    assert!(random::binomial(rng, 5, -0.1).is_nan() && random::binomial(rng, 5, f64::NAN).is_nan());
    assert_eq!(random::binomial(rng, 0, 0.5), 0.0);
    assert_eq!(random::binomial(rng, 7, 1.0), 7.0);
    assert_eq!(random::exponential(rng, 0.0), f64::INFINITY);
}

#[test]
fn normal_draws_have_the_covariance_asked_for() {
    let covariance = SquareMatrix::from_rows(2, vec![4.0, 1.5, 1.5, 1.0]).unwrap();
    let draws = multivariate_normal_draws(&[10.0, -1.0], &covariance, 40_000, &mut stream(5, 0));
    let first: Vec<f64> = draws.iter().map(|draw| draw[0] - 10.0).collect();
    let second: Vec<f64> = draws.iter().map(|draw| draw[1] + 1.0).collect();
    let product: Vec<f64> = first.iter().zip(&second).map(|(x, y)| x * y).collect();
    assert!(mean(&first).abs() < 0.05 && mean(&second).abs() < 0.025);
    assert!((variance(&first) - 4.0).abs() < 0.15 && (variance(&second) - 1.0).abs() < 0.04);
    assert!((mean(&product) - 1.5).abs() < 0.07);
}

#[test]
fn flat_directions_are_held_to_the_largest_variance() {
    // Curvature 4 along (1, 1), none across, negative along the third axis.
    let hessian = SquareMatrix::from_rows(3, vec![2.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0, -1.0]).unwrap();
    let (covariance, clipped) = covariance_from_hessian(&hessian, 100.0);
    assert!(clipped);
    for (i, j, expected) in [(0, 0, 50.125), (0, 1, -49.875), (1, 1, 50.125), (2, 2, 100.0), (0, 2, 0.0)] {
        assert!((covariance.get(i, j) - expected).abs() < 1e-9, "({i}, {j}): {}", covariance.get(i, j));
    }
    let unknown = SquareMatrix::from_fn(2, |_, _| f64::NAN);
    assert_eq!(covariance_from_hessian(&unknown, 9.0).0.entries(), [9.0, 0.0, 0.0, 9.0]);
    let indefinite = SquareMatrix::from_rows(2, vec![1.0, 2.0, 2.0, 1.0]).unwrap();
    assert_eq!(indefinite.inverse(), Err(MatrixError::NotPositiveDefinite { pivot: 1 }));
    assert_eq!(SquareMatrix::from_rows(2, vec![1.0]), Err(MatrixError::NotSquare { size: 2, entries: 1 }));
}

#[test]
fn hessian_of_an_analytic_gradient() {
    // f = exp(x) y² + x y³ at (0.3, -2).
    let mut gradient = |p: &[f64], out: &mut [f64]| {
        out[0] = p[0].exp() * p[1] * p[1] + p[1].powi(3);
        out[1] = 2.0 * p[0].exp() * p[1] + 3.0 * p[0] * p[1] * p[1];
    };
    let hessian = hessian_of(&mut gradient, &[0.3, -2.0]);
    let e = 0.3_f64.exp();
    for (i, j, expected) in
        [(0, 0, 4.0 * e), (0, 1, -4.0 * e + 12.0), (1, 0, -4.0 * e + 12.0), (1, 1, 2.0 * e - 3.6)]
    {
        assert!((hessian.get(i, j) / expected - 1.0).abs() < 1e-8, "({i}, {j})");
    }
}

#[test]
fn integrals_with_known_values() {
    let near = |value: f64, expected: f64, tolerance: f64| {
        assert!((value / expected - 1.0).abs() < tolerance, "{value} instead of {expected}");
    };
    near(GaussLegendre::new(20).integrate(f64::exp, 0.0, 1.0), 1_f64.exp_m1(), 1e-15);
    near(GaussLegendre::new(500).weights().iter().sum(), 2.0, 1e-13);
    near(
        integrate_adaptive(|x| (-x * x / 2e-6).exp(), -1.0, 1.0, 1e-12),
        (2e-6 * std::f64::consts::PI).sqrt(),
        1e-11,
    );
    near(integrate_adaptive(f64::sqrt, 0.0, 1.0, 1e-13), 2.0 / 3.0, 1e-12);
    near(
        integrate_adaptive(|x| 1.0 / (1.0 + x * x), -50.0, 80.0, 1e-13),
        50_f64.atan() + 80_f64.atan(),
        1e-12,
    );
    // Backwards, empty, and without a value.
    near(integrate_adaptive(|x| x, 1.0, 0.0, 1e-10), -0.5, 1e-14);
    assert_eq!(integrate_adaptive(|x| x, 1.0, 1.0, 1e-10), 0.0);
    assert!(integrate_adaptive(|_| f64::NAN, 0.0, 1.0, 1e-10).is_nan());
}

#[test]
fn quantiles_of_small_samples() {
    // R: quantile(c(3, 1, 4, 1, 5), c(.1, .5, .9)), type 7.
    for (p, expected) in [(0.0, 1.0), (0.1, 1.0), (0.5, 3.0), (0.9, 4.6), (1.0, 5.0)] {
        assert!((quantile(&mut [3.0, 1.0, 4.0, 1.0, 5.0], p) - expected).abs() < 1e-15);
    }
    assert!(quantile(&mut [], 0.5).is_nan() && quantile(&mut [1.0], 1.5).is_nan());
    let mut pairs = [(5.0, 1.0), (1.0, 2.0), (3.0, 7.0), (9.0, 0.0)];
    assert_eq!(weighted_quantile(&mut pairs, 0.2), 1.0);
    assert_eq!(weighted_quantile(&mut pairs, 0.5), 3.0);
    assert_eq!(weighted_quantile(&mut pairs, 1.0), 5.0);
    assert!(weighted_quantile(&mut [(1.0, 0.0)], 0.5).is_nan());
    assert!((variance(&[1.0, 2.0, 4.0]) - 7.0 / 3.0).abs() < 1e-15 && variance(&[1.0]).is_nan());
}
