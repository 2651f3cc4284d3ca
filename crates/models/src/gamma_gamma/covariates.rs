//! Gamma-Gamma with covariates: what is known of customers besides their purchases moves the scale of their spend.
//!
//! ```text
//! gamma_i = gamma exp(delta' z_i),     f(m | z_i) = f(m | p, q, gamma_i; x),     E[M_i] = p gamma exp(delta' z_i) / (q - 1)
//! ```
//!
//! A unit more of a covariate multiplies the spend expected of a new customer by exp(delta). Everything else is the model without
//! covariates, at the customer's own gamma ([`GammaGammaCovariates::model_for`]).
//!
//! The search runs on centred covariates divided by their standard deviations, so that a year of birth and an indicator are alike to it;
//! coefficients and their errors are given back on the caller's scale.

mod likelihood;

use perennial_math::incomplete::gamma_upper;

use super::GammaGamma;
use crate::{
    Estimated, Fit, FitError, InvalidParameters, MeanSpend, Name, Parameters, Scale,
    estimation::{Parameter, Problem},
};
use likelihood::CovariateLikelihood;

/// The mean spend of customers who share it and their covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendRow {
    /// The values of the covariates, in the order of their names.
    pub covariates: Vec<f64>,
    /// The mean spend.
    pub spend: MeanSpend,
    /// How many customers there are.
    pub customers: f64,
}

/// Gamma-Gamma with covariates; see the [module's formulas](self).
#[derive(Debug, Clone, PartialEq)]
pub struct GammaGammaCovariates {
    /// The model of a customer whose covariates are all 0.
    base: GammaGamma,
    names: Vec<String>,
    coefficients: Vec<f64>,
}

/// A fit with covariates beside the fit of the same customers without.
#[derive(Debug, Clone)]
pub struct SpendCovariateFit {
    /// The fit with covariates: p, q and gamma of a customer whose covariates are all 0, then the coefficients, named as `spend.Gender`.
    /// Its log-likelihood is without the penalty.
    pub fit: Fit<GammaGammaCovariates>,
    /// The fit without covariates; its q may be at or below 1.
    pub without: Fit<GammaGamma>,
    penalised: bool,
}

/// The likelihood-ratio test of a model against one that it contains (Wilks 1938).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods.
    pub statistic: f64,
    /// How many more parameters the larger model has.
    pub degrees_of_freedom: usize,
    /// The probability of a statistic at least as large where the smaller model is true.
    pub p_value: f64,
}

/// Why no Gamma-Gamma model with covariates could be fitted or made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpendCovariateError {
    /// For a reason that has nothing to do with covariates.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// No covariate.
    #[error("no covariate is given; without any, fit the plain model")]
    None,
    /// Not as many values as covariates.
    #[error("{given} values given of {expected} covariates")]
    Count {
        /// How many were given.
        given: usize,
        /// How many there are.
        expected: usize,
    },
    /// A value that is not a finite number.
    #[error("covariate {covariate} is {value}; it must be finite")]
    NotFinite {
        /// The covariate's name.
        covariate: String,
        /// The value given.
        value: f64,
    },
    /// The same value for all customers: the coefficient would be part of gamma.
    #[error("covariate {covariate} is the same for all customers")]
    Constant {
        /// The covariate's name.
        covariate: String,
    },
    /// A penalty that is negative or not finite.
    #[error("the penalty is {weight}; it must be finite and not negative")]
    Penalty {
        /// The weight given.
        weight: f64,
    },
    /// The covariates move gamma out of range.
    #[error(transparent)]
    Parameters(#[from] InvalidParameters),
}

impl GammaGammaCovariates {
    /// Fits by maximum likelihood, or with a `penalty` above 0 by the maximum of the log-likelihood less the penalty times the sum of the
    /// squared coefficients (a normal prior of variance 1 / (2 penalty) around 0 on each).
    ///
    /// # Errors
    /// When a mean or a covariate is not valid, a covariate is constant, there are too few customers, or the fitted q is not above 1.
    pub fn fit(
        names: &[&str],
        rows: &[SpendRow],
        penalty: f64,
    ) -> Result<SpendCovariateFit, SpendCovariateError> {
        if !(penalty >= 0.0 && penalty.is_finite()) {
            return Err(SpendCovariateError::Penalty { weight: penalty });
        }
        let columns = columns(names, rows)?;
        let spends: Vec<MeanSpend> = rows.iter().map(|row| row.spend).collect();
        let counts: Vec<f64> = rows.iter().map(|row| row.customers).collect();
        let without = GammaGamma::fit_of_any_q(&spends, &counts)?;
        let likelihood = CovariateLikelihood::new(rows, &columns, penalty);
        let fit = problem(names, likelihood, &without).maximise(|_| Ok(()))?;
        let fit = on_the_callers_scale(fit, names, &columns, penalty)?;
        if fit.model.base.q() <= 1.0 {
            return Err(FitError::NoMeanSpend { q: fit.model.base.q() }.into());
        }
        Ok(SpendCovariateFit { fit, without, penalised: penalty > 0.0 })
    }

