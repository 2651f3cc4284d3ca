//! One source of orders: recognised or mapped, read under the rules of order files, and set aside under names of its own.

use std::path::Path;
use std::sync::Arc;

use super::mapping::{self, SOURCE};
use super::{Ledger, Mapping, Shop, Source};
use crate::canonical::tables::TABLES;
use crate::columns::ColumnOverrides;
use crate::error::Error;
use crate::format::{Recipe, canonical, recognise};
use crate::input::Input;
use crate::location::Location;
use crate::output::OutputFormat;
use crate::profile::columns::Binding;
use crate::quality::Refusal;
use crate::quarantine::{BrokenRows, Quarantine};
use crate::reading::{OrdersRead, bind, find_inputs, read_inputs, understand};
use crate::session::Session;
use crate::source::{Kind, OrderSource, SourceFile};

/// Reads the source at `place` of the list. Where there is a ledger, numbered orders go there; the others are in the session's tables.
pub(super) fn read(
    session: &Session,
    source: &Source,
    place: usize,
    shop: &Shop,
    ledger: Option<&mut Ledger>,
) -> Result<OrdersRead, Error> {
    let ledger = ledger.map(|ledger| (place, ledger));
    if let (Location::Files(paths), Mapping::Recognised(choices)) = (&source.location, &source.mapping) {
        let files = order_source(source, shop, paths.clone(), choices);
        let inputs = find_inputs(session, &files)?;
        let (recipe, bindings) = understand(&inputs, &files)?;
        let quarantine = Quarantine::create(files.quarantine.as_deref())?;
        read_inputs(session, &files, inputs, recipe, &bindings, quarantine, ledger)
    } else {
        let rows = session.temporary_path(&format!("orders-{place}.parquet"));
        let quarantine = Quarantine::create(shop.quarantine_of(&source.name).as_deref())?;
        let broken = Arc::new(BrokenRows::new(quarantine));
        let selected = select_into(session, source, &rows, &broken);
        let read = selected.and_then(|()| {
            let (files, input, recipe, binding) = mapped(source, shop, &rows)?;
            let (quarantine, broken) = broken.take();
            let mut read = read_inputs(session, &files, vec![input], recipe, &[binding], quarantine, ledger)?;
            read.quality.rows_read += broken;
            read.quality.refuse(Refusal::BrokenRow, broken);
            read.quality.close();
            let structure =
                if matches!(source.mapping, Mapping::Select(_)) { "selected rows" } else { "a table" };
            read.files.iter_mut().for_each(|file| structure.clone_into(&mut file.structure));
            Ok(read)
        });
        // The rows are in the tables now. A file that cannot be removed goes with the session's folder.
        let _ = std::fs::remove_file(&rows);
        read
    }
}

/// The source as order files with these choices for its columns, with what it says of its dates and its currencies.
pub(super) fn order_source(
    source: &Source,
    shop: &Shop,
    paths: Vec<String>,
    choices: &ColumnOverrides,
) -> OrderSource {
    let mut choices = choices.clone();
    choices.date_order = choices.date_order.or(source.date_order);
    let files = shop.order_source(&source.name, paths, choices);
    OrderSource { written_by: source.written_by, ..files }
}

/// Writes the selected rows into a file.
fn select_into(
    session: &Session,
    source: &Source,
    file: &Path,
    broken: &Arc<BrokenRows>,
) -> Result<(), Error> {
    session.register_sparing(SOURCE, &source.location, broken)?;
    let written = match &source.mapping {
        Mapping::Recognised(_) => Ok(format!("SELECT * FROM {SOURCE}")),
        Mapping::Select(_) => mapping::select(session, source),
    }
    .and_then(|sql| session.write(&sql, file, OutputFormat::Parquet));
    session.drop_table(SOURCE)?;
    written.map(drop).map_err(|error| mapping::explained(source, error))
}

/// The file of selected rows, with how it is read.
fn mapped(source: &Source, shop: &Shop, rows: &Path) -> Result<(OrderSource, Input, Recipe, Binding), Error> {
    let paths = vec![source.location.to_string()];
    let files = match &source.mapping {
        Mapping::Recognised(choices) => order_source(source, shop, paths, choices),
        Mapping::Select(_) => order_source(source, shop, paths, &ColumnOverrides::default()),
    };
    let file = SourceFile::copied(rows.to_path_buf(), Kind::Parquet, source.location.to_string())?;
    let input = Input::inspect(file)?;
    let recipe = match &source.mapping {
        Mapping::Recognised(choices) => recognise(&input.header, choices, input.path())?,
        Mapping::Select(_) => canonical::recipe(&input.header),
    };
    let binding = bind(&recipe, &input)?;
    Ok((files, input, recipe, binding))
}

/// A part of the purchases and refunds, under names of its own.
#[derive(Clone, Debug)]
pub(super) struct Part {
    name: String,
    /// The place of its source, where it is of one source alone.
    pub(super) source: Option<usize>,
    /// Decimals of its amounts.
    pub(super) scale: u32,
    pub(super) has_costs: bool,
}

impl Part {
    /// Renames the tables that were just made, so that the next source can make its own.
    pub(super) fn set_aside(
        session: &Session,
        name: &str,
        source: Option<usize>,
        scale: u32,
        has_costs: bool,
    ) -> Result<Self, Error> {
        let part = Self { name: name.to_owned(), source, scale, has_costs };
        for table in TABLES {
            session.rename_table(table, &part.table(table))?;
        }
        Ok(part)
    }

    /// The name of its table.
    pub(super) fn table(&self, table: &str) -> String {
        format!("perennial_{}_{table}", self.name)
    }

    /// Makes its tables those of the session.
    pub(super) fn put_back(&self, session: &Session) -> Result<(), Error> {
        TABLES.iter().try_for_each(|table| session.rename_table(&self.table(table), table))
    }

    /// Forgets its tables.
    pub(super) fn drop_tables(&self, session: &Session) -> Result<(), Error> {
        TABLES.iter().try_for_each(|table| session.drop_table(&self.table(table)))
    }
}
