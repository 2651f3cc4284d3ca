//! What BG/BB expects of a customer who is alive: purchases, their distribution, and the wait for the next one.

use perennial_math::{
    random::{Rng, beta, uniform_open},
    special::{ln_add_exp, ln_factorial, ln_rising},
};

use super::BgBb;
use crate::beta_geometric::BetaGeometric;

/// The wait for the next purchase is followed opportunity by opportunity up to here; beyond, both hazards fall like 1/k.
const LONGEST_WAIT: u32 = 100_000;

impl BgBb {
    /// How long the customer stays.
    pub(super) fn stay(&self) -> BetaGeometric {
        BetaGeometric { a: self.gamma, b: self.delta }
    }

    /// The chance that an opportunity is taken by a customer who is alive.
    pub(super) fn purchase_probability(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// P(X(n) = x) of a new customer: all terms are positive and follow one from the other.
    pub(super) fn probability_new(&self, x: u32, n: u32) -> f64 {
        if x > n {
            return 0.0;
        }
        let Self { alpha, beta, gamma, delta } = *self;
        let (x_, n_) = (f64::from(x), f64::from(n));
        let ln_choose =
            |n: u32| ln_factorial(n.into()) - ln_factorial(x.into()) - ln_factorial((n - x).into());
        let alive = ln_choose(n) + ln_rising(alpha, x_) + ln_rising(beta, n_ - x_)
            - ln_rising(alpha + beta, n_)
            + self.stay().ln_survival(n_);
        // Alive at i opportunities, x of them taken, then gone.
        let mut term = ln_rising(alpha, x_) - ln_rising(alpha + beta, x_)
            + self.stay().ln_survival(x_)
            + (gamma / (gamma + delta + x_)).ln();
        let mut sum = LogSum::default();
        for i in x..n {
            sum.add(term);
            let i = f64::from(i);
            let taken = (i + 1.0) / (i + 1.0 - x_) * ((beta + i - x_) / (alpha + beta + i));
            term += (taken * ((delta + i) / (gamma + delta + i + 1.0))).ln();
        }
        ln_add_exp(alive, sum.ln()).exp().min(1.0)
    }

    /// The median number of opportunities until the next purchase of a customer who is alive now and will buy again.
    ///
    /// At the k-th opportunity from now the hazard of a purchase is (1 - g) alpha / (alpha+beta+k-1), that of leaving first
    /// g = gamma / (gamma+delta+k-1).
    pub(super) fn median_wait(&self) -> f64 {
        let Self { alpha, beta, gamma, delta } = *self;
        let hazards = |k: f64| {
            let leaves = gamma / (gamma + delta + k - 1.0);
            let stays = (delta + k - 1.0) / (gamma + delta + k - 1.0);
            let buys = stays * alpha / (alpha + beta + k - 1.0);
            (buys, buys + leaves)
        };
        // Beyond the longest wait purchase and leaving share what remains as alpha to gamma.
        let beyond = alpha / (alpha + gamma);
        let (mut waiting, mut bought) = (1.0, 0.0);
        for k in 1..=LONGEST_WAIT {
            let (buys, ends) = hazards(f64::from(k));
            bought += waiting * buys;
            waiting *= (1.0 - ends).max(0.0);
            if waiting < 1e-17 * bought {
                break;
            }
        }
        let half = 0.5 * (bought + waiting * beyond);
        if bought < half {
            // What remains falls like a power of the time.
            let left = 1.0 - (half - bought) / (waiting * beyond);
            return (f64::from(LONGEST_WAIT) * left.powf(-1.0 / (alpha + gamma))).ceil();
        }
        let (mut waiting, mut bought) = (1.0, 0.0);
        for k in 1..=LONGEST_WAIT {
            let (buys, ends) = hazards(f64::from(k));
            bought += waiting * buys;
            waiting *= (1.0 - ends).max(0.0);
            // Rounding shall not move a median that lies exactly on an opportunity.
            if bought >= half * (1.0 - 1e-12) {
                return f64::from(k);
            }
        }
        f64::from(LONGEST_WAIT)
    }

    /// Draws the opportunities among the next `opportunities` at which the customer buys, numbered from 1.
    pub(super) fn draw_purchases(&self, opportunities: u32, rng: &mut Rng, purchases: &mut Vec<u32>) {
        let stay = self.stay().draw_time(rng);
        let probability = beta(rng, self.alpha, self.beta);
        for opportunity in 1..=opportunities {
            if f64::from(opportunity) > stay {
                break;
            }
            if uniform_open(rng) < probability {
                purchases.push(opportunity);
            }
        }
    }
}

/// A sum of numbers given by their logarithms.
struct LogSum {
    largest: f64,
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        Self { largest: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl LogSum {
    fn add(&mut self, log: f64) {
        if log > self.largest {
            self.sum = self.sum * (self.largest - log).exp() + 1.0;
            self.largest = log;
        } else if log > f64::NEG_INFINITY {
            self.sum += (log - self.largest).exp();
        }
    }

    fn ln(&self) -> f64 {
        self.largest + self.sum.ln()
    }
}
