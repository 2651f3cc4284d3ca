//! Coefficients that the data say little about.

use super::Column;
use crate::{Estimated, Name};

/// The standard error, per standard deviation of the covariate, above which a coefficient is imprecise: a factor of e either way.
const IMPRECISE: f64 = 1.0;

/// The factor between customers above which an effect is not credible.
const EXTREME_FACTOR: f64 = 100.0;

/// A coefficient that should not be read as an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct WeakCoefficient {
    /// Its name, for example `dropout.Channel`.
    pub name: Name,
    /// Its value.
    pub value: f64,
    /// What is wrong.
    pub weakness: Weakness,
}

/// Why a coefficient should not be read as an effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weakness {
    /// The likelihood is flat in it: it ran away, or other covariates say the same.
    NotIdentified,
    /// The parameters of two customers in the data differ by more than a factor of 100 through it. A true effect of this size is rare; a
    /// likelihood that rises ever more slowly is not.
    Extreme {
        /// The factor between the smallest and the largest value of the covariate; at least 1.
        factor: f64,
    },
    /// Its standard error is larger than 1 per standard deviation of the covariate.
    Imprecise {
        /// The standard error times the covariate's standard deviation.
        standard_error: f64,
    },
}

/// Those of the coefficients that are weak, the worst reason of each.
pub(super) fn weak(coefficients: &[Estimated], columns: &[Column]) -> Vec<WeakCoefficient> {
    let weakness = |coefficient: &Estimated, column: &Column| {
        let Some(error) = coefficient.standard_error else { return Some(Weakness::NotIdentified) };
        let factor = (coefficient.value.abs() * column.range).exp();
        if factor > EXTREME_FACTOR {
            return Some(Weakness::Extreme { factor });
        }
        let standard_error = error * column.deviation;
        (standard_error > IMPRECISE).then_some(Weakness::Imprecise { standard_error })
    };
    let named = |(coefficient, column): (&Estimated, &Column)| {
        let weakness = weakness(coefficient, column)?;
        Some(WeakCoefficient { name: coefficient.name.clone(), value: coefficient.value, weakness })
    };
    coefficients.iter().zip(columns).filter_map(named).collect()
}
