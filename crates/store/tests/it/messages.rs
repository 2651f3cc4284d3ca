//! Segment messages as a server hands them to the store.

use jiff::Timestamp;
use perennial_store::{EventKind, Identifier, NewEvent, Profile, Store};
use serde_json::{Value, json};

use crate::samples::at;

/// An identify call, at a time in seconds.
// By value: what is given is a `json!` at the call.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn identify(
    id: &str,
    user: Option<&str>,
    anonymous: Option<&str>,
    traits: Value,
    seconds: i64,
) -> NewEvent {
    message(EventKind::Identify, id, user, anonymous, json!({ "traits": traits }), seconds)
}

/// A track call, at a time in seconds.
// By value, as above.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn track(
    id: &str,
    event: &str,
    user: Option<&str>,
    anonymous: Option<&str>,
    properties: Value,
    seconds: i64,
) -> NewEvent {
    let message =
        message(EventKind::Track, id, user, anonymous, json!({ "properties": properties }), seconds);
    NewEvent { event: Some(event.to_owned()), ..message }
}

/// An alias call, at a time in seconds.
pub(crate) fn alias(id: &str, user: &str, previous: &str, seconds: i64) -> NewEvent {
    message(EventKind::Alias, id, Some(user), None, json!({ "previousId": previous }), seconds)
}

pub(crate) fn message(
    kind: EventKind,
    id: &str,
    user: Option<&str>,
    anonymous: Option<&str>,
    mut payload: Value,
    seconds: i64,
) -> NewEvent {
    payload["messageId"] = json!(id);
    payload["userId"] = json!(user);
    payload["anonymousId"] = json!(anonymous);
    NewEvent {
        message_id: id.to_owned(),
        kind,
        event: None,
        user_id: user.map(Into::into),
        anonymous_id: anonymous.map(Into::into),
        at: at(seconds),
        payload: payload.to_string(),
    }
}

/// A time after all messages.
pub(crate) fn later() -> Timestamp {
    at(2_000_000_000)
}

/// Appends messages and brings everything up to date with them.
pub(crate) async fn receive(store: &Store, messages: Vec<NewEvent>) {
    store.append("shop", later(), messages).await.unwrap();
    store.project_all().await.unwrap();
}

/// The profile behind an identifier such as `user_id:7`.
pub(crate) async fn profile(store: &Store, identifier: &str) -> Profile {
    store.profile(&id(identifier)).await.unwrap().unwrap_or_else(|| panic!("{identifier} has no profile"))
}

/// The customer that an identifier belongs to.
pub(crate) async fn customer(store: &Store, identifier: &str) -> String {
    profile(store, identifier).await.customer.to_string()
}

pub(crate) fn id(identifier: &str) -> Identifier {
    identifier.parse().unwrap()
}
