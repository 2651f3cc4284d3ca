//! The fitted transaction model of each customer: one for all, or one for each set of covariates.

use std::ops::Deref;
use std::sync::Arc;

use perennial_math::random::Rng;
use perennial_models::{Fit, StaticCovariateFit, TransactionFit, TransactionModel};

use crate::history::History;

/// The fitted transaction models of a customer base.
pub(crate) struct FittedTransactions {
    /// What is known of the parameters, with the model's name in place of the model.
    about: Fit<&'static str>,
    models: Models,
}

enum Models {
    /// One model for all customers.
    Same(TransactionFit),
    /// A model for each of the profiles, by number.
    ByProfile(Box<StaticCovariateFit<Box<dyn TransactionModel>>>, Arc<Vec<Vec<f64>>>),
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
        Self { about: fit.clone_about(name), models: Models::Same(fit) }
    }

    /// A model for the customers of each profile.
    pub(crate) fn by_profile(
        fit: StaticCovariateFit<Box<dyn TransactionModel>>,
        profiles: Arc<Vec<Vec<f64>>>,
    ) -> Self {
        let name = fit.without.model.name();
        Self { about: fit.fit.clone_about(name), models: Models::ByProfile(Box::new(fit), profiles) }
    }

    /// The parameters and how surely they are known.
    pub(crate) fn fit(&self) -> &Fit<&'static str> {
        &self.about
    }

    /// The fit behind one model for all customers.
    pub(crate) fn shared(&self) -> Option<&TransactionFit> {
        match &self.models {
            Models::Same(fit) => Some(fit),
            Models::ByProfile(..) => None,
        }
    }

    /// The fit with covariates.
    pub(crate) fn covariates(&self) -> Option<&StaticCovariateFit<Box<dyn TransactionModel>>> {
        match &self.models {
            Models::Same(_) => None,
            Models::ByProfile(fit, _) => Some(fit),
        }
    }

    /// How many profiles customers may have.
    pub(crate) fn profiles(&self) -> usize {
        match &self.models {
            Models::Same(_) => 1,
            Models::ByProfile(_, profiles) => profiles.len(),
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
        }
    }
}
