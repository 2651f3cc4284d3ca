//! Wrong input: exit code 2 for what no data could make right, 1 for what the data did not allow; the message says what is
//! wrong, where, and what to do.

use std::process::Stdio;

use crate::workbench::{Workbench, perennial, small_shop};

#[test]
fn misspelt_words_are_answered_with_the_nearest() {
    let bench = Workbench::new();
    bench.run("valeu orders.csv").fails(2, &["'value'"]);
    bench.run("value orders.csv --horizn 12m").fails(2, &["'--horizon'"]);
    bench.run("fit orders.csv --model pareto-nbt").fails(2, &["pareto-nbd"]);
    bench.run("value orders.csv --language fr").fails(2, &["en", "de"]);
    bench.run("value orders.csv --time-zone Europe/Lodnon").fails(2, &["did you mean Europe/London?"]);
}

#[test]
fn quantities_that_cannot_be_meant_ask_back() {
    let bench = Workbench::new();
    bench.run("value orders.csv --margin 35").fails(2, &["did you mean 35%?"]);
    bench.run("value orders.csv --discount 10").fails(2, &["did you mean 10%?"]);
    bench.run("value orders.csv --horizon 365").fails(2, &["did you mean 365d"]);
    bench.run("value orders.csv --as-of 01.12.2011").fails(2, &["2011-12-01"]);
    bench.run("value orders.csv --rate EUR").fails(2, &["EUR=0.86"]);
    bench.run("value orders.csv --currency Pound").fails(2, &["three letters"]);
    bench.run("value orders.csv --level 100%").fails(2, &["between"]);
    bench.run("simulate shop --customers 0").fails(2, &["--customers"]);
}

#[test]
fn the_ending_of_the_output_is_checked_before_anything_is_read() {
    let bench = Workbench::new();
    bench.run("value nowhere.csv --out values.xlsx").fails(2, &["values.xlsx", ".parquet, .csv or .json"]);
}

#[test]
fn a_command_is_needed() {
    let run = Workbench::new().run("");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("perennial demo"), "{}", run.stderr);
}

#[test]
fn a_file_that_is_not_there() {
    Workbench::new().run("value orders.csv").fails(1, &["orders.csv", "no such file"]);
}

#[test]
fn a_file_without_rows() {
    let bench = Workbench::new();
    bench.write("empty.csv", "");
    bench.run("value empty.csv").fails(1, &["empty.csv"]);
    bench.write("header.csv", "customer_id,date,amount\n");
    bench.run("value header.csv").fails(1, &["rows"]);
}

#[test]
fn a_column_that_is_not_there() {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    bench
        .run("value orders.csv --columns customer=custommer_id")
        .fails(1, &["custommer_id", "did you mean \"customer_id\""]);
    bench.run("value orders.csv --columns buyer=customer_id").fails(2, &["buyer"]);
}

#[test]
fn a_table_without_a_date() {
    let bench = Workbench::new();
    bench.write("orders.csv", "customer_id,amount\n1,2\n");
    bench.run("value orders.csv").fails(1, &["--columns date="]);
}

#[test]
fn an_as_of_date_before_the_first_order() {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    bench.run("value orders.csv --as-of 2001-01-01").fails(1, &["2001-01-01", "2023-"]);
    bench.run("validate orders.csv --until 2031-01-01 --model bg-nbd").fails(1, &["2031-01-01"]);
    bench.run("validate orders.csv --until 2031-01-01").fails(1, &["the hold-out after 2031-01-01"]);
}

#[test]
fn mixed_currencies_say_what_to_type() {
    let bench = Workbench::new();
    let orders =
        "customer_id,date,amount,currency\n1,2024-01-01,10,EUR\n2,2024-01-02,20,GBP\n3,2024-01-03,5,GBP\n";
    bench.write("orders.csv", orders);
    bench.run("value orders.csv").fails(1, &["EUR", "GBP", "--currency GBP --rate EUR="]);
    let run = bench.run("value orders.csv --currency GBP --rate EUR=0.86 --format json").good();
    let net = run.json()["valuation"]["base"]["net_revenue"].as_f64().unwrap();
    assert!((net - 33.6).abs() < 1e-9, "10 x 0.86 + 20 + 5 is 33.6, not {net}");
}

#[test]
fn too_few_repeat_buyers_is_no_crash() {
    let bench = Workbench::new();
    bench.write("orders.csv", "customer_id,date,amount\n1,2024-01-01,10\n2,2024-01-02,20\n2,2024-02-02,20\n");
    let run = bench.run("value orders.csv --format json").good();
    let valuation = &run.json()["valuation"];
    assert!(valuation["models"].is_null());
    assert_eq!(valuation["totals"]["historic_clv"], 50.0);
    let codes: Vec<_> = valuation["warnings"].as_array().unwrap().iter().map(|w| w["code"].clone()).collect();
    assert!(codes.contains(&"transaction_model_not_fitted".into()), "{codes:?}");
    bench.run("fit orders.csv --model bg-nbd").fails(1, &["bought again"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    let mut child = perennial()
        .args(["value", "orders.csv", "--model", "bg-nbd"])
        .current_dir(bench.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn help_and_version() {
    let bench = Workbench::new();
    for command in ["value", "fit", "validate", "simulate", "demo"] {
        let run = bench.run(&format!("{command} --help")).good();
        assert!(run.stdout.contains("Usage: perennial"), "{}", run.stdout);
    }
    let run = bench.run("--version").good();
    assert!(run.stdout.starts_with("perennial 0."), "{}", run.stdout);
}
