//! The maximum of the partial likelihood by Newton's method, and what its curvature says about the coefficients.

use perennial_math::matrix::{SquareMatrix, covariance_from_hessian};

use super::partial_likelihood::{Partial, RiskSets};

/// Steps after which the search gives up. A coefficient that runs away takes about one per unit, to the power of ten that ends it.
const STEPS: usize = 200;

/// The search ends when a step promises less than twice this of log-likelihood.
const LITTLE: f64 = 1e-10;

/// Halvings of a step that leads downhill.
const HALVINGS: usize = 40;

/// Directions with a curvature below this share of the largest take no part in a step.
const FLAT: f64 = 1e-14;

/// Where the search ended.
pub(super) struct Maximum {
    /// On the standardised covariates.
    pub(super) coefficients: Vec<f64>,
    pub(super) partial: Partial,
    pub(super) null: f64,
    pub(super) evaluations: usize,
    pub(super) converged: bool,
}

/// Searches from no effect at all; the log partial likelihood is concave, so that there is one maximum at most.
pub(super) fn maximise(risk: &RiskSets, covariates: usize) -> Maximum {
    let mut coefficients = vec![0.0; covariates];
    let mut partial = risk.at(&coefficients);
    let null = partial.value;
    let mut evaluations = 1;
    let mut converged = false;
    for _ in 0..STEPS {
        let mut step = newton_step(&partial);
        let promise: f64 = step.iter().zip(&partial.gradient).map(|(step, slope)| step * slope).sum();
        let rounding = 1e-13 * partial.value.abs();
        let mut accepted = None;
        for _ in 0..HALVINGS {
            let point: Vec<f64> = coefficients.iter().zip(&step).map(|(at, step)| at + step).collect();
            let next = risk.at(&point);
            evaluations += 1;
            if next.value >= partial.value - rounding {
                accepted = Some((point, next));
                break;
            }
            for step in &mut step {
                *step *= 0.5;
            }
        }
        converged = promise < LITTLE;
        let Some(accepted) = accepted else { break };
        (coefficients, partial) = accepted;
        if converged {
            break;
        }
    }
    Maximum { coefficients, partial, null, evaluations, converged }
}

/// The step to the maximum of the parabola with this slope and curvature, none of it along directions without curvature.
fn newton_step(partial: &Partial) -> Vec<f64> {
    let eigen = partial.information.symmetric_eigen();
    let size = partial.gradient.len();
    let largest = eigen.values.last().copied().unwrap_or(0.0);
    let mut step = vec![0.0; size];
    for (direction, curvature) in
        eigen.values.iter().enumerate().filter(|(_, value)| **value > FLAT * largest)
    {
        let slope: f64 = (0..size).map(|i| eigen.vectors.get(i, direction) * partial.gradient[i]).sum();
        for (i, step) in step.iter_mut().enumerate() {
            *step += eigen.vectors.get(i, direction) * slope / curvature;
        }
    }
    step
}

/// Which coefficients of standardised covariates take part in a direction whose variance exceeds `no_information`.
pub(super) fn unknown(information: &SquareMatrix, no_information: f64) -> Vec<bool> {
    let eigen = information.symmetric_eigen();
    (0..information.size())
        .map(|i| {
            eigen.values.iter().enumerate().any(|(direction, curvature)| {
                curvature * no_information < 1.0 && eigen.vectors.get(i, direction).abs() > 0.3
            })
        })
        .collect()
}

/// The covariance of the coefficients of the covariates in their own units, flat directions held to `max_variance` on the
/// standardised ones.
pub(super) fn covariance(information: &SquareMatrix, scales: &[f64], max_variance: f64) -> Vec<Vec<f64>> {
    let (covariance, _) = covariance_from_hessian(information, max_variance);
    (0..scales.len())
        .map(|i| (0..scales.len()).map(|j| covariance.get(i, j) / (scales[i] * scales[j])).collect())
        .collect()
}
