//! From empty and from each version before, on both databases; never back.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sea_orm::ConnectionTrait;

#[path = "../../tests/it/databases.rs"]
#[allow(dead_code, reason = "the tests beside the crate use more of it")]
mod databases;

use databases::{Fresh, for_each_empty};

use super::ALL;
use crate::{Error, EventKind, NetRule, NewEvent, ProjectionRules, Scope, Store, sql};

/// Every column of every table with its type, and every index: what there is to compare of two schemas.
async fn schema(fresh: &Fresh) -> BTreeSet<String> {
    let connection = fresh.connect().await;
    let query = match fresh {
        Fresh::Sqlite(_) => {
            "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS text FROM sqlite_master \
             WHERE name NOT LIKE 'sqlite_%'"
        }
        Fresh::Postgres { .. } => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS text \
             FROM information_schema.columns WHERE table_schema = 'public' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        }
    };
    let rows = sql::rows(&connection, query, Vec::new()).await.unwrap();
    let schema = rows.iter().map(|row| sql::get(row, "text").unwrap()).collect();
    connection.close().await.unwrap();
    schema
}

fn event(message_id: &str) -> NewEvent {
    NewEvent {
        message_id: message_id.to_owned(),
        kind: EventKind::Track,
        event: Some("Order Completed".to_owned()),
        user_id: Some("jane".to_owned()),
        anonymous_id: None,
        at: Timestamp::UNIX_EPOCH,
        payload: "{\"properties\":{\"order_id\":\"1\"}}".to_owned(),
    }
}

/// A customer, as each migration's tables hold one. No version is left out: what stands in old databases has to be read for ever.
const CUSTOMER: &[(&str, &[&str])] = &[
    ("m0001_events", &[]),
    (
        "m0002_profiles",
        &[
            "INSERT INTO identifiers (person, from_at, until_at, root, kind, value, first_seen_at, source) VALUES \
             (900, -9223372036854775808, 9223372036854775807, 900, 'user_id', 'old', 5, 'shop'), \
             (901, -9223372036854775808, 9223372036854775807, 900, 'email', 'old@example.org', 5, 'shop')",
            "INSERT INTO merges (claimed, owner, reason, source, at, by_hand, joins) VALUES (901, 900, 'identify', 'shop', 5, FALSE, TRUE)",
            "INSERT INTO traits (person, name, origin, slot, value, at, source) VALUES (900, 'city', 'declared', 0, '\"Bonn\"', 5, 'shop')",
            "INSERT INTO dates_of_life (person, name, slot, month, day, year, at) VALUES (900, 'birthday', 0, 2, 29, 1992, 5)",
            "INSERT INTO consents (person, channel, topic, purpose, granted, slot, at, confirmed_at, source) VALUES \
             (901, 'email', '*', 'marketing', TRUE, 5, 5, 5, 'shop')",
        ],
    ),
    (
        "m0003_commerce",
        &[
            "INSERT INTO order_events (order_id, source, message_id, kind, at, identifier_kind, identifier_value, said) VALUES \
             ('o1', 'shop', 'm1', 'completed', 5, 'user_id', 'old', '{\"currency\":\"EUR\",\"subtotal\":\"20\"}')",
            "INSERT INTO orders (order_id, identifier_kind, identifier_value, placed_at, currency, net, net_formula, subtotal, status, source, updated_at) \
             VALUES ('o1', 'user_id', 'old', 5, 'EUR', '20', 'subtotal', '20', 'completed', 'shop', 5)",
        ],
    ),
    (
        "m0004_runs",
        &[
            "INSERT INTO publications (id, snapshot, started_at, whole) VALUES (900, '2026-01-01_1', 5, TRUE)",
            "INSERT INTO customer_values (publication, customer, figures) VALUES (900, 'old', '{}')",
        ],
    ),
    ("m0005_deliveries", &[]),
    (
        "m0006_activities",
        &[
            "INSERT INTO activities (seq, source, message_id, event, at, identifier_kind, identifier_value, score) VALUES \
           (900, 'shop', 'm9', 'Product Reviewed', 5, 'user_id', 'old', '4')",
        ],
    ),
    ("m0007_deliveries_by_endpoint", &[]),
];

/// What the store of today makes of the customer of a database that had its first `steps` migrations.
async fn check_customer(store: &Store, steps: usize) {
    let old = store.profile(&"email:old@example.org".parse().unwrap()).await.unwrap();
    let Some(old) = old else { return assert!(steps < 2, "the customer is lost after {steps} migrations") };
    assert_eq!((old.customer.to_string(), old.merges.len()), ("user_id:old".to_owned(), 1));
    assert_eq!(old.traits["city"].value, "Bonn");
    assert_eq!(old.dates_of_life["birthday"].to_string(), "1992-02-29");
    assert!(old.consents[0].granted);
    assert_eq!(old.orders.count, u64::from(steps >= 3));
    let export = store.export_person(&old.customer).await.unwrap().unwrap();
    assert_eq!(export["values"].as_object().unwrap().len(), usize::from(steps >= 4));
    let net = ProjectionRules { net: NetRule::Total, ..ProjectionRules::default() };
    assert!(store.set_projection_rules(&net).await.unwrap(), "orders can be told anew");
    let old = store.profile(&old.customer).await.unwrap().unwrap();
    assert_eq!(old.orders.net.get("EUR").map(ToString::to_string), (steps >= 3).then(|| "20".to_owned()));
}

