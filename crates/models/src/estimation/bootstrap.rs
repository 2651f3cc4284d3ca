//! The bootstrap: the spread of maximum-likelihood estimates over resampled customers.
//!
//! A replicate draws as many customers as there are, with replacement. Customers with equal histories are not told apart, so the numbers
//! drawn of each distinct history are multinomial; they are drawn exactly, one binomial after the other.
//!
//! Source: B. Efron, Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 7 (1979) 1-26.

use perennial_math::{
    parallel,
    random::{Rng, binomial, stream},
};

use super::summary::Summary;
use crate::{Estimated, Fit, FitError, Outcome, Sample, SampleOrigin, estimation::Parameter};

/// How to resample the customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// The number of replicates, 2 to 1,000,000.
    pub replicates: usize,
    /// Equal seeds give equal replicates.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { replicates: 200, seed: 1 }
    }
}

/// The fit with a sample of estimates on resampled customers; `refit` fits on counts of the distinct histories.
///
/// The parameters and the model stay those of `fit`; their standard errors and covariance become those of the replicates. A parameter
/// that ran away in a replicate has no standard error.
pub(crate) fn bootstrap<M>(
    fit: Fit<M>,
    counts: &[f64],
    resampling: Resampling,
    refit: impl Fn(&[f64]) -> Result<Fit<M>, FitError> + Sync,
) -> Result<Fit<M>, FitError> {
    let Resampling { replicates, seed } = resampling;
    if !(2..=1_000_000).contains(&replicates) {
        return Err(FitError::Settings { what: "the number of replicates must lie between 2 and 1,000,000" });
    }
    let outcomes: Vec<Option<(Vec<f64>, Outcome, usize)>> = parallel::map(replicates, |replicate| {
        let drawn = multinomial(counts, &mut stream(seed, replicate as u64));
        refit(&drawn).ok().map(|refit| (refit.values(), refit.outcome, refit.evaluations))
    });
    let found: Vec<&(Vec<f64>, Outcome, usize)> = outcomes.iter().flatten().collect();
    if found.len() < 2 {
        return Err(FitError::TooFewReplicates { succeeded: found.len(), replicates });
    }
    let values: Vec<Vec<f64>> = found.iter().map(|(values, ..)| values.clone()).collect();
    let Summary { parameters, covariance } = Summary::of(&parameters_of(&fit.parameters), &values);
    let ran_away = |estimate: &Estimated| {
        let named = |outcome: &Outcome| matches!(outcome, Outcome::Edge { parameters } if parameters.contains(&estimate.name));
        named(&fit.outcome) || found.iter().any(|(_, outcome, _)| named(outcome))
    };
    let estimates = fit.parameters.iter().zip(parameters).map(|(estimate, spread)| Estimated {
        standard_error: spread.standard_error.filter(|_| !ran_away(estimate)),
        ..estimate.clone()
    });
    Ok(Fit {
        parameters: estimates.collect(),
        covariance,
        sample: Some(Sample {
            origin: SampleOrigin::Bootstrap { failed: replicates - values.len() },
            values,
        }),
        evaluations: fit.evaluations + found.iter().map(|(.., evaluations)| evaluations).sum::<usize>(),
        ..fit
    })
}

fn parameters_of(estimates: &[Estimated]) -> Vec<Parameter> {
    estimates
        .iter()
        .map(|estimate| Parameter { name: estimate.name.clone(), unit: 1.0, scale: estimate.scale })
        .collect()
}

/// How many of each kind are drawn when as many as there are in all are drawn with replacement; counts that are no numbers count as 0.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of customers, whole and not negative"
)]
fn multinomial(counts: &[f64], rng: &mut Rng) -> Vec<f64> {
    let mut left: f64 = counts.iter().filter(|count| **count > 0.0).sum();
    let mut draws = left.round() as u64;
    counts
        .iter()
        .map(|&count| {
            if count.is_nan() || count <= 0.0 || draws == 0 {
                return 0.0;
            }
            // The last kind takes all that is left, whatever rounding has done to the shares.
            let share = (count / left).clamp(0.0, 1.0);
            left -= count;
            let drawn = if left < 0.5 { draws as f64 } else { binomial(rng, draws, share) };
            draws = draws.saturating_sub(drawn as u64);
            drawn
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampled_counts_are_multinomial() {
        let counts = [1411.0, 0.0, 400.0, 1.0, 1.0, 544.0];
        let total: f64 = counts.iter().sum();
        let n = 20_000;
        let draws: Vec<Vec<f64>> = (0..n).map(|i| multinomial(&counts, &mut stream(3, i))).collect();
        assert!(draws.iter().all(|draw| (draw.iter().sum::<f64>() - total).abs() < 0.5));
        for (i, count) in counts.iter().enumerate() {
            let p = count / total;
            let mean = draws.iter().map(|draw| draw[i]).sum::<f64>() / n as f64;
            let variance = draws.iter().map(|draw| (draw[i] - mean).powi(2)).sum::<f64>() / n as f64;
            let expected = count * (1.0 - p);
            assert!((mean - count).abs() <= 5.0 * (expected / n as f64).sqrt(), "{i}: {mean}");
            assert!((variance - expected).abs() <= 0.06 * expected, "{i}: {variance} for {expected}");
        }
        let products = draws.iter().map(|draw| (draw[0] - counts[0]) * (draw[5] - counts[5])).sum::<f64>();
        let covariance = products / n as f64;
        let expected = -counts[0] * counts[5] / total;
        assert!((covariance / expected - 1.0).abs() < 0.06, "{covariance} for {expected}");
    }

    #[test]
    fn nothing_is_drawn_from_nothing() {
        assert_eq!(multinomial(&[0.0, 0.0], &mut stream(1, 0)), [0.0, 0.0]);
        assert_eq!(multinomial(&[f64::NAN, 3.0], &mut stream(1, 0)), [0.0, 3.0]);
    }
}
