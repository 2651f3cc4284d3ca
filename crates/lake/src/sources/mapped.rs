//! Sources of every table but the orders: selected, converted to the canonical columns, kept for the session.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::mapping::{self, SOURCE};
use super::{Shop, Source};
use crate::canonical_table::conversion::{Conversion, Converted, Undecided};
use crate::error::Error;
use crate::profile::dates::{AssumedOrder, DateOrder};
use crate::quality::{Quality, Refusal};
use crate::quarantine::{BrokenRows, Quarantine};
use crate::session::Session;
use crate::text::Row;

/// Rows as they were selected, while texts among them are profiled.
const SELECTED: &str = "perennial_selected";
/// The column that says which row of the select a row was.
pub(super) const SOURCE_ROW: &str = "source_row";

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
    let quarantine = Quarantine::create(shop.quarantine_of(&source.name).as_deref())?;
    let broken = Arc::new(BrokenRows::new(quarantine));
    session.register_sparing(SOURCE, &source.location, &broken)?;
    let read = read_registered(session, source, place, shop, usual, &broken);
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
    broken: &BrokenRows,
) -> Result<MappedRead, Error> {
    let mut assumed = Vec::new();
    let mut sql = mapping::select(session, source)?;
    let mut conversion = Conversion::new(source, &session.schema_of(&sql)?, shop);
    if conversion.needs_profile() {
        // The rows that are profiled have to be those that are converted, so the source is asked once.
        session.materialise(SELECTED, &sql).map_err(|error| mapping::explained(source, error))?;
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
    let location = source.location.to_string();
    let mut spool = session.spool(numbered_schema(conversion.schema()));
    let read = session.for_each(&sql, |batch| {
        let converted = conversion.convert(&batch)?;
        for (row, refused) in &converted.refused {
            quality.refuse(refused.reason, 1);
            let row = written(&batch, *row, quality.rows_read)?;
            broken.write(Path::new(&location), &row, refused)?;
        }
        let before = quality.rows_read;
        quality.rows_read += batch.num_rows() as u64;
        spool.push(numbered(&converted, before, batch.num_rows())?)
    });
    read.map_err(|error| mapping::explained(source, error))?;
    let (quarantine, rows) = broken.take();
    quality.rows_read += rows;
    quality.refuse(Refusal::BrokenRow, rows);
    quarantine.finish(&mut quality)?;
    quality.close();
    let table = format!("perennial_{}_{place}", source.table);
    session.register_spool(&table, spool)?;
    let given = |name: &str| conversion.schema().index_of(name).is_ok();
    let columns =
        source.table.columns().iter().map(|column| column.name).filter(|name| given(name)).collect();
    Ok(MappedRead { table, columns, quality, assumed })
}

/// A refused row, by its place among the rows of the select.
fn written(batch: &RecordBatch, place: usize, before: u64) -> Result<Row, Error> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new();
    let mut row = Row::default();
    row.clear(before + place as u64 + 1);
    for column in batch.columns() {
        let cell = ArrayFormatter::try_new(column.as_ref(), &OPTIONS)
            .map_err(Error::engine("writing a refused row"))?;
        row.extend(format_args!("{}", cell.value(place)));
        row.end_field();
    }
    Ok(row)
}

/// The canonical columns with the place of each row among those of the select, by which rows that are refused later are found.
fn numbered_schema(schema: &Schema) -> SchemaRef {
    let number = Arc::new(Field::new(SOURCE_ROW, DataType::Int64, false));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([number]).collect::<Vec<_>>()))
}

fn numbered(converted: &Converted, before: u64, rows: usize) -> Result<RecordBatch, Error> {
    let mut refused = converted.refused.iter().map(|(row, _)| *row).peekable();
    let kept = (0..rows).filter(|row| refused.next_if_eq(row).is_none());
    let numbers: Int64Array =
        kept.map(|row| i64::try_from(before + row as u64 + 1).unwrap_or(i64::MAX)).collect();
    let columns = converted.batch.columns().iter().cloned().chain([Arc::new(numbers) as ArrayRef]);
    RecordBatch::try_new(numbered_schema(&converted.batch.schema()), columns.collect())
        .map_err(Error::engine("numbering rows"))
}