#[tokio::test]
async fn each_version_before_is_brought_to_the_schema_of_an_empty_start_with_its_data() {
    for new in Fresh::all().await {
        Store::open(&new.url()).await.unwrap().close().await.unwrap();
        let expected = schema(&new).await;
        for steps in 1..=ALL.len() {
            let old =
                if matches!(new, Fresh::Sqlite(_)) { Some(Fresh::sqlite()) } else { Fresh::postgres().await };
            let old = old.unwrap();
            let store = Store::open_at(&old.url(), u32::try_from(steps).ok()).await.unwrap();
            assert_eq!(super::applied(store.reader()).await.unwrap().len(), steps);
            store.append("shop", Timestamp::UNIX_EPOCH, vec![event("a"), event("b")]).await.unwrap();
            let secret = store.create_key("shop", Scope::Write).await.unwrap().secret;
            assert!(
                CUSTOMER.iter().map(|(name, _)| *name).eq(ALL.iter().map(|one| one.name)),
                "a migration is missing in CUSTOMER"
            );
            for statement in CUSTOMER[..steps].iter().flat_map(|(_, statements)| *statements) {
                store.writer().execute_unprepared(statement).await.unwrap();
            }
            let before = store.events_after(0, 10).await.unwrap();
            store.close().await.unwrap();

            let store = Store::open(&old.url()).await.unwrap();
            assert_eq!(schema(&old).await, expected, "from the first {steps} migrations");
            assert_eq!(store.events_after(0, 10).await.unwrap(), before);
            assert!(store.authenticate(&secret).await.unwrap().is_some());
            let again =
                store.append("shop", Timestamp::UNIX_EPOCH, vec![event("b"), event("c")]).await.unwrap();
            assert_eq!(again.accepted, 1);
            check_customer(&store, steps).await;
            store.close().await.unwrap();
            old.remove().await;
        }
        new.remove().await;
    }
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    for_each_empty(async |fresh| {
        Store::open(&fresh.url()).await.unwrap().close().await.unwrap();
        let newer = fresh.connect().await;
        let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_flying_shops', 0)";
        newer.execute_unprepared(insert).await.unwrap();
        newer.close().await.unwrap();
        let before = schema(fresh).await;
        let error = Store::open(&fresh.url()).await.unwrap_err();
        assert!(matches!(&error, Error::NewerSchema { found } if found == "m9999_flying_shops"), "{error:?}");
        assert!(!error.is_temporary());
        assert_eq!(schema(fresh).await, before);
    })
    .await;
}

#[tokio::test]
async fn what_a_new_table_holds_is_read_from_the_log_that_is_there() {
    for new in Fresh::all().await {
        let before = ALL.iter().position(|migration| migration.name == "m0006_activities").unwrap();
        let store = Store::open_at(&new.url(), u32::try_from(before).ok()).await.unwrap();
        let view = NewEvent {
            event: Some("Product Viewed".to_owned()),
            payload: r#"{"properties":{"product_id":"A"}}"#.to_owned(),
            ..event("b")
        };
        // An order whose payload has gone since it was read.
        let order = NewEvent { payload: "{}".to_owned(), ..event("a") };
        store.append("shop", Timestamp::UNIX_EPOCH, vec![order, view]).await.unwrap();
        let read = "INSERT INTO cursors (name, seq) SELECT 'projector', MAX(seq) FROM events";
        store.writer().execute_unprepared(read).await.unwrap();
        store.close().await.unwrap();
        let store = Store::open(&new.url()).await.unwrap();
        store.project_all().await.unwrap();
        let query = "SELECT customer, product_id FROM customer_activities";
        let rows = sql::rows(store.reader(), query, Vec::new()).await.unwrap();
        let told = |column| sql::get::<String>(&rows[0], column).unwrap();
        assert_eq!(
            (rows.len(), told("customer"), told("product_id")),
            (1, "jane".to_owned(), "A".to_owned())
        );
        assert!(
            store.rejected_events(crate::Page::default()).await.unwrap().is_empty(),
            "nothing is listed again"
        );
        store.close().await.unwrap();
        new.remove().await;
    }
}

#[test]
fn names_are_unique_and_in_order() {
    let names: Vec<_> = ALL.iter().map(|migration| migration.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}
