//! The server as a process: events in, profiles out, an end in order.

use std::time::{Duration, Instant};

use crate::served::Served;
use crate::shop::{project, shop};

#[test]
fn events_become_orders_that_the_next_run_values() {
    let bench = shop("");
    let in_berlin = project("").replace("[value]", "time_zone = \"Europe/Berlin\"\n[value]");
    bench.write("perennial.toml", in_berlin);
    let made = bench.project("keys create web --format json").good().json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("pk_write_"), "{secret}");
    bench.project("keys create web").fails(1, &["web"]);
    let served = Served::start(&bench);
    // The second time is what some senders write for none; the third currency has no rate.
    let sent = [
        (1, "2023-07-31T22:30:00Z", "EUR"),
        (2, "0001-01-01T00:00:00Z", "EUR"),
        (3, "2023-08-02T10:00:00Z", "XXQ"),
    ];
    for (number, time, currency) in sent {
        let event = format!(
            r#"{{"writeKey":"{secret}","userId":"u1","messageId":"m{number}","event":"Order Completed","timestamp":"{time}",
                "properties":{{"order_id":"live-{number}","subtotal":"120.00","currency":"{currency}"}}}}"#
        );
        let (status, body) = served.ask("POST", "/v1/track", "X-Test: 1", &event);
        assert_eq!(status, 200, "{body}");
    }
    assert_eq!(served.ask("POST", "/v1/track", "X-Test: 1", "{}").0, 401);
    // A run beside the server.
    let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
    let sources = run["dates"][0]["manifest"]["sources"]["sources"].as_array().unwrap();
    assert!(
        sources
            .iter()
            .any(|source| source["name"] == "live_orders" && source["rows"] == 3 && source["used"] == 1),
        "{sources:?}"
    );
    let shown = bench.project("profile show user_id:u1 --format json").good().json();
    assert_eq!(shown["values"]["snapshot"], "2023-12-31_1");
    assert!((shown["values"]["figures"]["historic_clv"].as_f64().unwrap() - 36.0).abs() < 1e-9, "{shown}");
    assert_eq!(
        shown["values"]["figures"]["first_order_at"], "2023-08-01",
        "after midnight where the shop is"
    );
    assert_eq!(served.end(), Some(0));
    let keys = bench.project("keys list --format json").good();
    assert!(!keys.stdout.contains(secret), "{}", keys.stdout);
    bench.project("keys revoke web").good();
}

#[test]
fn what_customers_do_becomes_canonical_rows_of_the_next_run() {
    let products = "[sources.products]\ntable = \"products\"\nfiles = [\"products.csv\"]\n";
    let measured = |more: &str| project(&format!("{products}{more}")).replace("\"30%\"", "\"measured\"");
    let bench = shop("");
    bench.write("perennial.toml", measured(""));
    bench.write("products.csv", "product_id,cost\nP1,20\n");
    let made = bench.project("keys create web --format json").good().json();
    let secret = made["secret"].as_str().unwrap();
    let served = Served::start(&bench);
    let batch = r#"{"batch": [
        {"type": "track", "messageId": "a1", "event": "Product Viewed", "properties": {"product_id": "P1", "price": 60, "url": "https://x"}},
        {"type": "track", "messageId": "a2", "event": "Product Added", "properties": {"cart_id": "c1", "product_id": "P1"}},
        {"type": "track", "messageId": "a3", "event": "Promotion Clicked", "properties": {"promotion_id": "autumn"}},
        {"type": "track", "messageId": "a4", "event": "Order Completed", "userId": "u1", "timestamp": "2023-08-02T10:00:00Z",
         "properties": {"order_id": "L1", "subtotal": 120, "currency": "EUR", "products": [{"product_id": "P1", "price": "60", "quantity": 2}]}},
        {"type": "track", "messageId": "a5", "event": "Product Reviewed", "properties": {"product_id": "P1", "rating": 4, "review_body": "Good"}}]}"#;
    let batch = batch.replace("\"messageId\"", "\"anonymousId\": \"browser\", \"messageId\"");
    let batch = batch.replacen('{', &format!("{{\"writeKey\": \"{secret}\", "), 1);
    let (status, body) = served.ask("POST", "/v1/batch", "X-Test: 1", &batch);
    assert_eq!((status, body.contains("\"accepted\":5")), (200, true), "{body}");
    let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
    let sources = run["dates"][0]["manifest"]["sources"]["sources"].as_array().unwrap();
    let used = |name: &str| {
        let source = sources.iter().find(|source| source["name"] == name);
        source.map(|source| (source["table"].as_str().unwrap(), source["used"].as_u64().unwrap()))
    };
    assert_eq!(used("live_order_lines"), Some(("order_lines", 1)), "{sources:?}");
    assert_eq!(used("live_touchpoints"), Some(("touchpoints", 1)), "{sources:?}");
    assert_eq!(used("live_responses"), Some(("responses", 1)), "{sources:?}");
    assert_eq!(used("live_events"), Some(("events", 2)), "{sources:?}");
    // 120 for two pieces that cost 20 each.
    let shown = bench.project("profile show anonymous_id:browser --format json").good().json();
    assert_eq!(shown["profile"]["customer"], "user_id:u1", "{shown}");
    let history = shown["values"]["figures"]["historic_clv"].as_f64().unwrap();
    assert!((history - 80.0).abs() < 1e-9, "{shown}");
    let export = bench.project("profile export user_id:u1").good().json();
    assert_eq!(export["activities"].as_array().unwrap().len(), 4);
    assert_eq!(export["activities"][3]["comment"], "Good");
    // Where it is not wanted, it is not read.
    bench.write("perennial.toml", project("[events]\nactivities = false\norders = false\n"));
    let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
    let sources = run["dates"][0]["manifest"]["sources"]["sources"].as_array().unwrap();
    assert!(
        sources.iter().all(|source| !source["name"].as_str().unwrap().starts_with("live")),
        "{sources:?}"
    );
    assert_eq!(served.end(), Some(0));
}

#[test]
fn the_schedule_makes_up_a_missed_run() {
    let bench = shop("[schedule]\nevery = \"day at 00:00\"\n");
    bench.project("run --as-of 2023-12-31").good();
    // As if the machine had been off since long ago.
    bench.sql("UPDATE runs SET started_at = 0");
    let served = Served::start(&bench);
    let deadline = Instant::now() + Duration::from_mins(2);
    while bench.in_snapshots().iter().filter(|name| name.starts_with("20")).count() < 2 {
        assert!(Instant::now() < deadline, "no run was made up: {:?}", bench.in_snapshots());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(served.ask("GET", "/healthz", "X-Test: 1", "").0, 200);
    assert_eq!(served.end(), Some(0));
}

#[test]
fn the_store_is_copied_and_put_back() {
    let bench = shop("");
    bench.project("keys create web").good();
    bench.project("store backup copy.db").good();
    bench.project("store restore copy.db").fails(1, &["perennial.db"]);
    for name in ["perennial.db", "perennial.db-wal", "perennial.db-shm"] {
        if bench.has(name) {
            std::fs::remove_file(bench.path(name)).unwrap();
        }
    }
    bench.project("store restore copy.db").good();
    assert_eq!(bench.project("keys list --format json").good().json()[0]["name"], "web");
    assert_eq!(bench.project("events rejected").good().stderr, "");
    assert_eq!(bench.project("deliveries list").good().stderr, "");
}
