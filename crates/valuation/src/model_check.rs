//! A posterior predictive check: does the model, as fitted, make a customer base like the one that it was fitted on?
//!
//! Customers with the ages of the base's are simulated from the model under many draws of its parameters, and those with 0, 1, 2, ...
//! repeat transactions counted. What was observed should lie among what the draws give; where it does not, the model's assumptions
//! are not those of the data.

use perennial_math::random;
use perennial_math::special::normal_quantile;
use perennial_math::statistics::{mean, variance};
use rayon::prelude::*;

use crate::Definitions;
use crate::figures::{CheckBin, ModelCheck};
use crate::history::History;
use crate::transactions::FittedTransactions;

/// Draws of the parameters, and customers simulated under each.
const DRAWS: usize = 40;
const CUSTOMERS: usize = 2_000;
/// The bins: 0, 1, ... repeat transactions, the last one for all that is more.
const BINS: usize = 9;

/// Checks the models against the histories that they were fitted on; `None` without a customer.
pub(crate) fn model_check(
    models: &FittedTransactions,
    histories: &[History],
    definitions: &Definitions,
    seed: u64,
) -> Option<ModelCheck> {
    let customers: f64 = histories.iter().map(|history| history.customers).sum();
    if customers < 1.0 {
        return None;
    }
    let typical = evenly(histories, customers);
    let values = models.draw_values(DRAWS, &mut random::stream(seed, u64::MAX - 2));
    let shares: Vec<[f64; BINS]> = values
        .par_iter()
        .enumerate()
        .map(|(draw, values)| simulated_shares(models, values, &typical, definitions, seed, draw as u64))
        .collect();
    let observed = observed(histories);
    let half = normal_quantile(f64::midpoint(1.0, definitions.level));
    let bins = (0..BINS)
        .map(|bin| {
            let drawn: Vec<f64> = shares.iter().map(|shares| shares[bin]).collect();
            let share = mean(&drawn);
            let chance = share * (1.0 - share);
            // The draws differ by the parameters and by the chance of the simulated customers, which is known.
            let between =
                if drawn.len() < 2 { 0.0 } else { (variance(&drawn) - chance / CUSTOMERS as f64).max(0.0) };
            let error = half * (customers * chance + customers * customers * between).sqrt();
            let expected = customers * share;
            CheckBin {
                repeat_orders: bin as u32,
                or_more: bin + 1 == BINS,
                observed: observed[bin] as u64,
                expected,
                lower: (expected - error).max(0.0),
                upper: (expected + error).min(customers),
            }
        })
        .collect();
    Some(ModelCheck { bins, level: definitions.level })
}

/// Histories of customers spread evenly over the base, [`CUSTOMERS`] of them.
fn evenly(histories: &[History], customers: f64) -> Vec<History> {
    let mut sorted: Vec<&History> = histories.iter().collect();
    sorted.sort_by_key(|history| (history.profile, history.age));
    let step = customers / CUSTOMERS as f64;
    let (mut chosen, mut passed) = (Vec::with_capacity(CUSTOMERS), 0.0);
    for history in sorted {
        passed += history.customers;
        while chosen.len() < CUSTOMERS && (chosen.len() as f64 + 0.5) * step <= passed {
            chosen.push(*history);
        }
    }
    chosen
}

fn simulated_shares(
    models: &FittedTransactions,
    values: &[f64],
    customers: &[History],
    definitions: &Definitions,
    seed: u64,
    draw: u64,
) -> [f64; BINS] {
    let mut shares = [0.0; BINS];
    let mut rng = random::stream(seed ^ 0x5eed, draw);
    let mut times = Vec::new();
    for same in customers.chunk_by(|a, b| a.profile == b.profile) {
        let Some(model) = same.first().and_then(|history| models.at(values, history.profile)) else {
            continue;
        };
        for history in same {
            let age = f64::from(history.age) / definitions.unit.days();
            model.simulate_new(age, &mut rng, &mut times);
            shares[days_with_orders(&times, definitions.unit.days()).min(BINS - 1)] += 1.0;
        }
    }
    shares.map(|count| count / customers.len().max(1) as f64)
}

/// The transactions as the data count them: at most one on each day after the first.
fn days_with_orders(times: &[f64], unit_days: f64) -> usize {
    let mut last = 0.0;
    let mut count = 0;
    for time in times {
        let day = (time * unit_days).round();
        if day > last {
            (last, count) = (day, count + 1);
        }
    }
    count
}

fn observed(histories: &[History]) -> [f64; BINS] {
    let mut counts = [0.0; BINS];
    for history in histories {
        counts[(history.frequency as usize).min(BINS - 1)] += history.customers;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_of_one_day_count_once() {
        assert_eq!(days_with_orders(&[0.01, 0.05, 1.0, 1.02, 3.0], 7.0), 2);
        assert_eq!(days_with_orders(&[], 7.0), 0);
    }
}
