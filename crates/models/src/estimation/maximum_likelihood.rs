//! The search for the maximum of a log-likelihood, and what its curvature says about the parameters.
//!
//! The covariance of the coordinates is the inverse of the negative Hessian at the maximum; a standard error on the natural scale is the
//! coordinate's times the slope of the value by it (delta method).

use perennial_math::{
    derivative::hessian_of,
    matrix::{SquareMatrix, covariance_from_hessian},
    optimize::{Minimum, Options, Status, minimize},
};

use super::Problem;
use crate::{Estimated, Fit, FitError, InvalidParameters, Name, Outcome, Scale};

/// The variance of a coordinate above which the data are taken to say nothing about it: a standard error of five
/// means a factor of 150 either way.
const NO_INFORMATION: f64 = 25.0;

/// The variance that flat directions of the coordinates are held to.
const HELD_VARIANCE: f64 = 1.0;

/// The largest slope per customer on the coordinates at which a search counts as ended at a maximum.
const FLAT_SLOPE: f64 = 1e-5;

/// How much a parameter takes part in a flat direction (a unit vector) to be named as running away.
const TAKES_PART: f64 = 0.3;

/// The largest absolute value of a coordinate, in the unit of the likelihood, that the search looks at: for a logarithm a factor of a
/// million from order one. A parameter whose coordinate comes within one of it has run away.
const LARGEST_COORDINATE: f64 = 14.0;

/// When the search ends; the Newton step that follows brings the remaining digits.
const SEARCH: Options =
    Options { gradient_tolerance: 1e-7, value_tolerance: 1e-13, max_evaluations: 500, max_step: 2.0 };

/// The maximum of a log-likelihood on its coordinates, with the curvature there.
pub(crate) struct Maximum {
    /// The coordinates, in the likelihood's unit.
    pub(crate) point: Vec<f64>,
    /// The log-likelihood, in the unit of the data.
    pub(crate) log_likelihood: f64,
    /// The negative Hessian of the log-likelihood by the coordinates.
    information: SquareMatrix,
    pub(crate) outcome: Outcome,
    pub(crate) evaluations: usize,
}

impl Maximum {
    /// The covariance of the coordinates, with flat directions held to a variance of 1: for draws.
    pub(crate) fn held_covariance(&self) -> SquareMatrix {
        covariance_from_hessian(&self.information, HELD_VARIANCE).0
    }

    /// The covariance of the coordinates as far as the data tell: for standard errors.
    pub(crate) fn covariance(&self) -> SquareMatrix {
        covariance_from_hessian(&self.information, NO_INFORMATION).0
    }

    /// Whether the parameter of this name ran away.
    pub(crate) fn ran_away(&self, name: &Name) -> bool {
        matches!(&self.outcome, Outcome::Edge { parameters } if parameters.contains(name))
    }
}

impl Problem {
    /// Finds the maximum; `make` turns the values there into the model.
    pub(crate) fn maximise<M>(
        &self,
        make: impl FnOnce(&[f64]) -> Result<M, InvalidParameters>,
    ) -> Result<Fit<M>, FitError> {
        let maximum = self.maximum()?;
        let values = self.values_at(&maximum.point);
        let model = make(&values).map_err(|_| FitError::NotFinite { model: self.model })?;
        // A logarithm's unit moves it, a coefficient's stretches it.
        let stretch = |at: usize| match self.parameters[at].scale {
            Scale::Log => 1.0,
            Scale::Identity => self.parameters[at].unit,
        };
        let held = maximum.held_covariance();
        let held = SquareMatrix::from_fn(held.size(), |row, column| {
            stretch(row) * stretch(column) * held.get(row, column)
        });
        Ok(Fit {
            model,
            parameters: self.estimates(&values, &maximum),
            covariance: held.entries().chunks(held.size()).map(<[f64]>::to_vec).collect(),
            sample: None,
            log_likelihood: maximum.log_likelihood,
            outcome: maximum.outcome,
            customers: self.customers,
            evaluations: maximum.evaluations,
        })
    }

