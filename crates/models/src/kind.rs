//! The transaction models by name, for callers that choose one at run time.

use std::{fmt, str::FromStr};

use crate::{
    BgCnbdK, BgNbd, CovariateBase, CovariateFitError, CovariateTerms, CustomerBase, Estimation, FitError,
    GammaGompertzNbd, InvalidCovariates, InvalidParameters, MbgCnbdK, MbgNbd, Nbd, Parameters, ParetoGgg,
    ParetoNbd, Pooled, Pooling, StaticCovariateFit, TransactionFit, TransactionModel,
    estimation::{Estimable, pool},
};

/// A kind of transaction model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelKind {
    /// [`BgNbd`].
    BgNbd,
    /// [`MbgNbd`].
    MbgNbd,
    /// [`ParetoNbd`].
    ParetoNbd,
    /// [`BgCnbdK`], at the k that the likelihood chooses.
    BgCnbdK,
    /// [`MbgCnbdK`], at the k that the likelihood chooses.
    MbgCnbdK,
    /// [`Nbd`].
    Nbd,
    /// [`GammaGompertzNbd`].
    GammaGompertzNbd,
    /// [`ParetoGgg`].
    ParetoGgg,
}

/// What a model needs to know of the times between a customer's purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intervals {
    /// Nothing.
    Unused,
    /// The sum of their logarithms over all customers, and nothing of a single customer: histories that are otherwise equal can be
    /// put together, each with the mean of their customers' sums.
    InTotal,
    /// The sum of their logarithms for each customer.
    PerCustomer,
}

/// A name that no transaction model has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no transaction model {name:?}; known are {}", ModelKind::names())]
pub struct UnknownModel {
    /// The name given.
    pub name: String,
}

impl ModelKind {
    /// All kinds, cheapest to fit first.
    pub const ALL: [Self; 8] = [
        Self::Nbd,
        Self::BgNbd,
        Self::MbgNbd,
        Self::ParetoNbd,
        Self::BgCnbdK,
        Self::MbgCnbdK,
        Self::GammaGompertzNbd,
        Self::ParetoGgg,
    ];

    /// The kinds that are tried where nobody names one: those that a large base is fitted with within seconds.
    pub const CANDIDATES: &[Self] =
        &[Self::BgNbd, Self::MbgNbd, Self::ParetoNbd, Self::BgCnbdK, Self::MbgCnbdK];

    /// The name used on the command line and in files, for example `bg-nbd`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BgNbd => "bg-nbd",
            Self::MbgNbd => "mbg-nbd",
            Self::ParetoNbd => "pareto-nbd",
            Self::BgCnbdK => "bg-cnbd-k",
            Self::MbgCnbdK => "mbg-cnbd-k",
            Self::Nbd => "nbd",
            Self::GammaGompertzNbd => "gamma-gompertz-nbd",
            Self::ParetoGgg => "pareto-ggg",
        }
    }

    /// The names of all kinds, with commas between.
    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The name used in text, for example BG/NBD.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BgNbd => "BG/NBD",
            Self::MbgNbd => "MBG/NBD",
            Self::ParetoNbd => "Pareto/NBD",
            Self::BgCnbdK => "BG/CNBD-k",
            Self::MbgCnbdK => "MBG/CNBD-k",
            Self::Nbd => "NBD",
            Self::GammaGompertzNbd => "Gamma-Gompertz/NBD",
            Self::ParetoGgg => "Pareto/GGG",
        }
    }

    /// What it needs to know of the times between purchases ([`crate::Purchases::with_log_intervals`]).
    #[must_use]
    pub const fn intervals(self) -> Intervals {
        match self {
            Self::BgNbd | Self::MbgNbd | Self::ParetoNbd | Self::Nbd | Self::GammaGompertzNbd => {
                Intervals::Unused
            }
            Self::BgCnbdK | Self::MbgCnbdK => Intervals::InTotal,
            Self::ParetoGgg => Intervals::PerCustomer,
        }
    }

    /// Whether covariates can move it ([`ModelKind::fit_with_covariates`]).
    #[must_use]
    pub const fn takes_covariates(self) -> bool {
        matches!(self, Self::BgNbd | Self::MbgNbd | Self::ParetoNbd)
    }

    /// Fits a model of this kind by maximum likelihood.
    ///
    /// # Errors
    /// When there is too little data or no finite likelihood; a fit at the edge of the parameter space is no error.
    pub fn fit(self, customers: &CustomerBase) -> Result<TransactionFit, FitError> {
        self.estimate(customers, &Estimation::MaximumLikelihood)
    }

    /// Fits a model of this kind: at the maximum of the likelihood, from the posterior distribution, or with the bootstrap.
    ///
    /// # Errors
    /// When there is too little data, no finite likelihood, or settings or priors that cannot be followed.
    pub fn estimate(
        self,
        customers: &CustomerBase,
        estimation: &Estimation,
    ) -> Result<TransactionFit, FitError> {
        let at_maximum = *estimation == Estimation::MaximumLikelihood;
        Ok(match self {
            // The choice of k ends at the maximum; there is no need to go there again.
            Self::BgCnbdK if at_maximum => BgCnbdK::fit(customers)?.into_dyn(),
            Self::MbgCnbdK if at_maximum => MbgCnbdK::fit(customers)?.into_dyn(),
            Self::BgNbd => BgNbd::estimate(customers, estimation)?.into_dyn(),
            Self::MbgNbd => MbgNbd::estimate(customers, estimation)?.into_dyn(),
            Self::ParetoNbd => ParetoNbd::estimate(customers, estimation)?.into_dyn(),
            Self::BgCnbdK => BgCnbdK::estimate(customers, estimation)?.into_dyn(),
            Self::MbgCnbdK => MbgCnbdK::estimate(customers, estimation)?.into_dyn(),
            Self::Nbd => Nbd::estimate(customers, estimation)?.into_dyn(),
            Self::GammaGompertzNbd => GammaGompertzNbd::estimate(customers, estimation)?.into_dyn(),
            Self::ParetoGgg => ParetoGgg::estimate(customers, estimation)?.into_dyn(),
        })
    }

    /// The names of the model's parameters, in their order.
    #[must_use]
    pub const fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::BgNbd => BgNbd::NAMES,
            Self::MbgNbd => MbgNbd::NAMES,
            Self::ParetoNbd => ParetoNbd::NAMES,
            Self::BgCnbdK => BgCnbdK::NAMES,
            Self::MbgCnbdK => MbgCnbdK::NAMES,
            Self::Nbd => Nbd::NAMES,
            Self::GammaGompertzNbd => GammaGompertzNbd::NAMES,
            Self::ParetoGgg => ParetoGgg::NAMES,
        }
    }

    /// The model of this kind with these parameters.
    ///
    /// # Errors
    /// When a value is out of range, or there are not as many as parameters.
    pub fn model(self, values: &[f64]) -> Result<Box<dyn TransactionModel>, InvalidParameters> {
        Ok(match self {
            Self::BgNbd => Box::new(BgNbd::from_values(values)?),
            Self::MbgNbd => Box::new(MbgNbd::from_values(values)?),
            Self::ParetoNbd => Box::new(ParetoNbd::from_values(values)?),
            Self::BgCnbdK => Box::new(BgCnbdK::from_values(values)?),
            Self::MbgCnbdK => Box::new(MbgCnbdK::from_values(values)?),
            Self::Nbd => Box::new(Nbd::from_values(values)?),
            Self::GammaGompertzNbd => Box::new(GammaGompertzNbd::from_values(values)?),
            Self::ParetoGgg => Box::new(ParetoGgg::from_values(values)?),
        })
    }
}

