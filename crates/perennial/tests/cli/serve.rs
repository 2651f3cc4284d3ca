//! The server as a process: events in, profiles out, an end in order.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shop::{project, shop};
use crate::workbench::{Workbench, perennial};

struct Served {
    child: Child,
    address: String,
}

impl Served {
    /// Starts a server on a free port and waits until it says where.
    fn start(bench: &Workbench) -> Self {
        let mut child = perennial()
            .current_dir(bench.path("."))
            .env_remove("DATABASE_URL")
            .env_remove("RUST_LOG")
            .args(["serve", "--address", "127.0.0.1:0", "--log", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = log.next().expect("the server ended before it listened").unwrap();
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
            if let Some(address) = said["fields"]["address"].as_str() {
                break address.to_owned();
            }
        };
        std::thread::spawn(move || log.for_each(drop));
        Self { child, address }
    }

    /// Sends a request and gives back the status and the body.
    fn ask(&self, method: &str, path: &str, header: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Tells the server to end, as a service manager does, and waits for it.
    fn end(mut self) -> Option<i32> {
        let told = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().code()
    }
}

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
    // The second time is what some senders write for none.
    for (number, time) in [(1, "2023-07-31T22:30:00Z"), (2, "0001-01-01T00:00:00Z")] {
        let event = format!(
            r#"{{"writeKey":"{secret}","userId":"u1","messageId":"m{number}","event":"Order Completed","timestamp":"{time}",
                "properties":{{"order_id":"live-{number}","subtotal":"120.00","currency":"EUR"}}}}"#
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
            .any(|source| source["name"] == "live_orders" && source["rows"] == 2 && source["used"] == 1),
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
fn the_schedule_makes_up_a_missed_run() {
    let bench = shop("[schedule]\nevery = \"day at 00:00\"\n");
    bench.project("run --as-of 2023-12-31").good();
    // As if the machine had been off since long ago.
    let aged = std::process::Command::new("python3")
        .args(["-c", "import sqlite3; c = sqlite3.connect('perennial.db'); c.execute('UPDATE runs SET started_at = 0'); c.commit()"])
        .current_dir(bench.path("."))
        .status()
        .unwrap();
    assert!(aged.success());
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
