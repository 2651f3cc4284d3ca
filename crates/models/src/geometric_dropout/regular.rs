//! The future of an active customer whose clock ticks at rate lambda, who buys at every k-th tick and leaves after each purchase with
//! probability p ~ Beta(a, b).
//!
//! Given j ticks since the last purchase, the ticks N of the next t are negative binomial with shape s + j, and without dropout the
//! customer would make floor((j + N) / k) purchases.

use perennial_math::{
    hypergeometric::ln_hyp2f1,
    incomplete::beta_regularized,
    random::{self, Rng},
    special::{ln_beta, ln_gamma},
};

use super::{future::Future, many_ticks::ManyTicks, silence::Silence};
use crate::transaction::LONGEST_HORIZON;

/// Above this many ticks sums over each give way to integrals.
const MOST_TICKS: f64 = 10_000.0;

/// The future of a customer who buys at every k-th tick.
#[derive(Debug, Clone, Copy)]
pub struct RegularFuture {
    /// Shape and rate of the tick rate's distribution if there was no tick since the last purchase; a and b of the dropout.
    future: Future,
    silence: Silence,
}

/// What a number of purchases without dropout is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// `C_m` = `sum_{n=1..m} E[(1-p)^(n-1)]`, the purchases expected with dropout.
    Purchases,
    /// `E[(1-p)^m]`, the probability of not having left.
    Staying,
}

/// What m purchases are worth, for m = 0, 1, 2 ... in turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    /// Parameters of the dropout probability's distribution.
    pub(super) a: f64,
    pub(super) b: f64,
    /// m.
    pub(super) made: f64,
    /// `C_m`.
    purchases: f64,
    /// `E[(1-p)^m]`.
    pub(super) staying: f64,
}

impl Course {
    pub(super) fn new(future: &Future) -> Self {
        Self { a: future.a, b: future.b, made: 0.0, purchases: 0.0, staying: 1.0 }
    }

    /// One purchase more.
    pub(super) fn step(&mut self) {
        self.purchases += self.staying;
        self.staying *= (self.b + self.made) / (self.a + self.b + self.made);
        self.made += 1.0;
    }

    pub(super) fn worth(&self, worth: Worth) -> f64 {
        match worth {
            Worth::Purchases => self.purchases,
            Worth::Staying => self.staying,
        }
    }
}

/// The ticks of a time, given a position between two purchases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    /// Shape of their negative binomial distribution.
    pub(super) shape: f64,
    /// z = t / (rate + t).
    pub(super) z: f64,
    /// ln z and ln (1 - z).
    pub(super) log_z: f64,
    pub(super) log_idle: f64,
    /// j, the ticks since the last purchase.
    pub(super) since: u32,
    /// k.
    pub(super) per_purchase: u32,
}

impl Ticks {
    /// The probability of exactly `n`, a number >= 0 that need not be whole.
    pub(super) fn probability(&self, n: f64) -> f64 {
        if n == 0.0 {
            return (self.shape * self.log_idle).exp();
        }
        (self.shape * self.log_idle + n * self.log_z - ln_beta(self.shape, n) - n.ln()).exp()
    }

    /// The probability of `n` to `n + count - 1`.
    pub(super) fn probability_of_range(&self, n: f64, count: u32) -> f64 {
        let (mut probability, mut sum, mut at) = (self.probability(n), 0.0, n);
        for _ in 0..count {
            sum += probability;
            probability *= self.z * (self.shape + at) / (at + 1.0);
            at += 1.0;
        }
        sum
    }

    /// The ticks that the n-th purchase from now needs.
    fn until_purchase(&self, n: u32) -> f64 {
        f64::from(n) * f64::from(self.per_purchase) - f64::from(self.since)
    }

    /// A number that there are more ticks of with probability below 1e-17.
    pub(super) fn most(&self) -> f64 {
        let mean = self.shape * self.z;
        (mean + 12.0 * mean.sqrt() + 60.0) / self.log_idle.exp()
    }

    /// The expected worth of the purchases: a sum of positive terms over the number of ticks, whose weights are kept relative to that of
    /// none and divided by their own sum at the end, so that nothing under- or overflows.
    fn expected(&self, worth: Worth, mut course: Course) -> f64 {
        let (mut weight, mut weights, mut sum) = (1.0, 1.0, course.worth(worth));
        let (mut n, mut phase) = (0.0, self.since);
        loop {
            weight *= self.z * (self.shape + n) / (n + 1.0);
            n += 1.0;
            phase += 1;
            if phase == self.per_purchase {
                phase = 0;
                course.step();
            }
            let term = weight * course.worth(worth);
            weights += weight;
            sum += term;
            // From here on each weight is at most `ratio` times the one before, and i ticks on the worth is at most 1 + i times as large:
            // what is left is at most 2 ratio / (1 - ratio)^2 times the last term.
            let ratio = self.z * (self.shape + n) / n;
            let left = 2.0 * ratio / ((1.0 - ratio) * (1.0 - ratio));
            if ratio < 1.0
                && course.made > 0.0
                && weight * left <= f64::EPSILON * weights
                && term * left <= f64::EPSILON * sum
            {
                return sum / weights;
            }
            if weight > 1e200 {
                weight *= 1e-200;
                weights *= 1e-200;
                sum *= 1e-200;
            }
        }
    }
}

