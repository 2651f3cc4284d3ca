//! The sources of one table together: `perennial_all_<table>` with the place of each row and of its source, and `shop.<table>` for everyone.

use super::Source;
use super::mapped::{MappedRead, SOURCE_ROW};
use crate::canonical_table::CanonicalTable;
use crate::error::Error;
use crate::session::Session;

/// The schema of the canonical tables, apart from the tables of a reading, one of which is called `refunds` too.
pub(super) const SCHEMA: &str = "shop";

/// The table that a caller may register to tell whom identifiers belong to.
const IDENTITIES: &str = "identities";

/// A mapped source with its place in the list.
pub(super) type Mapped<'a> = (usize, &'a Source, &'a MappedRead);

/// All rows of a table with the place of their source in the list, and their own in the source.
pub(super) fn all(table: CanonicalTable) -> String {
    format!("perennial_all_{table}")
}

/// A text as SQL writes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// How identifiers of customers become customers.
#[derive(Clone, Copy)]
pub(super) struct Identities {
    known: bool,
}

impl Identities {
    pub(super) fn of(session: &Session) -> Self {
        Self { known: session.has_table(IDENTITIES) }
    }

    /// The customer of rows of a table called `rows`, and the join that it needs. `kind` is an expression for the kind of its
    /// identifiers; nothing where they are not looked up.
    pub(super) fn customer(kind: Option<&str>, rows: &str, column: &str) -> (String, String) {
        let written = format!("cast({rows}.{column} as varchar)");
        let Some(kind) = kind else { return (written, String::new()) };
        let compared = compared(kind, &written);
        (
            format!("coalesce(cast(found.customer as varchar), {compared})"),
            format!(" LEFT JOIN {IDENTITIES} AS found ON found.kind = {kind} AND found.value = {compared}"),
        )
    }

    /// The kind of a source's identifiers as an expression, where they are looked up.
    pub(super) fn kind(self, source: &Source) -> Option<String> {
        source.customers_are.as_deref().filter(|_| self.known).map(literal)
    }

    /// The kind of the identifiers of rows whose column `place` says which source they are of.
    pub(super) fn kind_by_place(self, sources: &[Source], place: &str) -> Option<String> {
        let cases: Vec<String> = sources
            .iter()
            .enumerate()
            .filter_map(|(number, source)| Some(format!("WHEN {number} THEN {}", self.kind(source)?)))
            .collect();
        (!cases.is_empty()).then(|| format!("CASE {place} {} END", cases.join(" ")))
    }
}

/// An identifier in the form in which those of its kind are compared, as the operational store keeps them: an e-mail address in lower
/// case, a telephone number without blanks and marks.
fn compared(kind: &str, written: &str) -> String {
    const MARKS: [&str; 7] = [" ", "\u{a0}", "-", "/", ".", "(", ")"];
    let digits = MARKS.iter().fold(written.to_owned(), |sql, mark| format!("replace({sql}, '{mark}', '')"));
    format!("CASE {kind} WHEN 'email' THEN lower({written}) WHEN 'phone' THEN {digits} ELSE {written} END")
}

/// Forgets the tables of an earlier reading.
pub(super) fn clear(session: &Session) -> Result<(), Error> {
    session.make_schema(SCHEMA)?;
    CanonicalTable::ALL.iter().try_for_each(|table| session.drop_table(&format!("{SCHEMA}.{table}")))
}

/// Registers the views of a table over its sources.
pub(super) fn register(
    session: &Session,
    table: CanonicalTable,
    sources: &[Mapped<'_>],
    identities: Identities,
) -> Result<(), Error> {
    let selects: Vec<String> =
        sources.iter().map(|(place, source, read)| select(table, *place, source, read, identities)).collect();
    session.view(&all(table), &selects.join(" UNION ALL "))?;
    let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    session.make_schema(SCHEMA)?;
    session.view(&format!("{SCHEMA}.{table}"), &format!("SELECT {} FROM {}", quoted_list(&names), all(table)))
}

/// The rows of one source with all columns of the table.
fn select(
    table: CanonicalTable,
    place: usize,
    source: &Source,
    read: &MappedRead,
    identities: Identities,
) -> String {
    let has_customer = read.columns.contains(&"customer_id");
    let kind = identities.kind(source).filter(|_| has_customer);
    let (customer, join) = Identities::customer(kind.as_deref(), "own", "customer_id");
    let columns: Vec<String> = table
        .columns()
        .iter()
        .map(|column| match column.name {
            "customer_id" if has_customer => format!("{customer} AS customer_id"),
            name if read.columns.contains(&name) => format!("own.\"{name}\" AS \"{name}\""),
            name => format!("arrow_cast(NULL, {}) AS \"{name}\"", literal(column.kind.arrow_name())),
        })
        .collect();
    format!(
        "SELECT {}, cast({place} as int) AS source_index, own.{SOURCE_ROW} FROM {} AS own{join}",
        columns.join(", "),
        read.table
    )
}

fn quoted_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
