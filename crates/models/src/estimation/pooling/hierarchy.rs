//! The joint density of all groups' coordinates, their population's and the spread, and coordinates in which it is about standard normal.
//!
//! A group that says much about its parameters is best sampled in theta itself (centred), one that says little in (theta - mu) / tau (not
//! centred). With a weight w per group and parameter, 1 for the first and 0 for the second, and t = ln(tau / `tau_0`) (Papaspiliopoulos,
//! Roberts and Sköld 2007, A general framework for the parametrization of hierarchical models, Statistical Science 22, 59-73):
//!
//! ```text
//! theta = mu + exp((1-w) t) (z - w mu),        z ~ Normal(w mu, tau_0 exp(w t))
//! w = tau_0^2 / (tau_0^2 + 4 V),               V the variance of theta by the group's own customers
//! ```
//!
//! The 4 leans towards not centred: where tau is small, the centred density is a funnel that no step size suits, while the other is at
//! worst correlated, which the change of coordinates below mends.
//!
//! Then, with B, C, D the blocks of minus the Hessian of the joint density at the start (`z_g` by `z_g`, `z_g` by u, u by u; u = (mu, t)), the
//! linear change of coordinates that would make a normal density standard:
//!
//! ```text
//! u = u_0 + chol(S^-1) y_u,  S = D - sum of C' B^-1 C,        z_g = z_g0 + chol(B^-1) y_g - B^-1 C (u - u_0)
//! ```

use perennial_math::{
    derivative::hessian_of,
    matrix::{SquareMatrix, covariance_from_hessian},
};

use super::start::{Start, start};
use crate::{
    FitError, Scale,
    estimation::{Prior, Problem, nuts::Density},
};

/// The largest absolute value of a coordinate at which a likelihood is looked at.
const LARGEST_COORDINATE: f64 = 30.0;

/// The variances that directions are held to along which the density is flat at the start.
const LARGEST_VARIANCE: f64 = 4.0;

/// A group's likelihood as a function of the population's coordinates.
pub(super) struct Group<'a> {
    problem: &'a Problem,
    /// Per parameter: the group's coordinate is this times the population's, plus ...
    factors: Vec<f64>,
    /// ... this: their likelihoods count in different units.
    shifts: Vec<f64>,
}

impl<'a> Group<'a> {
    fn new(problem: &'a Problem, whole: &Problem) -> Self {
        let units = problem.parameters.iter().zip(&whole.parameters);
        let (factors, shifts) = units
            .map(|(own, whole)| match own.scale {
                Scale::Log => (1.0, (whole.unit / own.unit).ln()),
                Scale::Identity => (whole.unit / own.unit, 0.0),
            })
            .unzip();
        Self { problem, factors, shifts }
    }

    /// The log-likelihood up to a constant; writes its derivatives by the population's coordinates.
    pub(super) fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let own: Vec<f64> = theta
            .iter()
            .zip(self.factors.iter().zip(&self.shifts))
            .map(|(theta, (factor, shift))| factor * theta + shift)
            .collect();
        if own.iter().any(|at| at.is_nan() || at.abs() > LARGEST_COORDINATE) {
            return f64::NEG_INFINITY;
        }
        let value = self.problem.value_and_gradient(&own, gradient);
        gradient.iter_mut().zip(&self.factors).for_each(|(slope, factor)| *slope *= factor);
        value
    }
}

/// The linear change of a group's coordinates.
struct Change {
    /// z at the start.
    centre: Vec<f64>,
    /// chol(B^-1).
    factor: SquareMatrix,
    /// B^-1 C, row by row.
    follow: Vec<Vec<f64>>,
}

/// The joint density in coordinates in which it is about standard normal: first those of each group, then mu's, then t's.
pub(super) struct Hierarchy<'a> {
    groups: Vec<Group<'a>>,
    weights: Vec<Vec<f64>>,
    scales: Vec<(Scale, f64)>,
    priors: Vec<Prior>,
    /// The scale of the half-normal prior on tau.
    spread: f64,
    /// `tau_0`.
    typical: Vec<f64>,
    changes: Vec<Change>,
    /// mu and t at the start.
    centre: Vec<f64>,
    /// chol(S^-1).
    factor: SquareMatrix,
}

impl<'a> Hierarchy<'a> {
    pub(super) fn new(
        whole: &Problem,
        problems: &'a [Problem],
        priors: Vec<Prior>,
        spread: f64,
    ) -> Result<Self, FitError> {
        let not_finite = || FitError::NotFinite { model: whole.model };
        let groups: Vec<Group<'a>> = problems.iter().map(|problem| Group::new(problem, whole)).collect();
        let Start { population, groups: middles, typical, informed } =
            start(whole, &groups, spread).ok_or_else(not_finite)?;
        let weight = |informed: &f64| informed / (informed + 4.0 * (1.0 - informed));
        let size = population.len();
        let mut hierarchy = Self {
            groups,
            weights: informed.iter().map(|shares| shares.iter().map(weight).collect()).collect(),
            scales: whole.parameters.iter().map(|parameter| (parameter.scale, parameter.unit)).collect(),
            priors,
            spread,
            typical,
            changes: Vec::new(),
            centre: population.iter().copied().chain((0..size).map(|_| 0.0)).collect(),
            factor: SquareMatrix::identity(2 * size),
        };
        hierarchy.whiten(&middles).ok_or_else(not_finite)?;
        Ok(hierarchy)
    }

