//! The posterior density of a problem's coordinates, and the linear change of coordinates in which it is about standard normal.
//!
//! ```text
//! ln p(c | data) = ln L(v(c)) + sum over parameters of ln p_i(v_i(c_i)) + ln |dv_i/dc_i| + constant
//! c = m + L z,   L L' = the inverse of minus the Hessian of ln p(c | data) at its maximum m
//! ```
//!
//! The change is linear, so its Jacobian is constant. It also turns the ridges of these models, along which two parameters grow while their
//! ratio stays (a and b of the dropout probabilities, s and beta of the dropout rates), into an axis: the logarithm of a ratio is linear in
//! the logarithms.

use perennial_math::{
    derivative::hessian_of,
    matrix::{SquareMatrix, covariance_from_hessian},
};

use super::{Prior, Problem, nuts::Density};
use crate::FitError;

/// The largest absolute value of a coordinate at which the density is looked at; a factor of 1e13 from order one.
const LARGEST_COORDINATE: f64 = 30.0;

/// The variance that directions are held to along which the posterior density is flat at its maximum (flat priors).
const LARGEST_VARIANCE: f64 = 25.0;

/// The posterior density of a problem's coordinates.
pub(super) struct Posterior<'a> {
    problem: &'a Problem,
    priors: Vec<Prior>,
}

impl<'a> Posterior<'a> {
    pub(super) fn new(problem: &'a Problem, priors: Vec<Prior>) -> Self {
        Self { problem, priors }
    }

    /// The logarithm of the density up to a constant; writes its derivatives by the coordinates.
    pub(super) fn value_and_gradient(&self, coordinates: &[f64], gradient: &mut [f64]) -> f64 {
        if coordinates.iter().any(|at| at.is_nan() || at.abs() > LARGEST_COORDINATE) {
            return f64::NEG_INFINITY;
        }
        let mut value = self.problem.value_and_gradient(coordinates, gradient);
        let parameters = self.problem.parameters.iter().zip(&self.priors);
        for ((slope, &at), (parameter, prior)) in gradient.iter_mut().zip(coordinates).zip(parameters) {
            let [density, by_coordinate] = prior.log_density(parameter.scale, parameter.unit, at);
            value += density;
            *slope += by_coordinate;
        }
        value
    }

    /// The coordinates in which the density is about standard normal.
    pub(super) fn whitened(self) -> Result<Whitened<'a>, FitError> {
        let not_finite = || FitError::NotFinite { model: self.problem.model };
        let size = self.problem.customers.max(1.0);
        let mut objective = |at: &[f64], gradient: &mut [f64]| {
            let value = self.value_and_gradient(at, gradient);
            for slope in gradient.iter_mut() {
                *slope /= -size;
            }
            -value / size
        };
        let centre = self.problem.search(&mut objective).ok_or_else(not_finite)?.point;
        let mut minus_gradient = |at: &[f64], gradient: &mut [f64]| {
            self.value_and_gradient(at, gradient);
            for slope in gradient.iter_mut() {
                *slope = -*slope;
            }
        };
        let (covariance, _) =
            covariance_from_hessian(&hessian_of(&mut minus_gradient, &centre), LARGEST_VARIANCE);
        let factor = covariance.cholesky().map_err(|_| not_finite())?;
        Ok(Whitened { posterior: self, centre, factor })
    }
}

/// A posterior density as one of coordinates in which it is about standard normal.
pub(super) struct Whitened<'a> {
    posterior: Posterior<'a>,
    centre: Vec<f64>,
    /// L, lower triangular.
    factor: SquareMatrix,
}

impl Whitened<'_> {
    /// The problem's coordinates at a position.
    pub(super) fn coordinates(&self, position: &[f64]) -> Vec<f64> {
        let size = self.centre.len();
        let shift =
            |row: usize| (0..=row.min(size - 1)).map(|k| self.factor.get(row, k) * position[k]).sum::<f64>();
        self.centre.iter().enumerate().map(|(row, centre)| centre + shift(row)).collect()
    }
}

impl Density for Whitened<'_> {
    fn dimension(&self) -> usize {
        self.centre.len()
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let size = self.centre.len();
        let mut by_coordinate = vec![0.0; size];
        let value = self.posterior.value_and_gradient(&self.coordinates(position), &mut by_coordinate);
        for (column, slope) in gradient.iter_mut().enumerate() {
            *slope = (column..size).map(|row| self.factor.get(row, column) * by_coordinate[row]).sum();
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BgNbd, CustomerBase, ParetoNbd, Priors, Purchases, estimation::Estimable};

    fn customers() -> CustomerBase {
        let rows = [
            (0, 0.0, 30.0, 70),
            (1, 3.0, 39.0, 20),
            (2, 25.0, 31.0, 30),
            (5, 31.0, 31.0, 10),
            (30, 20.0, 35.0, 1),
        ];
        let mut base = CustomerBase::new();
        for (x, recency, age, customers) in rows {
            base.push(Purchases::new(x, recency, age).expect("a valid history"), customers);
        }
        base
    }

    /// Priors of every kind for positive parameters.
    fn priors() -> Priors {
        Priors::new()
            .with("r", Prior::Gamma { shape: 2.0, rate: 3.0 })
            .with("alpha", Prior::HalfNormal { sigma: 20.0 })
    }

    #[test]
    fn gradients_agree_with_differences_in_both_coordinates() {
        let base = customers();
        for problem in [BgNbd::problem(&base), ParetoNbd::problem(&base)] {
            let problem = problem.expect("a problem");
            let density = Posterior::new(&problem, priors().of(&problem).expect("priors"))
                .whitened()
                .expect("a maximum");
            for position in [[0.0, 0.0, 0.0, 0.0], [0.7, -1.1, 0.4, 1.3], [-1.5, 2.0, -0.3, -0.8]] {
                let mut gradient = [0.0; 4];
                density.value_and_gradient(&position, &mut gradient);
                for i in 0..4 {
                    let step = 1e-4;
                    let at = |shift: f64| {
                        let mut moved = position;
                        moved[i] += shift;
                        density.value_and_gradient(&moved, &mut [0.0; 4])
                    };
                    // The five-point rule: its error is of order step^4.
                    let expected =
                        (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
                    assert!(
                        (gradient[i] - expected).abs() < 1e-6,
                        "{}: {} {expected}",
                        problem.model,
                        gradient[i]
                    );
                }
            }
        }
    }

    #[test]
    fn whitened_the_density_is_flat_and_of_unit_curvature_at_its_maximum() {
        let base = customers();
        let problem = ParetoNbd::problem(&base).expect("a problem");
        let density =
            Posterior::new(&problem, priors().of(&problem).expect("priors")).whitened().expect("a maximum");
        let mut minus_gradient = |at: &[f64], gradient: &mut [f64]| {
            density.value_and_gradient(at, gradient);
            for slope in gradient.iter_mut() {
                *slope = -*slope;
            }
        };
        let mut slope = [0.0; 4];
        minus_gradient(&[0.0; 4], &mut slope);
        let curvature = hessian_of(&mut minus_gradient, &[0.0; 4]);
        for i in 0..4 {
            assert!(slope[i].abs() < 1e-3, "{slope:?}");
            for j in 0..4 {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((curvature.get(i, j) - expected).abs() < 1e-3, "{curvature:?}");
            }
        }
    }
}
