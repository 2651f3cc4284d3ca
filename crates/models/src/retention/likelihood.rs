//! The likelihood of tenures under S(t) = B(alpha, beta + t^c) / B(alpha, beta), of which sBG is the case c = 1.
//!
//! ```text
//! ln L = sum over contracts that ended of ln [S(t-1) - S(t)] + sum over those that go on of ln S(t)
//! ```

use std::collections::BTreeMap;

use perennial_math::special::{digamma, ln_1m_exp};

use crate::{TenureBase, beta_geometric::BetaGeometric, estimation::LogLikelihood};

/// Whether the duration of a contract matters beyond the mix of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duration {
    /// c = 1: the parameters are alpha and beta.
    Without,
    /// c is the third parameter.
    Dependent,
}

/// Customers with the same number of periods.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    ended: f64,
    ongoing: f64,
}

/// The log-likelihood as a function of alpha, beta and, where the duration matters, c.
#[derive(Debug)]
pub(crate) struct Likelihood {
    counts: BTreeMap<u32, Count>,
    duration: Duration,
}

/// A value and its derivatives by alpha, beta and c.
type Slopes = [f64; 4];

impl Likelihood {
    pub(crate) fn new(base: &TenureBase, duration: Duration) -> Self {
        let mut counts: BTreeMap<u32, Count> = BTreeMap::new();
        for (tenure, &customers) in base.tenures().iter().zip(base.counts()) {
            let count = counts.entry(tenure.periods()).or_default();
            *(if tenure.ended() { &mut count.ended } else { &mut count.ongoing }) += customers;
        }
        Self { counts, duration }
    }

    /// The log-likelihood and its derivatives by alpha, beta and c.
    pub(crate) fn at(&self, alpha: f64, beta: f64, c: f64) -> Slopes {
        let mut sum = [0.0; 4];
        let mut add = |customers: f64, term: Slopes| {
            if customers > 0.0 {
                for (sum, term) in sum.iter_mut().zip(term) {
                    *sum += customers * term;
                }
            }
        };
        let new = BetaGeometric { a: alpha, b: beta };
        for (&period, count) in &self.counts {
            if period == 0 {
                continue;
            }
            let (before, now) = (Clock::at(period - 1, c), Clock::at(period, c));
            add(count.ongoing, ln_survival(new, &Clock::START, &now));
            add(count.ended, ln_survival(new, &Clock::START, &before));
            add(count.ended, ln_departure(ln_survival(new, &before, &now)));
        }
        sum
    }
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let c = match self.duration {
            Duration::Without => 1.0,
            Duration::Dependent => parameters[2],
        };
        let [value, slopes @ ..] = self.at(parameters[0], parameters[1], c);
        gradient.copy_from_slice(&slopes[..gradient.len()]);
        value
    }
}

/// The clock t^c and its derivative by c.
struct Clock {
    time: f64,
    slope: f64,
}

impl Clock {
    const START: Self = Self { time: 0.0, slope: 0.0 };

    fn at(period: u32, c: f64) -> Self {
        if period == 0 {
            return Self::START;
        }
        let period = f64::from(period);
        let time = period.powf(c);
        Self { time, slope: time * period.ln() }
    }
}

/// ln of the probability to survive from one time to another, with derivatives.
fn ln_survival(new: BetaGeometric, from: &Clock, to: &Clock) -> Slopes {
    let BetaGeometric { a, b } = new.after(from.time);
    let elapsed = to.time - from.time;
    let (stays, all) = (digamma(b + elapsed), digamma(a + b + elapsed));
    let by_alpha = digamma(a + b) - all;
    let by_beta = stays - digamma(b) + by_alpha;
    let by_elapsed = stays - all;
    [
        BetaGeometric { a, b }.ln_survival(elapsed),
        by_alpha,
        by_beta,
        by_beta * from.slope + by_elapsed * (to.slope - from.slope),
    ]
}

/// ln (1 - exp(value)), with derivatives.
fn ln_departure([value, slopes @ ..]: Slopes) -> Slopes {
    let factor = -1.0 / (-value).exp_m1();
    [ln_1m_exp(value), factor * slopes[0], factor * slopes[1], factor * slopes[2]]
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};
    use perennial_math::special::ln_gamma;

    use super::*;
    use crate::Tenure;

    /// S(t) by the beta function.
    fn survival([alpha, beta, c]: [Dual64; 3], period: u32) -> Dual64 {
        let ln_gamma = |x: Dual64| Dual64::new(ln_gamma(x.re), x.eps * digamma(x.re));
        let time = if period == 0 { Dual64::from(0.0) } else { (c * f64::from(period).ln()).exp() };
        (ln_gamma(beta + time) + ln_gamma(alpha + beta) - ln_gamma(beta) - ln_gamma(alpha + beta + time))
            .exp()
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let tenures =
            [(1, true, 9), (2, true, 4), (7, true, 3), (0, false, 5), (3, false, 2), (12, false, 6)];
        let mut base = TenureBase::new();
        for (periods, ended, customers) in tenures {
            base.push(Tenure::new(periods, ended).expect("a tenure"), customers);
        }
        let likelihood = Likelihood::new(&base, Duration::Dependent);
        for parameters in [[0.668, 3.806, 1.0], [0.3, 9.0, 1.7], [5.0, 0.4, 0.35]] {
            let ours = likelihood.at(parameters[0], parameters[1], parameters[2]);
            for i in 0..3 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let mut expected = Dual64::from(0.0);
                for (periods, ended, customers) in tenures {
                    let left = survival(dual, periods);
                    let probability = if ended { survival(dual, periods - 1) - left } else { left };
                    expected += probability.ln() * customers as f64;
                }
                assert!((ours[0] / expected.re - 1.0).abs() < 1e-12, "{ours:?} {expected}");
                assert!(
                    (ours[i + 1] - expected.eps).abs() < 1e-10 * (1.0 + expected.eps.abs()),
                    "{i}: {ours:?} {expected}"
                );
            }
        }
    }
}
