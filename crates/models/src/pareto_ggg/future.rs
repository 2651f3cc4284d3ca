//! The future of an active customer of unknown regularity, by simulation of purchase paths.
//!
//! A path is drawn in three steps, all exact: k from the nodes of its posterior; the interval that is running, given that it is longer than the
//! silence; lambda ~ Gamma(a+k, c+kd) given that interval's length d. Leaving is not drawn but averaged over: a purchase at v counts as
//! much as the customer's probability of still being active then, ((m) / (m+v))^s with m = beta + T. Every path of a history is drawn from
//! a stream of its own that depends on nothing else, so all figures of a customer stand on the same paths: counts sum to one, and
//! expectations rise with the horizon.

use perennial_math::{
    quadrature::GaussLegendre,
    random::{self, Rng, stream, uniform_open},
    statistics::weighted_quantile,
};

use super::{
    interval::{Interval, Leaving},
    regularity::{History, Node, Parameters},
};
use crate::transaction::LONGEST_HORIZON;

/// Paths per figure of a customer.
pub(super) const PATHS: u32 = 1000;

/// After so many purchases of a path the rest is taken at the customer's rate.
const LONGEST_PATH: u32 = 64;

/// No simulated future has more purchases: clumpy customers could have them without end.
const MOST_PURCHASES: usize = 100_000;

/// The seed of all paths.
const SEED: u64 = 0x0047_4747;

/// An active customer of unknown regularity.
pub(super) struct Future {
    nodes: Vec<Running>,
    /// The running shares of the nodes.
    until: Vec<f64>,
    silence: f64,
    /// How the customer leaves from now on.
    leaving: Leaving,
    seed: u64,
    paths: u32,
}

/// The interval that is running, given k, and how to draw its length.
struct Running {
    interval: Interval,
    envelope: Envelope,
}

/// A customer's purchases from now on, were there no leaving.
struct Path {
    k: f64,
    rate: f64,
    next: f64,
}

impl Future {
    /// The future of a customer with a history and a time since the first purchase.
    pub(super) fn new(
        history: &History,
        age: f64,
        parameters: &Parameters,
        key: [u64; 4],
        paths: u32,
    ) -> Self {
        let [_, _, s, beta, ..] = *parameters;
        let spread = history.spread(parameters).nodes;
        let share = |node: &Node| node.share * node.silence.longer / node.silence.total;
        let possible = spread.iter().any(|node| share(node) > 0.0);
        let mut logs = Vec::new();
        let mut nodes = Vec::new();
        for node in &spread {
            let from = node.interval.beside(history.silence);
            let envelope = Envelope::new(&node.interval, from);
            // A silence so long that no f64 holds the probability of being active: what it would be, up to a factor of two or so.
            let log = if possible { share(node).ln() } else { node.share.ln() + envelope.log_area() };
            if log > f64::NEG_INFINITY {
                logs.push(log);
                nodes.push(Running { interval: node.interval, envelope });
            }
        }
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        let mut until: Vec<f64> = Vec::with_capacity(logs.len());
        for log in logs {
            sum += (log - highest).exp();
            until.push(sum);
        }
        for until in &mut until {
            *until /= sum;
        }
        let seed = key.into_iter().fold(SEED, |seed, part| seed.rotate_left(17).wrapping_mul(31) ^ part);
        Self { nodes, until, silence: history.silence, leaving: Leaving { s, m: beta + age }, seed, paths }
    }

    /// The probability of not having left after `time`.
    pub(super) fn probability_of_staying(&self, time: f64) -> f64 {
        (-self.leaving.s * (time.max(0.0) / self.leaving.m).ln_1p()).exp()
    }

