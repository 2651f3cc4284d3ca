//! The fitted transaction model of each customer.

use std::ops::Deref;

use perennial_math::random::Rng;
use perennial_models::{Fit, TransactionFit, TransactionModel};

use crate::history::History;

/// The fitted transaction models of a customer base: one for all customers.
pub(crate) struct FittedTransactions {
    fit: TransactionFit,
}

/// A customer's model: one of all customers', or made for the customer.
pub(crate) enum CustomerModel<'a> {
    Shared(&'a (dyn TransactionModel + 'static)),
    #[expect(dead_code, reason = "until customers differ by covariates")]
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
        Self { fit }
    }

    /// The fit, for its parameters and how surely they are known.
    pub(crate) fn fit(&self) -> &Fit<Box<dyn TransactionModel>> {
        &self.fit
    }

    /// The model of the customers with these covariates.
    pub(crate) fn of(&self, _profile: u32) -> CustomerModel<'_> {
        CustomerModel::Shared(self.fit.model.as_ref())
    }

    /// The same under other values of the parameters; `None` where they are no parameters of the model.
    pub(crate) fn at(&self, values: &[f64], _profile: u32) -> Option<Box<dyn TransactionModel>> {
        self.fit.model.with_parameters(values).ok()
    }

    /// At most `n` sets of parameter values as likely as the data make them.
    pub(crate) fn draw_values(&self, n: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
        self.fit.draw_values(n, rng)
    }

    /// Whether customers of these two histories, if active, have the same future.
    pub(crate) fn same_future(&self, a: &History, b: &History) -> bool {
        let same_age = a.frequency == b.frequency
            && a.age == b.age
            && a.paid_repeats == b.paid_repeats
            && a.profile == b.profile;
        same_age && (self.of(a.profile).forgets_recency() || (a.recency == b.recency && a.rhythm == b.rhythm))
    }
}
