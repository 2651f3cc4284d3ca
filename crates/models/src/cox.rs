//! Cox: proportional hazards. Which covariates make customers leave sooner, whatever the course of leaving over time.
//!
//! ```text
//! h(t | x) = h_0(t) exp(beta (x - mean x)),       S(t | x) = exp(-H_0(t) exp(beta (x - mean x)))
//! ln L(beta) = sum over times t_i at which d_i customers D_i left, R_i under observation until then, of
//!              sum over D_i of beta x_j
//!              - sum over l = 0..d_i-1 of ln [ sum over R_i of exp(beta x_j) - l/d_i sum over D_i of exp(beta x_j) ]
//! H_0(t)   = sum over t_i <= t of d_i / sum over R_i of exp(beta (x_j - mean x))
//! ```
//!
//! exp(beta) is the hazard ratio of one more unit of a covariate. `h_0` is not modelled, so nothing is said beyond the longest duration.
//!
//! Sources: D. R. Cox, Regression Models and Life-Tables, Journal of the Royal Statistical Society B 34 (1972) 187-220; B. Efron, The
//! Efficiency of Cox's Likelihood Function for Censored Data, Journal of the American Statistical Association 72 (1977) 557-565
//! (ties); N. E. Breslow, discussion of Cox (1972) 216-217 (`H_0`); F. E. Harrell et al., Evaluating the Yield of Medical Tests, Journal of
//! the American Medical Association 247 (1982) 2543-2546 (concordance).

mod concordance;
mod data;
mod newton;
mod partial_likelihood;

use perennial_math::special::{normal_cdf, normal_quantile};

use crate::{Estimated, Fit, LikelihoodRatio, MINIMUM_REPEAT_CUSTOMERS, Name, Outcome, Scale};
pub use data::{CoxData, CoxError};
use newton::Maximum;
use partial_likelihood::RiskSets;

/// The variance of the coefficient of a standardised covariate above which the data are taken to say nothing about it.
const NO_INFORMATION: f64 = 25.0;

/// The variance that flat directions of these coefficients are held to.
const HELD_VARIANCE: f64 = 1.0;

/// A proportional-hazards model; see the [module's formulas](self).
#[derive(Debug, Clone, PartialEq)]
pub struct Cox {
    names: Vec<Name>,
    coefficients: Vec<f64>,
    means: Vec<f64>,
    baseline: Vec<(f64, f64)>,
    last: f64,
    null_log_likelihood: f64,
}

/// The hazard ratio of one more unit of a covariate.
#[derive(Debug, Clone, PartialEq)]
pub struct HazardRatio {
    /// The covariate's name.
    pub name: Name,
    /// exp(coefficient): above 1 customers with more of the covariate leave sooner.
    pub ratio: f64,
    /// The interval [lower, upper] around it; `None` where the coefficient ran away.
    pub interval: Option<[f64; 2]>,
    /// The probability, if there were no effect, of an estimate so far from none (Wald); `None` where the coefficient ran away.
    pub p_value: Option<f64>,
}

impl Cox {
    /// Fits by maximum partial likelihood.
    ///
    /// A covariate that separates those who leave first from all others has no finite coefficient, and one that is constant or made up of
    /// others has none of its own: the outcome is then [`Outcome::Edge`] with its name, and its standard error `None`.
    ///
    /// # Errors
    /// When there is no covariate, or fewer than ten customers have left.
    pub fn fit(data: &CoxData) -> Result<Fit<Self>, CoxError> {
        if data.names().is_empty() {
            return Err(CoxError::NoCovariate);
        }
        let (ended, customers) = (data.ended(), data.lifetimes().len());
        if (ended as u64) < MINIMUM_REPEAT_CUSTOMERS {
            return Err(CoxError::TooFewEnded { ended, customers, needed: MINIMUM_REPEAT_CUSTOMERS });
        }
        let risk = RiskSets::new(data);
        let maximum = newton::maximise(&risk, data.names().len());
        let outcome = outcome(data.names(), &maximum, customers);
        let coefficients: Vec<f64> =
            maximum.coefficients.iter().zip(&risk.scales).map(|(value, scale)| value / scale).collect();
        let covariance = newton::covariance(&maximum.partial.information, &risk.scales, HELD_VARIANCE);
        let parameters = estimates(data.names(), &coefficients, &maximum, &risk.scales, &outcome);
        let model = Self {
            names: data.names().to_vec(),
            coefficients,
            baseline: risk.baseline(&maximum.coefficients),
            last: risk.last_time(),
            means: risk.means,
            null_log_likelihood: maximum.null,
        };
        Ok(Fit {
            model,
            parameters,
            covariance,
            sample: None,
            log_likelihood: maximum.partial.value,
            outcome,
            customers: customers as f64,
            evaluations: maximum.evaluations,
        })
    }

    /// The covariates' names.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The coefficients beta, one per covariate, each in one over the covariate's unit.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The cumulative baseline hazard `H_0` (of a customer with the mean of each covariate) after each time at which customers left: pairs of time
    /// and hazard, ascending.
    #[must_use]
    pub fn baseline(&self) -> &[(f64, f64)] {
        &self.baseline
    }

    /// The log partial likelihood without covariates.
    #[must_use]
    pub const fn null_log_likelihood(&self) -> f64 {
        self.null_log_likelihood
    }

