//! Backup and restore, as the page "The operational store" tells.

use std::fs;
use std::process::Command;

use perennial_store::{Error, Scope, Store, StoreUrl};
use sea_orm::{ConnectionTrait, Database};

use crate::databases::Fresh;
use crate::samples::{all_events, at, counts, event};
use crate::server::{programs, run};

#[tokio::test]
async fn a_backup_made_while_others_write_is_one_moment_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreUrl::sqlite(&folder.path().join("perennial.db"))).await.unwrap();
    let secret = store.create_key("shop", Scope::Write).await.unwrap().secret;
    let mut before = 0;
    for number in 0..100 {
        store.append("shop", at(1), vec![event(&format!("{number}"))]).await.unwrap();
        before += 1;
    }
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 100..400 {
                store.append("shop", at(1), vec![event(&format!("{number}"))]).await.unwrap();
            }
        })
    };
    let file = folder.path().join("backup.db");
    store.backup(&file).await.unwrap();
    writing.await.unwrap();
    assert!(matches!(store.backup(&file).await, Err(Error::Exists(_))), "a backup is never overwritten");

    let restored_url = StoreUrl::sqlite(&folder.path().join("restored.db"));
    Store::restore(&file, &restored_url).await.unwrap();
    assert!(matches!(Store::restore(&file, &restored_url).await, Err(Error::Exists(_))), "nor a store");
    let restored = Store::open(&restored_url).await.unwrap();
    let numbers: Vec<usize> =
        all_events(&restored).await.iter().map(|stored| stored.event.message_id.parse().unwrap()).collect();
    assert!(numbers.len() >= before && numbers.iter().copied().eq(0..numbers.len()), "no gap: {numbers:?}");
    assert!(restored.authenticate(&secret).await.unwrap().is_some());
    // It goes on from there.
    restored.append("shop", at(2), vec![event("later")]).await.unwrap();
    assert_eq!(counts(&store).await.len(), 400);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name.to_string_lossy().contains("unfinished"));
    assert!(names.is_empty(), "{names:?}");
    #[cfg(unix)]
    for entry in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{} is for its owner alone", entry.path().display());
    }
    restored.close().await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = Store::open(&StoreUrl::sqlite(&path("perennial.db"))).await.unwrap();
    for number in 0..300 {
        store.append("shop", at(1), vec![event(&format!("{number}"))]).await.unwrap();
    }
    store.backup(&path("good.db")).await.unwrap();
    let good = fs::read(path("good.db")).unwrap();
    fs::write(path("cut.db"), &good[..good.len() / 2]).unwrap();
    let mut flipped = good.clone();
    for byte in &mut flipped[8192..12288] {
        *byte ^= 0x55;
    }
    fs::write(path("flipped.db"), flipped).unwrap();
    fs::write(path("text.db"), "not a database, but long enough to look at".repeat(100)).unwrap();
    let other = format!("sqlite:{}?mode=rwc", path("other.db").display());
    let empty = Box::pin(Database::connect(other)).await.unwrap();
    empty.execute_unprepared("CREATE TABLE something (a TEXT)").await.unwrap();
    empty.close().await.unwrap();
    let to = StoreUrl::sqlite(&path("restored.db"));
    for name in ["cut.db", "flipped.db", "text.db", "other.db"] {
        let error = Store::restore(&path(name), &to).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{name}: {error:?}");
        assert!(!path("restored.db").exists(), "{name}");
    }
    assert!(Store::restore(&path("missing.db"), &to).await.is_err());
    assert!(!path("missing.db").exists());
    fs::write(path("restored.db-wal"), "a log that another store has left").unwrap();
    assert!(matches!(Store::restore(&path("good.db"), &to).await, Err(Error::Exists(_))));
    fs::remove_file(path("restored.db-wal")).unwrap();
    Store::restore(&path("good.db"), &to).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_postgresql_store_is_backed_up_and_restored_with_its_own_tools() {
    let (Some(fresh), Some(other)) = (Fresh::postgres().await, Fresh::postgres().await) else { return };
    let store = Store::open(&fresh.url()).await.unwrap();
    let secret = store.create_key("shop", Scope::Write).await.unwrap().secret;
    store.append("shop", at(1), vec![event("a"), event("b")]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(store.backup(&folder.path().join("b.db")).await, Err(Error::Invalid { .. })));

    let file = folder.path().join("perennial.dump");
    let dump = |command: &str| Command::new(programs().join(command));
    run(dump("pg_dump").args(["--format=custom", "--file"]).arg(&file).arg(fresh.address()));
    run(dump("pg_restore").args(["--exit-on-error", "--no-owner", "--dbname", &other.address()]).arg(&file));
    let restored = Store::open(&other.url()).await.unwrap();
    assert_eq!(all_events(&restored).await, all_events(&store).await);
    assert!(restored.authenticate(&secret).await.unwrap().is_some());
    let again = restored.append("shop", at(2), vec![event("b"), event("c")]).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (1, vec!["b".to_owned()]));
    for (store, fresh) in [(store, fresh), (restored, other)] {
        store.close().await.unwrap();
        fresh.remove().await;
    }
}
