//! NBD: the negative binomial model of Ehrenberg, in which nobody leaves.
//!
//! A customer buys as a Poisson process of rate lambda ~ Gamma(r, alpha), for ever.
//!
//! ```text
//! L(r, alpha | x, T) = Gamma(r+x) / Gamma(r) * alpha^r / (alpha+T)^(r+x)
//! P(X(t) = n)        = Gamma(r+x+n) / (Gamma(r+x) n!) * ((alpha+T) / (alpha+T+t))^(r+x) * (t / (alpha+T+t))^n
//! E[X(t)]            = (r+x) / (alpha+T) * t
//! ```
//!
//! x repeat purchases observed until T; r (no unit) and alpha (time) the shape and rate of the purchase rates. The likelihood is that of
//! the purchase times, as in the models with dropout, so that log-likelihoods compare. Given a history, lambda ~ Gamma(r+x, alpha+T).
//!
//! The yardstick of the other models: what they gain over it is what dropout explains.
//!
//! Source: A. S. C. Ehrenberg, The Pattern of Consumer Purchases, Applied Statistics 8 (1959) 26-41; with the history of a customer: D. G.
//! Morrison, D. C. Schmittlein, Generalizing the NBD Model for Customer Purchases, Journal of Business & Economic Statistics 6 (1988)
//! 145-159.

use perennial_math::{
    parallel::CompensatedSum,
    random::{self, Rng},
    special::{digamma, ln_factorial, ln_rising},
};

use crate::{
    CustomerBase, Estimation, Fit, FitError, InvalidParameters, Parameters, Purchases, TransactionModel,
    estimation::{Estimable, LogLikelihood, Problem},
    grouped::Grouped,
    parameters::checked,
    transaction::{LONGEST_HORIZON, each_future},
};

/// The model's name on the command line.
const NAME: &str = "nbd";

/// The NBD model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nbd {
    parameters: [f64; 2],
}

impl Nbd {
    /// A model with these parameters; `alpha` is in the time unit of the data, `r` has none.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(r: f64, alpha: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[r, alpha])
    }

    /// Fits by maximum likelihood.
    ///
    /// # Errors
    /// When there is too little data or no finite likelihood; a fit at the edge of the parameter space is no error.
    pub fn fit(customers: &CustomerBase) -> Result<Fit<Self>, FitError> {
        Self::estimate(customers, &Estimation::MaximumLikelihood)
    }

    /// The log-likelihood of a customer base, with all constants, in the time unit of the data.
    #[must_use]
    pub fn log_likelihood(&self, customers: &CustomerBase) -> f64 {
        let likelihood = Likelihood::new(customers);
        let [r, alpha] = self.parameters;
        likelihood.at([r, alpha / likelihood.unit])[0] - customers.repeat_purchases() * likelihood.unit.ln()
    }

    /// Shape and rate of the purchase rate of a customer with a history.
    fn posterior(&self, customer: &Purchases) -> Rate {
        let [r, alpha] = self.parameters;
        Rate { shape: r + f64::from(customer.frequency()), rate: alpha + customer.age() }
    }

    /// Shape and rate of the purchase rate of a new customer.
    fn prior(&self) -> Rate {
        let [shape, rate] = self.parameters;
        Rate { shape, rate }
    }
}

impl Parameters for Nbd {
    const NAMES: &'static [&'static str] = &["r", "alpha"];

    fn values(&self) -> Vec<f64> {
        self.parameters.to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { parameters: checked(Self::NAMES, values)? })
    }
}

impl Estimable for Nbd {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        let likelihood = Likelihood::new(customers);
        let unit = likelihood.unit;
        Ok(Problem {
            model: NAME,
            likelihood: Box::new(likelihood),
            parameters: Problem::positive::<Self>(&[1.0, unit]),
            starts: vec![vec![0.5, 0.5], vec![2.0, 1.0]],
            log_density_unit: -customers.repeat_purchases() * unit.ln(),
            customers: customers.customers(),
        })
    }
}

impl TransactionModel for Nbd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn probability_alive(&self, _: &Purchases) -> f64 {
        1.0
    }

    fn probability_of_staying(&self, _: &Purchases, _: f64) -> f64 {
        1.0
    }

    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.posterior(customer).expected_purchases(horizon)
    }

    fn expected_purchases_new(&self, time: f64) -> f64 {
        self.prior().expected_purchases(time)
    }

    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        self.posterior(customer).probability_of_n_purchases(n, horizon)
    }

    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64 {
        let rate = self.posterior(customer);
        if discount > 0.0 {
            rate.expected_purchases(1.0 / discount)
        } else {
            rate.expected_purchases(f64::INFINITY)
        }
    }

    fn discounted_expected_purchases_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        discount: f64,
    ) -> f64 {
        let weighted = -(-discount * horizon).exp_m1() / discount;
        let years = if discount > 0.0 && weighted.is_finite() { weighted } else { horizon };
        self.posterior(customer).expected_purchases(years)
    }

    fn median_time_to_next_purchase(&self, customer: &Purchases) -> f64 {
        let Rate { shape, rate } = self.posterior(customer);
        rate * (std::f64::consts::LN_2 / shape).exp_m1()
    }

    fn simulate_futures_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        draws: usize,
        rng: &mut Rng,
        each: &mut dyn FnMut(&[f64]),
    ) {
        let rate = self.posterior(customer);
        each_future(draws, each, |times| rate.draw_purchases(horizon, rng, times));
    }

    fn simulate_new(&self, age: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        times.clear();
        self.prior().draw_purchases(age, rng, times);
    }
}

