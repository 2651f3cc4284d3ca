//! The projector: exactly once, whatever the order of arrival, however often it begins again.

use std::collections::BTreeMap;

use perennial_store::{NewEvent, Page, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::json;

use crate::databases::{Fresh, for_each_empty};
use crate::messages::{alias, id, identify, later, receive, track};
use crate::tables::{projections, rows};

/// A shop in which everything happens that can go wrong: shared devices and addresses, aliases, orders told twice, refunds
/// before orders, several values at one time.
fn messages() -> impl Strategy<Value = Vec<NewEvent>> {
    let user = prop::sample::select(vec![None, Some("a"), Some("b"), Some("c"), Some("null")]);
    let device = prop::sample::select(vec![None, Some("x"), Some("y")]);
    let email = prop::sample::select(vec![None, Some("one@example.org"), Some("two@example.org")]);
    // Few different times: what happens at the same time is the hardest.
    let one = (0..9_u8, user, device, email, 1..10_i64, 0..4_u8);
    prop::collection::vec(one, 1..25).prop_map(|drawn| {
        drawn.into_iter().enumerate().map(|(index, drawn)| message(&format!("m{index}"), drawn)).collect()
    })
}

type Drawn = (u8, Option<&'static str>, Option<&'static str>, Option<&'static str>, i64, u8);

fn message(message_id: &str, (what, user, device, email, seconds, number): Drawn) -> NewEvent {
    let (user, device) = if user.is_none() && device.is_none() { (Some("a"), None) } else { (user, device) };
    let order = format!("order {number}");
    let event = |name: &str, properties| track(message_id, name, user, device, properties, seconds);
    match what {
        0..=2 => {
            let mut traits = json!({
                "colour": number, "birthday": format!("199{number}-05-17"),
                "consents": [{"channel": "email", "granted": number % 2 == 0}]
            });
            if let Some(email) = email {
                traits["email"] = json!(email);
            }
            identify(message_id, user, device, traits, seconds)
        }
        3 => alias(message_id, user.unwrap_or("a"), ["a", "b", "x", "old"][usize::from(number)], seconds),
        4 => event(
            "Order Completed",
            json!({"order_id": order, "email": email, "subtotal": 10 + seconds, "currency": "EUR"}),
        ),
        5 => event(
            "Order Updated",
            json!({"order_id": order, "discount": "1.5", "revenue": number, "products": [{"sku": "s", "price": 2}]}),
        ),
        6 => event(
            "Order Refunded",
            json!({"order_id": order, "total": if number == 0 { json!(null) } else { json!("7.25") }}),
        ),
        7 => event("Order Cancelled", json!({"order_id": order})),
        _ => event(
            "Product Reviewed",
            json!({"product_id": number, "rating": if number == 0 { json!("odd") } else { json!(number) }}),
        ),
    }
}

/// What a fresh store makes of messages that arrive in groups.
async fn told(fresh: Fresh, groups: Vec<Vec<NewEvent>>) -> (Vec<String>, Vec<String>) {
    let store = Store::open(&fresh.url()).await.unwrap();
    for group in groups {
        receive(&store, group).await;
    }
    let connection = fresh.connect().await;
    begin_again(&connection).await;
    store.project_all().await.unwrap();
    let told = (
        projections(&connection).await,
        [
            rows(&connection, "SELECT order_id, customer FROM customer_orders").await,
            rows(&connection, "SELECT message_id, customer FROM customer_activities").await,
        ]
        .concat(),
    );
    check_nothing_is_lost(&store, &connection).await;
    store.close().await.unwrap();
    connection.close().await.unwrap();
    fresh.remove().await;
    told
}

async fn begin_again(connection: &DatabaseConnection) {
    connection.execute_unprepared("UPDATE cursors SET seq = 0 WHERE name = 'projector'").await.unwrap();
}

/// Every order and trait is reached from exactly one customer.
async fn check_nothing_is_lost(store: &Store, connection: &DatabaseConnection) {
    let mut customers = BTreeMap::new();
    for row in
        rows(connection, "SELECT kind, value FROM identifiers WHERE until_at = 9223372036854775807").await
    {
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        let identifier = id(&format!("{}:{}", row["kind"].as_str().unwrap(), row["value"].as_str().unwrap()));
        let profile = store.profile(&identifier).await.unwrap().unwrap();
        customers.insert(profile.customer.to_string(), profile);
    }
    let orders: u64 = customers.values().map(|profile| profile.orders.count + profile.orders.cancelled).sum();
    let stored = rows(connection, "SELECT order_id FROM orders WHERE identifier_kind IS NOT NULL").await;
    assert_eq!(orders, stored.len() as u64, "each order belongs to one customer");
    let told = |query| async move { rows(connection, query).await };
    let (told, owned) = tokio::join!(
        told("SELECT seq FROM activities"),
        told("SELECT seq FROM customer_activities WHERE customer IS NOT NULL")
    );
    assert_eq!(told, owned, "each activity belongs to one customer");
    for profile in customers.values() {
        let export = store.export_person(&profile.customer).await.unwrap().unwrap();
        for said in export["traits"].as_array().unwrap() {
            assert!(profile.traits.contains_key(said["name"].as_str().unwrap()), "{said}");
        }
    }
}

fn run(cases: u32, property: impl AsyncFn(Vec<NewEvent>, Vec<NewEvent>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy =
        messages().prop_flat_map(|messages| (Just(messages.clone()), Just(messages).prop_shuffle()));
    runner
        .run(&strategy, |(messages, shuffled)| {
            runtime.block_on(property(messages, shuffled));
            Ok(())
        })
        .unwrap();
}

/// All at once, and in another order: one by one, the rest together, all of them again, and the log read once more.
async fn any_order_and_repetition(
    fresh: [Option<Fresh>; 2],
    messages: Vec<NewEvent>,
    shuffled: Vec<NewEvent>,
) {
    let [Some(first), Some(second)] = fresh else { return };
    let at_once = told(first, vec![messages]).await;
    let (some, rest) = shuffled.split_at(shuffled.len() / 2);
    let one_by_one = some.iter().map(|message| vec![message.clone()]);
    let groups = one_by_one.chain([rest.to_vec(), shuffled.clone()]).collect();
    assert_eq!(at_once, told(second, groups).await, "{shuffled:#?}");
}

#[test]
fn any_order_of_arrival_gives_the_same_on_sqlite() {
    run(60, async |messages, shuffled| {
        any_order_and_repetition([Some(Fresh::sqlite()), Some(Fresh::sqlite())], messages, shuffled).await;
    });
}

#[test]
fn any_order_of_arrival_gives_the_same_on_postgresql() {
    run(6, async |messages, shuffled| {
        let fresh = [Fresh::postgres().await, Fresh::postgres().await];
        any_order_and_repetition(fresh, messages, shuffled).await;
    });
}

/// One consent and one trait, told by two messages at the same time.
#[tokio::test]
async fn of_tellings_at_one_time_any_order_of_arrival_keeps_the_same() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        let mut kept = Vec::new();
        for (user, order) in [("a", ["m2", "m10"]), ("b", ["m10", "m2"])] {
            for id in order {
                let traits = json!({"colour": id, "consents": [{"channel": "email", "granted": true}]});
                receive(&store, vec![identify(&format!("{user} {id}"), Some(user), None, traits, 5)]).await;
            }
            let said = store.export_person(&id(&format!("user_id:{user}"))).await.unwrap().unwrap();
            let message = said["consents"][0]["message_id"].as_str().unwrap().to_owned();
            kept.push((said["traits"][0]["value"].clone(), message.replace(user, "")));
        }
        assert_eq!(kept[0], kept[1]);
        assert_eq!(kept[0].1, " m10", "the smaller");
        store.close().await.unwrap();
    })
    .await;
}

