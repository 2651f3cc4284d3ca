//! The likelihood's sum over rows on processors with vector instructions (AVX2 and FMA, found at run time): four rows at once.
//!
//! Rows of one frequency are copied in blocks, from the tables of their times into one array per quantity; on these run plain loops
//! without branches, which the compiler turns into vector instructions. Exponential and logarithm are polynomials for that reason: within 8e-16
//! of the true values, relative to them.

use super::likelihood::{FrequencyTerms, TimeTerms};
use crate::grouped::Row;

/// Rows per block: its arrays fit the first cache.
const BLOCK: usize = 128;

/// Partial sums that are kept side by side.
const LANES: usize = 4;

/// Shorter runs of rows are not worth a block.
pub(super) const SHORTEST: usize = 8;

/// What the rows of a block need of their times, and how many customers they stand for; beyond the rows, nobody.
struct Block {
    silence: [f64; BLOCK],
    inverse_difference: [f64; BLOCK],
    customers: [f64; BLOCK],
    log: [f64; BLOCK],
    dead: [f64; BLOCK],
}

/// Sums over the rows of one frequency.
#[derive(Clone, Copy, Default)]
pub(super) struct RunSums {
    /// Of ln[1 + w ((1+T/alpha) / (1+`t_x`/alpha))^(r+x)], the logarithm of one over the probability of being alive.
    pub(super) log: f64,
    /// Of its derivative by the shape r + x.
    pub(super) by_shape: f64,
    /// Of its derivative by alpha over minus the shape.
    pub(super) by_alpha: f64,
    /// Of the probability of having left.
    pub(super) dead: f64,
}

/// The sums over rows of one frequency; `None` where the processor has no vector instructions.
#[cfg(target_arch = "x86_64")]
pub(super) fn sum_run(run: &[Row], terms: FrequencyTerms, times: &[TimeTerms]) -> Option<RunSums> {
    pulp::x86::V3::try_new().map(|vectors| vectors.vectorize(Run { rows: run, terms, times }))
}

/// The sums over rows of one frequency; `None` where the processor has no vector instructions.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn sum_run(_: &[Row], _: FrequencyTerms, _: &[TimeTerms]) -> Option<RunSums> {
    None
}

/// Rows of one frequency, to be summed with vector instructions.
struct Run<'a> {
    rows: &'a [Row],
    terms: FrequencyTerms,
    times: &'a [TimeTerms],
}

impl pulp::NullaryFnOnce for Run<'_> {
    type Output = RunSums;

    #[allow(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's vector instructions"
    )]
    #[inline(always)]
    fn call(self) -> RunSums {
        let mut block = Block::new();
        let mut sums = [[0.0; LANES]; 4];
        for rows in self.rows.chunks(BLOCK) {
            block.fill(rows, self.times);
            block.compute(self.terms);
            block.add_to(&mut sums);
        }
        let [log, by_shape, by_alpha, dead] = sums.map(|lanes| lanes.iter().sum());
        RunSums { log, by_shape, by_alpha, dead }
    }
}

#[allow(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's vector instructions"
)]
impl Block {
    #[inline(always)]
    fn new() -> Self {
        let nothing = [0.0; BLOCK];
        Self {
            silence: nothing,
            inverse_difference: nothing,
            customers: nothing,
            log: nothing,
            dead: nothing,
        }
    }

    /// Takes in at most as many rows as a block has.
    #[inline(always)]
    fn fill(&mut self, rows: &[Row], times: &[TimeTerms]) {
        for (i, row) in rows.iter().enumerate().take(BLOCK) {
            let age = times[row.age as usize];
            let recency = times[row.recency as usize];
            self.silence[i] = age.log - recency.log;
            self.inverse_difference[i] = recency.inverse - age.inverse;
            self.customers[i] = row.customers;
        }
        for customers in self.customers.iter_mut().skip(rows.len()) {
            *customers = 0.0;
        }
    }

    /// ln(1 + odds of being dead) and the probability of it.
    #[inline(always)]
    fn compute(&mut self, terms: FrequencyTerms) {
        for i in 0..BLOCK {
            let log_odds = terms.shape.mul_add(self.silence[i], terms.log_weight);
            let odds = exp_of_negative(-log_odds.abs());
            let (log, minor) = ln_1p_and_share(odds);
            self.dead[i] = if log_odds > 0.0 { 1.0 - minor } else { minor };
            let above = if log_odds > 0.0 { log_odds } else { 0.0 };
            self.log[i] = above + log;
        }
    }

