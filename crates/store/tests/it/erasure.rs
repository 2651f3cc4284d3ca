//! A person is erased: nothing of them remains, and all totals do.

use perennial_store::{Error, EventKind, NewConsent, Page, RejectedEvent, SentProperties, Store};
use serde_json::json;

use crate::databases::{Fresh, for_each_empty};
use crate::messages::{alias, id, identify, later, message, profile, receive, track};
use crate::samples::at;
use crate::tables::{all_texts, rows};

const TOTALS: &str = "SELECT o.placed_at / 100000000 AS month, o.currency, o.status, o.net, l.sku, l.quantity, r.amount \
    FROM orders AS o LEFT JOIN order_lines AS l ON l.order_id = o.order_id LEFT JOIN refunds AS r ON r.order_id = o.order_id";

/// What must not be found any more.
const TRACES: &[&str] = &["jane", "doe@", "secret-account", "janes-device", "1711234", "crimson", "cus_jane"];

fn janes_messages() -> Vec<perennial_store::NewEvent> {
    let jane = Some("secret-account-1");
    let order = |id: &str, order: &str, seconds| {
        let properties = json!({"order_id": order, "subtotal": "19.99", "currency": "EUR", "products": [{"sku": "A", "price": "19.99"}]});
        track(id, "Order Completed", jane, None, properties, seconds)
    };
    let guest = json!({"order_id": "g1", "email": "Jane.Doe@example.org", "total": 30, "currency": "EUR"});
    let refund = json!({"order_id": "o1", "total": 5, "reason": "Jane did not like it"});
    vec![
        track("j1", "Order Completed", None, Some("janes-device-1"), guest, 100),
        identify(
            "j2",
            jane,
            Some("janes-device-1"),
            json!({"email": "jane.doe@example.org", "phone": "0171 1234567", "colour": "crimson", "birthday": "1990-05-17", "externalId": "cus_jane"}),
            200,
        ),
        order("j3", "o1", 300),
        order("j4", "o2", 400),
        track("j5", "Order Refunded", jane, None, refund, 500),
        alias("j6", "secret-account-2", "secret-account-1", 600),
        identify("j7", jane, Some("tablet"), json!({}), 700),
        message(
            EventKind::Page,
            "j8",
            None,
            Some("tablet"),
            json!({"properties": {"title": "Jane's page"}}),
            800,
        ),
        track("j9", "Products Searched", None, Some("tablet"), json!({"query": "gift for Jane"}), 810),
        track("j10", "Product Reviewed", jane, None, review(), 820),
    ]
}

fn review() -> serde_json::Value {
    json!({"product_id": "A", "name": "crimson", "rating": 4, "review_body": "Yours, Jane"})
}

/// What everybody did, whoever it was.
const ACTIVITIES: &str = "SELECT event, at, product_id, campaign, score FROM activities";

fn others_messages() -> Vec<perennial_store::NewEvent> {
    vec![
        identify("b1", Some("ben"), Some("tablet"), json!({"colour": "green"}), 900),
        track(
            "b2",
            "Order Completed",
            Some("ben"),
            None,
            json!({"order_id": "b", "subtotal": 7, "currency": "EUR"}),
            950,
        ),
        // Ben writes Jane's address into events and a trait of his own.
        track("b3", "Product Shared", Some("ben"), None, json!({"recipient": "Jane.Doe@example.org"}), 960),
        track(
            "b5",
            "Product Reviewed",
            Some("ben"),
            None,
            json!({"review_body": "ask jane.doe@example.org"}),
            961,
        ),
        track("b6", "Product Viewed", Some("ben"), None, json!({"product_id": "B", "name": "Bench"}), 962),
        identify(
            "b4",
            Some("ben"),
            None,
            json!({"referred_by": "jane.doe@example.org", "city": "Bonn"}),
            970,
        ),
    ]
}

/// Whom a CRM was told about, by the names that it knows them by.
const TOLD_TO_A_CRM: &[&str] = &["jane.doe@example.org", "secret-account-1", "ben@example.org"];

