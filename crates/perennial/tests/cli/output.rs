//! The files that `value` writes.

use perennial_lake::arrow::array::AsArray;
use perennial_lake::arrow::datatypes::Int64Type;
use perennial_lake::{OrderSource, Session, SessionOptions};
use perennial_valuation::figures::CUSTOMER_COLUMNS;

use crate::workbench::{Workbench, small_shop};

fn shop() -> Workbench {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    bench
}

#[test]
fn parquet_is_read_back_by_perennial_itself() {
    let bench = shop();
    bench.run("value orders.csv --model bg-nbd --out values.parquet").good();
    let session = Session::new(&SessionOptions::default()).unwrap();
    let mut source = OrderSource::new([bench.path("values.parquet").display().to_string()]);
    source.columns = "customer=customer_id,date=last_order_at,amount=historic_clv".parse().unwrap();
    let reading = session.read_orders(&source).unwrap();
    assert_eq!(reading.quality.rows_read, 120);
    let counted = session.query("SELECT count(*) AS n FROM purchases").unwrap();
    assert_eq!(counted[0].column(0).as_primitive::<Int64Type>().value(0), 120);
}

#[test]
fn csv_has_the_documented_columns_and_a_row_per_customer() {
    let bench = shop();
    bench.run("value orders.csv --model bg-nbd --out values.csv").good();
    let values = bench.read("values.csv");
    assert_eq!(values.lines().next().unwrap(), CUSTOMER_COLUMNS.join(","));
    assert_eq!(values.lines().count(), 121);
}

#[test]
fn a_spreadsheet_runs_nothing_from_the_csv() {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop().replace("c001,", "=HYPERLINK(1),"));
    bench.run("value orders.csv --model bg-nbd --out values.csv").good();
    let values = bench.read("values.csv");
    assert!(values.contains("\n'=HYPERLINK(1),"), "{values}");
    assert!(!values.contains("\n="), "{values}");
}

#[test]
fn json_is_an_array_of_customers() {
    let bench = shop();
    bench.run("value orders.csv --model bg-nbd --out values.json").good();
    let values: serde_json::Value = serde_json::from_str(&bench.read("values.json")).unwrap();
    let customers = values.as_array().unwrap();
    assert_eq!(customers.len(), 120);
    for column in CUSTOMER_COLUMNS {
        assert!(customers[0].get(column).is_some(), "{column} is missing in {}", customers[0]);
    }
    let number = |customer: &serde_json::Value, column: &str| customer[column].as_f64().unwrap();
    for customer in customers {
        let total = number(customer, "historic_clv") + number(customer, "predicted_clv");
        assert!((total - number(customer, "total_clv")).abs() < 1e-9, "{customer}");
        let (lower, upper) =
            (number(customer, "predicted_clv_lower"), number(customer, "predicted_clv_upper"));
        assert!(0.0 <= lower && lower <= upper, "{customer}");
    }
}

#[test]
fn the_report_is_one_page_in_the_language_asked_for() {
    let bench = shop();
    bench.run("value orders.csv --model bg-nbd --report report.html --language de").good();
    let report = bench.read("report.html");
    assert!(report.contains("<html lang=\"de\""), "{}", &report[..500]);
    assert_eq!(bench.files(), ["orders.csv", "report.html"]);
}

#[test]
fn the_terminal_speaks_german_and_fits_a_narrow_window() {
    let bench = shop();
    let run = bench.run("value orders.csv --model bg-nbd --language de --margin 35%").good();
    for part in ["Kunde", "Summe", "Gamma-Gamma"] {
        assert!(run.stdout.contains(part), "{part:?} is missing in:\n{}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert_eq!(run.stderr, "", "no progress where nobody watches");
}

#[test]
fn purchases_without_amounts_are_valued_in_orders() {
    let bench = Workbench::new();
    let orders: String =
        small_shop().lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n").collect();
    bench.write("orders.csv", orders);
    let run = bench.run("value orders.csv --model bg-nbd --format json").good();
    let totals = &run.json()["valuation"]["totals"];
    assert!(totals["predicted_clv"].is_null());
    assert!(totals["predicted_number_of_orders"]["point"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let bench = shop();
    bench.run("value orders.csv --model bg-nbd --out nowhere/values.csv").fails(1, &["nowhere/values.csv"]);
}
