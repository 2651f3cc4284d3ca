//! What a model of retention sees of a customer with a contract: for how many periods it was renewed, and whether it has ended.

/// The tenure of a customer whose contract comes up for renewal at the end of each period.
///
/// A customer starts in period 0. `periods` is the number of the renewal at which the contract ended (from 1 on), or, where it goes on,
/// the number of renewals so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenure {
    periods: u32,
    ended: bool,
}

/// Why numbers are not tenures.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidTenure {
    /// A contract that ended before it could be renewed.
    #[error("a contract cannot end at renewal 0: the first is number 1")]
    EndedAtStart,
    /// A table of retention that does not fall, or holds something other than numbers of customers.
    #[error(
        "the number of customers left at period {period} is {alive} after {before}: it must be finite, not negative and not rise"
    )]
    NotFalling {
        /// The period.
        period: usize,
        /// The customers left at it.
        alive: f64,
        /// The customers left at the period before.
        before: f64,
    },
}

impl Tenure {
    /// A contract that ended at renewal number `periods`, or has been renewed `periods` times and goes on.
    ///
    /// # Errors
    /// When it ended at renewal 0.
    pub const fn new(periods: u32, ended: bool) -> Result<Self, InvalidTenure> {
        if ended && periods == 0 { Err(InvalidTenure::EndedAtStart) } else { Ok(Self { periods, ended }) }
    }

    /// The number of the renewal at which the contract ended, or the number of renewals so far.
    #[must_use]
    pub const fn periods(&self) -> u32 {
        self.periods
    }

    /// Whether the contract has ended.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }
}

/// Customers with a contract: tenures, each with the number of customers that share it.
#[derive(Debug, Clone, Default)]
pub struct TenureBase {
    tenures: Vec<Tenure>,
    counts: Vec<f64>,
}

impl TenureBase {
    /// An empty base.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `customers` customers with the same tenure.
    pub fn push(&mut self, tenure: Tenure, customers: u64) {
        self.push_count(tenure, customers as f64);
    }

    /// Adds customers with the same tenure, in a number that need not be whole: a share of a cohort.
    pub fn push_count(&mut self, tenure: Tenure, customers: f64) {
        self.tenures.push(tenure);
        self.counts.push(customers);
    }

    /// Adds a cohort by how many of its customers were left at period 0 (all of them), 1, 2, ...; numbers need not be whole.
    ///
    /// # Errors
    /// When a number is not finite, is negative, or exceeds the one before; nothing is added then.
    pub fn push_cohort(&mut self, alive: &[f64]) -> Result<(), InvalidTenure> {
        let mut before = f64::MAX;
        for (period, &alive) in alive.iter().enumerate() {
            if !(0.0..=before).contains(&alive) {
                return Err(InvalidTenure::NotFalling { period, alive, before });
            }
            before = alive;
        }
        let mut period = 0;
        for pair in alive.windows(2) {
            period += 1;
            self.push_count(Tenure { periods: period, ended: true }, pair[0] - pair[1]);
        }
        if let Some(&left) = alive.last() {
            self.push_count(Tenure { periods: period, ended: false }, left);
        }
        Ok(())
    }

    /// Adds the customers of another base.
    pub fn extend(&mut self, others: &Self) {
        self.tenures.extend_from_slice(&others.tenures);
        self.counts.extend_from_slice(&others.counts);
    }

    /// The tenures, in the order they were added.
    #[must_use]
    pub fn tenures(&self) -> &[Tenure] {
        &self.tenures
    }

    /// How many customers share each tenure.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The number of customers.
    #[must_use]
    pub fn customers(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// The number of customers whose contract has ended.
    #[must_use]
    pub fn ended(&self) -> f64 {
        self.tenures.iter().zip(&self.counts).filter(|(tenure, _)| tenure.ended).map(|(_, n)| n).sum()
    }
}

impl FromIterator<Tenure> for TenureBase {
    fn from_iter<I: IntoIterator<Item = Tenure>>(iter: I) -> Self {
        let mut base = Self::new();
        for tenure in iter {
            base.push(tenure, 1);
        }
        base
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are exact")]

    use super::*;

    #[test]
    fn a_cohort_is_its_departures_and_those_left() {
        let mut base = TenureBase::new();
        base.push_cohort(&[100.0, 60.0, 60.0, 45.0]).expect("a cohort");
        let expected = [(1, true, 40.0), (2, true, 0.0), (3, true, 15.0), (3, false, 45.0)];
        for ((tenure, count), (periods, ended, customers)) in
            base.tenures().iter().zip(base.counts()).zip(expected)
        {
            assert_eq!((tenure.periods(), tenure.ended(), *count), (periods, ended, customers));
        }
        assert_eq!((base.customers(), base.ended()), (100.0, 55.0));
    }

    #[test]
    fn tables_that_rise_are_refused() {
        for table in [&[100.0, 60.0, 61.0][..], &[f64::NAN], &[10.0, -1.0], &[f64::INFINITY, 3.0]] {
            let mut base = TenureBase::new();
            assert!(base.push_cohort(table).is_err(), "{table:?}");
            assert!(base.tenures().is_empty());
        }
        assert_eq!(Tenure::new(0, true), Err(InvalidTenure::EndedAtStart));
    }
}
