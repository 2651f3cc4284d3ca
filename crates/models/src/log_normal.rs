//! Log-normal spend: a customer's transactions vary around the customer's own level by factors.
//!
//! The logarithms of the values of customer i's transactions are Normal(`m_i`, sigma^2), and `m_i` ~ Normal(mu, tau^2) over customers,
//! independent of how often they buy. With x transactions, y the mean of their logarithms and w the sum of the squared deviations from it:
//!
//! ```text
//! ln f(values) = - x ln(2 pi) / 2 - (x-1) ln(sigma^2) / 2 - w / (2 sigma^2)
//!                - ln(V) / 2 - x (y - mu)^2 / (2 V) - x y,        V = sigma^2 + x tau^2
//! m | y, x ~ Normal(mu + k (y - mu), sigma^2 tau^2 / V),          k = x tau^2 / V
//! E[M | y, x] = exp(mu + k (y - mu) + (sigma^2 tau^2 / V + sigma^2) / 2),   E[M] = exp(mu + (tau^2 + sigma^2) / 2)
//! ```
//!
//! mu the mean, tau the standard deviation over customers of the customers' levels; sigma the standard deviation within a
//! customer; all of logarithms. A future total, divided by exp(mu + k (y - mu)), does not depend on y.
//!
//! The likelihood sees the customers only through sums per x, so it costs nothing however many there are. It is a density of every
//! value; Gamma-Gamma's is one of the customers' means, so the two log-likelihoods cannot be compared
//! ([`SpendModel::log_density`] can).
//!
//! Sources: S. Borle, S. S. Singh, D. C. Jain, Customer Lifetime Value Measurement, Management Science 54 (2008) 100-112 (amounts of
//! a customer are log-normal, their levels vary over customers); S. R. Searle and others, Variance
//! Components (1992), chapter 3 (likelihood and prediction in the one-way random model with unbalanced data).

mod likelihood;

use std::f64::consts::PI;

use perennial_math::random::{Rng, standard_normal};

use crate::{
    Fit, FitError, InvalidParameters, InvalidSpend, LogSpend, Parameters, Scale, SpendFormula, SpendHistory,
    SpendModel,
    estimation::{Parameter, Problem, require_repeat_customers},
};
use likelihood::Likelihood;

/// The model's name.
const NAME: &str = "log-normal";

/// The log-normal model of spend; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogNormal {
    mu: f64,
    sigma: f64,
    tau: f64,
}

/// What is known of a customer's level m: its distribution is Normal(mean, variance).
#[derive(Debug, Clone, Copy)]
struct Level {
    mean: f64,
    variance: f64,
}

