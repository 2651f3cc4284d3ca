//! Rows of any types become rows of a canonical table. Typed values are cast, texts are read as those of order files are: a column
//! is profiled as a whole, then read under one rule. A value that cannot be read refuses its row.

mod cells;
mod cost_rows;
mod times;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use self::times::Clock;
use super::kinds::is_text;
use super::{CanonicalColumn, CanonicalTable, ColumnKind};
use crate::error::Error;
use crate::profile::amounts::{AmountProfile, DecimalMark};
use crate::profile::dates::{AssumedOrder, DateOrder, DateProfile, DateRule};
use crate::profile::is_empty_value;
use crate::quality::Refusal;
use crate::quarantine::Refused;
use crate::source::WrittenBy;
use crate::sources::{Shop, Source};

/// How the texts of one column are read.
#[derive(Debug)]
enum Texts {
    /// They are no dates and no numbers, or the column is no text.
    AsTheyAre,
    Dates(DateProfile),
    Numbers(AmountProfile),
}

#[derive(Debug)]
struct Converter {
    column: &'static CanonicalColumn,
    /// Its place in the rows that are converted.
    place: usize,
    texts: Texts,
    date: DateRule,
    mark: DecimalMark,
}

/// The conversion of rows with some of a table's columns, under their canonical names.
#[derive(Debug)]
pub(crate) struct Conversion {
    table: CanonicalTable,
    converters: Vec<Converter>,
    clock: Clock,
    /// The currencies of rows that are not refused; any where there are none.
    currencies: Option<BTreeSet<String>>,
    schema: SchemaRef,
}

/// Converted rows, and those that were refused with their place in the batch.
pub(crate) struct Converted {
    pub(crate) batch: RecordBatch,
    pub(crate) refused: Vec<(usize, Refused)>,
}

