//! What every model of repeat purchases gives, whatever its assumptions.

use perennial_math::random::{Rng, uniform_open};

use crate::{InvalidParameters, Purchases};

/// The longest horizon, as a multiple of alpha + T; a longer one gives the same.
pub(crate) const LONGEST_HORIZON: f64 = 1e12;

/// A fitted model of when customers buy and when they leave, without a contract.
///
/// All times are in the unit of the data that the model was fitted on, and count from now (the end of the observation)
/// unless said otherwise.
///
/// Every forecast is P(alive) times what an active customer does. In the models here an active customer's future
/// depends on the history only through x and T, no longer on `t_x`: valuation relies on it to compute the `_if_alive`
/// figures once per distinct (x, T).
pub trait TransactionModel: std::fmt::Debug + Send + Sync {
    /// The name used on the command line, for example `bg-nbd`.
    fn name(&self) -> &'static str;

    /// Names and values of the parameters.
    fn parameters(&self) -> Vec<(&'static str, f64)>;

    /// A model of the same kind with other parameters, in the order of [`TransactionModel::parameters`].
    ///
    /// # Errors
    /// When a value is not positive and finite, or there are not as many as parameters.
    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters>;

    /// P(alive | x, `t_x`, T): the probability that the customer is still active, in [0, 1].
    fn probability_alive(&self, customer: &Purchases) -> f64;

    /// E[X(t) | x, T, alive]: the purchases expected in the next `horizon` of a customer who is active now.
    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64;

    /// P(X(t) = n | x, T, alive): the probability of exactly `n` purchases in the next `horizon`, if active now.
    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64;

    /// DERT of a customer who is active now: the purchases expected over all the future, discounted continuously at
    /// `discount` per time unit (> 0).
    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64;

    /// The median time until the next purchase, given that the customer is active and will buy again.
    fn median_time_to_next_purchase(&self, customer: &Purchases) -> f64;

    /// Simulates `draws` possible futures over `horizon` of a customer who is active now; `each` gets the purchase times
    /// of one future (sorted, in (0, horizon], possibly empty).
    fn simulate_futures_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        draws: usize,
        rng: &mut Rng,
        each: &mut dyn FnMut(&[f64]),
    );

    /// E[X(t)]: the repeat purchases expected of a new customer in the first `time`.
    fn expected_purchases_new(&self, time: f64) -> f64;

    /// Simulates the history of a new customer observed for `age`: the times of the repeat purchases, sorted.
    fn simulate_new(&self, age: f64, rng: &mut Rng, times: &mut Vec<f64>);

    /// E[X(t) | x, `t_x`, T]: the purchases expected in the next `horizon`.
    fn expected_purchases(&self, customer: &Purchases, horizon: f64) -> f64 {
        self.probability_alive(customer) * self.expected_purchases_if_alive(customer, horizon)
    }

    /// P(X(t) = n | x, `t_x`, T): the probability of exactly `n` purchases in the next `horizon`.
    fn probability_of_n_purchases(&self, customer: &Purchases, n: u32, horizon: f64) -> f64 {
        let alive = self.probability_alive(customer);
        let gone = if n == 0 { 1.0 - alive } else { 0.0 };
        gone + alive * self.probability_of_n_purchases_if_alive(customer, n, horizon)
    }

    /// DERT: the purchases expected over all the future, discounted continuously at `discount` per time unit (> 0).
    fn discounted_expected_residual_transactions(&self, customer: &Purchases, discount: f64) -> f64 {
        self.probability_alive(customer)
            * self.discounted_expected_residual_transactions_if_alive(customer, discount)
    }

    /// Simulates `draws` possible futures of one customer over `horizon`, active or not; see
    /// [`TransactionModel::simulate_futures_if_alive`].
    fn simulate_futures(
        &self,
        customer: &Purchases,
        horizon: f64,
        draws: usize,
        rng: &mut Rng,
        each: &mut dyn FnMut(&[f64]),
    ) {
        let alive = self.probability_alive(customer);
        for _ in 0..draws {
            if uniform_open(rng) < alive {
                self.simulate_futures_if_alive(customer, horizon, 1, rng, each);
            } else {
                each(&[]);
            }
        }
    }
}
