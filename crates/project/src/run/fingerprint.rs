//! What a snapshot depends on, in short: the data up to its date, and the settings.

use std::collections::BTreeMap;

use jiff::civil::Date;
use perennial_lake::arrow::array::AsArray;
use perennial_lake::arrow::datatypes::Date32Type;
use perennial_lake::{Reading, Session};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::file::Sections;
use crate::snapshot::{Fingerprint, SumOfHashes, hash_rows, hex};

/// Checksums of what was read, by business day.
#[derive(Debug)]
pub(crate) struct Fingerprints {
    /// Days since 1970-01-01.
    days: BTreeMap<i32, SumOfHashes>,
    settings: String,
}

impl Fingerprints {
    /// Of the canonical tables in a session.
    pub(crate) fn new(session: &Session, reading: &Reading, sections: &Sections) -> Result<Self, Error> {
        let cost = if reading.has_costs { ", cost" } else { "" };
        let tables = [
            ("purchases", format!("SELECT day, customer, spend, refunded{cost} FROM purchases")),
            ("refunds", "SELECT day, customer, amount FROM refunds".to_owned()),
            // A refund changes what is known from the order's day on.
            (
                "linked",
                "SELECT order_day AS day, day AS refund_day, customer, amount FROM linked_refunds".to_owned(),
            ),
        ];
        let mut days = BTreeMap::<i32, SumOfHashes>::new();
        for (table, sql) in tables {
            let mut row = Vec::new();
            session.for_each(&sql, |batch| {
                let unexpected = || Error::Column { column: "day".to_owned() };
                let day = batch.column_by_name("day").ok_or_else(unexpected)?;
                let day = day.as_primitive_opt::<Date32Type>().ok_or_else(unexpected)?;
                hash_rows(
                    &batch,
                    |_| true,
                    |number, bytes| {
                        row.clear();
                        row.extend(table.as_bytes());
                        row.extend(bytes);
                        days.entry(day.value(number)).or_default().add(&row);
                    },
                )
            })?;
        }
        Ok(Self { days, settings: settings(reading, sections) })
    }

    /// What a snapshot of a date depends on.
    pub(crate) fn up_to(&self, as_of: Date) -> Fingerprint {
        let last = Date::constant(1970, 1, 1).until(as_of).map_or(0, |span| span.get_days());
        let sum = self.days.range(..=last).fold(SumOfHashes::default(), |sum, (_, day)| sum.plus(*day));
        Fingerprint { data: sum.to_string(), settings: self.settings.clone() }
    }
}

/// What the figures depend on beside the data.
fn settings(reading: &Reading, sections: &Sections) -> String {
    let Sections { value, costs, tiers, .. } = sections;
    let all = format!(
        "{} {value:?} {costs:?} {tiers:?} {:?} {} {}",
        env!("CARGO_PKG_VERSION"),
        reading.currency,
        reading.time_zone,
        reading.scale
    );
    hex(&Sha256::digest(all.as_bytes())[..16])
}
