//! What every model of repeat purchases gives, whatever its assumptions.

use std::sync::LazyLock;

use perennial_math::{
    quadrature::GaussLegendre,
    random::{Rng, uniform_open},
};

use crate::{InvalidParameters, Purchases};

/// The longest horizon, as a multiple of alpha + T; a longer one gives the same.
pub(crate) const LONGEST_HORIZON: f64 = 1e12;

/// A fitted model of when customers buy and when they leave, without a contract.
///
/// All times are in the unit of the data that the model was fitted on, and count from now (the end of the observation)
/// unless said otherwise.
///
/// Every forecast is P(alive) times what an active customer does. In most models an active customer's future depends on the
/// history only through x and T, no longer on `t_x` ([`TransactionModel::forgets_recency`]): the `_if_alive` figures are then
/// computed once per distinct (x, T).
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

    /// Whether the `_if_alive` figures depend on a history through x and T alone.
    fn forgets_recency(&self) -> bool {
        true
    }

    /// P(alive at T + time | alive at T): the probability that a customer who is active now has not left `time` from now, whatever
    /// was bought in between.
    fn probability_of_staying(&self, customer: &Purchases, time: f64) -> f64;

    /// E[X(t) | x, T, alive]: the purchases expected in the next `horizon` of a customer who is active now.
    fn expected_purchases_if_alive(&self, customer: &Purchases, horizon: f64) -> f64;

    /// P(X(t) = n | x, T, alive): the probability of exactly `n` purchases in the next `horizon`, if active now.
    fn probability_of_n_purchases_if_alive(&self, customer: &Purchases, n: u32, horizon: f64) -> f64;

    /// DERT of a customer who is active now: the purchases expected over all the future, discounted continuously at
    /// `discount` per time unit (> 0).
    fn discounted_expected_residual_transactions_if_alive(&self, customer: &Purchases, discount: f64) -> f64;

    /// The purchases expected in the next `horizon` of a customer who is active now, discounted continuously at `discount` per
    /// time unit: the integral of exp(-discount u) dE[X(u)], by parts, on E[X(u)].
    fn discounted_expected_purchases_if_alive(
        &self,
        customer: &Purchases,
        horizon: f64,
        discount: f64,
    ) -> f64 {
        let expected = |time: f64| self.expected_purchases_if_alive(customer, time);
        discounted(&expected, horizon, discount)
    }

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

    /// P(alive at T + time | x, `t_x`, T): the probability that the customer is active `time` from now.
    fn probability_alive_at(&self, customer: &Purchases, time: f64) -> f64 {
        self.probability_alive(customer) * self.probability_of_staying(customer, time)
    }

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

    /// The purchases expected in the next `horizon`, discounted continuously at `discount` per time unit.
    fn discounted_expected_purchases(&self, customer: &Purchases, horizon: f64, discount: f64) -> f64 {
        self.probability_alive(customer)
            * self.discounted_expected_purchases_if_alive(customer, horizon, discount)
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

/// Nodes per panel of [`discounted`].
static PANEL: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(16));

/// The integral from 0 to `horizon` of exp(-discount u) dE(u) = exp(-discount h) E(h) + discount * integral of exp(-discount u) E(u) du;
/// a discount that is not positive counts as none.
pub(crate) fn discounted(expected: &dyn Fn(f64) -> f64, horizon: f64, discount: f64) -> f64 {
    if horizon.is_nan() || horizon <= 0.0 || discount.is_nan() || discount <= 0.0 {
        return expected(horizon);
    }
    // Beyond 45 / discount less than 1e-19 of a steady stream is left.
    let horizon = horizon.min(45.0 / discount);
    // E rises on time scales from far below the horizon on: panels that double reach down to a thousandth of it.
    let mut low = horizon / 1024.0;
    let value = |u: f64| (-discount * u).exp() * expected(u);
    let mut integral = PANEL.integrate(value, 0.0, low);
    while low < 0.999 * horizon {
        integral += PANEL.integrate(value, low, 2.0 * low);
        low *= 2.0;
    }
    (-discount * horizon).exp() * expected(horizon) + discount * integral
}

/// Hands the purchase times of each of `draws` futures to `each`; `draw` adds those of one to an empty list.
pub(crate) fn each_future(draws: usize, each: &mut dyn FnMut(&[f64]), mut draw: impl FnMut(&mut Vec<f64>)) {
    let mut times = Vec::new();
    for _ in 0..draws {
        times.clear();
        draw(&mut times);
        each(&times);
    }
}
