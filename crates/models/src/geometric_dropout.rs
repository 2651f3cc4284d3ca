//! What BG/NBD and MBG/NBD share: customers buy at a gamma-distributed rate and may leave after a purchase, with a
//! beta-distributed probability.
//!
//! The two differ in one thing only: whether a customer may already leave after the first purchase. With k the number of
//! purchases after which a customer could have left and did not (k = x in BG/NBD, x + 1 in MBG/NBD):
//!
//! ```text
//! L(r, alpha, a, b) = Gamma(r+x) alpha^r / Gamma(r) * B(a, b+k) / B(a, b)
//!                     * [ (alpha+T)^-(r+x) + w (alpha+t_x)^-(r+x) ],        w = a / (b+k-1), or 0 when k = 0
//! P(alive)          = 1 / (1 + w ((alpha+T) / (alpha+t_x))^(r+x))
//! given alive:      lambda ~ Gamma(r+x, alpha+T),  p ~ Beta(a, b+k), independent
//! ```
//!
//! (Fader, Hardie and Lee 2005, eq. 6 and 7; Batislam, Denizel and Filiztekin 2007, eq. 4; the posterior follows from the
//! likelihood's first term being a product of a gamma and a beta kernel.)

mod future;
mod likelihood;

use perennial_math::random::{self, Rng};

use crate::{
    CustomerBase, FitError, InvalidParameters, Parameters, Purchases, TransactionModel,
    estimation::{Problem, require_repeat_customers},
    transaction::each_future,
};
use future::Future;
use likelihood::Likelihood;

/// A model in which a customer leaves after a purchase with a probability of the customer's own.
pub trait GeometricDropout: Parameters + std::fmt::Debug + Send + Sync + 'static {
    /// The model's name on the command line.
    const NAME: &'static str;

    /// After how many purchases other than repeat purchases a customer may leave: 1 when already after the first, else 0.
    const FIRST: u32;

    /// r, alpha, a, b.
    fn dropout_parameters(&self) -> [f64; 4];

    /// How many purchases the customer has survived or could have left after: k.
    fn chances(customer: &Purchases) -> f64 {
        f64::from(customer.frequency()) + f64::from(Self::FIRST)
    }

    /// The future of the customer, given that the customer is active.
    fn future(&self, customer: &Purchases) -> Future {
        let [r, alpha, a, b] = self.dropout_parameters();
        Future {
            shape: r + f64::from(customer.frequency()),
            rate: alpha + customer.age(),
            a,
            b: b + Self::chances(customer),
        }
    }
}

/// What is to be estimated of a model of geometric dropout.
pub(crate) fn problem<M: GeometricDropout>(customers: &CustomerBase) -> Result<Problem, FitError> {
    require_repeat_customers(customers.repeat_customers(), customers.customers())?;
    let likelihood = Likelihood::new(customers, M::FIRST);
    let unit = likelihood.unit();
    Ok(Problem {
        model: M::NAME,
        likelihood: Box::new(likelihood),
        parameters: Problem::positive::<M>(&[1.0, unit, 1.0, 1.0]),
        starts: vec![vec![0.5, 0.3, 1.0, 2.0], vec![1.0, 1.0, 0.5, 5.0], vec![0.2, 0.1, 2.0, 2.0]],
        log_density_unit: -customers.repeat_purchases() * unit.ln(),
        customers: customers.customers(),
    })
}

/// The log-likelihood of a customer base, all constants included, in its own time unit.
pub(crate) fn log_likelihood<M: GeometricDropout>(model: &M, customers: &CustomerBase) -> f64 {
    let likelihood = Likelihood::new(customers, M::FIRST);
    let unit = likelihood.unit();
    let [r, alpha, a, b] = model.dropout_parameters();
    likelihood.at([r, alpha / unit, a, b])[0] - customers.repeat_purchases() * unit.ln()
}

impl<M: GeometricDropout> TransactionModel for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        M::NAMES.iter().copied().zip(self.dropout_parameters()).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters> {
        Ok(Box::new(M::from_values(values)?))
    }

    fn probability_alive(&self, customer: &Purchases) -> f64 {
        let [r, alpha, a, b] = self.dropout_parameters();
        let chances = M::chances(customer);
        if chances == 0.0 {
            return 1.0;
        }
        let silence = ((customer.age() - customer.recency()) / (alpha + customer.recency())).ln_1p();
        let log_odds_dead = (r + f64::from(customer.frequency())) * silence + (a / (b + chances - 1.0)).ln();
        1.0 / (1.0 + log_odds_dead.exp())
    }

    fn probability_of_staying(&self, customer: &Purchases, time: f64) -> f64 {
        self.future(customer).probability_of_staying(time)
    }

    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.future(customer).expected_purchases(horizon)
    }

    fn expected_purchases_new(&self, time: f64) -> f64 {
        let [r, alpha, a, b] = self.dropout_parameters();
        let first = f64::from(M::FIRST);
        let survives_first = if M::FIRST == 0 { 1.0 } else { b / (a + b) };
        survives_first * Future { shape: r, rate: alpha, a, b: b + first }.expected_purchases(time)
    }

    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        self.future(customer).probability_of_n_purchases(n, horizon)
    }

    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64 {
        self.future(customer).discounted_expected_purchases(discount)
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
        let [r, alpha, a, b] = self.dropout_parameters();
        // Given that the first purchase was survived, p ~ Beta(a, b+1).
        if M::FIRST == 0 || random::uniform_open(rng) < b / (a + b) {
            let future = Future { shape: r, rate: alpha, a, b: b + f64::from(M::FIRST) };
            future.draw_purchases(age, rng, times);
        }
    }
}
