//! A shop for the tests of sources: a folder of small files, and sources over them.

use std::fs;
use std::path::Path;

use perennial_lake::{
    CanonicalTable, ColumnOverrides, Error, Location, Mapping, OutputFormat, Session, Shop, Source,
    SourceRead, SourcesRead, WrittenBy,
};

use crate::data::session;

/// A folder of files with sources over them, in the order in which they were added.
pub(crate) struct TestShop {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sources: Vec<Source>,
    pub(crate) settings: Shop,
    pub(crate) session: Session,
}

impl TestShop {
    /// A shop at a fixed present, so that no test depends on the clock.
    pub(crate) fn new() -> Self {
        let settings = Shop { now: "2026-01-01T00:00:00Z".parse().unwrap(), ..Shop::default() };
        Self { folder: tempfile::tempdir().unwrap(), sources: Vec::new(), settings, session: session() }
    }

    /// Adds a source over a text file that is recognised by its header.
    pub(crate) fn with(self, name: &str, table: CanonicalTable, file: &str, text: &str) -> Self {
        self.mapped(name, table, file, text, Mapping::Recognised(ColumnOverrides::default()))
    }

    /// Adds a source over a text file that is mapped by SQL.
    pub(crate) fn select(self, name: &str, table: CanonicalTable, file: &str, text: &str, sql: &str) -> Self {
        self.mapped(name, table, file, text, Mapping::Select(sql.to_owned()))
    }

    /// Adds a source over a Parquet file that holds the answer to a query.
    pub(crate) fn parquet(mut self, name: &str, table: CanonicalTable, query: &str) -> Self {
        let path = self.path(&format!("{name}.parquet"));
        self.session.write(query, Path::new(&path), OutputFormat::Parquet).unwrap();
        self.sources.push(source(name, table, path, Mapping::Recognised(ColumnOverrides::default())));
        self
    }

    fn mapped(mut self, name: &str, table: CanonicalTable, file: &str, text: &str, mapping: Mapping) -> Self {
        let path = self.path(file);
        fs::write(&path, text).unwrap();
        self.sources.push(source(name, table, path, mapping));
        self
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_string_lossy().into_owned()
    }

    /// Says what the identifiers of the last source are.
    pub(crate) fn customers_are(mut self, kind: &str) -> Self {
        self.sources.last_mut().unwrap().customers_are = Some(kind.to_owned());
        self
    }

    /// Says that anybody may write the rows of the last source.
    pub(crate) fn written_by_anybody(mut self) -> Self {
        self.sources.last_mut().unwrap().written_by = WrittenBy::Anybody;
        self
    }

    pub(crate) fn read(&self) -> SourcesRead {
        self.try_read().unwrap()
    }

    pub(crate) fn try_read(&self) -> Result<SourcesRead, Error> {
        self.session.read_sources(&self.sources, &self.settings)
    }

    /// The message with which the only source is refused, which is the same when it is checked and when it is read.
    pub(crate) fn refusal(&self) -> String {
        let checked = self.session.check_source(&self.sources[0], &self.settings).unwrap_err().to_string();
        let mut sources = self.sources.clone();
        if sources[0].table != CanonicalTable::Orders {
            let path = self.path("some_orders.csv");
            fs::write(&path, "customer,date,amount\na,2025-01-01,1\n").unwrap();
            sources.push(source(
                "some orders",
                CanonicalTable::Orders,
                path,
                Mapping::Recognised(ColumnOverrides::default()),
            ));
        }
        let read = self.session.read_sources(&sources, &self.settings).unwrap_err().to_string();
        assert_eq!(read, checked);
        checked
    }
}

fn source(name: &str, table: CanonicalTable, path: String, mapping: Mapping) -> Source {
    Source {
        name: name.to_owned(),
        table,
        location: Location::Files(vec![path]),
        mapping,
        customers_are: None,
        date_order: None,
        written_by: WrittenBy::Shop,
    }
}

/// What was found in a source: code, subject, count of rows, examples.
pub(crate) fn findings(read: &SourceRead) -> Vec<String> {
    let checks = read.quality.checks.iter();
    checks
        .map(|check| {
            let subject = check.subject.as_deref().map(|subject| format!(" {subject}")).unwrap_or_default();
            format!(
                "{}{subject} {} of {} [{}]",
                check.code,
                check.count,
                check.rows,
                check.examples.join(" ")
            )
        })
        .collect()
}
