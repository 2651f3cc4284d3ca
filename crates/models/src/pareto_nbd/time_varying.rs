//! Pareto/NBD with covariates that change with time.
//!
//! A customer's rates follow the covariates: at time u after the first purchase an active customer buys at rate lambda exp(gamma' z(u)) and leaves
//! at rate mu exp(delta' z(u)), with lambda ~ Gamma(r, alpha) and mu ~ Gamma(s, beta) of the customer's own. The covariates z are step
//! functions of time. With the exposures to both processes
//!
//! ```text
//! A(u) = integral from 0 to u of exp(gamma' z(v)) dv,      D(u) = integral from 0 to u of exp(delta' z(v)) dv
//! ```
//!
//! the likelihood of x repeat purchases at `t_1`, ..., `t_x`, observed until T, is
//!
//! ```text
//! L = Gamma(r+x) alpha^r beta^s / Gamma(r) * product over j of exp(gamma' z(t_j))
//!     * [ (alpha+A(T))^-(r+x) (beta+D(T))^-s + s * integral from t_x to T of (alpha+A(u))^-(r+x) (beta+D(u))^-(s+1) D'(u) du ]
//!
//! P(alive)     = the first term's share of the bracket
//! given alive:   lambda ~ Gamma(r+x, alpha+A(T)),   mu ~ Gamma(s, beta+D(T)), independent
//! E[X(T, T+h)] = P(alive) (r+x) / (alpha+A(T)) * integral from T to T+h of A'(u) ((beta+D(u)) / (beta+D(T)))^-s du
//! ```
//!
//! Between two steps A and D are straight lines: the bracket's integral is there that of the model without covariates in other units, and
//! the forecast's has a closed form. With covariates that do not change it is the model of [`crate::covariates`].
//!
//! What is worth a customer over all the future depends on all future covariates; there is no such figure here.
//!
//! Source: P. Bachmann, M. Meierer, J. Naef, The Role of Time-Varying Contextual Factors in Latent Attrition Models for Customer Base
//! Analysis, Marketing Science 40 (2021) 783-809.

mod base;
mod forecast;
mod likelihood;
mod path;

use perennial_math::random::{self, Rng};

use super::ParetoNbd;
use crate::{
    CovariateFit, CovariateFitError, CovariateModel, CovariateTerms, InvalidCovariates, InvalidParameters,
    Parameters, Process,
    covariates::{Column, Moved, Penalised},
};
pub use base::{PathNumber, TimedBase, TimedPurchases};
use forecast::Standing;
use likelihood::TimedLikelihood;
pub use path::{CovariatePath, InvalidPath};

/// Pareto/NBD with covariates that change with time; the book's page on covariates has the formulas.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeVaryingParetoNbd {
    model: CovariateModel<ParetoNbd>,
}

/// A fit with covariates that change with time, beside the fit of Pareto/NBD without covariates.
pub type TimeVaryingFit = CovariateFit<TimeVaryingParetoNbd, ParetoNbd>;

impl TimeVaryingParetoNbd {
    /// A model with these covariates and coefficients: process, covariate's name and value of each; `base` is the model of a customer
    /// whose covariates are always 0.
    ///
    /// # Errors
    /// When there is no coefficient, one is given twice, for an unknown covariate or a process other than purchase and dropout, or is not
    /// finite.
    pub fn new(
        base: ParetoNbd,
        covariates: impl IntoIterator<Item = impl Into<String>>,
        coefficients: &[(Process, &str, f64)],
    ) -> Result<Self, InvalidCovariates> {
        let covariates: Vec<String> = covariates.into_iter().map(Into::into).collect();
        let on = |terms: CovariateTerms, &(process, covariate, _): &(Process, &str, f64)| {
            terms.on(process, covariate)
        };
        let terms = coefficients.iter().fold(CovariateTerms::new(), on);
        let effects = terms.resolve(&covariates, super::NAME, ParetoNbd::PROCESSES)?;
        let zeros = vec![0.0; effects.len()];
        let mut values = base.values();
        values.extend(coefficients.iter().map(|(_, _, value)| value));
        let model = CovariateModel::new(base, covariates, effects, zeros).with_parameters(&values)?;
        Ok(Self { model })
    }

    /// Fits by maximum likelihood.
    ///
    /// # Errors
    /// When there is too little data or no finite likelihood, or the terms do not fit the covariates; a fit at the edge of the parameter
    /// space is no error.
    pub fn fit(customers: &TimedBase, terms: &CovariateTerms) -> Result<TimeVaryingFit, CovariateFitError> {
        let histories = customers.histories();
        let whole = ParetoNbd::whole_problem(&histories)?;
        let columns = customers.columns();
        let design = terms.design(customers.names(), &columns, whole.model, ParetoNbd::PROCESSES)?;
        let without = whole.maximise(ParetoNbd::from_values)?;
        // The unit of alpha: the mean age.
        let unit = whole.parameters[1].unit;
        let likelihood = TimedLikelihood::new(customers, &design.effects, &design.columns, unit);
        let likelihood = Penalised { likelihood, weights: design.search_penalties() };
        let problem = design.problem(&whole, &without, Box::new(likelihood), whole.log_density_unit);
        let fit = design.fit(problem, ParetoNbd::from_values)?;
        Ok(CovariateFit::new(fit.map(|model| Self { model }), without, design))
    }

