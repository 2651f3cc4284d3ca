//! What a CRM was told last.

use jiff::Timestamp;
use perennial_store::{SentProperties, Store};
use sea_orm::{ConnectionTrait, Statement};

use crate::databases::{for_each_database, for_each_empty};

fn properties(tier: &str) -> SentProperties {
    [("clv".to_owned(), "12.50".to_owned()), ("tier".to_owned(), tier.to_owned())].into()
}

#[tokio::test]
async fn what_was_accepted_last_is_remembered_for_each_connector() {
    for_each_database(async |store| {
        let (gold, silver) = (properties("Gold"), properties("Silver"));
        let addresses: Vec<String> = (0..450).map(|number| format!("c{number}@example.org")).collect();
        let objects: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let all: Vec<_> = objects.iter().map(|object| (*object, &gold)).collect();
        store.remember_sent("hubspot", Timestamp::UNIX_EPOCH, &all).await.unwrap();
        store.remember_sent("hubspot", Timestamp::now(), &[(objects[7], &silver)]).await.unwrap();
        store.remember_sent("other", Timestamp::now(), &[(objects[8], &silver)]).await.unwrap();

        let sent = store.sent_values("hubspot", &objects).await.unwrap();
        assert_eq!(sent.len(), 450);
        assert_eq!((&sent[objects[7]], &sent[objects[8]]), (&silver, &gold));
        assert_eq!(store.sent_values("other", &objects).await.unwrap().len(), 1);
        assert!(store.sent_values("hubspot", &["nobody@example.org"]).await.unwrap().is_empty());

        store.forget_object(objects[8]).await.unwrap();
        assert_eq!(store.sent_values("hubspot", &objects).await.unwrap().len(), 449);
        assert!(store.sent_values("other", &objects).await.unwrap().is_empty());
        assert_eq!(store.forget_connector("hubspot").await.unwrap(), 449);
        assert!(store.sent_values("hubspot", &objects).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_table_names_nobody() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let gold = properties("Gold");
        store.remember_sent("hubspot", Timestamp::now(), &[("jane@example.org", &gold)]).await.unwrap();
        store.close().await.unwrap();
        let connection = fresh.connect().await;
        let query =
            Statement::from_string(connection.get_database_backend(), "SELECT object FROM sent_values");
        let row = connection.query_one_raw(query).await.unwrap().unwrap();
        let object: String = row.try_get("", "object").unwrap();
        assert_eq!(object.len(), 64);
        assert!(!object.contains("jane"));
    })
    .await;
}
