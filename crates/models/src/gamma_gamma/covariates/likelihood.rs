//! The likelihood of mean spends whose gamma depends on covariates.

use std::collections::BTreeMap;

use perennial_math::special::{digamma, ln_gamma};

use super::{Column, SpendRow};
use crate::estimation::LogLikelihood;

/// A row as the likelihood needs it.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// The number x of the mean's transactions.
    transactions: f64,
    /// ln(x m), in units of the mean spend over customers.
    log_total: f64,
    customers: f64,
}

/// The log-likelihood less the penalty, as a function of p, q, gamma (in units of the mean spend) and the coefficients of the standardised
/// covariates.
///
/// Rows are summed one after the other: their number of sums is known only at run time, and a pass over 100,000 rows takes milliseconds.
#[derive(Debug)]
pub(super) struct CovariateLikelihood {
    rows: Vec<Row>,
    /// Standardised, row after row.
    covariates: Vec<f64>,
    /// The weight of each coefficient's square.
    penalties: Vec<f64>,
    /// How many customers have each number of transactions.
    groups: BTreeMap<u32, f64>,
    /// Minus the sum of ln m.
    log_means: f64,
    pub(super) unit: f64,
    pub(super) customers: f64,
}

impl CovariateLikelihood {
    /// Of rows whose means are valid.
    pub(super) fn new(rows: &[SpendRow], columns: &[Column], penalty: f64) -> Self {
        let counted = || rows.iter().filter(|row| row.customers > 0.0);
        let customers: f64 = counted().map(|row| row.customers).sum();
        let unit: f64 = counted().map(|row| row.spend.mean * (row.customers / customers)).sum();
        let unit = if unit > 0.0 && unit.is_finite() { unit } else { 1.0 };
        let mut groups = BTreeMap::new();
        for row in counted() {
            *groups.entry(row.spend.transactions).or_default() += row.customers;
        }
        let standardised = |row: &SpendRow| -> Vec<f64> {
            row.covariates.iter().zip(columns).map(|(z, c)| (z - c.mean) / c.deviation).collect()
        };
        let row = |row: &SpendRow| {
            let transactions = f64::from(row.spend.transactions);
            let log_total = (row.spend.mean / unit).ln() + transactions.ln();
            Row { transactions, log_total, customers: row.customers }
        };
        Self {
            rows: counted().map(row).collect(),
            covariates: counted().flat_map(standardised).collect(),
            penalties: columns.iter().map(|column| penalty / column.deviation.powi(2)).collect(),
            groups,
            log_means: -counted().map(|row| row.customers * (row.spend.mean / unit).ln()).sum::<f64>(),
            unit,
            customers,
        }
    }
}

impl LogLikelihood for CovariateLikelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let (own, coefficients) = parameters.split_at(3);
        let (p, q, gamma) = (own[0], own[1], own[2]);
        gradient.fill(0.0);
        let mut value = self.log_means;
        let (log_gamma_q, digamma_q, log_gamma) = (ln_gamma(q), digamma(q), gamma.ln());
        for (&x, customers) in &self.groups {
            let (x, shape) = (f64::from(x), p * f64::from(x));
            let digamma_sum = digamma(shape + q);
            value += customers * (ln_gamma(shape + q) - ln_gamma(shape) - log_gamma_q);
            gradient[0] += customers * x * (digamma_sum - digamma(shape));
            gradient[1] += customers * (digamma_sum - digamma_q);
        }
        for (row, covariates) in self.rows.iter().zip(self.covariates.chunks_exact(coefficients.len().max(1)))
        {
            let effect: f64 = coefficients.iter().zip(covariates).map(|(delta, z)| delta * z).sum();
            // The logarithm of x m over the customer's own gamma.
            let log_odds = row.log_total - log_gamma - effect;
            // ln(1 + odds), without overflow.
            let log_sum = log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p();
            let (x, shape) = (row.transactions, p * row.transactions);
            value += row.customers * (shape * log_odds - (shape + q) * log_sum);
            gradient[0] += row.customers * x * (log_odds - log_sum);
            gradient[1] -= row.customers * log_sum;
            let by_log_gamma = row.customers * ((shape + q) / (1.0 + (-log_odds).exp()) - shape);
            gradient[2] += by_log_gamma / gamma;
            for (slope, z) in gradient[3..].iter_mut().zip(covariates) {
                *slope += by_log_gamma * z;
            }
        }
        for ((weight, delta), slope) in self.penalties.iter().zip(coefficients).zip(&mut gradient[3..]) {
            value -= weight * delta * delta;
            *slope -= 2.0 * weight * delta;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;
    use crate::MeanSpend;

    fn ln_gamma_dual(x: Dual64) -> Dual64 {
        Dual64::new(ln_gamma(x.re), x.eps * digamma(x.re))
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let row = |transactions, mean, covariates: [f64; 2], customers| SpendRow {
            covariates: covariates.to_vec(),
            spend: MeanSpend { transactions, mean },
            customers,
        };
        let rows = [
            row(1, 20.0, [0.0, 3.0], 1.0),
            row(2, 45.0, [1.0, -1.0], 2.0),
            row(40, 12.0, [1.0, 0.5], 1.0),
            row(3, 0.2, [0.0, 8.0], 3.0),
        ];
        let columns = [Column { mean: 0.5, deviation: 0.5 }, Column { mean: 2.0, deviation: 3.0 }];
        let likelihood = CovariateLikelihood::new(&rows, &columns, 0.7);
        for at in [[6.25, 3.74, 15.44, 0.3, -0.8], [0.3, 20.0, 900.0, -2.0, 0.01], [50.0, 1.1, 0.2, 0.0, 3.0]]
        {
            let mut ours = [0.0; 5];
            let parameters = [at[0], at[1], at[2] / likelihood.unit, at[3], at[4]];
            let value = likelihood.value_and_gradient(&parameters, &mut ours)
                - likelihood.customers * likelihood.unit.ln();
            ours[2] /= likelihood.unit;
            for i in 0..5 {
                let mut dual = at.map(Dual64::from);
                dual[i].eps = 1.0;
                let [p, q, gamma, one, two] = dual;
                let mut expected = -(one * one / 0.25 + two * two / 9.0) * 0.7;
                for row in &rows {
                    let (x, m) = (f64::from(row.spend.transactions), row.spend.mean);
                    let own = gamma
                        * (one * (row.covariates[0] - 0.5) / 0.5 + two * (row.covariates[1] - 2.0) / 3.0)
                            .exp();
                    let density = ln_gamma_dual(p * x + q) - ln_gamma_dual(p * x) - ln_gamma_dual(q)
                        + q * own.ln()
                        + (p * x - 1.0) * m.ln()
                        + p * x * x.ln()
                        - (p * x + q) * (own + x * m).ln();
                    expected += density * row.customers;
                }
                assert!((value / expected.re - 1.0).abs() < 1e-12, "{value} {expected}");
                let tolerance = 1e-10 * (1.0 + expected.eps.abs());
                assert!((ours[i] - expected.eps).abs() < tolerance, "{i}: {} {expected}", ours[i]);
            }
        }
    }
}
