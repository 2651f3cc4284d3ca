//! Is a source's answer what its canonical table needs? Found out from the plan alone, before a row is read, and all problems at once.

use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::{Mapping, Source};
use crate::canonical_table::kinds::{in_words, quoted};
use crate::canonical_table::{CanonicalColumn, CanonicalTable};
use crate::columns::ColumnOverrides;
use crate::error::{Error, nearest};
use crate::session::Session;

/// The table over which a mapping selects.
pub(super) const SOURCE: &str = "source";

/// What is wrong with how a source is mapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingProblem {
    /// The select cannot be planned, or fails at a row.
    #[error("the select is not valid: {problem}")]
    Query {
        /// What the engine said.
        problem: String,
    },

    /// A column that the table needs is not there.
    #[error("`{column}` is missing ({kind}: {meaning}); {fix}; the source has {}", listed(columns))]
    Missing {
        /// The column.
        column: &'static str,
        /// What its values are.
        kind: &'static str,
        /// What it says.
        meaning: &'static str,
        /// What to write.
        fix: String,
        /// The columns of the source.
        columns: Vec<String>,
    },

    /// A column that the table does not have.
    #[error("`{table}` has no column `{column}`{}; its columns are {allowed}", meant(nearest.as_deref()))]
    Unknown {
        /// The column.
        column: String,
        /// The canonical table.
        table: CanonicalTable,
        /// The column whose name is nearest, when one is near.
        nearest: Option<String>,
        /// All columns of the table.
        allowed: String,
    },

    /// Values that have no one meaning as what is needed.
    #[error("`{column}` is {found}, and {needed} is needed; {fix}")]
    WrongType {
        /// The column.
        column: String,
        /// What it holds, in words.
        found: String,
        /// What it should hold.
        needed: &'static str,
        /// What to write.
        fix: String,
    },

    /// A column of texts most of which are not what is needed.
    #[error("`{column}` is text, and most of its values cannot be read as {needed}; {fix}")]
    Unreadable {
        /// The column.
        column: String,
        /// What it should hold.
        needed: &'static str,
        /// What to write.
        fix: String,
    },

    /// Choices of columns for a table that has none.
    #[error(
        "columns can be chosen by their role for `orders` only; for `{table}` write an SQL select with the names of its columns"
    )]
    NoRoles {
        /// The canonical table.
        table: CanonicalTable,
    },
}

fn listed(columns: &[String]) -> String {
    const SHOWN: usize = 40;
    let mut names: Vec<String> = columns.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if columns.len() > SHOWN {
        names.push(format!("and {} more", columns.len() - SHOWN));
    }
    if names.is_empty() { "no columns".to_owned() } else { names.join(", ") }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

/// The select that gives a source's rows with canonical names; the source's location is registered as [`SOURCE`].
pub(super) fn select(session: &Session, source: &Source) -> Result<String, Error> {
    let (sql, problems) = match &source.mapping {
        Mapping::Select(sql) => {
            let sql = sql.trim().trim_end_matches(';').to_owned();
            let problems = match session.schema_of(&sql) {
                Ok(answer) => check(source.table, &answer, &columns(session)?, Names::AsWritten),
                Err(Error::Query { source, .. }) => {
                    vec![MappingProblem::Query { problem: source.strip_backtrace() }]
                }
                Err(other) => return Err(other),
            };
            (sql, problems)
        }
        Mapping::Recognised(choices) => by_name(session, source.table, choices)?,
    };
    if problems.is_empty() { Ok(sql) } else { Err(Error::mapping(source, problems)) }
}

/// Selects what goes by a canonical name.
fn by_name(
    session: &Session,
    table: CanonicalTable,
    choices: &ColumnOverrides,
) -> Result<(String, Vec<MappingProblem>), Error> {
    let names = columns(session)?;
    let own = |column: &CanonicalColumn| {
        let exact = names.iter().find(|name| name.as_str() == column.name);
        let meant = |name: &&String| table.column(name).is_some_and(|meant| meant.name == column.name);
        exact.or_else(|| names.iter().find(meant))
    };
    let chosen: Vec<String> = table
        .columns()
        .iter()
        .filter_map(|column| Some(format!("\"{}\" AS {}", own(column)?.replace('"', "\"\""), column.name)))
        .collect();
    let sql = format!(
        "SELECT {} FROM {SOURCE}",
        if chosen.is_empty() { "1".to_owned() } else { chosen.join(", ") }
    );
    let answer = if chosen.is_empty() { Schema::empty() } else { session.schema_of(&sql)? };
    let mut problems = check(table, &answer, &names, Names::Recognised);
    if *choices != ColumnOverrides::default() {
        problems.push(MappingProblem::NoRoles { table });
    }
    Ok((sql, problems))
}

/// The columns of the source itself.
fn columns(session: &Session) -> Result<Vec<String>, Error> {
    let schema = session.schema_of(&format!("SELECT * FROM {SOURCE}"))?;
    Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
}

/// Where the names of an answer come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    AsWritten,
    Recognised,
}

