//! Seeded random streams and samplers.
//!
//! Each unit of work (a customer, a chunk, a repetition) takes its own [`stream`] by index, so that a random result
//! depends on the seed alone and not on the threads. Samplers give `NaN` for invalid parameters; none panics.

use rand::distr::{Distribution, Open01};
use rand::{RngExt, SeedableRng};
use rand_distr::{Exp1, StandardNormal};

/// The generator behind every random result: xoshiro256++ (Blackman and Vigna, 2021).
pub type Rng = rand_xoshiro::Xoshiro256PlusPlus;

/// Odd constant of the Weyl sequence in `SplitMix64` (Steele, Lea and Flood, 2014).
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The generator number `index` of the family `seed`. Streams of different seeds or indices are independent for all
/// practical purposes: the 256 bits of state come from hashing both with the finaliser of `SplitMix64`.
#[must_use]
pub fn stream(seed: u64, index: u64) -> Rng {
    let mut state =
        mix(seed.wrapping_add(GOLDEN_GAMMA)) ^ mix(index.wrapping_mul(GOLDEN_GAMMA).wrapping_add(1));
    let mut bytes = [0_u8; 32];
    for word in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(GOLDEN_GAMMA);
        word.copy_from_slice(&mix(state).to_le_bytes());
    }
    Rng::from_seed(bytes)
}

/// The finaliser of `SplitMix64`: a bijection of the 64-bit integers that mixes every bit into every other.
fn mix(value: u64) -> u64 {
    let mut z = value;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A uniform variate from the open interval (0, 1).
pub fn uniform_open(rng: &mut Rng) -> f64 {
    rng.sample(Open01)
}

/// A standard normal variate.
pub fn standard_normal(rng: &mut Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// An exponential variate with the given rate (mean 1 / rate). Rate 0 gives infinity: the event never happens.
pub fn exponential(rng: &mut Rng, rate: f64) -> f64 {
    if rate.is_nan() || rate < 0.0 {
        return f64::NAN;
    }
    let unit: f64 = rng.sample(Exp1);
    unit / rate
}

/// A gamma variate with the given shape and scale (mean shape × scale).
///
/// With a shape of about 0.01 and less most variates are smaller than the smallest `f64` and come out as 0; where that
/// matters take [`ln_gamma_variate`].
pub fn gamma(rng: &mut Rng, shape: f64, scale: f64) -> f64 {
    ln_gamma_variate(rng, shape).exp() * if scale > 0.0 { scale } else { f64::NAN }
}

/// The natural logarithm of a gamma variate with the given shape and scale 1.
///
/// Shapes below 1 use G(a) = G(a + 1) · U^(1/a) in logs (Marsaglia and Tsang, 2000, ACM TOMS 26), so that nothing
/// underflows.
pub fn ln_gamma_variate(rng: &mut Rng, shape: f64) -> f64 {
    let boost = if shape < 1.0 { uniform_open(rng).ln() / shape } else { 0.0 };
    let sampled_shape = if shape < 1.0 { shape + 1.0 } else { shape };
    if shape > 0.0
        && let Ok(distribution) = rand_distr::Gamma::new(sampled_shape, 1.0)
    {
        return distribution.sample(rng).ln() + boost;
    }
    f64::NAN
}

/// A beta variate with shapes a and b, right for shapes far below 1 too: the odds are the ratio of two gamma variates,
/// taken in logs.
pub fn beta(rng: &mut Rng, a: f64, b: f64) -> f64 {
    let ln_odds = ln_gamma_variate(rng, a) - ln_gamma_variate(rng, b);
    1.0 / (1.0 + (-ln_odds).exp())
}

/// A Poisson variate, a whole number, for means up to 1.8e19; mean 0 gives 0.
pub fn poisson(rng: &mut Rng, mean: f64) -> f64 {
    if mean == 0.0 {
        return 0.0;
    }
    rand_distr::Poisson::new(mean).map_or(f64::NAN, |distribution| distribution.sample(rng))
}

/// A binomial variate: the number of successes, each of probability p in [0, 1], in n trials.
///
/// Exact by inversion or by the acceptance-rejection method BTPE (Kachitvichyanukul and Schmeiser, 1988); `NaN` for another p.
pub fn binomial(rng: &mut Rng, n: u64, p: f64) -> f64 {
    rand_distr::Binomial::new(n, p).map_or(f64::NAN, |distribution| distribution.sample(rng) as f64)
}
