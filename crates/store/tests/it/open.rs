//! Opening a store: a new one, one that is there, one that cannot be opened.

use perennial_store::{Error, Page, Store, StoreUrl};

use crate::databases::{encrypted_server, for_each_empty};

#[tokio::test]
async fn a_new_store_is_made_and_found_again() {
    for_each_empty(async |fresh| {
        for _ in 0..2 {
            let store = Store::open(&fresh.url()).await.unwrap();
            assert_eq!(store.last_event().await.unwrap(), 0);
            assert_eq!(store.rejected_events(Page::default()).await.unwrap(), []);
            store.close().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn two_that_open_a_new_store_at_once_make_one_schema() {
    for_each_empty(async |fresh| {
        let url = fresh.url();
        let (one, other) = tokio::join!(Store::open(&url), Store::open(&url));
        for store in [one.unwrap(), other.unwrap()] {
            assert_eq!(store.last_event().await.unwrap(), 0);
            store.close().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreUrl::sqlite(&folder.path().join("missing/perennial.db"));
    // Port 1 is reserved: nothing listens there.
    let server = StoreUrl::parse("postgres://jane:s3cret@127.0.0.1:1/shop").unwrap();
    for url in [file, server] {
        let error = Store::open(&url).await.unwrap_err();
        assert!(matches!(error, Error::Lost(_) | Error::Unwritable(_)), "{error:?}");
        assert!(
            error.to_string().contains("missing/perennial.db") || error.to_string().contains("reach"),
            "{error}"
        );
        assert!(error.is_temporary());
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_encryption_is_a_store() {
    let Some((server, certificate)) = encrypted_server() else { return };
    let url = |settings: &str| StoreUrl::parse(&format!("{server}?{settings}")).unwrap();
    let verified = format!("sslmode=verify-full&sslrootcert={certificate}");
    for settings in ["sslmode=require", &verified] {
        let store = Store::open(&url(settings)).await.unwrap();
        assert_eq!(store.last_event().await.unwrap(), 0, "{settings}");
        store.close().await.unwrap();
    }
    for settings in ["sslmode=disable", "sslmode=verify-full"] {
        Store::open(&url(settings)).await.unwrap_err();
    }
}
