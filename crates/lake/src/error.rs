//! The one error type of this crate: each message says what is wrong, where, and what to do about it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use datafusion::error::DataFusionError;

use crate::canonical_table::CanonicalTable;
use crate::sources::{MappingProblem, Source};

/// Why a source could not be read or a query not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path, folder or glob that leads to no file of a readable kind.
    #[error(
        "{path}: {problem}; give a .csv, .tsv, .txt, .jsonl, .ndjson (each also .gz or .zst) or .parquet file, a folder of them, or a glob"
    )]
    NoFile {
        /// What was asked for.
        path: String,
        /// What is the matter with it.
        problem: String,
    },

    /// The operating system refused a file operation.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file whose structure is broken so that its rows cannot be told apart.
    #[error("{}, line {line}: {problem}", file.display())]
    Broken {
        /// The file.
        file: PathBuf,
        /// Physical line (row for Parquet), from 1.
        line: u64,
        /// What is broken, and what to do.
        problem: String,
    },

    /// A file in which no customer or no date column could be found.
    #[error(
        "{}: no column was recognised as the {missing}; its columns are {}. Name it with --columns {missing}=NAME",
        file.display(), quoted(columns)
    )]
    NotRecognised {
        /// The file.
        file: PathBuf,
        /// The role without a column.
        missing: &'static str,
        /// The columns that exist.
        columns: Vec<String>,
    },

    /// A column named by the user, or needed by the format, that the file does not have.
    #[error("{}: there is no column {name:?}{}; its columns are {}", file.display(), did_you_mean(nearest.as_deref()), quoted(columns))]
    NoSuchColumn {
        /// The file.
        file: PathBuf,
        /// The name asked for.
        name: String,
        /// The existing column whose name is nearest, when one is near.
        nearest: Option<String>,
        /// The columns that exist.
        columns: Vec<String>,
    },

    /// A column assignment that cannot be understood.
    #[error("cannot understand the column assignment {text:?}: {problem}")]
    BadOverride {
        /// The assignment as typed.
        text: String,
        /// What is wrong, and what would be allowed.
        problem: String,
    },

    /// Files of different formats in one source.
    #[error("{} is {second}, but {} is {first}: read files of one format at a time (name them, or narrow the glob)", other.display(), file.display())]
    MixedFormats {
        /// The first file.
        file: PathBuf,
        /// Its format.
        first: String,
        /// The file that differs.
        other: PathBuf,
        /// That file's format.
        second: String,
    },

    /// Amounts in several currencies, and no rate to convert them with.
    #[error("{}", mixed_currencies(found, target.as_deref(), missing, hint))]
    MixedCurrencies {
        /// Rows per currency code.
        found: BTreeMap<String, u64>,
        /// The currency asked for.
        target: Option<String>,
        /// The currencies without a rate.
        missing: Vec<String>,
        /// Another way out that this format offers; may be empty.
        hint: String,
    },

    /// A conversion rate that is not a positive number.
    #[error(
        "the rate of {currency} is {rate}; a rate is a positive number: how much one unit of that currency is worth in the target currency"
    )]
    BadRate {
        /// The currency.
        currency: String,
        /// The rate given.
        rate: f64,
    },

    /// The amounts of all rows together leave the range of exact 64-bit integers.
    #[error(
        "the amounts sum to more than 64-bit integers hold at {scale} decimals; check the amount column {column:?}, or name another with --columns amount=NAME"
    )]
    AmountsOverflow {
        /// The amount column.
        column: String,
        /// Decimals of the integer amounts.
        scale: u32,
    },

    /// Dates of one column in two orders.
    #[error(
        "the date column {column:?} mixes two orders: {day_first} dates can only be day/month/year and {month_first} only month/day/year; write them in one order, or let date_order=day_first (or month_first; with --columns, or as a key of the source) refuse the others"
    )]
    MixedDateOrder {
        /// The date column.
        column: String,
        /// Dates that only make sense with the day first.
        day_first: u64,
        /// Dates that only make sense with the month first.
        month_first: u64,
    },

    /// More spent by one customer on one day than a day can hold.
    #[error(
        "a customer's orders of one day sum to 10^13 or more units of 10^-{scale}; check the amount column, or divide the amounts by a thousand in the source"
    )]
    DayOverflow {
        /// Decimals of the integer amounts.
        scale: u32,
    },

    /// The quarantine file is one of the order files.
    #[error("{} is one of the order files; the refused rows would overwrite it: give --quarantine another name", path.display())]
    OverwritesSource {
        /// The file.
        path: PathBuf,
    },

    /// No row could be used.
    #[error("none of the {rows} rows could be used: {reasons}")]
    NothingUsable {
        /// Rows read.
        rows: u64,
        /// The counts by reason, in words.
        reasons: String,
    },

    /// A query that failed.
    #[error("query failed: {source}; the query was: {sql}")]
    Query {
        /// The SQL text.
        sql: String,
        /// What the engine said.
        source: Box<DataFusionError>,
    },

    /// The address of a database that cannot be understood. The address itself is not shown, as it may hold a password.
    #[error("{problem}; give postgres://user:password@host:port/database or sqlite:FILE")]
    BadDatabaseUrl {
        /// What is wrong.
        problem: String,
    },

    /// A database refused, could not be reached, or holds a value that is not what its column promises.
    #[error("{database}: {problem}")]
    Database {
        /// The database, without its password.
        database: String,
        /// What is wrong, and what to do.
        problem: String,
    },

    /// A table that a database does not have.
    #[error("{database}: there is no table or view {table:?}{}; there are {}", did_you_mean(nearest.as_deref()), quoted(tables))]
    NoSuchTable {
        /// The database, without its password.
        database: String,
        /// The table asked for.
        table: String,
        /// The existing table whose name is nearest, when one is near.
        nearest: Option<String>,
        /// The tables that exist.
        tables: Vec<String>,
    },

    /// A Delta table that cannot be read.
    #[error("the Delta table {table}: {problem}")]
    Delta {
        /// Where it lies.
        table: String,
        /// What is wrong.
        problem: String,
    },

    /// An object store refused, or could not be reached.
    #[error("{url}: {problem}")]
    ObjectStore {
        /// What was to be read or written.
        url: String,
        /// What is wrong, and what to do.
        problem: String,
    },

    /// A canonical table that does not exist.
    #[error("there is no table {name:?}{}; the tables are {tables}", did_you_mean(*nearest))]
    NoSuchCanonicalTable {
        /// The name asked for.
        name: String,
        /// The table whose name is nearest, when one is near.
        nearest: Option<&'static str>,
        /// All tables.
        tables: String,
    },

    /// A source whose mapping does not fit its canonical table.
    #[error("source {source_name:?}: {}", joined(table.name(), problems))]
    Mapping {
        /// The source.
        source_name: String,
        /// The table that it is mapped onto.
        table: CanonicalTable,
        /// All that is wrong.
        problems: Vec<MappingProblem>,
    },

    /// A source that cannot be read.
    #[error("source {name:?}: {source}")]
    InSource {
        /// The source.
        name: String,
        /// What is wrong.
        source: Box<Error>,
    },

    /// A list of sources without orders.
    #[error(
        "no source has the table \"orders\"; a shop's values need at least one: give one of the sources `table = \"orders\"`"
    )]
    NoOrdersSource,

    /// Two sources of one name.
    #[error("two sources are named {name:?}; give each a name of its own")]
    SameName {
        /// The name.
        name: String,
    },

    /// The engine failed outside a query of the caller's.
    #[error("{doing}: {source}")]
    Engine {
        /// What was being done.
        doing: String,
        /// What the engine said.
        source: Box<DataFusionError>,
    },
}

