//! Small dense square matrices (the parameters of a model, at most twenty or so).

use crate::random::{Rng, standard_normal};

/// A dense square matrix, stored by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct SquareMatrix {
    size: usize,
    entries: Vec<f64>,
}

/// Why a matrix could not be built or factored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// The number of entries is not the square of the size.
    #[error("a square matrix of size {size} has size × size entries, not {entries}")]
    NotSquare {
        /// The number of rows asked for.
        size: usize,
        /// The number of entries given.
        entries: usize,
    },
    /// A pivot of the Cholesky factorisation is not positive (or not a number).
    #[error("the matrix is not positive definite: pivot {pivot} is not positive")]
    NotPositiveDefinite {
        /// The row, counted from 0, at which the factorisation stopped.
        pivot: usize,
    },
}

/// The eigenvalues of a symmetric matrix, ascending, and its eigenvectors.
#[derive(Clone, Debug)]
pub struct SymmetricEigen {
    /// The eigenvalues, ascending.
    pub values: Vec<f64>,
    /// Column j holds the unit eigenvector of eigenvalue j.
    pub vectors: SquareMatrix,
}

impl SquareMatrix {
    /// The matrix with all entries zero.
    #[must_use]
    pub fn zeros(size: usize) -> Self {
        Self { size, entries: vec![0.0; size * size] }
    }

    /// The identity matrix.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        Self::from_fn(size, |row, column| if row == column { 1.0 } else { 0.0 })
    }

    /// The matrix whose entry in `row` and `column` is `entry(row, column)`.
    pub fn from_fn(size: usize, mut entry: impl FnMut(usize, usize) -> f64) -> Self {
        let mut entries = Vec::with_capacity(size * size);
        for row in 0..size {
            entries.extend((0..size).map(|column| entry(row, column)));
        }
        Self { size, entries }
    }

    /// The matrix with these entries, row after row.
    ///
    /// # Errors
    /// [`MatrixError::NotSquare`] unless there are size × size entries.
    pub fn from_rows(size: usize, entries: Vec<f64>) -> Result<Self, MatrixError> {
        if entries.len() == size * size {
            Ok(Self { size, entries })
        } else {
            Err(MatrixError::NotSquare { size, entries: entries.len() })
        }
    }

    /// The number of rows, which is that of columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The entry in `row` and `column`; `NaN` outside the matrix.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> f64 {
        if row < self.size && column < self.size { self.entries[row * self.size + column] } else { f64::NAN }
    }

    /// Sets the entry in `row` and `column`; nothing happens outside the matrix.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        if row < self.size && column < self.size {
            self.entries[row * self.size + column] = value;
        }
    }

    /// The entries, row after row.
    #[must_use]
    pub fn entries(&self) -> &[f64] {
        &self.entries
    }

    /// The diagonal.
    #[must_use]
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.size).map(|i| self.get(i, i)).collect()
    }

    /// The product with a vector; missing components count as zero.
    #[must_use]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.entries.chunks_exact(self.size.max(1)).map(|row| dot(row, vector)).collect()
    }

    /// `self` · diag(`scale`) · `self`ᵀ, the form in which eigenvalues are put back together.
    fn congruence(&self, scale: &[f64]) -> Self {
        Self::from_fn(self.size, |row, column| {
            (0..self.size).map(|k| self.get(row, k) * scale[k] * self.get(column, k)).sum()
        })
    }

    /// The lower triangular L with L·Lᵀ = this matrix, of which only the lower triangle is read.
    ///
    /// # Errors
    /// [`MatrixError::NotPositiveDefinite`] when there is none.
    pub fn cholesky(&self) -> Result<Self, MatrixError> {
        let mut lower = Self::zeros(self.size);
        for column in 0..self.size {
            for row in column..self.size {
                let known: f64 = (0..column).map(|k| lower.get(row, k) * lower.get(column, k)).sum();
                let rest = self.get(row, column) - known;
                if row > column {
                    lower.set(row, column, rest / lower.get(column, column));
                } else if rest > 0.0 && rest.is_finite() {
                    lower.set(row, row, rest.sqrt());
                } else {
                    return Err(MatrixError::NotPositiveDefinite { pivot: row });
                }
            }
        }
        Ok(lower)
    }

    /// The inverse of a symmetric positive definite matrix.
    ///
    /// # Errors
    /// [`MatrixError::NotPositiveDefinite`] when it is not one.
    pub fn inverse(&self) -> Result<Self, MatrixError> {
        let lower = self.cholesky()?;
        let mut inverse = Self::zeros(self.size);
        for column in 0..self.size {
            let unit: Vec<f64> = (0..self.size).map(|row| if row == column { 1.0 } else { 0.0 }).collect();
            for (row, value) in lower.solve_factored(&unit).into_iter().enumerate() {
                inverse.set(row, column, value);
            }
        }
        Ok(inverse)
    }

    /// The x with A·x = `right`, A symmetric positive definite.
    ///
    /// # Errors
    /// [`MatrixError::NotPositiveDefinite`] when A is not.
    pub fn solve(&self, right: &[f64]) -> Result<Vec<f64>, MatrixError> {
        Ok(self.cholesky()?.solve_factored(right))
    }

    /// The x with L·Lᵀ·x = `right`, for `self` = L lower triangular with a positive diagonal.
    fn solve_factored(&self, right: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = (0..self.size).map(|i| right.get(i).copied().unwrap_or(0.0)).collect();
        for i in 0..self.size {
            let known: f64 = (0..i).map(|k| self.get(i, k) * x[k]).sum();
            x[i] = (x[i] - known) / self.get(i, i);
        }
        for i in (0..self.size).rev() {
            let known: f64 = (i + 1..self.size).map(|k| self.get(k, i) * x[k]).sum();
            x[i] = (x[i] - known) / self.get(i, i);
        }
        x
    }

    /// Eigenvalues and eigenvectors by cyclic Jacobi rotations (Golub and Van Loan, 2013, algorithm 8.5.3). The matrix
    /// is taken as symmetric: its upper triangle is read.
    #[must_use]
    pub fn symmetric_eigen(&self) -> SymmetricEigen {
        let n = self.size;
        let mut a = Self::from_fn(n, |i, j| self.get(i.min(j), i.max(j)));
        let mut vectors = Self::identity(n);
        for _ in 0..MAX_SWEEPS {
            let mut rotated = false;
            for p in 0..n {
                for q in p + 1..n {
                    rotated |= a.rotate(&mut vectors, p, q);
                }
            }
            if !rotated {
                break;
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| a.get(i, i).total_cmp(&a.get(j, j)));
        SymmetricEigen {
            values: order.iter().map(|&i| a.get(i, i)).collect(),
            vectors: Self::from_fn(n, |row, column| vectors.get(row, order[column])),
        }
    }

    /// One Jacobi rotation that annihilates entry (p, q); false when it is already negligible.
    fn rotate(&mut self, vectors: &mut Self, p: usize, q: usize) -> bool {
        let off = self.get(p, q);
        let negligible = f64::EPSILON * 0.5 * (self.get(p, p) * self.get(q, q)).abs().sqrt();
        if off == 0.0 || off.abs() <= negligible || !off.is_finite() {
            return false;
        }
        let theta = (self.get(q, q) - self.get(p, p)) / (2.0 * off);
        let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        let sine = tangent * cosine;
        for k in 0..self.size {
            let (kp, kq) = (self.get(k, p), self.get(k, q));
            self.set(k, p, cosine * kp - sine * kq);
            self.set(k, q, sine * kp + cosine * kq);
            let (vp, vq) = (vectors.get(k, p), vectors.get(k, q));
            vectors.set(k, p, cosine * vp - sine * vq);
            vectors.set(k, q, sine * vp + cosine * vq);
        }
        for k in 0..self.size {
            let (pk, qk) = (self.get(p, k), self.get(q, k));
            self.set(p, k, cosine * pk - sine * qk);
            self.set(q, k, sine * pk + cosine * qk);
        }
        // Exactly zero by construction; what rounding left there would keep the sweeps going.
        self.set(p, q, 0.0);
        self.set(q, p, 0.0);
        true
    }
}

