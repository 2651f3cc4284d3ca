//! Webhooks from the announcement to the endpoint, on both databases. Time is handed in: no test waits for it.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use perennial_handoff::webhooks::{
    ATTEMPTS, Event, EventType, Pass, RunCompleted, RunFailed, WebhookSettings, WebhookWorker, announce,
    check,
};
use perennial_store::{Delivery, DeliveryState, Error as StoreError, Page, Recipients, Store};
use sha2::Sha256;

use crate::databases::{for_each_database, for_each_empty};
use crate::endpoints::{Answer, Endpoint, nobody};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_SECRET: &str = "whsec_bmV2ZXIgdXNlIHRoaXMga2V5IGZvciBhbnl0aGluZw";

/// Settings with the secrets in files of a folder of their own.
struct Shop {
    folder: tempfile::TempDir,
    settings: Vec<WebhookSettings>,
}

impl Shop {
    fn sending_to(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        std::fs::write(folder.path().join("old"), OLD_SECRET).unwrap();
        let settings = serde_json::from_value(serde_json::json!([
            { "name": "shop", "url": url, "secret": "file:secret", "timeout_seconds": 1 }
        ]));
        Self { folder, settings: settings.unwrap() }
    }

    fn worker(&self, store: &Store) -> WebhookWorker {
        WebhookWorker::new(store.clone(), &self.settings, self.folder.path()).unwrap()
    }

    async fn announce(&self, store: &Store, run: &str, at: Timestamp) {
        assert_eq!(announce(store, &self.settings, &failed(run), at).await.unwrap(), self.settings.len());
    }
}

fn failed(run: &str) -> Event {
    let as_of = "2026-11-01".parse().unwrap();
    Event::RunFailed(RunFailed { run: run.into(), as_of: Some(as_of), code: "sources".into() })
}

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

async fn only(store: &Store) -> Delivery {
    let mut all = store.deliveries(None, Page::default()).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn passed(delivered: u64, postponed: u64, dead: u64) -> Pass {
    Pass { delivered, postponed, dead }
}

fn signature(secret: &str, id: &str, timestamp: &str, body: &str) -> String {
    let key = STANDARD_NO_PAD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_delivery_is_signed_and_sent_once() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([]).await;
        let mut shop = Shop::sending_to(endpoint.url());
        shop.settings[0].previous_secret = Some(String::from("file:old").try_into().unwrap());
        let event = Event::RunCompleted(RunCompleted {
            run: "17".into(),
            snapshot: "2026-11-01_1".into(),
            as_of: "2026-11-01".parse().unwrap(),
            customers: 2357,
            currency: "EUR".into(),
            horizon_days: 365,
            historic_clv: 100.5,
            predicted_clv: 50.25,
            predicted_clv_interval: [40.0, 60.0],
            interval_level: 0.9,
        });
        for _ in 0..2 {
            announce(&store, &shop.settings, &event, noon()).await.unwrap();
            shop.worker(&store).deliver_due(noon()).await.unwrap();
        }
        let received = endpoint.received();
        assert_eq!(received.len(), 1, "announced twice, sent once");
        let request = &received[0];
        assert_eq!(request.header("content-type"), "application/json");
        let message: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(message["type"], "run.completed");
        assert_eq!(message["timestamp"], "2026-11-22T12:00:00Z");
        assert_eq!(message["data"]["customers"], 2357);
        assert_eq!(message["data"]["predicted_clv_interval"], serde_json::json!([40.0, 60.0]));
        let (id, timestamp) = (request.header("webhook-id"), request.header("webhook-timestamp"));
        let sent_at: i64 = timestamp.parse().unwrap();
        assert!((0..60).contains(&(sent_at - noon().as_second())), "{timestamp}");
        let both =
            [SECRET, OLD_SECRET].map(|secret| signature(secret, id, timestamp, &request.body)).join(" ");
        assert_eq!(request.header("webhook-signature"), both);
        let delivery = only(&store).await;
        assert_eq!((delivery.id.as_str(), delivery.state), (id, DeliveryState::Delivered));
        assert_eq!((delivery.last_status, delivery.last_error), (Some(204), None));
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_hears_only_what_it_asked_for() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([]).await;
        let mut shop = Shop::sending_to(endpoint.url());
        shop.settings[0].events = vec![EventType::SnapshotRestated];
        assert_eq!(announce(&store, &shop.settings, &failed("1"), noon()).await.unwrap(), 0);
        assert_eq!(store.deliveries(None, Page::default()).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_failed_is_sent_again_under_the_same_id_and_not_too_early() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([Answer::Status(500, None, "out of\n order".into())]).await;
        let shop = Shop::sending_to(endpoint.url());
        let worker = shop.worker(&store);
        shop.announce(&store, "1", noon()).await;
        assert_eq!(worker.deliver_due(noon()).await.unwrap(), passed(0, 1, 0));
        let waiting = only(&store).await;
        assert_eq!(waiting.state, DeliveryState::Pending);
        assert_eq!(waiting.last_error.as_deref(), Some("500 Internal Server Error: out of order"));
        assert!(waiting.next_attempt_at >= noon() + SignedDuration::from_secs(5));
        assert_eq!(store.next_delivery_at().await.unwrap(), Some(waiting.next_attempt_at));

        let too_early = waiting.next_attempt_at - SignedDuration::from_millis(1);
        assert_eq!(worker.deliver_due(too_early).await.unwrap(), passed(0, 0, 0));
        assert_eq!(worker.deliver_due(waiting.next_attempt_at).await.unwrap(), passed(1, 0, 0));
        let received = endpoint.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
        assert_eq!(received[0].body, received[1].body);
        assert!(received[0].header("webhook-timestamp") < received[1].header("webhook-timestamp"));
        let attempts = store.delivery_attempts(&waiting.id).await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [Some(500), Some(204)]);
    })
    .await;
}

