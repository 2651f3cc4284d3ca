//! Special functions of one and two arguments.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI, SQRT_2};

/// ln √(2π).
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// From here on Stirling's series with eight terms is exact to the last bit.
const STIRLING_FROM: f64 = 10.0;

/// ln |Γ(x)|.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ln n! = ln Γ(n + 1).
#[must_use]
pub fn ln_factorial(n: u64) -> f64 {
    ln_gamma(n as f64 + 1.0)
}

/// The digamma function ψ(x) = d/dx ln Γ(x) for x > 0; `NaN` elsewhere.
///
/// Recurrence ψ(x) = ψ(x + 1) - 1/x up to 10, from there the asymptotic series (Abramowitz and Stegun, 1964,
/// 6.3.5 and 6.3.18).
#[must_use]
pub fn digamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut x = x;
    let mut below = 0.0;
    while x < STIRLING_FROM {
        below += 1.0 / x;
        x += 1.0;
    }
    let w = 1.0 / (x * x);
    let series = w
        * (1.0 / 12.0
            - w * (1.0 / 120.0
                - w * (1.0 / 252.0
                    - w * (1.0 / 240.0
                        - w * (1.0 / 132.0
                            - w * (691.0 / 32_760.0 - w * (1.0 / 12.0 - w * (3_617.0 / 8_160.0))))))));
    x.ln() - 0.5 / x - series - below
}

/// The trigamma function ψ'(x) for x > 0; `NaN` elsewhere.
///
/// Recurrence ψ'(x) = ψ'(x + 1) + 1/x² up to 10, from there the asymptotic series (Abramowitz and Stegun, 1964,
/// 6.4.6 and 6.4.12).
#[must_use]
pub fn trigamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut x = x;
    let mut below = 0.0;
    while x < STIRLING_FROM {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let v = 1.0 / x;
    let w = v * v;
    let series = w
        * (1.0 / 6.0
            - w * (1.0 / 30.0
                - w * (1.0 / 42.0
                    - w * (1.0 / 30.0
                        - w * (5.0 / 66.0
                            - w * (691.0 / 2_730.0 - w * (7.0 / 6.0 - w * (3_617.0 / 510.0))))))));
    below + v * (1.0 + 0.5 * v + series)
}

/// What Stirling's formula leaves out: ln Γ(x) - [(x - ½) ln x - x + ln √(2π)], for x > 0; `NaN` elsewhere.
///
/// From 10 on by its asymptotic series (Abramowitz and Stegun, 1964, 6.1.41), without cancellation; below from ln Γ.
#[must_use]
pub fn stirling_remainder(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    if x < STIRLING_FROM {
        return ln_gamma(x) - ((x - 0.5) * x.ln() - x + LN_SQRT_2PI);
    }
    let v = 1.0 / x;
    let w = v * v;
    v * (1.0 / 12.0
        - w * (1.0 / 360.0
            - w * (1.0 / 1_260.0
                - w * (1.0 / 1_680.0
                    - w * (1.0 / 1_188.0
                        - w * (691.0 / 360_360.0 - w * (1.0 / 156.0 - w * (3_617.0 / 122_400.0))))))))
}

/// ln of the rising factorial (a)ₙ = Γ(a + n) / Γ(a) for a > 0 and any real n with a + n > 0.
///
/// For a ≥ 10 and a + n ≥ 10 the difference of the two ln Γ is taken inside Stirling's formula, so that nothing
/// cancels however large a is beside n.
#[must_use]
pub fn ln_rising(a: f64, n: f64) -> f64 {
    let end = a + n;
    if !(a > 0.0 && end > 0.0) {
        return f64::NAN;
    }
    if a < STIRLING_FROM || end < STIRLING_FROM {
        return ln_gamma(end) - ln_gamma(a);
    }
    // (end - ½) ln end - (a - ½) ln a - n  =  n (ln end - 1) + (a - ½) ln(1 + n/a)
    n * (end.ln() - 1.0) + (a - 0.5) * (n / a).ln_1p() + (stirling_remainder(end) - stirling_remainder(a))
}

/// ln B(a, b) = ln Γ(a) + ln Γ(b) - ln Γ(a + b) for a, b > 0; `NaN` elsewhere.
///
/// Where both or one of them is large, the large terms are cancelled by hand inside Stirling's formula (Didonato
/// and Morris, 1992, ACM TOMS 18, algorithm 708), so that neither a large ratio nor large sizes lose digits.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < STIRLING_FROM {
        return ln_gamma(small) + (ln_gamma(large) - ln_gamma(small + large));
    }
    if small < STIRLING_FROM {
        return ln_gamma(small) - ln_rising(large, small);
    }
    let sum = small + large;
    let remainder = stirling_remainder(small) + (stirling_remainder(large) - stirling_remainder(sum));
    LN_SQRT_2PI - 0.5 * large.ln() + (small - 0.5) * (small / sum).ln() - large * (small / large).ln_1p()
        + remainder
}

/// ln(eᵃ + eᵇ) without overflow.
#[must_use]
pub fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if high.is_infinite() || low == f64::NEG_INFINITY {
        // Both the same infinity, or nothing to add.
        return if low.is_nan() { low } else { high };
    }
    high + (low - high).exp().ln_1p()
}

/// ln(eᵃ - eᵇ) for a ≥ b without overflow or cancellation; `NaN` for a < b.
#[must_use]
pub fn ln_sub_exp(a: f64, b: f64) -> f64 {
    if b == f64::NEG_INFINITY || (a == f64::INFINITY && b < a) {
        return a;
    }
    a + ln_1m_exp(b - a)
}

/// ln(1 - eˣ) for x ≤ 0; `NaN` for x > 0.
///
/// Switches between `ln(-expm1 x)` and `ln1p(-exp x)` at -ln 2 (Mächler, 2012, "Accurately computing
/// log(1 - exp(-|a|))").
#[must_use]
pub fn ln_1m_exp(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// Φ(x), the standard normal distribution function, with relative accuracy in the lower tail.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Φ⁻¹(p), the standard normal quantile: ∓∞ at 0 and 1, `NaN` outside [0, 1].
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    -SQRT_2 * statrs::function::erf::erfc_inv(2.0 * p)
}

/// φ(x), the standard normal density.
#[must_use]
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}
