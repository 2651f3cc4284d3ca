//! A model whose customers' parameters depend on covariates.

use super::{InvalidCovariates, Process, base::check};
use crate::{InvalidParameters, Parameters, TransactionModel};

/// A covariate's effect on a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effect {
    pub(crate) process: Process,
    /// The covariate's number.
    pub(crate) covariate: usize,
    /// The parameters moved, each with the sign of the coefficient in its logarithm.
    pub(crate) moves: &'static [(usize, f64)],
}

/// A model with covariates: the parameters of a customer whose covariates are all 0, and how covariates move them.
#[derive(Debug, Clone, PartialEq)]
pub struct CovariateModel<M> {
    base: M,
    covariates: Vec<String>,
    effects: Vec<Effect>,
    coefficients: Vec<f64>,
}

impl<M> CovariateModel<M> {
    pub(crate) fn new(
        base: M,
        covariates: Vec<String>,
        effects: Vec<Effect>,
        coefficients: Vec<f64>,
    ) -> Self {
        Self { base, covariates, effects, coefficients }
    }

    /// The model of a customer whose covariates are all 0.
    pub fn base(&self) -> &M {
        &self.base
    }

    /// The covariates' names, in the order of [`CovariateModel::model_for`]'s values; those without effect included.
    pub fn covariates(&self) -> &[String] {
        &self.covariates
    }

    /// The coefficients: the process, the covariate's name and the value.
    pub fn coefficients(&self) -> impl Iterator<Item = (Process, &str, f64)> {
        self.effects
            .iter()
            .zip(&self.coefficients)
            .map(|(effect, &value)| (effect.process, self.covariates[effect.covariate].as_str(), value))
    }

    /// The effects, in the order of the coefficients.
    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// The logarithm of the factor by which covariates speed up a process: gamma' z. Values missing count as 0.
    pub(crate) fn log_factor(&self, process: Process, covariates: &[f64]) -> f64 {
        let term = |(effect, coefficient): (&Effect, &f64)| {
            coefficient * covariates.get(effect.covariate).copied().unwrap_or(0.0)
        };
        self.effects
            .iter()
            .zip(&self.coefficients)
            .filter(|(effect, _)| effect.process == process)
            .map(term)
            .sum()
    }

    /// The same with the base model turned into another type.
    pub(crate) fn map<N>(self, turn: impl FnOnce(M) -> N) -> CovariateModel<N> {
        CovariateModel {
            base: turn(self.base),
            covariates: self.covariates,
            effects: self.effects,
            coefficients: self.coefficients,
        }
    }

    /// Base parameters moved by covariates.
    fn moved(&self, mut values: Vec<f64>, covariates: &[f64]) -> Result<Vec<f64>, InvalidCovariates> {
        check(&self.covariates, covariates)?;
        let mut shifts = vec![0.0; values.len()];
        for (effect, coefficient) in self.effects.iter().zip(&self.coefficients) {
            for (parameter, sign) in effect.moves {
                shifts[*parameter] += sign * coefficient * covariates[effect.covariate];
            }
        }
        for (value, shift) in values.iter_mut().zip(&shifts).filter(|(_, shift)| **shift != 0.0) {
            // In logs: the value at covariates 0 may be far from that of any customer.
            *value = (value.ln() + shift).exp();
        }
        Ok(values)
    }

    /// The coefficients among the values of a fit's parameters, which begin with those of the base model.
    fn split<'a>(&self, values: &'a [f64]) -> Result<(&'a [f64], &'a [f64]), InvalidParameters> {
        let count = InvalidParameters::Count { given: values.len(), expected: self.coefficients.len() };
        let first = values.len().checked_sub(self.coefficients.len()).ok_or(count)?;
        let (base, coefficients) = values.split_at(first);
        for (effect, &value) in self.effects.iter().zip(coefficients) {
            if !value.is_finite() {
                let name = effect.name(&self.covariates).into();
                return Err(InvalidParameters::NotFinite { name, value });
            }
        }
        Ok((base, coefficients))
    }
}

impl Effect {
    /// The coefficient's name, for example `purchase.Gender`.
    pub(crate) fn name(&self, covariates: &[String]) -> String {
        format!("{}.{}", self.process, covariates[self.covariate])
    }
}

impl<M: Parameters> CovariateModel<M> {
    /// The model of a customer with these covariates, in the order of [`CovariateModel::covariates`].
    ///
    /// # Errors
    /// When there are not as many values as covariates, one is not finite, or they move a parameter out of range.
    pub fn model_for(&self, covariates: &[f64]) -> Result<M, InvalidCovariates> {
        Ok(M::from_values(&self.moved(self.base.values(), covariates)?)?)
    }

    /// The same effects with other parameters, in the order of the fit's: for draws ([`crate::Fit::draw_values`]).
    ///
    /// # Errors
    /// When there are not as many as in the fit, or one is out of range.
    pub fn with_parameters(&self, values: &[f64]) -> Result<Self, InvalidParameters> {
        let (base, coefficients) = self.split(values)?;
        let (base, coefficients) = (M::from_values(base)?, coefficients.to_vec());
        Ok(Self::new(base, self.covariates.clone(), self.effects.clone(), coefficients))
    }
}

impl CovariateModel<Box<dyn TransactionModel>> {
    /// The model of a customer with these covariates, in the order of [`CovariateModel::covariates`].
    ///
    /// # Errors
    /// When there are not as many values as covariates, one is not finite, or they move a parameter out of range.
    pub fn model_for(&self, covariates: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidCovariates> {
        let values = self.base.parameters().into_iter().map(|(_, value)| value).collect();
        Ok(self.base.with_parameters(&self.moved(values, covariates)?)?)
    }

    /// The same effects with other parameters, in the order of the fit's: for draws ([`crate::Fit::draw_values`]).
    ///
    /// # Errors
    /// When there are not as many as in the fit, or one is out of range.
    pub fn with_parameters(&self, values: &[f64]) -> Result<Self, InvalidParameters> {
        let (base, coefficients) = self.split(values)?;
        Ok(Self::new(
            self.base.with_parameters(base)?,
            self.covariates.clone(),
            self.effects.clone(),
            coefficients.to_vec(),
        ))
    }
}
