//! What every model of spend per transaction gives.

mod history;
mod kind;

pub use history::{LogSpend, SpendHistory};
pub use kind::{SpendHoldOut, SpendKind, SpendScore, UnknownSpendModel};

use perennial_math::random::Rng;

use crate::{Fit, InvalidParameters};

/// A spend model fitted by kind.
pub type SpendFit = Fit<Box<dyn SpendModel>>;

/// How an amount follows from a customer's spend, the same for all customers whose history has as many transactions:
///
/// ```text
/// (intercept + slope * mean) * exp(log_slope * mean of the logarithms)
/// ```
///
/// The mean is that of the values of the customer's transactions, the mean of the logarithms that of the natural logarithms of
/// these values ([`SpendHistory`]). So the amount is a product of columns wherever the customers are, and a model is asked
/// once per number of transactions. A slope that is zero means that its mean is not needed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpendFormula {
    /// In units of the currency.
    pub intercept: f64,
    /// By the mean value; no unit.
    pub slope: f64,
    /// By the mean of the logarithms of the values; no unit.
    pub log_slope: f64,
}

impl SpendFormula {
    /// The amount for a customer, in units of the currency; `None` when the history is not valid or lacks what the formula needs.
    #[must_use]
    pub fn at(&self, customer: &SpendHistory) -> Option<f64> {
        if !customer.is_valid() {
            return None;
        }
        // A mean that is not needed must not make 0 * infinity out of an extreme intercept.
        let linear = if self.slope == 0.0 { 0.0 } else { self.slope * customer.mean() };
        let power = if self.log_slope == 0.0 { 0.0 } else { self.log_slope * customer.logs()?.mean };
        Some((self.intercept + linear) * power.exp())
    }
}

/// A fitted model of how much customers spend per transaction.
///
/// All amounts are in units of the currency of the data that the model was fitted on.
pub trait SpendModel: std::fmt::Debug + Send + Sync {
    /// The name used on the command line, for example `gamma-gamma`.
    fn name(&self) -> &'static str;

    /// Names and values of the parameters.
    fn parameters(&self) -> Vec<(&'static str, f64)>;

    /// A model of the same kind with other parameters, in the order of [`SpendModel::parameters`].
    ///
    /// # Errors
    /// When a value is out of range, or there are not as many as parameters.
    fn with_parameters(&self, values: &[f64]) -> Result<Box<dyn SpendModel>, InvalidParameters>;

    /// E(M given the history): how the expected value of a future transaction follows from the spend of a customer with
    /// `observed` transactions (0 for one nothing is known about: both slopes are then zero).
    fn expectation(&self, observed: u32) -> SpendFormula;

    /// How the scale follows from the spend of a customer with `observed` transactions: a future total is the scale times a draw
    /// of [`SpendModel::draw_scaled_total`].
    fn scale(&self, observed: u32) -> SpendFormula;

    /// Draws the total value of `transactions` future transactions of a customer with `observed` transactions (0 for one nothing
    /// is known about), in units of [`SpendModel::scale`]; it does not depend on what they were worth, so draws can be shared among
    /// customers. Zero transactions have total zero.
    fn draw_scaled_total(&self, observed: u32, transactions: u32, rng: &mut Rng) -> f64;

    /// The logarithm of the joint density of the values of the transactions in `next`, given those in `seen` (`None`: a customer
    /// nothing is known about), per unit of the currency each; `None` when a history lacks what the model needs.
    ///
    /// It is a density of every single value, the same thing in all models, by which they can be compared.
    fn log_density(&self, seen: Option<&SpendHistory>, next: &SpendHistory) -> Option<f64>;

    /// The history of `transactions` transactions with the model's expectations of the mean and of the logarithms: where a model
    /// with other parameters can be compared with this one.
    fn typical_history(&self, transactions: u32) -> SpendHistory;

    /// E(M given the history): the expected value of the customer's future transactions. A history that is not valid, or does not
    /// say what the model needs, says nothing, so it gives that of a new customer.
    fn expected_mean_spend(&self, customer: &SpendHistory) -> f64 {
        self.expectation(customer.transactions())
            .at(customer)
            .unwrap_or_else(|| self.expected_mean_spend_new())
    }

    /// E(M): the expected value of the transactions of a customer nothing is known about.
    fn expected_mean_spend_new(&self) -> f64 {
        self.expectation(0).intercept
    }
}

impl<M: SpendModel + 'static> Fit<M> {
    /// The same fit with the kind of spend model known only at run time.
    #[must_use]
    pub fn into_dyn_spend(self) -> SpendFit {
        self.map(|model| Box::new(model) as Box<dyn SpendModel>)
    }
}

impl SpendFit {
    /// Models of [`Fit::draw_values`].
    pub fn draw_models(&self, n: usize, rng: &mut Rng) -> Vec<Box<dyn SpendModel>> {
        let drawn = self.draw_values(n, rng);
        drawn.iter().filter_map(|values| self.model.with_parameters(values).ok()).collect()
    }
}