    /// The Pareto/NBD model of a customer whose covariates are always 0.
    #[must_use]
    pub fn base(&self) -> &ParetoNbd {
        self.model.base()
    }

    /// The covariates' names, in the order of a path's values; those without effect included.
    #[must_use]
    pub fn covariates(&self) -> &[String] {
        self.model.covariates()
    }

    /// The coefficients: the process, the covariate's name and the value.
    pub fn coefficients(&self) -> impl Iterator<Item = (Process, &str, f64)> {
        self.model.coefficients()
    }

    /// The same effects with other parameters, in the order of the fit's: for draws ([`crate::Fit::draw_values`]).
    ///
    /// # Errors
    /// When there are not as many as in the fit, or one is out of range.
    pub fn with_parameters(&self, values: &[f64]) -> Result<Self, InvalidParameters> {
        Ok(Self { model: self.model.with_parameters(values)? })
    }

    /// The log-likelihood of customers with these covariates, with all constants, in the time unit of the data.
    ///
    /// # Errors
    /// When the customers' covariates are not as many as the model's.
    pub fn log_likelihood(&self, customers: &TimedBase) -> Result<f64, InvalidPath> {
        path::check_count(customers.names().len(), self.covariates().len())?;
        let raw = Column { mean: 0.0, deviation: 1.0, range: 1.0 };
        let effects = self.model.effects();
        let likelihood = TimedLikelihood::new(customers, effects, &vec![raw; effects.len()], 1.0);
        let mut parameters = self.base().values();
        parameters.extend(self.coefficients().map(|(_, _, value)| value));
        Ok(likelihood.value(&parameters))
    }

    /// P(alive): the probability that the customer is still active at the end of the observation, in [0, 1].
    ///
    /// # Errors
    /// When the path does not reach from the first purchase to the end of the observation, or has another number of covariates.
    pub fn probability_alive(
        &self,
        customer: &TimedPurchases,
        path: &CovariatePath,
    ) -> Result<f64, InvalidPath> {
        Ok(Standing::new(self, customer, path)?.probability_alive())
    }

    /// The probability that the customer is active `time` after the end of the observation.
    ///
    /// # Errors
    /// When the path does not reach from the first purchase until then, or has another number of covariates.
    pub fn probability_alive_at(
        &self,
        customer: &TimedPurchases,
        path: &CovariatePath,
        time: f64,
    ) -> Result<f64, InvalidPath> {
        let standing = Standing::new(self, customer, path)?;
        Ok(standing.probability_alive() * standing.future(self, path, time)?.staying)
    }

    /// E[X(T, T+h)]: the purchases expected in the `horizon` after the end of the observation.
    ///
    /// The path must reach until then: what the covariates will be is for the caller to say, be it that they stay as they are
    /// ([`CovariatePath::carried_forward`]).
    ///
    /// # Errors
    /// When the path does not reach from the first purchase to the end of the horizon, or has another number of covariates.
    pub fn expected_purchases(
        &self,
        customer: &TimedPurchases,
        path: &CovariatePath,
        horizon: f64,
    ) -> Result<f64, InvalidPath> {
        let standing = Standing::new(self, customer, path)?;
        Ok(standing.probability_alive() * standing.future(self, path, horizon)?.purchases)
    }

    /// Simulates the history of a new customer with the first purchase at `first` on the path's clock, observed for `age`: the times of the
    /// repeat purchases since then, sorted.
    ///
    /// # Errors
    /// When the path does not reach over the time of observation, or has another number of covariates.
    pub fn simulate_new(
        &self,
        path: &CovariatePath,
        first: f64,
        age: f64,
        rng: &mut Rng,
        times: &mut Vec<f64>,
    ) -> Result<(), InvalidPath> {
        times.clear();
        let pieces = path.pieces(first, first + age.max(0.0), self.covariates().len())?;
        let [r, alpha, s, beta] = self.base().parameters;
        let rate = random::gamma(rng, r, 1.0 / alpha);
        let dropout = random::gamma(rng, s, 1.0 / beta);
        // Exposures left until the customer leaves and until the next purchase.
        let mut to_leave = random::exponential(rng, dropout);
        let mut to_buy = random::exponential(rng, rate);
        let mut start = 0.0;
        for piece in &pieces {
            let [buying, leaving] = self.speeds(path, piece.step);
            let stays = (to_leave / leaving).min(piece.length);
            let mut time = to_buy / buying;
            while time <= stays {
                times.push(start + time);
                to_buy = random::exponential(rng, rate);
                time += to_buy / buying;
            }
            if stays < piece.length {
                break;
            }
            to_buy = (time - piece.length) * buying;
            to_leave -= leaving * piece.length;
            start += piece.length;
        }
        Ok(())
    }

    /// exp(gamma' z) and exp(delta' z) of a step of a path.
    fn speeds(&self, path: &CovariatePath, step: usize) -> [f64; 2] {
        [Process::Purchase, Process::Dropout]
            .map(|process| self.model.log_factor(process, path.values(step)).exp())
    }
}
