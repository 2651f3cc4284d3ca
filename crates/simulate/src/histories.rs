//! Customer histories drawn from a model, for benchmarks of the fits.

use std::ops::RangeInclusive;

use perennial_math::random::{stream, uniform_open};
use perennial_models::{Purchases, TimeUnit, TransactionModel};
use rayon::prelude::*;

use crate::customer::pick;

/// The histories of `n` customers of a model whose time unit is `unit`, as a log of days gives them.
///
/// Ages are drawn evenly from `age_days` (whole days, at least 1). Purchase times are rounded to whole days before they
/// are divided into the unit, purchases of one day count once, and those on the day of the first purchase belong to it.
/// Customer number i depends on the seed and i alone.
///
/// For the population of the BG/NBD paper (Fader, Hardie and Lee 2005, CDNOW): r = 0.243, alpha = 4.414 weeks, a = 0.793,
/// b = 2.426 and ages from 189 to 273 days.
#[must_use]
pub fn histories(
    model: &dyn TransactionModel,
    unit: TimeUnit,
    age_days: RangeInclusive<u32>,
    n: usize,
    seed: u64,
) -> Vec<Purchases> {
    (0..n).into_par_iter().map(|i| history(model, unit, &age_days, seed, i as u64)).collect()
}

fn history(
    model: &dyn TransactionModel,
    unit: TimeUnit,
    age_days: &RangeInclusive<u32>,
    seed: u64,
    index: u64,
) -> Purchases {
    let rng = &mut stream(seed, index);
    let first = (*age_days.start()).max(1);
    let ages = (*age_days.end()).max(first) - first + 1;
    let age = f64::from(first) + pick(uniform_open(rng), ages as usize) as f64;
    let mut times = Vec::new();
    model.simulate_new(age / unit.days(), rng, &mut times);
    let (mut frequency, mut last_day) = (0, 0.0);
    for time in times {
        let day = (time * unit.days()).round().min(age);
        if day > last_day {
            frequency += 1;
            last_day = day;
        }
    }
    Purchases::new(frequency, last_day / unit.days(), age / unit.days()).expect(
        "days are whole and not after the age, and the last is 0 exactly when no later day was counted",
    )
}
