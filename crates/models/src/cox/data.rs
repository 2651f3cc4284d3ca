//! Lifetimes with covariates.

use crate::{Lifetime, Name};

/// Lifetimes of customers, each with the same named covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxData {
    lifetimes: Vec<Lifetime>,
    names: Vec<Name>,
    columns: Vec<Vec<f64>>,
}

/// Why no proportional-hazards model could be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CoxError {
    /// A covariate does not have one value per lifetime.
    #[error("covariate {name} has {values} values for {lifetimes} lifetimes")]
    Length {
        /// The covariate's name.
        name: Name,
        /// How many values were given.
        values: usize,
        /// How many lifetimes there are.
        lifetimes: usize,
    },
    /// A value of a covariate is not a number, or its spread exceeds what floating point can hold.
    #[error("covariate {name} is {value} for lifetime {row}; it must be a number below 1e100")]
    Value {
        /// The covariate's name.
        name: Name,
        /// The place of the lifetime, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// There is nothing to estimate.
    #[error("no covariate was given")]
    NoCovariate,
    /// Too few customers have left.
    #[error("{ended} of {customers} customers have left; the model needs at least {needed}")]
    TooFewEnded {
        /// Customers who have left.
        ended: usize,
        /// All customers.
        customers: usize,
        /// How many are needed.
        needed: u64,
    },
}

/// The largest absolute value of a covariate, so that its variance exists.
const LARGEST: f64 = 1e100;

impl CoxData {
    /// Lifetimes without covariates yet.
    #[must_use]
    pub const fn new(lifetimes: Vec<Lifetime>) -> Self {
        Self { lifetimes, names: Vec::new(), columns: Vec::new() }
    }

    /// Adds a covariate, with one value per lifetime in their order. Categories enter as one covariate of zeros and ones for each but one.
    ///
    /// # Errors
    /// When there is not one value per lifetime, or a value is not finite (or beyond 1e100).
    pub fn with_covariate(mut self, name: impl Into<Name>, values: Vec<f64>) -> Result<Self, CoxError> {
        let name = name.into();
        if values.len() != self.lifetimes.len() {
            return Err(CoxError::Length { name, values: values.len(), lifetimes: self.lifetimes.len() });
        }
        // Written so that NaN is found too.
        if let Some(row) = values.iter().position(|value| !(-LARGEST..=LARGEST).contains(value)) {
            return Err(CoxError::Value { name, row, value: values[row] });
        }
        self.names.push(name);
        self.columns.push(values);
        Ok(self)
    }

    /// The lifetimes.
    #[must_use]
    pub fn lifetimes(&self) -> &[Lifetime] {
        &self.lifetimes
    }

    /// The covariates' names, in the order they were added.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The covariates' values, one column per covariate.
    #[must_use]
    pub fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// How many customers have left.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.lifetimes.iter().filter(|lifetime| lifetime.ended()).count()
    }
}
