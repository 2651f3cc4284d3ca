//! The fitted transaction model of each customer: one for all, one for each set of covariates, or one for each group.

use std::ops::Deref;
use std::sync::Arc;

use perennial_math::random::Rng;
use perennial_models::saved::SavedFit;
use perennial_models::{
    Estimated, Fit, Pooled, Sample, Scale, StaticCovariateFit, TransactionFit, TransactionModel,
};

use crate::Error;
use crate::history::History;

/// The fitted transaction models of a customer base.
pub(crate) struct FittedTransactions {
    /// What is known of the parameters, with the model's name in place of the model.
    about: Fit<&'static str>,
    models: Models,
}

enum Models {
    /// One model for all customers.
    Same(Box<TransactionFit>),
    /// A model for each of the profiles, by number.
    ByProfile(Box<StaticCovariateFit<Box<dyn TransactionModel>>>, Arc<Vec<Vec<f64>>>),
    /// A model for each group, by number.
    ByGroup(Vec<TransactionFit>),
}

/// A customer's model: one of all customers', or made for the customer.
pub(crate) enum CustomerModel<'a> {
    Shared(&'a (dyn TransactionModel + 'static)),
    Own(Box<dyn TransactionModel>),
}

impl Deref for CustomerModel<'_> {
    type Target = dyn TransactionModel;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Shared(model) => *model,
            Self::Own(model) => model.as_ref(),
        }
    }
}

impl FittedTransactions {
    /// One model for all customers.
    pub(crate) fn same(fit: TransactionFit) -> Self {
        let name = fit.model.name();
        Self { about: fit.clone_about(name), models: Models::Same(Box::new(fit)) }
    }

    /// The model of a saved fit.
    pub(crate) fn saved(saved: &SavedFit) -> Result<Self, Error> {
        let fit = &saved.transactions;
        let values: Vec<f64> = fit.model.parameters().iter().map(|(_, value)| *value).collect();
        let model = fit
            .model
            .with_parameters(&values)
            .map_err(|error| Error::Saved { problem: error.to_string() })?;
        Ok(Self::same(fit.clone_about(model)))
    }

    /// A model for the customers of each profile.
    pub(crate) fn by_profile(
        fit: StaticCovariateFit<Box<dyn TransactionModel>>,
        profiles: Arc<Vec<Vec<f64>>>,
    ) -> Self {
        let name = fit.without.model.name();
        let mut about = fit.fit.clone_about(name);
        hold_unknown_coefficients(&mut about);
        Self { about, models: Models::ByProfile(Box::new(fit), profiles) }
    }

    /// A model for the customers of each group; the parameters are those of all groups, one group after the other.
    pub(crate) fn by_group(pooled: Pooled, names: &[String]) -> Self {
        let fits = pooled.groups;
        let model = pooled.population.model.name();
        let parameters: Vec<Estimated> = fits
            .iter()
            .zip(names)
            .flat_map(|(fit, group)| {
                fit.parameters
                    .iter()
                    .map(move |p| Estimated { name: format!("{group}.{}", p.name).into(), ..p.clone() })
            })
            .collect();
        let about = Fit {
            model,
            covariance: blocks(&fits, parameters.len()),
            parameters,
            sample: joined(&fits),
            log_likelihood: fits.iter().map(|fit| fit.log_likelihood).sum(),
            outcome: pooled.population.outcome,
            customers: fits.iter().map(|fit| fit.customers).sum(),
            evaluations: pooled.population.evaluations,
        };
        Self { about, models: Models::ByGroup(fits) }
    }

