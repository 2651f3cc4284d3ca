//! The search for the maximum of a log-likelihood, and what its curvature says about the parameters.
//!
//! All models have positive parameters, so the search runs on their logarithms. The covariance of the log-parameters is the inverse
//! of the negative Hessian at the maximum; a standard error on the natural scale is value times standard error of the
//! logarithm (delta method).

use perennial_math::{
    derivative::hessian_of,
    matrix::{SquareMatrix, covariance_from_hessian, multivariate_normal_draws},
    optimize::{Minimum, Options, Status, minimize},
    random::Rng,
};

use crate::{Fit, FitError, Outcome, Parameters};

/// The fewest customers with a repeat purchase (for a spend model: with a spend) that a model is fitted on.
///
/// Two and a half per parameter of the largest model. Below it the maximum, where there is one, says more about chance than
/// about the customers; standard errors then exceed the estimates.
pub const MINIMUM_REPEAT_CUSTOMERS: u64 = 10;

/// The variance of a log-parameter above which the data are taken to say nothing about it: a standard error of five
/// means a factor of 150 either way.
const NO_INFORMATION: f64 = 25.0;

/// The variance that flat directions of the log-parameters are held to.
const HELD_VARIANCE: f64 = 1.0;

/// The largest slope per customer on the log-parameters at which a search counts as ended at a maximum.
const FLAT_SLOPE: f64 = 1e-5;

/// How much a parameter takes part in a flat direction (a unit vector) to be named as running away.
const TAKES_PART: f64 = 0.3;

/// The largest absolute value of a log-parameter, in the unit of the likelihood, that the search looks at: a factor of a million from
/// order one. A parameter that comes within a factor of e of it has run away.
const LARGEST_LOG: f64 = 14.0;

/// When the search ends; the Newton step that follows brings the remaining digits.
const SEARCH: Options =
    Options { gradient_tolerance: 1e-7, value_tolerance: 1e-13, max_evaluations: 500, max_step: 2.0 };

/// A log-likelihood of positive parameters.
pub(crate) trait LogLikelihood: Sync {
    /// The value; writes the derivatives by the parameters themselves (not their logarithms).
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64;
}

/// What is to be maximised.
pub(crate) struct Problem<'a> {
    /// The model's name.
    pub(crate) model: &'static str,
    /// The likelihood, in a unit in which parameters are of order one.
    pub(crate) likelihood: &'a dyn LogLikelihood,
    /// Where to search from; the next is tried only when the one before did not end at a maximum.
    pub(crate) starts: &'a [&'a [f64]],
    /// What each parameter is multiplied by to be in the unit of the data.
    pub(crate) units: &'a [f64],
    /// What is added to the log-likelihood for it to be that of the data in their own unit.
    pub(crate) log_density_unit: f64,
    /// How many customers there are.
    pub(crate) customers: f64,
}

/// Refuses data with too few customers that bought again.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of customers, whole and not negative"
)]
pub(crate) fn require_repeat_customers(repeat_customers: f64, customers: f64) -> Result<(), FitError> {
    if repeat_customers >= MINIMUM_REPEAT_CUSTOMERS as f64 {
        return Ok(());
    }
    Err(FitError::TooFewRepeatCustomers {
        repeat_customers: repeat_customers as u64,
        customers: customers as u64,
        needed: MINIMUM_REPEAT_CUSTOMERS,
    })
}

impl Problem<'_> {
    /// Finds the maximum.
    pub(crate) fn maximise<M: Parameters>(&self) -> Result<Fit<M>, FitError> {
        let mut evaluations = 0;
        let mut objective = |log_parameters: &[f64], gradient: &mut [f64]| {
            evaluations += 1;
            self.per_customer(log_parameters, gradient)
        };
        let mut best = self.search(&mut objective).ok_or(FitError::NotFinite { model: self.model })?;
        let mut gradient_at = |at: &[f64], gradient: &mut [f64]| {
            objective(at, gradient);
        };
        let hessian = hessian_of(&mut gradient_at, &best.point);
        newton_step(&mut objective, &hessian, &mut best);
        let information =
            SquareMatrix::from_fn(hessian.size(), |row, column| hessian.get(row, column) * self.customers);
        let (held, _) = covariance_from_hessian(&information, HELD_VARIANCE);
        let values: Vec<f64> =
            best.point.iter().zip(self.units).map(|(log, unit)| log.exp() * unit).collect();
        let model = M::from_values(&values).map_err(|_| FitError::NotFinite { model: self.model })?;
        let outcome = outcome(&best, &information, M::NAMES);
        Ok(Fit {
            model,
            log_likelihood: -best.value * self.customers + self.log_density_unit,
            standard_errors: standard_errors(&values, &information, &outcome, M::NAMES),
            log_covariance: held.entries().chunks(held.size()).map(<[f64]>::to_vec).collect(),
            outcome,
            customers: self.customers,
            evaluations,
        })
    }

    /// Minus the log-likelihood per customer; writes its derivatives by the log-parameters.
    fn per_customer(&self, log_parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let parameters: Vec<f64> = log_parameters.iter().map(|log| log.exp()).collect();
        let value = self.likelihood.value_and_gradient(&parameters, gradient);
        for (slope, parameter) in gradient.iter_mut().zip(&parameters) {
            *slope *= -parameter / self.customers;
        }
        -value / self.customers
    }

    /// The lowest point found from the starts.
    fn search(&self, objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64) -> Option<Minimum> {
        let objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64 = &mut |at: &[f64], gradient: &mut [f64]| {
            // Beyond the bound the step was too far.
            if at.iter().any(|log| log.abs() > LARGEST_LOG) { f64::INFINITY } else { objective(at, gradient) }
        };
        let mut best: Option<Minimum> = None;
        for start in self.starts {
            let start: Vec<f64> = start.iter().map(|value| value.ln()).collect();
            let found = minimize(objective, &start, &SEARCH);
            let ended = found.status == Status::Converged;
            if found.value.is_finite() && best.as_ref().is_none_or(|b| found.value < b.value) {
                best = Some(found);
            }
            if ended {
                break;
            }
        }
        best
    }
}

