//! Refused events are listed with their reason, and bounded.

use perennial_store::{Page, REJECTED_PAYLOAD_LIMIT, RejectedEvent};

use crate::databases::for_each_database;
use crate::samples::at;

fn rejected(code: &str) -> RejectedEvent {
    RejectedEvent {
        source: "shop".to_owned(),
        message_id: Some(format!("id of {code}")),
        received_at: at(7),
        code: code.to_owned(),
        reason: "an event needs a userId or an anonymousId".to_owned(),
        payload: "{\"type\":\"track\"}".to_owned(),
    }
}

#[tokio::test]
async fn refused_events_are_listed_newest_first_in_pages() {
    for_each_database(async |store| {
        let codes: Vec<String> = (0..70).map(|number| format!("code_{number}")).collect();
        store.reject(codes.iter().map(|code| rejected(code)).collect()).await.unwrap();
        store.reject(vec![]).await.unwrap();

        let first = store.rejected_events(Page::newest(50)).await.unwrap();
        assert_eq!(first.len(), 50);
        assert_eq!(first[0].event, rejected("code_69"));
        let rest = store.rejected_events(Page::before(first[49].id, 50)).await.unwrap();
        let all: Vec<_> = first.iter().chain(&rest).map(|stored| stored.event.code.clone()).collect();
        assert!(all.iter().rev().eq(&codes));
    })
    .await;
}

#[tokio::test]
async fn rubbish_is_kept_cut_and_printable() {
    for_each_database(async |store| {
        let rubbish = RejectedEvent {
            message_id: None,
            payload: "€\0".repeat(REJECTED_PAYLOAD_LIMIT),
            ..rejected("not_json")
        };
        store.reject(vec![rubbish]).await.unwrap();
        let kept = store.rejected_events(Page::default()).await.unwrap().remove(0).event;
        assert_eq!(kept.message_id, None);
        assert!(kept.payload.starts_with("€\u{fffd}€"));
        // 32 KB of "€\0" are four bytes each; NUL is replaced by a character of three.
        assert_eq!(kept.payload.len(), REJECTED_PAYLOAD_LIMIT / 4 * 6);
    })
    .await;
}

#[tokio::test]
async fn what_was_refused_is_forgotten_like_the_payloads_of_events() {
    for_each_database(async |store| {
        let young = RejectedEvent { received_at: at(100), ..rejected("young") };
        store.reject(vec![rejected("old"), young.clone()]).await.unwrap();
        assert_eq!(store.forget_payloads(at(50)).await.unwrap(), 1);
        assert_eq!(store.forget_payloads(at(50)).await.unwrap(), 0);
        let kept = store.rejected_events(Page::default()).await.unwrap();
        assert_eq!(kept[0].event, young);
        let old = RejectedEvent { payload: String::new(), reason: "old".to_owned(), ..rejected("old") };
        assert_eq!(kept[1].event, old, "that it was refused, and the code, stays");
    })
    .await;
}
