//! The simulated shop with its dirt, read as sources: everything that was put in is found, and nothing else.

use std::path::Path;

use perennial_lake::arrow::util::pretty::pretty_format_batches;
use perennial_lake::{
    CanonicalTable, ColumnOverrides, Location, Mapping, Session, SessionOptions, Shop, Source, SourceRead,
    WrittenBy,
};
use perennial_simulate::{Format, ShopSettings, Simulation, simulate};

fn sources(folder: &Path, tables: &[CanonicalTable]) -> Vec<Source> {
    let source = |table: &CanonicalTable| Source {
        name: table.name().to_owned(),
        table: *table,
        location: Location::Files(vec![folder.join(format!("{table}.csv")).to_string_lossy().into_owned()]),
        mapping: Mapping::Recognised(ColumnOverrides::default()),
        customers_are: None,
        date_order: None,
        written_by: WrittenBy::Shop,
    };
    tables.iter().map(source).collect()
}

fn simulated(folder: &Path) -> Simulation {
    let settings = ShopSettings { customers: 700, seed: 11, dirty_share: 0.01, ..ShopSettings::default() };
    simulate(&settings, folder, Format::Csv, |_, _| ()).unwrap()
}

fn session() -> Session {
    Session::new(&SessionOptions { threads: 2, ..SessionOptions::default() }).unwrap()
}

fn answer(session: &Session, sql: &str) -> String {
    pretty_format_batches(&session.query(sql).unwrap()).unwrap().to_string()
}

fn findings(read: &SourceRead) -> Vec<(String, u64)> {
    let name = |code: &str, subject: &Option<String>| subject.clone().unwrap_or_else(|| code.to_owned());
    read.quality.checks.iter().map(|check| (name(check.code.code(), &check.subject), check.count)).collect()
}

#[test]
fn the_dirt_of_the_simulated_shop_is_found() {
    use CanonicalTable::{Costs, Customers, OrderLines, Orders, Products, Refunds, Spend};
    let folder = tempfile::tempdir().unwrap();
    let simulation = simulated(folder.path());
    let shop = Shop { now: "2026-07-01T00:00:00Z".parse().unwrap(), ..Shop::default() };
    let session = session();
    let tables = [Orders, OrderLines, Refunds, Products, Costs, Customers, Spend];
    let read = session.read_sources(&sources(folder.path(), &tables), &shop).unwrap();
    let dirty = |kind: &str| simulation.dirty[kind];
    assert_eq!(
        findings(&read.sources[0]),
        [
            ("duplicates".to_owned(), dirty("exact_duplicate")),
            ("no_customer".to_owned(), dirty("guest")),
            ("bad_date".to_owned(), dirty("broken_date")),
            ("future_date".to_owned(), dirty("future_date")),
        ]
    );
    for clean in &read.sources[1..] {
        assert_eq!(findings(clean), [], "{}", clean.name);
        assert_eq!((clean.rows, clean.used), (simulation.rows[clean.table.name()], clean.rows));
    }
    assert!(read.reading.has_costs);

    // The orders say what was refunded, the refunds say when: together they come to the same.
    let purchases = "select customer, day, spend, refunded from purchases order by customer, day";
    let together = answer(&session, purchases);
    assert!(!answer(&session, "select count(*) from linked_refunds").contains("| 0 "));
    let alone = session.read_sources(&sources(folder.path(), &[Orders]), &shop).unwrap();
    assert_eq!(answer(&session, purchases), together);
    assert_eq!(alone.reading.transactions, read.reading.transactions);
}
