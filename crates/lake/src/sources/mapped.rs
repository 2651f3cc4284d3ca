//! Sources of every table but the orders: selected, converted to the canonical columns, kept for the session.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::mapping::{self, SOURCE};
use super::{Shop, Source};
use crate::canonical_table::conversion::{Conversion, Undecided};
use crate::error::Error;
use crate::profile::dates::{AssumedOrder, DateOrder};
use crate::quality::Quality;
use crate::quarantine::{Quarantine, Refused};
use crate::session::Session;
use crate::text::Row;

/// Rows as they were selected, while texts among them are profiled.
const SELECTED: &str = "perennial_selected";

/// What was read of a mapped source.
pub(super) struct MappedRead {
    /// The table that holds its rows, with those of the canonical columns that it gives.
    pub(super) table: String,
    /// The columns that it gives.
    pub(super) columns: Vec<&'static str>,
    pub(super) quality: Quality,
    /// Columns of dates that leave the order of day and month open, with what was assumed.
    pub(super) assumed: Vec<(&'static str, AssumedOrder)>,
}

/// Reads the source at `place` of the list. `usual` is the order of day and month in the shop's other dates, if they tell.
pub(super) fn read(
    session: &Session,
    source: &Source,
    place: usize,
    shop: &Shop,
    usual: Option<DateOrder>,
) -> Result<MappedRead, Error> {
    session.register_location(SOURCE, &source.location)?;
    let read = read_registered(session, source, place, shop, usual);
    session.drop_table(SOURCE)?;
    session.drop_table(SELECTED)?;
    read
}

fn read_registered(
    session: &Session,
    source: &Source,
    place: usize,
    shop: &Shop,
    usual: Option<DateOrder>,
) -> Result<MappedRead, Error> {
    let mut assumed = Vec::new();
    let mut sql = mapping::select(session, source)?;
    let mut conversion = Conversion::new(source.table, &session.schema_of(&sql)?, shop);
    if conversion.needs_profile() {
        // The rows that are profiled have to be those that are converted, so the source is asked once.
        session.materialise(SELECTED, &sql)?;
        sql = format!("SELECT * FROM {SELECTED}");
        session.for_each(&sql, |batch| conversion.see(&batch))?;
        let decided = conversion.decide(source.date_order, usual);
        let decided = decided.map_err(|undecided| match undecided {
            Undecided::Unreadable(column) => Error::mapping(source, vec![mapping::unreadable(column)]),
            Undecided::MixedOrder { column, day_first, month_first } => {
                Error::MixedDateOrder { column: column.name.to_owned(), day_first, month_first }
            }
        })?;
        assumed.extend(decided.into_iter().map(|(column, open)| (column.name, open)));
    }
    let mut quality = Quality::default();
    let mut quarantine = Quarantine::create(shop.quarantine_of(&source.name).as_deref())?;
    let location = source.location.to_string();
    let mut spool = session.spool(std::sync::Arc::clone(conversion.schema()));
    session.for_each(&sql, |batch| {
        let converted = conversion.convert(&batch)?;
        for (row, refused) in &converted.refused {
            quality.refuse(refused.reason, 1);
            quarantine_row(&mut quarantine, &location, &batch, *row, quality.rows_read, refused)?;
        }
        quality.rows_read += batch.num_rows() as u64;
        spool.push(converted.batch)
    })?;
    quality.quarantine = quarantine.finish()?;
    quality.close();
    let table = format!("perennial_{}_{place}", source.table);
    session.register_spool(&table, spool)?;
    let given = |name: &str| conversion.schema().index_of(name).is_ok();
    let columns =
        source.table.columns().iter().map(|column| column.name).filter(|name| given(name)).collect();
    Ok(MappedRead { table, columns, quality, assumed })
}

/// Writes a refused row, by its place among the rows of the select.
fn quarantine_row(
    quarantine: &mut Quarantine,
    location: &str,
    batch: &RecordBatch,
    place: usize,
    before: u64,
    refused: &Refused,
) -> Result<(), Error> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new();
    let mut row = Row::default();
    row.clear(before + place as u64 + 1);
    for column in batch.columns() {
        let cell = ArrayFormatter::try_new(column.as_ref(), &OPTIONS)
            .map_err(Error::engine("writing a refused row"))?;
        row.extend(format_args!("{}", cell.value(place)));
        row.end_field();
    }
    quarantine.write(Path::new(location), &row, refused)
}
