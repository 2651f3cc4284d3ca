//! Projects: how one begins, and what is said about one that is not right.

use crate::shop::{project, shop};
use crate::workbench::{Workbench, data, small_shop};

#[test]
fn a_project_begins_with_a_file_that_is_right() {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    let run = bench.project("init --orders orders.csv --name Tiny").good();
    assert!(run.stdout.contains("perennial check"), "{}", run.stdout);
    let file = bench.read("perennial.toml");
    assert!(file.contains("name = \"Tiny\"") && file.contains("files = [\"orders.csv\"]"), "{file}");
    assert!(file.contains("orders from 2023-01-01 to "), "{file}");
    bench.project("check").good();
    bench.project("init").fails(1, &["perennial.toml is there already"]);
    assert_eq!(bench.read("perennial.toml"), file);
}

#[test]
fn a_project_lies_where_it_is_named() {
    let bench = Workbench::new();
    bench.write("sales.csv", small_shop());
    let run = bench.project("init shops/one --orders sales.csv").good();
    assert!(run.stdout.contains("--project shops/one"), "{}", run.stdout);
    let run = bench.project("check --project shops/one --format json").good();
    assert_eq!(run.json()["sources"][0]["name"], "orders");
    assert_eq!(run.json()["store_exists"], false);
    assert_eq!(bench.files(), ["sales.csv", "shops"]);
}