/// Many messages of many customers.
fn crowd(count: i64) -> Vec<NewEvent> {
    let message = |n: i64| {
        let user = format!("user {}", n % 300);
        let id = format!("m{n}");
        match n % 3 {
            0 => identify(
                &id,
                Some(&user),
                Some(&format!("device {}", n % 500)),
                json!({"visits": n, "email": format!("{user}@example.org").replace(' ', "")}),
                n,
            ),
            1 => track(&id, "Order Completed", Some(&user), None, json!({"order_id": n, "subtotal": n}), n),
            _ => track(&id, "Order Refunded", Some(&user), None, json!({"order_id": n - 1, "total": 1}), n),
        }
    };
    (0..count).map(message).collect()
}

#[tokio::test]
async fn beginning_again_from_the_first_event_changes_nothing() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        receive(&store, crowd(2500)).await;
        receive(&store, vec![identify("odd", Some("a"), None, json!({"dob": "summer"}), 10)]).await;
        let connection = fresh.connect().await;
        let before = projections(&connection).await;
        assert!(before.len() > 2500, "{}", before.len());
        let listed = store.rejected_events(Page::default()).await.unwrap();
        assert_eq!(listed.len(), 1, "once, however often the log is read");
        begin_again(&connection).await;
        let mut steps = Vec::new();
        loop {
            let step = store.project().await.unwrap();
            steps.push((step.events, step.behind));
            if step.behind == 0 {
                break;
            }
        }
        assert_eq!(steps, [(1000, 1501), (1000, 501), (501, 0)]);
        assert_eq!(projections(&connection).await, before);
        assert_eq!(store.rejected_events(Page::default()).await.unwrap(), listed);
        receive(&store, vec![identify("new", Some("a"), None, json!({"dob": "spring"}), 10)]).await;
        assert_eq!(store.rejected_events(Page::default()).await.unwrap().len(), 2);
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_projectors_at_once_and_others_that_die_count_each_event_once() {
    for_each_empty(async |fresh| {
        let store = Store::open(&fresh.url()).await.unwrap();
        store.append("shop", later(), crowd(3000)).await.unwrap();
        let other = Store::open(&fresh.url()).await.unwrap();
        let stores = [store.clone(), other.clone(), store.clone()];
        let work = stores.map(|store| tokio::spawn(async move { store.project_all().await }));
        // A projector that is dropped at any point of its work leaves nothing half done.
        for micros in (0..40).map(|step| step * 500) {
            let limit = std::time::Duration::from_micros(micros);
            let _ = tokio::time::timeout(limit, other.project()).await;
        }
        for work in work {
            work.await.unwrap().unwrap();
        }
        store.project_all().await.unwrap();
        let alone = Fresh::sqlite();
        let expected = told(alone, vec![crowd(3000)]).await;
        let connection = fresh.connect().await;
        assert_eq!(projections(&connection).await, expected.0);
        other.close().await.unwrap();
        store.close().await.unwrap();
    })
    .await;
}