    /// Finds the maximum.
    pub(crate) fn maximum(&self) -> Result<Maximum, FitError> {
        let mut evaluations = 0;
        let mut objective = |coordinates: &[f64], gradient: &mut [f64]| {
            evaluations += 1;
            self.per_customer(coordinates, gradient)
        };
        let mut best = self.search(&mut objective).ok_or(FitError::NotFinite { model: self.model })?;
        let mut gradient_at = |at: &[f64], gradient: &mut [f64]| {
            objective(at, gradient);
        };
        let hessian = hessian_of(&mut gradient_at, &best.point);
        newton_step(&mut objective, &hessian, &mut best);
        let information =
            SquareMatrix::from_fn(hessian.size(), |row, column| hessian.get(row, column) * self.customers);
        let outcome = self.outcome(&best, &information);
        Ok(Maximum {
            log_likelihood: -best.value * self.customers + self.log_density_unit,
            point: best.point,
            information,
            outcome,
            evaluations,
        })
    }

    /// Minus the log-likelihood per customer; writes its derivatives by the coordinates.
    fn per_customer(&self, coordinates: &[f64], gradient: &mut [f64]) -> f64 {
        let value = self.value_and_gradient(coordinates, gradient);
        for slope in gradient {
            *slope /= -self.customers;
        }
        -value / self.customers
    }

    /// The lowest point found from the starts.
    pub(super) fn search(&self, objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64) -> Option<Minimum> {
        let objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64 = &mut |at: &[f64], gradient: &mut [f64]| {
            // Beyond the bound the step was too far.
            if at.iter().any(|at| at.abs() > LARGEST_COORDINATE) {
                f64::INFINITY
            } else {
                objective(at, gradient)
            }
        };
        let mut best: Option<Minimum> = None;
        for start in &self.starts {
            let start: Vec<f64> =
                start.iter().zip(&self.parameters).map(|(value, p)| p.scale.coordinate(*value)).collect();
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

    /// How the search ended, from the curvature and slope at its end.
    fn outcome(&self, best: &Minimum, information: &SquareMatrix) -> Outcome {
        let eigen = information.symmetric_eigen();
        let runs_away = |parameter: usize| {
            best.point[parameter].abs() > LARGEST_COORDINATE - 1.0
                || eigen.values.iter().enumerate().any(|(direction, curvature)| {
                    curvature * NO_INFORMATION < 1.0
                        && eigen.vectors.get(parameter, direction).abs() > TAKES_PART
                })
        };
        let parameters: Vec<Name> = self
            .parameters
            .iter()
            .enumerate()
            .filter(|(parameter, _)| runs_away(*parameter))
            .map(|(_, parameter)| parameter.name.clone())
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

    /// The parameters with standard errors on the natural scale; none for a parameter that ran away.
    fn estimates(&self, values: &[f64], maximum: &Maximum) -> Vec<Estimated> {
        values
            .iter()
            .zip(maximum.covariance().diagonal())
            .zip(&self.parameters)
            .map(|((&value, variance), parameter)| {
                let slope = match parameter.scale {
                    Scale::Log => value,
                    Scale::Identity => parameter.unit,
                };
                let known = !maximum.ran_away(&parameter.name) && variance.is_finite();
                Estimated {
                    name: parameter.name.clone(),
                    value,
                    standard_error: known.then(|| slope * variance.sqrt()),
                    scale: parameter.scale,
                }
            })
            .collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimation::{LogLikelihood, Parameter};

    /// That of a hundred normal observations with mean 3 and variance 1.
    struct Normal;

    impl LogLikelihood for Normal {
        fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
            gradient[0] = 100.0 * (3.0 - parameters[0]);
            -50.0 * (3.0 - parameters[0]).powi(2)
        }
    }

    #[test]
    fn a_coefficient_is_reported_in_its_unit() {
        let problem = Problem {
            model: "normal",
            likelihood: Box::new(Normal),
            parameters: vec![Parameter { name: "mean".into(), unit: 20.0, scale: Scale::Identity }],
            starts: vec![vec![0.0]],
            log_density_unit: 0.0,
            customers: 100.0,
        };
        let fit = problem.maximise(|values| Ok(values[0])).expect("a maximum");
        let error = fit.parameters[0].standard_error.expect("a standard error");
        assert!((fit.model - 60.0).abs() < 1e-6 && (error - 2.0).abs() < 1e-6, "{fit:?}");
        assert!((fit.covariance[0][0] - 4.0).abs() < 1e-6, "{fit:?}");
    }
}
