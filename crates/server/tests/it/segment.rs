//! Segment's HTTP API: every path, every way to authenticate, every rule.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use perennial_server::{EVENT_LIMIT, MESSAGES_LIMIT, REQUEST_LIMIT, ServerOptions};
use perennial_store::EventKind;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use tempfile::TempDir;

use crate::shop::{Shop, answer, open_store, postgres, psql};

#[tokio::test]
async fn every_path_takes_its_kind_of_message() {
    let shop = Shop::open().await;
    let paths = [
        ("/v1/identify", "/v1/i", EventKind::Identify, json!({ "traits": { "email": "a@example.org" } })),
        ("/v1/track", "/v1/t", EventKind::Track, json!({ "event": "Product Viewed" })),
        ("/v1/page", "/v1/p", EventKind::Page, json!({ "name": "Home" })),
        ("/v1/screen", "/v1/s", EventKind::Screen, json!({ "name": "Basket" })),
        ("/v1/group", "/v1/g", EventKind::Group, json!({ "groupId": "club" })),
        ("/v1/alias", "/v1/a", EventKind::Alias, json!({ "previousId": "old" })),
    ];
    for (long, short, kind, mut message) in paths {
        message["userId"] = "jane".into();
        for path in [long, short] {
            message["messageId"] = path.into();
            let (status, answer) = shop.send(path, message.to_string()).await;
            let expected = json!({ "success": true, "accepted": 1, "duplicates": [], "rejected": [] });
            assert_eq!((status, &answer), (StatusCode::OK, &expected), "{path}");
            let stored = shop.events().await.pop().unwrap();
            assert_eq!((stored.event.kind, stored.event.message_id.as_str()), (kind, path));
            assert_eq!(stored.source, "web");
            let payload: Value = serde_json::from_str(&stored.event.payload).unwrap();
            assert_eq!(payload["type"], kind.as_str(), "the path's kind is part of what is stored");
        }
    }
    for path in ["/v1/batch", "/v1/b", "/v1/import"] {
        let message = json!({ "type": "track", "event": "E", "anonymousId": "x", "messageId": path });
        let (status, answer) = shop.send(path, json!({ "batch": [message] }).to_string()).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(1)), "{path}");
    }
    shop.close().await;
}

#[tokio::test]
async fn the_key_comes_in_a_header_or_in_the_body() {
    let shop = Shop::open().await;
    let url = format!("{}/v1/track", shop.host);
    let message = json!({ "event": "E", "userId": "jane" }).to_string();
    let with_key = json!({ "event": "E", "userId": "jane", "writeKey": shop.write_key }).to_string();

    let by_body = answer(shop.client.post(&url).body(with_key)).await;
    assert_eq!(by_body.0, StatusCode::OK);
    let payload = shop.events().await.pop().unwrap().event.payload;
    assert!(
        !payload.contains("writeKey") && !payload.contains(&shop.write_key),
        "a key is not stored: {payload}"
    );

    let by_basic =
        answer(shop.client.post(&url).basic_auth(&shop.write_key, Some("")).body(message.clone())).await;
    assert_eq!(by_basic.0, StatusCode::OK);

    for (request, expected, code) in [
        (shop.client.post(&url), StatusCode::UNAUTHORIZED, "unauthorized"),
        (
            shop.client.post(&url).basic_auth("pk_write_unknown", Some("")),
            StatusCode::UNAUTHORIZED,
            "unauthorized",
        ),
        (shop.client.post(&url).basic_auth(&shop.read_key, Some("")), StatusCode::FORBIDDEN, "forbidden"),
    ] {
        let (status, body) = answer(request.body(message.clone())).await;
        assert_eq!((status, &body["error"]["code"]), (expected, &json!(code)));
    }
    assert_eq!(shop.events().await.len(), 2, "nothing was stored for strangers");
    shop.close().await;
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let shop = Shop::open().await;
    let message = json!({ "event": "E", "userId": "jane" }).to_string();
    assert_eq!(shop.send("/v1/track", message.clone()).await.0, StatusCode::OK);
    shop.store.revoke_key("web").await.unwrap();
    assert_eq!(shop.send("/v1/track", message).await.0, StatusCode::UNAUTHORIZED);
    shop.close().await;
}

