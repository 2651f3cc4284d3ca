//! What a customer who is still active does within the horizon, shared by all customers with the same future: in most models
//! those with the same x, T, covariates and number of paid repeat transactions.
//!
//! An active customer's orders and spend depend on the history through these alone, once the spend is measured in units of the
//! customer's spend scale (see [`SpendScale`]). The predictive distribution is simulated: models with
//! parameters drawn from their estimated distribution, for each a number of futures drawn from the customer's
//! posterior. The customer's own distribution is a mixture: nothing with probability 1 - P(alive), this otherwise.

use perennial_math::random;
use perennial_models::{Purchases, SpendModel, TransactionModel};

use crate::Definitions;
use crate::history::History;
use crate::spend_scale::SpendScale;
use crate::transactions::FittedTransactions;

/// Models drawn for the uncertainty of the parameters, and futures drawn of each customer in all.
const PARAMETER_DRAWS: usize = 16;
const FUTURES: usize = 768;
/// As many models as this where their draws are more than a normal approximation.
const SAMPLED_PARAMETER_DRAWS: usize = 64;

/// A draw of the transaction model's parameters, with one of the spend model.
type Drawn = (Vec<f64>, Option<Box<dyn SpendModel>>);

/// The fitted models of a valuation together with draws of their parameters.
pub(crate) struct Forecaster<'a> {
    pub models: &'a FittedTransactions,
    pub spend: SpendScale<'a>,
    draws: Vec<Drawn>,
    futures_per_draw: usize,
    periods: Vec<(f64, f64)>,
    horizon: f64,
    unit_days: f64,
    discount: f64,
    seed: u64,
}

/// The forecast for an active customer.
pub(crate) struct ActiveForecast {
    /// Orders expected within the horizon.
    pub orders: f64,
    /// The same, each discounted to now.
    pub discounted_orders: f64,
    /// P(no order within the horizon).
    pub no_order: f64,
    /// The median days until the next order, given that there is one; may be infinite.
    pub days_to_next_order: f64,
    /// Simulated numbers of orders, ascending.
    pub order_draws: Vec<f64>,
    /// Simulated discounted values in units of the spend scale, ascending.
    pub value_draws: Vec<f64>,
}

impl<'a> Forecaster<'a> {
    /// A forecaster from fitted models under the definitions.
    pub(crate) fn new(
        models: &'a FittedTransactions,
        spend: SpendScale<'a>,
        definitions: &Definitions,
        seed: u64,
    ) -> Self {
        let mut rng = random::stream(seed, u64::MAX);
        let asked = if models.fit().sample.is_some() { SAMPLED_PARAMETER_DRAWS } else { PARAMETER_DRAWS };
        let values = models.draw_values(asked, &mut rng);
        let spends = spend.draws(asked, &mut rng);
        let unit_days = definitions.unit.days();
        Self {
            models,
            spend,
            futures_per_draw: FUTURES / values.len().clamp(1, FUTURES),
            draws: values.into_iter().zip(spends).collect(),
            periods: definitions
                .periods()
                .into_iter()
                .map(|(end, factor)| (end / unit_days, factor))
                .collect(),
            horizon: definitions.horizon(),
            unit_days,
            discount: definitions.discount,
            seed,
        }
    }

    /// Orders and discounted orders expected of an active customer under `model`.
    pub(crate) fn expected_if_alive(&self, model: &dyn TransactionModel, customer: &Purchases) -> (f64, f64) {
        let (mut before, mut discounted) = (0.0, 0.0);
        for &(end, factor) in &self.periods {
            let until_end = model.expected_purchases_if_alive(customer, end);
            discounted += (until_end - before) * factor;
            before = until_end;
        }
        (before, discounted)
    }

    /// The forecast for an active customer like this one; `stream` numbers the random stream.
    pub(crate) fn active(&self, customer: &Purchases, history: &History, stream: u64) -> ActiveForecast {
        let model = self.models.of(history.profile);
        let paid_repeats = history.paid_repeats;
        let (orders, discounted_orders) = self.expected_if_alive(&*model, customer);
        let mut rng = random::stream(self.seed, stream);
        let count = self.draws.len() * self.futures_per_draw;
        let (mut order_draws, mut value_draws) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut futures = Vec::with_capacity(self.futures_per_draw);
        for (values, spend) in &self.draws {
            let Some(drawn) = self.models.at(values, history.profile) else { continue };
            futures.clear();
            drawn.simulate_futures_if_alive(
                customer,
                self.horizon,
                self.futures_per_draw,
                &mut rng,
                &mut |times| {
                    futures.push((times.len() as u32, self.mean_discount(times)));
                },
            );
            let spend = spend.as_deref();
            let relative = spend.map_or(1.0, |spend| self.spend.relative_scale(spend, paid_repeats));
            for &(n, discount) in &futures {
                // Without a spend model every transaction is worth the same.
                let total =
                    spend.map_or(f64::from(n), |spend| spend.draw_scaled_total(paid_repeats, n, &mut rng));
                order_draws.push(f64::from(n));
                value_draws.push(discount * relative * total);
            }
        }
        order_draws.sort_unstable_by(f64::total_cmp);
        value_draws.sort_unstable_by(f64::total_cmp);
        let no_order = model.probability_of_n_purchases_if_alive(customer, 0, self.horizon);
        let days_to_next_order = model.median_time_to_next_purchase(customer) * self.unit_days;
        ActiveForecast { orders, discounted_orders, no_order, days_to_next_order, order_draws, value_draws }
    }

    /// The mean discount factor of purchases at these times.
    fn mean_discount(&self, times: &[f64]) -> f64 {
        if times.is_empty() || self.discount == 0.0 {
            return 1.0;
        }
        let rate = (1.0 + self.discount).ln() * self.unit_days / perennial_models::TimeUnit::Year.days();
        times.iter().map(|t| (-rate * t).exp()).sum::<f64>() / times.len() as f64
    }
}