/// The gamma distribution of a customer's purchase rate.
#[derive(Debug, Clone, Copy)]
struct Rate {
    shape: f64,
    /// In time units.
    rate: f64,
}

impl Rate {
    fn expected_purchases(self, horizon: f64) -> f64 {
        self.shape / self.rate * horizon.max(0.0).min(LONGEST_HORIZON * self.rate)
    }

    fn probability_of_n_purchases(self, n: u32, horizon: f64) -> f64 {
        let odds = horizon.max(0.0).min(LONGEST_HORIZON * self.rate) / self.rate;
        let log_idle = -self.shape * odds.ln_1p();
        if n == 0 || odds == 0.0 {
            return if n == 0 { log_idle.exp() } else { 0.0 };
        }
        let log_count = ln_rising(self.shape, f64::from(n)) - ln_factorial(u64::from(n));
        (log_count + log_idle - f64::from(n) * odds.recip().ln_1p()).exp()
    }

    fn draw_purchases(self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        let rate = random::gamma(rng, self.shape, 1.0 / self.rate);
        let mut time = random::exponential(rng, rate);
        // A rate that underflowed to zero gives an infinite time, which ends the loop as well.
        while time <= horizon {
            times.push(time);
            time += random::exponential(rng, rate);
        }
    }
}

/// The log-likelihood of a customer base as a function of r and alpha (in units of the mean age).
///
/// Without dropout the last purchase says nothing, so rows are counted per frequency and per age, and as their product.
struct Likelihood {
    /// x and the customers with it.
    frequencies: Vec<(f64, f64)>,
    /// T, the customers with it and the sum of their x.
    ages: Vec<(f64, f64, f64)>,
    unit: f64,
}

impl Likelihood {
    fn new(customers: &CustomerBase) -> Self {
        let data = Grouped::new(customers);
        let per_frequency = data.customers_per_frequency();
        let mut ages: Vec<(f64, f64, f64)> = data.times.iter().map(|&time| (time, 0.0, 0.0)).collect();
        for row in &data.rows {
            let age = &mut ages[row.age as usize];
            age.1 += row.customers;
            age.2 += row.customers * data.frequencies[row.frequency as usize];
        }
        ages.retain(|(_, customers, _)| *customers > 0.0);
        Self { frequencies: data.frequencies.into_iter().zip(per_frequency).collect(), ages, unit: data.unit }
    }

    /// The log-likelihood and its derivatives by r and alpha.
    fn at(&self, [r, alpha]: [f64; 2]) -> [f64; 3] {
        let mut sum = [CompensatedSum::default(); 3];
        let (log_alpha, digamma_r) = (alpha.ln(), digamma(r));
        for &(x, customers) in &self.frequencies {
            sum[0].add(customers * (ln_rising(r, x) - x * log_alpha));
            sum[1].add(customers * (digamma(r + x) - digamma_r));
        }
        for &(age, customers, purchases) in &self.ages {
            // ln(1 + T/alpha): precise also where alpha has grown without bound.
            let log = (age / alpha).ln_1p();
            sum[0].add(-(r * customers + purchases) * log);
            sum[1].add(-customers * log);
            sum[2].add((r * customers * age / alpha - purchases) / (alpha + age));
        }
        sum.map(CompensatedSum::total)
    }
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at([parameters[0], parameters[1]]);
        gradient.copy_from_slice(&slopes);
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;

    /// The likelihood of the model's module, one customer at a time, the gamma functions' ratio as a product.
    fn log_likelihood(base: &CustomerBase, [r, alpha]: [Dual64; 2]) -> Dual64 {
        base.histories().iter().zip(base.counts()).fold(Dual64::from(0.0), |sum, (history, &customers)| {
            let x = history.frequency();
            let rising = (0..x).fold(Dual64::from(0.0), |sum, i| sum + (r + f64::from(i)).ln());
            let log = rising + r * alpha.ln() - (r + f64::from(x)) * (alpha + history.age()).ln();
            sum + log * customers
        })
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let mut base = CustomerBase::new();
        for (x, recency, age, customers) in [
            (0, 0.0, 30.0, 7),
            (1, 3.0, 39.0, 2),
            (2, 25.0, 31.0, 3),
            (2, 31.0, 31.0, 1),
            (30, 20.0, 35.0, 1),
        ] {
            base.push(Purchases::new(x, recency, age).expect("a valid history"), customers);
        }
        let likelihood = Likelihood::new(&base);
        let unit = likelihood.unit;
        for parameters in [[0.55, 10.6], [3.0, 50.0], [0.01, 0.2]] {
            let [r, alpha] = parameters;
            let ours = likelihood.at([r, alpha / unit]);
            let value = ours[0] - base.repeat_purchases() * unit.ln();
            let slopes = [ours[1], ours[2] / unit];
            for i in 0..2 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let expected = log_likelihood(&base, dual);
                assert!((value / expected.re - 1.0).abs() < 1e-12, "{value} {expected}");
                let error = slopes[i] - expected.eps;
                assert!(error.abs() < 1e-11 * (1.0 + expected.eps.abs()), "{i}: {} {expected}", slopes[i]);
            }
        }
    }
}
