//! The probability of leaving, between two times, before buying again.
//!
//! ```text
//! D = integral over u from t to T of ((alpha+u) / (alpha+t))^-p (S(u) / S(t)) s L'(u) du
//! ```
//!
//! for a customer active at t whose purchase rate is Gamma(p, alpha+t). Its derivatives come from the nodes that give its value.

use std::sync::LazyLock;

use perennial_math::quadrature::GaussLegendre;

use super::lifetime::{Growth, Lifetime, RULE, walk};

/// Rules with 2, 3 and 4 nodes, for short intervals.
static SHORT_RULES: LazyLock<[GaussLegendre; 3]> = LazyLock::new(|| [2, 3, 4].map(GaussLegendre::new));

/// The purchases of a customer: rate Gamma(`shape`, `rate` + t) as long as none has come by t.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// r + x.
    pub(super) shape: f64,
    /// alpha.
    pub(super) rate: f64,
}

/// A value and its derivatives by p, alpha, s, ln b and ln beta.
pub(super) type Slopes = [f64; 6];

/// What depends on one time alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeTerms {
    pub(super) time: f64,
    /// ln(1 + t/alpha): precise also where alpha has grown without bound.
    pub(super) log_purchase: f64,
    /// 1 / (alpha+t).
    pub(super) inverse: f64,
    pub(super) growth: Growth,
}

impl TimeTerms {
    pub(super) fn new(time: f64, alpha: f64, life: &Lifetime) -> Self {
        Self {
            time,
            log_purchase: (time / alpha).ln_1p(),
            inverse: 1.0 / (alpha + time),
            growth: life.growth(time),
        }
    }
}

/// The probability of silence and of being active from one time to another, and the derivatives of its logarithm.
pub(super) fn active(shape: f64, s: f64, from: &TimeTerms, to: &TimeTerms) -> Slopes {
    let purchase = to.log_purchase - from.log_purchase;
    let growth = to.growth.log - from.growth.log;
    [
        (-shape * purchase - s * growth).exp(),
        -purchase,
        -shape * (to.inverse - from.inverse),
        -growth,
        -s * (to.time * to.growth.rate - from.time * from.growth.rate),
        -s * (to.growth.inverse - from.growth.inverse),
    ]
}

/// D from one time to the next, and its derivatives.
pub(super) fn dropout(waiting: Waiting, life: &Lifetime, from: &TimeTerms, to: &TimeTerms) -> Slopes {
    let mut sum = [0.0; 6];
    let length = to.time - from.time;
    let change = (waiting.shape + 1.0) * from.inverse
        + (life.s + 1.0) * from.growth.rate.max(to.growth.rate)
        + life.b.min(life.bend(from.time, &from.growth));
    if length * change <= 0.6 {
        let nodes = match length * change {
            ..=0.014 => 0,
            ..=0.16 => 1,
            _ => 2,
        };
        add(&mut sum, waiting, life, from, &SHORT_RULES[nodes], (from.time, length));
        return sum;
    }
    let step = |time: f64| {
        let offset = waiting.rate + time;
        life.step(time, &life.growth(time), waiting.shape / offset).min(offset)
    };
    walk(from.time, to.time, step, |start, length| {
        add(&mut sum, waiting, life, from, &RULE, (start, length));
        // D is at most 1 from any time on, so what is left is at most the probability of still being there.
        let log = waiting.shape * ((start + length - from.time) * from.inverse).ln_1p()
            + life.s * (life.growth(start + length).log - from.growth.log);
        (-log).exp() < 1e-17 * sum[0]
    });
    sum
}

/// Adds the integral over one step.
fn add(
    sum: &mut Slopes,
    waiting: Waiting,
    life: &Lifetime,
    from: &TimeTerms,
    rule: &GaussLegendre,
    (start, length): (f64, f64),
) {
    let s = life.s;
    let half = 0.5 * length;
    for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
        let time = start + half * (1.0 + node);
        let growth = life.growth(time);
        let purchase = ((time - from.time) * from.inverse).ln_1p();
        let grown = growth.log - from.growth.log;
        let density = half * weight * growth.rate * (-waiting.shape * purchase - s * grown).exp();
        let mass = s * density;
        let later = time * growth.rate - from.time * from.growth.rate;
        sum[0] += mass;
        sum[1] -= mass * purchase;
        sum[2] += mass * waiting.shape * (from.inverse - 1.0 / (waiting.rate + time));
        sum[3] += density - mass * grown;
        sum[4] += mass * (1.0 + time * (life.b - growth.rate) - s * later);
        sum[5] += mass * (s * (from.growth.inverse - growth.inverse) - growth.inverse);
    }
}

/// The probabilities of silence between two times and of being active, or not, at the second, for a customer active at the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    pub(super) active: f64,
    pub(super) gone: f64,
}

impl Silence {
    pub(super) fn new(waiting: Waiting, life: &Lifetime, from: f64, to: f64) -> Self {
        let [from, to] = [from, to].map(|time| TimeTerms::new(time, waiting.rate, life));
        Self {
            active: active(waiting.shape, life.s, &from, &to)[0],
            gone: dropout(waiting, life, &from, &to)[0],
        }
    }

    /// The probability of being active.
    pub(super) fn probability_alive(&self) -> f64 {
        if self.active == 0.0 { 0.0 } else { self.active / (self.active + self.gone) }
    }
}
