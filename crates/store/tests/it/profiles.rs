//! Traits, preferences, dates of life and consents.

use perennial_store::{NewConsent, Store};
use serde_json::json;

use crate::databases::for_each_database;
use crate::messages::{id, identify, later, message, profile, receive};
use crate::samples::at;

#[tokio::test]
async fn the_latest_word_counts_whenever_it_arrives() {
    for_each_database(async |store| {
        let say = |id: &str, city, seconds| identify(id, Some("7"), None, json!({"city": city}), seconds);
        receive(&store, vec![say("m1", json!("Bonn"), 30), say("m2", json!("Kiel"), 10)]).await;
        assert_eq!(profile(&store, "user_id:7").await.traits["city"].value, json!("Bonn"));
        receive(&store, vec![say("m3", json!("Köln"), 20), say("m4", json!(null), 40)]).await;
        assert!(!profile(&store, "user_id:7").await.traits.contains_key("city"), "taken back");
    })
    .await;
}

#[tokio::test]
async fn what_was_inferred_stands_beside_what_was_said() {
    for_each_database(async |store| {
        receive(
            &store,
            vec![identify("m1", Some("7"), None, json!({"size": 42, "preferences": {"tone": "formal"}}), 10)],
        )
        .await;
        store.infer(&id("user_id:7"), "size", &json!(44), "model", at(20)).await.unwrap();
        let seven = profile(&store, "user_id:7").await;
        assert_eq!((&seven.traits["size"].value, &seven.inferred["size"].value), (&json!(42), &json!(44)));
        assert_eq!(seven.inferred["size"].source, "model");
        assert_eq!(seven.preferences["tone"].value, json!("formal"));
        assert_eq!(seven.traits.len(), 1, "preferences are not among the other traits");
        let error = store.infer(&id("user_id:7"), "", &json!(1), "model", at(20)).await.unwrap_err();
        assert!(error.to_string().contains("name"), "{error}");
        let error = store.infer(&id("user_id:7"), "size", &json!(45), "model", later()).await.unwrap_err();
        assert!(error.to_string().contains("future"), "it would win until then: {error}");
    })
    .await;
}

#[tokio::test]
async fn dates_of_life_follow_the_latest_word() {
    for_each_database(async |store| {
        let say = |id: &str, traits, seconds| identify(id, Some("7"), None, traits, seconds);
        receive(
            &store,
            vec![
                say("m1", json!({"dob": "1992-02-29"}), 10),
                say("m2", json!({"anniversary": "--07-01"}), 10),
            ],
        )
        .await;
        let dates = profile(&store, "user_id:7").await.dates_of_life;
        assert_eq!(
            (dates["birthday"].to_string(), dates["anniversary"].to_string()),
            ("1992-02-29".into(), "--07-01".into())
        );
        receive(
            &store,
            vec![
                say("m3", json!({"birthday": "1992-03-01"}), 20),
                say("m4", json!({"anniversary": null}), 20),
            ],
        )
        .await;
        let dates = profile(&store, "user_id:7").await.dates_of_life;
        assert_eq!((dates["birthday"].to_string(), dates.len()), ("1992-03-01".into(), 1));
    })
    .await;
}

async fn agree(store: &Store, channel: &str, topic: &str, granted: bool, seconds: i64) {
    let consent = NewConsent {
        channel: channel.into(),
        topic: topic.into(),
        purpose: "marketing".into(),
        granted,
        at: at(seconds),
        source: "preference centre".into(),
    };
    store.record_consent(&id("user_id:7"), consent).await.unwrap();
}

#[tokio::test]
async fn without_a_consent_nobody_is_written_to() {
    for_each_database(async |store| {
        let may = async |channel: &str, topic: &str| {
            store.may_receive(&id("user_id:7"), channel, topic, "marketing").await.unwrap()
        };
        assert!(!may("email", "news").await);
        agree(&store, "Email", "news", true, 100).await;
        assert!(may("email", "news").await);
        assert!(!may("email", "offers").await && !may("sms", "news").await, "for nothing else");
        agree(&store, "*", "*", false, 90).await;
        assert!(may("email", "news").await, "an older withdrawal");
        agree(&store, "email", "*", false, 100).await;
        assert!(!may("email", "news").await, "at the same time the withdrawal counts");
        agree(&store, "*", "*", true, 110).await;
        assert!(may("email", "news").await && may("post", "anything").await);
        assert_eq!(profile(&store, "user_id:7").await.consents.len(), 3, "the present state of each");
        let consent = NewConsent {
            channel: "email".into(),
            topic: "news".into(),
            purpose: "*".into(),
            granted: true,
            at: later(),
            source: "import".into(),
        };
        let error = store.record_consent(&id("user_id:7"), consent).await.unwrap_err();
        assert!(error.to_string().contains("future"), "no withdrawal could follow it: {error}");
    })
    .await;
}

#[tokio::test]
async fn messages_give_and_take_back_consents() {
    for_each_database(async |store| {
        let consent = |granted, seconds| {
            json!([{"channel": "email", "topic": "news", "purpose": "marketing", "granted": granted, "at": at(seconds).to_string()}])
        };
        let banner = |id: &str, granted: bool, seconds| {
            let context = json!({"context": {"consent": {"categoryPreferences": {"Advertising": granted}}}});
            message(perennial_store::EventKind::Page, id, Some("8"), None, context, seconds)
        };
        receive(
            &store,
            vec![
                identify("m1", Some("7"), None, json!({"consents": consent(true, 10)}), 20),
                identify("m2", Some("9"), None, json!({"consents": consent(true, 10)}), 20),
                identify("m3", Some("9"), None, json!({"consents": consent(false, 15)}), 20),
                banner("m4", true, 10),
                banner("m5", true, 30),
                banner("m6", false, 20),
            ],
        )
        .await;
        let consented = store.consented("email", "news", "marketing").await.unwrap();
        assert!(consented.contains("7") && !consented.contains("9") && consented.len() == 1);
        let tracked = async || store.may_receive(&id("user_id:8"), "tracking", "*", "Advertising").await.unwrap();
        assert!(tracked().await);
        assert!(!store.may_receive(&id("user_id:8"), "email", "news", "advertising").await.unwrap());
        receive(&store, vec![banner("m7", false, 31)]).await;
        assert!(!tracked().await);
        let eight = store.export_person(&id("user_id:8")).await.unwrap().unwrap();
        assert_eq!(eight["consents"].as_array().unwrap().len(), 2, "a banner's state is kept once per day: {eight}");
    })
    .await;
}

#[tokio::test]
async fn consents_follow_a_merge() {
    for_each_database(async |store| {
        agree(&store, "email", "news", true, 100).await;
        receive(&store, vec![identify("m1", Some("7"), None, json!({"email": "jane@example.org"}), 10)])
            .await;
        let jane = id("email:jane@example.org");
        assert!(store.may_receive(&jane, "email", "news", "marketing").await.unwrap());
        assert!(store.consented("email", "news", "marketing").await.unwrap().contains("7"));
    })
    .await;
}
