//! Expectations over so many ticks that summing over each would take too long.
//!
//! The first purchases are summed one by one; what h(m) they are worth and the probability F(m) that there would be m of them are
//! smooth functions of a real m from there on, and the rest of the sum is an integral (Euler and Maclaurin; Abramowitz and Stegun 1964,
//! 23.1.30, with the midpoint in place of the end):
//!
//! ```text
//! sum_{m>=M} h(m) F(m) = integral from M-1/2 of h(m) F(m) dm + (h F)'(M-1/2) / 24 - ...
//! ```

use std::sync::LazyLock;

use perennial_math::{
    quadrature::GaussLegendre,
    special::{digamma, ln_gamma, ln_rising},
};

use super::regular::{Course, Ticks, Worth};

/// How many ticks are summed one by one.
const EXACT_TICKS: f64 = 4_800.0;

/// Nodes per panel of the integral.
static PANEL: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(16));

/// The expected worth of the purchases of a long time.
#[derive(Debug, Clone, Copy)]
pub(super) struct ManyTicks {
    ticks: Ticks,
    worth: Worth,
}

impl ManyTicks {
    pub(super) fn new(ticks: Ticks, worth: Worth) -> Self {
        Self { ticks, worth }
    }

    /// The expectation; `course` is at no purchase.
    pub(super) fn expected(&self, mut course: Course) -> f64 {
        let per_purchase = f64::from(self.ticks.per_purchase);
        let count = (EXACT_TICKS / per_purchase).ceil();
        let mut sum = self.sum_until(&mut course, count);
        let later = |made: f64| {
            let least = made * per_purchase - f64::from(self.ticks.since);
            course.later(self.worth, made) * self.ticks.probability_of_range(least, self.ticks.per_purchase)
        };
        let border = count - 0.5;
        sum += (later(border + 0.5) - later(border - 0.5)) / 24.0;
        sum + self.integral(&later, border)
    }

    /// The sum over fewer than `count` purchases; takes `course` there.
    fn sum_until(&self, course: &mut Course, count: f64) -> f64 {
        let ticks = &self.ticks;
        let (mut probability, mut n, mut phase, mut sum) = (ticks.probability(0.0), 0.0, ticks.since, 0.0);
        // A probability that underflowed at the start is looked up again where it no longer does.
        while course.made < count {
            sum += probability * course.worth(self.worth);
            probability *= ticks.z * (ticks.shape + n) / (n + 1.0);
            n += 1.0;
            phase += 1;
            if phase == ticks.per_purchase {
                phase = 0;
                course.step();
                probability = ticks.probability(n);
            }
        }
        sum
    }

    /// The integral over the number of purchases from `border` on, by panels in its logarithm.
    fn integral(&self, later: &dyn Fn(f64) -> f64, border: f64) -> f64 {
        let Ticks { shape, z, log_idle, per_purchase, .. } = self.ticks;
        let per_tick = 1.0 / f64::from(per_purchase);
        let most = self.ticks.most() * per_tick + 1.0;
        // Fewer ticks than these have a probability below 1e-17: of a gamma variable, x^shape / Gamma(shape + 1), or twelve deviations.
        let mean = shape * z;
        let least = ((ln_gamma(shape + 1.0) - 40.0) / shape).exp().max(mean - 12.0 * mean.sqrt());
        let low = (0.9 * least * z / log_idle.exp() * per_tick).max(border);
        if low >= most {
            return 0.0;
        }
        let range = (most / low).ln();
        let panels = (range / 1.0_f64.min(4.0 / mean.sqrt())).ceil();
        let width = range / panels;
        let value = |log: f64| log.exp() * later(log.exp());
        let mut sum = 0.0;
        let mut panel = 0.0;
        while panel < panels {
            let start = low.ln() + panel * width;
            sum += PANEL.integrate(value, start, start + width);
            panel += 1.0;
        }
        sum
    }
}

impl Course {
    /// What `made` purchases are worth, a number that need not be whole and is not far below [`Course::made`].
    ///
    /// From M purchases on, with B = b + M and A = a - 1:
    ///
    /// ```text
    /// E[(1-p)^m] = E[(1-p)^M] (B)_a / (B+m-M)_a
    /// C_m        = C_M + E[(1-p)^M] (B+A) / A (1 - (B)_A / (B+m-M)_A)
    /// ```
    ///
    /// (sums of ratios of gamma functions telescope). The last is 0/0 at a = 1, where a difference of digammas takes its place.
    fn later(&self, worth: Worth, made: f64) -> f64 {
        let from = self.b + self.made;
        let to = self.b + made;
        match worth {
            Worth::Staying => self.staying * (ln_rising(from, self.a) - ln_rising(to, self.a)).exp(),
            Worth::Purchases => {
                let less = self.a - 1.0;
                let growth = if less.abs() < 1e-3 {
                    // The mean of the digamma over an interval is its value in the middle, to within less^2 / from^2.
                    digamma(to + 0.5 * less) - digamma(from + 0.5 * less)
                } else {
                    (ln_rising(to, less) - ln_rising(from, less)) / less
                };
                let sum = if less == 0.0 { growth } else { -(-less * growth).exp_m1() / less };
                self.worth(worth) + self.staying * (from + less) * sum
            }
        }
    }
}
