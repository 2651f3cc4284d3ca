//! From the user's covariates to those of the search, and back.
//!
//! The search runs on centred covariates divided by their standard deviations: a year of birth and an indicator are then alike to it, and
//! the model's own parameters are those of an average customer, which the data know well. A factor exp(gamma' z) is exp(gamma'
//! m) exp((gamma d)' (z - m) / d) with m the mean and d the deviation, so that the coordinates of the user's parameters are linear in
//! those of the search, and so is their covariance.

use perennial_math::matrix::SquareMatrix;

use super::{CovariateModel, Effect};
use crate::{
    Estimated, Fit, FitError, InvalidParameters, Name, Outcome, Parameters, Scale,
    estimation::{LogLikelihood, Maximum, Parameter, Problem},
};

/// A covariate over the customers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    pub(crate) mean: f64,
    /// The standard deviation.
    pub(crate) deviation: f64,
    /// The largest value less the smallest.
    pub(crate) range: f64,
}

impl Column {
    /// Of weighted values.
    pub(crate) fn new(values: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let weight: f64 = values.clone().map(|(_, weight)| weight).sum();
        let mean = values.clone().map(|(value, weight)| value * weight).sum::<f64>() / weight;
        let variance =
            values.clone().map(|(value, weight)| (value - mean).powi(2) * weight).sum::<f64>() / weight;
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (value, _)| {
            (low.min(value), high.max(value))
        });
        // Equal values may differ from their mean by rounding.
        let deviation = if high > low { variance.sqrt() } else { 0.0 };
        Self { mean, deviation, range: high - low }
    }

    /// A value on the scale of the search.
    pub(crate) fn standardised(&self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

/// The effects to be estimated, each with the covariate behind it and the weight of its penalty.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    pub(crate) covariates: Vec<String>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) columns: Vec<Column>,
    pub(crate) penalties: Vec<f64>,
}

impl Design {
    /// Covariates of a customer on the scale of the search, one per effect.
    pub(crate) fn standardised<'a>(&'a self, covariates: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.effects
            .iter()
            .zip(&self.columns)
            .map(|(effect, column)| column.standardised(covariates[effect.covariate]))
    }

    /// The weights of the penalties on the search's coefficients.
    pub(crate) fn search_penalties(&self) -> Vec<f64> {
        self.penalties
            .iter()
            .zip(&self.columns)
            .map(|(weight, column)| weight / column.deviation.powi(2))
            .collect()
    }

    /// What is to be estimated: the parameters of a problem without covariates, whose maximum is known, and the coefficients.
    pub(crate) fn problem<M: Parameters>(
        &self,
        without: &Problem,
        fitted: &Fit<M>,
        likelihood: Box<dyn LogLikelihood>,
        log_density_unit: f64,
    ) -> Problem {
        let coefficient = |effect: &Effect| Parameter {
            name: effect.name(&self.covariates).into(),
            unit: 1.0,
            scale: Scale::Identity,
        };
        let maximum: Vec<f64> =
            fitted.model.values().iter().zip(&without.parameters).map(|(value, p)| value / p.unit).collect();
        let mut starts = without.starts.clone();
        // From the edge of the parameter space no search leads back.
        let place = if fitted.outcome == Outcome::Converged { 0 } else { starts.len() };
        starts.insert(place, maximum);
        for start in &mut starts {
            start.resize(start.len() + self.effects.len(), 0.0);
        }
        let own = without.parameters.iter().cloned();
        Problem {
            model: without.model,
            likelihood,
            parameters: own.chain(self.effects.iter().map(coefficient)).collect(),
            starts,
            log_density_unit,
            customers: without.customers,
        }
    }

    /// The fit on the user's scale; `make` makes the base model.
    pub(crate) fn fit<M>(
        &self,
        mut problem: Problem,
        make: impl FnOnce(&[f64]) -> Result<M, InvalidParameters>,
    ) -> Result<Fit<CovariateModel<M>>, FitError> {
        let maximum = highest(&mut problem)?;
        let first = problem.parameters.len() - self.effects.len();
        let map = self.map(first);
        let values = values(&problem, &map, &maximum.point);
        let base = make(&values[..first]).map_err(|_| FitError::NotFinite { model: problem.model })?;
        let coefficients = values[first..].to_vec();
        let held = congruence(&map, &maximum.held_covariance());
        let penalty: f64 = self.penalties.iter().zip(&coefficients).map(|(w, value)| w * value * value).sum();
        Ok(Fit {
            model: CovariateModel::new(base, self.covariates.clone(), self.effects.clone(), coefficients),
            parameters: estimates(&problem, &maximum, &map, &values),
            covariance: held.entries().chunks(held.size()).map(<[f64]>::to_vec).collect(),
            sample: None,
            log_likelihood: maximum.log_likelihood + penalty,
            outcome: maximum.outcome,
            customers: problem.customers,
            evaluations: maximum.evaluations,
        })
    }

    /// The derivatives of the user's coordinates by those of the search; `first` is the number of the model's own parameters.
    fn map(&self, first: usize) -> SquareMatrix {
        let mut map = SquareMatrix::identity(first + self.effects.len());
        for (number, (effect, column)) in self.effects.iter().zip(&self.columns).enumerate() {
            map.set(first + number, first + number, 1.0 / column.deviation);
            for (parameter, sign) in effect.moves {
                map.set(*parameter, first + number, -sign * column.mean / column.deviation);
            }
        }
        map
    }
}

