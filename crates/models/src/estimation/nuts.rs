//! The No-U-Turn Sampler (Hoffman and Gelman 2014) on a smooth density: several chains in parallel, each from its own random stream.

use std::{collections::HashMap, fmt};

use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};
use perennial_math::{
    parallel,
    random::{Rng, standard_normal, stream},
};

/// A density that is about standard normal, whatever it was made from.
pub(super) trait Density: Sync {
    /// The number of coordinates.
    fn dimension(&self) -> usize;

    /// The logarithm of the density up to a constant; writes its gradient.
    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64;
}

/// How to sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) chains: usize,
    pub(super) draws: usize,
    pub(super) warm_up: usize,
    pub(super) target_accept: f64,
    pub(super) seed: u64,
}

/// What one chain gave.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    /// The positions kept.
    pub(super) draws: Vec<Vec<f64>>,
    /// The transitions among them that diverged.
    pub(super) divergences: usize,
    /// How often the density was evaluated, the warm-up included.
    pub(super) evaluations: usize,
}

/// The standard deviation of the chains' starts around 0: wider than the density, so that R-hat can tell.
const START_SPREAD: f64 = 1.5;

/// How often a start at which the density is not finite is moved half the way to 0.
const START_TRIES: usize = 20;

/// Samples; the same for equal seeds on any number of threads.
pub(super) fn sample(density: &impl Density, plan: Plan) -> Result<Vec<Trace>, String> {
    parallel::map(plan.chains, |chain| trace(density, plan, chain as u64)).into_iter().collect()
}

fn trace(density: &impl Density, plan: Plan, chain: u64) -> Result<Trace, String> {
    let mut rng = stream(plan.seed, chain);
    let start = start(density, &mut rng).ok_or("the density is not finite where the chains start")?;
    let mut settings = DiagNutsSettings { num_tune: plan.warm_up as u64, ..DiagNutsSettings::default() };
    settings.adapt_options.step_size_settings.target_accept = plan.target_accept;
    let failed = |error: &dyn fmt::Display| error.to_string();
    let mut sampler = settings
        .new_chain(chain, CpuMath::new(Sampled(density)), &mut rng)
        .map_err(|error| failed(&error))?;
    sampler.set_position(&start).map_err(|error| failed(&error))?;
    let mut trace = Trace { draws: Vec::with_capacity(plan.draws), divergences: 0, evaluations: 0 };
    for transition in 0..plan.warm_up + plan.draws {
        let (position, progress) = sampler.draw().map_err(|error| failed(&error))?;
        trace.evaluations += usize::try_from(progress.num_gradients).unwrap_or(usize::MAX);
        if transition >= plan.warm_up {
            trace.divergences += usize::from(progress.diverging);
            trace.draws.push(position.into_vec());
        }
    }
    Ok(trace)
}

/// A point where the density is finite, drawn around 0.
fn start(density: &impl Density, rng: &mut Rng) -> Option<Vec<f64>> {
    let mut start: Vec<f64> = (0..density.dimension()).map(|_| START_SPREAD * standard_normal(rng)).collect();
    let mut gradient = vec![0.0; start.len()];
    for _ in 0..START_TRIES {
        let value = density.value_and_gradient(&start, &mut gradient);
        if value.is_finite() && gradient.iter().all(|slope| slope.is_finite()) {
            return Some(start);
        }
        for coordinate in &mut start {
            *coordinate *= 0.5;
        }
    }
    None
}

/// A density as the sampler takes it.
struct Sampled<'a, D>(&'a D);

/// The density is zero or cannot be computed at a point; the sampler takes it as a divergence and goes on.
#[derive(Debug, thiserror::Error)]
#[error("the density is not finite")]
struct NotFinite;

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl<D: Density> HasDims for Sampled<'_, D> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.0.dimension() as u64)])
    }
}

impl<D: Density> CpuLogpFunc for Sampled<'_, D> {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.0.dimension()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let value = self.0.value_and_gradient(position, gradient);
        let finite = value.is_finite() && gradient.iter().all(|slope| slope.is_finite());
        if finite { Ok(value) } else { Err(NotFinite) }
    }

    fn expand_vector<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _rng: &mut R,
        position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}