/// Why it cannot be decided how the texts of a column are read.
pub(crate) enum Undecided {
    /// They are mostly not what they should be.
    Unreadable(&'static CanonicalColumn),
    /// Dates of which so many can only have the day first, and so many only the month.
    MixedOrder { column: &'static CanonicalColumn, day_first: u64, month_first: u64 },
}

/// The order that all of these are; nothing where they differ or there is none.
pub(crate) fn the_only<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

impl Conversion {
    /// Columns that the table does not have are left out.
    pub(crate) fn new(source: &Source, rows: &Schema, shop: &Shop) -> Self {
        let table = source.table;
        let converters: Vec<Converter> = table
            .columns()
            .iter()
            .filter_map(|column| {
                let place = rows.index_of(column.name).ok()?;
                let texts = match (is_text(rows.field(place).data_type()), column.kind) {
                    (true, ColumnKind::Time | ColumnKind::Date) => Texts::Dates(DateProfile::default()),
                    (
                        true,
                        ColumnKind::Money | ColumnKind::Count | ColumnKind::Number | ColumnKind::Share,
                    ) => Texts::Numbers(AmountProfile::default()),
                    _ => Texts::AsTheyAre,
                };
                let date = DateRule { order: DateOrder::DayFirst, epoch_units: 1 };
                Some(Converter { column, place, texts, date, mark: DecimalMark::Point })
            })
            .collect();
        let fields: Vec<Field> = converters
            .iter()
            .map(|converter| {
                let column = converter.column;
                Field::new(column.name, column.kind.arrow(), !column.required)
            })
            .collect();
        let currencies = match source.written_by {
            WrittenBy::Shop => None,
            WrittenBy::Anybody => shop.currencies(),
        };
        let (clock, schema) = (Clock::new(shop), Arc::new(Schema::new(fields)));
        Self { table, converters, clock, currencies, schema }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether [`Conversion::see`] has to be shown all rows first.
    pub(crate) fn needs_profile(&self) -> bool {
        self.converters.iter().any(|converter| !matches!(converter.texts, Texts::AsTheyAre))
    }

    /// Looks at texts, from which the reading of their columns is decided.
    pub(crate) fn see(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for converter in &mut self.converters {
            if matches!(converter.texts, Texts::AsTheyAre) {
                continue;
            }
            let texts = as_text(batch.column(converter.place))?;
            for text in texts.as_string::<i32>().iter().flatten().map(str::trim) {
                match &mut converter.texts {
                    _ if is_empty_value(text) => {}
                    Texts::Dates(profile) => profile.see(text),
                    Texts::Numbers(profile) => drop(profile.see(text)),
                    Texts::AsTheyAre => {}
                }
            }
        }
        Ok(())
    }

    /// Decides how texts are read, or tells the first column for which that cannot be decided.
    ///
    /// Dates are read in the order that was asked for; else in the one that their column tells; else in that of the table's other
    /// columns of dates; else in the `usual` one. What was assumed is returned.
    pub(crate) fn decide(
        &mut self,
        asked: Option<DateOrder>,
        usual: Option<DateOrder>,
    ) -> Result<Vec<(&'static CanonicalColumn, AssumedOrder)>, Undecided> {
        let told = self.converters.iter().filter_map(|converter| match &converter.texts {
            Texts::Dates(profile) => profile.known_order(asked),
            _ => None,
        });
        let usual = the_only(told).or(usual);
        let mut assumed = Vec::new();
        for converter in &mut self.converters {
            let column = converter.column;
            let plausible = match &converter.texts {
                Texts::AsTheyAre => true,
                Texts::Dates(profile) => {
                    if let (None, Some((day_first, month_first))) = (asked, profile.mixed_order()) {
                        return Err(Undecided::MixedOrder { column, day_first, month_first });
                    }
                    let known = profile.known_order(asked);
                    converter.date = profile.decide(known.or(usual)).0;
                    let open = if known.is_none() { profile.assumed(converter.date.order) } else { None };
                    assumed.extend(open.map(|open| (column, open)));
                    profile.is_plausible() || profile.is_empty()
                }
                Texts::Numbers(profile) => {
                    converter.mark = profile.decide(None).0;
                    profile.is_plausible() || profile.is_empty()
                }
            };
            if !plausible {
                return Err(Undecided::Unreadable(column));
            }
        }
        Ok(assumed)
    }

    /// Converts a batch.
    pub(crate) fn convert(&self, batch: &RecordBatch) -> Result<Converted, Error> {
        let mut refused: Vec<Option<Refused>> = Vec::new();
        refused.resize_with(batch.num_rows(), || None);
        let mut columns = Vec::with_capacity(self.converters.len());
        for converter in &self.converters {
            let found = batch.column(converter.place);
            let column = converter.convert(found, &self.clock)?;
            converter.check(found, &column, &self.clock, &mut refused)?;
            columns.push(column);
        }
        // Until refused rows are left out, a required column may have gaps.
        let fields = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let all = RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)
            .map_err(failed)?;
        if self.table == CanonicalTable::Costs {
            cost_rows::check(&all, &mut refused);
        }
        self.check_currencies(&all, &mut refused);
        let used: BooleanArray = refused.iter().map(|refused| Some(refused.is_none())).collect();
        let kept = filter_record_batch(&all, &used).map_err(failed)?;
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), kept.columns().to_vec()).map_err(failed)?;
        let refused =
            refused.into_iter().enumerate().filter_map(|(row, refused)| Some((row, refused?))).collect();
        Ok(Converted { batch, refused })
    }

    /// Refuses the rows in a currency that has no rate, where that was asked for.
    fn check_currencies(&self, rows: &RecordBatch, refused: &mut [Option<Refused>]) {
        let (Some(known), Some(codes)) = (&self.currencies, rows.column_by_name("currency")) else { return };
        for (code, refused) in codes.as_string::<i32>().iter().zip(refused) {
            let code = code.unwrap_or_default().trim().to_uppercase();
            if refused.is_none() && !code.is_empty() && !known.contains(&code) {
                *refused = Some(Refused::new(Refusal::BadAmount, format!("there is no rate for {code}")));
            }
        }
    }
}

