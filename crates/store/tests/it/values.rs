//! Customers' values for profiles: whole or not at all.

use perennial_store::{CustomerValues, Error, Store};
use sea_orm::{ConnectionTrait, Statement};

use crate::databases::{for_each_database, for_each_empty};
use crate::samples::at;

fn rows(count: u32, clv: u32) -> impl Iterator<Item = (String, String)> + Send {
    (0..count).map(move |number| (format!("customer {number}"), format!("{{\"predicted_clv\":{clv}}}")))
}

fn values(snapshot: &str, clv: u32) -> CustomerValues {
    CustomerValues { snapshot: snapshot.to_owned(), figures: format!("{{\"predicted_clv\":{clv}}}") }
}

#[tokio::test]
async fn a_newer_snapshot_takes_the_place_of_the_one_before() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        assert_eq!(store.customer_values("customer 0").await.unwrap(), None);
        assert_eq!(store.published_snapshot().await.unwrap(), None);
        // More rows than one transaction takes.
        assert_eq!(store.publish_values("january", at(1), rows(10_000, 1)).await.unwrap(), 10_000);
        assert_eq!(store.customer_values("customer 9999").await.unwrap(), Some(values("january", 1)));
        assert_eq!(store.publish_values("february", at(2), rows(5, 2)).await.unwrap(), 5);
        assert_eq!(store.published_snapshot().await.unwrap().as_deref(), Some("february"));
        assert_eq!(store.customer_values("customer 4").await.unwrap(), Some(values("february", 2)));
        assert_eq!(store.customer_values("customer 5").await.unwrap(), None, "it is not in the newer one");

        let look = fresh.connect().await;
        let query = "SELECT COUNT(*) AS kept FROM customer_values";
        let query = Statement::from_string(look.get_database_backend(), query);
        let kept: i64 = look.query_one_raw(query).await.unwrap().unwrap().try_get("", "kept").unwrap();
        assert_eq!(kept, 5);
        look.close().await.unwrap();
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_unfinished_publication_is_never_read() {
    for_each_database(async |store| {
        store.publish_values("january", at(1), rows(3, 1)).await.unwrap();
        let mut unfinished = store.begin_publication("february", at(2)).await.unwrap();
        for (customer, figures) in rows(9000, 2) {
            unfinished.add(customer, figures).await.unwrap();
        }
        assert_eq!(store.customer_values("customer 0").await.unwrap(), Some(values("january", 1)));
        // Its process died; the next publication replaces it, and it cannot finish any more.
        assert_eq!(store.publish_values("march", at(3), rows(2, 3)).await.unwrap(), 2);
        assert!(matches!(unfinished.finish().await, Err(Error::NotFound(_))));
        assert_eq!(store.customer_values("customer 0").await.unwrap(), Some(values("march", 3)));
        assert_eq!(store.customer_values("customer 2").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_customer_that_comes_twice_is_an_error_and_publishes_nothing() {
    for_each_database(async |store| {
        store.publish_values("january", at(1), rows(3, 1)).await.unwrap();
        let twice = rows(3, 2).chain(rows(1, 3));
        assert!(matches!(store.publish_values("february", at(2), twice).await, Err(Error::Database(_))));
        assert_eq!(store.customer_values("customer 0").await.unwrap(), Some(values("january", 1)));
    })
    .await;
}