#[tokio::test]
async fn one_bad_message_does_not_hold_up_the_others() {
    let shop = Shop::open().await;
    let long_id = "x".repeat(101);
    let batch = json!({ "batch": [
        { "type": "track", "event": "A", "userId": 7, "messageId": "good-1" },
        { "type": "track", "userId": "jane", "messageId": "no-event" },
        { "type": "track", "event": "A", "messageId": "nobody" },
        { "type": "trak", "event": "A", "userId": "jane", "messageId": "misspelt" },
        { "type": "track", "event": "A", "userId": "jane", "messageId": long_id },
        { "type": "track", "event": "A", "userId": "  ", "anonymousId": null, "messageId": "blank" },
        { "type": "track", "event": "A", "userId": ["jane"], "messageId": "list" },
        { "type": "track", "event": "A", "userId": "jane", "timestamp": "yesterday", "messageId": "time" },
        { "type": "track", "event": "A", "userId": "jane", "timestamp": "2999-01-01T00:00:00Z", "messageId": "future" },
        { "type": "alias", "userId": "jane", "messageId": "alias" },
        { "type": "group", "userId": "jane", "messageId": "group" },
        { "type": "track", "event": "A", "userId": "a\u{0}b", "messageId": "nul" },
        "text",
        { "type": "page", "anonymousId": "browser", "messageId": "good-2" },
    ]});
    let (status, answer) = shop.send("/v1/batch", batch.to_string()).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(2)));
    let rejected = answer["rejected"].as_array().unwrap();
    let codes: Vec<_> = rejected
        .iter()
        .map(|entry| (entry["index"].as_u64().unwrap(), entry["code"].as_str().unwrap()))
        .collect();
    let expected = [
        (1, "missing_field"),
        (2, "missing_identity"),
        (3, "unknown_type"),
        (4, "invalid_field"),
        (5, "missing_identity"),
        (6, "invalid_field"),
        (7, "invalid_time"),
        (8, "time_in_future"),
        (9, "missing_field"),
        (10, "missing_field"),
        (11, "invalid_field"),
        (12, "not_an_object"),
    ];
    assert_eq!(codes, expected);
    assert_eq!(rejected[0]["messageId"], "no-event");
    assert!(rejected[2]["reason"].as_str().unwrap().contains("trak"), "{}", rejected[2]);
    let stored = shop.events().await;
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].event.user_id.as_deref(), Some("7"), "a number is an id, too");

    let (status, list) = shop.get("/api/rejected-events?limit=5").await;
    assert_eq!(status, StatusCode::OK);
    let first = &list["rejected_events"][0];
    assert_eq!((&first["code"], &first["payload"]), (&json!("not_an_object"), &json!("\"text\"")));
    let (_, rest) = shop.get(&format!("/api/rejected-events?before={}", list["next"])).await;
    assert_eq!(list["rejected_events"].as_array().unwrap().len(), 5);
    assert_eq!(rest["rejected_events"].as_array().unwrap().len(), 7);
    assert_eq!(rest["next"], Value::Null);
    shop.close().await;
}

#[tokio::test]
async fn a_message_that_was_sent_before_is_a_duplicate() {
    let shop = Shop::open().await;
    let item = |id: &str| json!({ "type": "page", "anonymousId": "x", "messageId": id });
    let (_, first) =
        shop.send("/v1/batch", json!({ "batch": [item("a"), item("b"), item("a")] }).to_string()).await;
    assert_eq!((&first["accepted"], &first["duplicates"]), (&json!(2), &json!(["a"])));
    let (_, second) = shop.send("/v1/batch", json!({ "batch": [item("b"), item("c")] }).to_string()).await;
    assert_eq!((&second["accepted"], &second["duplicates"]), (&json!(1), &json!(["b"])));
    assert_eq!(shop.events().await.len(), 3);
    shop.close().await;
}

#[tokio::test]
async fn messages_without_an_id_get_one_each() {
    let shop = Shop::open().await;
    let item = json!({ "type": "page", "anonymousId": "x" });
    let (_, answer) = shop.send("/v1/batch", json!({ "batch": [item, item] }).to_string()).await;
    assert_eq!(answer["accepted"], 2);
    for stored in shop.events().await {
        let payload: Value = serde_json::from_str(&stored.event.payload).unwrap();
        assert_eq!(payload["messageId"], stored.event.message_id.as_str());
    }
    shop.close().await;
}

