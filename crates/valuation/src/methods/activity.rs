//! Who came back from one period to the next: the churn that the classical formulas need.

use serde::{Deserialize, Serialize};

/// Two periods of equal length before the as-of date and what the customers of the first did in the second.
///
/// A customer is active in a period when he bought in it. Amounts are revenue net of the refunds that belong to orders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The length of each period, in days: a year, or half the history where that is shorter.
    pub period_days: f64,
    /// Customers active in the first period.
    pub active: u64,
    /// Of those, the ones who did not buy in the second period.
    pub lost: u64,
    /// What the customers active in the first period spent in the second.
    pub revenue: f64,
    /// Customers who bought in the second period, whether active in the first or not.
    pub active_now: u64,
    /// The transactions of the second period.
    pub transactions_now: u64,
}
