//! How many ticks there were since the last purchase of a customer who has been silent and is active.

use super::MOST_REGULAR;

/// The probabilities of j = 0 .. k-1 ticks since the last purchase, given that there were fewer than k.
///
/// With s the shape of the tick rate's distribution at the last purchase and v the share of the silence in alpha + T, the number of
/// ticks is negative binomial: (s)_j / j! v^j (1-v)^s.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// k.
    pub(super) ticks: u32,
    /// `(s)_j` / j! v^j over their sum; 0 from k on.
    probabilities: [f64; MOST_REGULAR as usize],
    /// S, the sum of `(s)_j` / j! v^j: at most 10^57 for shapes up to a million.
    sum: f64,
}

impl Silence {
    /// With tick rates of the given shape, after a silence of the given share of alpha + T.
    pub(super) fn new(shape: f64, share: f64, ticks: u32) -> Self {
        let mut probabilities = [0.0; MOST_REGULAR as usize];
        let (mut weight, mut sum, mut j) = (1.0, 0.0, 0.0);
        for probability in probabilities.iter_mut().take(ticks as usize) {
            *probability = weight;
            sum += weight;
            weight *= share * (shape + j) / (j + 1.0);
            j += 1.0;
        }
        for probability in &mut probabilities {
            *probability /= sum;
        }
        Self { ticks, probabilities, sum }
    }

    /// ln S.
    pub(super) fn log_sum(&self) -> f64 {
        self.sum.ln()
    }

    /// Each number of ticks, with its probability; those that have none are left out.
    pub(super) fn positions(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        (0..self.ticks).zip(self.probabilities).filter(|(_, probability)| *probability > 0.0)
    }
}

/// ln S and its derivatives by the shape and by ln v.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogSum {
    pub(super) value: f64,
    pub(super) by_shape: f64,
    pub(super) by_log_share: f64,
}

impl LogSum {
    /// `inverses` are 1 / s .. 1 / (s+k-2), one for each tick that there may have been.
    pub(super) fn new(shape: f64, share: f64, inverses: &[f64]) -> Self {
        let (mut weight, mut sum, mut j) = (1.0, 1.0, 0.0);
        let (mut slope, mut by_shape, mut by_log_share) = (0.0, 0.0, 0.0);
        for inverse in inverses {
            weight *= share * (shape + j) / (j + 1.0);
            slope += inverse;
            j += 1.0;
            sum += weight;
            by_shape += weight * slope;
            by_log_share += weight * j;
        }
        Self { value: sum.ln(), by_shape: by_shape / sum, by_log_share: by_log_share / sum }
    }
}