/// Jacobi's method converges in six to ten sweeps; more means that the matrix holds `NaN`.
const MAX_SWEEPS: usize = 60;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The covariance matrix of maximum likelihood estimates: the inverse of the Hessian of the negative log-likelihood,
/// with no variance along any direction above `max_variance`.
///
/// Along an eigenvector whose eigenvalue is negative or at most 1 / `max_variance` the likelihood is flat: the data do
/// not tell. There the variance is set to `max_variance`, and the second value is true. A Hessian that holds `NaN` or
/// infinity says nothing at all: the result is then `max_variance` times the identity.
#[must_use]
pub fn covariance_from_hessian(hessian: &SquareMatrix, max_variance: f64) -> (SquareMatrix, bool) {
    let size = hessian.size();
    if hessian.entries().iter().any(|entry| !entry.is_finite()) {
        return (SquareMatrix::identity(size).congruence(&vec![max_variance; size]), true);
    }
    let eigen = hessian.symmetric_eigen();
    let mut clipped = false;
    let variances: Vec<f64> = eigen
        .values
        .iter()
        .map(|&value| {
            if value * max_variance > 1.0 {
                1.0 / value
            } else {
                clipped = true;
                max_variance
            }
        })
        .collect();
    (eigen.vectors.congruence(&variances), clipped)
}

/// `count` draws from the normal distribution with this mean and covariance.
///
/// The covariance may be singular: its symmetric square root is taken by eigenvalues, negative ones (rounding) counting
/// as zero. Components missing in `mean` count as zero.
#[must_use]
pub fn multivariate_normal_draws(
    mean: &[f64],
    covariance: &SquareMatrix,
    count: usize,
    rng: &mut Rng,
) -> Vec<Vec<f64>> {
    let eigen = covariance.symmetric_eigen();
    let deviations: Vec<f64> = eigen.values.iter().map(|value| value.max(0.0).sqrt()).collect();
    (0..count)
        .map(|_| {
            let scores: Vec<f64> =
                deviations.iter().map(|deviation| deviation * standard_normal(rng)).collect();
            let shifts = eigen.vectors.times(&scores);
            shifts.iter().enumerate().map(|(i, shift)| mean.get(i).copied().unwrap_or(0.0) + shift).collect()
        })
        .collect()
}