    /// Finds the change of coordinates around groups at these coordinates.
    fn whiten(&mut self, middles: &[Vec<f64>]) -> Option<()> {
        let size = self.typical.len();
        let mut minus = |at: &[f64], gradient: &mut [f64]| {
            self.population_term(at, gradient);
            for slope in gradient.iter_mut() {
                *slope = -*slope;
            }
        };
        let mut shared = hessian_of(&mut minus, &self.centre);
        let mut changes = Vec::new();
        for (group, middle) in middles.iter().enumerate() {
            let z = |j: usize| middle[j] - (1.0 - self.weights[group][j]) * self.centre[j];
            let centre: Vec<f64> = (0..size).map(z).collect();
            let at: Vec<f64> = centre.iter().chain(&self.centre).copied().collect();
            let mut minus = |at: &[f64], gradient: &mut [f64]| {
                self.group_term(group, at, gradient);
                for slope in gradient.iter_mut() {
                    *slope = -*slope;
                }
            };
            let local = hessian_of(&mut minus, &at);
            let own = SquareMatrix::from_fn(size, |row, column| local.get(row, column));
            let (inverse, _) = covariance_from_hessian(&own, LARGEST_VARIANCE);
            let cross = |row: usize, column: usize| local.get(row, size + column);
            let follow: Vec<Vec<f64>> = (0..size)
                .map(|row| {
                    let entry = |column| (0..size).map(|k| inverse.get(row, k) * cross(k, column)).sum();
                    (0..2 * size).map(entry).collect()
                })
                .collect();
            for row in 0..2 * size {
                for column in 0..2 * size {
                    let taken: f64 =
                        follow.iter().enumerate().map(|(k, follow)| cross(k, row) * follow[column]).sum();
                    let left = shared.get(row, column) + local.get(size + row, size + column) - taken;
                    shared.set(row, column, left);
                }
            }
            changes.push(Change { centre, factor: inverse.cholesky().ok()?, follow });
        }
        let (inverse, _) = covariance_from_hessian(&shared, LARGEST_VARIANCE);
        self.factor = inverse.cholesky().ok()?;
        self.changes = changes;
        Some(())
    }

    /// The priors of mu and tau, as a function of mu and t.
    fn population_term(&self, u: &[f64], gradient: &mut [f64]) -> f64 {
        let size = self.typical.len();
        let mut value = 0.0;
        for j in 0..size {
            let (scale, unit) = self.scales[j];
            let [density, slope] = self.priors[j].log_density(scale, unit, u[j]);
            let tau = self.typical[j] * u[size + j].exp();
            let ratio = (tau / self.spread).powi(2);
            value += density - 0.5 * ratio + u[size + j];
            gradient[j] = slope;
            gradient[size + j] = 1.0 - ratio;
        }
        value
    }

    /// The likelihood of a group and the density of its z, as a function of z, mu and t.
    fn group_term(&self, group: usize, at: &[f64], gradient: &mut [f64]) -> f64 {
        let size = self.typical.len();
        let (z, u) = at.split_at(size);
        let theta = self.theta(group, z, u);
        let mut by_theta = vec![0.0; size];
        let mut value = self.groups[group].value_and_gradient(&theta, &mut by_theta);
        for j in 0..size {
            let (weight, mu, t) = (self.weights[group][j], u[j], u[size + j]);
            let away = z[j] - weight * mu;
            let stretch = ((1.0 - weight) * t).exp();
            let pull = away / (self.typical[j] * (weight * t).exp()).powi(2);
            value += -0.5 * away * pull - weight * t;
            gradient[j] = by_theta[j] * stretch - pull;
            gradient[size + j] = by_theta[j] * (1.0 - weight * stretch) + weight * pull;
            gradient[2 * size + j] =
                by_theta[j] * (1.0 - weight) * stretch * away + weight * (away * pull - 1.0);
        }
        value
    }

    /// A group's coordinates from its z, mu and t.
    fn theta(&self, group: usize, z: &[f64], u: &[f64]) -> Vec<f64> {
        let size = self.typical.len();
        let theta = |j: usize| {
            let weight = self.weights[group][j];
            u[j] + ((1.0 - weight) * u[size + j]).exp() * (z[j] - weight * u[j])
        };
        (0..size).map(theta).collect()
    }

