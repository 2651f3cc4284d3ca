//! Gamma-Gamma: the model of spend per transaction of Fader, Hardie and Lee.
//!
//! The values of a customer's transactions are Gamma(p, nu), and nu ~ Gamma(q, gamma) over customers, independent of how often they
//! buy. The mean m of x transactions has the density
//!
//! ```text
//! f(m | p, q, gamma; x) = Gamma(px+q) / (Gamma(px) Gamma(q)) * gamma^q m^(px-1) x^(px) / (gamma + x m)^(px+q)
//! E[M | m, x] = p (gamma + x m) / (px + q - 1),     E[M] = p gamma / (q - 1)
//! nu | m, x ~ Gamma(q + px, gamma + x m),   total of n further transactions | nu ~ Gamma(pn, nu)
//! ```
//!
//! p (no unit) the shape of a customer's values; q (no unit) and gamma (currency) shape and rate over customers. With q <= 1
//! the mean over customers does not exist (the literature's negative values): such a fit is refused.
//!
//! Sources: P. S. Fader, B. G. S. Hardie, K. L. Lee, RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of
//! Marketing Research 42 (2005) 415-430; P. S. Fader, B. G. S. Hardie, The Gamma-Gamma Model of Monetary Value (2013), eq. 1
//! (density), 5 (conditional expectation).

mod covariates;

pub use covariates::SpendBase;

use perennial_math::{
    parallel::sum_chunks,
    random::{self, Rng},
    special::{digamma, ln_gamma, ln_rising, trigamma},
};

use crate::{
    Estimation, Fit, FitError, InvalidParameters, InvalidSpend, MeanSpend, Parameters, SpendFormula,
    SpendHistory, SpendModel,
    estimation::{LogLikelihood, Problem, estimate, require_repeat_customers},
    parameters::checked,
};

/// Rows per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 8192;

/// The Gamma-Gamma model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    p: f64,
    q: f64,
    gamma: f64,
}

impl GammaGamma {
    /// A model with these parameters; `gamma` is in units of the currency, the others have none.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(p: f64, q: f64, gamma: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[p, q, gamma])
    }

    /// p, the shape of a customer's values.
    #[must_use]
    pub const fn p(&self) -> f64 {
        self.p
    }

    /// q, the shape over customers.
    #[must_use]
    pub const fn q(&self) -> f64 {
        self.q
    }

    /// gamma, the rate over customers, in units of the currency.
    #[must_use]
    pub const fn gamma(&self) -> f64 {
        self.gamma
    }

    /// Fits by maximum likelihood on mean spends, each shared by the number of customers at the same place in `customers`.
    ///
    /// # Errors
    /// When a mean is not positive and finite, when there are too few customers, or when the fitted q is not above 1.
    pub fn fit(spends: &[MeanSpend], customers: &[f64]) -> Result<Fit<Self>, FitError> {
        Self::estimate(spends, customers, &Estimation::MaximumLikelihood)
    }

    /// Fits on mean spends, each shared by the number of customers at the same place in `customers`: at the maximum of the likelihood, from
    /// the posterior distribution (with q above 1), or with the bootstrap (where a replicate with q at or below 1 counts as failed).
    ///
    /// # Errors
    /// When a mean is not positive and finite, there are too few customers, the fitted q is not above 1, or settings or priors cannot be
    /// followed.
    pub fn estimate(
        spends: &[MeanSpend],
        customers: &[f64],
        estimation: &Estimation,
    ) -> Result<Fit<Self>, FitError> {
        let usable = |values: &[f64]| match values {
            &[_, q, _] if q <= 1.0 => Err(FitError::NoMeanSpend { q }),
            _ => Ok(()),
        };
        estimate(estimation, customers, |counts| Self::problem(spends, counts), Self::from_values, usable)
    }

    /// What is to be estimated.
    fn problem(spends: &[MeanSpend], customers: &[f64]) -> Result<Problem, FitError> {
        if let Some(&MeanSpend { transactions, mean }) = spends.iter().find(|spend| !spend.is_valid()) {
            return Err(InvalidSpend::Mean { transactions, mean }.into());
        }
        let problem = Self::problem_of(spends, customers);
        require_repeat_customers(problem.customers, problem.customers)?;
        Ok(problem)
    }

    /// The same of however few customers, whose means are valid.
    fn problem_of(spends: &[MeanSpend], customers: &[f64]) -> Problem {
        let likelihood = Likelihood::new(spends, customers);
        let (unit, customers) = (likelihood.unit, likelihood.customers);
        let starts = [[2.0, 3.0, 1.0], [1.0, 2.0, 1.0], [10.0, 5.0, 0.5], [0.5, 10.0, 10.0]];
        Problem {
            model: "gamma-gamma",
            likelihood: Box::new(likelihood),
            parameters: Problem::positive::<Self>(&[1.0, 1.0, unit]),
            starts: starts.map(Vec::from).into(),
            log_density_unit: -customers * unit.ln(),
            customers,
        }
    }

    /// The scale gamma + x m of a customer's spend, gamma for one nothing is known about: [`SpendModel::scale`] at a mean spend.
    #[must_use]
    pub fn spend_scale(&self, customer: Option<&MeanSpend>) -> f64 {
        match customer {
            Some(spend) if spend.is_valid() => self.gamma + f64::from(spend.transactions) * spend.mean,
            _ => self.gamma,
        }
    }

    /// The log-likelihood of the customers' mean spends, with all constants, in their own currency: the sum of ln f(m | x).
    #[must_use]
    pub fn log_likelihood(&self, spends: &[MeanSpend], customers: &[f64]) -> f64 {
        let likelihood = Likelihood::new(spends, customers);
        likelihood.at([self.p, self.q, self.gamma / likelihood.unit])[0]
            - likelihood.customers * likelihood.unit.ln()
    }
}

