//! What every model of customers with a contract gives: how long they stay.

mod likelihood;

use perennial_math::random::Rng;

use crate::{FitError, InvalidParameters, MINIMUM_REPEAT_CUSTOMERS, TenureBase};

pub(crate) use likelihood::{Duration, Likelihood};

/// A fitted model of how long customers with a contract stay.
///
/// Time is counted in periods of the contract. S(t) is the probability that the contract is still going on after t renewals; S(0) = 1.
/// Customers differ, so those who have stayed long are those who tend to stay: every figure of a customer is given that `survived`
/// renewals lie behind.
pub trait RetentionModel: std::fmt::Debug + Send + Sync {
    /// The name used on the command line, for example `sbg`.
    fn name(&self) -> &'static str;

    /// Names and values of the parameters.
    fn parameters(&self) -> Vec<(&'static str, f64)>;

    /// A model of the same kind with other parameters, in the order of [`RetentionModel::parameters`].
    ///
    /// # Errors
    /// When a value is not positive and finite, or there are not as many as parameters.
    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn RetentionModel>, InvalidParameters>;

    /// ln [S(survived + periods) / S(survived)]: the logarithm of the probability that the contract is renewed at least `periods` more
    /// times. `periods` need not be whole; one that is not positive gives 0.
    fn ln_survival_from(&self, survived: u32, periods: f64) -> f64;

    /// The sum over k = 1, ..., `horizon` (`None`: without end) of S(survived + k) / S(survived) / (1 + discount)^k: the renewals expected,
    /// discounted per period. A discount that is not positive is none; without discount and end the sum may be infinite.
    fn discounted_renewals(&self, survived: u32, horizon: Option<u32>, discount: f64) -> f64;

    /// Simulates how many more times the contract is renewed: a whole number, possibly infinite in `f64`.
    fn simulate_renewals(&self, survived: u32, rng: &mut Rng) -> f64;

    /// S(t): the share of new customers whose contract is still going on after `periods` renewals, whole or not.
    fn survival(&self, periods: f64) -> f64 {
        self.ln_survival_from(0, periods).exp()
    }

    /// P(T = `period`): the share of new customers whose contract ends at renewal number `period` (0 for `period` 0).
    fn churn_probability(&self, period: u32) -> f64 {
        let Some(before) = period.checked_sub(1) else { return 0.0 };
        self.survival(before.into()) * -self.ln_survival_from(before, 1.0).exp_m1()
    }

    /// r(t) = S(t) / S(t-1): the share of those up for renewal number `period` who renew (1 for `period` 0).
    fn retention_rate(&self, period: u32) -> f64 {
        period.checked_sub(1).map_or(1.0, |before| self.ln_survival_from(before, 1.0).exp())
    }

    /// The expected number of periods of a new customer's contract, the first included. Infinite in models where customers with a
    /// high loyalty of their own are common enough; S(t) is then all the same.
    fn expected_lifetime(&self) -> f64 {
        1.0 + self.expected_residual_lifetime(0)
    }

    /// The expected number of further renewals of a customer with `survived` renewals; possibly infinite.
    fn expected_residual_lifetime(&self, survived: u32) -> f64 {
        self.discounted_renewals(survived, None, 0.0)
    }

    /// The smallest number of further renewals that at most half of the customers with `survived` renewals reach.
    fn median_residual_lifetime(&self, survived: u32) -> f64 {
        let half = |periods: f64| self.ln_survival_from(survived, periods) <= -std::f64::consts::LN_2;
        let mut above = 1.0;
        while !half(above) {
            above *= 2.0;
            if above > 1e300 {
                return f64::INFINITY;
            }
        }
        let mut below = if above > 1.0 { 0.5 * above } else { 0.0 };
        while above - below > 1.0 {
            let middle = (0.5 * (below + above)).floor();
            if middle <= below || middle >= above {
                break;
            }
            *(if half(middle) { &mut above } else { &mut below }) = middle;
        }
        above
    }

    /// DERL: the renewals expected of a customer with `survived` renewals who is just about to renew, discounted at `discount` per period,
    /// the one due now not at all (Fader and Hardie 2010).
    fn discounted_expected_residual_lifetime(&self, survived: u32, discount: f64) -> f64 {
        (1.0 + discount.max(0.0)) * self.discounted_renewals(survived, None, discount)
    }

    /// The periods expected of a new customer's contract, discounted at `discount` per period, the first not at all.
    fn discounted_expected_lifetime(&self, discount: f64) -> f64 {
        1.0 + self.discounted_renewals(0, None, discount)
    }
}

/// Refuses data in which too few contracts have ended.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of customers, not negative"
)]
pub(crate) fn require_ended(model: &'static str, customers: &TenureBase) -> Result<(), FitError> {
    let ended = customers.ended();
    if ended >= MINIMUM_REPEAT_CUSTOMERS as f64 {
        return Ok(());
    }
    Err(FitError::TooFewEnded { model, ended: ended as u64, needed: MINIMUM_REPEAT_CUSTOMERS })
}
