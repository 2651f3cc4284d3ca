//! The server as a whole: health, request ids, errors of one shape, an end in order, trouble with the database.

use std::time::Duration;

use perennial_server::listen;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::shop::{Shop, answer};

#[tokio::test]
async fn health_and_readiness() {
    let shop = Shop::open().await;
    let get = async |path: &str| answer(shop.client.get(format!("{}{path}", shop.host))).await;
    assert_eq!(get("/healthz").await, (StatusCode::OK, json!({ "status": "ok" })));
    let (status, ready) = get("/readyz").await;
    assert_eq!((status, &ready["database"]), (StatusCode::OK, &json!("ok")));
    shop.close().await;
}

#[tokio::test]
async fn what_came_in_is_projected_soon() {
    let shop = Shop::open().await;
    shop.send("/v1/identify", r#"{"userId":"jane","traits":{"name":"Jane"}}"#).await;
    let person = "user_id:jane".parse().unwrap();
    for _ in 0..500 {
        if shop.store.profile(&person).await.unwrap().is_some() {
            shop.close().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the event was not projected within five seconds");
}

#[tokio::test]
async fn errors_have_one_shape() {
    let shop = Shop::open().await;
    let url = |path: &str| format!("{}{path}", shop.host);
    for (request, expected, code) in [
        (shop.client.get(url("/nothing")), StatusCode::NOT_FOUND, "not_found"),
        (shop.client.get(url("/v1/track")), StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        (shop.client.post(url("/v1/track")).body("{}"), StatusCode::UNAUTHORIZED, "unauthorized"),
        (shop.client.get(url("/api/rejected-events")), StatusCode::UNAUTHORIZED, "unauthorized"),
        (
            shop.client.get(url("/api/rejected-events")).bearer_auth(&shop.write_key),
            StatusCode::FORBIDDEN,
            "forbidden",
        ),
        (
            shop.client.get(url("/api/rejected-events?limit=0")).bearer_auth(&shop.read_key),
            StatusCode::BAD_REQUEST,
            "invalid_query",
        ),
        (
            shop.client.get(url("/api/rejected-events?page=2")).bearer_auth(&shop.read_key),
            StatusCode::BAD_REQUEST,
            "invalid_query",
        ),
    ] {
        let (status, body) = answer(request).await;
        assert_eq!((status, &body["error"]["code"]), (expected, &json!(code)));
        assert!(body["error"]["message"].as_str().unwrap().len() > 10);
    }
    shop.close().await;
}

#[tokio::test]
async fn requests_have_ids_and_those_of_proxies_are_kept() {
    let shop = Shop::open().await;
    let with = async |id: Option<&str>| {
        let mut request = shop.client.request(Method::GET, format!("{}/healthz", shop.host));
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let (first, second) = (with(None).await, with(None).await);
    assert_ne!(first, second);
    assert_eq!(with(Some("proxy-1.a")).await, "proxy-1.a");
    assert_ne!(with(Some("two words")).await, "two words", "an id cannot imitate a log line");
    shop.close().await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = listen("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap().to_string();
    let error = listen(&address).await.unwrap_err().to_string();
    assert!(error.contains(&address) && error.contains("--address"), "{error}");
}

#[tokio::test]
async fn requests_that_have_begun_are_finished_at_the_end() {
    let shop = Shop::open().await;
    let store = shop.store.clone();
    let sending: Vec<_> = (0..50)
        .map(|number| {
            let message = json!({ "userId": "jane", "messageId": format!("m-{number}") }).to_string();
            tokio::spawn(shop.post("/v1/page").body(message).send())
        })
        .collect();
    while store.last_event().await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    shop.close().await;
    let mut acknowledged = 0;
    for request in sending {
        // A request that came after the end was refused as a whole.
        if let Ok(Ok(answer)) = request.await {
            assert_eq!(answer.status(), StatusCode::OK);
            acknowledged += 1;
        }
    }
    assert!(acknowledged > 0);
    let stored = store.events_after(0, 1000).await.unwrap().len();
    assert!(stored >= acknowledged, "{stored} stored, {acknowledged} acknowledged");
}