    /// The purchases expected until `horizon`, discounted continuously.
    pub(super) fn discounted_until(&self, horizon: f64, discount: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return 0.0;
        }
        let horizon = horizon.min(LONGEST_HORIZON * self.leaving.m);
        let mut sum = 0.0;
        for number in 0..self.paths {
            let mut rng = stream(self.seed, u64::from(number));
            let Some(mut path) = self.path(uniform_of(number, self.paths), &mut rng) else { continue };
            let mut purchases = 0;
            while path.next <= horizon && purchases < LONGEST_PATH {
                sum += (-discount * path.next).exp() * self.probability_of_staying(path.next);
                purchases += 1;
                if purchases == LONGEST_PATH {
                    sum += self.rest(&path, horizon, discount);
                }
                path.advance(&mut rng);
            }
        }
        sum / f64::from(self.paths)
    }

    /// What is expected of a path after its last purchase: purchases come at the rate, and as regular intervals begin with a whole one,
    /// (1 - 1/k) / 2 fewer (the asymptote of the renewal function).
    fn rest(&self, path: &Path, horizon: f64, discount: f64) -> f64 {
        let Leaving { s, m } = self.leaving;
        let start = path.next;
        let value = |v: f64| {
            let time = (m + start) * v.exp() - m;
            (m + start) * (v - discount * time - s * (time / m).ln_1p()).exp()
        };
        let end = ((horizon - start) / (m + start)).ln_1p();
        let end = if discount > 0.0 { end.min((45.0 / discount / (m + start)).ln_1p()) } else { end };
        let panels = end.max(1.0).ceil();
        let width = end / panels;
        let rule = GaussLegendre::new(8);
        let (mut integral, mut panel) = (0.0, 0.0);
        while panel < panels {
            integral += rule.integrate(value, panel * width, (panel + 1.0) * width);
            panel += 1.0;
        }
        let now = (-discount * start).exp() * self.probability_of_staying(start);
        let delay = 0.5 * (1.0 / path.k - 1.0) * now;
        (path.rate * integral + delay.max(-path.rate * integral)).max(0.0)
    }

    /// P(X(t) = n): the path's first n purchases made, the next not, or left in between.
    pub(super) fn probability_of_n_purchases(&self, n: u32, horizon: f64) -> f64 {
        if horizon.is_nan() || horizon <= 0.0 {
            return if n == 0 { 1.0 } else { 0.0 };
        }
        let mut sum = 0.0;
        for number in 0..self.paths {
            let mut rng = stream(self.seed, u64::from(number));
            let Some(mut path) = self.path(uniform_of(number, self.paths), &mut rng) else { continue };
            let mut stayed = 1.0;
            let mut purchases = 0;
            while purchases < n && path.next <= horizon {
                purchases += 1;
                stayed = self.probability_of_staying(path.next);
                path.advance(&mut rng);
            }
            if purchases == n {
                let left = if path.next <= horizon { self.probability_of_staying(path.next) } else { 0.0 };
                sum += stayed - left;
            }
        }
        sum / f64::from(self.paths)
    }

    /// The median time to the next purchase, given that there is one.
    pub(super) fn median_time_to_next_purchase(&self) -> f64 {
        let Leaving { s, m } = self.leaving;
        let mut weighted: Vec<(f64, f64)> = (0..self.paths)
            .filter_map(|number| {
                let mut rng = stream(self.seed, u64::from(number));
                let path = self.path(uniform_of(number, self.paths), &mut rng)?;
                Some((path.next, -s * (path.next / m).ln_1p()))
            })
            .collect();
        // Relative to the likeliest, for where nobody is likely to buy again.
        let highest = weighted.iter().fold(f64::NEG_INFINITY, |highest, (_, log)| highest.max(*log));
        for (_, weight) in &mut weighted {
            *weight = (*weight - highest).exp();
        }
        weighted_quantile(&mut weighted, 0.5)
    }

    /// Draws a customer, and the customer's purchases until leaving or the horizon's end.
    pub(super) fn draw_purchases(&self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        let rate = random::gamma(rng, self.leaving.s, 1.0 / self.leaving.m);
        let end = random::exponential(rng, rate).min(horizon);
        let place = uniform_open(rng);
        let Some(mut path) = self.path(place, rng) else { return };
        while path.next <= end && times.len() < MOST_PURCHASES {
            times.push(path.next);
            path.advance(rng);
        }
    }

    /// Draws a path whose k stands at `place` of its distribution.
    fn path(&self, place: f64, rng: &mut Rng) -> Option<Path> {
        let number =
            self.until.partition_point(|until| *until < place).min(self.until.len().saturating_sub(1));
        let Running { interval, envelope } = self.nodes.get(number)?;
        let beside = envelope.draw(interval, rng);
        // The length of the interval, and what of it is still to come.
        let (length, next) = if envelope.from == f64::NEG_INFINITY {
            let length = beside.exp() * interval.rate / interval.shape;
            (length, length)
        } else {
            let next = self.silence * (beside - envelope.from).exp_m1();
            (self.silence + next, next)
        };
        let scale = 1.0 / (interval.rate + interval.k * length);
        // Smaller than the smallest f64 a time counts as that.
        let rate = random::gamma(rng, interval.shape + interval.k, scale);
        Some(Path { k: interval.k, rate, next: next.max(f64::MIN_POSITIVE) })
    }
}