    /// The same model with other values of p, q, gamma and the coefficients, in this order.
    ///
    /// # Errors
    /// When p, q or gamma is not positive and finite, a coefficient not finite, or there are not as many as parameters.
    pub fn with_values(&self, values: &[f64]) -> Result<Self, InvalidParameters> {
        Self::from_parts(&self.names, values)
    }

    fn from_parts(names: &[String], values: &[f64]) -> Result<Self, InvalidParameters> {
        let own = GammaGamma::NAMES.len();
        if values.len() != own + names.len() {
            return Err(InvalidParameters::Count { given: values.len(), expected: own + names.len() });
        }
        let (base, coefficients) = values.split_at(own);
        if let Some((name, &value)) = names.iter().zip(coefficients).find(|(_, value)| !value.is_finite()) {
            return Err(InvalidParameters::NotFinite { name: coefficient_name(name), value });
        }
        let base = GammaGamma::from_values(base)?;
        Ok(Self { base, names: names.to_vec(), coefficients: coefficients.to_vec() })
    }

    /// The model of a customer with these covariates.
    ///
    /// # Errors
    /// When there are not as many values as covariates, one is not finite, or they move gamma out of range.
    pub fn model_for(&self, covariates: &[f64]) -> Result<GammaGamma, SpendCovariateError> {
        check(&self.names, covariates)?;
        let effect: f64 = self.coefficients.iter().zip(covariates).map(|(delta, z)| delta * z).sum();
        Ok(GammaGamma::new(self.base.p(), self.base.q(), self.base.gamma() * effect.exp())?)
    }

    /// The model of a customer whose covariates are all 0.
    #[must_use]
    pub const fn base(&self) -> GammaGamma {
        self.base
    }

    /// The covariates' names and coefficients.
    pub fn coefficients(&self) -> impl Iterator<Item = (&str, f64)> {
        self.names.iter().map(String::as_str).zip(self.coefficients.iter().copied())
    }
}

impl SpendCovariateFit {
    /// Whether the covariates say anything at all: the test of the fit with them against the fit without; `None` where the coefficients
    /// were penalised, as the statistic has no known distribution then.
    #[must_use]
    pub fn likelihood_ratio(&self) -> Option<LikelihoodRatio> {
        if self.penalised {
            return None;
        }
        let statistic = (2.0 * (self.fit.log_likelihood - self.without.log_likelihood)).max(0.0);
        let degrees_of_freedom = self.fit.model.coefficients.len();
        let p_value = gamma_upper(0.5 * degrees_of_freedom as f64, 0.5 * statistic);
        Some(LikelihoodRatio { statistic, degrees_of_freedom, p_value })
    }
}

/// Mean and standard deviation over the customers of a covariate.
#[derive(Debug, Clone, Copy)]
struct Column {
    mean: f64,
    deviation: f64,
}

/// The covariates' columns, once every row is known to have a finite value of each.
fn columns(names: &[&str], rows: &[SpendRow]) -> Result<Vec<Column>, SpendCovariateError> {
    if names.is_empty() {
        return Err(SpendCovariateError::None);
    }
    for row in rows {
        check(names, &row.covariates)?;
    }
    let counted = || rows.iter().filter(|row| row.customers > 0.0);
    let customers: f64 = counted().map(|row| row.customers).sum();
    let column = |at: usize| {
        let mean: f64 = counted().map(|row| row.covariates[at] * (row.customers / customers)).sum();
        let variance: f64 =
            counted().map(|row| (row.covariates[at] - mean).powi(2) * (row.customers / customers)).sum();
        let (low, high) = counted().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), row| {
            (low.min(row.covariates[at]), high.max(row.covariates[at]))
        });
        // Equal values may differ from their mean by rounding.
        Column { mean, deviation: if high > low { variance.sqrt() } else { 0.0 } }
    };
    let columns: Vec<Column> = (0..names.len()).map(column).collect();
    match names
        .iter()
        .zip(&columns)
        .find(|(_, column)| customers > 0.0 && !(column.deviation > 0.0 && column.deviation.is_finite()))
    {
        Some((name, _)) => Err(SpendCovariateError::Constant { covariate: (*name).to_owned() }),
        None => Ok(columns),
    }
}

