//! What many tests ask of figures and fits.

use perennial_models::{Fit, Outcome};

/// The value lies within the tolerance of the expected one.
pub(crate) fn assert_near(name: &str, value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{name}: {value}, expected {expected}");
}

/// The estimates lie inside the parameter space and within three standard errors of the truth, measured on their coordinates.
pub(crate) fn assert_recovered<M>(fit: &Fit<M>, truth: &[f64]) {
    assert_eq!(fit.outcome, Outcome::Converged, "{:?}", fit.parameters);
    assert_eq!(fit.parameters.len(), truth.len());
    for (i, (estimate, truth)) in fit.parameters.iter().zip(truth).enumerate() {
        let difference = estimate.scale.coordinate(estimate.value) - estimate.scale.coordinate(*truth);
        let error = difference / fit.covariance[i][i].sqrt();
        assert!(error.abs() < 3.0, "{}: {} for {truth}, {error:.2} errors", estimate.name, estimate.value);
        assert!(estimate.standard_error.is_some(), "{estimate:?}");
    }
}