impl ModelKind {
    /// Fits a model of this kind by maximum likelihood with covariates that move the purchase and the dropout process.
    ///
    /// # Errors
    /// As [`ModelKind::fit`], when the terms do not fit the covariates, and for the kinds that take none.
    pub fn fit_with_covariates(
        self,
        customers: &CovariateBase,
        terms: &CovariateTerms,
    ) -> Result<StaticCovariateFit<Box<dyn TransactionModel>>, CovariateFitError> {
        Ok(match self {
            Self::BgNbd => BgNbd::fit_with_covariates(customers, terms)?.into_dyn(),
            Self::MbgNbd => MbgNbd::fit_with_covariates(customers, terms)?.into_dyn(),
            Self::ParetoNbd => ParetoNbd::fit_with_covariates(customers, terms)?.into_dyn(),
            Self::BgCnbdK | Self::MbgCnbdK | Self::Nbd | Self::GammaGompertzNbd | Self::ParetoGgg => {
                return Err(InvalidCovariates::NoneTaken { model: self.name() }.into());
            }
        })
    }

    /// Fits a model of this kind to groups of customers together: their parameters differ as the data say, and a small group learns from
    /// the others. All groups must be counted in one time unit; a group may have any number of customers.
    ///
    /// # Errors
    /// When all groups together have too little data, there is no finite likelihood, or settings or priors cannot be followed.
    pub fn pool(self, groups: &[CustomerBase], pooling: &Pooling) -> Result<Pooled, FitError> {
        match self {
            Self::BgNbd => pool::<BgNbd>(groups, pooling),
            Self::MbgNbd => pool::<MbgNbd>(groups, pooling),
            Self::ParetoNbd => pool::<ParetoNbd>(groups, pooling),
            Self::BgCnbdK => pool::<BgCnbdK>(groups, pooling),
            Self::MbgCnbdK => pool::<MbgCnbdK>(groups, pooling),
            Self::Nbd => pool::<Nbd>(groups, pooling),
            Self::GammaGompertzNbd => pool::<GammaGompertzNbd>(groups, pooling),
            Self::ParetoGgg => pool::<ParetoGgg>(groups, pooling),
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelKind {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownModel { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in ModelKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            let values = vec![2.0; kind.parameter_names().len()];
            assert_eq!(kind.model(&values).map(|model| model.name()), Ok(kind.name()));
        }
        assert!("bgnbd".parse::<ModelKind>().is_err());
    }
}
