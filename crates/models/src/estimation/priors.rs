//! What is held to be likely of the parameters before the data are seen.
//!
//! A prior is written in the unit of the data. Posterior densities are those of the coordinates ([`Scale`]), so the density of a positive
//! parameter is multiplied by the parameter (the derivative of the value by its logarithm).
//!
//! ```text
//! lognormal(median, sigma)   ln v ~ Normal(ln median, sigma)                    positive parameters
//! halfnormal(sigma)          p(v) = sqrt(2/pi) / sigma exp(-v^2 / (2 sigma^2))  positive parameters
//! gamma(shape, rate)         p(v) = rate^shape v^(shape-1) exp(-rate v) / Gamma(shape)   positive parameters
//! normal(mean, sd)           v ~ Normal(mean, sd)                               coefficients
//! flat                       constant in the coordinate                         both; improper
//! ```

use std::{f64::consts::PI, fmt, str::FromStr};

use perennial_math::special::ln_gamma;

use super::Problem;
use crate::{Name, Scale};

/// The spread of the default prior of a positive parameter: its logarithm, in the likelihood's unit (time: the mean age of the customers;
/// money: the mean spend), is normal around 0 with this standard deviation. 95 % lie between 1/50 and 50.
pub const DEFAULT_LOG_SPREAD: f64 = 2.0;

/// The standard deviation of the default prior of a coefficient of a covariate, normal around 0.
pub const DEFAULT_COEFFICIENT_SPREAD: f64 = 2.0;

/// The prior distribution of one parameter, in the unit of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// The logarithm of a positive parameter is normal.
    LogNormal {
        /// The median of the parameter.
        median: f64,
        /// The standard deviation of its logarithm.
        sigma: f64,
    },
    /// The positive half of a normal distribution around 0.
    HalfNormal {
        /// The standard deviation of the whole normal distribution.
        sigma: f64,
    },
    /// A gamma distribution of a positive parameter, with mean shape / rate.
    Gamma {
        /// The shape.
        shape: f64,
        /// The rate, in 1 / unit of the parameter.
        rate: f64,
    },
    /// A normal distribution of a coefficient of either sign.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        sd: f64,
    },
    /// Constant in the parameter's coordinate (the logarithm of a positive parameter). It is no distribution: where the data do not bound
    /// the parameter, neither does the posterior, and the diagnostics show it.
    Flat,
}

/// Why something is not the prior of a parameter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidPrior {
    /// Text that is no prior.
    #[error(
        "{text:?} is no prior; known are lognormal(median,sigma), halfnormal(sigma), gamma(shape,rate), normal(mean,sd) and flat, \
         as in r=lognormal(0.5,1)"
    )]
    Text {
        /// The text.
        text: String,
    },
    /// A number that the distribution cannot have.
    #[error(
        "the prior {prior} has a number out of range: all must be finite, and positive but for the mean of normal"
    )]
    Number {
        /// The prior.
        prior: Prior,
    },
    /// A name that no parameter of the model has.
    #[error("{model} has no parameter {name:?} to set a prior on; it has {known}")]
    Parameter {
        /// The model's name.
        model: &'static str,
        /// The name given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A distribution over values that the parameter cannot have.
    #[error("the prior {prior} does not suit parameter {name:?}: allowed are {allowed}")]
    Unsuited {
        /// The parameter's name.
        name: Name,
        /// The prior given.
        prior: Prior,
        /// The distributions that suit it.
        allowed: &'static str,
    },
}

impl Prior {
    /// The weakly informative prior of a parameter for which none was set; `unit` is what the likelihood counts it in, in the unit of the
    /// data.
    #[must_use]
    pub const fn default_of(scale: Scale, unit: f64) -> Self {
        match scale {
            Scale::Log => Self::LogNormal { median: unit, sigma: DEFAULT_LOG_SPREAD },
            Scale::Identity => Self::Normal { mean: 0.0, sd: unit * DEFAULT_COEFFICIENT_SPREAD },
        }
    }