#[tokio::test]
async fn a_wait_that_the_endpoint_asks_for_is_kept() {
    for_each_database(async |store| {
        let retry_after = Some(("retry-after", "7200".to_owned()));
        let endpoint = Endpoint::answering([Answer::Status(503, retry_after, String::new())]).await;
        let shop = Shop::sending_to(endpoint.url());
        shop.announce(&store, "1", noon()).await;
        shop.worker(&store).deliver_due(noon()).await.unwrap();
        assert!(only(&store).await.next_attempt_at >= noon() + SignedDuration::from_hours(2));
    })
    .await;
}

#[tokio::test]
async fn silence_refusal_and_redirects_are_failures_that_name_no_address() {
    for_each_database(async |store| {
        let elsewhere = Endpoint::answering([]).await;
        let moved = Some(("location", elsewhere.url().to_owned()));
        let endpoint =
            Endpoint::answering([Answer::Silence, Answer::Status(307, moved, String::new())]).await;
        let shop = Shop::sending_to(endpoint.url());
        shop.announce(&store, "1", noon()).await;

        assert_eq!(shop.worker(&store).deliver_due(noon()).await.unwrap(), passed(0, 1, 0));
        assert_eq!(only(&store).await.last_error.as_deref(), Some("no answer in time"));

        let due = only(&store).await.next_attempt_at;
        assert_eq!(shop.worker(&store).deliver_due(due).await.unwrap(), passed(0, 1, 0));
        let redirected = only(&store).await;
        assert_eq!(redirected.last_status, Some(307));
        assert!(redirected.last_error.unwrap().contains("redirects are not followed"));
        assert!(elsewhere.received().is_empty());

        let closed = Shop::sending_to(&nobody().await);
        let pass = closed.worker(&store).deliver_due(redirected.next_attempt_at).await.unwrap();
        assert_eq!(pass, passed(0, 1, 0));
        let refused = only(&store).await.last_error.unwrap();
        assert!(refused.to_lowercase().contains("connect"), "{refused}");
        assert!(!refused.contains("127.0.0.1:") && !refused.contains("/hooks"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn only_the_start_of_an_answer_is_read() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([Answer::Status(500, None, "x".repeat(20_000_000))]).await;
        let shop = Shop::sending_to(endpoint.url());
        shop.announce(&store, "1", noon()).await;
        shop.worker(&store).deliver_due(noon()).await.unwrap();
        assert!(only(&store).await.last_error.unwrap().len() < 600);
    })
    .await;
}

#[tokio::test]
async fn a_delivery_dies_after_its_last_attempt_and_can_be_replayed() {
    for_each_database(async |store| {
        let answers = (1..ATTEMPTS).map(|_| 500).chain([404]);
        let endpoint = Endpoint::answering(answers.map(Answer::status)).await;
        let shop = Shop::sending_to(endpoint.url());
        let worker = shop.worker(&store);
        shop.announce(&store, "1", noon()).await;
        let mut now = noon();
        for _ in 1..ATTEMPTS {
            assert_eq!(worker.deliver_due(now).await.unwrap(), passed(0, 1, 0));
            now = only(&store).await.next_attempt_at;
        }
        assert_eq!(worker.deliver_due(now).await.unwrap(), passed(0, 0, 1));
        let dead = store.dead_deliveries(Page::default()).await.unwrap();
        assert_eq!(dead.len(), 1);
        let reason = dead[0].last_error.as_deref().unwrap();
        assert!(reason.contains("10 attempts") && reason.contains("404"), "{reason}");
        assert_eq!(dead[0].last_status, Some(404), "that of the last attempt");
        let age = now.duration_since(noon()).as_hours();
        assert!(reason.contains(&format!("{age} h")), "{age}: {reason}");
        assert_eq!(worker.deliver_due(now + SignedDuration::from_hours(999)).await.unwrap(), passed(0, 0, 0));

        let id = &dead[0].id;
        assert!(matches!(store.replay("msg_none", now).await, Err(StoreError::NotFound(_))));
        store.replay(id, now).await.unwrap();
        assert_eq!(worker.deliver_due(now).await.unwrap(), passed(1, 0, 0));
        assert!(endpoint.received().iter().all(|request| request.header("webhook-id") == id));
        assert_eq!(store.delivery_attempts(id).await.unwrap().len(), ATTEMPTS as usize + 1);
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_left_alone_until_it_is_enabled() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([Answer::status(410)]).await;
        let shop = Shop::sending_to(endpoint.url());
        let worker = shop.worker(&store);
        shop.announce(&store, "1", noon()).await;
        assert_eq!(worker.deliver_due(noon()).await.unwrap(), passed(0, 0, 1));
        assert_eq!(store.disabled_endpoints().await.unwrap()[0].endpoint, "shop");
        shop.announce(&store, "2", noon()).await;
        assert_eq!(worker.deliver_due(noon()).await.unwrap(), passed(0, 0, 0));
        let dead = store.dead_deliveries(Page::default()).await.unwrap();
        assert_eq!(dead.len(), 2, "nothing vanishes");
        assert!(dead.iter().all(|delivery| !delivery.last_error.as_deref().unwrap().is_empty()));
        let refused = store.replay(&dead[0].id, noon()).await.unwrap_err().to_string();
        assert!(refused.contains("enable"), "{refused}");

        store.enable_endpoint("shop").await.unwrap();
        assert!(store.enable_endpoint("shop").await.is_err());
        for delivery in &dead {
            store.replay(&delivery.id, noon()).await.unwrap();
        }
        assert_eq!(worker.deliver_due(noon()).await.unwrap(), passed(2, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_delivery_without_an_endpoint_is_listed() {
    for_each_database(async |store| {
        let shop = Shop::sending_to(&nobody().await);
        shop.announce(&store, "1", noon()).await;
        let worker = WebhookWorker::new(store.clone(), &[], Path::new(".")).unwrap();
        assert_eq!(worker.deliver_due(noon()).await.unwrap(), passed(0, 0, 1));
        assert!(only(&store).await.last_error.unwrap().contains("no endpoint of this name"));
    })
    .await;
}

#[tokio::test]
async fn what_was_written_down_is_sent_by_the_next_process() {
    for_each_empty(async |fresh| {
        let endpoint = Endpoint::answering([]).await;
        let shop = Shop::sending_to(endpoint.url());
        let died = Store::open(&fresh.url()).await.unwrap();
        shop.announce(&died, "1", noon()).await;
        // It had begun to send: the delivery is claimed, and nobody will report.
        shop.announce(&died, "2", noon()).await;
        let lease = Duration::from_mins(2);
        assert_eq!(died.claim_deliveries(Recipients::AllBut(&[]), noon(), lease, 1).await.unwrap().len(), 1);
        died.close().await.unwrap();

        let store = Store::open(&fresh.url()).await.unwrap();
        let worker = shop.worker(&store);
        assert_eq!(
            worker.deliver_due(noon()).await.unwrap(),
            passed(1, 0, 0),
            "what is claimed is left to the other"
        );
        let later = noon() + SignedDuration::from_mins(2);
        assert_eq!(worker.deliver_due(later).await.unwrap(), passed(1, 0, 0), "until its lease has run out");
        let attempts = store.delivery_attempts(endpoint.received()[1].header("webhook-id")).await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [None, Some(204)]);
        store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_reports_too_late_changes_nothing_for_the_worse() {
    for_each_database(async |store| {
        let shop = Shop::sending_to(&nobody().await);
        shop.announce(&store, "1", noon()).await;
        let lease = Duration::from_mins(2);
        let slow = store.claim_deliveries(Recipients::AllBut(&[]), noon(), lease, 1).await.unwrap().remove(0);
        let later = noon() + SignedDuration::from_mins(3);
        let quick = store.claim_deliveries(Recipients::AllBut(&[]), later, lease, 1).await.unwrap().remove(0);
        let attempt = |problem: Option<&str>| perennial_store::Attempt {
            status: None,
            problem: problem.map(str::to_owned),
            at: later,
        };
        store.delivery_dead(&slow, &attempt(Some("too late"))).await.unwrap();
        assert_eq!(only(&store).await.state, DeliveryState::Pending);
        store.delivered(&quick, &attempt(None)).await.unwrap();
        store.postpone_delivery(&slow, &attempt(Some("too late")), later).await.unwrap();
        assert_eq!(only(&store).await.state, DeliveryState::Delivered);
    })
    .await;
}

#[tokio::test]
async fn two_workers_share_the_work() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([]).await;
        let shop = Shop::sending_to(endpoint.url());
        for run in 0..60 {
            shop.announce(&store, &run.to_string(), noon()).await;
        }
        let (one, other) = (shop.worker(&store), shop.worker(&store));
        let (one, other) = tokio::join!(one.deliver_due(noon()), other.deliver_due(noon()));
        assert_eq!(one.unwrap().delivered + other.unwrap().delivered, 60);
        let mut ids: Vec<String> =
            endpoint.received().iter().map(|request| request.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 60);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 60, "none twice");
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_back_holds_nothing_up() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([Answer::status(500)]).await;
        let shop = Shop::sending_to(endpoint.url());
        let worker = shop.worker(&store);
        shop.announce(&store, "1", noon()).await;
        worker.deliver_due(noon()).await.unwrap();
        let yesterday = noon() - SignedDuration::from_hours(24);
        assert_eq!(
            worker.deliver_due(yesterday).await.unwrap(),
            passed(1, 0, 0),
            "not after a day and five seconds"
        );

        shop.announce(&store, "2", noon()).await;
        store.claim_deliveries(Recipients::AllBut(&[]), noon(), Duration::from_mins(2), 1).await.unwrap();
        assert_eq!(
            worker.deliver_due(yesterday).await.unwrap(),
            passed(1, 0, 0),
            "a lease from the future is none"
        );
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_never_answers_does_not_hold_up_another() {
    for_each_database(async |store| {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::answering([]).await;
        let mut shop = Shop::sending_to(&format!("http://{}/", silent.local_addr().unwrap()));
        shop.settings[0].timeout_seconds = 30;
        let other =
            WebhookSettings { name: "other".into(), url: endpoint.url().into(), ..shop.settings[0].clone() };
        for run in 0..20 {
            shop.announce(&store, &run.to_string(), noon()).await;
        }
        shop.settings.push(other);
        for run in 20..32 {
            shop.announce(&store, &run.to_string(), noon()).await;
        }
        let arrived = async {
            while endpoint.received().len() < 13 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let worker = shop.worker(&store);
        // Some of it becomes due only when the silent one has all its slots.
        let late = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            shop.announce(&store, "32", noon()).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = late => {}
            pass = worker.deliver_due(noon()) => panic!("the silent endpoint has answered: {pass:?}"),
            () = arrived => {}
        }
    })
    .await;
}

#[tokio::test]
async fn a_slow_answer_does_not_hold_up_other_messages() {
    for_each_database(async |store| {
        // The first answer comes behind all other requests: those have to begin meanwhile.
        let endpoint = Endpoint::answering([Answer::Behind(30)]).await;
        let mut shop = Shop::sending_to(endpoint.url());
        shop.settings[0].timeout_seconds = 30;
        for run in 0..30 {
            shop.announce(&store, &run.to_string(), noon()).await;
        }
        assert_eq!(shop.worker(&store).deliver_due(noon()).await.unwrap(), passed(30, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_begins_nothing_more() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([]).await;
        let shop = Shop::sending_to(endpoint.url());
        for run in 0..100 {
            shop.announce(&store, &run.to_string(), Timestamp::now()).await;
        }
        let first = async {
            while endpoint.received().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        shop.worker(&store).run(first).await;
        let delivered =
            store.deliveries(Some(DeliveryState::Delivered), Page::default()).await.unwrap().len();
        assert_eq!(delivered, endpoint.received().len(), "what was under way is finished");
        assert!((1..100).contains(&delivered), "{delivered}");
    })
    .await;
}

#[tokio::test]
async fn a_running_worker_sends_and_stops_when_told() {
    for_each_database(async |store| {
        let endpoint = Endpoint::answering([]).await;
        let shop = Shop::sending_to(endpoint.url());
        shop.announce(&store, "1", Timestamp::now()).await;
        let worker = shop.worker(&store);
        let sent = async {
            while only(&store).await.state != DeliveryState::Delivered {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), worker.run(sent)).await.unwrap();
        assert_eq!(endpoint.received().len(), 1);
    })
    .await;
}

#[test]
fn all_problems_of_endpoints_are_named_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("short"), "whsec_c2hvcnQ=").unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    let settings: Vec<WebhookSettings> = serde_json::from_value(serde_json::json!([
        { "name": "a", "url": "http://example.org/", "secret": "file:secret" },
        { "name": "b", "url": "https://example.org/", "secret": "file:short" },
        { "name": "b", "url": "https://example.org/", "secret": "env:PERENNIAL_NO_SUCH_SECRET" },
        { "name": "c", "url": "https://example.org/", "secret": "file:secret", "timeout_seconds": 0 },
        { "name": "good", "url": "https://example.org/", "secret": "file:secret" },
    ]))
    .unwrap();
    let problems: Vec<String> = check(&settings, folder.path()).iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 5, "{problems:#?}");
    for part in
        ["webhooks.a.url: https", "webhooks.b.secret", "called \"b\"", "PERENNIAL_NO_SUCH_SECRET", "1 to 30"]
    {
        assert!(problems.iter().any(|problem| problem.contains(part)), "{part} in {problems:#?}");
    }
    assert!(problems.iter().all(|problem| !problem.contains("c2hvcnQ")));
    assert!(!format!("{settings:?}").contains("MfKQ9r8"));
}
