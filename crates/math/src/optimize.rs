//! Minimisation of a smooth function of a few variables with an analytic gradient.
//!
//! [`minimize`] is the quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno with a line search for the strong
//! Wolfe conditions (Nocedal and Wright, 2006, "Numerical Optimization", algorithms 6.1, 3.5 and 3.6). The inverse
//! Hessian is kept dense: a model has a handful of parameters. [`newton_polish`] refines the result to the last digits.

mod line_search;

use crate::derivative::hessian_of;
use crate::matrix::SquareMatrix;
use line_search::{Objective, Sample, search};

/// When to stop, and how far one step may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Converged when no component of the gradient exceeds this times max(1, |value|).
    pub gradient_tolerance: f64,
    /// An iteration that lowers the value by no more than this times max(1, |value|) counts as no progress.
    pub value_tolerance: f64,
    /// The largest number of evaluations of the objective.
    pub max_evaluations: usize,
    /// No coordinate moves further than this in one iteration (on a log-parameter, 2 is a factor of 7).
    pub max_step: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { gradient_tolerance: 1e-9, value_tolerance: 1e-13, max_evaluations: 500, max_step: 2.0 }
    }
}

/// How a minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The gradient is zero within the tolerance, or the value and the point have both settled.
    Converged,
    /// The value has settled, but the point still moves along a direction in which the objective is flat: some
    /// coordinate has no finite optimum, or the data do not determine it.
    Flat,
    /// No progress is possible (the line search failed or the evaluations are used up) and the gradient is not zero.
    Stalled,
}

/// The result of a minimisation.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// Where the lowest value was found.
    pub point: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The gradient there.
    pub gradient: Vec<f64>,
    /// How often the objective was evaluated.
    pub evaluations: usize,
    /// How it ended.
    pub status: Status,
}

/// Iterations without progress after which the search ends.
const IDLE_ITERATIONS: usize = 3;

/// A coordinate that would still move by more than this while the value has settled is running along a flat direction.
const FLAT_MOVE: f64 = 0.05;

/// Minimises `objective` from `start`.
///
/// `objective(point, gradient)` returns the value and writes the gradient. Where a value or a gradient is not finite,
/// the step that led there counts as too far. If that is so at `start` itself, or the start is empty, the result is
/// [`Status::Stalled`] at `start`.
pub fn minimize(
    objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    options: &Options,
) -> Minimum {
    let mut objective = Objective { function: objective, evaluations: 0 };
    let mut current = objective.sample(start.to_vec());
    if start.is_empty() || !current.is_finite() {
        return finish(current, objective.evaluations, Status::Stalled);
    }
    let mut inverse = InverseHessian::new(start.len());
    let mut idle = 0;
    let mut moved: f64 = 0.0;
    loop {
        let mut direction = inverse.descent(&current.gradient);
        let ahead = largest(&direction);
        let tolerance = current.value.abs().max(1.0);
        if largest(&current.gradient) <= options.gradient_tolerance * tolerance {
            let status = if inverse.learned && ahead > FLAT_MOVE { Status::Flat } else { Status::Converged };
            return finish(current, objective.evaluations, status);
        }
        if idle >= IDLE_ITERATIONS {
            let status = if moved.max(ahead) > FLAT_MOVE { Status::Flat } else { Status::Converged };
            return finish(current, objective.evaluations, status);
        }
        if objective.evaluations >= options.max_evaluations {
            return finish(current, objective.evaluations, Status::Stalled);
        }
        limit(&mut direction, options.max_step);
        let Some(next) = search(&mut objective, &current, &direction, options) else {
            if inverse.learned {
                // The curvature learned so far misleads; try once more along the gradient.
                inverse = InverseHessian::new(start.len());
                continue;
            }
            let status = if idle > 0 { Status::Converged } else { Status::Stalled };
            return finish(current, objective.evaluations, status);
        };
        let progress = current.value - next.value;
        idle = if progress <= options.value_tolerance * tolerance { idle + 1 } else { 0 };
        moved = inverse.learn(&current, &next);
        current = next;
    }
}

