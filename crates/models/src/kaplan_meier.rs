//! Kaplan-Meier: the survival function as observed, without a model.
//!
//! ```text
//! S(t)        = product over times t_i <= t at which customers left of (1 - d_i / n_i)
//! Var ln S(t) = sum over t_i <= t of d_i / (n_i (n_i - d_i))                               (Greenwood)
//! interval    = S(t)^exp(+- z s / |ln S(t)|),  s^2 = Var ln S(t)                           (on the scale of ln(-ln S))
//! mean until tau = integral of S from 0 to tau,  Var = sum over t_i <= tau of A_i^2 d_i / (n_i (n_i - d_i)),  A_i = integral from t_i to tau
//! ```
//!
//! `d_i` customers left at `t_i`, of `n_i` who were under observation until then (those whose observation ends at `t_i` included).
//!
//! The estimate exists up to the longest duration observed; what comes after it does not know, so it has no value there.
//!
//! Sources: E. L. Kaplan, P. Meier, Nonparametric Estimation from Incomplete Observations, Journal of the American Statistical
//! Association 53 (1958) 457-481; J. D. Kalbfleisch, R. L. Prentice, The Statistical Analysis of Failure Time Data (2nd ed. 2002),
//! section 1.4 (intervals).

use perennial_math::special::normal_quantile;

use crate::Lifetime;

/// The Kaplan-Meier estimate; see the [module's formulas](self).
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    steps: Vec<Step>,
    last: f64,
}

/// A time at which customers left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The time, in the unit of the durations.
    pub time: f64,
    /// The customers under observation until then.
    pub at_risk: f64,
    /// Those of them who left then.
    pub ended: f64,
    /// S at and after this time, until the next step.
    pub survival: f64,
    /// The variance of ln S by Greenwood's formula; infinite where S is 0.
    pub log_variance: f64,
}

impl Step {
    /// The standard error of S; 0 where S is 0.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        if self.survival > 0.0 { self.survival * self.log_variance.sqrt() } else { 0.0 }
    }

    /// d / (n (n - d)), what this step adds to the variance of ln S.
    fn variance(&self) -> f64 {
        self.ended / (self.at_risk * (self.at_risk - self.ended))
    }
}

/// The mean time until an end, and how surely it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The mean of min(lifetime, end), in the unit of the durations.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl KaplanMeier {
    /// The estimate from lifetimes, each shared by the number of customers at the same place in `customers`; lifetimes without a positive
    /// number are left out. Without any the estimate has no value anywhere.
    #[must_use]
    pub fn new(lifetimes: &[Lifetime], customers: &[f64]) -> Self {
        let mut rows: Vec<(Lifetime, f64)> = lifetimes
            .iter()
            .zip(customers)
            .filter(|(_, customers)| **customers > 0.0 && customers.is_finite())
            .map(|(lifetime, customers)| (*lifetime, *customers))
            .collect();
        rows.sort_by(|(one, _), (other, _)| other.duration().total_cmp(&one.duration()));
        let last = rows.first().map_or(f64::NAN, |(lifetime, _)| lifetime.duration());
        let (mut at_risk, mut steps) = (0.0, Vec::new());
        for tied in rows.chunk_by(|(one, _), (next, _)| one.duration().total_cmp(&next.duration()).is_eq()) {
            at_risk += tied.iter().map(|(_, customers)| customers).sum::<f64>();
            let leaving = tied.iter().filter(|(lifetime, _)| lifetime.ended());
            let ended: f64 = leaving.map(|(_, customers)| customers).sum();
            if ended > 0.0 {
                let time = tied[0].0.duration();
                steps.push(Step { time, at_risk, ended, survival: 1.0, log_variance: 0.0 });
            }
        }
        steps.reverse();
        let (mut survival, mut log_variance) = (1.0, 0.0);
        for step in &mut steps {
            survival *= (step.at_risk - step.ended) / step.at_risk;
            log_variance += step.variance();
            (step.survival, step.log_variance) = (survival, log_variance);
        }
        Self { steps, last }
    }

    /// The times at which customers left, ascending.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The longest duration observed, up to which the estimate exists; `None` without any lifetime.
    #[must_use]
    pub fn last_time(&self) -> Option<f64> {
        (!self.last.is_nan()).then_some(self.last)
    }

    /// S(`time`), the share of customers who stay longer; `None` before 0 and beyond the longest duration observed.
    #[must_use]
    pub fn survival(&self, time: f64) -> Option<f64> {
        self.is_observed(time).then(|| self.step_at(time).map_or(1.0, |step| step.survival))
    }

    /// The standard error of S(`time`) by Greenwood's formula; `None` where S has no value.
    #[must_use]
    pub fn standard_error(&self, time: f64) -> Option<f64> {
        self.is_observed(time).then(|| self.step_at(time).map_or(0.0, Step::standard_error))
    }

    /// The interval [lower, upper] that holds S(`time`) with probability `level` (0.95, say), on the scale of ln(-ln S) where it stays within
    /// [0, 1]; a single point where S is 1 or 0. `None` where S has no value and for a level outside [0, 1).
    #[must_use]
    pub fn interval(&self, time: f64, level: f64) -> Option<[f64; 2]> {
        let survival = self.survival(time)?;
        if !(0.0..1.0).contains(&level) {
            return None;
        }
        let Some(step) = self.step_at(time).filter(|step| step.survival > 0.0 && step.survival < 1.0) else {
            return Some([survival; 2]);
        };
        let z = normal_quantile(0.5 + 0.5 * level);
        let log = survival.ln();
        let factor = (z * step.log_variance.sqrt() / -log).exp();
        Some([(log * factor).exp(), (log / factor).exp()])
    }

    /// The smallest time at which S is at most 1 - `p`: the `p`-quantile of the lifetime. `None` where S does not fall that far.
    #[must_use]
    pub fn quantile(&self, p: f64) -> Option<f64> {
        // Rounding of the product shall not hide that half have left.
        self.steps.iter().find(|step| step.survival <= (1.0 - p) * (1.0 + 1e-12)).map(|step| step.time)
    }

    /// The median lifetime; `None` while more than half stay.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The mean of min(lifetime, `end`); `None` for an `end` before 0 or beyond the longest duration observed.
    #[must_use]
    pub fn restricted_mean(&self, end: f64) -> Option<RestrictedMean> {
        if !self.is_observed(end) {
            return None;
        }
        let within = self.steps.partition_point(|step| step.time <= end);
        let (mut area, mut variance, mut until) = (0.0, 0.0, end);
        for step in self.steps[..within].iter().rev() {
            area += step.survival * (until - step.time);
            until = step.time;
            // When all leave nothing is left to vary.
            if area > 0.0 {
                variance += area * area * step.variance();
            }
        }
        Some(RestrictedMean { mean: area + until, standard_error: variance.sqrt() })
    }

    fn is_observed(&self, time: f64) -> bool {
        (0.0..=self.last).contains(&time)
    }

    /// The last step at or before a time.
    fn step_at(&self, time: f64) -> Option<&Step> {
        self.steps[..self.steps.partition_point(|step| step.time <= time)].last()
    }
}