    /// The logarithm of the density of the coordinate, and its derivative by it. The parameter is `unit` times the value at the coordinate.
    pub(crate) fn log_density(self, scale: Scale, unit: f64, coordinate: f64) -> [f64; 2] {
        let value = unit * scale.value(coordinate);
        let slope = unit * scale.slope(scale.value(coordinate));
        // ln(slope) and its derivative by the coordinate.
        let [log_slope, change] = match scale {
            Scale::Log => [unit.ln() + coordinate, 1.0],
            Scale::Identity => [unit.ln(), 0.0],
        };
        match self {
            Self::LogNormal { median, sigma } => {
                let z = (coordinate - (median / unit).ln()) / sigma;
                [-0.5 * z * z - sigma.ln() - 0.5 * (2.0 * PI).ln(), -z / sigma]
            }
            Self::HalfNormal { sigma } => {
                let z = value / sigma;
                [0.5 * (2.0 / PI).ln() - sigma.ln() - 0.5 * z * z + log_slope, change - z / sigma * slope]
            }
            Self::Gamma { shape, rate } => [
                shape * rate.ln() - ln_gamma(shape) + (shape - 1.0) * log_slope - rate * value + log_slope,
                shape * change - rate * slope,
            ],
            Self::Normal { mean, sd } => {
                let z = (value - mean) / sd;
                [-0.5 * z * z - sd.ln() - 0.5 * (2.0 * PI).ln() + log_slope, change - z / sd * slope]
            }
            Self::Flat => [0.0, 0.0],
        }
    }

    /// Whether all numbers are in range.
    fn is_valid(self) -> bool {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        match self {
            Self::LogNormal { median, sigma } => positive(median) && positive(sigma),
            Self::HalfNormal { sigma } => positive(sigma),
            Self::Gamma { shape, rate } => positive(shape) && positive(rate),
            Self::Normal { mean, sd } => mean.is_finite() && positive(sd),
            Self::Flat => true,
        }
    }

    /// Whether this is a distribution over the values of a parameter of this scale.
    const fn suits(self, scale: Scale) -> bool {
        match self {
            Self::Flat => true,
            Self::Normal { .. } => matches!(scale, Scale::Identity),
            Self::LogNormal { .. } | Self::HalfNormal { .. } | Self::Gamma { .. } => {
                matches!(scale, Scale::Log)
            }
        }
    }
}

impl fmt::Display for Prior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogNormal { median, sigma } => write!(f, "lognormal({median},{sigma})"),
            Self::HalfNormal { sigma } => write!(f, "halfnormal({sigma})"),
            Self::Gamma { shape, rate } => write!(f, "gamma({shape},{rate})"),
            Self::Normal { mean, sd } => write!(f, "normal({mean},{sd})"),
            Self::Flat => f.write_str("flat"),
        }
    }
}

impl FromStr for Prior {
    type Err = InvalidPrior;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_prior = || InvalidPrior::Text { text: text.to_owned() };
        let trimmed = text.trim();
        let (family, rest) = trimmed.split_once('(').unwrap_or((trimmed, ")"));
        let inside = rest.strip_suffix(')').ok_or_else(no_prior)?;
        let numbers: Vec<f64> = inside
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| part.trim().parse().map_err(|_| no_prior()))
            .collect::<Result<_, _>>()?;
        let prior = match (family.trim(), numbers.as_slice()) {
            ("lognormal", &[median, sigma]) => Self::LogNormal { median, sigma },
            ("halfnormal", &[sigma]) => Self::HalfNormal { sigma },
            ("gamma", &[shape, rate]) => Self::Gamma { shape, rate },
            ("normal", &[mean, sd]) => Self::Normal { mean, sd },
            ("flat", &[]) => Self::Flat,
            _ => return Err(no_prior()),
        };
        if prior.is_valid() { Ok(prior) } else { Err(InvalidPrior::Number { prior }) }
    }
}

/// The priors set by name; every other parameter has its default ([`Prior::default_of`]).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Priors {
    set: Vec<(String, Prior)>,
}

impl Priors {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same priors with that of one parameter set, in the unit of the data; the last one set counts.
    #[must_use]
    pub fn with(mut self, parameter: impl Into<String>, prior: Prior) -> Self {
        self.set.push((parameter.into(), prior));
        self
    }

    /// The same priors with one set by text such as `r=lognormal(0.5,1)`.
    ///
    /// # Errors
    /// When the text is not a name, an equals sign and a prior.
    pub fn with_text(self, text: &str) -> Result<Self, InvalidPrior> {
        let (parameter, prior) =
            text.split_once('=').ok_or_else(|| InvalidPrior::Text { text: text.to_owned() })?;
        Ok(self.with(parameter.trim(), prior.parse()?))
    }

