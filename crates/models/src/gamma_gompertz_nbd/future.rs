//! The future of an active customer who buys at rate lambda ~ Gamma(`shape`, `rate`) and whose remaining [`Lifetime`] begins now.

use perennial_math::{
    quadrature::integrate_adaptive,
    random::{self, Rng},
    special::{ln_factorial, ln_rising},
};

use super::{
    dropout::{Silence, Waiting},
    lifetime::{Lifetime, RULE, walk},
};
use crate::transaction::LONGEST_HORIZON;

/// The parameters of an active customer's future.
#[derive(Debug, Clone, Copy)]
pub(super) struct Future {
    /// Shape of the gamma distribution of the purchase rate.
    pub(super) shape: f64,
    /// Rate of it, in time units.
    pub(super) rate: f64,
    /// The lifetime from now on.
    pub(super) life: Lifetime,
}

impl Future {
    /// E[X(t)] = shape/rate * integral from 0 to t of S(u) du.
    pub(super) fn expected_purchases(&self, horizon: f64) -> f64 {
        self.discounted_until(horizon, 0.0)
    }

    /// The expected purchases over all the future, discounted continuously; a discount that is not positive counts as none.
    pub(super) fn discounted_expected_purchases(&self, discount: f64) -> f64 {
        self.discounted_until(f64::INFINITY, discount.max(0.0))
    }

    /// shape/rate * integral from 0 to the horizon of exp(-discount u) S(u) du.
    pub(super) fn discounted_until(&self, horizon: f64, discount: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return 0.0;
        }
        let life = &self.life;
        let value = |time: f64| (-discount * time - life.s * life.growth(time).log).exp();
        let step = |time: f64| life.step(time, &life.growth(time), discount);
        let mut sum = 0.0;
        walk(0.0, horizon.min(LONGEST_HORIZON * self.rate), step, |start, length| {
            let part = RULE.integrate(value, start, start + length);
            sum += part;
            part <= 1e-18 * sum
        });
        self.shape / self.rate * sum
    }

    /// The probability of not having left after `time`.
    pub(super) fn probability_of_staying(&self, time: f64) -> f64 {
        self.life.survival(time)
    }

    /// P(X(t) = n): made n purchases and stayed, or made n before leaving at u.
    pub(super) fn probability_of_n_purchases(&self, n: u32, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return if n == 0 { 1.0 } else { 0.0 };
        }
        let horizon = horizon.min(LONGEST_HORIZON * self.rate);
        if n == 0 {
            let waiting = Waiting { shape: self.shape, rate: self.rate };
            let silence = Silence::new(waiting, &self.life, 0.0, horizon);
            return silence.active + silence.gone;
        }
        let (shape, n_real) = (self.shape, f64::from(n));
        let constant = ln_rising(shape, n_real) - ln_factorial(u64::from(n));
        // ln P(n purchases by u | active until u).
        let log_count = |time: f64| {
            let odds = time / self.rate;
            constant - shape * odds.ln_1p() - n_real * odds.recip().ln_1p()
        };
        let stays = (log_count(horizon) - self.life.s * self.life.growth(horizon).log).exp();
        stays + self.leaves(&log_count, n_real, horizon)
    }

    /// The integral over the time of leaving of the probability of n purchases by then, in the logarithm of time.
    ///
    /// The integrand can have a top where n purchases are likeliest and one where leaving is; it is integrated from mark to mark
    /// around both, and each piece to its own precision.
    fn leaves(&self, log_count: &dyn Fn(f64) -> f64, n: f64, horizon: f64) -> f64 {
        let Self { shape, rate, life } = *self;
        let density = |v: f64| {
            let time = v.exp();
            let growth = life.growth(time);
            life.s * growth.rate * (v + log_count(time) - life.s * growth.log).exp()
        };
        // No finer than what rounding leaves of the exponents.
        let tolerance = 1e-11_f64.max(1e-14 * (n + shape));
        let end = horizon.ln();
        let likeliest = (rate * n / shape).ln();
        let width = (1.0 / n + 1.0 / shape).sqrt();
        let leaving = life.quantile(std::f64::consts::LN_2).ln();
        let mut marks: Vec<f64> = [-30.0, -10.0, -5.0, -2.5, -1.0, 0.0, 1.0, 2.5, 5.0, 10.0, 30.0]
            .iter()
            .map(|widths| likeliest + widths * width)
            .chain([-12.0, -4.0, -1.0, 0.0, 0.5, 1.0, 2.0].map(|beside| leaving + beside))
            .chain([end])
            .filter(|mark| mark.is_finite() && *mark <= end)
            .collect();
        marks.sort_by(f64::total_cmp);
        // Before the first mark the count falls as the n-th power of time at least.
        let first = marks.first().copied().unwrap_or(end);
        let mut sum = integrate_adaptive(density, first - 40.0 / n.min(20.0), first, tolerance);
        for pair in marks.windows(2) {
            sum += integrate_adaptive(density, pair[0], pair[1], tolerance);
        }
        sum
    }

    /// The median time to the next purchase, given that there is one before the customer leaves: that purchase comes at v with density
    /// proportional to (1 + v/rate)^-(shape+1) S(v).
    pub(super) fn median_time_to_next_purchase(&self) -> f64 {
        let Self { shape, rate, life } = *self;
        let density =
            |time: f64| (-(shape + 1.0) * (time / rate).ln_1p() - life.s * life.growth(time).log).exp();
        let step = |time: f64| {
            let offset = rate + time;
            life.step(time, &life.growth(time), (shape + 1.0) / offset).min(offset)
        };
        let mut pieces = Vec::new();
        let mut sum = 0.0;
        walk(0.0, LONGEST_HORIZON * rate, step, |start, length| {
            let part = RULE.integrate(density, start, start + length);
            pieces.push((start, length, sum));
            sum += part;
            // From any time u on the integral is at most (rate+u)/shape times the density.
            let end = start + length;
            density(end) * (rate + end) / shape <= 1e-16 * sum
        });
        let half = 0.5 * sum;
        let place = pieces.partition_point(|(_, _, before)| *before <= half).saturating_sub(1);
        let Some(&(start, length, before)) = pieces.get(place) else { return f64::NAN };
        let (mut low, mut high) = (0.0, length);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            let until = before + RULE.integrate(density, start, start + middle);
            if until < half { low = middle } else { high = middle }
        }
        start + 0.5 * (low + high)
    }

    /// Draws a customer and the customer's purchases until leaving or the horizon's end.
    pub(super) fn draw_purchases(&self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        let rate = random::gamma(rng, self.shape, 1.0 / self.rate);
        let end = self.life.quantile(random::exponential(rng, 1.0)).min(horizon);
        let mut time = random::exponential(rng, rate);
        while time <= end {
            times.push(time);
            time += random::exponential(rng, rate);
        }
    }
}