impl LogNormal {
    /// A model with these parameters, all of ln(value): `mu` moves with the unit of the currency, the others have none.
    ///
    /// # Errors
    /// When `mu` is not finite, or `sigma` or `tau` not positive and finite.
    pub fn new(mu: f64, sigma: f64, tau: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[mu, sigma, tau])
    }

    /// mu, the mean over customers of the customers' mean ln(value).
    #[must_use]
    pub const fn mu(&self) -> f64 {
        self.mu
    }

    /// sigma, the standard deviation of ln(value) within a customer.
    #[must_use]
    pub const fn sigma(&self) -> f64 {
        self.sigma
    }

    /// tau, the standard deviation over customers of the customers' mean ln(value).
    #[must_use]
    pub const fn tau(&self) -> f64 {
        self.tau
    }

    /// Fits by maximum likelihood on spend histories, each shared by the number of customers at the same place in `customers`.
    ///
    /// tau runs to its edge where customers differ no more than chance makes them, sigma where every customer always spends the same,
    /// both where no customer has a second transaction (only their sum of squares is then known).
    ///
    /// # Errors
    /// When a history is not valid or lacks the logarithms, or when there are too few customers.
    pub fn fit(spends: &[SpendHistory], customers: &[f64]) -> Result<Fit<Self>, FitError> {
        let likelihood = Likelihood::new(spends, customers)?;
        require_repeat_customers(likelihood.customers, likelihood.customers)?;
        let (center, unit, customers) = (likelihood.center, likelihood.unit, likelihood.customers);
        let parameter = |name: &&'static str, scale| Parameter { name: (*name).into(), unit, scale };
        let scales = [Scale::Identity, Scale::Log, Scale::Log];
        let problem = Problem {
            model: NAME,
            starts: likelihood.starts(),
            log_density_unit: likelihood.log_density_unit(),
            likelihood: Box::new(likelihood),
            parameters: Self::NAMES.iter().zip(scales).map(|(name, scale)| parameter(name, scale)).collect(),
            customers,
        };
        // The search sees logarithms from their center: any unit of the currency is as good as another.
        let mut fit =
            problem.maximise(|values| Self::from_values(&[values[0] + center, values[1], values[2]]))?;
        fit.parameters[0].value = fit.model.mu;
        Ok(fit)
    }

    /// The log-likelihood of the values of all customers' transactions, with all constants, in their own currency.
    ///
    /// # Errors
    /// When a history is not valid or lacks the logarithms.
    pub fn log_likelihood(&self, spends: &[SpendHistory], customers: &[f64]) -> Result<f64, InvalidSpend> {
        let likelihood = Likelihood::new(spends, customers)?;
        let unit = likelihood.unit;
        let at = likelihood.at([(self.mu - likelihood.center) / unit, self.sigma / unit, self.tau / unit]);
        Ok(at[0] + likelihood.log_density_unit())
    }

    /// k, the weight of a customer's own mean among `observed` transactions.
    fn weight(&self, observed: u32) -> f64 {
        // tau^2 / (sigma^2 / x + tau^2), by the ratio so that nothing under- or overflows.
        1.0 / (1.0 + (self.sigma / self.tau).powi(2) / f64::from(observed))
    }

    /// The variance of what remains unknown of m after `observed` transactions: sigma^2 tau^2 / V = tau^2 (1 - k).
    fn level_variance(&self, observed: u32) -> f64 {
        let ratio = f64::from(observed) * (self.tau / self.sigma).powi(2);
        self.tau * self.tau / (1.0 + ratio)
    }

    /// The formula exp(posterior mean of m + `above`).
    fn formula(&self, observed: u32, above: f64) -> SpendFormula {
        let log_slope = self.weight(observed);
        let intercept = ((1.0 - log_slope) * self.mu + above).exp();
        SpendFormula { intercept, slope: 0.0, log_slope }
    }

    /// The level of a customer after the transactions seen; `None` when their logarithms are not known.
    fn level(&self, seen: Option<&SpendHistory>) -> Option<Level> {
        let Some(seen) = seen.filter(|seen| seen.is_valid()) else {
            return Some(Level { mean: self.mu, variance: self.tau * self.tau });
        };
        let (x, LogSpend { mean, .. }) = (seen.transactions(), seen.logs()?);
        Some(Level { mean: self.mu + self.weight(x) * (mean - self.mu), variance: self.level_variance(x) })
    }
}

impl Parameters for LogNormal {
    const NAMES: &'static [&'static str] = &["mu", "sigma", "tau"];

    fn values(&self) -> Vec<f64> {
        vec![self.mu, self.sigma, self.tau]
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        let &[mu, sigma, tau] = values else {
            return Err(InvalidParameters::Count { given: values.len(), expected: Self::NAMES.len() });
        };
        if !mu.is_finite() {
            return Err(InvalidParameters::NotFinite { name: "mu".into(), value: mu });
        }
        for (name, value) in [("sigma", sigma), ("tau", tau)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(InvalidParameters::Value { name: name.into(), value });
            }
        }
        Ok(Self { mu, sigma, tau })
    }
}

impl SpendModel for LogNormal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.values()).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn SpendModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn expectation(&self, observed: u32) -> SpendFormula {
        self.formula(observed, 0.5 * (self.level_variance(observed) + self.sigma * self.sigma))
    }

    fn scale(&self, observed: u32) -> SpendFormula {
        self.formula(observed, 0.0)
    }

    fn draw_scaled_total(&self, observed: u32, transactions: u32, rng: &mut Rng) -> f64 {
        if transactions == 0 {
            return 0.0;
        }
        let level = self.level_variance(observed).sqrt() * standard_normal(rng);
        (0..transactions).map(|_| (level + self.sigma * standard_normal(rng)).exp()).sum()
    }

    fn log_density(&self, seen: Option<&SpendHistory>, next: &SpendHistory) -> Option<f64> {
        let level = self.level(seen)?;
        let (n, logs) = (f64::from(next.transactions()), next.logs().filter(|_| next.is_valid())?);
        let within = self.sigma * self.sigma;
        let all = within + n * level.variance;
        let constants = n * (2.0 * PI).ln() + (n - 1.0) * within.ln() + all.ln();
        let squares = logs.squares / within + n * (logs.mean - level.mean).powi(2) / all;
        Some(-0.5 * (constants + squares) - n * logs.mean)
    }

    fn typical_history(&self, transactions: u32) -> SpendHistory {
        let within = f64::from(transactions.saturating_sub(1)) * self.sigma * self.sigma;
        SpendHistory::from(crate::MeanSpend { transactions, mean: self.expected_mean_spend_new() })
            .with_logs(self.mu, within)
    }
}
