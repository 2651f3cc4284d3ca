//! The optimiser on functions that are known to be hard, and on what goes wrong in likelihoods.

use perennial_math::optimize::{Minimum, Options, Status, minimize, newton_polish};

fn rosenbrock(point: &[f64], gradient: &mut [f64]) -> f64 {
    let (x, y) = (point[0], point[1]);
    let bend = y - x * x;
    gradient[0] = -400.0 * x * bend - 2.0 * (1.0 - x);
    gradient[1] = 200.0 * bend;
    100.0 * bend * bend + (1.0 - x) * (1.0 - x)
}

#[test]
fn rosenbrock_from_the_usual_start() {
    let minimum = minimize(&mut rosenbrock, &[-1.2, 1.0], &Options::default());
    assert_eq!(minimum.status, Status::Converged);
    assert!(minimum.evaluations < 80, "{}", minimum.evaluations);
    for x in newton_polish(&mut rosenbrock, minimum, 3).point {
        assert!((x - 1.0).abs() < 1e-9, "{x}");
    }
}

/// A gamma likelihood in log-parameters: 1,000 observations with mean 2 and mean logarithm 0.4.
fn gamma_likelihood(point: &[f64], gradient: &mut [f64]) -> f64 {
    use perennial_math::special::{digamma, ln_gamma};
    let (shape, rate) = (point[0].exp(), point[1].exp());
    gradient[0] = -1_000.0 * shape * (rate.ln() - digamma(shape) + 0.4);
    gradient[1] = -1_000.0 * (shape - rate * 2.0);
    -1_000.0 * (shape * rate.ln() - ln_gamma(shape) + (shape - 1.0) * 0.4 - rate * 2.0)
}

#[test]
fn a_likelihood_in_logarithms() {
    let minimum = minimize(&mut gamma_likelihood, &[0.0, 0.0], &Options::default());
    assert_eq!(minimum.status, Status::Converged);
    assert!(minimum.evaluations <= 25, "{}", minimum.evaluations);
    // The conditions for the optimum: mean 2, and ln(shape) - digamma(shape) = ln 2 - 0.4.
    let polished = newton_polish(&mut gamma_likelihood, minimum, 3);
    let shape = polished.point[0].exp();
    assert!((polished.point[1].exp() * 2.0 - shape).abs() < 1e-9);
    assert!((shape.ln() - perennial_math::special::digamma(shape) - (2_f64.ln() - 0.4)).abs() < 1e-9);
}

#[test]
fn values_that_are_not_finite_are_a_step_too_far() {
    let mut objective = |point: &[f64], gradient: &mut [f64]| {
        gradient[0] = 1.0 - 1.0 / point[0];
        if point[0] > 0.0 { point[0] - point[0].ln() } else { f64::NAN }
    };
    let minimum = minimize(&mut objective, &[6.0], &Options { max_step: 50.0, ..Options::default() });
    assert_eq!(minimum.status, Status::Converged);
    assert!((minimum.point[0] - 1.0).abs() < 1e-6, "{minimum:?}");
}

#[test]
fn a_direction_without_an_optimum_is_flat() {
    // Levels off as the first coordinate grows, as a grocer's Pareto/NBD does in ln s and ln beta.
    let mut objective = |point: &[f64], gradient: &mut [f64]| {
        let decline = (-point[0]).exp();
        gradient[0] = -1_000.0 * decline;
        gradient[1] = 200.0 * (point[1] - 3.0);
        5_000.0 + 1_000.0 * decline + 100.0 * (point[1] - 3.0).powi(2)
    };
    let minimum: Minimum = minimize(&mut objective, &[0.0, 0.0], &Options::default());
    assert_eq!(minimum.status, Status::Flat, "{minimum:?}");
    assert!(minimum.value < 5_000.01 && (minimum.point[1] - 3.0).abs() < 1e-3, "{minimum:?}");
    assert!(minimum.point[0] < 60.0 && minimum.evaluations < 60, "{minimum:?}");
}

#[test]
fn a_start_without_a_value_stalls() {
    let mut objective = |_: &[f64], _: &mut [f64]| f64::NAN;
    assert_eq!(minimize(&mut objective, &[1.0], &Options::default()).status, Status::Stalled);
    assert_eq!(minimize(&mut objective, &[], &Options::default()).status, Status::Stalled);
}

#[test]
fn evaluations_are_bounded() {
    let options = Options { max_evaluations: 7, ..Options::default() };
    let minimum = minimize(&mut rosenbrock, &[-1.2, 1.0], &options);
    assert_eq!(minimum.status, Status::Stalled);
    assert!(minimum.evaluations <= 7);
    assert!(minimum.value < 24.2);
}
