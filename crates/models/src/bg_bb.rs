//! BG/BB: the beta-geometric / beta-Bernoulli model of Fader, Hardie and Shang, for customers who can buy at certain opportunities only.
//!
//! At each opportunity (a year's appeal, a conference, a weekly box) a customer who is alive buys with probability p ~ Beta(alpha, beta);
//! before each opportunity the customer leaves for ever with probability theta ~ Beta(gamma, delta), independent of p.
//!
//! ```text
//! L(alpha, beta, gamma, delta | x, t_x, n) = B(alpha+x, beta+n-x) / B(alpha, beta) B(gamma, delta+n) / B(gamma, delta)
//!     + sum over i = 0..n-t_x-1 of B(alpha+x, beta+t_x-x+i) / B(alpha, beta) B(gamma+1, delta+t_x+i) / B(gamma, delta)
//! given alive at n:  p ~ Beta(alpha+x, beta+n-x),  theta ~ Beta(gamma, delta+n), independent
//! ```
//!
//! x of n opportunities taken, the last at `t_x`; no parameter has a unit; B is the beta function. A customer alive at n thus has the
//! future of a new customer under other parameters, which is how every figure here is computed.
//!
//! Source: P. S. Fader, B. G. S. Hardie, J. Shang, Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing Science
//! 29 (2010) 1086-1108.

mod future;
mod likelihood;

use perennial_math::random::{Rng, uniform_open};

use crate::{
    Fit, FitError, InvalidParameters, Opportunities, OpportunityBase, Parameters,
    estimation::{Problem, require_repeat_customers},
    parameters::checked,
};
use likelihood::{Likelihood, ln_odds_gone};

/// The BG/BB model; see the [module's formulas](self).
///
/// All horizons are numbers of opportunities and count from now, the last opportunity observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgBb {
    alpha: f64,
    beta: f64,
    gamma: f64,
    delta: f64,
}