/// One Newton step, with the Hessian that the covariance needs anyway, if it leads downhill to a smaller slope.
fn newton_step(
    objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
    hessian: &SquareMatrix,
    best: &mut Minimum,
) {
    let Ok(step) = hessian.solve(&best.gradient) else { return };
    if step.iter().any(|step| step.is_nan() || step.abs() > 0.1) {
        return;
    }
    let point: Vec<f64> = best.point.iter().zip(&step).map(|(at, step)| at - step).collect();
    let mut gradient = vec![0.0; point.len()];
    let value = objective(&point, &mut gradient);
    let rounding = 1e-12 * best.value.abs().max(1.0);
    if value <= best.value + rounding && largest(&gradient) < largest(&best.gradient) {
        *best = Minimum { point, value, gradient, ..best.clone() };
    }
}

/// The largest absolute component; not a number when one is not.
fn largest(vector: &[f64]) -> f64 {
    vector.iter().fold(0.0, |largest: f64, x| if x.is_nan() { f64::NAN } else { largest.max(x.abs()) })
}

/// How the search ended, from the curvature and slope at its end.
fn outcome(best: &Minimum, information: &SquareMatrix, names: &[&'static str]) -> Outcome {
    let eigen = information.symmetric_eigen();
    let runs_away = |parameter: usize| {
        best.point[parameter].abs() > LARGEST_LOG - 1.0
            || eigen.values.iter().enumerate().any(|(direction, curvature)| {
                curvature * NO_INFORMATION < 1.0 && eigen.vectors.get(parameter, direction).abs() > TAKES_PART
            })
    };
    let parameters: Vec<&'static str> = names
        .iter()
        .enumerate()
        .filter(|(parameter, _)| runs_away(*parameter))
        .map(|(_, name)| *name)
        .collect();
    let gradient = largest(&best.gradient);
    if !parameters.is_empty() {
        Outcome::Edge { parameters }
    } else if gradient <= FLAT_SLOPE {
        Outcome::Converged
    } else {
        Outcome::Stalled { gradient }
    }
}

/// Standard errors on the natural scale; none for a parameter that ran away.
fn standard_errors(
    values: &[f64],
    information: &SquareMatrix,
    outcome: &Outcome,
    names: &[&'static str],
) -> Vec<Option<f64>> {
    let (covariance, _) = covariance_from_hessian(information, NO_INFORMATION);
    let ran_away =
        |name: &&'static str| matches!(outcome, Outcome::Edge { parameters } if parameters.contains(name));
    values
        .iter()
        .zip(covariance.diagonal())
        .zip(names)
        .map(|((value, variance), name)| {
            (!ran_away(name) && variance.is_finite()).then(|| value * variance.sqrt())
        })
        .collect()
}

/// Draws parameter values whose logarithms are normal around those of `values`.
pub(crate) fn draw_log_parameters(
    values: &[f64],
    log_covariance: &[Vec<f64>],
    n: usize,
    rng: &mut Rng,
) -> Vec<Vec<f64>> {
    let mean: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let covariance = SquareMatrix::from_fn(mean.len(), |row, column| {
        log_covariance.get(row).and_then(|entries| entries.get(column)).copied().unwrap_or(0.0)
    });
    let mut draws = multivariate_normal_draws(&mean, &covariance, n, rng);
    for draw in &mut draws {
        for value in draw {
            *value = value.exp();
        }
    }
    draws
}