    /// beta (x - mean x): the logarithm of the customer's hazard over that of the mean customer. `None` unless there is one finite value per
    /// covariate.
    #[must_use]
    pub fn log_hazard_ratio(&self, covariates: &[f64]) -> Option<f64> {
        if covariates.len() != self.coefficients.len() {
            return None;
        }
        let terms = self.coefficients.iter().zip(covariates).zip(&self.means);
        let sum: f64 = terms.map(|((coefficient, x), mean)| coefficient * (x - mean)).sum();
        sum.is_finite().then_some(sum)
    }

    /// S(`time` | x), the probability that a new customer with these covariates stays longer; `None` before 0, beyond the longest duration
    /// observed, and unless there is one finite value per covariate.
    #[must_use]
    pub fn survival(&self, covariates: &[f64], time: f64) -> Option<f64> {
        self.survival_from(covariates, 0.0, time)
    }

    /// S(`until` | x) / S(`survived` | x): the probability that a customer who has stayed for `survived` stays beyond `until`, times since
    /// the start; 1 where `until` is not later. `None` as for [`Cox::survival`].
    #[must_use]
    pub fn survival_from(&self, covariates: &[f64], survived: f64, until: f64) -> Option<f64> {
        let ratio = self.log_hazard_ratio(covariates)?.exp();
        let hazard = (self.cumulative_hazard(until)? - self.cumulative_hazard(survived)?).max(0.0);
        // No hazard at all, whatever the ratio.
        Some(if hazard > 0.0 { (-hazard * ratio).exp() } else { 1.0 })
    }

    /// The time by which half of the customers with these covariates have left; `None` where more stay, and unless there is one finite value
    /// per covariate.
    #[must_use]
    pub fn median(&self, covariates: &[f64]) -> Option<f64> {
        let ratio = self.log_hazard_ratio(covariates)?.exp();
        let reached = self.baseline.iter().find(|(_, hazard)| hazard * ratio >= std::f64::consts::LN_2);
        reached.map(|(time, _)| *time)
    }

    /// `H_0` at a time; `None` where it is not known.
    fn cumulative_hazard(&self, time: f64) -> Option<f64> {
        let steps = self.baseline.partition_point(|(step, _)| *step <= time);
        let known = (0.0..=self.last).contains(&time);
        known.then(|| self.baseline[..steps].last().map_or(0.0, |(_, hazard)| *hazard))
    }

    /// Harrell's concordance on customers with the same covariates: the share of comparable pairs in which the one with the higher hazard left
    /// first, equal hazards counting half. `None` for other covariates, and without a comparable pair.
    #[must_use]
    pub fn concordance(&self, data: &CoxData) -> Option<f64> {
        if data.names() != self.names {
            return None;
        }
        let risks: Option<Vec<f64>> = (0..data.lifetimes().len())
            .map(|customer| {
                let row: Vec<f64> = data.columns().iter().map(|values| values[customer]).collect();
                self.log_hazard_ratio(&row)
            })
            .collect();
        concordance::concordance(data.lifetimes(), &risks?)
    }
}

impl Fit<Cox> {
    /// The hazard ratios with intervals of probability `level` (0.95, say).
    #[must_use]
    pub fn hazard_ratios(&self, level: f64) -> Vec<HazardRatio> {
        let z = normal_quantile(0.5 + 0.5 * level);
        let ratio = |estimated: &Estimated| {
            let (value, error) = (estimated.value, estimated.standard_error);
            HazardRatio {
                name: estimated.name.clone(),
                ratio: value.exp(),
                interval: error.map(|error| [(value - z * error).exp(), (value + z * error).exp()]),
                p_value: error.map(|error| 2.0 * normal_cdf(-(value / error).abs())),
            }
        };
        self.parameters.iter().map(ratio).collect()
    }

    /// The likelihood-ratio test of all covariates together.
    #[must_use]
    pub fn likelihood_ratio(&self) -> LikelihoodRatio {
        LikelihoodRatio::of(self.log_likelihood - self.model.null_log_likelihood, self.parameters.len())
    }
}

/// How the search ended.
fn outcome(names: &[Name], maximum: &Maximum, customers: usize) -> Outcome {
    let unknown = newton::unknown(&maximum.partial.information, NO_INFORMATION);
    let parameters: Vec<Name> =
        names.iter().zip(unknown).filter(|(_, unknown)| *unknown).map(|(name, _)| name.clone()).collect();
    if !parameters.is_empty() {
        Outcome::Edge { parameters }
    } else if maximum.converged {
        Outcome::Converged
    } else {
        let largest =
            maximum.partial.gradient.iter().fold(0.0, |largest: f64, slope| largest.max(slope.abs()));
        Outcome::Stalled { gradient: largest / customers as f64 }
    }
}

/// The coefficients with standard errors; none for one that ran away.
fn estimates(
    names: &[Name],
    coefficients: &[f64],
    maximum: &Maximum,
    scales: &[f64],
    outcome: &Outcome,
) -> Vec<Estimated> {
    let covariance = newton::covariance(&maximum.partial.information, scales, NO_INFORMATION);
    let ran_away = |name: &Name| matches!(outcome, Outcome::Edge { parameters } if parameters.contains(name));
    names
        .iter()
        .zip(coefficients)
        .enumerate()
        .map(|(i, (name, &value))| Estimated {
            name: name.clone(),
            value,
            standard_error: (!ran_away(name)).then(|| covariance[i][i].sqrt()),
            scale: Scale::Identity,
        })
        .collect()
}