impl BgBb {
    /// A model with these parameters, none of which has a unit.
    ///
    /// # Errors
    /// When a value is not positive and finite.
    pub fn new(alpha: f64, beta: f64, gamma: f64, delta: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[alpha, beta, gamma, delta])
    }

    /// Fits by maximum likelihood.
    ///
    /// # Errors
    /// When there is too little data or no finite likelihood; a fit at the edge of the parameter space is no error.
    pub fn fit(customers: &OpportunityBase) -> Result<Fit<Self>, FitError> {
        Self::problem(customers)?.maximise(Self::from_values)
    }

    /// What is to be estimated.
    pub(crate) fn problem(customers: &OpportunityBase) -> Result<Problem, FitError> {
        require_repeat_customers(customers.repeat_customers(), customers.customers())?;
        let starts =
            [[1.0, 1.0, 1.0, 3.0], [0.5, 2.0, 0.5, 5.0], [2.0, 1.0, 1.0, 10.0], [0.3, 0.3, 0.3, 0.3]];
        Ok(Problem {
            model: "bg-bb",
            likelihood: Box::new(Likelihood::new(customers)),
            parameters: Problem::positive::<Self>(&[1.0; 4]),
            starts: starts.map(Vec::from).into(),
            log_density_unit: 0.0,
            customers: customers.customers(),
        })
    }

    /// The log-likelihood of a customer base: the sum of ln L over customers, each the probability of one order of purchases.
    #[must_use]
    pub fn log_likelihood(&self, customers: &OpportunityBase) -> f64 {
        Likelihood::new(customers).at(self.array())[0]
    }

    fn array(&self) -> [f64; 4] {
        [self.alpha, self.beta, self.gamma, self.delta]
    }

    /// The model of the customer's future, given that the customer is alive at the last opportunity.
    fn given_alive(&self, customer: &Opportunities) -> Self {
        let [x, n] = [customer.frequency(), customer.opportunities()].map(f64::from);
        Self { alpha: self.alpha + x, beta: self.beta + (n - x), gamma: self.gamma, delta: self.delta + n }
    }

    /// P(alive at n + `ahead` | x, `t_x`, n), in [0, 1]: with `ahead` = 0 at the last opportunity observed, with 1 (as in the paper) at
    /// the next.
    #[must_use]
    pub fn probability_alive(&self, customer: &Opportunities, ahead: u32) -> f64 {
        let now = 1.0 / (1.0 + ln_odds_gone(customer, self.array()).exp());
        now * self.given_alive(customer).stay().ln_survival(ahead.into()).exp()
    }

    /// E[X(n, n + horizon) | x, `t_x`, n]: the purchases expected at the next `horizon` opportunities.
    #[must_use]
    pub fn expected_purchases(&self, customer: &Opportunities, horizon: u32) -> f64 {
        self.probability_alive(customer, 0) * self.given_alive(customer).expected_purchases_new(horizon)
    }

    /// P(X(n, n + horizon) = m | x, `t_x`, n): the probability of exactly `m` purchases at the next `horizon` opportunities.
    #[must_use]
    pub fn probability_of_n_purchases(&self, customer: &Opportunities, m: u32, horizon: u32) -> f64 {
        let alive = self.probability_alive(customer, 0);
        let gone = if m == 0 { 1.0 - alive } else { 0.0 };
        gone + alive * self.given_alive(customer).probability_new(m, horizon)
    }

    /// DERT: the purchases expected over all future opportunities, that of the k-th from now divided by (1 + `discount`)^k.
    /// Without a positive discount it may be infinite.
    #[must_use]
    pub fn discounted_expected_residual_transactions(&self, customer: &Opportunities, discount: f64) -> f64 {
        self.discounted(customer, f64::INFINITY, discount)
    }

    /// The purchases expected at the next `horizon` opportunities, that of the k-th from now divided by (1 + `discount`)^k.
    #[must_use]
    pub fn discounted_expected_purchases(
        &self,
        customer: &Opportunities,
        horizon: u32,
        discount: f64,
    ) -> f64 {
        self.discounted(customer, horizon.into(), discount)
    }

    fn discounted(&self, customer: &Opportunities, horizon: f64, discount: f64) -> f64 {
        let future = self.given_alive(customer);
        self.probability_alive(customer, 0)
            * future.purchase_probability()
            * future.stay().discounted_total(horizon, discount)
    }

    /// The median number of opportunities until the next purchase, given that the customer is alive now and will buy again: the first at
    /// which at least half of such customers have bought. A whole number; above 100,000 an approximation.
    #[must_use]
    pub fn median_opportunities_to_next_purchase(&self, customer: &Opportunities) -> f64 {
        self.given_alive(customer).median_wait()
    }

    /// E[X(n)]: the purchases expected of a new customer at the first `opportunities` opportunities.
    #[must_use]
    pub fn expected_purchases_new(&self, opportunities: u32) -> f64 {
        self.purchase_probability() * self.stay().total(opportunities.into())
    }

    /// P(X(n) = x): the probability that a new customer takes exactly `x` of the first `opportunities` opportunities.
    #[must_use]
    pub fn probability_of_n_purchases_new(&self, x: u32, opportunities: u32) -> f64 {
        self.probability_new(x, opportunities)
    }

    /// The purchases that the model expects of a whole base at its first, second, ... opportunity, each customer as long as observed: what
    /// the real counts of a tracking plot are held against.
    #[must_use]
    pub fn expected_purchases_by_opportunity(&self, customers: &OpportunityBase) -> Vec<f64> {
        let longest = customers.histories().iter().map(Opportunities::opportunities).max().unwrap_or(0);
        let mut observed = vec![0.0; longest as usize + 1];
        for (history, count) in customers.histories().iter().zip(customers.counts()) {
            observed[history.opportunities() as usize] += count;
        }
        let mut left = customers.customers();
        (1..=longest)
            .zip(&observed)
            .map(|(opportunity, ended)| {
                left -= ended;
                left * self.purchase_probability() * self.stay().ln_survival(opportunity.into()).exp()
            })
            .collect()
    }

    /// Simulates the history of a new customer over `opportunities` opportunities.
    #[must_use]
    pub fn simulate_new(&self, opportunities: u32, rng: &mut Rng) -> Opportunities {
        let mut purchases = Vec::new();
        self.draw_purchases(opportunities, rng, &mut purchases);
        let last = purchases.last().copied().unwrap_or(0);
        // At most one purchase per opportunity, and these are counted in 32 bits.
        let frequency = u32::try_from(purchases.len()).unwrap_or(last);
        // x <= t_x <= n holds by construction; an empty history stands for what cannot be.
        Opportunities::new(frequency, last, opportunities).unwrap_or(Opportunities::NONE)
    }

    /// Simulates `draws` possible futures of one customer over the next `horizon` opportunities; `each` gets the opportunities (from 1,
    /// ascending, possibly none) at which the customer buys in one of them.
    pub fn simulate_futures(
        &self,
        customer: &Opportunities,
        horizon: u32,
        draws: usize,
        rng: &mut Rng,
        each: &mut dyn FnMut(&[u32]),
    ) {
        let alive = self.probability_alive(customer, 0);
        let future = self.given_alive(customer);
        let mut purchases = Vec::new();
        for _ in 0..draws {
            purchases.clear();
            if uniform_open(rng) < alive {
                future.draw_purchases(horizon, rng, &mut purchases);
            }
            each(&purchases);
        }
    }
}

impl Parameters for BgBb {
    const NAMES: &'static [&'static str] = &["alpha", "beta", "gamma", "delta"];

    fn values(&self) -> Vec<f64> {
        self.array().to_vec()
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        let [alpha, beta, gamma, delta] = checked(Self::NAMES, values)?;
        Ok(Self { alpha, beta, gamma, delta })
    }
}
