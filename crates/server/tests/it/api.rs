//! The API for programs: profiles, merges, consents, erasure, snapshots.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use perennial_server::ServerOptions;
use perennial_store::{EventKind, LeapDay, NewEvent};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::shop::{Shop, answer, open_store, sqlite};

/// Jane, who bought as a guest before she signed in, and what the projector made of it.
async fn shop_with_jane() -> Shop {
    let options = ServerOptions { leap_day: LeapDay::March1, ..ServerOptions::default() };
    let shop = Shop::with(options).await;
    let order = json!({
        "type": "track", "event": "Order Completed", "anonymousId": "browser", "messageId": "order",
        "timestamp": "2026-03-14T15:09:26Z",
        "properties": { "order_id": "O-1", "subtotal": "22.50", "total": 27.5, "currency": "EUR", "email": "Jane@Example.org" },
    });
    let identify = json!({
        "type": "identify", "userId": "jane/1", "anonymousId": "browser", "messageId": "identify",
        "traits": { "email": "jane@example.org", "name": "Jane", "birthday": "1992-02-29" },
    });
    shop.send("/v1/batch", json!({ "batch": [order, identify] }).to_string()).await;
    shop.store.project_all().await.unwrap();
    shop
}

async fn administer(shop: &Shop, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = shop.client.request(method, format!("{}{path}", shop.host)).bearer_auth(&shop.admin_key);
    answer(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_profile_is_found_by_any_identifier_with_its_latest_values() {
    let shop = shop_with_jane().await;
    let values = [("jane/1".to_owned(), r#"{"total_clv":{"point":120.50}}"#.to_owned())];
    let now = Timestamp::now();
    shop.store.publish_values("2026-03-31_1", now, values.into_iter()).await.unwrap();
    for path in ["user_id/jane%2F1", "email/JANE@example.org", "anonymous_id/browser"] {
        let (status, known) = shop.get(&format!("/api/profiles/{path}")).await;
        assert_eq!(status, StatusCode::OK, "{path}: {known}");
        assert_eq!(known["profile"]["customer"], "user_id:jane/1");
        assert_eq!(known["profile"]["traits"]["name"]["value"], "Jane");
        assert_eq!(known["profile"]["orders"]["count"], 1);
        assert_eq!(known["values"]["snapshot"], "2026-03-31_1");
        let birthday = known["celebrations"]["birthday"]["on"].as_str().unwrap();
        assert!(birthday.ends_with("-02-29") || birthday.ends_with("-03-01"), "{birthday}");
        assert_eq!(known["values"]["figures"]["total_clv"]["point"], 120.5);
    }
    for (path, expected, code) in [
        ("user_id/nobody", StatusCode::NOT_FOUND, "not_found"),
        ("email/nobody", StatusCode::BAD_REQUEST, "invalid_identifier"),
        ("user_id/null", StatusCode::BAD_REQUEST, "invalid_identifier"),
        ("user_id/%ff", StatusCode::BAD_REQUEST, "invalid_identifier"),
    ] {
        let (status, answer) = shop.get(&format!("/api/profiles/{path}")).await;
        assert_eq!((status, &answer["error"]["code"]), (expected, &json!(code)), "{path}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_person_gets_everything_and_is_forgotten() {
    let shop = shop_with_jane().await;
    let path = "/api/profiles/email/jane@example.org";
    assert_eq!(
        shop.get(&format!("{path}/export")).await.0,
        StatusCode::FORBIDDEN,
        "reading is not exporting"
    );
    let (status, everything) = administer(&shop, Method::GET, &format!("{path}/export"), Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert!(everything["events"].to_string().contains("Order Completed"));

    let delete = shop.client.delete(format!("{}{path}", shop.host)).bearer_auth(&shop.read_key);
    assert_eq!(answer(delete).await.0, StatusCode::FORBIDDEN, "a reader cannot erase");
    let (status, erased) = administer(&shop, Method::DELETE, path, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{erased}");
    assert_eq!(erased["events"], 2);
    let stored: Vec<_> = shop.events().await.into_iter().map(|stored| stored.event.payload).collect();
    assert!(!stored.concat().contains("jane"), "{stored:?}");
    let (status, again) = administer(&shop, Method::DELETE, path, Value::Null).await;
    assert_eq!((status, &again["events"]), (StatusCode::OK, &json!(0)));
    // Somebody whom only files of the shop know.
    let (status, stranger) =
        administer(&shop, Method::DELETE, "/api/profiles/user_id/of-a-file", Value::Null).await;
    assert_eq!((status, &stranger["identifiers"]), (StatusCode::OK, &json!(0)), "{stranger}");
    shop.close().await;
}

#[tokio::test]
async fn export_and_erasure_take_the_time_that_they_take() {
    let shop =
        Shop::with(ServerOptions { request_timeout: Duration::ZERO, ..ServerOptions::default() }).await;
    let event = NewEvent {
        message_id: "m".to_owned(),
        kind: EventKind::Identify,
        event: None,
        user_id: Some("jane".to_owned()),
        anonymous_id: None,
        at: Timestamp::UNIX_EPOCH,
        payload: "{}".to_owned(),
    };
    shop.store.append("web", Timestamp::UNIX_EPOCH, vec![event]).await.unwrap();
    let path = "/api/profiles/user_id/jane";
    // Clocks tick by the millisecond, and an answer may come before the first tick.
    let mut asked = 0;
    while shop.get(path).await.0 != StatusCode::SERVICE_UNAVAILABLE {
        asked += 1;
        assert!(asked < 10_000, "anything else is out of time");
    }
    let (status, everything) = administer(&shop, Method::GET, &format!("{path}/export"), Value::Null).await;
    assert_eq!((status, everything["events"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)));
    assert_eq!(administer(&shop, Method::DELETE, path, Value::Null).await.0, StatusCode::OK);
    shop.close().await;
}

#[tokio::test]
async fn consents_are_recorded() {
    let shop = shop_with_jane().await;
    let path = "/api/profiles/user_id/jane%2F1/consents";
    let consent =
        json!({ "channel": "email", "topic": "newsletter", "purpose": "marketing", "granted": true });
    assert_eq!(administer(&shop, Method::POST, path, consent.clone()).await.0, StatusCode::OK);
    let person = "user_id:jane/1".parse().unwrap();
    assert!(shop.store.may_receive(&person, "email", "newsletter", "marketing").await.unwrap());
    let mut withdrawn = consent.clone();
    withdrawn["granted"] = false.into();
    assert_eq!(administer(&shop, Method::POST, path, withdrawn).await.0, StatusCode::OK);
    assert!(!shop.store.may_receive(&person, "email", "newsletter", "marketing").await.unwrap());

    let mut early = consent.clone();
    early["at"] = "2099-01-01T00:00:00Z".into();
    let (status, answer) = administer(&shop, Method::POST, path, early).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid")));
    assert!(answer["error"]["message"].as_str().unwrap().contains("future"), "{answer}");

    let mut misspelt = consent;
    misspelt["chanel"] = "email".into();
    let (status, answer) = administer(&shop, Method::POST, path, misspelt).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_body")));
    assert!(answer["error"]["message"].as_str().unwrap().contains("chanel"));
    shop.close().await;
}

#[tokio::test]
async fn merges_are_listed_made_and_undone() {
    let shop = shop_with_jane().await;
    let (status, listed) = shop.get("/api/merges").await;
    assert_eq!(status, StatusCode::OK);
    assert!(!listed["merges"].as_array().unwrap().is_empty(), "by the identify: {listed}");
    shop.send("/v1/identify", r#"{"userId":"j2","traits":{"name":"J"}}"#).await;
    shop.store.project_all().await.unwrap();

    let both = json!({ "a": "user_id:j2", "b": "user_id:jane/1", "reason": "the same person, by telephone" });
    assert_eq!(administer(&shop, Method::POST, "/api/merges", both).await.0, StatusCode::OK);
    let of = async |who: &str| {
        shop.get(&format!("/api/profiles/user_id/{who}")).await.1["profile"]["customer"].clone()
    };
    assert_eq!(of("j2").await, of("jane%2F1").await);

    let (_, listed) = shop.get("/api/merges?limit=1").await;
    let merge = &listed["merges"][0];
    assert_eq!(merge["reason"], "the same person, by telephone");
    let path = format!("/api/merges/{}/undo", merge["id"]);
    let reason = json!({ "reason": "they were two" });
    assert_eq!(administer(&shop, Method::POST, &path, reason.clone()).await.0, StatusCode::OK);
    assert_ne!(of("j2").await, of("jane%2F1").await);

    let missing = administer(&shop, Method::POST, "/api/merges/999999/undo", reason.clone()).await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
    let no_number = administer(&shop, Method::POST, "/api/merges/x/undo", reason).await;
    assert_eq!(no_number.1["error"]["code"], "invalid_id");
    assert_eq!(shop.get("/api/merges/suggested").await.0, StatusCode::OK);
    shop.close().await;
}

#[tokio::test]
async fn snapshots_are_listed_and_shown() {
    let folder = TempDir::new().unwrap();
    let snapshots = folder.path().join("snapshots");
    for (name, content) in [
        ("2026-03-31_1", r#"{"as_of": "2026-03-31", "totals": {"customers": 3}}"#),
        ("2026-02-28_1", r#"{"as_of": "2026-02-28"}"#),
        (".making", "{"),
        ("2026-04-30_1", "{"),
    ] {
        fs::create_dir_all(snapshots.join(name)).unwrap();
        fs::write(snapshots.join(name).join("snapshot.json"), content).unwrap();
    }
    fs::create_dir(snapshots.join("empty")).unwrap();
    fs::write(folder.path().join("snapshot.json"), "{}").unwrap();
    let store = open_store(&sqlite(folder.path())).await;
    let options = ServerOptions { snapshots: Some(snapshots), ..ServerOptions::default() };
    let shop = Shop::on(store, folder, options).await;

    let (status, listed) = shop.get("/api/snapshots").await;
    let expected = json!({ "snapshots": [
        { "as_of": "2026-02-28", "name": "2026-02-28_1" },
        { "as_of": "2026-03-31", "name": "2026-03-31_1" },
        { "name": "2026-04-30_1", "unreadable": "a snapshot cannot be read; the server's log says which and why" },
    ]});
    assert_eq!((status, listed), (StatusCode::OK, expected));
    let (_, shown) = shop.get("/api/snapshots/2026-03-31_1").await;
    assert_eq!(shown["totals"]["customers"], 3);
    for name in ["unknown", "..", "%2e%2e", "..%2F", "%2e%2e%2fsnapshots%2f2026-03-31_1", ".making", "empty"]
    {
        assert_eq!(shop.get(&format!("/api/snapshots/{name}")).await.0, StatusCode::NOT_FOUND, "{name}");
    }
    shop.close().await;
}