fn check(table: CanonicalTable, answer: &Schema, source: &[String], names: Names) -> Vec<MappingProblem> {
    let missing = |column: &&CanonicalColumn| column.required && answer.index_of(column.name).is_err();
    let mut problems: Vec<MappingProblem> = table
        .columns()
        .iter()
        .filter(missing)
        .map(|column| MappingProblem::Missing {
            column: column.name,
            kind: column.kind.name(),
            meaning: column.meaning,
            fix: fix_missing(column, source, names),
            columns: source.to_vec(),
        })
        .collect();
    for field in answer.fields() {
        let Some(column) = table.columns().iter().find(|column| column.name == field.name()) else {
            problems.push(unknown(table, field.name()));
            continue;
        };
        if !column.kind.takes(field.data_type()) {
            problems.push(MappingProblem::WrongType {
                column: column.name.to_owned(),
                found: in_words(field.data_type()),
                needed: column.kind.name(),
                fix: column.kind.fix(column.name, field.data_type()),
            });
        }
    }
    problems
}

fn fix_missing(column: &CanonicalColumn, source: &[String], names: Names) -> String {
    let near = source
        .iter()
        .find(|name| column.answers_to(name))
        .map(String::as_str)
        .or_else(|| nearest(column.name, source.iter().map(String::as_str)));
    let item = format!("{} AS {}", near.map_or_else(|| "NAME".to_owned(), quoted), column.name);
    match names {
        Names::AsWritten => format!("add `{item}` to the select"),
        Names::Recognised => {
            format!("map the source with an SQL select such as `SELECT {item}, ... FROM source`")
        }
    }
}

fn unknown(table: CanonicalTable, name: &str) -> MappingProblem {
    let allowed: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    let near =
        table.column(name).map(|column| column.name).or_else(|| nearest(name, allowed.iter().copied()));
    MappingProblem::Unknown {
        column: name.to_owned(),
        table,
        nearest: near.map(str::to_owned),
        allowed: allowed.join(", "),
    }
}

/// A select that fails at one of its rows, with what to write instead.
pub(super) fn explained(source: &Source, error: Error) -> Error {
    match (&source.mapping, error) {
        (Mapping::Select(_), Error::Query { source: said, .. }) if is_of_a_cast(&said) => {
            let problem = format!(
                "{}. A column that is selected as it is, without a cast, is read with its own rules, and what cannot be read \
                 refuses its row; try_cast(...) instead of cast(...) makes it empty",
                said.strip_backtrace()
            );
            Error::mapping(source, vec![MappingProblem::Query { problem }])
        }
        (_, other) => other,
    }
}

fn is_of_a_cast(error: &DataFusionError) -> bool {
    let root = error.find_root();
    matches!(root, DataFusionError::ArrowError(error, _) if matches!(**error, ArrowError::CastError(_) | ArrowError::ParseError(_)))
}

/// The problem of a column of unreadable texts.
pub(super) fn unreadable(column: &CanonicalColumn) -> MappingProblem {
    MappingProblem::Unreadable {
        column: column.name.to_owned(),
        needed: column.kind.name(),
        fix: "select the column that holds it".to_owned(),
    }
}
