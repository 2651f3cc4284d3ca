//! Which covariates move which process.

use std::{fmt, str::FromStr};

use super::{Design, Effect, InvalidCovariates};

/// What of a customer's behaviour a covariate moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Process {
    /// How often an active customer buys.
    Purchase,
    /// How a customer leaves.
    Dropout,
    /// The first shape of the dropout probabilities of a contractual model: those who leave.
    Alpha,
    /// The second shape: those who stay.
    Beta,
    /// How much is spent on a purchase.
    Spend,
}

impl Process {
    /// All processes.
    pub const ALL: [Self; 5] = [Self::Purchase, Self::Dropout, Self::Alpha, Self::Beta, Self::Spend];

    /// The name used on the command line and before a coefficient's: `purchase`, `dropout`, `alpha`, `beta` or `spend`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Dropout => "dropout",
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Spend => "spend",
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no process has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no process {name:?}; known are purchase, dropout, alpha, beta and spend")]
pub struct UnknownProcess {
    /// The name given.
    pub name: String,
}

impl FromStr for Process {
    type Err = UnknownProcess;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let process = Self::ALL.into_iter().find(|process| process.name() == name);
        process.ok_or_else(|| UnknownProcess { name: name.to_owned() })
    }
}

/// The parameters that a process moves: the number of each among the model's, and the sign of the coefficients in its logarithm.
pub(crate) type MovedBy = (Process, &'static [(usize, f64)]);

/// Which covariates move which process, and how strongly their coefficients are drawn to 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CovariateTerms {
    terms: Vec<(Process, String)>,
    penalties: Vec<(Process, f64)>,
}

impl CovariateTerms {
    /// No covariate on any process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All these covariates on each of these processes.
    #[must_use]
    pub fn all(covariates: &[impl AsRef<str>], processes: &[Process]) -> Self {
        let on = |terms: Self, &process: &Process| {
            covariates.iter().fold(terms, |terms, covariate| terms.on(process, covariate.as_ref()))
        };
        processes.iter().fold(Self::new(), on)
    }

    /// These terms and a covariate on a process.
    #[must_use]
    pub fn on(mut self, process: Process, covariate: impl Into<String>) -> Self {
        self.terms.push((process, covariate.into()));
        self
    }

    /// These terms with the coefficients of a process penalised: `weight` times the sum of their squares is taken from the
    /// log-likelihood. It stands for a normal prior of variance 1 / (2 `weight`) around 0 on each; 0 is none.
    #[must_use]
    pub fn penalised(mut self, process: Process, weight: f64) -> Self {
        self.penalties.retain(|(other, _)| *other != process);
        self.penalties.push((process, weight));
        self
    }

    /// The penalty's weight of a process.
    fn penalty(&self, process: Process) -> f64 {
        self.penalties.iter().find(|(other, _)| *other == process).map_or(0.0, |(_, weight)| *weight)
    }

    /// The effects that the terms stand for, of these covariates on a model of these processes.
    pub(crate) fn resolve(
        &self,
        covariates: &[String],
        model: &'static str,
        processes: &[MovedBy],
    ) -> Result<Vec<Effect>, InvalidCovariates> {
        if self.terms.is_empty() {
            return Err(InvalidCovariates::NoTerm);
        }
        let mut effects: Vec<Effect> = Vec::with_capacity(self.terms.len());
        for (process, name) in &self.terms {
            let covariate = covariates
                .iter()
                .position(|covariate| covariate == name)
                .ok_or_else(|| InvalidCovariates::Unknown { covariate: name.clone() })?;
            let (_, moves) = processes
                .iter()
                .find(|(known, _)| known == process)
                .ok_or(InvalidCovariates::NoProcess { model, process: *process })?;
            let effect = Effect { process: *process, covariate, moves };
            if effects.contains(&effect) {
                return Err(InvalidCovariates::Twice { process: *process, covariate: name.clone() });
            }
            effects.push(effect);
        }
        Ok(effects)
    }

    /// The weights of the effects' penalties.
    pub(crate) fn weights(&self, effects: &[Effect]) -> Result<Vec<f64>, InvalidCovariates> {
        for (process, weight) in &self.penalties {
            if !(*weight >= 0.0 && weight.is_finite()) {
                return Err(InvalidCovariates::Penalty { process: *process, weight: *weight });
            }
        }
        Ok(effects.iter().map(|effect| self.penalty(effect.process)).collect())
    }

    /// The effects with the covariates behind them, whose columns are given, and their penalties.
    pub(crate) fn design(
        &self,
        covariates: &[String],
        columns: &[super::Column],
        model: &'static str,
        processes: &[MovedBy],
    ) -> Result<Design, InvalidCovariates> {
        let effects = self.resolve(covariates, model, processes)?;
        let penalties = self.weights(&effects)?;
        let columns: Vec<super::Column> = effects.iter().map(|effect| columns[effect.covariate]).collect();
        for (effect, column) in effects.iter().zip(&columns) {
            if !(column.deviation > 0.0 && column.deviation.is_finite()) {
                return Err(InvalidCovariates::Constant { covariate: covariates[effect.covariate].clone() });
            }
        }
        Ok(Design { covariates: covariates.to_vec(), effects, columns, penalties })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_is_found_by_its_name() {
        for process in Process::ALL {
            assert_eq!(process.name().parse(), Ok(process));
        }
        assert!("buying".parse::<Process>().is_err());
    }
}