async fn shop(fresh: &Fresh) -> Store {
    let store = Store::open(&fresh.url()).await.unwrap();
    receive(&store, janes_messages()).await;
    receive(&store, others_messages()).await;
    let consent = NewConsent {
        channel: "email".into(),
        topic: "news".into(),
        purpose: "marketing".into(),
        granted: true,
        at: at(100),
        source: "form".into(),
    };
    store.record_consent(&id("email:jane.doe@example.org"), consent).await.unwrap();
    let rejected = RejectedEvent {
        source: "shop".into(),
        message_id: None,
        received_at: later(),
        code: "too_large".into(),
        reason: "of jane.doe@example.org".into(),
        payload: r#"{"userId": "secret-account-1"}"#.into(),
    };
    store.reject(vec![rejected]).await.unwrap();
    let values = [("secret-account-1".to_owned(), "{}".to_owned())];
    let no_properties = SentProperties::new();
    store.publish_values("2026-01-01_1", later(), values.into_iter()).await.unwrap();
    let told: Vec<_> = TOLD_TO_A_CRM.iter().map(|object| (*object, &no_properties)).collect();
    store.remember_sent("hubspot", later(), &told).await.unwrap();
    store
}

async fn check_no_trace(connection: &sea_orm::DatabaseConnection) {
    let texts = all_texts(connection).await.to_lowercase();
    for trace in TRACES {
        let at = texts.find(trace);
        assert!(
            at.is_none(),
            "{trace} is still there: {}",
            &texts[at.unwrap().saturating_sub(200)..at.unwrap() + 50]
        );
    }
}