#[tokio::test]
async fn what_is_stored_is_what_was_sent() {
    let shop = Shop::open().await;
    let message = r#"{"type":"track","event":"Order Completed","userId":"jane","messageId":"m",
        "properties":{"total":25.10,"unknown":[1,  2.50]},"sentAt":null}"#;
    shop.send("/v1/batch", format!(r#"{{"batch":[{message}]}}"#)).await;
    assert_eq!(shop.events().await[0].event.payload, message, "to the last character");

    let with_defaults = format!(
        r#"{{"batch":[{}],"context":{{"ip":"9.9.9.9","locale":"de"}},"integrations":{{"All":false}}}}"#,
        message.replace(r#""m""#, r#""n""#).replace(r#""sentAt":null"#, r#""context":{"ip":"1.2.3.4"}"#)
    );
    shop.send("/v1/batch", with_defaults).await;
    let payload = shop.events().await.pop().unwrap().event.payload;
    assert!(payload.contains("25.10") && payload.contains("2.50"), "amounts keep their digits: {payload}");
    let payload: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(
        payload["context"],
        json!({ "ip": "1.2.3.4", "locale": "de" }),
        "the message's own members win"
    );
    assert_eq!(payload["integrations"], json!({ "All": false }));
    shop.close().await;
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_and_history_is_kept() {
    let shop = Shop::open().await;
    let batch = json!({
        "sentAt": "2001-01-01T00:00:10Z",
        "batch": [{ "type": "page", "userId": "a", "messageId": "skewed", "timestamp": "2001-01-01T00:00:00Z" }],
    });
    shop.send("/v1/batch", batch.to_string()).await;
    let stored = shop.events().await.pop().unwrap();
    let ago = stored.received_at.duration_since(stored.event.at);
    assert_eq!(ago, SignedDuration::from_secs(10), "ten seconds before it was sent");

    for (id, time, expected) in [
        ("historic", json!("2012-12-02T00:30:08.276Z"), "2012-12-02T00:30:08.276Z"),
        ("zoned", json!("2012-12-02T00:30:08+02:00"), "2012-12-01T22:30:08Z"),
        ("zoneless", json!("2012-12-02T00:30:08"), "2012-12-02T00:30:08Z"),
    ] {
        let message = json!({ "userId": "a", "messageId": id, "timestamp": time });
        assert_eq!(shop.send("/v1/page", message.to_string()).await.1["accepted"], 1, "{id}");
        assert_eq!(
            shop.events().await.pop().unwrap().event.at,
            expected.parse::<Timestamp>().unwrap(),
            "{id}"
        );
    }
    shop.send("/v1/page", r#"{"userId":"a"}"#).await;
    let stored = shop.events().await.pop().unwrap();
    assert_eq!(stored.event.at, stored.received_at, "without a time it happens when it comes");
    shop.close().await;
}

#[tokio::test]
async fn limits_are_those_of_segment() {
    let shop = Shop::open().await;
    let of_size = |id: &str, size: usize| {
        let empty = json!({ "type": "page", "userId": "a", "messageId": id, "name": "" }).to_string().len();
        json!({ "type": "page", "userId": "a", "messageId": id, "name": "x".repeat(size - empty) })
    };
    let largest = of_size("largest", EVENT_LIMIT);
    let too_large = of_size("too-large", EVENT_LIMIT + 1);
    assert_eq!(shop.send("/v1/page", largest.to_string()).await.1["accepted"], 1);
    let (status, answer) = shop.send("/v1/page", too_large.to_string()).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("too_large")));
    let batch = json!({ "batch": [too_large, of_size("small", 200)] }).to_string();
    let (status, answer) = shop.send("/v1/batch", batch).await;
    assert_eq!(
        (status, &answer["accepted"], &answer["rejected"][0]["code"]),
        (StatusCode::OK, &json!(1), &json!("too_large"))
    );

    let mut body = json!({ "batch": [of_size("in-large", 300)] }).to_string();
    body.extend(std::iter::repeat_n(' ', REQUEST_LIMIT - body.len()));
    assert_eq!(shop.send("/v1/batch", body.clone()).await.0, StatusCode::OK);
    body.push(' ');
    let (status, answer) = shop.send("/v1/batch", body).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("too_large")));
    assert_eq!(shop.events().await.len(), 3);
    shop.close().await;
}