    #[inline(always)]
    fn add_to(&self, sums: &mut [[f64; LANES]; 4]) {
        let [mut log, mut by_shape, mut by_alpha, mut dead] = *sums;
        let groups = |array: &'_ [f64; BLOCK], group: usize| -> [f64; LANES] {
            array.as_chunks().0.get(group).copied().unwrap_or_default()
        };
        for group in 0..BLOCK / LANES {
            let customers = groups(&self.customers, group);
            add(&mut log, customers, groups(&self.log, group));
            let left = product(customers, groups(&self.dead, group));
            add(&mut by_shape, left, groups(&self.silence, group));
            add(&mut by_alpha, left, groups(&self.inverse_difference, group));
            dead = std::array::from_fn(|lane| dead[lane] + left[lane]);
        }
        *sums = [log, by_shape, by_alpha, dead];
    }
}

/// a b.
#[allow(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's vector instructions"
)]
#[inline(always)]
fn product(a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
    std::array::from_fn(|lane| a[lane] * b[lane])
}

/// Adds b c to a sum.
#[allow(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's vector instructions"
)]
#[inline(always)]
fn add(sum: &mut [f64; LANES], b: [f64; LANES], c: [f64; LANES]) {
    *sum = std::array::from_fn(|lane| b[lane].mul_add(c[lane], sum[lane]));
}

/// exp(x) for x <= 0; below -708, where it would be 3e-308 and less, as there.
///
/// x = n ln 2 + f (Cody and Waite 1980, with ln 2 in two parts), exp(f) by its series to the 13th power.
#[allow(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's vector instructions"
)]
#[inline(always)]
fn exp_of_negative(x: f64) -> f64 {
    /// 1.5 * 2^52: added to a small number, it leaves its nearest whole number in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// The leading 32 bits of ln 2, and the rest of it.
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// 1 / n!, from n = 13 down to 0.
    const SERIES: [f64; 14] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = if x > -708.0 { x } else { -708.0 };
    let rounded = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let f = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut sum = SERIES[0];
    for coefficient in &SERIES[1..] {
        sum = sum.mul_add(f, *coefficient);
    }
    // n in the place of the exponent; the sum lies between 0.7 and 1.5, n above -1022.
    f64::from_bits(sum.to_bits().wrapping_add(rounded.to_bits() << 52))
}

/// ln(1 + x) and x / (1 + x) for 0 <= x <= 1, the former as ln c + 2 artanh((1+x-c) / (1+x+c)) with c = 1 or 2, whichever is nearer.
///
/// One division serves both: it costs as much as a dozen multiplications.
#[allow(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the processor's vector instructions"
)]
#[inline(always)]
fn ln_1p_and_share(x: f64) -> (f64, f64) {
    /// 1 / (2n+1), from n = 9 down to 0: the argument's square is below 0.03, so what is left out is below 3e-17.
    const SERIES: [f64; 10] = [
        1.0 / 19.0,
        1.0 / 17.0,
        1.0 / 15.0,
        1.0 / 13.0,
        1.0 / 11.0,
        1.0 / 9.0,
        1.0 / 7.0,
        1.0 / 5.0,
        1.0 / 3.0,
        1.0,
    ];
    let large = x > std::f64::consts::SQRT_2 - 1.0;
    let (above, below, start) =
        if large { (x - 1.0, x + 3.0, std::f64::consts::LN_2) } else { (x, x + 2.0, 0.0) };
    let whole = 1.0 + x;
    let inverse = 1.0 / (whole * below);
    let s = above * whole * inverse;
    let square = s * s;
    let mut sum = SERIES[0];
    for coefficient in &SERIES[1..] {
        sum = sum.mul_add(square, *coefficient);
    }
    ((s + s).mul_add(sum, start), x * below * inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_logarithm_agree_with_the_standard_library() {
        let (mut exp_error, mut ln_error, mut share_error) = (0.0_f64, 0.0_f64, 0.0_f64);
        for i in 0..200_000 {
            let x = -708.0 * (f64::from(i) / 200_000.0).powi(3);
            exp_error = exp_error.max((exp_of_negative(x) / x.exp() - 1.0).abs());
            let x = 2.0_f64.powf(-60.0 * (f64::from(i) / 200_000.0).powi(2));
            let (ln, share) = ln_1p_and_share(x);
            ln_error = ln_error.max((ln / x.ln_1p() - 1.0).abs());
            share_error = share_error.max((share / (x / (1.0 + x)) - 1.0).abs());
        }
        assert!(exp_error < 6e-16, "{exp_error}");
        assert!(ln_error < 8e-16, "{ln_error}");
        assert!(share_error < 8e-16, "{share_error}");
        assert!(exp_of_negative(f64::NEG_INFINITY) < 1e-307 && exp_of_negative(-800.0) < 1e-307);
        assert!((exp_of_negative(0.0) - 1.0).abs() < 1e-300);
        assert_eq!(ln_1p_and_share(0.0), (0.0, 0.0));
    }
}