impl Error {
    pub(crate) fn io(file: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { file: file.to_path_buf(), source }
    }

    pub(crate) fn broken(file: &Path, line: u64, problem: impl Into<String>) -> Self {
        Self::Broken { file: file.to_path_buf(), line, problem: problem.into() }
    }

    pub(crate) fn mapping(source: &Source, problems: Vec<MappingProblem>) -> Self {
        Self::Mapping { source_name: source.name.clone(), table: source.table, problems }
    }

    /// Names the source in an error that does not yet.
    pub(crate) fn in_source(name: &str) -> impl FnOnce(Self) -> Self + '_ {
        move |error| match error {
            Self::Mapping { .. } | Self::InSource { .. } => error,
            other => Self::InSource { name: name.to_owned(), source: Box::new(other) },
        }
    }

    pub(crate) fn engine<E: Into<DataFusionError>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self::Engine { doing: doing.into(), source: Box::new(source.into()) }
    }
}

fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 60;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

fn joined(table: &str, problems: &[MappingProblem]) -> String {
    match problems {
        [one] => one.to_string(),
        _ => problems
            .iter()
            .fold(format!("its mapping onto {table:?} has {} problems:", problems.len()), |text, problem| {
                text + "\n  - " + &problem.to_string()
            }),
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

fn mixed_currencies(
    found: &BTreeMap<String, u64>,
    target: Option<&str>,
    missing: &[String],
    hint: &str,
) -> String {
    let counts =
        found.iter().map(|(code, rows)| format!("{code} ({rows} rows)")).collect::<Vec<_>>().join(", ");
    let most = found.iter().max_by_key(|(_, rows)| **rows).map_or("EUR", |(code, _)| code.as_str());
    let target = target.unwrap_or(most);
    let rates = missing
        .iter()
        .filter(|code| *code != target)
        .fold(String::new(), |rates, code| rates + " --rate " + code + "=RATE");
    let hint = if hint.is_empty() { String::new() } else { format!(" {hint}") };
    format!(
        "the amounts are in {counts}, and currencies are never mixed silently: say --currency {target}{rates}, where RATE is how \
         much one unit of that currency is worth in {target}.{hint}"
    )
}

/// The name among `candidates` nearest to `name` by edit distance, if any is within a third of its length.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit || candidate.to_lowercase().contains(&wanted))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_column() {
        let columns = ["customer_id", "date", "amount"];
        assert_eq!(nearest("custommer_id", columns), Some("customer_id"));
        assert_eq!(nearest("zzz", columns), None);
    }

    #[test]
    fn mixed_currencies_say_what_to_type() {
        let error = Error::MixedCurrencies {
            found: BTreeMap::from([("EUR".to_owned(), 3), ("GBP".to_owned(), 9)]),
            target: None,
            missing: vec!["EUR".to_owned()],
            hint: String::new(),
        };
        assert!(error.to_string().contains("--currency GBP --rate EUR=RATE"), "{error}");
    }
}
