//! The log of events: durable, once each, in order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use perennial_store::{Appended, Error, EventKind, NewEvent, Store, StoreUrl};
use sea_orm::ConnectionTrait;

use crate::databases::{for_each_database, for_each_empty};
use crate::samples::{all_events, at, counts, event, events};

#[tokio::test]
async fn what_is_appended_is_read_back_as_it_was() {
    for_each_database(async |store| {
        let bare = NewEvent {
            message_id: "x".repeat(100),
            kind: EventKind::Identify,
            event: None,
            user_id: Some("O'Neill; DROP TABLE events --".to_owned()),
            anonymous_id: None,
            // Before 1970, and finer than a second.
            at: Timestamp::from_microsecond(-1_500_001).unwrap(),
            payload: "{}".to_owned(),
        };
        let given = vec![event("a"), bare, event("b")];
        let appended = store.append("shop", at(50), given.clone()).await.unwrap();
        assert_eq!(appended, Appended { accepted: 3, duplicates: vec![] });

        let stored = all_events(&store).await;
        assert_eq!(stored.iter().map(|stored| stored.event.clone()).collect::<Vec<_>>(), given);
        assert!(stored.iter().all(|stored| stored.source == "shop" && stored.received_at == at(50)));
        assert!(stored.is_sorted_by(|a, b| a.seq < b.seq));
        assert_eq!(store.last_event().await.unwrap(), stored[2].seq);
        assert_eq!(store.events_after(stored[0].seq, 1).await.unwrap(), stored[1..2]);
        assert_eq!(store.events_after(stored[2].seq, 1).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_message_id_counts_once_per_source_for_ever() {
    for_each_database(async |store| {
        let first = store.append("shop", at(1), events(["a", "b", "a"])).await.unwrap();
        assert_eq!(first, Appended { accepted: 2, duplicates: vec!["a".to_owned()] });
        let again = store.append("shop", at(2), events(["b", "c", "a"])).await.unwrap();
        assert_eq!(again, Appended { accepted: 1, duplicates: vec!["b".to_owned(), "a".to_owned()] });
        // The ids of another source are its own.
        let other = store.append("app", at(3), events(["a"])).await.unwrap();
        assert_eq!(other, Appended { accepted: 1, duplicates: vec![] });

        let stored = all_events(&store).await;
        let found: Vec<_> = stored.iter().map(|s| (s.source.as_str(), s.event.message_id.as_str())).collect();
        assert_eq!(found, [("shop", "a"), ("shop", "b"), ("shop", "c"), ("app", "a")]);
    })
    .await;
}

#[tokio::test]
async fn a_batch_larger_than_an_insert_or_a_transaction_is_appended_whole() {
    for_each_database(async |store| {
        let ids: Vec<String> = (0..5000).map(|number| format!("{number:05}")).collect();
        // Each id twice, so that duplicates fall into the same insert and into others.
        let twice: Vec<&str> = ids.iter().chain(&ids).map(String::as_str).collect();
        let appended = store.append("shop", at(1), events(twice)).await.unwrap();
        assert_eq!((appended.accepted, appended.duplicates.len()), (5000, 5000));
        assert_eq!(appended.duplicates, ids);
        let stored = all_events(&store).await;
        assert!(stored.iter().map(|stored| &stored.event.message_id).eq(&ids), "in the order given");
    })
    .await;
}

#[tokio::test]
async fn calls_at_the_same_time_are_each_told_their_own() {
    for_each_database(async |store| {
        // 40 calls of 50 events; each event is sent by two calls.
        let calls: Vec<_> = (0..40)
            .map(|call| {
                let store = store.clone();
                tokio::spawn(async move {
                    let ids: Vec<String> = (0..50).map(|n| format!("{}", (call / 2) * 50 + n)).collect();
                    store.append("shop", at(1), events(ids.iter().map(String::as_str))).await.unwrap()
                })
            })
            .collect();
        let mut accepted = 0;
        let mut duplicates = Vec::new();
        for call in calls {
            let appended = call.await.unwrap();
            assert_eq!(appended.accepted + appended.duplicates.len() as u64, 50);
            accepted += appended.accepted;
            duplicates.extend(appended.duplicates);
        }
        assert_eq!(accepted, 1000);
        assert_eq!(duplicates.len(), 1000);
        assert_eq!(duplicates.iter().collect::<BTreeSet<_>>().len(), 1000);
        let counts = counts(&store).await;
        assert_eq!(counts.len(), 1000);
        assert!(counts.values().all(|count| *count == 1));
    })
    .await;
}

#[tokio::test]
async fn a_reader_beside_writers_misses_no_event() {
    for_each_empty(async |fresh| {
        let url: StoreUrl = fresh.url();
        // Two stores, as two processes have them, so that nothing but the database keeps their numbers in order.
        let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let store = stores[writer % 2].clone();
                tokio::spawn(async move {
                    for n in 0..25 {
                        let ids = [format!("{writer}-{n}-a"), format!("{writer}-{n}-b")];
                        store.append("shop", at(1), events(ids.iter().map(String::as_str))).await.unwrap();
                    }
                })
            })
            .collect();
        // Reads on from the last event that it has seen: what commits late with a smaller number would be missed.
        let mut read = Vec::new();
        let mut last = 0;
        while read.len() < 8 * 25 * 2 {
            let next = stores[0].events_after(last, 7).await.unwrap();
            last = next.last().map_or(last, |event| event.seq);
            let done = next.is_empty() && writers.iter().all(tokio::task::JoinHandle::is_finished);
            read.extend(next.into_iter().map(|event| event.event.message_id));
            assert!(!done || store_is_read(&stores[0], last).await, "{} events were read", read.len());
            tokio::task::yield_now().await;
        }
        assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len());
        for store in stores {
            store.close().await.unwrap();
        }
    })
    .await;
}

async fn store_is_read(store: &Store, last: i64) -> bool {
    store.last_event().await.unwrap() > last
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_change_the_order() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        for (id, seconds) in [("a", 1000), ("b", 900), ("c", 950), ("d", 4000)] {
            store.append("shop", at(seconds), vec![event(id)]).await.unwrap();
        }
        store.close().await.unwrap();
        // Also after a restart.
        let store = Store::open(&fresh.url()).await.unwrap();
        store.append("shop", at(1000), vec![event("e")]).await.unwrap();
        // It was more than an hour ahead, so it was wrong.
        store.append("shop", at(10), vec![event("f")]).await.unwrap();
        store.append("shop", at(20), vec![event("g")]).await.unwrap();
        let stored = all_events(&store).await;
        let received: Vec<_> = stored.iter().map(|s| (s.event.message_id.as_str(), s.received_at)).collect();
        let expected =
            [("a", 1000), ("b", 1000), ("c", 1000), ("d", 4000), ("e", 4000), ("f", 10), ("g", 20)];
        assert_eq!(received, expected.map(|(id, seconds)| (id, at(seconds))));
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_before_anything_is_written() {
    for_each_database(async |store| {
        let long = "ü".repeat(101);
        let mut nul = event("nul");
        nul.user_id = Some("a\0b".to_owned());
        for bad in [event(""), event(&long), event("a\0"), nul] {
            let error = store.append("shop", at(1), vec![event("good"), bad]).await.unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
            assert!(!error.is_temporary());
        }
        assert!(matches!(store.append("", at(1), vec![event("a")]).await, Err(Error::Invalid { .. })));
        assert_eq!(all_events(&store).await, []);
        assert_eq!(store.append("shop", at(1), vec![]).await.unwrap(), Appended::default());
        // A hundred characters are allowed, whatever they are.
        store.append("shop", at(1), vec![event(&"ü".repeat(100))]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn more_than_may_wait_is_turned_away_and_nothing_of_it_written() {
    for_each_database(async |store| {
        let large = |id: &str| NewEvent { payload: "x".repeat(5 << 20), ..event(id) };
        // 40 calls of 5 MB wait at once; there is room for 64 MB.
        let ids: Vec<String> = (0..40).map(|id| id.to_string()).collect();
        let calls: Vec<_> = ids
            .iter()
            .map(|id| {
                let (store, event) = (store.clone(), large(id));
                async move { store.append("shop", at(1), vec![event]).await }
            })
            .collect();
        let mut waiting = Vec::new();
        for call in calls {
            // Polled once each, so that all are in the queue before the writer has its turn.
            let mut call = Box::pin(call);
            let first =
                std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context))).await;
            waiting.push((first, call));
        }
        let mut accepted = BTreeSet::new();
        let mut refused = 0;
        for (id, (first, call)) in ids.iter().zip(waiting) {
            let result = match first {
                std::task::Poll::Ready(result) => result,
                std::task::Poll::Pending => call.await,
            };
            match result {
                Ok(_) => assert!(accepted.insert(id.clone())),
                Err(error) => {
                    assert!(matches!(error, Error::Overloaded) && error.is_temporary(), "{error:?}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 0 && !accepted.is_empty(), "{refused} refused");
        assert!(counts(&store).await.into_keys().eq(accepted));
        // The room is given back.
        store.append("shop", at(2), vec![large("later")]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn payloads_are_forgotten_when_they_are_old_and_read_but_the_ids_never() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        for (id, seconds) in [("a", 100), ("b", 200), ("c", 300), ("d", 400)] {
            store.append("shop", at(seconds), vec![event(id)]).await.unwrap();
        }
        let seqs: Vec<i64> = all_events(&store).await.iter().map(|event| event.seq).collect();
        // Nobody has read anything yet.
        assert_eq!(store.forget_payloads(at(1000)).await.unwrap(), 0);
        let meddle = fresh.connect().await;
        let cursor = format!("INSERT INTO cursors (name, seq) VALUES ('reader', {})", seqs[2]);
        meddle.execute_unprepared(&cursor).await.unwrap();
        meddle.close().await.unwrap();

        assert_eq!(store.forget_payloads(at(100)).await.unwrap(), 0);
        assert_eq!(store.forget_payloads(at(201)).await.unwrap(), 2);
        assert_eq!(store.forget_payloads(at(1000)).await.unwrap(), 1, "d was not read yet");
        let kept: Vec<bool> = all_events(&store).await.iter().map(|s| s.event.payload != "{}").collect();
        assert_eq!(kept, [false, false, false, true]);
        let again = store.append("shop", at(500), events(["a", "d"])).await.unwrap();
        assert_eq!(again.accepted, 0);
        store.close().await.unwrap();
    })
    .await;
}

/// Which events have their payload, as `x`.
async fn payloads(store: &Store) -> String {
    let events = all_events(store).await;
    events.iter().map(|stored| if stored.event.payload == "{}" { '.' } else { 'x' }).collect()
}

#[tokio::test]
async fn a_clock_that_was_wrong_once_neither_ends_the_retention_nor_ends_what_is_kept() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let year = 365 * 24 * 3600;
        // Ahead by years for two events, then far back for one.
        let far = 2_000 * year;
        for (id, seconds) in
            [("a", 100), ("b", far), ("c", far + 1), ("d", 200), ("e", 10_000), ("f", 5), ("g", 20_000)]
        {
            store.append("shop", at(seconds), vec![event(id)]).await.unwrap();
        }
        store.project_all().await.unwrap();
        assert_eq!(payloads(&store).await, "xxxxxxx");
        assert_eq!(store.forget_payloads(at(1)).await.unwrap(), 0);
        assert_eq!(store.forget_payloads(at(150)).await.unwrap(), 4);
        assert_eq!(
            payloads(&store).await,
            "...xx.x",
            "what was received beside a clock that was ahead is old too"
        );
        assert_eq!(store.forget_payloads(at(150)).await.unwrap(), 0);
        assert_eq!(store.forget_payloads(at(10_001)).await.unwrap(), 2);
        assert_eq!(payloads(&store).await, "......x");
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn retention_does_not_search_twice_what_it_has_emptied() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let ids: Vec<String> = (0..4500).map(|id| id.to_string()).collect();
        store.append("shop", at(100), events(ids.iter().map(String::as_str))).await.unwrap();
        store.append("shop", at(300), vec![event("young")]).await.unwrap();
        store.project_all().await.unwrap();
        assert_eq!(store.forget_payloads(at(200)).await.unwrap(), 4500);
        // What has come back in the part that is done shows that it is not looked at again.
        let meddle = fresh.connect().await;
        meddle.execute_unprepared("UPDATE events SET payload = '{\"a\":1}' WHERE seq <= 4000").await.unwrap();
        assert_eq!(store.forget_payloads(at(200)).await.unwrap(), 0);
        assert_eq!(store.forget_payloads(at(400)).await.unwrap(), 1);
        meddle.close().await.unwrap();
        store.close().await.unwrap();
    })
    .await;
}
