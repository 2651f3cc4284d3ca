//! Partial pooling: groups of customers (channels, cohorts) whose parameters differ, but not wildly.
//!
//! ```text
//! theta_g ~ Normal(mu, diag(tau^2))            the coordinates of group g's parameters
//! data_g | theta_g                             the model's likelihood, group by group
//! tau_j ~ HalfNormal(spread),  mu_j            as the prior of parameter j
//! ```
//!
//! A large group is estimated from its own customers; of a small one, which says little, the estimate is drawn towards the others, the more
//! so the more alike they are. A group without any customer has the distribution of a group not yet seen.
//!
//! Source: A. Gelman, J. Hill, Data Analysis Using Regression and Multilevel/Hierarchical Models (2007), chapter 12.

mod hierarchy;
mod start;

use perennial_math::statistics::{mean, variance};

use super::{
    Diagnostics, Estimable, Parameter, Problem, Sampling, Trouble, bayes::coordinates_of, model_like, nuts,
    problem_like, require_repeat_customers,
};
use crate::{
    CustomerBase, Estimated, Fit, FitError, Sample, SampleOrigin, Scale, TransactionFit, TransactionModel,
};
use hierarchy::Hierarchy;

/// How to pool groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooling {
    /// The sampler's settings; its priors are those of the population's parameters.
    pub sampling: Sampling,
    /// The scale of the half-normal prior on how much the groups' coordinates differ (tau, a standard deviation): with 0.5 most groups'
    /// parameters are held to lie within a factor of e of the population's.
    pub spread: f64,
}

impl Default for Pooling {
    fn default() -> Self {
        Self { sampling: Sampling::default(), spread: 0.5 }
    }
}

/// Groups of customers, estimated together.
#[derive(Debug)]
pub struct Pooled {
    /// The fit of each group, in the order given, with its sample.
    pub groups: Vec<TransactionFit>,
    /// The fit at the middle of the population of groups (mu).
    pub population: TransactionFit,
    /// How much the groups differ: tau per parameter, a standard deviation of the parameter's coordinate.
    pub spread: Vec<Estimated>,
    /// How far the draws of the spread can be trusted.
    pub spread_diagnostics: Diagnostics,
}

impl Pooled {
    /// What is wrong with the sample of a group, the population or the spread; the first found.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let of_fit = |fit: &TransactionFit| match &fit.sample.as_ref()?.origin {
            SampleOrigin::Posterior(diagnostics) => diagnostics.trouble(),
            SampleOrigin::Bootstrap { .. } => None,
        };
        let mut fits = self.groups.iter().chain([&self.population]);
        self.spread_diagnostics.trouble().or_else(|| fits.find_map(of_fit))
    }
}

/// Estimates a model's parameters of every group together.
pub(crate) fn pool<M: Estimable + TransactionModel + 'static>(
    groups: &[CustomerBase],
    pooling: &Pooling,
) -> Result<Pooled, FitError> {
    if groups.is_empty() {
        return Err(FitError::Settings { what: "there must be at least one group to pool" });
    }
    if !(pooling.spread > 0.0 && pooling.spread.is_finite()) {
        return Err(FitError::Settings { what: "the spread of the groups must be positive and finite" });
    }
    let plan = pooling.sampling.plan()?;
    let mut all = CustomerBase::new();
    for group in groups {
        all.extend(group);
    }
    require_repeat_customers(all.repeat_customers(), all.customers())?;
    let chosen = M::chosen(&all)?;
    let whole = problem_like(chosen.as_ref(), &all)?;
    let priors = pooling.sampling.priors.of(&whole)?;
    let problems: Vec<Problem> =
        groups.iter().map(|group| problem_like(chosen.as_ref(), group)).collect::<Result<_, _>>()?;
    let hierarchy = Hierarchy::new(&whole, &problems, priors, pooling.spread)?;
    let failed = |reason| FitError::Sampling { model: whole.model, reason };
    let traces = nuts::sample(&hierarchy, plan).map_err(failed)?;
    let divergences = traces.iter().map(|trace| trace.divergences).sum();
    let evaluations = traces.iter().map(|trace| trace.evaluations).sum();
    let make = |values: &[f64]| model_like(chosen.as_ref(), values);
    let fit_of = |problem: &Problem, part: &dyn Fn(&[f64]) -> Vec<f64>| -> Result<TransactionFit, FitError> {
        let chains = coordinates_of(&traces, part);
        let values = chains.iter().flatten().map(|draw| whole.values_at(draw)).collect();
        let origin = SampleOrigin::Posterior(Diagnostics::of(&chains, divergences));
        let fit: Fit<M> = problem.fit_of_sample(Sample { values, origin }, evaluations, make)?;
        Ok(fit.into_dyn())
    };
    let spreads = coordinates_of(&traces, |position| hierarchy.log_spread(position));
    Ok(Pooled {
        groups: (0..groups.len())
            .map(|group| fit_of(&problems[group], &|position| hierarchy.group(position, group)))
            .collect::<Result<_, _>>()?,
        population: fit_of(&whole, &|position| hierarchy.population(position))?,
        spread: spread_estimates(&whole.parameters, &spreads.concat()),
        spread_diagnostics: Diagnostics::of(&spreads, divergences),
    })
}

/// The mean and standard deviation of tau, from draws of its logarithm.
fn spread_estimates(parameters: &[Parameter], draws: &[Vec<f64>]) -> Vec<Estimated> {
    let estimate = |(i, parameter): (usize, &Parameter)| {
        let values: Vec<f64> = draws.iter().map(|draw| draw[i].exp()).collect();
        Estimated {
            name: parameter.name.clone(),
            value: mean(&values),
            standard_error: Some(variance(&values).sqrt()).filter(|sd| sd.is_finite()),
            scale: Scale::Log,
        }
    };
    parameters.iter().enumerate().map(estimate).collect()
}
