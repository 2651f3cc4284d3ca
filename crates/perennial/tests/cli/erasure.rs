//! Erasure: a person who is gone from the store, from every snapshot, and from those that are made later.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::served::Served;
use crate::shop::shop;
use crate::workbench::{Workbench, small_shop};

const EXPORT: &str = "[[exports]]\nto = \"out.csv\"\nconsent = \"not_needed\"\n";

fn erase(bench: &Workbench, identifier: &str) -> Value {
    bench.project(&format!("profile erase {identifier} --yes --format json")).good().json()
}

#[test]
fn an_erased_person_is_in_no_snapshot_and_no_figure_changes() {
    let bench = shop("");
    let made = bench.project("keys create web --format json").good().json();
    let served = Served::start(&bench);
    let event = format!(
        r#"{{"writeKey":"{}","userId":"c001","messageId":"m1","traits":{{"email":"jane@example.org"}}}}"#,
        made["secret"].as_str().unwrap()
    );
    assert_eq!(served.ask("POST", "/v1/identify", "X-Test: 1", &event).0, 200);
    assert_eq!(served.end(), Some(0));
    bench.project("run --as-of 2023-12-31").good();
    let before = bench.manifest("2023-12-31_1");
    bench.project("profile erase email:jane@example.org").fails_after_showing(&["--yes"]);
    let erased = bench.project("profile erase email:jane@example.org --yes --format json").good().json();
    assert_eq!(erased["snapshots"][0], "2023-12-31_1");
    let after = bench.manifest("2023-12-31_1");
    assert_eq!(before["figures"], after["figures"]);
    assert_eq!(before["valuation"], after["valuation"]);
    assert_eq!(after["redactions"][0]["customers"], 1);
    let listed = bench.project("snapshots --format json").good().json();
    assert_eq!(listed[0]["condition"], "whole");
    assert_eq!(listed[0]["redacted_customers"], 1);
    assert!(!bench.read("snapshots/2023-12-31_1/report.html").contains(">c001<"));
    // What the shop's files still say of the person is put under the token as well.
    bench.project("run --as-of 2023-12-31").good();
    let compared = bench.project("snapshots compare 2023-12-31_1 2023-12-31_2 --format json").good().json();
    assert_eq!(
        (&compared["new_customers"], &compared["gone_customers"]),
        (&0.into(), &0.into()),
        "{compared}"
    );
}

#[test]
fn somebody_whom_only_files_know_is_erased() {
    let bench = shop(EXPORT);
    bench.project("run --as-of 2023-12-31").good();
    // Nothing was ever sent to the store: what is typed is looked for in snapshots.
    bench
        .project("profile erase user_id:c001")
        .fails(1, &["the store knows nobody as user_id:c001", "--yes"]);
    let erased = erase(&bench, "user_id:c001");
    assert_eq!((&erased["identifiers"], &erased["snapshots"][0]), (&0.into(), &"2023-12-31_1".into()));
    bench.project("run --as-of 2023-12-31").good();
    let exported = bench.read("out.csv");
    assert!(exported.contains(erased["token"].as_str().unwrap()) && !exported.contains("c001"), "{exported}");
    // Whoever comes back and agrees is a new customer.
    bench.project("profile readmit user_id:c001").good();
    bench.project("profile readmit user_id:c001").fails(1, &["user_id:c001 was not erased"]);
    bench.project("run --as-of 2023-12-31").good();
    assert!(bench.read("out.csv").contains("c001"));
}

#[test]
fn somebody_whose_orders_were_all_paid_back_later_does_not_come_back() {
    let bench = shop(&format!("{EXPORT}[sources.refunds]\ntable = \"refunds\"\nfiles = \"refunds.csv\"\n"));
    bench.write("orders.csv", small_shop() + "gone,9001,2023-03-03,77.00\n");
    bench.write("refunds.csv", "order_id,refunded_at,amount\n9001,2024-02-02,77.00\n");
    erase(&bench, "user_id:gone");
    // As of a day when the order was still one.
    bench.project("run --as-of 2023-12-31").good();
    let exported = bench.read("out.csv");
    assert!(exported.contains("erased-") && !exported.contains("gone"), "{exported}");
}

#[test]
fn examples_of_findings_name_nobody_who_was_erased() {
    let bench = shop("[sources.known]\ntable = \"customers\"\nfiles = \"known.csv\"\n");
    let known: String = (0..120)
        .filter(|number| *number != 1)
        .map(|number| format!("c{number:03}"))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n";
    bench.write("known.csv", format!("customer_id\n{known}"));
    bench.project("run --as-of 2023-12-31").good();
    let said = |name: &str| bench.read(&format!("snapshots/{name}/snapshot.json"));
    assert!(said("2023-12-31_1").contains("\"c001\""), "{}", said("2023-12-31_1"));
    let erased = erase(&bench, "user_id:c001");
    bench.project("run --as-of 2023-12-31").good();
    for name in ["2023-12-31_1", "2023-12-31_2"] {
        assert!(!said(name).contains("c001"), "{name}");
        assert!(said(name).contains(erased["token"].as_str().unwrap()), "{name}");
    }
}