    /// The parameters and how surely they are known.
    pub(crate) fn fit(&self) -> &Fit<&'static str> {
        &self.about
    }

    /// The fit behind one model for all customers.
    pub(crate) fn shared(&self) -> Option<&TransactionFit> {
        match &self.models {
            Models::Same(fit) => Some(fit),
            Models::ByProfile(..) | Models::ByGroup(_) => None,
        }
    }

    /// The fit with covariates.
    pub(crate) fn covariates(&self) -> Option<&StaticCovariateFit<Box<dyn TransactionModel>>> {
        match &self.models {
            Models::Same(_) | Models::ByGroup(_) => None,
            Models::ByProfile(fit, _) => Some(fit),
        }
    }

    /// How many profiles customers may have.
    pub(crate) fn profiles(&self) -> usize {
        match &self.models {
            Models::Same(_) => 1,
            Models::ByProfile(_, profiles) => profiles.len(),
            Models::ByGroup(fits) => fits.len(),
        }
    }

    /// The model of the customers of a profile. Covariates that move a parameter out of range leave it where it is without them.
    pub(crate) fn of(&self, profile: u32) -> CustomerModel<'_> {
        match &self.models {
            Models::Same(fit) => CustomerModel::Shared(fit.model.as_ref()),
            Models::ByProfile(fit, profiles) => profiles
                .get(profile as usize)
                .and_then(|covariates| fit.fit.model.model_for(covariates).ok())
                .map_or(CustomerModel::Shared(fit.without.model.as_ref()), CustomerModel::Own),
            // Groups are numbered by the same file that numbers the customers' profiles.
            Models::ByGroup(fits) => {
                CustomerModel::Shared(fits[(profile as usize).min(fits.len() - 1)].model.as_ref())
            }
        }
    }

    /// The same under other values of the parameters; `None` where they are no parameters of the model.
    pub(crate) fn at(&self, values: &[f64], profile: u32) -> Option<Box<dyn TransactionModel>> {
        match &self.models {
            Models::Same(fit) => fit.model.with_parameters(values).ok(),
            Models::ByProfile(fit, profiles) => {
                let drawn = fit.fit.model.with_parameters(values).ok()?;
                drawn.model_for(profiles.get(profile as usize)?).ok()
            }
            Models::ByGroup(fits) => {
                let fit = fits.get(profile as usize)?;
                let count = fit.parameters.len();
                let first = profile as usize * count;
                fit.model.with_parameters(values.get(first..first + count)?).ok()
            }
        }
    }

    /// At most `n` sets of parameter values as likely as the data make them.
    pub(crate) fn draw_values(&self, n: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
        self.about.draw_values(n, rng)
    }

    /// Whether customers of these two histories, if active, have the same future.
    pub(crate) fn same_future(&self, a: &History, b: &History) -> bool {
        let same_age = a.frequency == b.frequency
            && a.age == b.age
            && a.paid_repeats == b.paid_repeats
            && a.profile == b.profile;
        same_age && (self.forgets_recency() || (a.recency == b.recency && a.rhythm == b.rhythm))
    }

    fn forgets_recency(&self) -> bool {
        match &self.models {
            Models::Same(fit) => fit.model.forgets_recency(),
            Models::ByProfile(fit, _) => fit.without.model.forgets_recency(),
            Models::ByGroup(fits) => fits.iter().all(|fit| fit.model.forgets_recency()),
        }
    }
}

/// Takes the spread from coefficients that the data say nothing about: drawn from it, they would make customers who buy without end.
fn hold_unknown_coefficients(fit: &mut Fit<&'static str>) {
    for (place, parameter) in fit.parameters.iter().enumerate() {
        if parameter.scale == Scale::Identity && parameter.standard_error.is_none() {
            for (row, entries) in fit.covariance.iter_mut().enumerate() {
                for (column, entry) in entries.iter_mut().enumerate() {
                    if row == place || column == place {
                        *entry = 0.0;
                    }
                }
            }
        }
    }
}

/// The groups' covariances along the diagonal.
fn blocks(fits: &[TransactionFit], size: usize) -> Vec<Vec<f64>> {
    let mut all = vec![vec![0.0; size]; size];
    let mut first = 0;
    for fit in fits {
        for (row, entries) in fit.covariance.iter().enumerate() {
            all[first + row][first..first + entries.len()].copy_from_slice(entries);
        }
        first += fit.covariance.len();
    }
    all
}

/// The groups' draws side by side: they were drawn together.
fn joined(fits: &[TransactionFit]) -> Option<Sample> {
    let samples: Vec<&Sample> = fits.iter().map(|fit| fit.sample.as_ref()).collect::<Option<_>>()?;
    let draws = samples.iter().map(|sample| sample.values.len()).min()?;
    let row = |draw: usize| samples.iter().flat_map(|sample| sample.values[draw].iter().copied()).collect();
    Some(Sample { values: (0..draws).map(row).collect(), origin: samples.first()?.origin.clone() })
}
