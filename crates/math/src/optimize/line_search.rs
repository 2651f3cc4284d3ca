//! The line search: a step along a direction that meets the strong Wolfe conditions.

use super::{Options, dot};

/// The objective with its evaluations counted.
pub(super) struct Objective<'a> {
    pub(super) function: &'a mut dyn FnMut(&[f64], &mut [f64]) -> f64,
    pub(super) evaluations: usize,
}

/// A point with the value and gradient there.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) point: Vec<f64>,
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
}

impl Objective<'_> {
    pub(super) fn sample(&mut self, point: Vec<f64>) -> Sample {
        let mut gradient = vec![0.0; point.len()];
        let value = (self.function)(&point, &mut gradient);
        self.evaluations += 1;
        Sample { point, value, gradient }
    }
}

impl Sample {
    pub(super) fn is_finite(&self) -> bool {
        self.value.is_finite() && self.gradient.iter().all(|component| component.is_finite())
    }
}

/// Constants of the sufficient decrease and the curvature condition, as Nocedal and Wright (2006, section 3.1) advise
/// for quasi-Newton methods.
const SUFFICIENT_DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// Trial steps per line search.
const MAX_TRIALS: usize = 40;

/// One trial along the line: step length, slope along the direction, and the sample there.
#[derive(Clone)]
struct Trial {
    step: f64,
    slope: f64,
    sample: Sample,
}

/// The line from a sample along a direction.
struct Line<'a> {
    from: &'a Sample,
    direction: &'a [f64],
    slope: f64,
    /// What rounding alone may change in the value; differences below it carry no information.
    rounding: f64,
}

impl Line<'_> {
    fn trial(&self, objective: &mut Objective, step: f64) -> Trial {
        let point = self.from.point.iter().zip(self.direction).map(|(x, d)| x + step * d).collect();
        let sample = objective.sample(point);
        Trial { step, slope: dot(&sample.gradient, self.direction), sample }
    }

    fn decreases_enough(&self, trial: &Trial) -> bool {
        trial.sample.value <= self.from.value + SUFFICIENT_DECREASE * trial.step * self.slope + self.rounding
    }

    fn is_flat_enough(&self, trial: &Trial) -> bool {
        trial.slope.abs() <= -CURVATURE * self.slope
    }
}

/// The sample at an acceptable step from `from` along `direction`, first tried at full length; `None` when there is
/// none or the direction does not descend.
pub(super) fn search(
    objective: &mut Objective,
    from: &Sample,
    direction: &[f64],
    options: &Options,
) -> Option<Sample> {
    let slope = dot(&from.gradient, direction);
    if slope.is_nan() || slope >= 0.0 {
        return None;
    }
    let line = Line { from, direction, slope, rounding: 4.0 * f64::EPSILON * from.value.abs() };
    let longest = options.max_step / super::largest(direction);
    let mut low = Trial { step: 0.0, slope, sample: from.clone() };
    let mut high: Option<Trial> = None;
    // No trial at or beyond this step: one there was not finite.
    let mut wall = f64::INFINITY;
    let mut step = 1.0;
    for _ in 0..MAX_TRIALS {
        if objective.evaluations >= options.max_evaluations {
            break;
        }
        let trial = line.trial(objective, step);
        if !trial.sample.is_finite() {
            wall = step;
        } else if !line.decreases_enough(&trial)
            || (low.step > 0.0 && trial.sample.value > low.sample.value + line.rounding)
        {
            high = Some(trial);
        } else if line.is_flat_enough(&trial) {
            return Some(trial.sample);
        } else if trial.slope * (high.as_ref().map_or(f64::INFINITY, |end| end.step) - low.step) >= 0.0 {
            high = Some(std::mem::replace(&mut low, trial));
        } else {
            low = trial;
        }
        let Some(next) = next_step(&low, high.as_ref(), wall, longest) else { break };
        step = next;
    }
    // Short of the curvature condition, a lower value is still a step forward.
    (low.step > 0.0 && low.sample.value < from.value).then_some(low.sample)
}

/// The next step to try: within the bracket by cubic interpolation, before a wall by halving, else twice as far. `None`
/// when the bracket has closed or the longest step is taken.
fn next_step(low: &Trial, high: Option<&Trial>, wall: f64, longest: f64) -> Option<f64> {
    if let Some(high) = high {
        let width = high.step - low.step;
        let inner = cubic_minimum(low, high);
        let margin = 0.1 * width.abs();
        let (from, to) = (low.step.min(high.step) + margin, low.step.max(high.step) - margin);
        let step = if inner.is_finite() { inner.clamp(from, to) } else { low.step + 0.5 * width };
        return (width.abs() > 1e-14 * high.step.abs().max(low.step.abs())).then_some(step);
    }
    if wall.is_finite() {
        let step = low.step + 0.3 * (wall - low.step);
        return (wall - low.step > 1e-12 * wall).then_some(step);
    }
    (low.step < longest).then(|| (2.0 * low.step).min(longest))
}

/// The minimum of the cubic through two trials and their slopes (Nocedal and Wright, 2006, equation 3.59).
fn cubic_minimum(a: &Trial, b: &Trial) -> f64 {
    let width = b.step - a.step;
    let first = a.slope + b.slope - 3.0 * (b.sample.value - a.sample.value) / width;
    let second = width.signum() * (first * first - a.slope * b.slope).sqrt();
    b.step - width * (b.slope + second - first) / (b.slope - a.slope + 2.0 * second)
}
