//! Numerical integration by Gauss-Legendre rules.

use std::f64::consts::PI;

/// A Gauss-Legendre rule: exact for polynomials up to degree 2n - 1.
#[derive(Clone, Debug)]
pub struct GaussLegendre {
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl GaussLegendre {
    /// The rule with n nodes on [-1, 1] (zero counts as one), found by Newton's method on the Legendre polynomial from
    /// Tricomi's starting values (Press et al., 2007, Numerical Recipes, section 4.6).
    #[must_use]
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        let mut nodes = vec![0.0; n];
        let mut weights = vec![0.0; n];
        for i in 0..n.div_ceil(2) {
            let (node, weight) = legendre_root(n, i);
            nodes[i] = -node;
            nodes[n - 1 - i] = node;
            weights[i] = weight;
            weights[n - 1 - i] = weight;
        }
        Self { nodes, weights }
    }

    /// The nodes on [-1, 1], ascending.
    #[must_use]
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// The weights, in the order of the nodes; their sum is 2.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// ∫ f(x) dx from a to b.
    pub fn integrate(&self, mut f: impl FnMut(f64) -> f64, a: f64, b: f64) -> f64 {
        let half = 0.5 * (b - a);
        let middle = 0.5 * (a + b);
        half * self
            .nodes
            .iter()
            .zip(&self.weights)
            .map(|(node, weight)| weight * f(middle + half * node))
            .sum::<f64>()
    }
}

/// The i-th largest root of the Legendre polynomial of degree n, and its quadrature weight.
fn legendre_root(n: usize, i: usize) -> (f64, f64) {
    let degree = n as f64;
    if 2 * i + 1 == n {
        let (_, slope) = legendre(n, 0.0);
        return (0.0, 2.0 / (slope * slope));
    }
    let mut x = (PI * (i as f64 + 0.75) / (degree + 0.5)).cos()
        * (1.0 - (1.0 - 1.0 / degree) / (8.0 * degree * degree));
    for _ in 0..20 {
        let (value, slope) = legendre(n, x);
        let step = value / slope;
        x -= step;
        if step.abs() <= f64::EPSILON {
            break;
        }
    }
    let (_, slope) = legendre(n, x);
    (x, 2.0 / ((1.0 - x * x) * slope * slope))
}

/// Pₙ(x) and its derivative, by the three-term recurrence.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let mut previous = 1.0;
    let mut current = x;
    for k in 2..=n {
        let k = k as f64;
        (previous, current) = (current, ((2.0 * k - 1.0) * x * current - (k - 1.0) * previous) / k);
    }
    (current, n as f64 * (x * current - previous) / (x * x - 1.0))
}

/// Intervals are halved at most this often.
const MAX_DEPTH: u32 = 50;

/// The adaptive integrator looks at no more intervals than this.
const MAX_INTERVALS: usize = 20_000;

/// ∫ f(x) dx from a to b, to about `relative_tolerance` of ∫ |f(x)| dx.
///
/// Compares a 15-point rule over an interval with the sum over its halves, and halves on where they differ. An
/// integrand that never settles (a pole, an endless oscillation) stops after 20,000 intervals with the best value
/// there is; `NaN` from `f` gives `NaN`.
pub fn integrate_adaptive(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, relative_tolerance: f64) -> f64 {
    let rule = GaussLegendre::new(15);
    let mut whole = |from: f64, to: f64| {
        let mut absolute = 0.0;
        let half = 0.5 * (to - from);
        let mut index = 0;
        let signed = rule.integrate(
            |x| {
                let value = f(x);
                absolute += rule.weights[index] * value.abs() * half.abs();
                index += 1;
                value
            },
            from,
            to,
        );
        (signed, absolute)
    };
    let (first, mut scale) = whole(a, b);
    let mut pending = vec![(a, b, first, 0)];
    let mut total = crate::parallel::CompensatedSum::default();
    let mut intervals = 1;
    while let Some((from, to, coarse, depth)) = pending.pop() {
        let middle = 0.5 * (from + to);
        let (left, left_scale) = whole(from, middle);
        let (right, right_scale) = whole(middle, to);
        scale = scale.max(left_scale + right_scale);
        intervals += 1;
        let settled = (left + right - coarse).abs() <= relative_tolerance.max(f64::EPSILON) * scale;
        if settled || depth >= MAX_DEPTH || intervals >= MAX_INTERVALS || !(left + right).is_finite() {
            total.add(left + right);
        } else {
            pending.push((middle, to, right, depth + 1));
            pending.push((from, middle, left, depth + 1));
        }
    }
    total.total()
}
