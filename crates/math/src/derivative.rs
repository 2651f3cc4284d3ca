//! Numerical second derivatives.

use crate::matrix::SquareMatrix;

/// Relative step of the differences: the cube root of the rounding error balances rounding against curvature
/// (Press et al., 2007, section 5.7).
const STEP: f64 = 6.055e-6;

/// The Hessian of a function whose analytic gradient is given: central differences of the gradient, made symmetric.
///
/// `gradient(point, out)` writes the gradient at `point` into `out`. The steps are 6e-6 × max(1, |coordinate|), which
/// suits parameters of order one, such as logarithms of a model's parameters. Relative accuracy is about 1e-9.
pub fn hessian_of(gradient: &mut dyn FnMut(&[f64], &mut [f64]), at: &[f64]) -> SquareMatrix {
    let size = at.len();
    let mut point = at.to_vec();
    let mut above = vec![0.0; size];
    let mut below = vec![0.0; size];
    let mut raw = SquareMatrix::zeros(size);
    for row in 0..size {
        let step = STEP * at[row].abs().max(1.0);
        point[row] = at[row] + step;
        gradient(&point, &mut above);
        let upper = point[row];
        point[row] = at[row] - step;
        gradient(&point, &mut below);
        // What the coordinates really differ by after rounding.
        let distance = upper - point[row];
        point[row] = at[row];
        for column in 0..size {
            raw.set(row, column, (above[column] - below[column]) / distance);
        }
    }
    SquareMatrix::from_fn(size, |i, j| 0.5 * (raw.get(i, j) + raw.get(j, i)))
}
