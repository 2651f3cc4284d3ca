//! Where the sampler of pooled groups starts: the groups' most likely coordinates under a population that is fitted to them in turn.
//!
//! A few rounds of expectation and maximisation with every group's posterior taken as normal: `theta_g` at its maximum given mu and tau, `V_g` the
//! inverse curvature there; then mu the mean of `theta_g` and tau^2 the mean of (`theta_g` - mu)^2 + `V_g`. The result need only be near.

use perennial_math::{
    derivative::hessian_of,
    matrix::covariance_from_hessian,
    optimize::{Options, minimize},
};

use super::hierarchy::Group;
use crate::estimation::Problem;

/// Rounds of expectation and maximisation.
const ROUNDS: usize = 6;

/// The largest absolute value of a coordinate of the population at the start; a likelihood at its edge would lead further.
const FURTHEST: f64 = 5.0;

const SEARCH: Options =
    Options { gradient_tolerance: 1e-5, value_tolerance: 1e-10, max_evaluations: 100, max_step: 1.0 };

/// A start for the sampler.
pub(super) struct Start {
    /// The population's coordinates mu.
    pub(super) population: Vec<f64>,
    /// Each group's coordinates theta.
    pub(super) groups: Vec<Vec<f64>>,
    /// How much the groups differ: tau.
    pub(super) typical: Vec<f64>,
    /// Per group and parameter the share of what is known that comes from the group's own customers: 1 less the variance of theta given the
    /// population over that of the population, tau^2.
    pub(super) informed: Vec<Vec<f64>>,
}

/// Finds a start; `None` when the likelihood is nowhere finite.
pub(super) fn start(whole: &Problem, groups: &[Group<'_>], spread: f64) -> Option<Start> {
    let size = whole.parameters.len();
    let customers = whole.customers.max(1.0);
    let mut likelihood = |at: &[f64], gradient: &mut [f64]| {
        let value = whole.value_and_gradient(at, gradient);
        for slope in gradient.iter_mut() {
            *slope /= -customers;
        }
        -value / customers
    };
    let together = whole.search(&mut likelihood)?.point;
    let population: Vec<f64> = together.iter().map(|at| at.clamp(-FURTHEST, FURTHEST)).collect();
    let mut found = Start {
        groups: vec![population.clone(); groups.len()],
        population,
        typical: vec![0.5 * spread; size],
        informed: vec![vec![0.0; size]; groups.len()],
    };
    for _ in 0..ROUNDS {
        let variances: Vec<Vec<f64>> =
            groups.iter().enumerate().map(|(i, group)| settle(group, i, &mut found)).collect();
        let number = groups.len() as f64;
        for j in 0..size {
            let middle = found.groups.iter().map(|theta| theta[j]).sum::<f64>() / number;
            let apart =
                found.groups.iter().zip(&variances).map(|(theta, v)| (theta[j] - middle).powi(2) + v[j]);
            let tau = (apart.sum::<f64>() / number).sqrt();
            found.population[j] = middle;
            found.typical[j] = tau.clamp(0.1 * spread, 2.0 * spread);
        }
    }
    Some(found)
}

/// Moves a group to its maximum given the population; gives the variances of its coordinates there.
fn settle(group: &Group<'_>, index: usize, found: &mut Start) -> Vec<f64> {
    let (population, typical) = (found.population.clone(), found.typical.clone());
    let mut objective = |theta: &[f64], gradient: &mut [f64]| {
        let mut value = -group.value_and_gradient(theta, gradient);
        for (j, slope) in gradient.iter_mut().enumerate() {
            let z = (theta[j] - population[j]) / typical[j];
            value += 0.5 * z * z;
            *slope = z / typical[j] - *slope;
        }
        value
    };
    let best = minimize(&mut objective, &found.groups[index], &SEARCH);
    if best.value.is_finite() {
        found.groups[index] = best.point;
    }
    let mut slope = |at: &[f64], gradient: &mut [f64]| {
        objective(at, gradient);
    };
    let curvature = hessian_of(&mut slope, &found.groups[index]);
    // No more than the population's own variance is left unknown.
    let largest = typical.iter().fold(0.0_f64, |largest, tau| largest.max(tau * tau));
    let (covariance, _) = covariance_from_hessian(&curvature, largest);
    let variances = covariance.diagonal();
    found.informed[index] = variances
        .iter()
        .zip(&typical)
        .map(|(variance, tau)| (1.0 - variance / (tau * tau)).clamp(0.0, 1.0))
        .collect();
    variances
}
