//! Every canonical table takes rows by the names of its columns, whatever their kinds.

use perennial_lake::CanonicalTable::{self, Costs, Orders};
use perennial_lake::{CanonicalColumn, ColumnKind};

use crate::data::rows;
use crate::shop::TestShop;

const ORDERS: &str = "order_id,customer_id,date,total\n1,ann,2025-03-02,50\n";

/// What a file writes for a column, and what the table then holds.
fn example(column: &CanonicalColumn) -> (&'static str, &'static str) {
    match (column.name, column.kind) {
        ("currency", _) => ("EUR", "EUR"),
        // Which order or product a cost is of says on what it is based.
        ("basis" | "share", _) => ("", ""),
        (_, ColumnKind::Text) => ("Ünï 7", "Ünï 7"),
        (_, ColumnKind::Time) => ("2025-03-02T10:00:00+02:00", "2025-03-02T08:00:00Z"),
        (_, ColumnKind::Date) => ("2025-03-02", "2025-03-02"),
        (_, ColumnKind::Money) => ("12.50", "12.500000"),
        (_, ColumnKind::Count) => ("12", "12"),
        (_, ColumnKind::Number | ColumnKind::Share) => ("0.25", "0.25"),
        (_, ColumnKind::Flag) => ("true", "true"),
        (_, ColumnKind::Json) => ("{\"a\":1}", "{\"a\":1}"),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[test]
fn every_table_takes_every_column() {
    for table in CanonicalTable::ALL.into_iter().filter(|table| *table != Orders) {
        let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
        let (written, held): (Vec<_>, Vec<_>) = table.columns().iter().map(example).unzip();
        let line = written.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(",");
        let file = format!("{}\n{line}\n", names.join(","));
        let shop =
            TestShop::new().with("orders", Orders, "orders.csv", ORDERS).with("own", table, "own.csv", &file);
        let read = shop.read();
        assert_eq!(
            (read.sources[1].rows, read.sources[1].used),
            (1, 1),
            "{table}: {:?}",
            read.sources[1].refused
        );
        let select = names.iter().map(|name| format!("coalesce(cast(\"{name}\" as varchar), '')"));
        let select = select.collect::<Vec<_>>().join(" || '|' || ");
        assert_eq!(
            rows(&shop.session, &format!("select {select} from shop.{table}")),
            [held.join("|")],
            "{table}"
        );
    }
}

#[test]
fn a_row_without_what_a_table_needs_is_refused_and_told() {
    for table in CanonicalTable::ALL.into_iter().filter(|table| ![Orders, Costs].contains(table)) {
        for missing in table.columns().iter().filter(|column| column.required) {
            let full: Vec<String> = table.columns().iter().map(|column| quoted(example(column).0)).collect();
            let without: Vec<String> = table
                .columns()
                .iter()
                .map(
                    |column| {
                        if column.name == missing.name { String::new() } else { quoted(example(column).0) }
                    },
                )
                .collect();
            let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
            let file = format!("{}\n{}\n{}\n", names.join(","), full.join(","), without.join(","));
            let shop = TestShop::new()
                .with("orders", Orders, "orders.csv", ORDERS)
                .with("own", table, "own.csv", &file);
            let read = shop.read();
            let refused: u64 = read.sources[1].refused.values().sum();
            assert_eq!((read.sources[1].used, refused), (1, 1), "{table} without {}", missing.name);
        }
    }
}
