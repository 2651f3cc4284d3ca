//! A process that appends is killed, many times: every event that it acknowledged is there, once.
//!
//! The child is this test program again, told by a variable to append instead. It prints the message ids of each call
//! after the call has returned. It is killed when a random number of calls has been acknowledged; as eight calls are under
//! way at any time, that hits all stages of a transaction.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use perennial_store::{Store, StoreUrl};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::databases::Fresh;
use crate::samples::{at, counts, event, events};

const CHILD: &str = "PERENNIAL_TEST_APPEND_TO";
const ROUND: &str = "PERENNIAL_TEST_ROUND";

/// How often a child is killed, on each kind of database.
const ROUNDS: u32 = 25;

/// Events of a call.
const BATCH: u32 = 20;

#[tokio::test]
async fn killed_on_sqlite_every_acknowledged_event_is_there_once() {
    killed_again_and_again(Fresh::sqlite(), 20_260_131).await;
}

#[tokio::test]
async fn killed_on_postgresql_every_acknowledged_event_is_there_once() {
    if let Some(fresh) = Fresh::postgres().await {
        killed_again_and_again(fresh, 20_260_228).await;
    }
}

async fn killed_again_and_again(fresh: Fresh, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    // This process writes too: two processes on one database.
    let store = Store::open(&fresh.url()).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = start_child(&fresh.address(), round);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let calls = random.random_range(1..60);
        let mut seen = 0;
        let mut read = |line: String| {
            let Some(ids) = line.split_once("acknowledged ").map(|(_, ids)| ids) else { return false };
            acknowledged.extend(ids.split(' ').map(str::to_owned));
            true
        };
        while seen < calls {
            let line = lines.next().expect("the child ended by itself").unwrap();
            seen += u32::from(read(line));
        }
        child.kill().unwrap();
        // What it had printed before it died counts too; its last line may be cut off.
        let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
        if rest.last().is_some_and(|line| !line.ends_with(" .")) {
            rest.pop();
        }
        for line in rest {
            read(line);
        }
        child.wait().unwrap();
        let own = format!("parent-{round}");
        store.append("shop", at(1), vec![event(&own)]).await.unwrap();
        acknowledged.insert(own);
    }
    acknowledged.remove(".");
    let stored = counts(&store).await;
    let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    assert!(stored.values().all(|count| *count == 1));
    assert!(acknowledged.len() > (ROUNDS * BATCH) as usize, "{} were acknowledged", acknowledged.len());

    // The senders repeat all that they are not sure of, and more.
    let again: Vec<&str> = acknowledged.iter().map(String::as_str).collect();
    let appended = store.append("shop", at(2), events(again)).await.unwrap();
    assert_eq!((appended.accepted, appended.duplicates.len()), (0, acknowledged.len()));
    assert_eq!(counts(&store).await, stored);
    println!("{}: {} acknowledged, {} stored", fresh.url(), acknowledged.len(), stored.len());
    store.close().await.unwrap();
    fresh.remove().await;
}

fn start_child(address: &str, round: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(CHILD, address)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the child does; nothing when it is not told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Ok(address), Ok(round)) = (std::env::var(CHILD), std::env::var(ROUND)) else { return };
    let store = Store::open(&StoreUrl::parse(&address).unwrap()).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (store, round) = (store.clone(), round.clone());
            tokio::spawn(async move {
                for call in 0.. {
                    let ids: Vec<String> = (0..BATCH).map(|n| format!("{round}-{task}-{call}-{n}")).collect();
                    store.append("shop", at(1), events(ids.iter().map(String::as_str))).await.unwrap();
                    // One write, so that lines of two tasks do not mix.
                    let line = format!("acknowledged {} .\n", ids.join(" "));
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
