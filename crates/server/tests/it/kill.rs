//! `kill -9` while events come in: what was acknowledged is there, once and only once.
//!
//! The server runs in a process of its own: this test binary, started again with [`CHILD`] set.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial_server::{ServerOptions, listen, serve};
use perennial_store::{Scope, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::shop::{open_store, postgres, sqlite};

/// Names the database of the server that the child runs.
const CHILD: &str = "PERENNIAL_TEST_KILLED_SERVER";
/// What the child prints before its address.
const LISTENING: &str = "listening on ";
const SEED: u64 = 20_261_122;
const KILLS: usize = 25;
const SENDERS: usize = 4;
const BATCHES_OF_A_SENDER: usize = 150;
const EVENTS_OF_A_BATCH: usize = 20;

#[tokio::test]
#[ignore = "no test of its own: what the child process runs until it is killed"]
async fn killed_server() {
    let Ok(database) = env::var(CHILD) else { return };
    let store = open_store(&database).await;
    let listener = listen("127.0.0.1:0").await.unwrap();
    println!("{LISTENING}{}", listener.local_addr().unwrap());
    serve(listener, store, ServerOptions::default(), std::future::pending()).await.unwrap();
}

#[tokio::test]
async fn acknowledged_events_survive_kills_on_sqlite() {
    let folder = TempDir::new().unwrap();
    acknowledged_events_survive_kills(&sqlite(folder.path())).await;
}

#[tokio::test]
async fn acknowledged_events_survive_kills_on_postgres() {
    if let Some(database) = postgres() {
        acknowledged_events_survive_kills(&database).await;
    }
}

/// Kills the server many times while it takes events; in the end all are there, once.
async fn acknowledged_events_survive_kills(database: &str) {
    let store = open_store(database).await;
    let key = store.create_key("web", Scope::Write).await.unwrap().secret;
    drop(store);

    let mut random = StdRng::seed_from_u64(SEED);
    let sent = Arc::new(Sent::new());
    let mut kills = 0;
    while !sent.all_acknowledged() {
        let (mut server, host) = start(database);
        let (key, all) = (key.clone(), Arc::clone(&sent));
        let sending = tokio::spawn(async move { send_all(&host, &key, &all).await });
        if kills < KILLS {
            // Some answers are waited for, then a moment, so that the kill falls anywhere within a request.
            let answers = random.random_range(1..=20);
            let moment = Duration::from_micros(random.random_range(0..4000));
            sent.wait_for_answers(answers).await;
            tokio::time::sleep(moment).await;
            server.kill().unwrap();
            kills += 1;
            sending.await.unwrap();
        } else {
            sending.await.unwrap();
            server.kill().unwrap();
        }
        server.wait().unwrap();
    }
    assert_eq!(kills, KILLS, "all kills fell into the sending");

    let store = open_store(database).await;
    let stored = occurrences(&store).await;
    let expected: BTreeSet<String> = (0..SENDERS * BATCHES_OF_A_SENDER)
        .flat_map(|batch| (0..EVENTS_OF_A_BATCH).map(move |event| message_id(batch, event)))
        .collect();
    assert_eq!(stored.keys().cloned().collect::<BTreeSet<_>>(), expected, "every event is there");
    assert!(stored.values().all(|times| *times == 1), "and once");
    assert!(sent.unacknowledged_answers() > 0, "some kills hit requests that had been sent");

    store.project_all().await.unwrap();
    let profile = store.profile(&"user_id:customer-0".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(profile.orders.count, EVENTS_OF_A_BATCH as u64, "the projection has counted each order once");
}

/// What the senders share.
struct Sent {
    acknowledged: Mutex<Vec<bool>>,
    answers: AtomicUsize,
    answered: Notify,
    unanswered: AtomicUsize,
}

impl Sent {
    fn new() -> Self {
        Self {
            acknowledged: Mutex::new(vec![false; SENDERS * BATCHES_OF_A_SENDER]),
            answers: AtomicUsize::new(0),
            answered: Notify::new(),
            unanswered: AtomicUsize::new(0),
        }
    }

    fn all_acknowledged(&self) -> bool {
        self.acknowledged.lock().unwrap().iter().all(|done| *done)
    }

    fn is_acknowledged(&self, batch: usize) -> bool {
        self.acknowledged.lock().unwrap()[batch]
    }

    fn acknowledge(&self, batch: usize) {
        self.acknowledged.lock().unwrap()[batch] = true;
        self.answers.fetch_add(1, Ordering::SeqCst);
        self.answered.notify_one();
    }

    /// Waits for so many more answers, or until everything is acknowledged.
    async fn wait_for_answers(&self, answers: usize) {
        let enough = self.answers.load(Ordering::SeqCst) + answers;
        while self.answers.load(Ordering::SeqCst) < enough && !self.all_acknowledged() {
            self.answered.notified().await;
        }
    }

    fn unacknowledged_answers(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }
}

/// Starts the server and waits until it says where it listens.
fn start(database: &str) -> (Child, String) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "kill::killed_server", "--nocapture", "--test-threads", "1"])
        .env(CHILD, database)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        if let Some((_, address)) = line.split_once(LISTENING) {
            return (child, format!("http://{address}"));
        }
    }
    panic!("the server ended before it listened: {:?}", child.wait());
}

/// Several senders at once, each until the server is gone or all is acknowledged.
async fn send_all(host: &str, key: &str, sent: &Arc<Sent>) {
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (host, key, sent) = (host.to_owned(), key.to_owned(), Arc::clone(sent));
            tokio::spawn(async move { send(sender, &host, &key, &sent).await })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
}

/// Sends what of this sender's batches is not acknowledged, in order.
async fn send(sender: usize, host: &str, key: &str, sent: &Sent) {
    let client = Client::new();
    for batch in sender * BATCHES_OF_A_SENDER..(sender + 1) * BATCHES_OF_A_SENDER {
        if sent.is_acknowledged(batch) {
            continue;
        }
        let request = client.post(format!("{host}/v1/batch")).basic_auth(key, Some(""));
        match request.body(body(batch)).send().await {
            Ok(answer) if answer.status() == StatusCode::OK => sent.acknowledge(batch),
            Ok(answer) => panic!("a batch was answered {}", answer.status()),
            Err(_) => {
                sent.unanswered.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }
}

fn message_id(batch: usize, event: usize) -> String {
    format!("{batch}-{event}")
}

fn body(batch: usize) -> String {
    let events: Vec<Value> = (0..EVENTS_OF_A_BATCH)
        .map(|event| {
            json!({
                "type": "track",
                "event": "Order Completed",
                "userId": format!("customer-{batch}"),
                "messageId": message_id(batch, event),
                "timestamp": "2026-03-14T15:09:26Z",
                "properties": { "order_id": format!("order-{batch}-{event}"), "total": 12.5, "currency": "EUR" },
            })
        })
        .collect();
    json!({ "batch": events }).to_string()
}

/// How often each message is in the log.
async fn occurrences(store: &Store) -> BTreeMap<String, u32> {
    let (mut times, mut seq) = (BTreeMap::new(), 0);
    loop {
        let events = store.events_after(seq, 10_000).await.unwrap();
        let Some(last) = events.last() else { return times };
        seq = last.seq;
        for stored in events {
            *times.entry(stored.event.message_id).or_default() += 1;
        }
    }
}
