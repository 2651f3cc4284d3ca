//! Values that go to tables of databases: they are those of the snapshot, and no table of somebody else is touched.

use std::path::Path;

use perennial_lake::arrow::util::display::{ArrayFormatter, FormatOptions};
use perennial_lake::{DatabaseUrl, Location, Session, SessionOptions};

use crate::shop::{project, shop};
use crate::workbench::Workbench;

/// The variable by which `cargo xtask test` names a PostgreSQL server.
const POSTGRES: &str = "PERENNIAL_TEST_POSTGRES";
const ALL: &str =
    "customer_id, first_order_at, historic_number_of_orders, total_clv, probability_alive, tier";

fn export(to: &str, table: &str, columns: &str) -> String {
    format!("[[exports]]\nto = \"{to}\"\ntable = \"{table}\"\n{columns}\nconsent = \"not_needed\"\n")
}

/// Rows of what lies somewhere, as text.
fn rows(location: &Location) -> Vec<String> {
    let session = Session::new(&SessionOptions::default()).unwrap();
    session.register_location("t", location).unwrap();
    let batches = session.query(&format!("select {ALL} from t order by customer_id")).unwrap();
    let options = FormatOptions::new();
    let row = |batch: &perennial_lake::arrow::record_batch::RecordBatch, row: usize| {
        let cell = |column| ArrayFormatter::try_new(column, &options).unwrap().value(row).to_string();
        batch.columns().iter().map(|column| cell(column.as_ref())).collect::<Vec<_>>().join(" ")
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |number| row(batch, number))).collect()
}

fn table(url: &str, table: &str) -> Location {
    Location::Database { url: DatabaseUrl::parse(url).unwrap(), table: table.to_owned() }
}

fn snapshot(bench: &Workbench, name: &str) -> Location {
    Location::Files(vec![path(&bench.path(&format!("snapshots/{name}/values.parquet")))])
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_table_holds_the_values_of_the_last_run() {
    let bench = shop(&export("sqlite:out.db", "customer_values", ""));
    let url = format!("sqlite:{}", path(&bench.path("out.db")));
    let check = bench.project("check").good();
    for part in ["Exports", "customer_values in sqlite:", "all customers", "18 columns"] {
        assert!(check.stdout.contains(part), "{part:?} is missing in:\n{}", check.stdout);
    }
    assert!(!bench.has("out.db"), "a check writes nothing");
    for (date, name) in [("2023-06-30", "2023-06-30_1"), ("2023-12-31", "2023-12-31_1")] {
        let run = bench.project(&format!("run --as-of {date} --format json")).good().json();
        let handed = &run["handed_off"][0];
        assert!(handed["to"].as_str().unwrap().starts_with("customer_values in sqlite:"), "{handed}");
        let written = rows(&table(&url, "customer_values"));
        assert_eq!(handed["customers"], written.len());
        assert_eq!(written, rows(&snapshot(&bench, name)), "{date}");
    }
    // Other columns: the table stays as it is, and that is known before the run.
    let fewer = export("sqlite:out.db", "customer_values", "columns = [\"customer_id\", \"tier\"]");
    bench.write("perennial.toml", project(&fewer));
    let said = ["exports[1].to", "also has", "\"total_clv\"", "is not touched"];
    bench.project("check").fails(1, &said);
    let run = bench.project("run --as-of 2023-12-31");
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("is not") && run.stderr.contains("the snapshot is there"), "{}", run.stdout);
    assert_eq!(rows(&table(&url, "customer_values")), rows(&snapshot(&bench, "2023-12-31_1")));
}

#[test]
fn a_warehouse_is_named_by_the_environment() {
    let address = std::env::var(POSTGRES).unwrap_or_else(|_| {
        panic!("`cargo xtask test` starts what this test needs ({POSTGRES}=none skips it)")
    });
    if address == "none" {
        eprintln!("skipped, as {POSTGRES}=none says");
        return;
    }
    let bench = shop(&export(&format!("env:{POSTGRES}"), "public.cli_customer_values", ""));
    let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
    let to = run["handed_off"][0]["to"].as_str().unwrap();
    assert!(to.starts_with("public.cli_customer_values in postgres://"), "{to}");
    assert_eq!(rows(&table(&address, "cli_customer_values")), rows(&snapshot(&bench, "2023-12-31_1")));
    // Out of reach: the run is told, and the snapshot is there.
    bench.write("perennial.toml", project(&export("env:PERENNIAL_TEST_NO_SUCH_WAREHOUSE", "values", "")));
    let said = ["exports[1].to", "the environment variable PERENNIAL_TEST_NO_SUCH_WAREHOUSE is not set"];
    bench.project("check").fails(1, &said);
    let run = bench.project("run --as-of 2023-12-31");
    assert_eq!(run.code, Some(1));
    bench.manifest("2023-12-31_2");
}
