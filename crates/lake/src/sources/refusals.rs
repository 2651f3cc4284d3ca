//! Rows that are refused only when all sources are together. They are kept like those that were refused when their source was read, and
//! in the same file: by their place in the source, with what the walk knows of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use super::{Shop, Source};
use crate::error::Error;
use crate::quality::Quality;
use crate::quarantine::{Quarantine, Refused};
use crate::text::Row;

/// What is known of a row that is refused late.
#[derive(Debug)]
pub(super) struct LateRow<'a> {
    /// The place of its source in the list.
    pub(super) source: usize,
    /// Its own place in the source, from 1.
    pub(super) place: u64,
    /// The order that it names; may be empty.
    pub(super) number: &'a str,
    pub(super) customer: Option<&'a str>,
    /// In units with so many decimals.
    pub(super) amount: Option<(i64, u32)>,
}

/// The quarantine files of the sources, each opened when it is needed.
pub(super) struct Refusals<'a> {
    sources: &'a [Source],
    shop: &'a Shop,
    open: BTreeMap<usize, Quarantine>,
}

impl<'a> Refusals<'a> {
    pub(super) fn new(sources: &'a [Source], shop: &'a Shop) -> Self {
        Self { sources, shop, open: BTreeMap::new() }
    }

    pub(super) fn write(&mut self, late: &LateRow<'_>, refused: &Refused) -> Result<(), Error> {
        let Some(source) = self.sources.get(late.source) else { return Ok(()) };
        let quarantine = match self.open.entry(late.source) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(new) => {
                new.insert(Quarantine::resume(self.shop.quarantine_of(&source.name).as_deref())?)
            }
        };
        let mut row = Row::default();
        row.clear(late.place);
        row.push(late.number);
        row.push(late.customer.unwrap_or_default());
        row.push(&late.amount.map(|(units, scale)| decimal(units, scale)).unwrap_or_default());
        quarantine.write(Path::new(&source.location.to_string()), &row, refused)
    }

    /// Completes the files, and names some of their rows in the accounts of the sources.
    pub(super) fn finish(self, accounts: &mut BTreeMap<usize, Quality>) -> Result<(), Error> {
        self.open
            .into_iter()
            .try_for_each(|(place, quarantine)| quarantine.finish(accounts.entry(place).or_default()))
    }
}

fn decimal(units: i64, scale: u32) -> String {
    let (sign, power) = (if units < 0 { "-" } else { "" }, 10_u64.pow(scale));
    let width = scale as usize;
    format!("{sign}{}.{:0width$}", units.unsigned_abs() / power, units.unsigned_abs() % power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_as_amounts() {
        assert_eq!(decimal(-1_234_567, 2), "-12345.67");
        assert_eq!(decimal(5, 6), "0.000005");
        assert_eq!(decimal(i64::MIN, 3), "-9223372036854775.808");
    }
}
