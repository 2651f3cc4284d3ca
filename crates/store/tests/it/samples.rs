//! Events to append, and what a store holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use perennial_store::{EventKind, NewEvent, Store, StoredEvent};

/// A time, in seconds since 1970.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// An event of somebody whose id follows from the message id.
pub(crate) fn event(message_id: &str) -> NewEvent {
    NewEvent {
        message_id: message_id.to_owned(),
        kind: EventKind::Track,
        event: Some("Product Viewed".to_owned()),
        user_id: None,
        anonymous_id: Some(format!("browser of {message_id}")),
        at: at(1_700_000_000),
        payload: format!(r#"{{"type":"track","messageId":"{message_id}","note":"ünïcödé 🛒"}}"#),
    }
}

/// Events with these message ids.
pub(crate) fn events<'a>(message_ids: impl IntoIterator<Item = &'a str>) -> Vec<NewEvent> {
    message_ids.into_iter().map(event).collect()
}

/// All events, read a few at a time.
pub(crate) async fn all_events(store: &Store) -> Vec<StoredEvent> {
    let mut all: Vec<StoredEvent> = Vec::new();
    loop {
        let after = all.last().map_or(0, |event| event.seq);
        let next = store.events_after(after, 1000).await.unwrap();
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

/// How often each message id is stored.
pub(crate) async fn counts(store: &Store) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for stored in all_events(store).await {
        *counts.entry(stored.event.message_id).or_default() += 1;
    }
    counts
}