impl Converter {
    fn convert(&self, found: &ArrayRef, clock: &Clock) -> Result<ArrayRef, Error> {
        let kind = self.column.kind;
        if *found.data_type() == DataType::Null {
            return cast(found, &kind.arrow()).map_err(failed);
        }
        if is_text(found.data_type()) {
            let texts = as_text(found)?;
            let texts = texts.as_string::<i32>();
            return Ok(match kind {
                ColumnKind::Text => cells::names(texts, self.is_identifier(), self.is_address()),
                ColumnKind::Json => cells::texts(texts),
                ColumnKind::Time => clock.times_of_texts(texts, self.date),
                ColumnKind::Date => clock.days_of_texts(texts, self.date),
                ColumnKind::Money => cells::money(texts, self.mark),
                ColumnKind::Count => cells::counts(texts, self.mark),
                ColumnKind::Number | ColumnKind::Share => cells::numbers(texts, self.mark),
                ColumnKind::Flag => cells::flags(texts),
            });
        }
        match kind {
            ColumnKind::Text => cells::written(found),
            ColumnKind::Time => clock.times(found),
            ColumnKind::Date => clock.days(found),
            _ => cast(found, &kind.arrow()).map_err(failed),
        }
    }

    /// Whether numbers in it are names: `17850.0` is `17850`.
    fn is_identifier(&self) -> bool {
        self.column.name.ends_with("_id")
    }

    /// Whether it may hold e-mail addresses that are compared.
    fn is_address(&self) -> bool {
        matches!(self.column.name, "customer_id" | "email")
    }

    /// Refuses the rows of which the column lacks a value that it needs, or could not be read.
    fn check(
        &self,
        found: &ArrayRef,
        column: &ArrayRef,
        clock: &Clock,
        refused: &mut [Option<Refused>],
    ) -> Result<(), Error> {
        let texts = if is_text(found.data_type()) { Some(as_text(found)?) } else { None };
        let written = texts.as_ref().map(AsArray::as_string::<i32>);
        let name = self.column.name;
        for (row, refused) in refused.iter_mut().enumerate() {
            if refused.is_some() {
                continue;
            }
            let empty = match written {
                Some(texts) => texts.is_null(row) || is_empty_value(texts.value(row).trim()),
                None => found.is_null(row),
            };
            let text = written.filter(|_| !empty).map_or("the value", |texts| texts.value(row));
            if column.is_null(row) && !empty {
                *refused = Some(Refused::new(
                    self.unreadable(),
                    format!("{name}: {text:?} cannot be read as {}", self.column.kind.name()),
                ));
            } else if empty && self.column.required {
                *refused = Some(Refused::new(self.missing(), format!("{name} is empty")));
            } else if self.column.required && clock.is_future(column, row) {
                *refused = Some(Refused::new(Refusal::FutureDate, format!("{name} lies in the future")));
            }
        }
        Ok(())
    }

    fn missing(&self) -> Refusal {
        match self.column.kind {
            _ if self.column.name == "customer_id" => Refusal::NoCustomer,
            ColumnKind::Time | ColumnKind::Date => Refusal::NoDate,
            ColumnKind::Money => Refusal::BadAmount,
            _ => Refusal::MissingValue,
        }
    }

    fn unreadable(&self) -> Refusal {
        match self.column.kind {
            ColumnKind::Time | ColumnKind::Date => Refusal::BadDate,
            ColumnKind::Money => Refusal::BadAmount,
            _ => Refusal::BadValue,
        }
    }
}

fn as_text(column: &ArrayRef) -> Result<ArrayRef, Error> {
    cast(column, &DataType::Utf8).map_err(failed)
}

fn failed(error: datafusion::arrow::error::ArrowError) -> Error {
    Error::engine("converting rows to a canonical table")(error)
}
