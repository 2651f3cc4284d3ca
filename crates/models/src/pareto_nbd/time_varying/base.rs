//! Customers with the times of their purchases and paths of covariates.

use super::path::{CovariatePath, InvalidPath, check_count};
use crate::{CustomerBase, Purchases, covariates::Column};

/// A customer's purchases with their times.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedPurchases {
    pub(super) first: f64,
    pub(super) times: Vec<f64>,
    pub(super) history: Purchases,
}

impl TimedPurchases {
    /// The first purchase at `first` on the clock of the covariates' path; the repeat purchases at `times` and the end of the observation
    /// at `age`, both since the first; all in one time unit.
    ///
    /// # Errors
    /// When the times are not finite or do not ascend from 0 (exclusive) to the age.
    pub fn new(first: f64, times: Vec<f64>, age: f64) -> Result<Self, InvalidPath> {
        let ascending = times.windows(2).all(|pair| pair[0] <= pair[1]);
        if !(first.is_finite() && ascending && times.first().is_none_or(|time| *time > 0.0)) {
            return Err(InvalidPath::Purchases);
        }
        let frequency = u32::try_from(times.len()).map_err(|_| InvalidPath::Purchases)?;
        let history = Purchases::new(frequency, times.last().copied().unwrap_or(0.0), age)
            .map_err(|_| InvalidPath::Purchases)?;
        Ok(Self { first, times, history })
    }

    /// When the first purchase was, on the clock of the covariates' path.
    #[must_use]
    pub const fn first(&self) -> f64 {
        self.first
    }

    /// x, `t_x` and T.
    #[must_use]
    pub const fn history(&self) -> Purchases {
        self.history
    }
}

/// The number of a path in a [`TimedBase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathNumber(pub(super) usize);

/// A customer base with covariates that change with time: customers, and the paths that they share.
#[derive(Debug, Clone, Default)]
pub struct TimedBase {
    names: Vec<String>,
    pub(super) paths: Vec<CovariatePath>,
    pub(super) customers: Vec<(TimedPurchases, PathNumber)>,
}

impl TimedBase {
    /// An empty base of customers with these covariates.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds a path, for one or more customers.
    ///
    /// # Errors
    /// When it has not as many covariates as names.
    pub fn add_path(&mut self, path: CovariatePath) -> Result<PathNumber, InvalidPath> {
        check_count(path.covariates(), self.names.len())?;
        self.paths.push(path);
        Ok(PathNumber(self.paths.len() - 1))
    }

    /// Adds a customer with a path of this base.
    ///
    /// # Errors
    /// When the path does not reach from the first purchase to the end of the observation.
    pub fn push(&mut self, customer: TimedPurchases, path: PathNumber) -> Result<(), InvalidPath> {
        let known = self.paths.get(path.0).ok_or(InvalidPath::Times)?;
        known.pieces(customer.first, customer.first + customer.history.age(), self.names.len())?;
        self.customers.push((customer, path));
        Ok(())
    }

    /// The covariates' names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The customers, each with its path, in the order they were added.
    pub fn customers(&self) -> impl Iterator<Item = (&TimedPurchases, &CovariatePath)> {
        self.customers.iter().map(|(customer, path)| (customer, &self.paths[path.0]))
    }

    /// The customers without covariates.
    #[must_use]
    pub fn histories(&self) -> CustomerBase {
        self.customers.iter().map(|(customer, _)| customer.history).collect()
    }

    /// The covariates over the customers' time of observation.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut observed: Vec<Vec<f64>> = self.paths.iter().map(|path| vec![0.0; path.steps()]).collect();
        for (customer, path) in &self.customers {
            let end = customer.first + customer.history.age();
            let pieces = self.paths[path.0].pieces(customer.first, end, self.names.len()).unwrap_or_default();
            for piece in pieces {
                observed[path.0][piece.step] += piece.length;
            }
        }
        let steps = |covariate: usize| {
            self.paths
                .iter()
                .zip(&observed)
                .flat_map(|(path, observed)| {
                    observed.iter().enumerate().map(move |(step, time)| (path, step, *time))
                })
                .filter(|(_, _, time)| *time > 0.0)
                .map(move |(path, step, time)| (path.values(step)[covariate], time))
        };
        (0..self.names.len()).map(|covariate| Column::new(steps(covariate))).collect()
    }
}
