//! Gamma-Gompertz/NBD: the model of Bemmaor and Glady, in which leaving may become likelier, or less likely, with time.
//!
//! An active customer buys as a Poisson process of rate lambda ~ Gamma(r, alpha) and leaves for ever after a Gompertz lifetime of scale b
//! with an eta of the customer's own, eta ~ Gamma(s, beta), independent of lambda. The lifetime of a random customer has
//!
//! ```text
//! S(t) = (beta / (beta - 1 + exp(bt)))^s,     f(t) = b s exp(bt) beta^s / (beta - 1 + exp(bt))^(s+1)
//!
//! L(r, alpha, b, s, beta | x, t_x, T) = Gamma(r+x) alpha^r / Gamma(r)
//!            * [ (alpha+T)^-(r+x) S(T) + integral from t_x to T of (alpha+u)^-(r+x) f(u) du ]
//! ```
//!
//! x repeat purchases, the last at `t_x`, observed until T; r (no unit) and alpha (time) the shape and rate of the purchase rates; b (per
//! time unit) the Gompertz scale; s and beta (no unit) the shape and rate of eta. The first term is the customer who is still active, the
//! second the one who left at u. Given that the customer is active, lambda ~ Gamma(r+x, alpha+T), and the lifetime from T on is of the
//! same kind with beta' = 1 + (beta-1) exp(-bT).
//!
//! The hazard of a random customer, s b / (1 + (beta-1) exp(-bt)), rises from s b/beta to s b where beta > 1 and falls to it where
//! beta < 1. As b goes to 0 with beta/b fixed the model becomes Pareto/NBD with that as its beta: a fit that ends there names b and beta
//! as run away, and only their ratio means something.
//!
//! Source: A. C. Bemmaor, N. Glady, Modeling Purchasing Behavior with Sudden "Death": A Flexible Customer Lifetime Model, Management
//! Science 58 (2012) 1012-1021.

mod dropout;
mod future;
mod lifetime;
mod likelihood;

use perennial_math::random::Rng;

use crate::{
    CustomerBase, Estimation, Fit, FitError, InvalidParameters, Parameters, Purchases, TransactionModel,
    estimation::{Estimable, Problem},
    parameters::checked,
    transaction::each_future,
};
use dropout::{Silence, Waiting};
use future::Future;
use lifetime::Lifetime;
use likelihood::Likelihood;

/// The model's name on the command line.
const NAME: &str = "gamma-gompertz-nbd";

/// The Gamma-Gompertz/NBD model; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGompertzNbd {
    parameters: [f64; 5],
}

impl GammaGompertzNbd {
    /// A model with these parameters; `alpha` is in the time unit of the data, `b` per such unit, the others have none.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(r: f64, alpha: f64, b: f64, s: f64, beta: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[r, alpha, b, s, beta])
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
        let unit = likelihood.unit();
        let [r, alpha, b, s, beta] = self.parameters;
        likelihood.at([r, alpha / unit, b * unit, s, beta])[0] - customers.repeat_purchases() * unit.ln()
    }

    /// The future of a customer, given that the customer is active.
    fn future(&self, customer: &Purchases) -> Future {
        let [r, alpha, ..] = self.parameters;
        Future {
            shape: r + f64::from(customer.frequency()),
            rate: alpha + customer.age(),
            life: self.lifetime().after(customer.age()),
        }
    }

    /// A customer who has just made the first purchase.
    fn new_customer(&self) -> Future {
        let [shape, rate, ..] = self.parameters;
        Future { shape, rate, life: self.lifetime() }
    }

    fn lifetime(&self) -> Lifetime {
        let [_, _, b, s, beta] = self.parameters;
        Lifetime { b, s, beta }
    }
}

impl Parameters for GammaGompertzNbd {
    const NAMES: &'static [&'static str] = &["r", "alpha", "b", "s", "beta"];

    fn values(&self) -> Vec<f64> {
        self.parameters.to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { parameters: checked(Self::NAMES, values)? })
    }
}

impl Estimable for GammaGompertzNbd {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        let likelihood = Likelihood::new(customers);
        let unit = likelihood.unit();
        Ok(Problem {
            model: NAME,
            likelihood: Box::new(likelihood),
            parameters: Problem::positive::<Self>(&[1.0, unit, 1.0 / unit, 1.0, 1.0]),
            starts: vec![
                vec![0.7, 0.5, 0.3, 0.7, 0.15],
                vec![1.0, 0.5, 2.0, 0.5, 5.0],
                vec![0.5, 0.3, 0.01, 1.0, 0.01],
            ],
            log_density_unit: -customers.repeat_purchases() * unit.ln(),
            customers: customers.customers(),
        })
    }
}

impl TransactionModel for GammaGompertzNbd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        Self::NAMES.iter().copied().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters> {
        Ok(Box::new(Self::from_values(values)?))
    }

    fn probability_alive(&self, customer: &Purchases) -> f64 {
        let [r, alpha, ..] = self.parameters;
        let waiting = Waiting { shape: r + f64::from(customer.frequency()), rate: alpha };
        Silence::new(waiting, &self.lifetime(), customer.recency(), customer.age()).probability_alive()
    }

    fn probability_of_staying(&self, customer: &Purchases, time: f64) -> f64 {
        self.future(customer).probability_of_staying(time)
    }

    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.future(customer).expected_purchases(horizon)
    }

    fn expected_purchases_new(&self, time: f64) -> f64 {
        self.new_customer().expected_purchases(time)
    }

    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        self.future(customer).probability_of_n_purchases(n, horizon)
    }

    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64 {
        self.future(customer).discounted_expected_purchases(discount)
    }

    fn discounted_expected_purchases_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        discount: f64,
    ) -> f64 {
        self.future(customer).discounted_until(horizon, discount.max(0.0))
    }

    fn median_time_to_next_purchase(&self, customer: &Purchases) -> f64 {
        self.future(customer).median_time_to_next_purchase()
    }

    fn simulate_futures_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        draws: usize,
        rng: &mut Rng,
        each: &mut dyn FnMut(&[f64]),
    ) {
        let future = self.future(customer);
        each_future(draws, each, |times| future.draw_purchases(horizon, rng, times));
    }

    fn simulate_new(&self, age: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        times.clear();
        self.new_customer().draw_purchases(age, rng, times);
    }
}
