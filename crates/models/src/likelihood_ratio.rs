//! The likelihood-ratio test.

use perennial_math::incomplete::gamma_upper;

use crate::Fit;

/// Whether a larger model says more of the data than a smaller one that it contains (Wilks 1938).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods; with many customers about chi-square where the smaller model is true.
    pub statistic: f64,
    /// How many more parameters the larger model has.
    pub degrees_of_freedom: usize,
    /// The probability of a statistic at least as large where the smaller model is true.
    pub p_value: f64,
}

impl LikelihoodRatio {
    /// Of two fits on the same customers, both at their maximum, the larger model holding the smaller as a special case.
    ///
    /// A larger model that was not fitted better (or has no more parameters) gets a p-value of 1. Where a parameter ran away the
    /// distribution is only roughly chi-square.
    #[must_use]
    pub fn between<A, B>(larger: &Fit<A>, smaller: &Fit<B>) -> Self {
        let gained = larger.log_likelihood - smaller.log_likelihood;
        Self::of(gained, larger.parameters.len().saturating_sub(smaller.parameters.len()))
    }

    /// Of a log-likelihood gained by so many more parameters.
    pub(crate) fn of(gained: f64, degrees_of_freedom: usize) -> Self {
        let statistic = (2.0 * gained).max(0.0);
        let p_value = if statistic > 0.0 && degrees_of_freedom > 0 {
            gamma_upper(0.5 * degrees_of_freedom as f64, 0.5 * statistic)
        } else {
            1.0
        };
        Self { statistic, degrees_of_freedom, p_value }
    }
}
