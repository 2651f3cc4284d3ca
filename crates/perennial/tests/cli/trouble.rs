//! A full disk, a locked store, a lost one: clear errors, nothing lost, and afterwards all goes on. And what is told of it
//! names nobody and gives no secret away.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::served::Served;
use crate::shop::{project, shop};
use crate::small_disk::SmallDisk;
use crate::workbench::{Workbench, small_shop};

/// A shop with a write key.
fn with_key(bench: &Workbench) -> String {
    let made = bench.project("keys create web --format json").good().json();
    made["secret"].as_str().unwrap().to_owned()
}

/// Sends an event and gives back the status of the answer, and the answer.
fn send(served: &Served, secret: &str, number: u32) -> (u16, String) {
    let event =
        format!(r#"{{"writeKey":"{secret}","userId":"u1","messageId":"m{number}","event":"Level Reached"}}"#);
    served.ask("POST", "/v1/track", "X-Test: 1", &event)
}

fn stored(bench: &Workbench) -> Vec<String> {
    bench.sql("SELECT message_id FROM events ORDER BY 1")
}

#[test]
fn a_store_that_another_program_locks_is_busy_and_then_goes_on() {
    let bench = shop("");
    let secret = with_key(&bench);
    let served = Served::start(&bench);
    assert_eq!(send(&served, &secret, 1).0, 200);
    let lock = "import sqlite3, sys\nc = sqlite3.connect('perennial.db', isolation_level=None)\n\
                c.execute('BEGIN IMMEDIATE')\nprint('locked', flush=True)\nsys.stdin.readline()\nc.execute('ROLLBACK')";
    let mut other = Command::new("python3")
        .args(["-c", lock])
        .current_dir(bench.path("."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "locked\n");
    assert_eq!(send(&served, &secret, 2).0, 503);
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    assert_eq!(send(&served, &secret, 2).0, 200);
    let (code, log) = served.end_with_log();
    assert!(code == Some(0) && log.contains("the store is locked by another process"), "{log}");
    assert_eq!(stored(&bench), ["m1", "m2"]);
}

#[test]
fn a_store_whose_file_is_gone_acknowledges_nothing_until_it_is_back() {
    let bench = shop("");
    let secret = with_key(&bench);
    let served = Served::start(&bench);
    assert_eq!(send(&served, &secret, 1).0, 200);
    std::fs::rename(bench.path("perennial.db"), bench.path("away.db")).unwrap();
    // Senders are asked to try again; the log tells why.
    let (status, body) = send(&served, &secret, 2);
    assert!(status == 503 && body.contains("try again"), "{status} {body}");
    assert!(!bench.has("perennial.db"), "no empty one is made in its place");
    std::fs::rename(bench.path("away.db"), bench.path("perennial.db")).unwrap();
    assert_eq!(send(&served, &secret, 2).0, 200);
    let (code, log) = served.end_with_log();
    assert!(code == Some(0) && log.contains("perennial.db: it was moved, deleted or replaced"), "{log}");
    assert_eq!(stored(&bench), ["m1", "m2"]);
}

#[test]
fn a_full_disk_is_told_and_leaves_snapshots_and_events_whole() {
    let bench = Workbench::new();
    let Some(disk) = SmallDisk::mount(&bench.path("."), 24) else { return };
    bench.write("orders.csv", small_shop());
    bench.write("perennial.toml", project(""));
    let secret = with_key(&bench);
    bench.project("run --as-of 2023-11-30").good();
    let served = Served::start(&bench);
    disk.fill();
    let mut sent = 0;
    loop {
        sent += 1;
        match send(&served, &secret, sent) {
            (200, _) => {}
            (status, body) => break assert_eq!(status, 503, "{body}"),
        }
    }
    bench.project("run --as-of 2023-12-31").fails(1, &["full"]);
    let snapshots: Vec<_> = bench.in_snapshots().into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(snapshots, ["2023-11-30_1"]);
    disk.empty();
    assert_eq!(send(&served, &secret, sent).0, 200);
    bench.project("run --as-of 2023-12-31").good();
    let listed = bench.project("snapshots --format json").good().json();
    let conditions: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["condition"].clone()).collect();
    assert_eq!(conditions, ["whole", "whole"]);
    let (code, log) = served.end_with_log();
    assert!(code == Some(0) && log.contains("the disk of the store's database is full"), "{log}");
    assert_eq!(stored(&bench).len(), usize::try_from(sent).unwrap());
    drop(disk);
}

#[test]
fn no_log_holds_a_secret_or_names_a_customer() {
    let bench =
        shop("[[webhooks]]\nname = \"erp\"\nurl = \"http://127.0.0.1:9/hook\"\nsecret = \"file:signing\"\n");
    let signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    bench.write("signing", signing);
    let write = with_key(&bench);
    let admin = bench.project("keys create desk --scope admin --format json").good().json();
    let admin = admin["secret"].as_str().unwrap().to_owned();
    let served = Served::start_with(&bench, &[("RUST_LOG", "debug")]);
    let identify = format!(
        r#"{{"writeKey":"{write}","userId":"account-of-jane","traits":{{"email":"jane@example.org","phone":"+49 171 1234567"}}}}"#
    );
    assert_eq!(served.ask("POST", "/v1/identify", "X-Test: 1", &identify).0, 200);
    // What is refused is told to whoever sent it, and not to the log.
    let broken = r#"{"writeKey":"pk_write_stranger","userId":"account-of-jane""#;
    assert_eq!(served.ask("POST", "/v1/identify", "X-Test: 1", broken).0, 401);
    let order = format!(
        r#"{{"writeKey":"{write}","userId":"account-of-jane","event":"Order Completed","properties":{{"order_id":"1","total":"jane@example.org"}}}}"#
    );
    assert_eq!(served.ask("POST", "/v1/track", "X-Test: 1", &order).0, 200);
    let bearer = |secret: &str| format!("Authorization: Bearer {secret}");
    let path = "/api/profiles/email/jane@example.org";
    let deadline = Instant::now() + Duration::from_mins(1);
    while served.ask("GET", path, &bearer(&admin), "").0 != 200 {
        assert!(Instant::now() < deadline, "the event does not become a profile");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(served.ask("GET", path, &bearer("sk_admin_stranger"), "").0, 401);
    assert_eq!(served.ask("GET", path, &bearer(&write), "").0, 403);
    bench.project("run --as-of 2023-12-31");
    assert_eq!(served.ask("DELETE", path, &bearer(&admin), "").0, 200);
    let (code, log) = served.end_with_log();
    assert_eq!(code, Some(0));
    assert!(log.contains("listening"), "{log}");
    for told in [&write, &admin, signing, "stranger", "jane", "1711234", "171 1234"] {
        let at = log.find(told);
        assert!(
            at.is_none(),
            "{told} is in the log: {}",
            log.lines().find(|line| line.contains(told)).unwrap_or("")
        );
    }
}
