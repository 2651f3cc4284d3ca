//! How far a sample from Markov chains can be trusted: R-hat and effective sample sizes.
//!
//! With the draws of M chains, each split into two halves, ranked over all and turned into normal scores z (Blom's offsets), B/n the
//! variance of the halves' means, W the mean of their variances and n the draws of a half:
//!
//! ```text
//! R-hat = sqrt( ((n-1)/n W + B/n) / W ),     the larger of that of z and that of the scores of |draw - median|
//! ESS   = M n / tau,   tau = -1 + 2 sum over pairs of lags of P_t,   P_t = rho_2t + rho_(2t+1)
//! rho_t = 1 - (W - mean over the halves of the autocovariance at lag t) / ((n-1)/n W + B/n)
//! ```
//!
//! the sum over the initial pairs that are positive, made monotone (Geyer 1992). The bulk ESS is that of z; the tail ESS the smaller of
//! those of the indicators of being below the 5 % and the 95 % quantile.
//!
//! Source: A. Vehtari, A. Gelman, D. Simpson, B. Carpenter, P.-C. Bürkner, Rank-Normalization, Folding, and Localization: An Improved
//! R-hat for Assessing Convergence of MCMC, Bayesian Analysis 16 (2021) 667-718, eq. 3, 4, 8, 10, 13, 14.

use std::fmt;

use perennial_math::{
    special::normal_quantile,
    statistics::{mean, quantile, variance},
};

/// The R-hat above which the chains do not agree (Vehtari et al. 2021).
pub const LARGEST_R_HAT: f64 = 1.01;

/// The effective draws per chain below which a sample is too small for its diagnostics to be trusted (Vehtari et al. 2021).
pub const SMALLEST_ESS_PER_CHAIN: f64 = 100.0;

/// How far a sample from a posterior distribution can be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostics {
    /// The number of chains.
    pub chains: usize,
    /// Draws kept per chain.
    pub draws: usize,
    /// Transitions that diverged, over all chains; more than a few mean that the posterior was not explored.
    pub divergences: usize,
    /// Per parameter: the rank-normalised split R-hat (Vehtari et al. 2021); below 1.01 the chains agree.
    pub r_hat: Vec<f64>,
    /// Per parameter: the effective number of independent draws in the bulk.
    pub bulk_ess: Vec<f64>,
    /// Per parameter: the effective number of independent draws in the tails.
    pub tail_ess: Vec<f64>,
}

/// What is wrong with a sample from a posterior distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trouble {
    /// The chains are in different places.
    ChainsDisagree {
        /// The largest R-hat of a parameter.
        r_hat: f64,
    },
    /// Parts of the posterior are too sharp for the sampler to enter.
    Divergences {
        /// Transitions that diverged.
        divergences: usize,
        /// All transitions.
        transitions: usize,
    },
    /// The draws depend on each other so much that they are worth too few.
    FewEffectiveDraws {
        /// The smallest effective number of draws of a parameter, in bulk or tails.
        effective: f64,
        /// The number needed.
        needed: f64,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChainsDisagree { r_hat } => write!(
                f,
                "the chains disagree (R-hat {r_hat:.3}, above {LARGEST_R_HAT}): sample longer, or set tighter priors"
            ),
            Self::Divergences { divergences, transitions } => write!(
                f,
                "{divergences} of {transitions} transitions diverged, so part of the posterior may be missing: raise the target \
                 acceptance, or set tighter priors"
            ),
            Self::FewEffectiveDraws { effective, needed } => write!(
                f,
                "the draws are worth only {effective:.0} independent ones, {needed:.0} are needed: sample longer"
            ),
        }
    }
}

impl Diagnostics {
    /// The diagnostics of chains of equally many draws, each draw with one number per parameter.
    pub(crate) fn of(chains: &[Vec<Vec<f64>>], divergences: usize) -> Self {
        let parameters = chains.iter().flatten().next().map_or(0, Vec::len);
        let draws = chains.iter().map(Vec::len).min().unwrap_or(0);
        let mut found = Self {
            chains: chains.len(),
            draws,
            divergences,
            r_hat: vec![],
            bulk_ess: vec![],
            tail_ess: vec![],
        };
        for parameter in 0..parameters {
            let traces: Vec<Vec<f64>> = chains
                .iter()
                .map(|chain| chain.iter().take(draws).map(|draw| draw[parameter]).collect())
                .collect();
            found.r_hat.push(r_hat(&traces));
            found.bulk_ess.push(bulk_ess(&traces));
            found.tail_ess.push(tail_ess(&traces));
        }
        found
    }