    /// The prior of each parameter of a problem.
    ///
    /// # Errors
    /// When a name is none of the problem's, or a prior does not suit its parameter.
    pub(crate) fn of(&self, problem: &Problem) -> Result<Vec<Prior>, InvalidPrior> {
        for (name, _) in &self.set {
            if !problem.parameters.iter().any(|parameter| parameter.name == *name) {
                let known: Vec<&str> = problem.parameters.iter().map(|p| p.name.as_ref()).collect();
                return Err(InvalidPrior::Parameter {
                    model: problem.model,
                    name: name.clone(),
                    known: known.join(", "),
                });
            }
        }
        problem
            .parameters
            .iter()
            .map(|parameter| {
                let set =
                    self.set.iter().rev().find(|(name, _)| parameter.name == *name).map(|(_, prior)| *prior);
                let prior = set.unwrap_or(Prior::default_of(parameter.scale, parameter.unit));
                checked(prior, &parameter.name, parameter.scale)
            })
            .collect()
    }
}

/// The prior, if its numbers are in range and it suits the parameter.
fn checked(prior: Prior, name: &Name, scale: Scale) -> Result<Prior, InvalidPrior> {
    if !prior.is_valid() {
        return Err(InvalidPrior::Number { prior });
    }
    if !prior.suits(scale) {
        let allowed = match scale {
            Scale::Log => "lognormal, halfnormal, gamma and flat (it is positive)",
            Scale::Identity => "normal and flat (it may have either sign)",
        };
        return Err(InvalidPrior::Unsuited { name: name.clone(), prior, allowed });
    }
    Ok(prior)
}

#[cfg(test)]
mod tests {
    use perennial_math::quadrature::GaussLegendre;

    use super::*;

    const PROPER: [(Prior, Scale); 5] = [
        (Prior::LogNormal { median: 3.0, sigma: 0.7 }, Scale::Log),
        (Prior::HalfNormal { sigma: 2.0 }, Scale::Log),
        (Prior::Gamma { shape: 2.5, rate: 0.4 }, Scale::Log),
        (Prior::Gamma { shape: 0.8, rate: 3.0 }, Scale::Log),
        (Prior::Normal { mean: -1.0, sd: 0.8 }, Scale::Identity),
    ];

    #[test]
    fn densities_of_the_coordinate_integrate_to_one_in_any_unit() {
        let rule = GaussLegendre::new(16);
        for (prior, scale) in PROPER {
            for unit in [1.0, 0.05, 30.0] {
                let (low, high) = if scale == Scale::Log { (-60.0, 20.0) } else { (-300.0, 300.0) };
                let panels = 4000;
                let width = (high - low) / f64::from(panels);
                let total: f64 = (0..panels)
                    .map(|i| {
                        let start = low + width * f64::from(i);
                        rule.integrate(|at| prior.log_density(scale, unit, at)[0].exp(), start, start + width)
                    })
                    .sum();
                // An identity coordinate counts in `unit`; its density has been turned to that.
                assert!((total - 1.0).abs() < 1e-8, "{prior} in units of {unit}: {total}");
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        for (prior, scale) in PROPER {
            for unit in [1.0, 7.0] {
                for at in [-2.0, -0.3, 0.4, 1.9] {
                    let step = 1e-5;
                    let above = prior.log_density(scale, unit, at + step)[0];
                    let below = prior.log_density(scale, unit, at - step)[0];
                    let expected = (above - below) / (2.0 * step);
                    let ours = prior.log_density(scale, unit, at)[1];
                    assert!(
                        (ours - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                        "{prior}: {ours} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn text_and_back() {
        for (prior, _) in PROPER.into_iter().chain([(Prior::Flat, Scale::Log)]) {
            assert_eq!(prior.to_string().parse(), Ok(prior));
        }
        let priors = Priors::new().with_text(" r = lognormal( 0.5 , 1 )").expect("a prior");
        assert_eq!(priors, Priors::new().with("r", Prior::LogNormal { median: 0.5, sigma: 1.0 }));
        for wrong in ["", "r", "r=cauchy(1)", "r=gamma(1)", "r=flat(1)", "r=lognormal(a,b)", "r=gamma(1,2"] {
            let message = Priors::new().with_text(wrong).expect_err(wrong).to_string();
            assert!(message.contains("known are lognormal(median,sigma), halfnormal(sigma)"), "{message}");
        }
        for wrong in ["r=gamma(-1,2)", "r=normal(0,0)", "r=halfnormal(inf)", "r=lognormal(NaN,1)"] {
            assert!(matches!(Priors::new().with_text(wrong), Err(InvalidPrior::Number { .. })), "{wrong}");
        }
    }
}
