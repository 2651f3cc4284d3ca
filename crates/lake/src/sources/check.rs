//! Whether a source can be reached and is mapped well. Files of orders are read through once, because only their columns as a whole
//! tell whether their dates and amounts can be read; of others only the first row and the currencies are asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;

use super::mapping::{self, SOURCE};
use super::orders::order_source;
use super::stream::{integers, texts};
use super::{MONEY_TABLES, Mapping, Shop, Source};
use crate::canonical_table::CanonicalTable;
use crate::columns::{ColumnOverrides, Header, Role};
use crate::currency;
use crate::error::Error;
use crate::format::{Format, Recipe, recognise};
use crate::input::Input;
use crate::location::Location;
use crate::profile::columns::{Binding, Profile};
use crate::profile::is_empty_value;
use crate::quarantine::{BrokenRows, Quarantine};
use crate::reading::{check_date_order, check_plausible, columns_read, find_inputs, pass, understand};
use crate::session::Session;
use crate::source::OrderSource;
use crate::text::Row;

/// The canonical column that names a row's currency.
const CURRENCY: &str = "currency";

/// What was found out about a source without reading it.
#[derive(Clone, Debug, Serialize)]
pub struct SourceCheck {
    /// Its name.
    pub name: String,
    /// The table that it is mapped onto.
    pub table: CanonicalTable,
    /// Where it lies, in words.
    pub location: String,
    /// The recognised format, of orders that are mapped by one.
    pub format: Option<Format>,
    /// Columns of the table, or roles of an order file's columns, with what they come from.
    pub columns: Vec<(String, String)>,
    /// The first row, by column; nothing where there is none.
    pub first_row: Vec<(String, String)>,
    /// Rows by the currency that they name.
    pub currencies: BTreeMap<String, u64>,
}

impl Session {
    /// Reaches a source, checks how it is mapped, and reads its first row. Nothing is written but temporary files of the session.
    ///
    /// # Errors
    /// When the source cannot be reached, or its mapping does not fit: then with all its problems.
    pub fn check_source(&self, source: &Source, shop: &Shop) -> Result<SourceCheck, Error> {
        self.check(source, shop).map_err(Error::in_source(&source.name))
    }

    fn check(&self, source: &Source, shop: &Shop) -> Result<SourceCheck, Error> {
        match (&source.location, &source.mapping) {
            (Location::Files(paths), Mapping::Recognised(choices))
                if source.table == CanonicalTable::Orders =>
            {
                check_order_files(self, source, paths, choices, shop)
            }
            _ => {
                // Rows that a reading would refuse are passed over.
                let broken = Arc::new(BrokenRows::new(Quarantine::create(None)?));
                self.register_sparing(SOURCE, &source.location, &broken)?;
                let checked = self.check_mapped(source);
                self.drop_table(SOURCE)?;
                checked
            }
        }
    }

    fn check_mapped(&self, source: &Source) -> Result<SourceCheck, Error> {
        let (sql, currency) = match (&source.mapping, source.table) {
            // A table of orders is recognised like a file of orders, by its header.
            (Mapping::Recognised(choices), CanonicalTable::Orders) => {
                let sql = format!("SELECT * FROM {SOURCE}");
                let fields = self.schema_of(&sql)?;
                let names = fields.fields().iter().map(|field| field.name().clone()).collect();
                let location = source.location.to_string();
                let recipe = recognise(&Header::new(names, false), choices, Path::new(&location))?;
                (sql, recipe.get(Role::Currency).map(|found| found.columns[0].clone()))
            }
            _ => (mapping::select(self, source)?, Some(CURRENCY.to_owned())),
        };
        let schema = self.schema_of(&sql)?;
        let currency = currency.filter(|column| schema.index_of(column).is_ok());
        let columns = schema
            .fields()
            .iter()
            .map(|field| (field.name().clone(), crate::canonical_table::kinds::in_words(field.data_type())));
        let first = self
            .query(&format!("SELECT * FROM ({sql}\n) AS mapped LIMIT 1"))
            .map_err(|error| mapping::explained(source, error))?;
        let row = first.iter().find(|batch| batch.num_rows() > 0).map(first_row).transpose()?;
        Ok(SourceCheck {
            columns: columns.collect(),
            first_row: row.unwrap_or_default(),
            currencies: currency
                .map(|column| self.rows_by_word(&sql, &column))
                .transpose()?
                .unwrap_or_default(),
            ..SourceCheck::of(source)
        })
    }

