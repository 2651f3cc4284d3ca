//! The customer-base models of the literature: fit, predict, simulate.
//!
//! A customer is seen through a history of x repeat purchases, the last at `t_x`, observed for T ([`Purchases`]), and through the
//! values of the purchases ([`SpendHistory`]). A [`ModelKind`] fitted on a [`CustomerBase`] gives a [`TransactionFit`], whose
//! model predicts; only a fit can predict. [`GammaGamma`] and [`LogNormal`] are the models of spend.
//!
//! | model | repeat purchases | the customer leaves |
//! |---|---|---|
//! | [`BgNbd`] | Poisson, rates gamma-distributed | after any repeat purchase, with a beta-distributed probability |
//! | [`MbgNbd`] | as above | after any purchase, the first included |
//! | [`BgCnbdK`] | at Erlang-k distributed times, rates gamma-distributed | as in BG/NBD |
//! | [`MbgCnbdK`] | as above | as in MBG/NBD |
//! | [`ParetoNbd`] | as in BG/NBD | at any time, at a gamma-distributed rate |
//! | [`GammaGompertzNbd`] | as in BG/NBD | at any time, at a rate that rises with time |
//! | [`ParetoGgg`] | more or less regular, each customer in its own measure | as in Pareto/NBD |
//! | [`Nbd`] | as in BG/NBD | never |
//!
//! Customers who can buy at certain opportunities only are the subject of [`BgBb`] (on an [`OpportunityBase`]). Of customers with a
//! contract, whose leaving is seen, [`Sbg`] and [`BetaDiscreteWeibull`] ([`RetentionModel`], on a [`TenureBase`]) project how long they
//! stay; [`KaplanMeier`] shows it as observed and [`Cox`] says which covariates shorten it, both on [`Lifetime`]s.
//! What else is known of customers moves a model's parameters ([`covariates`]): once for all ([`CovariateBase`]), or over time
//! ([`TimeVaryingParetoNbd`], on a [`TimedBase`]). [`Estimation`] names the ways to estimate parameters, [`Pooling`] that of groups
//! of customers together. The [`catalogue`] lists all models.
//!
//! Nothing here reads a file or knows a table; equal data give bit-identical results on any number of threads.

pub mod beta_discrete_weibull;
mod beta_geometric;
pub mod bg_bb;
pub mod bg_nbd;
pub mod catalogue;
pub mod cnbd_k;
pub mod covariates;
pub mod cox;
mod estimation;
mod fingerprint;
mod fit;
pub mod gamma_gamma;
pub mod gamma_gompertz_nbd;
mod geometric_dropout;
mod grouped;
pub mod kaplan_meier;
mod kind;
mod lifetime;
mod likelihood_ratio;
pub mod log_normal;
pub mod mbg_nbd;
pub mod nbd;
mod opportunities;
mod parameters;
pub mod pareto_ggg;
pub mod pareto_nbd;
mod purchases;
mod regularity;
mod retention;
pub mod saved;
pub mod sbg;
mod spend;
mod tenure;
mod transaction;

pub use beta_discrete_weibull::BetaDiscreteWeibull;
pub use bg_bb::BgBb;
pub use bg_nbd::{BgNbd, BgNbdLikelihood};
pub use cnbd_k::{BgCnbdK, MbgCnbdK};
pub use covariates::{
    CovariateBase, CovariateFit, CovariateFitError, CovariateGroup, CovariateModel, CovariateTerms,
    InvalidCovariates, Process, StaticCovariateFit, UnknownProcess, WeakCoefficient, Weakness,
};
pub use cox::{Cox, CoxData, CoxError};
pub use estimation::{
    DEFAULT_COEFFICIENT_SPREAD, DEFAULT_LOG_SPREAD, Diagnostics, Estimation, InvalidPrior, LARGEST_R_HAT,
    MINIMUM_REPEAT_CUSTOMERS, Pooled, Pooling, Prior, Priors, Resampling, SMALLEST_ESS_PER_CHAIN, Sampling,
    Trouble,
};
pub use fingerprint::Fingerprint;
pub use fit::{
    Estimated, Fit, FitError, Name, Outcome, Parameters, RetentionFit, Sample, SampleOrigin, Scale,
    TransactionFit,
};
pub use gamma_gamma::{GammaGamma, SpendBase};
pub use gamma_gompertz_nbd::GammaGompertzNbd;
pub use kaplan_meier::KaplanMeier;
pub use kind::{Intervals, ModelKind, UnknownModel};
pub use lifetime::{InvalidLifetime, Lifetime};
pub use likelihood_ratio::LikelihoodRatio;
pub use log_normal::LogNormal;
pub use mbg_nbd::MbgNbd;
pub use nbd::Nbd;
pub use opportunities::{InvalidOpportunities, Opportunities, OpportunityBase};
pub use parameters::InvalidParameters;
pub use pareto_ggg::ParetoGgg;
pub use pareto_nbd::{
    CovariatePath, InvalidPath, ParetoNbd, PathNumber, TimeVaryingFit, TimeVaryingParetoNbd, TimedBase,
    TimedPurchases,
};
pub use purchases::{CustomerBase, InvalidPurchases, InvalidSpend, MeanSpend, Purchases, TimeUnit};
pub use regularity::Regularity;
pub use retention::RetentionModel;
pub use saved::{FittedData, SavedFit, SavedFitError};
pub use sbg::Sbg;
pub use spend::{
    LogSpend, SpendFit, SpendFormula, SpendHistory, SpendHoldOut, SpendKind, SpendModel, SpendScore,
    UnknownSpendModel,
};
pub use tenure::{InvalidTenure, Tenure, TenureBase};
pub use transaction::TransactionModel;
