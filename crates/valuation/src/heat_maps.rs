//! P(alive) and expected purchases over recency and frequency.

use perennial_models::{Purchases, TransactionModel};

use crate::Definitions;
use crate::figures::HeatMaps;
use crate::history::History;

/// Cells along each side.
const CELLS: u32 = 24;
/// The share of repeat customers whose frequency the rows reach.
const FREQUENCY_SHARE: f64 = 0.99;

/// The maps at the age of the oldest customer, with rows up to the frequency that 99 % of the repeat customers do not
/// exceed. `None` when all customers are new today.
pub(crate) fn heat_maps(
    model: &dyn TransactionModel,
    histories: &[History],
    definitions: &Definitions,
) -> Option<HeatMaps> {
    let age_days = f64::from(histories.iter().map(|h| h.age).max().filter(|&age| age > 0)?);
    let most = frequency_limit(histories).max(5);
    let step = most.div_ceil(CELLS);
    let frequency: Vec<u32> = (1..=most / step).map(|k| k * step).collect();
    let columns = CELLS.min(age_days as u32);
    let days_since_last_order: Vec<f64> =
        (0..columns).map(|k| (age_days * f64::from(k) / f64::from(columns)).floor()).collect();
    let unit = definitions.unit.days();
    let map = |figure: &dyn Fn(&Purchases) -> f64| -> Vec<Vec<f64>> {
        let cell = |x: u32, since: f64| {
            Purchases::new(x, (age_days - since) / unit, age_days / unit).map_or(0.0, |c| figure(&c))
        };
        frequency
            .iter()
            .map(|&x| days_since_last_order.iter().map(|&since| cell(x, since)).collect())
            .collect()
    };
    Some(HeatMaps {
        age_days,
        probability_alive: map(&|customer| model.probability_alive(customer)),
        expected_orders: map(&|customer| model.expected_purchases(customer, definitions.horizon())),
        days_since_last_order,
        frequency,
    })
}

fn frequency_limit(histories: &[History]) -> u32 {
    let repeaters: f64 = histories.iter().filter(|h| h.frequency > 0).map(|h| h.customers).sum();
    let mut seen = 0.0;
    // The histories are sorted by frequency.
    for history in histories.iter().filter(|h| h.frequency > 0) {
        seen += history.customers;
        if seen >= FREQUENCY_SHARE * repeaters {
            return history.frequency;
        }
    }
    1
}