#[tokio::test]
async fn a_small_request_makes_no_large_batch() {
    let shop = Shop::open().await;
    let page = |id: usize| json!({ "type": "page", "userId": "a", "messageId": id });
    let batch = |messages: usize, context: Value| {
        json!({ "batch": (0..messages).map(page).collect::<Vec<_>>(), "context": context }).to_string()
    };
    let refused = async |body: String, expected: &str| {
        let (status, answer) = shop.send("/v1/batch", body).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (StatusCode::BAD_REQUEST, &json!(expected)),
            "{answer}"
        );
    };
    let text = |size: usize| json!({ "text": "x".repeat(size) });
    refused(batch(1, text(EVENT_LIMIT)), "too_large").await;
    refused(batch(MESSAGES_LIMIT + 1, Value::Null), "too_many_messages").await;
    refused(batch(1000, text(10_000)), "too_large").await;
    assert!(shop.events().await.is_empty());

    let large = json!({ "type": "page", "userId": "a", "messageId": "large", "name": "x".repeat(EVENT_LIMIT / 2 + 500) });
    let both = json!({ "batch": [large, page(1)], "context": text(EVENT_LIMIT / 2) });
    let (_, answer) = shop.send("/v1/batch", both.to_string()).await;
    assert_eq!((&answer["accepted"], &answer["rejected"][0]["code"]), (&json!(1), &json!("too_large")));
    assert!(answer["rejected"][0]["reason"].as_str().unwrap().contains("context"), "{answer}");

    let members: serde_json::Map<_, _> = (0..2000).map(|n| (n.to_string(), json!(0))).collect();
    let (_, answer) = shop.send("/v1/batch", batch(200, Value::Object(members))).await;
    assert_eq!(answer["accepted"], 199, "one was there already");
    let (_, answer) = shop.send("/v1/batch", batch(MESSAGES_LIMIT, Value::Null)).await;
    assert_eq!(answer["accepted"], MESSAGES_LIMIT - 200);
    shop.close().await;
}

#[tokio::test]
async fn of_very_many_refused_messages_the_first_are_listed_and_the_others_counted() {
    let shop = Shop::open().await;
    let (status, answer) = shop.send("/v1/batch", json!({ "batch": vec![0; 1000] }).to_string()).await;
    assert_eq!((status, answer["rejected"].as_array().unwrap().len()), (StatusCode::OK, 1000));
    let (_, list) = shop.get("/api/rejected-events?limit=1000").await;
    let listed = list["rejected_events"].as_array().unwrap();
    assert_eq!(listed.len(), 101);
    assert_eq!(listed[0]["code"], "and_more");
    assert!(listed[0]["reason"].as_str().unwrap().starts_with("900 more"), "{}", listed[0]);
    shop.close().await;
}

#[tokio::test]
async fn an_event_without_an_id_is_not_stored_when_its_request_fails() {
    let Some(database) = postgres() else { return };
    let store = open_store(&database).await;
    let shop = Shop::on(store, TempDir::new().unwrap(), ServerOptions::default()).await;
    psql(&database, "ALTER TABLE rejected_events RENAME TO away");
    let batch = json!({ "batch": [{ "type": "page", "userId": "a" }, 0] }).to_string();
    assert!(shop.send("/v1/batch", batch.clone()).await.0.is_server_error());
    psql(&database, "ALTER TABLE away RENAME TO rejected_events");
    assert_eq!(shop.send("/v1/batch", batch).await.0, StatusCode::OK);
    assert_eq!(shop.events().await.len(), 1, "sent twice, stored once");
    shop.close().await;
}

#[tokio::test]
async fn strangers_that_are_slow_do_not_hold_up_those_with_a_key() {
    let shop = Shop::with(ServerOptions { requests_at_once: 2, ..ServerOptions::default() }).await;
    let address = shop.host.trim_start_matches("http://").to_owned();
    let mut strangers = Vec::new();
    for _ in 0..2 {
        strangers.push(begin_request(&address, ""));
    }
    let without_key =
        || async { answer(shop.client.post(format!("{}/v1/track", shop.host)).body("{}")).await.0 };
    while without_key().await != StatusCode::TOO_MANY_REQUESTS {}
    assert_eq!(shop.send("/v1/page", r#"{"userId":"a"}"#).await.0, StatusCode::OK);
    drop(strangers);
    shop.close().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_and_a_wrong_key_are_answered_soon() {
    let options = ServerOptions { body_timeout: Duration::from_millis(50), ..ServerOptions::default() };
    let shop = Shop::with(options).await;
    for (authorization, expected) in [("", "HTTP/1.1 503"), ("authorization: Basic eDo=\r\n", "HTTP/1.1 401")]
    {
        let mut connection = begin_request(shop.host.trim_start_matches("http://"), authorization);
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = [0; 12];
            connection.read_exact(&mut answer).unwrap();
            answer
        });
        let answer = answer.await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), expected);
    }
    shop.close().await;
}