/// Refuses values that do not fit the names or are not finite.
fn check(names: &[impl AsRef<str>], covariates: &[f64]) -> Result<(), SpendCovariateError> {
    if covariates.len() != names.len() {
        return Err(SpendCovariateError::Count { given: covariates.len(), expected: names.len() });
    }
    match names.iter().zip(covariates).find(|(_, value)| !value.is_finite()) {
        Some((name, &value)) => {
            Err(SpendCovariateError::NotFinite { covariate: name.as_ref().to_owned(), value })
        }
        None => Ok(()),
    }
}

fn coefficient_name(covariate: &str) -> Name {
    format!("spend.{covariate}").into()
}

/// What is to be estimated, from the maximum without covariates on.
fn problem(names: &[&str], likelihood: CovariateLikelihood, without: &Fit<GammaGamma>) -> Problem {
    let mut parameters = Problem::positive::<GammaGamma>(&[1.0, 1.0, likelihood.unit]);
    parameters.extend(names.iter().map(|name| Parameter {
        name: coefficient_name(name),
        unit: 1.0,
        scale: Scale::Identity,
    }));
    let start = |p: f64, q: f64, gamma: f64| [vec![p, q, gamma], vec![0.0; names.len()]].concat();
    let model = without.model;
    Problem {
        model: "gamma-gamma",
        starts: vec![start(model.p(), model.q(), model.gamma() / likelihood.unit), start(2.0, 3.0, 1.0)],
        log_density_unit: -likelihood.customers * likelihood.unit.ln(),
        customers: likelihood.customers,
        likelihood: Box::new(likelihood),
        parameters,
    }
}

/// From the search's standardised covariates to the caller's: delta' = delta d, and gamma' = gamma exp(delta' m / d) is the gamma of
/// a customer with the mean m of the covariates, d their deviations. The coordinates are linear in each other, so is their covariance.
fn on_the_callers_scale(
    fit: Fit<()>,
    names: &[&str],
    columns: &[Column],
    penalty: f64,
) -> Result<Fit<GammaGammaCovariates>, SpendCovariateError> {
    let own = GammaGamma::NAMES.len();
    let gamma = own - 1;
    let slope = |row: usize, column: usize| match (row.checked_sub(own), column.checked_sub(own)) {
        (Some(one), Some(other)) if one == other => 1.0 / columns[one].deviation,
        (None, Some(covariate)) if row == gamma => -columns[covariate].mean / columns[covariate].deviation,
        (None, None) if row == column => 1.0,
        _ => 0.0,
    };
    let size = fit.parameters.len();
    let entry = |row: usize, column: usize| -> f64 {
        let inner = |i: usize| (0..size).map(|j| fit.covariance[i][j] * slope(column, j)).sum::<f64>();
        (0..size).map(|i| slope(row, i) * inner(i)).sum()
    };
    let covariance: Vec<Vec<f64>> =
        (0..size).map(|row| (0..size).map(|column| entry(row, column)).collect()).collect();
    let coordinates: Vec<f64> = fit.parameters.iter().map(|p| p.scale.coordinate(p.value)).collect();
    let moved = |row: usize| -> f64 { (0..size).map(|i| slope(row, i) * coordinates[i]).sum() };
    // Where gamma is that of customers far from the data, it is as uncertain as all that it is made of.
    let known =
        |row: usize| (0..size).all(|i| slope(row, i) == 0.0 || fit.parameters[i].standard_error.is_some());
    let parameters: Vec<Estimated> = fit
        .parameters
        .iter()
        .enumerate()
        .map(|(row, estimated)| {
            let value = if row < gamma { estimated.value } else { estimated.scale.value(moved(row)) };
            let error = estimated.scale.slope(value) * covariance[row][row].sqrt();
            let standard_error =
                if row < gamma { estimated.standard_error } else { known(row).then_some(error) };
            Estimated { value, standard_error, ..estimated.clone() }
        })
        .collect();
    let values: Vec<f64> = parameters.iter().map(|parameter| parameter.value).collect();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let model = GammaGammaCovariates::from_parts(&names, &values)?;
    let penalties: f64 = model.coefficients.iter().map(|delta| penalty * delta * delta).sum();
    let log_likelihood = fit.log_likelihood + penalties;
    Ok(Fit { parameters, covariance, log_likelihood, ..fit.map(|()| model) })
}