impl Path {
    fn advance(&mut self, rng: &mut Rng) {
        self.next += random::gamma(rng, self.k, 1.0 / (self.k * self.rate)).max(f64::MIN_POSITIVE);
    }
}

/// Evenly spaced places in (0, 1), which cover a distribution better than random ones.
fn uniform_of(number: u32, all: u32) -> f64 {
    (f64::from(number) + 0.5) / f64::from(all)
}

/// A density above that of an interval longer than the silence: flat about the top, exponential to both sides along tangents.
///
/// The interval's density is log-concave in v, so tangents lie above it; rejection accepts more than about half.
struct Envelope {
    /// The silence, beside the top of the hump.
    from: f64,
    /// The highest ln g.
    height: f64,
    /// Where the left tangent ends and the right one begins.
    left: f64,
    right: f64,
    /// ln g there and its slope.
    left_tangent: (f64, f64),
    right_tangent: (f64, f64),
    /// The shares of the left side, the middle and the right side.
    areas: [f64; 3],
}

impl Envelope {
    fn new(interval: &Interval, from: f64) -> Self {
        let top = from.max(0.0);
        let height = interval.log_density(top);
        let right = top + fall_by_one(|beside| height - interval.log_density(top + beside), interval.width());
        let left = if from < 0.0 {
            let left = -fall_by_one(|beside| height - interval.log_density(-beside), interval.width());
            left.max(from)
        } else {
            from
        };
        let tangent = |beside: f64| (interval.log_density(beside) - height, interval.slope(beside));
        let (left_tangent, right_tangent) = (tangent(left), tangent(right));
        let left_area = if left > from {
            // The tangent's exponential, cut off at the silence.
            left_tangent.0.exp() / left_tangent.1 * -(-left_tangent.1 * (left - from)).exp_m1()
        } else {
            0.0
        };
        let areas = [left_area, right - left, right_tangent.0.exp() / -right_tangent.1];
        Self { from, height, left, right, left_tangent, right_tangent, areas }
    }

    /// The logarithm of the area under the envelope.
    fn log_area(&self) -> f64 {
        self.height + self.areas.iter().sum::<f64>().ln()
    }

    /// Draws v beside the top, longer than the silence.
    fn draw(&self, interval: &Interval, rng: &mut Rng) -> f64 {
        let [low, middle, high] = self.areas;
        // Rejection accepts more than a third; the bound only keeps a density that is not a number from going on for ever.
        for _ in 0..1000 {
            let place = uniform_open(rng) * (low + middle + high);
            let (beside, log_envelope) = if place < low {
                let (log, slope) = self.left_tangent;
                let cut = -(-slope * (self.left - self.from)).exp_m1();
                let back = -(-uniform_open(rng) * cut).ln_1p() / slope;
                (self.left - back, log - slope * back)
            } else if place < low + middle {
                (self.left + (place - low), 0.0)
            } else {
                let (log, slope) = self.right_tangent;
                let on = random::exponential(rng, -slope);
                (self.right + on, log + slope * on)
            };
            if uniform_open(rng).ln() + log_envelope <= interval.log_density(beside) - self.height {
                return beside;
            }
        }
        self.left
    }
}

/// Where a convex function that starts at 0 has risen to about one.
fn fall_by_one(fall: impl Fn(f64) -> f64, scale: f64) -> f64 {
    let mut high = scale;
    for _ in 0..200 {
        if fall(high) >= 1.0 {
            break;
        }
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let value = fall(middle);
        if (0.7..1.3).contains(&value) {
            return middle;
        }
        if value < 1.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
