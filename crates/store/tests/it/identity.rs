//! Who is who: joins, devices that change hands, shared addresses, merges made and undone.

use perennial_store::{IdentityRules, JoinByEmail, MergeState, Page, ProjectionRules, Store};
use serde_json::json;

use crate::databases::for_each_database;
use crate::messages::{alias, customer, id, identify, later, profile, receive, track};
use crate::samples::at;

#[tokio::test]
async fn a_device_its_account_and_its_guest_order_are_one_customer() {
    for_each_database(async |store| {
        let order = json!({"order_id": "1", "email": "Jane@Example.org", "subtotal": "20"});
        receive(
            &store,
            vec![
                track("m1", "Order Completed", None, Some("device"), order, 10),
                identify(
                    "m2",
                    Some("7"),
                    Some("device"),
                    json!({"email": "jane@example.org", "name": "Jane"}),
                    20,
                ),
                alias("m3", "8", "7", 30),
            ],
        )
        .await;
        for name in ["anonymous_id:device", "email:jane@example.org", "user_id:7", "user_id:8"] {
            assert_eq!(customer(&store, name).await, "user_id:7", "the account that was seen first");
        }
        let jane = profile(&store, "user_id:7").await;
        assert_eq!((jane.orders.count, jane.traits["name"].value.clone()), (1, json!("Jane")));
        assert_eq!(jane.orders.net[""].to_string(), "20");
        assert!(store.profile(&id("user_id:9")).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_shared_device_joins_nobody_and_goes_from_hand_to_hand() {
    for_each_database(async |store| {
        let nickname = |id: &str, name: &str, seconds| {
            identify(id, None, Some("tablet"), json!({"nickname": name}), seconds)
        };
        receive(
            &store,
            vec![
                nickname("m1", "first", 5),
                identify("m2", Some("anna"), Some("tablet"), json!({}), 10),
                nickname("m3", "second", 15),
                identify("m4", Some("ben"), Some("tablet"), json!({}), 20),
                nickname("m5", "third", 25),
            ],
        )
        .await;
        assert_eq!(customer(&store, "user_id:anna").await, "user_id:anna");
        let (anna, ben) = (profile(&store, "user_id:anna").await, profile(&store, "user_id:ben").await);
        assert_eq!(anna.traits["nickname"].value, json!("second"));
        assert_eq!(ben.traits["nickname"].value, json!("third"));
        assert_eq!(anna.identifiers[1].until, Some(at(20)));
        assert_eq!((ben.identifiers[1].from, ben.identifiers[1].until), (Some(at(20)), None));
        assert_eq!(customer(&store, "anonymous_id:tablet").await, "user_id:ben", "whose it is now");
        // A message that was late gives part of the time to somebody else.
        receive(&store, vec![identify("m6", Some("cleo"), Some("tablet"), json!({}), 12)]).await;
        assert_eq!(profile(&store, "user_id:anna").await.traits["nickname"].value, json!("first"));
        assert_eq!(profile(&store, "user_id:cleo").await.traits["nickname"].value, json!("second"));
    })
    .await;
}

async fn two_accounts(store: &Store) {
    receive(
        store,
        vec![
            identify("m1", Some("a"), None, json!({"email": "family@example.org"}), 10),
            identify("m2", Some("b"), None, json!({"email": "family@example.org"}), 20),
            track(
                "m3",
                "Order Completed",
                None,
                Some("x"),
                json!({"order_id": "1", "email": "family@example.org", "total": 5}),
                30,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_address_is_not_taken_by_telling_a_time_long_past() {
    let claim =
        |id, user, seconds| identify(id, Some(user), None, json!({"email": "jane@example.org"}), seconds);
    let (spring, summer) = (1_900_000_000, 1_910_000_000);
    for_each_database(async |store| {
        store.append("web", at(spring), vec![claim("m1", "jane", spring)]).await.unwrap();
        store.append("web", at(summer), vec![claim("m2", "bob", 10)]).await.unwrap();
        store.project_all().await.unwrap();
        assert_eq!(customer(&store, "email:jane@example.org").await, customer(&store, "user_id:jane").await);
    })
    .await;
    // What is imported together stays in its order.
    for_each_database(async |store| {
        let history = vec![claim("m1", "adam", 1_000_000), claim("m2", "zoe", 1_000)];
        store.append("web", at(summer), history).await.unwrap();
        store.project_all().await.unwrap();
        assert_eq!(customer(&store, "email:jane@example.org").await, customer(&store, "user_id:zoe").await);
    })
    .await;
}

#[tokio::test]
async fn two_accounts_with_one_address_stay_apart_and_are_suggested() {
    for_each_database(async |store| {
        two_accounts(&store).await;
        assert_eq!(
            profile(&store, "user_id:a").await.orders.count,
            1,
            "the first account gets the guest's order"
        );
        assert_eq!(profile(&store, "user_id:b").await.orders.count, 0);
        let suggested = store.suggested_merges(Page::default()).await.unwrap();
        assert_eq!(suggested.len(), 1);
        assert_eq!(
            (suggested[0].owner.to_string(), suggested[0].state),
            ("user_id:b".into(), MergeState::Suggested)
        );
        store
            .merge(&suggested[0].claimed, &suggested[0].owner, "the customer called", later())
            .await
            .unwrap();
        assert_eq!(customer(&store, "user_id:b").await, "user_id:a");
        assert!(store.suggested_merges(Page::default()).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_an_address_joins_is_a_setting() {
    for_each_database(async |store| {
        two_accounts(&store).await;
        let rules = |join_by_email| ProjectionRules {
            identity: IdentityRules { join_by_email, ..IdentityRules::default() },
            ..ProjectionRules::default()
        };
        assert!(store.set_projection_rules(&rules(JoinByEmail::Always)).await.unwrap());
        assert_eq!(customer(&store, "user_id:b").await, "user_id:a");
        assert!(store.set_projection_rules(&rules(JoinByEmail::Never)).await.unwrap());
        assert_eq!(customer(&store, "email:family@example.org").await, "email:family@example.org");
        assert_eq!(customer(&store, "user_id:b").await, "user_id:b");
        assert_eq!(profile(&store, "user_id:a").await.orders.count, 0);
        assert!(store.set_projection_rules(&ProjectionRules::default()).await.unwrap());
        assert!(!store.set_projection_rules(&ProjectionRules::default()).await.unwrap(), "nothing to change");
        assert_eq!(profile(&store, "user_id:a").await.orders.count, 1);
    })
    .await;
}

#[tokio::test]
async fn undoing_a_merge_gives_everything_back_and_lasts() {
    for_each_database(async |store| {
        let order = |id: &str, user| {
            track(id, "Order Completed", Some(user), None, json!({"order_id": id, "total": 5}), 10)
        };
        receive(
            &store,
            vec![
                order("o1", "a"),
                order("o2", "b"),
                identify("m1", Some("a"), Some("phone"), json!({"colour": "red"}), 10),
                identify("m2", Some("b"), None, json!({"colour": "blue"}), 20),
            ],
        )
        .await;
        let before = (profile(&store, "user_id:a").await, profile(&store, "user_id:b").await);
        let merge = alias("m3", "b", "a", 30);
        receive(&store, vec![merge]).await;
        let joined = profile(&store, "user_id:a").await;
        assert_eq!((joined.orders.count, &joined.traits["colour"].value), (2, &json!("blue")));
        let link = joined
            .merges
            .iter()
            .find(|merge| merge.reason == "alias" && merge.claimed == id("user_id:b"))
            .unwrap();
        store.undo_merge(link.id, "two people", later()).await.unwrap();
        store.undo_merge(link.id, "again", later()).await.unwrap();
        let undone = |profile: perennial_store::Profile| {
            (profile.customer, profile.traits, profile.orders, profile.identifiers)
        };
        assert_eq!(undone(profile(&store, "user_id:a").await), undone(before.0));
        let b = profile(&store, "user_id:b").await;
        assert_eq!((b.orders, b.traits), (before.1.orders, before.1.traits));
        receive(&store, vec![alias("m4", "b", "a", 40)]).await;
        assert_eq!(
            profile(&store, "user_id:a").await.orders.count,
            1,
            "it stays undone when it is told again"
        );
        store.merge(&id("user_id:a"), &id("user_id:b"), "one after all", later()).await.unwrap();
        assert_eq!(profile(&store, "user_id:a").await.orders.count, 2);
        let error = store.undo_merge(999, "", later()).await.unwrap_err().to_string();
        assert!(error.contains("999"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn undoing_the_first_claim_of_an_address_gives_it_to_the_second() {
    for_each_database(async |store| {
        two_accounts(&store).await;
        let merges = store.merges(Page::default()).await.unwrap();
        let first = merges.iter().find(|merge| merge.owner == id("user_id:a")).unwrap();
        store.undo_merge(first.id, "a typing error", later()).await.unwrap();
        assert_eq!(profile(&store, "user_id:a").await.orders.count, 0);
        assert_eq!(profile(&store, "user_id:b").await.orders.count, 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_seen_beside_a_new_link_of_others_stays_joined() {
    for_each_database(async |store| {
        let guest = json!({"order_id": "1", "email": "jane@example.org", "total": 5});
        receive(&store, vec![track("m1", "Order Completed", None, Some("tablet"), guest, 10)]).await;
        receive(&store, vec![identify("m2", Some("jane"), None, json!({"email": "jane@example.org"}), 20)])
            .await;
        assert_eq!(profile(&store, "user_id:jane").await.orders.count, 1);
        let view = track("m3", "Product Viewed", Some("jane"), None, json!({}), 30);
        receive(&store, vec![view, identify("m4", Some("ben"), Some("phone"), json!({}), 30)]).await;
        assert_eq!(profile(&store, "user_id:jane").await.orders.count, 1);
        assert_eq!(customer(&store, "email:jane@example.org").await, "user_id:jane");
    })
    .await;
}

#[tokio::test]
async fn a_device_that_was_parted_and_joined_again_by_hand_is_joined() {
    for_each_database(async |store| {
        receive(&store, vec![identify("m1", Some("a"), Some("phone"), json!({}), 10)]).await;
        let link = store.merges(Page::default()).await.unwrap().remove(0);
        store.undo_merge(link.id, "a mistake", later()).await.unwrap();
        store.merge(&id("user_id:a"), &id("anonymous_id:phone"), "it was right", later()).await.unwrap();
        assert!(store.suggested_merges(Page::default()).await.unwrap().is_empty());
        assert_eq!(store.merges(Page::default()).await.unwrap()[0].state, MergeState::Joined);
        assert_eq!(customer(&store, "anonymous_id:phone").await, "user_id:a");
    })
    .await;
}

#[tokio::test]
async fn placeholders_are_listed_and_join_nobody() {
    for_each_database(async |store| {
        receive(
            &store,
            vec![
                identify("m1", Some("null"), Some("one"), json!({"email": "unknown"}), 10),
                identify("m2", Some("null"), Some("two"), json!({}), 10),
            ],
        )
        .await;
        assert_eq!(customer(&store, "anonymous_id:one").await, "anonymous_id:one");
        let rejected = store.rejected_events(Page::default()).await.unwrap();
        assert_eq!(rejected.len(), 3);
        assert!(rejected.iter().all(|rejected| rejected.event.code == "unusable_identifier"));
        let message = &rejected[0].event;
        assert_eq!(message.message_id.as_deref(), Some("m2"));
        assert!(message.reason.contains("placeholder"), "{}", message.reason);
    })
    .await;
}

#[tokio::test]
async fn merges_by_hand_are_checked() {
    for_each_database(async |store| {
        for (a, b, word) in
            [("user_id:a", "user_id:a", "same"), ("anonymous_id:x", "anonymous_id:y", "devices")]
        {
            let error = store.merge(&id(a), &id(b), "why", later()).await.unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    })
    .await;
}