#[test]
fn a_check_writes_nothing_and_shows_how_sources_are_understood() {
    let bench = shop("[schedule]\nevery = \"day at 04:00\"\n");
    let run = bench.project("check").good();
    for part in ["perennial.toml is right", "customer_id", "orders.csv", "perennial.db", "Next runs: "] {
        assert!(run.stdout.contains(part), "{part:?} is missing in:\n{}", run.stdout);
    }
    assert_eq!(bench.files(), ["orders.csv", "perennial.toml"]);
    let json = bench.project("check --format json").good().json();
    assert_eq!(json["next_runs"].as_array().unwrap().len(), 3);
    assert_eq!(json["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let bench = Workbench::new();
    bench.write("perennial.toml", project("").replace("margin", "margn").replace("bg-nbd", "bg-ndb"));
    let wrong = [
        "error: ./perennial.toml:5: value.model: there is no transaction model \"bg-ndb\"",
        "error: ./perennial.toml:6: value.margn: there is no key of [value] \"margn\"; did you mean \"margin\"?",
        "there are 2 problems",
    ];
    bench.project("check").fails(1, &wrong);
    bench.project("run").fails(1, &["value.margn"]);
    let json = bench.project("check --format json");
    assert_eq!((json.code, json.json()["problems"].as_array().unwrap().len()), (Some(1), 2));
    assert_eq!(bench.files(), ["perennial.toml"]);
}

#[test]
fn currencies_without_a_rate_are_found_by_a_check() {
    let bench = shop("[sources.till]\ntable = \"orders\"\nfiles = \"till.csv\"\n");
    bench.write(
        "till.csv",
        "customer_id,date,amount,currency\n1,2023-02-01,2.00,CHF\n2,2023-02-01,2.00,CHF\n",
    );
    let said = ["shop.rates", "CHF (2 rows)", "EUR", "--rate CHF=RATE", "currency and rates of [shop]"];
    bench.project("check").fails(1, &said);
    bench.write(
        "perennial.toml",
        bench.read("perennial.toml").replace("[value]", "rates = { CHF = 1.05 }\n[value]"),
    );
    let run = bench.project("check").good();
    assert!(run.stdout.contains("Currencies: CHF (2 rows)"), "{}", run.stdout);
}

#[test]
fn orders_that_cannot_be_read_are_found_by_a_check() {
    let bench = shop("[sources.till]\ntable = \"orders\"\nfiles = \"till.csv\"\n");
    bench.write("till.csv", "customer_id,date,amount\n1,when it rained,2.00\n2,on a Sunday,2.00\n");
    bench.project("check").fails(1, &["sources.till", "\"date\", taken for the date, holds no dates"]);
    bench.write("till.csv", "customer_id,date,amount\n");
    let run = bench.project("check").good();
    assert!(run.stderr.contains("sources.till: there are no orders in it"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_reached_is_named_with_its_source() {
    let more = "[sources.web]\nfiles = \"web/*.csv\"\n[sources.till]\nfiles = \"till.csv\"\n\
                [[webhooks]]\nname = \"erp\"\nurl = \"https://erp.example.org\"\nsecret = \"env:PERENNIAL_TEST_NO_SUCH_SECRET\"\n\
                [store]\nurl = \"sqlite:nowhere/perennial.db\"\n";
    let bench = shop(more);
    bench.write("till.csv", "customer_id,amount\n1,2\n");
    let wrong = [
        "perennial.toml:9: sources.web",
        "web/*.csv",
        "perennial.toml:11: sources.till",
        "perennial.toml:16: webhooks[1].secret: environment variable PERENNIAL_TEST_NO_SUCH_SECRET",
        "perennial.toml:18: store.url",
        "nowhere",
        "4 problems",
    ];
    bench.project("check").fails(1, &wrong);
}

#[test]
fn no_project_says_how_one_begins() {
    let bench = Workbench::new();
    for command in ["run", "check", "snapshots", "keys list"] {
        bench.project(command).fails(1, &["there is no project file", "perennial init"]);
    }
    bench.project("run --every mnth --since 2024-01-01").fails(2, &["did you mean \"month\"?"]);
    bench.project("run --every month").fails(2, &["--since"]);
}

#[test]
fn the_literatures_reference_is_a_project() {
    let bench = Workbench::new();
    bench.write("cdnow.csv", data("cdnow/cdnow_sample.csv.gz"));
    bench.project("init --orders cdnow.csv").good();
    let run = bench.project("run --as-of 1997-09-30 --format json").good().json();
    let made = &run["dates"][0];
    assert_eq!(made["outcome"], "made");
    let valuation = &made["manifest"]["valuation"];
    assert_eq!(valuation["totals"]["customers"], 2357);
    // The same as the main job says of the same file.
    let value = bench.run("value cdnow.csv --as-of 1997-09-30 --format json").good().json();
    assert_eq!(valuation["totals"], value["valuation"]["totals"]);
    assert_eq!(valuation["models"]["transactions"], value["valuation"]["models"]["transactions"]);
}

#[test]
fn a_shop_of_live_events_is_told_what_it_waits_for() {
    let bench = Workbench::new();
    bench.project("init").good();
    let run = bench.project("check").good();
    assert!(
        run.stderr.contains("warning: ") && run.stderr.contains("no order has arrived yet"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("perennial serve"), "{}", run.stderr);
    bench.project("run").fails(1, &["no order has arrived yet: send events"]);
    // The store is there now, and holds no order.
    assert!(bench.project("check").good().stderr.contains("no order has arrived yet"));
}

#[test]
fn a_store_lies_where_its_address_says_whatever_the_folder_is_called() {
    let bench = Workbench::new();
    std::fs::create_dir(bench.path("my%20shop")).unwrap();
    bench.write("my%20shop/orders.csv", small_shop());
    let address = bench.path("my%20shop/store 1%.db").display().to_string();
    // Customers are looked up, so the engine reads the same file that the store has made.
    let more = format!("customers_are = \"user_id\"\n[store]\nurl = \"sqlite:{address}\"\n");
    bench.write("my%20shop/perennial.toml", project(&more));
    bench.project("run --as-of 2023-12-31 --project my%20shop").good();
    assert!(bench.has("my%20shop/store 1%.db"));
    assert_eq!(bench.files(), ["my%20shop"]);
    bench.write("my%20shop/perennial.toml", project("[store]\nurl = \"sqlite:p.db?mode=ro\"\n"));
    bench.project("check --project my%20shop").fails(1, &["store.url", "no options behind a question mark"]);
}
