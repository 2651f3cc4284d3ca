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