    /// What is wrong with the sample, the worst first; `None` when nothing is.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let r_hat =
            self.r_hat.iter().fold(1.0_f64, |worst, &r| if r.is_nan() { f64::NAN } else { worst.max(r) });
        if r_hat.is_nan() || r_hat > LARGEST_R_HAT {
            return Some(Trouble::ChainsDisagree { r_hat });
        }
        if self.divergences > 0 {
            let transitions = self.chains * self.draws;
            return Some(Trouble::Divergences { divergences: self.divergences, transitions });
        }
        let needed = SMALLEST_ESS_PER_CHAIN * self.chains as f64;
        let effective = self.smallest_ess();
        (effective.is_nan() || effective < needed).then_some(Trouble::FewEffectiveDraws { effective, needed })
    }

    /// The smallest effective number of draws of a parameter, in bulk or tails.
    #[must_use]
    pub fn smallest_ess(&self) -> f64 {
        self.bulk_ess
            .iter()
            .chain(&self.tail_ess)
            .fold(f64::INFINITY, |least, &ess| if ess.is_nan() { f64::NAN } else { least.min(ess) })
    }
}

/// The rank-normalised split R-hat of a parameter's draws, chain by chain; 1 for draws that are all equal.
fn r_hat(traces: &[Vec<f64>]) -> f64 {
    let halves = split(traces);
    let mut all: Vec<f64> = halves.concat();
    let median = quantile(&mut all, 0.5);
    let folded: Vec<Vec<f64>> =
        halves.iter().map(|half| half.iter().map(|draw| (draw - median).abs()).collect()).collect();
    plain_r_hat(&normal_scores(&halves)).max(plain_r_hat(&normal_scores(&folded)))
}

/// The effective number of draws in the bulk.
fn bulk_ess(traces: &[Vec<f64>]) -> f64 {
    ess(&normal_scores(&split(traces)))
}

/// The effective number of draws in the tails.
fn tail_ess(traces: &[Vec<f64>]) -> f64 {
    let mut all: Vec<f64> = traces.concat();
    [0.05, 0.95]
        .into_iter()
        .map(|p| {
            let border = quantile(&mut all, p);
            let below: Vec<Vec<f64>> = traces
                .iter()
                .map(|trace| trace.iter().map(|draw| if *draw <= border { 1.0 } else { 0.0 }).collect())
                .collect();
            ess(&split(&below))
        })
        .fold(f64::INFINITY, f64::min)
}

/// Each chain as two of half the length, the draw in the middle left out where the length is odd.
fn split(traces: &[Vec<f64>]) -> Vec<Vec<f64>> {
    traces
        .iter()
        .flat_map(|trace| {
            let half = trace.len() / 2;
            [trace[..half].to_vec(), trace[trace.len() - half..].to_vec()]
        })
        .collect()
}

/// The draws replaced by the normal quantiles of their ranks over all chains, equal draws by that of their mean rank.
fn normal_scores(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all: Vec<f64> = chains.concat();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_unstable_by(|&i, &j| all[i].total_cmp(&all[j]));
    let mut scores = vec![0.0; all.len()];
    let mut start = 0;
    for equal in order.chunk_by(|&i, &j| all[i].total_cmp(&all[j]).is_eq()) {
        let rank = start as f64 + 0.5 * (equal.len() + 1) as f64;
        let score = normal_quantile((rank - 0.375) / (all.len() as f64 + 0.25));
        for &index in equal {
            scores[index] = score;
        }
        start += equal.len();
    }
    let length = chains.first().map_or(1, |chain| chain.len().max(1));
    scores.chunks(length).map(<[f64]>::to_vec).collect()
}

/// The variance within the chains, and that estimated of all draws together.
fn variances(chains: &[Vec<f64>]) -> [f64; 2] {
    let draws = chains.first().map_or(0, Vec::len) as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let within = mean(&chains.iter().map(|chain| variance(chain)).collect::<Vec<f64>>());
    let between = if means.len() > 1 { variance(&means) } else { 0.0 };
    [within, within * (draws - 1.0) / draws + between]
}

/// R-hat without any transformation of the draws.
fn plain_r_hat(chains: &[Vec<f64>]) -> f64 {
    let [within, total] = variances(chains);
    if total == 0.0 { 1.0 } else { (total / within).sqrt() }
}