impl Parameters for GammaGamma {
    const NAMES: &'static [&'static str] = &["p", "q", "gamma"];

    fn values(&self) -> Vec<f64> {
        vec![self.p, self.q, self.gamma]
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        let [p, q, gamma] = checked(Self::NAMES, values)?;
        Ok(Self { p, q, gamma })
    }
}

impl SpendModel for GammaGamma {
    fn name(&self) -> &'static str {
        "gamma-gamma"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.values()).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn SpendModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn expectation(&self, observed: u32) -> SpendFormula {
        let x = f64::from(observed);
        let factor = mean_of_ratio(self.p, self.p * x + self.q);
        let slope = if observed == 0 { 0.0 } else { factor * x };
        SpendFormula { intercept: factor * self.gamma, slope, log_slope: 0.0 }
    }

    fn scale(&self, observed: u32) -> SpendFormula {
        SpendFormula { intercept: self.gamma, slope: f64::from(observed), log_slope: 0.0 }
    }

    fn draw_scaled_total(&self, observed: u32, transactions: u32, rng: &mut Rng) -> f64 {
        if transactions == 0 {
            return 0.0;
        }
        let total = random::ln_gamma_variate(rng, self.p * f64::from(transactions));
        let rate = random::ln_gamma_variate(rng, self.q + self.p * f64::from(observed));
        (total - rate).exp()
    }

    fn log_density(&self, seen: Option<&SpendHistory>, next: &SpendHistory) -> Option<f64> {
        let (shape, rate) = match seen.filter(|seen| seen.is_valid()) {
            Some(seen) => {
                let x = f64::from(seen.transactions());
                (self.q + self.p * x, self.gamma + x * seen.mean())
            }
            None => (self.q, self.gamma),
        };
        let (n, logs) = (f64::from(next.transactions()), next.logs().filter(|_| next.is_valid())?);
        let (values, total) = (self.p * n, n * next.mean());
        // The integral over nu of the product of Gamma(p, nu) densities with the Gamma(shape, rate) of nu.
        Some(
            ln_rising(shape, values) - n * ln_gamma(self.p) + (self.p - 1.0) * n * logs.mean
                - shape * (total / rate).ln_1p()
                - values * (rate + total).ln(),
        )
    }

    fn typical_history(&self, transactions: u32) -> SpendHistory {
        let within = f64::from(transactions.saturating_sub(1)) * trigamma(self.p);
        SpendHistory::from(MeanSpend { transactions, mean: self.expected_mean_spend_new() })
            .with_logs(digamma(self.p) - digamma(self.q) + self.gamma.ln(), within)
    }
}

/// The mean p / (shape - 1) of a gamma variate over an independent one of that shape; infinite where it does not exist.
fn mean_of_ratio(p: f64, shape: f64) -> f64 {
    if shape > 1.0 { p / (shape - 1.0) } else { f64::INFINITY }
}

/// A customer's spend as the likelihood needs it.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// The number x of the mean's transactions.
    transactions: u32,
    /// x m, the total, in units of the mean spend over customers.
    total: f64,
    /// The number of customers.
    customers: f64,
}

/// What is summed over the customers with the same number of transactions.
#[derive(Debug, Clone, Copy)]
struct Group {
    transactions: f64,
    customers: f64,
    /// Sum of ln(x m).
    log_total: f64,
}

/// The log-likelihood as a function of p, q and gamma, the last in units of the mean spend.
struct Likelihood {
    /// Ordered by the number of transactions.
    rows: Vec<Row>,
    groups: Vec<Group>,
    /// Minus the sum of ln m.
    log_means: f64,
    unit: f64,
    customers: f64,
}

