//! The power series, with positive terms only, rescaled before it can overflow.

/// Sums are scaled down when they exceed this.
const LARGE: f64 = 1e250;

/// ln of the factor by which they are scaled.
const LN_LARGE: f64 = 250.0 * std::f64::consts::LN_10;

/// What a remainder may be, relative to the sum.
const NEGLIGIBLE: f64 = 1e-17;

/// A guard only: a series is not begun when it needs more than a small part of this.
const MOST_TERMS: f64 = 1e5;

/// Terms have shrunk by this many e-folds where they no longer count.
const FOLDS: f64 = 39.0;

/// About how many terms the series of ₂F₁(a, b; c; z) needs: up to its largest term, and from there until the terms no
/// longer count.
///
/// The largest term is where the ratio (a + k)(b + k) z / ((c + k)(1 + k)) passes 1; around it the terms fall off like a
/// normal density, in the end like powers of z.
pub(super) fn terms_needed(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let linear = c + 1.0 - (a + b) * z;
    let constant = c - a * b * z;
    let discriminant = linear * linear - 4.0 * (1.0 - z) * constant;
    let geometric = -FOLDS / z.ln();
    if discriminant <= 0.0 {
        return geometric;
    }
    // The larger root, without cancellation.
    let peak = if linear <= 0.0 {
        (discriminant.sqrt() - linear) / (2.0 * (1.0 - z))
    } else {
        -2.0 * constant / (linear + discriminant.sqrt())
    };
    if peak <= 0.0 {
        return geometric;
    }
    let curvature = 1.0 / (c + peak) + 1.0 / (1.0 + peak) - 1.0 / (a + peak) - 1.0 / (b + peak);
    let normal = if curvature > 0.0 { (2.0 * FOLDS / curvature).sqrt() } else { 0.0 };
    peak + normal.max(geometric)
}

/// ln of the sum of the series; all parameters positive.
pub(super) fn ln_hyp2f1(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let mut term = a * b / c * z;
    let mut beyond_one = term;
    let mut scaled = 0.0;
    let mut k = 1.0;
    while k < MOST_TERMS {
        let ratio = (a + k) * (b + k) / ((c + k) * (1.0 + k)) * z;
        if is_negligible(term, ratio.max(z), 1.0 + beyond_one) {
            return if scaled > 0.0 { scaled + beyond_one.ln() } else { beyond_one.ln_1p() };
        }
        term *= ratio;
        beyond_one += term;
        k += 1.0;
        if beyond_one > LARGE {
            term /= LARGE;
            beyond_one /= LARGE;
            scaled += LN_LARGE;
        }
    }
    f64::NAN
}

/// The series of [`hyp2f1_deficit`](super::hyp2f1_deficit).
pub(super) fn deficit(a: f64, b: f64, shape: f64, z: f64) -> f64 {
    let c = b + shape - 1.0;
    let mut weight = a * z;
    let mut factor = 1.0;
    let mut sum = weight;
    let mut scaled = 0.0;
    let mut k = 1.0;
    while k < MOST_TERMS {
        // One division serves both quotients.
        let inverse = 1.0 / ((1.0 + k) * (c + k));
        let weight_ratio = (a + k) * z * (c + k) * inverse;
        let next_factor = (c + (b + k) * factor) * (1.0 + k) * inverse;
        if is_negligible(weight * next_factor, weight_ratio.max(z), sum) {
            return (scaled + a * (-z).ln_1p() + sum.ln()).exp();
        }
        weight *= weight_ratio;
        factor = next_factor;
        sum += weight * factor;
        k += 1.0;
        if sum > LARGE {
            weight /= LARGE;
            sum /= LARGE;
            scaled += LN_LARGE;
        }
    }
    f64::NAN
}

/// Whether what follows `term` no longer counts beside `sum`, if every following term is at most `ratio` times the one
/// before it.
fn is_negligible(term: f64, ratio: f64, sum: f64) -> bool {
    ratio < 1.0 && term * ratio <= NEGLIGIBLE * sum * (1.0 - ratio)
}
