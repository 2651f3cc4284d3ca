//! Full Bayes: parameters drawn from their posterior distribution by the No-U-Turn Sampler.
//!
//! The chains start around the maximum of the posterior density and move in coordinates in which it is about standard normal (see
//! [`posterior`](super::posterior)): a transition then takes a handful of evaluations and the warm-up can be short.

use super::{
    Diagnostics, Priors, Problem,
    nuts::{self, Plan, Trace},
    posterior::Posterior,
    summary::Summary,
};
use crate::{Fit, FitError, InvalidParameters, Outcome, Sample, SampleOrigin};

/// How to sample from a posterior distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// The number of chains, 1 to 1,000; with one alone R-hat sees only its two halves.
    pub chains: usize,
    /// Draws kept per chain, 4 to 1,000,000.
    pub draws: usize,
    /// Transitions per chain before, in which the step is tuned; at most 1,000,000, some hundred are enough.
    pub warm_up: usize,
    /// The share of proposals to be accepted, in (0, 1): higher means smaller steps and fewer divergences.
    pub target_accept: f64,
    /// Equal seeds give equal draws.
    pub seed: u64,
    /// What is held to be likely before the data are seen.
    pub priors: Priors,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { chains: 4, draws: 1000, warm_up: 500, target_accept: 0.9, seed: 1, priors: Priors::new() }
    }
}

impl Sampling {
    /// What the sampler is told.
    pub(super) fn plan(&self) -> Result<Plan, FitError> {
        const MOST: usize = 1_000_000;
        let wrong = |what| Err(FitError::Settings { what });
        if !(1..=1000).contains(&self.chains) {
            return wrong("the number of chains must lie between 1 and 1,000");
        }
        if !(4..=MOST).contains(&self.draws) || self.warm_up > MOST {
            return wrong(
                "draws per chain must lie between 4 and 1,000,000, the warm-up at or below 1,000,000",
            );
        }
        if !(self.target_accept > 0.0 && self.target_accept < 1.0) {
            return wrong("the share of proposals to be accepted must lie between 0 and 1");
        }
        Ok(Plan {
            chains: self.chains,
            draws: self.draws,
            warm_up: self.warm_up,
            target_accept: self.target_accept,
            seed: self.seed,
        })
    }
}

impl Problem {
    /// Draws from the posterior distribution; `make` turns the posterior means (taken on the coordinates) into the model.
    ///
    /// Draws that `keep` refuses are left out, which bounds the prior to what it accepts.
    pub(crate) fn sample<M>(
        &self,
        sampling: &Sampling,
        keep: impl Fn(&[f64]) -> bool,
        make: impl FnOnce(&[f64]) -> Result<M, InvalidParameters>,
    ) -> Result<Fit<M>, FitError> {
        let density = Posterior::new(self, sampling.priors.of(self)?).whitened()?;
        let failed = |reason| FitError::Sampling { model: self.model, reason };
        let traces = nuts::sample(&density, sampling.plan()?).map_err(failed)?;
        let chains = coordinates_of(&traces, |position| density.coordinates(position));
        let diagnostics = Diagnostics::of(&chains, traces.iter().map(|trace| trace.divergences).sum());
        let values: Vec<Vec<f64>> =
            chains.iter().flatten().map(|draw| self.values_at(draw)).filter(|values| keep(values)).collect();
        if values.len() < 2 {
            return Err(failed("no draw is a model that can be used".to_owned()));
        }
        let evaluations = traces.iter().map(|trace| trace.evaluations).sum();
        self.fit_of_sample(Sample { values, origin: SampleOrigin::Posterior(diagnostics) }, evaluations, make)
    }

    /// The fit at the means of a sample.
    pub(super) fn fit_of_sample<M>(
        &self,
        sample: Sample,
        evaluations: usize,
        make: impl FnOnce(&[f64]) -> Result<M, InvalidParameters>,
    ) -> Result<Fit<M>, FitError> {
        let Summary { parameters, covariance } = Summary::of(&self.parameters, &sample.values);
        let values: Vec<f64> = parameters.iter().map(|parameter| parameter.value).collect();
        let model = make(&values).map_err(|_| FitError::NotFinite { model: self.model })?;
        Ok(Fit {
            model,
            log_likelihood: self.log_likelihood_at(&values),
            parameters,
            covariance,
            sample: Some(sample),
            outcome: Outcome::Converged,
            customers: self.customers,
            evaluations,
        })
    }
}

/// The draws of each chain, each turned by `turn`.
pub(super) fn coordinates_of(traces: &[Trace], turn: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<Vec<f64>>> {
    traces.iter().map(|trace| trace.draws.iter().map(|position| turn(position)).collect()).collect()
}