#[tokio::test]
async fn nothing_of_an_erased_person_remains_and_all_totals_do() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let connection = fresh.connect().await;
        let before = rows(&connection, TOTALS).await;
        assert_eq!(before.len(), 4);
        let activities = rows(&connection, ACTIVITIES).await;
        assert_eq!(activities.len(), 5);
        let erased = store.erase(&id("email:jane.doe@example.org"), later()).await.unwrap();
        assert_eq!(erased.events, 10);
        assert_eq!(rows(&connection, TOTALS).await, before);
        assert_eq!(rows(&connection, ACTIVITIES).await, activities);
        let particulars = "SELECT message_id, customer FROM customer_activities WHERE properties IS NOT NULL OR comment IS NOT NULL";
        assert_eq!(rows(&connection, particulars).await, [r#"{"message_id":"b6","customer":"ben"}"#]);
        let own = format!("SELECT seq FROM customer_activities WHERE customer = '{}'", erased.token);
        assert_eq!(rows(&connection, &own).await.len(), 2);
        check_no_trace(&connection).await;
        let told = store.sent_values("hubspot", TOLD_TO_A_CRM).await.unwrap();
        assert_eq!(told.into_keys().collect::<Vec<_>>(), ["ben@example.org"]);
        let token = profile(&store, &format!("erased:{}", erased.token)).await;
        assert_eq!((token.orders.count, token.orders.net["EUR"].to_string()), (3, "64.98".into()));
        assert!(token.traits.is_empty() && token.consents.is_empty() && token.dates_of_life.is_empty());
        let ben = profile(&store, "user_id:ben").await;
        assert_eq!((ben.orders.count, ben.traits.len()), (1, 2), "{:?}", ben.traits);
        assert_eq!(ben.identifiers[1].from, Some(at(900)), "the tablet is Ben's since he used it");
        assert_eq!(
            store.rejected_events(Page::default()).await.unwrap().len(),
            1,
            "refused events stay, without content"
        );
        if let Fresh::Sqlite(folder) = fresh {
            // Readers would keep the log from being emptied.
            connection.close().await.unwrap();
            store.close().await.unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                for trace in TRACES {
                    assert!(!text.contains(trace), "{trace} is still in the file");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_arrives_later_stays_under_the_token() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let connection = fresh.connect().await;
        let before = rows(&connection, TOTALS).await;
        let jane = id("user_id:secret-account-1");
        let erased = store.erase(&jane, later()).await.unwrap();
        assert_eq!(store.erase(&jane, later()).await.unwrap().token, erased.token);
        // The same messages again, from the same source and out of an old file.
        receive(&store, janes_messages()).await;
        assert_eq!(rows(&connection, TOTALS).await, before);
        store.append("old file", later(), janes_messages()).await.unwrap();
        store.project_all().await.unwrap();
        check_no_trace(&connection).await;
        let late = json!({"order_id": "o3", "subtotal": 1, "currency": "EUR"});
        let order = track("k1", "Order Completed", Some("secret-account-2"), None, late, 1000);
        receive(
            &store,
            vec![order, track("k2", "Product Reviewed", Some("secret-account-2"), None, review(), 1000)],
        )
        .await;
        let reviews = format!(
            "SELECT score FROM customer_activities WHERE customer = '{}' AND score IS NOT NULL",
            erased.token
        );
        assert_eq!(
            rows(&connection, &reviews).await,
            [r#"{"score":"4"}"#; 3],
            "from the shop, the old file, and late"
        );
        check_no_trace(&connection).await;
        let token = format!("erased:{}", erased.token);
        assert_eq!(profile(&store, &token).await.orders.count, 4);
        assert!(store.profile(&jane).await.unwrap().is_none());
        // Somebody else with one of the identifiers keeps what is their own.
        let other = json!({"email": "jane.doe@example.org", "city": "Kiel"});
        receive(
            &store,
            vec![
                identify("n1", Some("new"), Some("janes-device-1"), other, 1100),
                track("n2", "Product Reviewed", Some("new"), Some("janes-device-1"), review(), 1100),
            ],
        )
        .await;
        check_no_trace(&connection).await;
        let new = profile(&store, "user_id:new").await;
        assert_eq!((new.traits.len(), new.identifiers.len()), (1, 1));
        // By hand nothing can be said of an erased person, until they are let in again.
        assert!(store.infer(&jane, "x", &json!(1), "model", at(1000)).await.is_err());
        assert!(store.merge(&jane, &id("user_id:new"), "", later()).await.is_err());
        assert!(store.readmit(&jane).await.unwrap() && !store.readmit(&jane).await.unwrap());
        store.infer(&jane, "x", &json!(1), "model", at(1000)).await.unwrap();
        assert_eq!(profile(&store, "user_id:secret-account-1").await.orders.count, 0);
        // Beginning again brings nothing back.
        let again = "UPDATE cursors SET seq = 0 WHERE name = 'projector'";
        sea_orm::ConnectionTrait::execute_unprepared(&connection, again).await.unwrap();
        store.project_all().await.unwrap();
        assert_eq!(profile(&store, &token).await.orders.count, 4);
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_undone_merge_cannot_bring_an_erased_person_back() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let merges = store.merges(Page::default()).await.unwrap();
        store.erase(&id("user_id:secret-account-1"), later()).await.unwrap();
        let mut gone = 0;
        for merge in merges {
            gone += u32::from(store.undo_merge(merge.id, "no", later()).await.is_err());
        }
        assert!(gone > 4, "{gone}");
        check_no_trace(&fresh.connect().await).await;
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_is_meant_has_to_be_clear() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let shared = store.erase(&id("anonymous_id:tablet"), later()).await.unwrap_err();
        assert!(shared.to_string().contains("several customers"), "{shared}");
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn somebody_whom_only_files_know_is_erased_for_what_they_say_later() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let before = store.erasures().await.unwrap();
        assert_eq!((before.is_empty(), before.mark()), (true, ""));
        // A customer of the shop's files, whose values a run has published.
        let values = [("of-a-file".to_owned(), "{}".to_owned())];
        store.publish_values("2026-02-01_1", later(), values.into_iter()).await.unwrap();
        let stranger = id("user_id:of-a-file");
        let erased = store.erase(&stranger, later()).await.unwrap();
        assert_eq!((erased.identifiers, erased.events), (0, 0));
        assert_eq!(store.customer_values("of-a-file").await.unwrap(), None);
        let erasures = store.erasures().await.unwrap();
        assert_eq!(erasures.token(&stranger), Some(erased.token.as_str()));
        assert_eq!(erasures.mark(), store.erasures_mark().await.unwrap());
        assert_ne!(erasures.mark(), before.mark());
        assert_eq!(store.erase(&stranger, later()).await.unwrap().token, erased.token);
        // What arrives for them later is put under the token.
        let order = json!({"order_id": "late", "subtotal": 3, "currency": "EUR"});
        receive(&store, vec![track("late", "Order Completed", Some("of-a-file"), None, order, 1000)]).await;
        assert_eq!(store.profile(&stranger).await.unwrap(), None);
        assert_eq!(profile(&store, &format!("erased:{}", erased.token)).await.orders.count, 1);
        // A typing error is taken back.
        assert!(store.readmit(&stranger).await.unwrap());
        assert_eq!(store.erasures().await.unwrap().token(&stranger), None);
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn values_that_may_name_an_erased_person_are_not_published() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let erasures = store.erasures().await.unwrap();
        let mut publication =
            store.begin_publication("2026-02-01_1", later()).await.unwrap().knowing(&erasures);
        store.erase(&id("user_id:secret-account-1"), later()).await.unwrap();
        publication.add("secret-account-1".to_owned(), "{}".to_owned()).await.unwrap();
        assert!(matches!(publication.finish().await, Err(Error::ErasedMeanwhile)));
        assert_eq!(store.customer_values("secret-account-1").await.unwrap(), None);
        let erasures = store.erasures().await.unwrap();
        let publication = store.begin_publication("2026-02-01_1", later()).await.unwrap().knowing(&erasures);
        publication.finish().await.unwrap();
        check_no_trace(&fresh.connect().await).await;
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn all_that_is_known_of_a_person_is_exported() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let export = store.export_person(&id("email:jane.doe@example.org")).await.unwrap().unwrap();
        assert_eq!(export["events"].as_array().unwrap().len(), 10);
        let activities = export["activities"].as_array().unwrap();
        assert_eq!(activities.len(), 2);
        assert_eq!(
            (&activities[0]["properties"]["query"], &activities[1]["score"]),
            (&json!("gift for Jane"), &json!("4"))
        );
        assert_eq!(export["orders"].as_array().unwrap().len(), 3);
        let orders = export["orders"].as_array().unwrap();
        let order = orders.iter().find(|order| order["order_id"] == "o1").unwrap();
        assert_eq!((&order["net"], &order["refunds"][0]["amount"]), (&json!("19.99"), &json!("5")));
        assert_eq!(export["consents"].as_array().unwrap().len(), 1);
        assert_eq!(export["values"]["secret-account-1"]["snapshot"], "2026-01-01_1");
        let text = export.to_string().to_lowercase();
        for known in ["crimson", "1990-05-17", "jane did not like it", "jane's page", "cus_jane"] {
            assert!(text.contains(known), "{known}");
        }
        assert!(!text.contains("ben"), "nothing of others");
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_message_that_tells_its_person_by_another_id_goes_too() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        // The device is a word that programs write where they know none.
        let context = json!({"externalIds": [{"type": "external_id", "id": "X-17"}]});
        let properties = json!({"product_id": "A", "rating": 5, "review_body": "Yours, Jane"});
        let mut review = track("m1", "Product Reviewed", None, Some("guest"), json!({}), 100);
        review.payload =
            json!({"anonymousId": "guest", "context": context, "properties": properties}).to_string();
        receive(&store, vec![review]).await;
        store.erase(&id("external_id:X-17"), later()).await.unwrap();
        let connection = fresh.connect().await;
        let texts = all_texts(&connection).await;
        assert!(!texts.contains("Jane") && !texts.contains("X-17"), "{texts}");
        assert_eq!(rows(&connection, "SELECT score, product_id FROM activities").await.len(), 1);
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_others_have_is_not_touched() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        receive(
            &store,
            vec![
                identify(
                    "j1",
                    Some("42"),
                    Some("phone-1"),
                    json!({"email": "jo@x.de", "phone": "12345"}),
                    10,
                ),
                identify("b1", Some("7"), None, json!({"email": "bojo@x.de", "zip": "12345"}), 20),
                track(
                    "b2",
                    "Order Completed",
                    Some("7"),
                    None,
                    json!({"order_id": "12345", "total": 42}),
                    30,
                ),
                // Blanks around an id are no part of it.
                message(EventKind::Page, "j2", Some(" 42\n"), None, json!({}), 40),
                identify("b3", Some("7"), None, json!({"friend": "JO@x.de", "points": 42}), 50),
            ],
        )
        .await;
        let refused = |payload: &str| RejectedEvent {
            source: "shop".into(),
            message_id: None,
            received_at: at(60),
            code: "malformed".into(),
            reason: "why".into(),
            payload: payload.into(),
        };
        let payloads = [
            r#"{"userId": 42, "#,
            r#"{"anonymousId": "phone-1"}"#,
            r#"{"userId": 7, "n": 42}"#,
            r#"{"to": "ajo@x.de"}"#,
        ];
        store.reject(payloads.map(refused).to_vec()).await.unwrap();
        let values =
            [("42", "{\"a\":1}"), ("7", "{}")].map(|(id, figures)| (id.to_owned(), figures.to_owned()));
        store.publish_values("2026-01-01_1", later(), values.into_iter()).await.unwrap();

        let erased = store.erase(&id("email:jo@x.de"), later()).await.unwrap();
        assert_eq!(erased.events, 2);
        let bo = profile(&store, "user_id:7").await;
        assert_eq!(bo.traits.keys().collect::<Vec<_>>(), ["email", "points", "zip"], "the friend is gone");
        assert_eq!(bo.orders.count, 1);
        let events = crate::samples::all_events(&store).await;
        let kept: Vec<_> = events.iter().map(|event| event.event.payload != "{}").collect();
        assert_eq!(kept, [false, true, true, false, false]);
        let refused = store.rejected_events(Page::default()).await.unwrap();
        let kept: Vec<_> = refused.iter().rev().map(|refused| !refused.event.payload.is_empty()).collect();
        assert_eq!(kept, [false, false, true, true]);
        assert!(store.customer_values("42").await.unwrap().is_none());
        assert!(store.customer_values("7").await.unwrap().is_some());
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_twice_at_once_gets_one_token() {
    for_each_empty(async |fresh| {
        let store = shop(fresh).await;
        let jane = id("user_id:secret-account-1");
        let (one, other) = tokio::join!(store.erase(&jane, later()), store.erase(&jane, later()));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.token, one.events + other.events), (other.token, 10));
        check_no_trace(&fresh.connect().await).await;
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn addresses_are_found_in_any_case_and_with_any_marks() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let traits = json!({"email": "MÜLLER@x.de", "phone": "+49 171 1234567", "birthday": "17.05.1990"});
        receive(&store, vec![identify("m1", Some("m"), None, traits, 10)]).await;
        let notes =
            json!({"a": "an MÜLLER@X.DE", "b": "ruf +49 (171) 123-4567 an", "c": "?to=m%C3%BCller%40x.de"});
        receive(&store, vec![identify("b1", Some("ben"), None, notes, 20)]).await;
        assert_eq!(store.rejected_events(Page::default()).await.unwrap()[0].event.code, "unusable_date");
        store.erase(&id("user_id:m"), later()).await.unwrap();
        let ben = profile(&store, "user_id:ben").await;
        assert!(ben.traits.is_empty(), "{:?}", ben.traits);
        let texts = all_texts(&fresh.connect().await).await.to_lowercase();
        for trace in ["müller", "ller@", "1234567", "17.05.1990"] {
            assert!(!texts.contains(trace), "{trace}");
        }
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn somebody_with_very_many_identifiers_is_exported_and_erased() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let devices = (0..1500).map(|n| {
            identify(&format!("m{n}"), Some("jane"), Some(&format!("device-{n}")), json!({}), 10 + n)
        });
        receive(&store, devices.collect()).await;
        let jane = id("user_id:jane");
        let export = store.export_person(&jane).await.unwrap().unwrap();
        assert_eq!(export["events"].as_array().unwrap().len(), 1500);
        let erased = store.erase(&jane, later()).await.unwrap();
        assert_eq!((erased.events, erased.identifiers), (1500, 1501));
        assert!(!all_texts(&fresh.connect().await).await.contains("device-"));
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn values_are_those_of_the_customer_and_not_of_another_with_the_same_number() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        receive(
            &store,
            vec![identify("m1", Some("9"), None, json!({"externalId": "501", "email": "a@x.de"}), 10)],
        )
        .await;
        let publish = async |names: &[&str]| {
            let values: Vec<_> =
                names.iter().map(|name| ((*name).to_owned(), format!("[\"{name}\"]"))).collect();
            store.publish_values("2026-01-01_1", later(), values.into_iter()).await.unwrap();
        };
        let nine = id("user_id:9");
        let of = async || {
            store.values_of(&profile(&store, "user_id:9").await).await.unwrap().map(|(name, _)| name)
        };
        publish(&["501"]).await;
        assert_eq!(of().await, None);
        let export = store.export_person(&nine).await.unwrap().unwrap();
        assert_eq!(export["values"], json!({}));
        publish(&["501", "a@x.de"]).await;
        assert_eq!(of().await.as_deref(), Some("a@x.de"), "a shop may know its customers by their addresses");
        publish(&["501", "9", "a@x.de"]).await;
        assert_eq!(of().await.as_deref(), Some("9"));
        store.erase(&nine, later()).await.unwrap();
        assert!(store.customer_values("501").await.unwrap().is_some(), "it is somebody else's");
        for own in ["9", "a@x.de"] {
            assert!(store.customer_values(own).await.unwrap().is_none(), "{own}");
        }
        store.close().await.unwrap();
    })
    .await;
}