#[test]
fn a_number_that_is_also_somebodys_id_stays_a_number() {
    let bench = shop("");
    bench.project("run --as-of 2023-12-31").good();
    let report = |name: &str| bench.read(&format!("snapshots/{name}/report.html"));
    let page = report("2023-12-31_1");
    let (_, after) = page.split_once(" data-customer>").unwrap();
    let (best, _) = after.split_once('<').unwrap();
    // The best customer is called 3, as many orders as others have.
    bench.write("orders.csv", small_shop().replace(&format!("\n{best},"), "\n3,"));
    bench.project("run --as-of 2023-12-31").good();
    let before = report("2023-12-31_2");
    let numbers = |page: &str| page.matches("<td class=\"number\">3</td>").count();
    assert!(numbers(&before) > 0 && before.contains(" data-customer>3<"));
    let erased = erase(&bench, "user_id:3");
    let after = report("2023-12-31_2");
    assert_eq!(numbers(&after), numbers(&before));
    assert!(!after.contains(" data-customer>3<"));
    assert!(after.contains(&format!(" data-customer>{}<", erased["token"].as_str().unwrap())));
}

#[test]
fn a_damaged_snapshot_keeps_no_other_from_being_redacted() {
    let bench = shop("");
    for date in ["2023-06-30", "2023-09-30", "2023-12-31"] {
        bench.project(&format!("run --as-of {date}")).good();
    }
    bench.write("snapshots/2023-06-30_1/values.parquet", "no parquet");
    std::fs::remove_file(bench.path("snapshots/2023-09-30_1/snapshot.json")).unwrap();
    let run = bench.project("profile erase user_id:c001 --yes --format json");
    let erased = run.json();
    assert_eq!(erased["snapshots"], serde_json::json!(["2023-12-31_1"]));
    assert_eq!(erased["failures"].as_array().unwrap().len(), 2);
    let said = ["2023-06-30_1 may still name the person", "2023-09-30_1", "then repeat the command"];
    run.fails_after_showing(&said);
    // A run says so too, and is made all the same.
    let run = bench.project("run --as-of 2023-12-31").good();
    assert!(run.stderr.contains("warning: 2023-06-30_1 may still name an erased person"), "{}", run.stderr);
    for name in ["2023-06-30_1", "2023-09-30_1"] {
        std::fs::remove_dir_all(bench.path(&format!("snapshots/{name}"))).unwrap();
    }
    assert_eq!(bench.project("run --as-of 2023-12-31").good().stderr, "");
}

#[test]
fn nobody_is_erased_by_half_while_a_run_is_under_way() {
    let bench = shop("");
    bench.project("run --as-of 2023-12-31").good();
    let lock = std::fs::File::options().write(true).open(bench.path("snapshots/.lock")).unwrap();
    lock.lock().unwrap();
    let said = ["nothing was erased", "a run is under way", "repeat the command"];
    bench.project("profile erase user_id:c001 --yes").fails(1, &said);
    assert_eq!(bench.sql("SELECT COUNT(*) FROM erasures"), ["0"]);
    drop(lock);
    erase(&bench, "user_id:c001");
}

#[test]
fn who_is_erased_by_the_api_is_taken_out_of_snapshots() {
    let bench = shop(EXPORT);
    bench.project("run --as-of 2023-06-30").good();
    let key = bench.project("keys create office --scope admin --format json").good().json();
    let header = format!("Authorization: Bearer {}", key["secret"].as_str().unwrap());
    let served = Served::start(&bench);
    assert_eq!(served.ask("DELETE", "/api/profiles/user_id/c001", &header, "").0, 200);
    assert_eq!(served.end(), Some(0));
    // By the next run ...
    bench.project("run --as-of 2023-12-31").good();
    assert_eq!(bench.manifest("2023-06-30_1")["redactions"][0]["customers"], 1);
    assert!(!bench.read("out.csv").contains("c001"));
    // ... or by the server itself, also for what it was told while it could not.
    let served = Served::start(&bench);
    assert_eq!(served.ask("DELETE", "/api/profiles/user_id/c002", &header, "").0, 200);
    assert_eq!(served.end(), Some(0));
    let served = Served::start(&bench);
    let deadline = Instant::now() + Duration::from_mins(2);
    while bench
        .manifest_if_there("2023-06-30_1")
        .is_none_or(|manifest| manifest["redactions"].as_array().unwrap().len() < 2)
    {
        assert!(Instant::now() < deadline, "the snapshots were not searched");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(served.end(), Some(0));
    assert_eq!(bench.project("snapshots --format json").good().json()[0]["condition"], "whole");
}
