//! Opening a store: a new one, one that is there, one that cannot be opened.

use perennial_store::{Error, Page, Store, StoreUrl};

use crate::databases::for_each_empty;

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
