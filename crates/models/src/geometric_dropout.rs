//! What BG/NBD, MBG/NBD and their regular relatives share: customers buy at a gamma-distributed rate and may leave after a purchase,
//! with a beta-distributed probability.
//!
//! They differ in two things: whether a customer may already leave after the first purchase, and how regularly customers buy. An
//! active customer's clock ticks as a Poisson process of rate lambda, and every k-th tick is a purchase: the times between purchases are
//! Erlang-k, exponential for k = 1. With c the number of purchases after which a customer could have left and did not (c = x in
//! the BG models, x + 1 in the MBG models), and s = r + kx:
//!
//! ```text
//! L(r, alpha, a, b) = prod(t_i^(k-1)) / Gamma(k)^x * Gamma(s) alpha^r / Gamma(r) * B(a, b+c) / B(a, b)
//!                     * [ S (alpha+T)^-s + w (alpha+t_x)^-s ],               w = a / (b+c-1), or 0 when c = 0
//! S                 = sum_{j<k} (s)_j / j! v^j,                             v = (T-t_x) / (alpha+T)
//! P(alive)          = 1 / (1 + w / S ((alpha+T) / (alpha+t_x))^s)
//! given alive:      j ticks since the last purchase with probability (s)_j / j! v^j / S;
//!                   given j, lambda ~ Gamma(s+j, alpha+T);  p ~ Beta(a, b+c), independent
//! ```
//!
//! `t_i` are the times between the purchases, `(s)_j` = Gamma(s+j) / Gamma(s); S = 1 for k = 1. (Fader, Hardie and Lee 2005, eq. 6 and 7;
//! Batislam, Denizel and Filiztekin 2007, eq. 4; Reutterer, Platzer and Schröder 2021. The posterior follows from each summand of the
//! likelihood's first term being a product of a gamma and a beta kernel.)

mod future;
mod likelihood;
mod many_ticks;
mod regular;
pub(crate) mod search;
mod silence;
mod vector;

use std::sync::Arc;

use perennial_math::{
    random::{self, Rng},
    special::ln_gamma,
};

use crate::{
    CustomerBase, FitError, InvalidParameters, Parameters, Purchases, TransactionModel, estimation::Problem,
    grouped::Grouped, transaction::each_future,
};
use future::Future;
pub(crate) use likelihood::Likelihood;
use regular::RegularFuture;
use silence::Silence;

/// The largest k of the Erlang-k distributed times between purchases.
pub(crate) const MOST_REGULAR: u32 = 12;

/// A model in which a customer leaves after a purchase with a probability of the customer's own.
pub trait GeometricDropout: Parameters + std::fmt::Debug + Send + Sync + 'static {
    /// The model's name on the command line.
    const NAME: &'static str;

    /// After how many purchases other than repeat purchases a customer may leave: 1 when already after the first, else 0.
    const FIRST: u32;

    /// r, alpha, a, b.
    fn dropout_parameters(&self) -> [f64; 4];

    /// k: every k-th tick is a purchase; from 1 to [`MOST_REGULAR`].
    fn regularity(&self) -> u32 {
        1
    }

    /// How many purchases the customer has survived or could have left after: c.
    fn chances(customer: &Purchases) -> f64 {
        f64::from(customer.frequency()) + f64::from(Self::FIRST)
    }

    /// The future of the customer, given that the customer is active.
    fn future(&self, customer: &Purchases) -> Active {
        let [r, alpha, a, b] = self.dropout_parameters();
        let k = self.regularity();
        let future = Future {
            shape: r + f64::from(k) * f64::from(customer.frequency()),
            rate: alpha + customer.age(),
            a,
            b: b + Self::chances(customer),
        };
        Active::new(future, customer.age() - customer.recency(), k)
    }

    /// The future of a new customer who has not left after the first purchase.
    fn future_of_new(&self) -> Active {
        let [r, alpha, a, b] = self.dropout_parameters();
        Active::new(
            Future { shape: r, rate: alpha, a, b: b + f64::from(Self::FIRST) },
            0.0,
            self.regularity(),
        )
    }

    /// The probability that a new customer does not leave after the first purchase.
    fn survives_first(&self) -> f64 {
        let [_, _, a, b] = self.dropout_parameters();
        if Self::FIRST == 0 { 1.0 } else { b / (a + b) }
    }
}

/// The future of an active customer.
#[derive(Debug, Clone, Copy)]
pub enum Active {
    /// Of one who buys at any time.
    Random(Future),
    /// Of one who buys at every k-th tick.
    Regular(RegularFuture),
}

impl Active {
    /// The future of a customer whose last purchase was `silent` ago.
    fn new(future: Future, silent: f64, k: u32) -> Self {
        if k == 1 {
            return Self::Random(future);
        }
        Self::Regular(RegularFuture::new(future, Silence::new(future.shape, silent / future.rate, k)))
    }

    fn expected_purchases(&self, horizon: f64) -> f64 {
        match self {
            Self::Random(future) => future.expected_purchases(horizon),
            Self::Regular(future) => future.expected_purchases(horizon),
        }
    }

    fn draw_purchases(&self, horizon: f64, rng: &mut Rng, times: &mut Vec<f64>) {
        match self {
            Self::Random(future) => future.draw_purchases(horizon, rng, times),
            Self::Regular(future) => future.draw_purchases(horizon, rng, times),
        }
    }
}

