//! What rows that anybody may have written must not do: end a reading because of their size.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use datafusion::arrow::array::Int32Array;
use datafusion::arrow::datatypes::DataType;

use super::Source;
use super::ledger::{LEDGER, kind};
use super::stream::{texts, typed};
use crate::error::Error;
use crate::profile::amounts::SPEND_LIMIT;
use crate::session::Session;
use crate::source::WrittenBy;

/// The sources that anybody may write, and the days that their orders fill too much.
#[derive(Debug, Default)]
pub(super) struct Anybody {
    places: BTreeSet<usize>,
    overfull: HashSet<(String, i32)>,
}

impl Anybody {
    /// Looks at the ledger. `scales` are the decimals of the sources' amounts by their places, `scale` those of all together.
    pub(super) fn look(
        session: &Session,
        sources: &[Source],
        scales: &BTreeMap<usize, u32>,
        scale: u32,
    ) -> Result<Self, Error> {
        let places: BTreeSet<usize> =
            (0..sources.len()).filter(|&place| is_anybodys(&sources[place])).collect();
        let factors: Vec<String> = scales
            .iter()
            .filter(|(place, _)| places.contains(place))
            .map(|(place, own)| format!("WHEN {place} THEN {}e0", 10_u64.pow(scale.saturating_sub(*own))))
            .collect();
        if factors.is_empty() {
            return Ok(Self { places, overfull: HashSet::new() });
        }
        // Half of the day is left to the shop's own orders.
        let sql = format!(
            "SELECT customer, day FROM (SELECT customer, day, amount * CASE source {} END AS amount FROM {LEDGER} WHERE kind = {}) AS orders \
             WHERE amount IS NOT NULL GROUP BY customer, day HAVING sum(amount) >= {}",
            factors.join(" "),
            kind::ORDER,
            SPEND_LIMIT / 2
        );
        let mut overfull = HashSet::new();
        for batch in session.query(&sql)? {
            let (customers, days) = (texts(&batch, 0)?, typed::<Int32Array>(&batch, 1, &DataType::Int32)?);
            overfull
                .extend((0..batch.num_rows()).map(|row| (customers.value(row).to_owned(), days.value(row))));
        }
        Ok(Self { places, overfull })
    }

    /// Whether anybody may have written the rows of the source at this place.
    pub(super) fn wrote(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// Whether their orders fill a customer's day too much.
    pub(super) fn overfills(&self, customer: &str, day: i32) -> bool {
        !self.overfull.is_empty() && self.overfull.contains(&(customer.to_owned(), day))
    }
}

/// Whether anybody may have written a source's rows.
pub(super) fn is_anybodys(source: &Source) -> bool {
    source.written_by == WrittenBy::Anybody
}
