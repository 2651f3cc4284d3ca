//! Rows that cannot be used: counted, named, kept in the quarantine file.

use crate::workbench::{Workbench, small_shop};

/// A small shop whose lines 2 to 4 cannot be used, for three reasons.
fn dirty_shop() -> String {
    let clean = small_shop();
    let (header, rows) = clean.split_once('\n').unwrap();
    format!("{header}\n,9001,2023-05-05,10.00\nc001,9002,2023-02-31,10.00\nc002,9003,2023-05-05,much\n{rows}")
}

#[test]
fn refused_rows_stand_in_a_file_with_line_and_reason() {
    let bench = Workbench::new();
    bench.write("orders.csv", dirty_shop());
    let run = bench.run("value orders.csv --model bg-nbd --format json").good();
    let output = run.json();
    let refused = &output["reading"]["quality"]["refused"];
    for reason in ["no_customer", "bad_date", "bad_amount"] {
        assert_eq!(refused[reason], 1, "{refused}");
    }
    assert_eq!(output["files"]["quarantine"], "orders.quarantine.csv");
    let quarantine = bench.read("orders.quarantine.csv");
    let lines: Vec<&str> = quarantine.lines().collect();
    assert!(lines[0].starts_with("file,line,reason"), "{quarantine}");
    for (line, reason) in [(2, "no_customer"), (3, "bad_date"), (4, "bad_amount")] {
        assert!(lines.iter().any(|row| row.contains(&format!(",{line},{reason}"))), "{quarantine}");
    }
}

#[test]
fn a_clean_file_leaves_no_quarantine() {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    let run = bench.run("value orders.csv --model bg-nbd --format json").good();
    assert!(run.json()["files"]["quarantine"].is_null());
    assert_eq!(bench.files(), ["orders.csv"]);
}

#[test]
fn the_terminal_names_the_file_and_counts_by_reason() {
    let bench = Workbench::new();
    bench.write("orders.csv", dirty_shop());
    let run = bench.run("value orders.csv --model bg-nbd --quarantine refused.csv").good();
    for part in ["The row names no customer", "refused.csv"] {
        assert!(run.stdout.contains(part), "{part:?} is missing in:\n{}", run.stdout);
    }
    assert!(bench.has("refused.csv"));
    assert!(!bench.has("orders.quarantine.csv"));
}

#[test]
fn a_fit_keeps_refused_rows_only_where_it_is_told_to() {
    let bench = Workbench::new();
    bench.write("orders.csv", dirty_shop());
    let run = bench.run("fit orders.csv --model bg-nbd").good();
    assert!(run.stdout.contains("--quarantine"), "{}", run.stdout);
    assert_eq!(bench.files(), ["orders.csv"]);
}