/// What is to be estimated of a model of geometric dropout at one k.
///
/// # Errors
/// When there is too little data, or k > 1 and a history does not say how regular the purchases were.
pub(crate) fn problem<M: GeometricDropout>(customers: &CustomerBase) -> Result<Problem, FitError> {
    problem_at::<M>(customers, &Arc::new(Grouped::new(customers)), 1)
}

/// [`problem`] at any k, of customers who are grouped already.
pub(crate) fn problem_at<M: GeometricDropout>(
    customers: &CustomerBase,
    grouped: &Arc<Grouped>,
    k: u32,
) -> Result<Problem, FitError> {
    let unit = grouped.unit;
    let ticks = f64::from(k);
    let units = [("r", 1.0), ("alpha", unit), ("a", 1.0), ("b", 1.0)];
    Ok(Problem {
        model: M::NAME,
        likelihood: Box::new(Likelihood::new(Arc::clone(grouped), M::FIRST, k)),
        parameters: Problem::positive_of(&units),
        starts: [[0.5, 0.3, 1.0, 2.0], [1.0, 1.0, 0.5, 5.0], [0.2, 0.1, 2.0, 2.0]]
            .map(|[r, alpha, a, b]| vec![r, alpha / ticks, a, b])
            .to_vec(),
        log_density_unit: log_density_unit::<M>(customers, unit, k)?,
        customers: customers.customers(),
    })
}

/// What the likelihood at times in another unit leaves out: ln of `unit`^(-kx) prod(`t_i`^(k-1)) / Gamma(k)^x over all customers.
fn log_density_unit<M: GeometricDropout>(
    customers: &CustomerBase,
    unit: f64,
    k: u32,
) -> Result<f64, FitError> {
    let ticks = f64::from(k);
    let purchases = customers.repeat_purchases();
    let intervals = if k == 1 {
        0.0
    } else {
        (ticks - 1.0) * customers.log_intervals().ok_or(FitError::NoIntervals { model: M::NAME })?
    };
    Ok(intervals - purchases * (ln_gamma(ticks) + ticks * unit.ln()))
}

/// The log-likelihood of a customer base, all constants included, in its own time unit.
///
/// # Errors
/// When k > 1 and a history does not say how regular the purchases were.
pub(crate) fn log_likelihood<M: GeometricDropout>(
    model: &M,
    customers: &CustomerBase,
) -> Result<f64, FitError> {
    let grouped = Arc::new(Grouped::new(customers));
    let (unit, k) = (grouped.unit, model.regularity());
    let [r, alpha, a, b] = model.dropout_parameters();
    let likelihood = Likelihood::new(grouped, M::FIRST, k);
    Ok(likelihood.at([r, alpha / unit, a, b])[0] + log_density_unit::<M>(customers, unit, k)?)
}

impl<M: GeometricDropout> TransactionModel for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        M::NAMES.iter().copied().zip(self.values()).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters> {
        Ok(Box::new(self.with_values(values)?))
    }

    fn probability_alive(&self, customer: &Purchases) -> f64 {
        let [r, alpha, a, b] = self.dropout_parameters();
        let chances = M::chances(customer);
        if chances == 0.0 {
            return 1.0;
        }
        let k = self.regularity();
        let shape = r + f64::from(k) * f64::from(customer.frequency());
        let silent = customer.age() - customer.recency();
        let log_fewer_ticks = Silence::new(shape, silent / (alpha + customer.age()), k).log_sum();
        let log_odds_dead = shape * (silent / (alpha + customer.recency())).ln_1p()
            + (a / (b + chances - 1.0)).ln()
            - log_fewer_ticks;
        1.0 / (1.0 + log_odds_dead.exp())
    }

    fn forgets_recency(&self) -> bool {
        self.regularity() == 1
    }

    fn probability_of_staying(&self, customer: &Purchases, time: f64) -> f64 {
        match self.future(customer) {
            Active::Random(future) => future.probability_of_staying(time),
            Active::Regular(future) => future.probability_of_staying(time),
        }
    }

    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.future(customer).expected_purchases(horizon)
    }

    fn expected_purchases_new(&self, time: f64) -> f64 {
        self.survives_first() * self.future_of_new().expected_purchases(time)
    }

    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        match self.future(customer) {
            Active::Random(future) => future.probability_of_n_purchases(n, horizon),
            Active::Regular(future) => future.probability_of_n_purchases(n, horizon),
        }
    }

    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64 {
        match self.future(customer) {
            Active::Random(future) => future.discounted_expected_purchases(discount),
            Active::Regular(future) => future.discounted_expected_purchases(discount),
        }
    }

    fn median_time_to_next_purchase(&self, customer: &Purchases) -> f64 {
        match self.future(customer) {
            Active::Random(future) => future.median_time_to_next_purchase(),
            Active::Regular(future) => future.median_time_to_next_purchase(),
        }
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
        // Given that the first purchase was survived, p ~ Beta(a, b+1).
        if M::FIRST == 0 || random::uniform_open(rng) < self.survives_first() {
            self.future_of_new().draw_purchases(age, rng, times);
        }
    }
}