/// The user's parameters at coordinates of the search.
fn values(problem: &Problem, map: &SquareMatrix, point: &[f64]) -> Vec<f64> {
    let coordinates = map.times(point);
    problem.parameters.iter().zip(coordinates).map(|(p, at)| p.unit * p.scale.value(at)).collect()
}

/// The user's parameters with standard errors; none where one ran away that the parameter depends on.
fn estimates(problem: &Problem, maximum: &Maximum, map: &SquareMatrix, values: &[f64]) -> Vec<Estimated> {
    let covariance = congruence(map, &maximum.covariance());
    let names: Vec<&Name> = problem.parameters.iter().map(|parameter| &parameter.name).collect();
    let estimate = |(at, (parameter, &value)): (usize, (&Parameter, &f64))| {
        let known =
            (0..names.len()).all(|other| map.get(at, other) == 0.0 || !maximum.ran_away(names[other]));
        let variance = covariance.get(at, at);
        let slope = parameter.scale.slope(value);
        Estimated {
            name: parameter.name.clone(),
            value,
            standard_error: (known && variance.is_finite()).then(|| slope * variance.sqrt()),
            scale: parameter.scale,
        }
    };
    problem.parameters.iter().zip(values).enumerate().map(estimate).collect()
}

/// The highest of the maxima reached from the starts, up to the first start that leads to one inside the parameter space.
///
/// With coefficients on the dropout process the likelihood often has an edge beside its maximum: all customers alike, or one kind of
/// them.
fn highest(problem: &mut Problem) -> Result<Maximum, FitError> {
    let mut best: Result<Maximum, FitError> = Err(FitError::NotFinite { model: problem.model });
    let mut evaluations = 0;
    for start in std::mem::take(&mut problem.starts) {
        problem.starts = vec![start];
        let Ok(found) = problem.maximum() else { continue };
        evaluations += found.evaluations;
        let inside = found.outcome == Outcome::Converged;
        if best.as_ref().map_or(true, |best| found.log_likelihood > best.log_likelihood) {
            best = Ok(found);
        }
        if inside {
            break;
        }
    }
    best.map(|mut best| {
        best.evaluations = evaluations;
        best
    })
}

/// map * matrix * map'.
fn congruence(map: &SquareMatrix, matrix: &SquareMatrix) -> SquareMatrix {
    let size = map.size();
    let half = SquareMatrix::from_fn(size, |row, column| {
        (0..size).map(|k| map.get(row, k) * matrix.get(k, column)).sum()
    });
    SquareMatrix::from_fn(size, |row, column| (0..size).map(|k| half.get(row, k) * map.get(column, k)).sum())
}