/// The effective number of draws without any transformation of them; all of them when they are all equal.
fn ess(chains: &[Vec<f64>]) -> f64 {
    let draws = chains.first().map_or(0, Vec::len);
    let size = (chains.len() * draws) as f64;
    let [within, total] = variances(chains);
    if draws < 4 || !(total.is_finite() && within.is_finite()) {
        return f64::NAN;
    }
    if total == 0.0 {
        return size;
    }
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let correlation = |lag: usize| {
        let sum: f64 = chains.iter().zip(&means).map(|(chain, mean)| autocovariance(chain, *mean, lag)).sum();
        1.0 - (within - sum / chains.len() as f64) / total
    };
    let mut pair = 1.0 + correlation(1);
    let mut sum = pair;
    let mut lag = 2;
    let mut after = 0.0;
    while lag + 2 < draws {
        let even = correlation(lag);
        let next = even + correlation(lag + 1);
        if next < 0.0 {
            // What is left of the first pair that is not positive: its even half, where that is positive.
            after = even.max(0.0);
            break;
        }
        pair = pair.min(next);
        sum += pair;
        lag += 2;
    }
    let tau = (2.0 * sum - 1.0 + after).max(1.0 / size.log10());
    size / tau
}

/// The autocovariance of a chain at a lag, with divisor n.
fn autocovariance(chain: &[f64], mean: f64, lag: usize) -> f64 {
    let products = chain.iter().zip(chain.iter().skip(lag)).map(|(now, later)| (now - mean) * (later - mean));
    products.sum::<f64>() / chain.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are exact")]

    use super::*;

    /// Four chains of 500 draws of x' = rho x + u, u uniform in (-1/2, 1/2) from a linear congruential generator (Knuth's MMIX), chain c
    /// moved by c times `shift`.
    fn autoregressive(rho: f64, shift: f64) -> Vec<Vec<f64>> {
        (0..4_u64)
            .map(|chain| {
                let (mut state, mut x) = (chain + 1, 0.0);
                (0..500)
                    .map(|_| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        x = rho * x + ((state >> 11) as f64 / 2.0_f64.powi(53) - 0.5);
                        x + shift * chain as f64
                    })
                    .collect()
            })
            .collect()
    }

    /// R-hat, bulk and tail ESS as `ArviZ` 0.23.4 gives them on the same draws: `az.rhat(a)`, `az.ess(a, method="bulk")`, `method="tail"`.
    #[test]
    fn figures_agree_with_arviz() {
        let rounded =
            autoregressive(0.3, 0.0).iter().map(|c| c.iter().map(|x| (x * 4.0).floor()).collect()).collect();
        for (traces, expected) in [
            (autoregressive(0.7, 0.0), [1.003_261_424_663_422, 328.649_518_171_106_9, 680.979_893_204_358_2]),
            (
                autoregressive(0.95, 0.05),
                [1.022_670_988_431_071_4, 69.062_337_999_351_78, 77.206_886_124_507_45],
            ),
            (
                autoregressive(-0.4, 0.0),
                [0.999_661_616_884_968_8, 4_546.026_417_056_121, 2_178.276_348_747_627],
            ),
            (rounded, [1.000_442_230_910_844_8, 948.972_376_409_046_1, 1_081.147_796_164_296_6]),
        ] {
            for (ours, expected) in
                [r_hat(&traces), bulk_ess(&traces), tail_ess(&traces)].into_iter().zip(expected)
            {
                assert!((ours / expected - 1.0).abs() < 1e-9, "{ours} {expected}");
            }
        }
    }

    fn diagnosed(traces: &[Vec<f64>], divergences: usize) -> Option<Trouble> {
        let chains: Vec<Vec<Vec<f64>>> =
            traces.iter().map(|trace| trace.iter().map(|draw| vec![*draw]).collect()).collect();
        Diagnostics::of(&chains, divergences).trouble()
    }

    #[test]
    fn trouble_is_named() {
        assert_eq!(diagnosed(&autoregressive(-0.4, 0.0), 0), None);
        let diverged = diagnosed(&autoregressive(-0.4, 0.0), 3);
        assert_eq!(diverged, Some(Trouble::Divergences { divergences: 3, transitions: 2000 }));
        assert!(
            diverged.is_some_and(|trouble| trouble.to_string().starts_with("3 of 2000 transitions diverged"))
        );
        let apart = diagnosed(&autoregressive(-0.4, 0.3), 0);
        assert!(matches!(apart, Some(Trouble::ChainsDisagree { r_hat }) if r_hat > 1.1), "{apart:?}");
        let few: Vec<Vec<f64>> = autoregressive(-0.4, 0.0).iter().map(|trace| trace[..40].to_vec()).collect();
        assert!(diagnosed(&few, 0).is_some());
    }

    #[test]
    fn constant_and_broken_draws_do_no_harm() {
        let constant = vec![vec![2.0; 50]; 4];
        assert_eq!([r_hat(&constant), bulk_ess(&constant), tail_ess(&constant)], [1.0, 200.0, 200.0]);
        let broken = vec![vec![f64::NAN; 50]; 4];
        assert!(Diagnostics::of(&[], 0).r_hat.is_empty());
        for traces in [broken, vec![vec![]; 4], vec![vec![1.0, 2.0, 3.0]; 2]] {
            let _ = diagnosed(&traces, 0);
        }
    }
}
