//! Gauss's hypergeometric function in logarithms.

/// ln ₂F₁(a, b; c; z) for a, b, c > 0 and 0 ≤ z < 1.
#[must_use]
pub fn ln_hyp2f1(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 0.0;
    while term > 1e-17 * sum {
        term *= (a + k) * (b + k) / ((c + k) * (1.0 + k)) * z;
        sum += term;
        k += 1.0;
    }
    f64::ln(sum)
}
