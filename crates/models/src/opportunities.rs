//! What a model of discrete time sees of a customer: how many of the opportunities to buy were taken, and which was the last.

/// A customer's history over opportunities to buy: x, `t_x` and n of the BG/BB paper.
///
/// Opportunities are numbered from 1, the first after the one at which the customer was acquired. `frequency` (x) counts the
/// opportunities at which the customer bought, `last` (`t_x`) is the number of the last of them (0 without any) and `opportunities` (n) how
/// many there were. It holds that x <= `t_x` <= n, and that `t_x` = 0 exactly when x = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opportunities {
    frequency: u32,
    last: u32,
    offered: u32,
}

/// Why three numbers are not a history over opportunities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{frequency} purchases, the last at opportunity {last} of {opportunities}: it must hold that frequency <= last <= opportunities, \
     and last is 0 exactly when frequency is"
)]
pub struct InvalidOpportunities {
    /// The frequency given.
    pub frequency: u32,
    /// The last opportunity given.
    pub last: u32,
    /// The number of opportunities given.
    pub opportunities: u32,
}

impl Opportunities {
    /// A customer who has had no opportunity yet.
    pub const NONE: Self = Self { frequency: 0, last: 0, offered: 0 };

    /// A history of `frequency` purchases over `opportunities` opportunities, the last at number `last`.
    ///
    /// # Errors
    /// When the three do not fit together; see [`InvalidOpportunities`].
    pub const fn new(frequency: u32, last: u32, opportunities: u32) -> Result<Self, InvalidOpportunities> {
        if frequency > last || last > opportunities || (frequency == 0) != (last == 0) {
            return Err(InvalidOpportunities { frequency, last, opportunities });
        }
        Ok(Self { frequency, last, offered: opportunities })
    }

    /// x, the number of opportunities at which the customer bought.
    #[must_use]
    pub const fn frequency(&self) -> u32 {
        self.frequency
    }

    /// `t_x`, the number of the last opportunity at which the customer bought; 0 without any.
    #[must_use]
    pub const fn last(&self) -> u32 {
        self.last
    }

    /// n, the number of opportunities.
    #[must_use]
    pub const fn opportunities(&self) -> u32 {
        self.offered
    }
}

/// A customer base over opportunities: histories, each with the number of customers that share it.
#[derive(Debug, Clone, Default)]
pub struct OpportunityBase {
    histories: Vec<Opportunities>,
    counts: Vec<f64>,
}

impl OpportunityBase {
    /// An empty base.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `customers` customers with the same history.
    pub fn push(&mut self, history: Opportunities, customers: u64) {
        self.histories.push(history);
        self.counts.push(customers as f64);
    }

    /// The histories, in the order they were added.
    #[must_use]
    pub fn histories(&self) -> &[Opportunities] {
        &self.histories
    }

    /// How many customers share each history.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The number of customers.
    #[must_use]
    pub fn customers(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// The number of customers who took at least one opportunity.
    #[must_use]
    pub fn repeat_customers(&self) -> f64 {
        self.histories.iter().zip(&self.counts).filter(|(h, _)| h.frequency > 0).map(|(_, n)| n).sum()
    }
}

impl FromIterator<Opportunities> for OpportunityBase {
    fn from_iter<I: IntoIterator<Item = Opportunities>>(iter: I) -> Self {
        let mut base = Self::new();
        for history in iter {
            base.push(history, 1);
        }
        base
    }
}
