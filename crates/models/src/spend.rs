//! What every model of spend per transaction gives.

use perennial_math::random::Rng;

use crate::MeanSpend;

/// A fitted model of how much customers spend per transaction.
///
/// All amounts are in units of the currency of the data that the model was fitted on.
pub trait SpendModel: std::fmt::Debug + Send + Sync {
    /// The name used on the command line, for example `gamma-gamma`.
    fn name(&self) -> &'static str;

    /// Names and values of the parameters.
    fn parameters(&self) -> Vec<(&'static str, f64)>;

    /// E(M given x, mean): the expected value of a customer's future transactions. A history that is not valid (see
    /// [`MeanSpend::is_valid`]) says nothing, so it gives that of a new customer.
    fn expected_mean_spend(&self, customer: &MeanSpend) -> f64;

    /// E(M): the expected value of the transactions of a customer nothing is known about.
    fn expected_mean_spend_new(&self) -> f64;

    /// The scale of the customer's spend: a future total is this times a draw of [`SpendModel::draw_scaled_total`].
    /// `None` is a customer nothing is known about.
    fn spend_scale(&self, customer: Option<&MeanSpend>) -> f64;

    /// Draws the total value of `transactions` future transactions of a customer whose mean was taken over `observed`
    /// transactions (0 for one nothing is known about), in units of [`SpendModel::spend_scale`]; it does not depend on the
    /// mean, so draws can be shared among customers. Zero transactions have total zero.
    fn draw_scaled_total(&self, observed: u32, transactions: u32, rng: &mut Rng) -> f64;
}
