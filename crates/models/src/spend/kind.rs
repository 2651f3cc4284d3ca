//! The spend models by name, for callers that choose one at run time or by what comes true.

use std::{fmt, str::FromStr};

use crate::{
    FitError, GammaGamma, InvalidParameters, InvalidSpend, LogNormal, MeanSpend, Parameters, SpendFit,
    SpendHistory, SpendModel,
};

/// A kind of spend model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpendKind {
    /// [`GammaGamma`].
    GammaGamma,
    /// [`LogNormal`].
    LogNormal,
}

/// A name that no spend model has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no spend model {name:?}; known are gamma-gamma and log-normal")]
pub struct UnknownSpendModel {
    /// The name given.
    pub name: String,
}

/// What a customer spent after the end of the data that a model was fitted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpendHoldOut {
    /// The customer's spend until then; `None` for one nothing was known about.
    pub seen: Option<SpendHistory>,
    /// The customer's spend after it, with the logarithms.
    pub later: SpendHistory,
    /// How many customers share the two.
    pub customers: f64,
}

/// How well a kind of model foretold a hold-out.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendScore {
    /// The kind of model.
    pub kind: SpendKind,
    /// The values of the parameters fitted on what had been seen.
    pub parameters: Vec<f64>,
    /// The mean over customers of |expected - actual mean spend|, in units of the currency.
    pub mean_absolute_error: f64,
    /// The mean over transactions of the log-density of their values given the customer's history; higher is better.
    pub log_density: f64,
}

impl SpendKind {
    /// All kinds, that of the literature first.
    pub const ALL: [Self; 2] = [Self::GammaGamma, Self::LogNormal];

    /// The name used on the command line and in files, for example `gamma-gamma`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GammaGamma => "gamma-gamma",
            Self::LogNormal => "log-normal",
        }
    }

    /// The name used in text, for example Gamma-Gamma.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::GammaGamma => "Gamma-Gamma",
            Self::LogNormal => "Log-normal",
        }
    }

    /// Fits a model of this kind by maximum likelihood on spend histories, each shared by the number of customers at the same place in
    /// `customers`.
    ///
    /// # Errors
    /// When a history is not valid or lacks what the model needs, when there is too little data, or no finite expectation.
    pub fn fit(self, spends: &[SpendHistory], customers: &[f64]) -> Result<SpendFit, FitError> {
        Ok(match self {
            Self::GammaGamma => {
                let means: Vec<MeanSpend> = spends.iter().map(SpendHistory::mean_spend).collect();
                GammaGamma::fit(&means, customers)?.into_dyn_spend()
            }
            Self::LogNormal => LogNormal::fit(spends, customers)?.into_dyn_spend(),
        })
    }

    /// The names of the model's parameters, in their order.
    #[must_use]
    pub const fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::GammaGamma => GammaGamma::NAMES,
            Self::LogNormal => LogNormal::NAMES,
        }
    }

    /// The model of this kind with these parameters.
    ///
    /// # Errors
    /// When a value is out of range, or there are not as many as parameters.
    pub fn model(self, values: &[f64]) -> Result<Box<dyn SpendModel>, InvalidParameters> {
        Ok(match self {
            Self::GammaGamma => Box::new(GammaGamma::from_values(values)?),
            Self::LogNormal => Box::new(LogNormal::from_values(values)?),
        })
    }

    /// Fits every kind on what had been seen and scores it on the hold-out: the kind with the highest log-density first, those that
    /// cannot be fitted last, each with its reason.
    ///
    /// The log-density ranks, as it judges the whole distribution that intervals of values are made of; the absolute error of a skewed
    /// amount favours whoever expects too little.
    #[must_use]
    pub fn compare(
        spends: &[SpendHistory],
        customers: &[f64],
        hold_out: &[SpendHoldOut],
    ) -> Vec<(Self, Result<SpendScore, FitError>)> {
        let mut scores: Vec<_> = Self::ALL
            .into_iter()
            .map(|kind| (kind, kind.fit(spends, customers).and_then(|fit| score(kind, &fit, hold_out))))
            .collect();
        let rank = |score: &Result<SpendScore, FitError>| {
            score.as_ref().map_or(f64::NEG_INFINITY, |score| score.log_density)
        };
        scores.sort_by(|(_, one), (_, other)| rank(other).total_cmp(&rank(one)));
        scores
    }
}

/// Scores a fit on a hold-out.
fn score(kind: SpendKind, fit: &SpendFit, hold_out: &[SpendHoldOut]) -> Result<SpendScore, FitError> {
    let (mut error, mut log_density, mut customers, mut transactions) = (0.0, 0.0, 0.0, 0.0);
    for row in hold_out.iter().filter(|row| row.customers > 0.0) {
        let (n, mean) = (row.later.transactions(), row.later.mean());
        let seen = row.seen.as_ref();
        let expected = seen
            .map_or_else(|| fit.model.expected_mean_spend_new(), |seen| fit.model.expected_mean_spend(seen));
        let density = fit
            .model
            .log_density(seen, &row.later)
            .ok_or(FitError::Spend(InvalidSpend::NoLogs { transactions: n, mean }))?;
        error += row.customers * (expected - mean).abs();
        log_density += row.customers * density;
        customers += row.customers;
        transactions += row.customers * f64::from(n);
    }
    Ok(SpendScore {
        kind,
        parameters: fit.values(),
        mean_absolute_error: error / customers,
        log_density: log_density / transactions,
    })
}

impl fmt::Display for SpendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SpendKind {
    type Err = UnknownSpendModel;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownSpendModel { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name_and_makes_the_model_of_that_name() {
        for kind in SpendKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind.model(&[2.0, 3.0, 4.0]).unwrap().name(), kind.name());
            assert!(kind.model(&[2.0, 3.0]).is_err());
        }
        assert!("gammagamma".parse::<SpendKind>().is_err());
    }
}
