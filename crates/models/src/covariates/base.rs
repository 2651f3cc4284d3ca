//! Customers grouped by their covariates.

use std::collections::HashMap;

use super::Process;
use crate::{CustomerBase, FitError, InvalidParameters, Purchases, TenureBase};

/// Why covariates cannot be taken, or no model be had from them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidCovariates {
    /// Not as many values as covariates.
    #[error("{given} values given of {expected} covariates")]
    Count {
        /// How many were given.
        given: usize,
        /// How many there are.
        expected: usize,
    },
    /// A value that is not a finite number.
    #[error("covariate {covariate} is {value}; it must be finite")]
    NotFinite {
        /// The covariate's name.
        covariate: String,
        /// The value given.
        value: f64,
    },
    /// A name that no covariate has.
    #[error("there is no covariate {covariate:?}")]
    Unknown {
        /// The name given.
        covariate: String,
    },
    /// A process that the model does not have.
    #[error("{model} has no {process} process that covariates could move")]
    NoProcess {
        /// The model's name.
        model: &'static str,
        /// The process given.
        process: Process,
    },
    /// A kind of model that covariates cannot move.
    #[error("{model} takes no covariates")]
    NoneTaken {
        /// The model's name.
        model: &'static str,
    },
    /// The same covariate twice on one process.
    #[error("covariate {covariate} is given twice for the {process} process")]
    Twice {
        /// The process.
        process: Process,
        /// The covariate's name.
        covariate: String,
    },
    /// No covariate on any process.
    #[error("no covariate is given for any process")]
    NoTerm,
    /// The same value for all customers: the coefficient would be part of the model's own parameters.
    #[error("covariate {covariate} is the same for all customers")]
    Constant {
        /// The covariate's name.
        covariate: String,
    },
    /// A penalty that is negative or not finite.
    #[error("the penalty of the {process} process is {weight}; it must be finite and not negative")]
    Penalty {
        /// The process.
        process: Process,
        /// The weight given.
        weight: f64,
    },
    /// The covariates move a parameter out of range.
    #[error(transparent)]
    Parameters(#[from] InvalidParameters),
}

/// Why no model with covariates could be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CovariateFitError {
    /// For a reason that has nothing to do with covariates.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The covariates, or the terms asked for.
    #[error(transparent)]
    Covariates(#[from] InvalidCovariates),
}

/// Customers of one model's data that can be put together.
pub(crate) trait WholeBase: Default {
    /// The number of customers.
    fn size(&self) -> f64;

    /// Adds other customers.
    fn absorb(&mut self, others: &Self);
}

impl WholeBase for CustomerBase {
    fn size(&self) -> f64 {
        self.customers()
    }

    fn absorb(&mut self, others: &Self) {
        self.extend(others);
    }
}

impl WholeBase for TenureBase {
    fn size(&self) -> f64 {
        self.customers()
    }

    fn absorb(&mut self, others: &Self) {
        self.extend(others);
    }
}

/// Customers that have the same covariates.
#[derive(Debug, Clone, Default)]
pub struct CovariateGroup<B> {
    /// The covariates' values, in the order of their names.
    pub covariates: Vec<f64>,
    /// The customers.
    pub customers: B,
}

/// A customer base with covariates: the distinct covariate vectors, each with the customers that have it.
#[derive(Debug, Clone)]
pub struct CovariateBase<B = CustomerBase> {
    names: Vec<String>,
    groups: Vec<CovariateGroup<B>>,
    places: HashMap<Vec<u64>, usize>,
}

impl<B: Default> CovariateBase<B> {
    /// An empty base of customers with these covariates.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        Self { names, groups: Vec::new(), places: HashMap::new() }
    }

    /// The customers with these covariates, to which more can be added.
    ///
    /// # Errors
    /// When there are not as many values as names, or one is not finite.
    pub fn group(&mut self, covariates: &[f64]) -> Result<&mut B, InvalidCovariates> {
        check(&self.names, covariates)?;
        // Adding 0 turns -0 into 0.
        let key: Vec<u64> = covariates.iter().map(|value| (value + 0.0).to_bits()).collect();
        let place = *self.places.entry(key).or_insert_with(|| {
            self.groups.push(CovariateGroup { covariates: covariates.to_vec(), customers: B::default() });
            self.groups.len() - 1
        });
        Ok(&mut self.groups[place].customers)
    }

    /// The covariates' names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The groups, in the order in which their covariates first came.
    #[must_use]
    pub fn groups(&self) -> &[CovariateGroup<B>] {
        &self.groups
    }
}

impl CovariateBase {
    /// Adds `customers` customers with the same history and covariates.
    ///
    /// # Errors
    /// When there are not as many values as names, or one is not finite.
    pub fn push(
        &mut self,
        covariates: &[f64],
        history: Purchases,
        customers: u64,
    ) -> Result<(), InvalidCovariates> {
        self.group(covariates)?.push(history, customers);
        Ok(())
    }
}

/// Refuses values that do not fit the names or are not finite.
pub(crate) fn check(names: &[String], covariates: &[f64]) -> Result<(), InvalidCovariates> {
    if covariates.len() != names.len() {
        return Err(InvalidCovariates::Count { given: covariates.len(), expected: names.len() });
    }
    match names.iter().zip(covariates).find(|(_, value)| !value.is_finite()) {
        Some((name, &value)) => Err(InvalidCovariates::NotFinite { covariate: name.clone(), value }),
        None => Ok(()),
    }
}
