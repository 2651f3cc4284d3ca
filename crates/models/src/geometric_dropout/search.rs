//! The choice of k by the likelihood.

use std::sync::Arc;

use super::{GeometricDropout, problem_at};
use crate::{
    CustomerBase, Fit, FitError, InvalidParameters, Regularity, estimation::require_repeat_customers,
    grouped::Grouped, parameters::checked,
};

/// The parameters that are estimated; k is chosen.
const ESTIMATED: [&str; 4] = ["r", "alpha", "a", "b"];

/// Falls of the likelihood from one k to the next in a row that end the search.
const FALLS: u32 = 2;

/// A model of geometric dropout with a k of its own.
pub(crate) trait Regular: GeometricDropout {
    /// The model at k and at r, alpha, a and b, checked already.
    fn at(k: Regularity, parameters: [f64; 4]) -> Self;

    /// k.
    fn k(&self) -> Regularity;
}

/// The model at k, r, alpha, a and b, in this order.
pub(crate) fn from_values<M: Regular>(values: &[f64]) -> Result<M, InvalidParameters> {
    match values {
        [k, parameters @ ..] if parameters.len() == ESTIMATED.len() => {
            Ok(M::at(Regularity::from_value(*k)?, checked(&ESTIMATED, parameters)?))
        }
        _ => Err(InvalidParameters::Count { given: values.len(), expected: 1 + ESTIMATED.len() }),
    }
}

/// The model at its k and at other r, alpha, a and b; or, where five values are given, as [`from_values`].
pub(crate) fn with_values<M: Regular>(model: &M, values: &[f64]) -> Result<M, InvalidParameters> {
    if values.len() == ESTIMATED.len() {
        return Ok(M::at(model.k(), checked(&ESTIMATED, values)?));
    }
    from_values(values)
}

/// The fit at the k of the largest likelihood: from 1 on, until it has fallen twice in a row.
pub(crate) fn fit<M: Regular>(customers: &CustomerBase) -> Result<Fit<M>, FitError> {
    let grouped = Arc::new(Grouped::new(customers));
    let mut best = fit_grouped::<M>(customers, &grouped, Regularity::RANDOM)?;
    let (mut last, mut falls) = (best.log_likelihood, 0);
    for k in Regularity::all().skip(1) {
        let fit = match fit_grouped::<M>(customers, &grouped, k) {
            Ok(fit) => Some(fit),
            // A k at which there is no likelihood is none to choose.
            Err(FitError::NotFinite { .. }) => None,
            Err(error) => return Err(error),
        };
        let value = fit.as_ref().map_or(f64::NEG_INFINITY, |fit| fit.log_likelihood);
        falls = if value > last { 0 } else { falls + 1 };
        last = value;
        if let Some(fit) = fit
            && fit.log_likelihood > best.log_likelihood
        {
            best = fit;
        }
        if falls == FALLS {
            break;
        }
    }
    Ok(best)
}

/// The fit at one k.
pub(crate) fn fit_with<M: Regular>(customers: &CustomerBase, k: Regularity) -> Result<Fit<M>, FitError> {
    fit_grouped(customers, &Arc::new(Grouped::new(customers)), k)
}

fn fit_grouped<M: Regular>(
    customers: &CustomerBase,
    grouped: &Arc<Grouped>,
    k: Regularity,
) -> Result<Fit<M>, FitError> {
    require_repeat_customers(customers.repeat_customers(), customers.customers())?;
    let make = |values: &[f64]| Ok(M::at(k, checked(&ESTIMATED, values)?));
    problem_at::<M>(customers, grouped, k.get())?.maximise(make)
}
