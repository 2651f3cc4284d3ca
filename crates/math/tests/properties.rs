//! Identities and invariances that hold for all arguments.

#![allow(clippy::float_cmp, reason = "the sums are to be the same bit for bit")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small counts"
)]

use perennial_math::hypergeometric::{hyp2f1_deficit, ln_hyp2f1};
use perennial_math::matrix::{SquareMatrix, covariance_from_hessian};
use perennial_math::optimize::{Options, Status, minimize, newton_polish};
use perennial_math::parallel::{sum_chunks, sum_chunks_into};
use perennial_math::quadrature::GaussLegendre;
use perennial_math::{incomplete, special, statistics};
use proptest::prelude::*;

/// A positive parameter, log-uniform.
fn parameter(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.ln()..high.ln()).prop_map(f64::exp)
}

/// An argument of ₂F₁: anywhere in (0, 1), also very near to 1.
fn argument() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.0, (-34.0..0.0_f64).prop_map(|ln_rest| 1.0 - ln_rest.exp())]
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #[test]
    fn hypergeometric_is_symmetric_and_at_least_one(a in parameter(1e-3, 1e3), b in parameter(1e-3, 1e3), gap in parameter(1e-3, 1e3), z in argument()) {
        let c = a.max(b) + gap;
        let value = ln_hyp2f1(a, b, c, z);
        prop_assert!(value >= 0.0, "{value}");
        prop_assert!(close(value, ln_hyp2f1(b, a, c, z), 1e-12));
    }

    /// Gauss's contiguous relation F(a, b; c) = F(a, b; c+1) + a b z / (c (c+1)) F(a+1, b+1; c+2).
    #[test]
    fn hypergeometric_contiguous(a in parameter(1e-3, 1e3), b in parameter(1e-3, 1e3), gap in parameter(1e-3, 1e3), z in argument()) {
        let c = a.max(b) + gap;
        let raised = special::ln_add_exp(
            ln_hyp2f1(a, b, c + 1.0, z),
            (a * b * z / (c * (c + 1.0))).ln() + ln_hyp2f1(a + 1.0, b + 1.0, c + 2.0, z),
        );
        prop_assert!(close(ln_hyp2f1(a, b, c, z), raised, 1e-11));
    }

    /// Euler's transformation, which the function uses only for its series.
    #[test]
    fn hypergeometric_euler(a in parameter(1e-2, 1e2), b in parameter(1e-2, 1e2), gap in parameter(1e-2, 1e2), z in 0.0..0.9999_f64) {
        let c = a.max(b) + gap;
        let transformed = (c - a - b) * (-z).ln_1p() + ln_hyp2f1(c - a, c - b, c, z);
        prop_assert!(close(ln_hyp2f1(a, b, c, z), transformed, 1e-11));
    }

    /// 2F1(a, b; b; z) = (1 - z)^-a.
    #[test]
    fn hypergeometric_binomial(a in parameter(1e-3, 1e3), b in parameter(1e-3, 1e3), z in argument()) {
        prop_assert!(close(ln_hyp2f1(a, b, b, z), -a * (-z).ln_1p(), 1e-11));
    }

    /// The definition of the deficit, where it does not cancel.
    #[test]
    fn deficit_is_its_definition(a in parameter(1e-2, 1e2), b in parameter(1e-2, 1e2), shape in parameter(1.5, 1e2), z in 0.3..0.999_f64) {
        let c = b + shape - 1.0;
        let ratio = (a * (-z).ln_1p() + ln_hyp2f1(a, b, c, z)).exp();
        prop_assume!(ratio < 0.9);
        prop_assert!(close(hyp2f1_deficit(a, b, shape, z), c / (shape - 1.0) * (1.0 - ratio), 1e-11));
    }

    #[test]
    fn no_argument_panics_or_hangs(a in any::<f64>(), b in any::<f64>(), c in any::<f64>(), z in any::<f64>(), share in 0.0..1.0) {
        for x in [z, share] {
            let _ = (ln_hyp2f1(a, b, c, x), hyp2f1_deficit(a, b, c, x), incomplete::beta_regularized(a, b, x));
        }
        let _ = (special::ln_beta(a, b), special::digamma(a), special::trigamma(a), special::ln_rising(a, b));
        let _ = (special::ln_add_exp(a, b), special::ln_sub_exp(a, b), special::normal_quantile(a));
        let _ = (incomplete::gamma_lower(a, b), incomplete::gamma_upper(a, b));
    }

    #[test]
    fn digamma_and_trigamma_recur(x in parameter(1e-3, 1e6)) {
        prop_assert!(close(special::digamma(x + 1.0), special::digamma(x) + 1.0 / x, 1e-12));
        prop_assert!(close(special::trigamma(x), special::trigamma(x + 1.0) + 1.0 / (x * x), 1e-12));
    }

    #[test]
    fn normal_quantile_inverts(x in -37.0..6.0) {
        prop_assert!(close(special::normal_quantile(special::normal_cdf(x)), x, 1e-6));
        prop_assert!(x > 3.0 || close(special::normal_quantile(special::normal_cdf(x)), x, 1e-11));
    }

    #[test]
    fn chunk_sums_do_not_depend_on_threads(values in prop::collection::vec(-1e9..1e9, 0..3_000), chunk in 0_usize..400) {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sum_chunks(values.len(), chunk, |range| {
                let part = &values[range];
                [part.iter().sum::<f64>(), part.iter().map(|x| x * x).sum()]
            }))
        };
        let one = run(1);
        prop_assert_eq!(one, run(3));
        let into = sum_chunks_into(values.len(), chunk, 2, |range, sums| {
            for x in &values[range] {
                sums[0] += x;
                sums[1] += x * x;
            }
        });
        prop_assert!(close(into[0], one[0], 1e-6) && close(into[1], one[1], 1e-12));
        let squares: f64 = values.iter().map(|x| x * x).sum();
        prop_assert!(close(one[1], squares, 1e-12));
    }

    #[test]
    fn quantile_is_that_of_the_sorted_sample(values in prop::collection::vec(-1e3..1e3, 1..60), p in 0.0..=1.0_f64) {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let position = (sorted.len() - 1) as f64 * p;
        let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
        let expected = below + (position - position.floor()) * (above - below);
        prop_assert!(close(statistics::quantile(&mut values.clone(), p), expected, 1e-14));
    }

    #[test]
    fn gauss_legendre_is_exact_for_polynomials(n in 1_usize..120, lift in 0_usize..3) {
        let degree = (2 * n - 1).saturating_sub(lift);
        let value = GaussLegendre::new(n).integrate(|x| x.powi(degree as i32), 0.0, 1.0);
        prop_assert!((value * (degree as f64 + 1.0) - 1.0).abs() < 1e-12, "{value}");
    }

    #[test]
    fn inverse_times_matrix_is_identity(entries in prop::collection::vec(-1.0..1.0, 25)) {
        let root = SquareMatrix::from_rows(5, entries).unwrap();
        let matrix = SquareMatrix::from_fn(5, |i, j| (0..5).map(|k| root.get(i, k) * root.get(j, k)).sum::<f64>() + if i == j { 0.1 } else { 0.0 });
        let inverse = matrix.inverse().unwrap();
        let eigen = matrix.symmetric_eigen();
        let (covariance, clipped) = covariance_from_hessian(&matrix, 1e6);
        prop_assert!(!clipped);
        for i in 0..5 {
            let column: Vec<f64> = (0..5).map(|k| inverse.get(k, i)).collect();
            for (j, value) in matrix.times(&column).into_iter().enumerate() {
                let expected = f64::from(u8::from(i == j));
                prop_assert!((value - expected).abs() < 1e-11);
                prop_assert!((covariance.get(i, j) - inverse.get(i, j)).abs() < 1e-11);
            }
            let vector: Vec<f64> = (0..5).map(|k| eigen.vectors.get(k, i)).collect();
            for (j, value) in matrix.times(&vector).into_iter().enumerate() {
                prop_assert!((value - eigen.values[i] * vector[j]).abs() < 1e-12);
            }
        }
    }

    /// Quadratics with scales up to a million apart, rotated.
    #[test]
    fn badly_scaled_quadratics_are_minimised(scales in prop::collection::vec(-3.0..3.0_f64, 3), angle in 0.0..3.0_f64, center in prop::collection::vec(-3.0..3.0, 3)) {
        let weights: Vec<f64> = scales.iter().map(|scale| 10_f64.powf(*scale)).collect();
        let (sine, cosine) = angle.sin_cos();
        let mut objective = |point: &[f64], gradient: &mut [f64]| {
            let d: Vec<f64> = point.iter().zip(&center).map(|(x, c)| x - c).collect();
            let turned = [cosine * d[0] + sine * d[1], cosine * d[1] - sine * d[0], d[2]];
            let slopes: Vec<f64> = turned.iter().zip(&weights).map(|(t, w)| 2.0 * w * t).collect();
            gradient.copy_from_slice(&[cosine * slopes[0] - sine * slopes[1], sine * slopes[0] + cosine * slopes[1], slopes[2]]);
            turned.iter().zip(&weights).map(|(t, w)| w * t * t).sum::<f64>()
        };
        let options = Options { gradient_tolerance: 1e-8, ..Options::default() };
        let minimum = minimize(&mut objective, &[0.0; 3], &options);
        prop_assert_eq!(minimum.status, Status::Converged);
        let polished = newton_polish(&mut objective, minimum, 5);
        for (x, c) in polished.point.iter().zip(&center) {
            prop_assert!((x - c).abs() < 1e-7, "{:?} {:?}", polished, center);
        }
    }
}
