//! Gamma-Gamma with covariates: what is known of customers besides their purchases moves the scale of their spend.
//!
//! ```text
//! gamma_i = gamma exp(delta' z_i),     f(m | z_i) = f(m | p, q, gamma_i; x),     E[M_i] = p gamma exp(delta' z_i) / (q - 1)
//! ```
//!
//! A unit more of a covariate multiplies the spend expected of a new customer by exp(delta). Everything else is the model without
//! covariates, at the customer's own gamma ([`CovariateModel::model_for`](crate::CovariateModel::model_for)).

use super::GammaGamma;
use crate::{
    CovariateBase, CovariateFitError, CovariateTerms, FitError, MeanSpend, Process, StaticCovariateFit,
    covariates::{self, Moved, MovedBy, WholeBase},
    estimation::Problem,
};

/// The mean spends of customers, each with the number of customers that share it.
#[derive(Debug, Clone, Default)]
pub struct SpendBase {
    spends: Vec<MeanSpend>,
    counts: Vec<f64>,
}

impl SpendBase {
    /// Adds `customers` customers with the same mean spend.
    pub fn push(&mut self, spend: MeanSpend, customers: u64) {
        self.spends.push(spend);
        self.counts.push(customers as f64);
    }
}

impl WholeBase for SpendBase {
    fn size(&self) -> f64 {
        self.counts.iter().sum()
    }

    fn absorb(&mut self, others: &Self) {
        self.spends.extend_from_slice(&others.spends);
        self.counts.extend_from_slice(&others.counts);
    }
}

impl GammaGamma {
    /// Fits by maximum likelihood with covariates that move gamma ([`Process::Spend`]).
    ///
    /// The fit without covariates, which comes along, may have a q at or below 1.
    ///
    /// # Errors
    /// As [`Self::fit`], and when the terms do not fit the covariates; see [`InvalidCovariates`](crate::InvalidCovariates).
    pub fn fit_with_covariates(
        customers: &CovariateBase<SpendBase>,
        terms: &CovariateTerms,
    ) -> Result<StaticCovariateFit<Self>, CovariateFitError> {
        let fitted = covariates::fit::<Self>(customers, terms)?;
        let q = fitted.fit.model.base().q();
        if q > 1.0 { Ok(fitted) } else { Err(FitError::NoMeanSpend { q }.into()) }
    }
}

impl Moved for GammaGamma {
    type Base = SpendBase;

    // p, q, gamma.
    const PROCESSES: &'static [MovedBy] = &[(Process::Spend, &[(2, 1.0)])];

    fn whole_problem(customers: &SpendBase) -> Result<Problem, FitError> {
        Self::problem(&customers.spends, &customers.counts)
    }

    fn group_problem(customers: &SpendBase) -> Result<Problem, FitError> {
        Ok(Self::problem_of(&customers.spends, &customers.counts))
    }
}