impl RegularFuture {
    pub(super) fn new(future: Future, silence: Silence) -> Self {
        Self { future, silence }
    }

    /// The ticks of the next `horizon`, from each position between two purchases, with its probability.
    fn positions(&self, horizon: f64) -> impl Iterator<Item = (f64, Ticks)> + '_ {
        let Future { shape, rate, .. } = self.future;
        let horizon = horizon.min(LONGEST_HORIZON * rate);
        let (log_z, log_idle) = (-(rate / horizon).ln_1p(), -(horizon / rate).ln_1p());
        self.silence.positions().map(move |(since, probability)| {
            let ticks = Ticks {
                shape: shape + f64::from(since),
                z: horizon / (rate + horizon),
                log_z,
                log_idle,
                since,
                per_purchase: self.silence.ticks,
            };
            (probability, ticks)
        })
    }

    fn expected(&self, worth: Worth, horizon: f64) -> f64 {
        self.positions(horizon)
            .map(|(probability, ticks)| {
                let course = Course::new(&self.future);
                let value = if ticks.most() > MOST_TICKS {
                    ManyTicks::new(ticks, worth).expected(course)
                } else {
                    ticks.expected(worth, course)
                };
                probability * value
            })
            .sum()
    }

    /// E[X(t)].
    pub(super) fn expected_purchases(&self, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return 0.0;
        }
        self.expected(Worth::Purchases, horizon)
    }

    /// The probability of not having left after `time`.
    pub(super) fn probability_of_staying(&self, time: f64) -> f64 {
        if time.is_nan() || time <= 0.0 {
            return 1.0;
        }
        self.expected(Worth::Staying, time)
    }

    /// P(X(t) = n): n purchases made and survived and not enough ticks for another, or left after the n-th.
    pub(super) fn probability_of_n_purchases(&self, n: u32, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return if n == 0 { 1.0 } else { 0.0 };
        }
        let Future { a, b, .. } = self.future;
        let k = self.silence.ticks;
        if n == 0 {
            return self
                .positions(horizon)
                .map(|(p, ticks)| p * ticks.probability_of_range(0.0, k - ticks.since))
                .sum();
        }
        let log_beta = ln_beta(a, b);
        let survives = (ln_beta(a, b + f64::from(n)) - log_beta).exp();
        let leaves = (ln_beta(a + 1.0, b + f64::from(n) - 1.0) - log_beta).exp();
        self.positions(horizon)
            .map(|(probability, ticks)| {
                let needed = ticks.until_purchase(n);
                let exactly = ticks.probability_of_range(needed, k);
                let at_least = beta_regularized(needed, ticks.shape, ticks.z);
                probability * (survives * exactly + leaves * at_least)
            })
            .sum()
    }

    /// The expected purchases over all the future, discounted continuously; a discount that is not positive counts as none.
    ///
    /// The n-th purchase is tick nk - j, whose discount factor has the expectation y^(nk-j), y = lambda / (lambda + discount). With
    /// `E[(1-p)^(n-1)]` before it the sum over n is
    ///
    /// ```text
    /// E[ y^(k-j) 2F1(1, b; a+b; y^k) ],     lambda ~ Gamma(s+j, rate)
    /// ```
    ///
    /// and is integrated over ln lambda by the trapezoidal rule: the integrand is analytic in a strip and falls off exponentially on
    /// the left, faster on the right.
    pub(super) fn discounted_expected_purchases(&self, discount: f64) -> f64 {
        if discount.is_nan() || discount <= 0.0 {
            return self.expected_purchases(f64::INFINITY);
        }
        let Future { shape, rate, a, b } = self.future;
        let k = f64::from(self.silence.ticks);
        let log_discount = (discount * rate).ln();
        let log_gamma = ln_gamma(shape);
        let value = |log_rate: f64| {
            let tick_rate = log_rate.exp();
            let log_y = -(log_discount - log_rate).exp().ln_1p();
            let density = (shape * log_rate - tick_rate - log_gamma).exp();
            let (mut sum, mut relative) = (0.0, 1.0);
            for (since, probability) in self.silence.positions() {
                let j = f64::from(since);
                sum += probability * relative * ((k - j) * log_y).exp();
                relative *= tick_rate / (shape + j);
            }
            // At y = 1 to the last bit the sum is cut at about 10^16 purchases.
            let y = (k * log_y).exp().min(1.0 - 0.5 * f64::EPSILON);
            density * sum * ln_hyp2f1(1.0, b, a + b, y).exp()
        };
        let step = 0.25_f64.min(0.5 / shape.sqrt());
        let middle = shape.ln();
        let mut sum = value(middle);
        // Rightwards the integrand may rise first, to ln(s + k) at most.
        for (direction, at_least) in [(step, (k / shape).ln_1p()), (-step, 0.0)] {
            let mut distance = direction;
            loop {
                let term = value(middle + distance);
                sum += term;
                if distance.abs() > at_least && term <= 1e-18 * sum {
                    break;
                }
                distance += direction;
            }
        }
        step * sum
    }

    /// The median time to the next purchase: an active customer always makes one. The root of the falling probability of none
    /// in ln(1 + t/rate), between what one tick and what all ticks need.
    pub(super) fn median_time_to_next_purchase(&self) -> f64 {
        let none = |log_past: f64| -> f64 {
            let z = -(-log_past).exp_m1();
            self.silence
                .positions()
                .map(|(since, probability)| {
                    let shape = self.future.shape + f64::from(since);
                    let (mut weight, mut sum, mut n) = ((-shape * log_past).exp(), 0.0, 0.0);
                    for _ in since..self.silence.ticks {
                        sum += weight;
                        weight *= z * (shape + n) / (n + 1.0);
                        n += 1.0;
                    }
                    probability * sum
                })
                .sum()
        };
        let mut low = std::f64::consts::LN_2 / (self.future.shape + f64::from(self.silence.ticks));
        let mut high = 2.0 * low;
        while none(high) > 0.5 {
            (low, high) = (high, 2.0 * high);
        }
        while high - low > 4.0 * f64::EPSILON * high {
            let middle = 0.5 * (low + high);
            if none(middle) > 0.5 {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.future.rate * (0.5 * (low + high)).exp_m1()
    }

    /// Draws a customer, and the customer's purchases until leaving or the horizon's end.
    pub(super) fn draw_purchases(&self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        let Future { shape, rate, a, b } = self.future;
        let mut since = 0;
        let mut left = random::uniform_open(rng);
        for (position, probability) in self.silence.positions() {
            since = position;
            left -= probability;
            if left < 0.0 {
                break;
            }
        }
        let mean_tick = 1.0 / random::gamma(rng, shape + f64::from(since), 1.0 / rate);
        let dropout = random::beta(rng, a, b);
        let mut time = random::gamma(rng, f64::from(self.silence.ticks - since), mean_tick);
        // A rate that underflowed to zero gives an infinite time, which ends the loop as well.
        while time <= horizon {
            times.push(time);
            if random::uniform_open(rng) < dropout {
                return;
            }
            time += random::gamma(rng, f64::from(self.silence.ticks), mean_tick);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With every tick a purchase, the figures are those of the closed forms.
    #[test]
    fn at_every_tick_it_is_the_memoryless_future() {
        for [shape, rate, a, b] in
            [[0.25, 4.4, 0.8, 2.4], [3.0, 40.0, 1.0, 1.2], [70.0, 90.0, 1.0004, 70.0], [9.0, 2.0, 4.0, 0.3]]
        {
            let future = Future { shape, rate, a, b };
            let regular = RegularFuture::new(future, Silence::new(shape, 0.3, 1));
            let near = |name: &str, one: f64, other: f64, tolerance: f64| {
                assert!((one - other).abs() <= tolerance * other, "{name} {future:?}: {one} {other}");
            };
            for horizon in [0.01, 39.0, 400.0, 6e3, 1e5, 1e7] {
                near("E", regular.expected_purchases(horizon), future.expected_purchases(horizon), 1e-9);
                near(
                    "stay",
                    regular.probability_of_staying(horizon),
                    future.probability_of_staying(horizon),
                    1e-9,
                );
                for n in [0, 1, 5, 40] {
                    let (one, other) = (
                        regular.probability_of_n_purchases(n, horizon),
                        future.probability_of_n_purchases(n, horizon),
                    );
                    near("P(n)", one, other, 1e-9);
                }
            }
            for discount in [1e-4, 0.002, 1.0] {
                let (one, other) = (
                    regular.discounted_expected_purchases(discount),
                    future.discounted_expected_purchases(discount),
                );
                near("DERT", one, other, 1e-9);
            }
            near(
                "median",
                regular.median_time_to_next_purchase(),
                future.median_time_to_next_purchase(),
                1e-12,
            );
        }
    }

    /// The integral that takes over for many ticks gives what the sum over each tick gives.
    #[test]
    fn the_integral_agrees_with_the_sum() {
        for [shape, rate, a, b] in [
            [0.25, 4.4, 0.8, 2.4],
            [3.0, 40.0, 1.0, 1.2],
            [700.0, 90.0, 1.0004, 70.0],
            [20_000.0, 50.0, 0.01, 300.0],
        ] {
            for k in [2, 5, 12] {
                let future = RegularFuture::new(Future { shape, rate, a, b }, Silence::new(shape, 0.001, k));
                for horizon in [3.0 * rate, 20.0 * rate, 100.0 * rate] {
                    for (_, ticks) in future.positions(horizon) {
                        for worth in [Worth::Purchases, Worth::Staying] {
                            let course = Course::new(&future.future);
                            let sum = ticks.expected(worth, course);
                            let integral = ManyTicks::new(ticks, worth).expected(course);
                            assert!(
                                (integral / sum - 1.0).abs() < 1e-9,
                                "{k} {worth:?} {shape} {horizon}: {integral} {sum}"
                            );
                        }
                    }
                }
            }
        }
    }
}
