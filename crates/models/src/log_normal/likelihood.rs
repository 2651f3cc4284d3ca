//! The likelihood of log-normal spend, from sums per number of transactions.

use std::{collections::BTreeMap, f64::consts::PI};

use crate::{InvalidSpend, LogSpend, SpendHistory, estimation::LogLikelihood};

/// The customers with the same number of transactions.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    customers: f64,
    /// The mean over these customers of their mean logarithms, from the center and in the unit.
    mean: f64,
    /// The sum of the squared deviations of the customers' mean logarithms from `mean`.
    squares: f64,
}

/// The log-likelihood as a function of mu (from the center), sigma and tau, all in [`Likelihood::unit`]s.
///
/// Rows are summed one after the other: one pass of additions is over before threads have started.
#[derive(Debug)]
pub(super) struct Likelihood {
    /// By number of transactions.
    groups: BTreeMap<u32, Group>,
    /// The sum over all customers of the squared deviations of the logarithms from the customer's mean.
    within: f64,
    /// The mean over customers of their mean logarithms.
    pub(super) center: f64,
    /// The standard deviation of all logarithms, or 1 where there is none: sigma and tau are of order one in it.
    pub(super) unit: f64,
    /// The sum of all logarithms.
    log_total: f64,
    pub(super) customers: f64,
}

impl Likelihood {
    /// # Errors
    /// When a history is not valid or lacks the logarithms.
    pub(super) fn new(spends: &[SpendHistory], customers: &[f64]) -> Result<Self, InvalidSpend> {
        let mut rows = Vec::with_capacity(spends.len());
        for (spend, &customers) in spends.iter().zip(customers).filter(|(_, customers)| **customers > 0.0) {
            rows.push((spend.transactions(), logs_of(spend)?, customers));
        }
        let customers: f64 = rows.iter().map(|row| row.2).sum();
        let center: f64 = rows.iter().map(|(_, logs, share)| logs.mean * (share / customers)).sum();
        let unit = spread(&rows, center);
        let mut groups: BTreeMap<u32, Group> = BTreeMap::new();
        for (transactions, logs, customers) in &rows {
            let group = groups.entry(*transactions).or_default();
            group.customers += customers;
            group.mean += customers * ((logs.mean - center) / unit);
        }
        for group in groups.values_mut() {
            group.mean /= group.customers;
        }
        for (transactions, logs, customers) in &rows {
            let group = groups.entry(*transactions).or_default();
            group.squares += customers * ((logs.mean - center) / unit - group.mean).powi(2);
        }
        let within = rows.iter().map(|(_, logs, customers)| customers * (logs.squares / (unit * unit))).sum();
        let log_total = rows.iter().map(|(x, logs, customers)| customers * f64::from(*x) * logs.mean).sum();
        Ok(Self { groups, within, center, unit, log_total, customers })
    }

    /// What is added to the log-likelihood of the logarithms in the unit for it to be that of the values.
    pub(super) fn log_density_unit(&self) -> f64 {
        -self.log_total - self.transactions().0 * self.unit.ln()
    }

    /// The number of transactions, and that of transactions beyond each customer's first.
    fn transactions(&self) -> (f64, f64) {
        let all: f64 = self.groups.iter().map(|(x, group)| f64::from(*x) * group.customers).sum();
        (all, all - self.customers)
    }

    /// Where to search from: the estimates by moments, and a middling guess.
    pub(super) fn starts(&self) -> Vec<Vec<f64>> {
        let between = self.groups.values().map(|g| g.squares + g.customers * g.mean * g.mean).sum::<f64>()
            / self.customers;
        let of_means = self.groups.iter().map(|(x, g)| g.customers / f64::from(*x)).sum::<f64>();
        let (_, beyond_first) = self.transactions();
        let within = if beyond_first > 0.0 { self.within / beyond_first } else { 0.5 * between };
        let levels = (between - within * of_means / self.customers).max(0.01 * between);
        let bounded = |variance: f64| variance.sqrt().clamp(1e-5, 1e5);
        vec![vec![0.0, bounded(within), bounded(levels)], vec![0.0, 0.5, 0.5]]
    }