fn finish(sample: Sample, evaluations: usize, status: Status) -> Minimum {
    Minimum { point: sample.point, value: sample.value, gradient: sample.gradient, evaluations, status }
}

/// The largest absolute component.
fn largest(vector: &[f64]) -> f64 {
    vector.iter().fold(0.0, |largest, component| largest.max(component.abs()))
}

/// Shortens `direction` so that no component exceeds `max_step`.
fn limit(direction: &mut [f64], max_step: f64) {
    let longest = largest(direction);
    if longest > max_step {
        for component in direction {
            *component *= max_step / longest;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The approximation of the inverse Hessian that BFGS builds up.
struct InverseHessian {
    matrix: SquareMatrix,
    /// Whether a curvature pair has gone in; before that the matrix is the identity.
    learned: bool,
}

impl InverseHessian {
    fn new(size: usize) -> Self {
        Self { matrix: SquareMatrix::identity(size), learned: false }
    }

    /// The step -H·g; before anything is learned, a step of length at most one half along the steepest descent.
    fn descent(&self, gradient: &[f64]) -> Vec<f64> {
        let mut step = self.matrix.times(gradient);
        for component in &mut step {
            *component = -*component;
        }
        if !self.learned {
            limit(&mut step, FIRST_STEP);
        }
        step
    }

    /// Takes in the step from `from` to `to` (Nocedal and Wright, 2006, equations 6.17 and 6.20) and returns its
    /// largest component.
    fn learn(&mut self, from: &Sample, to: &Sample) -> f64 {
        let size = from.point.len();
        let step: Vec<f64> = to.point.iter().zip(&from.point).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = to.gradient.iter().zip(&from.gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if !self.learned {
                let scale = curvature / dot(&change, &change);
                self.matrix = SquareMatrix::from_fn(size, |i, j| if i == j { scale } else { 0.0 });
                self.learned = true;
            }
            let image = self.matrix.times(&change);
            let factor = (1.0 + dot(&change, &image) / curvature) / curvature;
            self.matrix = SquareMatrix::from_fn(size, |i, j| {
                self.matrix.get(i, j) + factor * step[i] * step[j]
                    - (image[i] * step[j] + step[i] * image[j]) / curvature
            });
        }
        largest(&step)
    }
}

/// Length of the very first step, in the largest coordinate, when the gradient is long.
const FIRST_STEP: f64 = 0.5;

/// Refines a minimum by up to `max_iterations` Newton steps with the Hessian from differences of the gradient.
///
/// A step is taken when the Hessian is positive definite, the step moves no coordinate by more than a tenth, and the
/// gradient becomes smaller without the value rising beyond rounding; otherwise the minimum stays as it is. A minimum
/// polished until the steps vanish is [`Status::Converged`].
pub fn newton_polish(
    objective: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
    minimum: Minimum,
    max_iterations: usize,
) -> Minimum {
    let mut objective = Objective { function: objective, evaluations: minimum.evaluations };
    let mut status = minimum.status;
    let mut current = Sample { point: minimum.point, value: minimum.value, gradient: minimum.gradient };
    for _ in 0..max_iterations {
        let hessian = hessian_of(
            &mut |point, gradient| {
                let sample = objective.sample(point.to_vec());
                gradient.copy_from_slice(&sample.gradient);
            },
            &current.point,
        );
        let Ok(step) = hessian.solve(&current.gradient) else { break };
        let length = largest(&step);
        if length.is_nan() || length > POLISH_STEP {
            break;
        }
        let next = objective.sample(current.point.iter().zip(&step).map(|(x, s)| x - s).collect());
        let rounding = 1e-12 * current.value.abs().max(1.0);
        let better = largest(&next.gradient) < largest(&current.gradient);
        if !(next.is_finite() && better && next.value <= current.value + rounding) {
            break;
        }
        current = next;
        if length <= SETTLED_STEP {
            status = Status::Converged;
            break;
        }
    }
    finish(current, objective.evaluations, status)
}

/// A Newton step longer than this means that the minimum is not near.
const POLISH_STEP: f64 = 0.1;

/// A Newton step shorter than this ends the polishing: the next one would be lost in rounding.
const SETTLED_STEP: f64 = 1e-9;