    /// Rows by what stands in a column of a select, in capitals.
    fn rows_by_word(&self, sql: &str, column: &str) -> Result<BTreeMap<String, u64>, Error> {
        let column = format!("upper(trim(cast(\"{}\" as varchar)))", column.replace('"', "\"\""));
        let counted = self.query(&format!(
            "SELECT {column} AS word, count(*) AS rows FROM ({sql}\n) AS mapped WHERE {column} <> '' GROUP BY {column}"
        ))?;
        let mut found = BTreeMap::new();
        for batch in counted {
            let (words, rows) = (texts(&batch, 0)?, integers(&batch, 1)?);
            let word = |row: usize| (words.value(row).to_owned(), rows.value(row).unsigned_abs());
            found.extend((0..batch.num_rows()).map(word).filter(|(word, _)| !is_empty_value(word)));
        }
        Ok(found)
    }
}

impl Shop {
    /// Whether there is a rate for every currency that the sources name.
    ///
    /// # Errors
    /// [`Error::MixedCurrencies`] with what to say.
    pub fn check_currencies(&self, sources: &[SourceCheck]) -> Result<(), Error> {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for source in sources.iter().filter(|source| MONEY_TABLES.contains(&source.table)) {
            for (code, rows) in &source.currencies {
                *found.entry(code.clone()).or_default() += rows;
            }
        }
        let shop = self.order_source("", Vec::new(), ColumnOverrides::default());
        currency::target(found, &shop, "").map(drop)
    }
}

impl SourceCheck {
    fn of(source: &Source) -> Self {
        Self {
            name: source.name.clone(),
            table: source.table,
            location: source.location.to_string(),
            format: None,
            columns: Vec::new(),
            first_row: Vec::new(),
            currencies: BTreeMap::new(),
        }
    }
}

fn check_order_files(
    session: &Session,
    source: &Source,
    paths: &[String],
    choices: &ColumnOverrides,
    shop: &Shop,
) -> Result<SourceCheck, Error> {
    let files = order_source(source, shop, paths.to_vec(), choices);
    let inputs = find_inputs(session, &files)?;
    let (recipe, bindings) = understand(&inputs, &files)?;
    let columns = columns_read(&recipe, |_| None);
    Ok(SourceCheck {
        format: Some(recipe.format),
        columns: columns.into_iter().map(|read| (read.role.name().to_owned(), read.column)).collect(),
        first_row: inputs.first().map(|input| first_fields(input, &recipe)).transpose()?.unwrap_or_default(),
        currencies: profiled(&inputs, &recipe, &bindings, &files)?.currencies(&recipe),
        ..SourceCheck::of(source)
    })
}

/// A look at all rows: that there are some, and that their dates and numbers can be read.
fn profiled(
    inputs: &[Input],
    recipe: &Recipe,
    bindings: &[Binding],
    files: &OrderSource,
) -> Result<Profile, Error> {
    let mut profile = Profile::default();
    pass("checking", inputs, bindings, files, |_, row, binding| {
        profile.see(row, binding, recipe);
        Ok(())
    })?;
    check_plausible(inputs, recipe, &profile)?;
    check_date_order(recipe, &profile, files)?;
    Ok(profile)
}

fn first_fields(input: &Input, recipe: &Recipe) -> Result<Vec<(String, String)>, Error> {
    let names = recipe.assignments.iter().flat_map(|assignment| &assignment.columns);
    let places: Vec<(&String, usize)> =
        names.filter_map(|name| Some((name, input.header.index(name)?))).collect();
    let needed: Vec<usize> = places.iter().map(|(_, place)| *place).collect();
    let mut row = Row::default();
    if !input.rows(&needed, &Arc::new(AtomicU64::new(0)))?.read(&mut row)? {
        return Ok(Vec::new());
    }
    let field = |place: usize| row.get(place).unwrap_or_default().to_owned();
    Ok(places.into_iter().map(|(name, place)| (name.clone(), field(place))).collect())
}

fn first_row(batch: &RecordBatch) -> Result<Vec<(String, String)>, Error> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new();
    let schema = batch.schema();
    let cell = |(field, column): (&Arc<datafusion::arrow::datatypes::Field>, _)| {
        let text = ArrayFormatter::try_new(column, &OPTIONS)?.value(0).to_string();
        Ok((field.name().clone(), text))
    };
    let columns = batch.columns().iter().map(AsRef::as_ref);
    schema
        .fields()
        .iter()
        .zip(columns)
        .map(cell)
        .collect::<Result<_, datafusion::arrow::error::ArrowError>>()
        .map_err(Error::engine("showing a source's first row"))
}