    /// mu and t at a position.
    fn shared(&self, position: &[f64]) -> Vec<f64> {
        let own = &position[self.groups.len() * self.typical.len()..];
        self.centre.iter().zip(lower_times(&self.factor, own)).map(|(centre, shift)| centre + shift).collect()
    }

    /// A group's z at a position with these mu and t.
    fn own(&self, position: &[f64], group: usize, u: &[f64]) -> Vec<f64> {
        let size = self.typical.len();
        let Change { centre, factor, follow } = &self.changes[group];
        let shifts = lower_times(factor, &position[group * size..(group + 1) * size]);
        let followed = |j: usize| (0..2 * size).map(|k| follow[j][k] * (u[k] - self.centre[k])).sum::<f64>();
        (0..size).map(|j| centre[j] + shifts[j] - followed(j)).collect()
    }

    /// The coordinates of a group's parameters at a position.
    pub(super) fn group(&self, position: &[f64], group: usize) -> Vec<f64> {
        let u = self.shared(position);
        self.theta(group, &self.own(position, group, &u), &u)
    }

    /// The coordinates of the population's parameters at a position.
    pub(super) fn population(&self, position: &[f64]) -> Vec<f64> {
        self.shared(position)[..self.typical.len()].to_vec()
    }

    /// ln tau at a position.
    pub(super) fn log_spread(&self, position: &[f64]) -> Vec<f64> {
        let size = self.typical.len();
        let u = self.shared(position);
        self.typical.iter().zip(&u[size..]).map(|(typical, t)| typical.ln() + t).collect()
    }
}

impl Density for Hierarchy<'_> {
    fn dimension(&self) -> usize {
        (self.groups.len() + 2) * self.typical.len()
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let size = self.typical.len();
        let u = self.shared(position);
        let mut by_shared = vec![0.0; 2 * size];
        let mut value = self.population_term(&u, &mut by_shared);
        let mut local = vec![0.0; 3 * size];
        for (group, change) in self.changes.iter().enumerate() {
            let at = [self.own(position, group, &u), u.clone()].concat();
            value += self.group_term(group, &at, &mut local);
            if !value.is_finite() {
                return f64::NEG_INFINITY;
            }
            let by_own = &local[..size];
            for (k, slope) in by_shared.iter_mut().enumerate() {
                let followed: f64 = (0..size).map(|j| change.follow[j][k] * by_own[j]).sum();
                *slope += local[size + k] - followed;
            }
            gradient[group * size..(group + 1) * size]
                .copy_from_slice(&transposed_times(&change.factor, by_own));
        }
        gradient[self.groups.len() * size..].copy_from_slice(&transposed_times(&self.factor, &by_shared));
        value
    }
}

/// L x, of a lower triangular matrix.
fn lower_times(lower: &SquareMatrix, x: &[f64]) -> Vec<f64> {
    (0..lower.size()).map(|row| (0..=row).map(|k| lower.get(row, k) * x[k]).sum()).collect()
}

/// L' x, of a lower triangular matrix.
fn transposed_times(lower: &SquareMatrix, x: &[f64]) -> Vec<f64> {
    let size = lower.size();
    (0..size).map(|column| (column..size).map(|row| lower.get(row, column) * x[row]).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BgNbd, CustomerBase, Priors, Purchases, estimation::Estimable};

    fn group(customers: u64, age: f64) -> CustomerBase {
        let mut base = CustomerBase::new();
        for (x, recency, share) in [(0, 0.0, 6), (1, 0.1, 2), (2, 0.6, 2), (4, 0.9, 1)] {
            base.push(Purchases::new(x, recency * age, age).expect("a history"), share * customers);
        }
        base
    }

    #[test]
    fn gradients_agree_with_differences() {
        let bases = [group(40, 30.0), group(1, 80.0), CustomerBase::new()];
        let mut all = CustomerBase::new();
        for base in &bases {
            all.extend(base);
        }
        let whole = BgNbd::problem(&all).expect("a problem");
        let problems: Vec<Problem> =
            bases.iter().map(|base| BgNbd::problem(base).expect("a problem")).collect();
        let priors = Priors::new().of(&whole).expect("priors");
        let hierarchy = Hierarchy::new(&whole, &problems, priors, 0.5).expect("a start");
        let size = hierarchy.dimension();
        assert_eq!(size, 20);
        for seed in 1..4 {
            let position: Vec<f64> = (0..size).map(|i| ((i * 7 + seed * 5) as f64).sin()).collect();
            let mut gradient = vec![0.0; size];
            hierarchy.value_and_gradient(&position, &mut gradient);
            for i in 0..size {
                let step = 1e-4;
                let at = |shift: f64| {
                    let mut moved = position.clone();
                    moved[i] += shift;
                    hierarchy.value_and_gradient(&moved, &mut vec![0.0; size])
                };
                // The five-point rule: its error is of order step^4.
                let expected =
                    (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
                assert!((gradient[i] - expected).abs() < 1e-6, "{i}: {} {expected}", gradient[i]);
            }
        }
    }
}