impl Likelihood {
    fn new(spends: &[MeanSpend], customers: &[f64]) -> Self {
        let counted = || spends.iter().zip(customers).filter(|(_, customers)| **customers > 0.0);
        let customers: f64 = counted().map(|(_, customers)| customers).sum();
        let unit: f64 = counted().map(|(spend, share)| spend.mean * (share / customers)).sum();
        let unit = if unit > 0.0 && unit.is_finite() { unit } else { 1.0 };
        let mut rows: Vec<Row> =
            counted().map(|(spend, &customers)| Row::new(*spend, customers, unit)).collect();
        rows.sort_by_key(|row| row.transactions);
        let groups: Vec<Group> =
            rows.chunk_by(|one, next| one.transactions == next.transactions).map(Group::of).collect();
        let log_means =
            groups.iter().map(|group| group.customers * group.transactions.ln() - group.log_total).sum();
        Self { rows, groups, log_means, unit, customers }
    }

    /// The log-likelihood and its derivatives by p, q and gamma.
    fn at(&self, [p, q, gamma]: [f64; 3]) -> [f64; 4] {
        let rows = sum_chunks(self.rows.len(), CHUNK, |range| sum_rows(&self.rows[range], [p, q, gamma]));
        let mut sum = rows;
        sum[0] += self.log_means;
        let (log_gamma_q, digamma_q, log_gamma) = (ln_gamma(q), digamma(q), gamma.ln());
        for &Group { transactions: x, customers, log_total } in &self.groups {
            let shape = p * x;
            let log_odds = log_total - customers * log_gamma;
            let digamma_sum = digamma(shape + q);
            sum[0] += customers * (ln_gamma(shape + q) - ln_gamma(shape) - log_gamma_q) + shape * log_odds;
            sum[1] += x * (customers * (digamma_sum - digamma(shape)) + log_odds);
            sum[2] += customers * (digamma_sum - digamma_q);
            sum[3] -= customers * shape / gamma;
        }
        sum
    }
}

impl Row {
    fn new(spend: MeanSpend, customers: f64, unit: f64) -> Self {
        let total = f64::from(spend.transactions) * (spend.mean / unit);
        Self { transactions: spend.transactions, total, customers }
    }
}

impl Group {
    fn of(rows: &[Row]) -> Self {
        Self {
            transactions: f64::from(rows[0].transactions),
            customers: rows.iter().map(|row| row.customers).sum(),
            log_total: rows.iter().map(|row| row.customers * row.total.ln()).sum(),
        }
    }
}

/// -(px+q) ln(1 + x m / gamma) and its derivatives, summed over rows that are ordered by the number of transactions.
fn sum_rows(rows: &[Row], [p, q, gamma]: [f64; 3]) -> [f64; 4] {
    let mut sum = [0.0; 4];
    for run in rows.chunk_by(|one, next| one.transactions == next.transactions) {
        let x = f64::from(run[0].transactions);
        let (mut log, mut by_gamma) = (0.0, 0.0);
        for row in run {
            log += row.customers * (row.total / gamma).ln_1p();
            by_gamma += row.customers * row.total / (gamma + row.total);
        }
        let shape = p * x + q;
        sum[0] -= shape * log;
        sum[1] -= x * log;
        sum[2] -= log;
        sum[3] += shape * by_gamma / gamma;
    }
    sum
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

    /// ln Gamma as a dual number, by its derivative.
    fn ln_gamma_dual(x: Dual64) -> Dual64 {
        Dual64::new(ln_gamma(x.re), x.eps * digamma(x.re))
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let spends = [(1, 20.0), (1, 3.5), (2, 45.0), (2, 45.0), (40, 12.0)]
            .map(|(transactions, mean)| MeanSpend { transactions, mean });
        let customers = [1.0, 2.0, 3.0, 1.0, 1.0];
        let likelihood = Likelihood::new(&spends, &customers);
        for parameters in [[6.25, 3.74, 15.44], [0.3, 20.0, 900.0], [50.0, 1.1, 0.2]] {
            let [p, q, gamma] = parameters;
            let ours = likelihood.at([p, q, gamma / likelihood.unit]);
            let value = ours[0] - likelihood.customers * likelihood.unit.ln();
            for i in 0..3 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let [p, q, gamma] = dual;
                let mut expected = Dual64::from(0.0);
                for (spend, &customers) in spends.iter().zip(&customers) {
                    let (x, m) = (f64::from(spend.transactions), spend.mean);
                    let density = ln_gamma_dual(p * x + q) - ln_gamma_dual(p * x) - ln_gamma_dual(q)
                        + q * gamma.ln()
                        + (p * x - 1.0) * m.ln()
                        + p * x * x.ln()
                        - (p * x + q) * (gamma + x * m).ln();
                    expected += density * customers;
                }
                let slope = if i == 2 { ours[3] / likelihood.unit } else { ours[i + 1] };
                assert!((value / expected.re - 1.0).abs() < 1e-12, "{value} {expected}");
                assert!(
                    (slope - expected.eps).abs() < 1e-10 * (1.0 + expected.eps.abs()),
                    "{i}: {slope} {expected}"
                );
            }
        }
    }
}
