//! Covariates: what is known of customers besides their purchases moves the parameters of their purchase and dropout processes.
//!
//! A customer with covariates z has the parameters of the model without covariates, moved by a factor:
//!
//! ```text
//! Pareto/NBD       alpha_i = alpha exp(-gamma_purchase' z_i)     beta_i = beta exp(-gamma_dropout' z_i)
//! BG/NBD, MBG/NBD  alpha_i = alpha exp(-gamma_purchase' z_i)     a_i = a exp(gamma_dropout' z_i),  b_i = b exp(gamma_dropout' z_i)
//! sBG              alpha_i = alpha exp(gamma_alpha' z_i)         beta_i = beta exp(gamma_beta' z_i)
//! Gamma-Gamma      gamma_i = gamma exp(gamma_spend' z_i)
//! log L            = sum over customers of log L_model(x_i, t_x_i, T_i; the customer's parameters)
//! ```
//!
//! So a purchase coefficient of 0.1 means that a unit more of the covariate multiplies the purchase rate by exp(0.1), and in Pareto/NBD
//! a dropout coefficient the same of the dropout rate. In (M)BG/NBD a and b move together: the mean probability of leaving, a / (a + b), is
//! the same for all, and a coefficient says how much *less* customers of a kind differ in it. (With nothing to tell, such a
//! coefficient runs away; [`CovariateFit::weak_coefficients`] says so.)
//!
//! Covariates enter nowhere else: likelihood, gradient and every forecast are those of the model, at the customer's parameters
//! ([`CovariateModel::model_for`]).
//!
//! Sources: P. S. Fader, B. G. S. Hardie, Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD Models (2007), whose
//! a and b move by coefficients of their own; the common one is that of the package CLVTools (its manual, `bgnbd` with static
//! covariates).

mod base;
mod design;
mod likelihood;
mod model;
mod static_fit;
mod terms;
mod weakness;

pub use base::{CovariateBase, CovariateFitError, CovariateGroup, InvalidCovariates};
pub use model::CovariateModel;
pub use static_fit::StaticCovariateFit;
pub use terms::{CovariateTerms, Process, UnknownProcess};
pub use weakness::{WeakCoefficient, Weakness};

pub(crate) use base::WholeBase;
pub(crate) use design::{Column, Design};
pub(crate) use likelihood::Penalised;
pub(crate) use model::Effect;
pub(crate) use static_fit::{Moved, fit};
pub(crate) use terms::MovedBy;

use crate::{Fit, LikelihoodRatio};

/// A fit with covariates beside the fit of the same customers without.
#[derive(Debug, Clone)]
pub struct CovariateFit<C, M> {
    /// The fit with covariates: first the model's own parameters (those of a customer whose covariates are all 0), then the coefficients,
    /// named as `purchase.Gender`. Its log-likelihood is without the penalty.
    pub fit: Fit<C>,
    /// The fit without covariates.
    pub without: Fit<M>,
    /// The covariate behind each coefficient, over the customers.
    columns: Vec<Column>,
    /// Whether the coefficients were penalised.
    penalised: bool,
}

impl<C, M> CovariateFit<C, M> {
    pub(crate) fn new(fit: Fit<C>, without: Fit<M>, design: Design) -> Self {
        let penalised = design.penalties.iter().any(|weight| *weight > 0.0);
        Self { fit, without, columns: design.columns, penalised }
    }

    /// The same with the models turned into others.
    pub(crate) fn map<D, N>(
        self,
        turn: impl FnOnce(C) -> D,
        turn_without: impl FnOnce(M) -> N,
    ) -> CovariateFit<D, N> {
        CovariateFit {
            fit: self.fit.map(turn),
            without: self.without.map(turn_without),
            columns: self.columns,
            penalised: self.penalised,
        }
    }

    /// Whether the covariates say anything at all: the test of the fit with them against the fit without.
    ///
    /// `None` where coefficients were penalised: the statistic has no known distribution then.
    #[must_use]
    pub fn likelihood_ratio(&self) -> Option<LikelihoodRatio> {
        (!self.penalised).then(|| LikelihoodRatio::between(&self.fit, &self.without))
    }

    /// The coefficients that the data say little about, each with the reason; empty when there are none.
    #[must_use]
    pub fn weak_coefficients(&self) -> Vec<WeakCoefficient> {
        let first = self.fit.parameters.len() - self.columns.len();
        weakness::weak(&self.fit.parameters[first..], &self.columns)
    }
}
