//! A full disk, a locked database, a lost one: a clear error that says "try again", nothing lost, recovery by itself.

use std::collections::BTreeSet;

use perennial_store::{Error, Store, StoreUrl};
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::databases::for_each_empty;
use crate::samples::{at, counts, event};
use crate::server::Server;
use crate::small_disk::SmallDisk;

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_left_behind_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 3) else { return };
    let store = Store::open(&StoreUrl::sqlite(&folder.path().join("perennial.db"))).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut number = 0;
    for _ in 0..3 {
        disk.fill();
        let error = loop {
            number += 1;
            let id = format!("{number}");
            match store.append("shop", at(1), vec![event(&id)]).await {
                Ok(_) => assert!(acknowledged.insert(id)),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Full(_)), "{error:?}");
        assert!(error.is_temporary() && error.to_string().contains("disk"), "{error}");
        // Still full: still an error, and what there is can be read.
        assert!(store.append("shop", at(1), vec![event("while full")]).await.is_err());
        let stored: BTreeSet<_> = counts(&store).await.into_keys().collect();
        let missing: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(missing.is_empty(), "{} of {} are lost", missing.len(), acknowledged.len());

        disk.empty();
        number += 1;
        store.append("shop", at(2), vec![event(&format!("{number}"))]).await.unwrap();
        acknowledged.insert(format!("{number}"));
    }
    store.close().await.unwrap();
    let store = Store::open(&StoreUrl::sqlite(&folder.path().join("perennial.db"))).await.unwrap();
    let stored = counts(&store).await;
    assert!(stored.values().all(|count| *count == 1));
    assert!(stored.into_keys().eq(acknowledged), "exactly what was acknowledged");
    store.close().await.unwrap();
    drop(disk);
}

#[tokio::test]
async fn a_database_that_another_holds_locked_is_busy_and_then_goes_on() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let other = fresh.connect().await;
        let transaction = other.begin().await.unwrap();
        let lock = if fresh.address().starts_with("sqlite") {
            "INSERT INTO cursors (name, seq) VALUES ('locked', 0)"
        } else {
            "LOCK TABLE events IN ACCESS EXCLUSIVE MODE"
        };
        transaction.execute_unprepared(lock).await.unwrap();
        let error = store.append("shop", at(1), vec![event("a")]).await.unwrap_err();
        assert!(matches!(error, Error::Busy(_)) && error.is_temporary(), "{error:?}");
        transaction.rollback().await.unwrap();
        other.close().await.unwrap();
        store.append("shop", at(1), vec![event("a")]).await.unwrap();
        assert_eq!(counts(&store).await.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 1)]);
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_has_all_that_was_acknowledged() {
    let Some(server) = Server::start_new() else { return };
    let store = Store::open(&StoreUrl::parse(&server.address()).unwrap()).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..2 {
        // Calls are under way while the server dies.
        let calls: Vec<_> = (0..200)
            .map(|call| {
                let (store, id) = (store.clone(), format!("{round}-{call}"));
                tokio::spawn(async move { (store.append("shop", at(1), vec![event(&id)]).await, id) })
            })
            .collect();
        let mut calls = calls.into_iter();
        let mut collect = |(result, id): (Result<_, Error>, String)| match result {
            Ok(_) => assert!(acknowledged.insert(id)),
            Err(error) => assert!(error.is_temporary(), "{error:?}"),
        };
        collect(calls.next().unwrap().await.unwrap());
        server.crash();
        for call in calls {
            collect(call.await.unwrap());
        }
        let error = store.append("shop", at(1), vec![event("while down")]).await.unwrap_err();
        assert!(error.is_temporary(), "{error:?}");
        assert!(store.last_event().await.unwrap_err().is_temporary());

        server.start();
        let id = format!("{round}-after");
        store.append("shop", at(1), vec![event(&id)]).await.unwrap();
        acknowledged.insert(id);
        let stored = counts(&store).await;
        assert!(stored.values().all(|count| *count == 1));
        assert!(stored.into_keys().collect::<BTreeSet<_>>().is_superset(&acknowledged));
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_gone_takes_nothing_more_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("perennial.db");
    let store = Store::open(&StoreUrl::sqlite(&path)).await.unwrap();
    store.append("shop", at(1), vec![event("a")]).await.unwrap();
    let copy = folder.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    store.append("shop", at(1), vec![event("b")]).await.unwrap();
    let away = folder.path().join("away.db");
    std::fs::rename(&path, &away).unwrap();
    for _ in 0..2 {
        let error = store.append("shop", at(1), vec![event("c")]).await.unwrap_err();
        assert!(matches!(error, Error::Unwritable(_)) && error.is_temporary(), "{error:?}");
        assert!(!path.exists(), "no empty one is made in its place");
    }
    std::fs::rename(&away, &path).unwrap();
    store.append("shop", at(1), vec![event("c")]).await.unwrap();
    assert_eq!(counts(&store).await.into_keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    // Another file in its place, such as a backup, is not written.
    std::fs::rename(&path, &away).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    let error = store.append("shop", at(1), vec![event("d")]).await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("perennial.db: it was moved"), "{error}");
    std::fs::rename(&away, &path).unwrap();
    store.append("shop", at(1), vec![event("d")]).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(&StoreUrl::sqlite(&path)).await.unwrap();
    assert_eq!(counts(&store).await.into_keys().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    store.close().await.unwrap();
}