#[tokio::test]
async fn gzip_is_read_and_bombs_are_not_unpacked() {
    let shop = Shop::open().await;
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let send = async |body: Vec<u8>, coding: &str| {
        answer(shop.post("/v1/batch").header("content-encoding", coding).body(body)).await
    };
    let batch = json!({ "batch": [{ "type": "page", "userId": "a", "messageId": "m" }] }).to_string();
    assert_eq!(send(gzip(batch.as_bytes()), "gzip").await.1["accepted"], 1);

    let bomb = send(gzip(&vec![b' '; 100 * REQUEST_LIMIT]), "gzip").await;
    assert_eq!((bomb.0, &bomb.1["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("too_large")));
    let broken = send(batch.clone().into_bytes(), "gzip").await;
    assert_eq!((broken.0, &broken.1["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("unreadable_body")));
    let unknown = send(batch.into_bytes(), "br").await;
    assert_eq!(
        (unknown.0, &unknown.1["error"]["code"]),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!("unknown_coding"))
    );
    shop.close().await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_and_listed() {
    let shop = Shop::open().await;
    let key = shop.write_key.clone();
    for body in ["", "{", "[]", "\"text\"", "{\"batch\": {}}", "{\"batch\": 1}", "\u{fffd}"] {
        let (status, answer) = shop.send("/v1/batch", body.to_owned()).await;
        let error = &answer["error"]["code"];
        assert_eq!((status, error), (StatusCode::BAD_REQUEST, &json!("malformed_json")), "{body}");
    }
    let (status, _) = shop.send("/v1/track", format!("{{\"writeKey\": \"{key}\", \"event\"")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = shop.send("/v1/track", vec![b'"', 0xff, 0xfe, b'"']).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, list) = shop.get("/api/rejected-events").await;
    let listed = list["rejected_events"].as_array().unwrap();
    assert_eq!(listed.len(), 9);
    assert!(!list.to_string().contains(&key), "the key is cut out");
    assert!(shop.events().await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn browsers_may_send_from_any_page() {
    let shop = Shop::open().await;
    let url = format!("{}/v1/t", shop.host);
    let preflight = shop.client.request(Method::OPTIONS, &url).header("origin", "https://shop.example");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    assert_eq!(preflight.headers()["access-control-allow-methods"], "POST");
    let body = json!({ "event": "E", "anonymousId": "x", "writeKey": shop.write_key }).to_string();
    let sent = shop.client.post(&url).header("content-type", "text/plain").body(body).send().await.unwrap();
    assert_eq!(
        (sent.status(), &sent.headers()["access-control-allow-origin"]),
        (StatusCode::OK, &"*".parse().unwrap())
    );
    let refused = shop.client.post(&url).body("{}").send().await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], "*", "a page can read why it was refused");
    let api = shop.client.get(format!("{}/api/snapshots", shop.host)).send().await.unwrap();
    assert!(!api.headers().contains_key("access-control-allow-origin"), "only for events");
    shop.close().await;
}

#[tokio::test]
async fn too_many_requests_at_once_are_told_when_to_come_back() {
    let shop = Shop::with(ServerOptions { requests_at_once: 0, ..ServerOptions::default() }).await;
    let response = shop.post("/v1/track").body("{}").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["x-ratelimit-reset"], "1");
    shop.close().await;
}

/// A request whose body does not come.
fn begin_request(address: &str, headers: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("POST /v1/track HTTP/1.1\r\nhost: x\r\n{headers}content-length: 10\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    connection
}

#[tokio::test]
async fn a_request_that_takes_too_long_ends() {
    let options = ServerOptions { request_timeout: Duration::from_millis(50), ..ServerOptions::default() };
    let shop = Shop::with(options).await;
    let address = shop.host.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = [0; 12];
        begin_request(&address, "").read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    });
    assert_eq!(answer.await.unwrap(), "HTTP/1.1 503");
    shop.close().await;
}