    /// The log-likelihood of the logarithms, in the unit, and its derivatives by mu, sigma and tau.
    pub(super) fn at(&self, [mu, sigma, tau]: [f64; 3]) -> [f64; 4] {
        let (all, beyond_first) = self.transactions();
        let variance = sigma * sigma;
        let within = self.within / variance;
        let mut value = -0.5 * (all * (2.0 * PI).ln() + beyond_first * variance.ln() + within);
        // By mu, by sigma^2 and by tau^2.
        let mut slopes = [0.0, 0.5 * (within - beyond_first) / variance, 0.0];
        for (&x, group) in &self.groups {
            let (x, n, off) = (f64::from(x), group.customers, group.mean - mu);
            let total = variance + x * tau * tau;
            let squares = x * (group.squares + n * off * off) / total;
            value -= 0.5 * (n * total.ln() + squares);
            let by_total = 0.5 * (squares - n) / total;
            slopes[0] += x * n * off / total;
            slopes[1] += by_total;
            slopes[2] += x * by_total;
        }
        [value, slopes[0], 2.0 * sigma * slopes[1], 2.0 * tau * slopes[2]]
    }
}

/// The standard deviation of all logarithms around the center; 1 where they are all the same but for rounding.
fn spread(rows: &[(u32, LogSpend, f64)], center: f64) -> f64 {
    let (mut squares, mut transactions) = (0.0, 0.0);
    for (x, logs, customers) in rows {
        let x = f64::from(*x);
        squares += customers * (logs.squares + x * (logs.mean - center).powi(2));
        transactions += customers * x;
    }
    let spread = (squares / transactions).sqrt();
    if spread > 1e-9 && spread.is_finite() { spread } else { 1.0 }
}

/// The logarithms of a history that is valid.
fn logs_of(spend: &SpendHistory) -> Result<LogSpend, InvalidSpend> {
    let (transactions, mean) = (spend.transactions(), spend.mean());
    if !spend.is_valid() {
        return Err(InvalidSpend::Mean { transactions, mean });
    }
    spend.logs().ok_or(InvalidSpend::NoLogs { transactions, mean })
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at([parameters[0], parameters[1], parameters[2]]);
        gradient.copy_from_slice(&slopes);
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;

    #[test]
    fn value_and_gradient_agree_with_dual_numbers_on_every_single_value() {
        let customers: [&[f64]; 5] =
            [&[20.0], &[3.5, 4.0], &[45.0, 44.0, 900.0], &[0.01, 0.02], &[12.0, 12.0, 12.0, 12.0]];
        let counts = [2.0, 1.0, 3.0, 1.0, 1.0];
        let spends = customers.map(|values| SpendHistory::of(values).expect("a spend"));
        let likelihood = Likelihood::new(&spends, &counts).expect("a likelihood");
        for parameters in [[2.5, 0.6, 1.2], [-4.0, 3.0, 0.01], [3.0, 0.02, 8.0]] {
            let unit = likelihood.unit;
            let [mu, sigma, tau] = parameters;
            let ours = likelihood.at([(mu - likelihood.center) / unit, sigma / unit, tau / unit]);
            for i in 0..3 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let mut expected = Dual64::from(0.0);
                for (values, customers) in customers.iter().zip(counts) {
                    expected += one_by_one(values, dual) * customers;
                }
                let (value, slope) = (ours[0] + likelihood.log_density_unit(), ours[i + 1] / unit);
                assert!((value / expected.re - 1.0).abs() < 1e-12, "{value} {expected}");
                assert!(
                    (slope - expected.eps).abs() < 1e-11 * (1.0 + expected.eps.abs()),
                    "{i}: {slope} {expected}"
                );
            }
        }
    }

    /// The log-density of a customer's values, each given those before it: another way to the same number.
    fn one_by_one(values: &[f64], [mu, sigma, tau]: [Dual64; 3]) -> Dual64 {
        let (mut mean, mut variance) = (mu, tau * tau);
        let mut sum = Dual64::from(0.0);
        for value in values {
            let log = value.ln();
            let spread = variance + sigma * sigma;
            let off = -mean + log;
            sum += -(spread * 2.0 * PI).ln() * 0.5 - off * off / spread * 0.5 - log;
            let gain = variance / spread;
            mean += gain * off;
            variance = sigma * sigma * gain;
        }
        sum
    }
}
