//! A request's body: one message, or a batch of them under what they share.

use std::borrow::Cow;

use jiff::Timestamp;
use perennial_store::EventKind;
use serde_json::value::RawValue;

use super::message::Shared;
use super::object::Object;
use super::{BATCH_LIMIT, EVENT_LIMIT, MESSAGES_LIMIT, times};
use crate::error::ApiError;

/// What came in one request.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    /// The messages, each still as it was written.
    pub(crate) messages: Vec<&'a RawValue>,
    pub(crate) shared: Shared<'a>,
    /// The write key, where the body carries it.
    pub(crate) write_key: Option<String>,
}

impl<'a> Envelope<'a> {
    /// Reads the body of a path that names a kind (one message), or of `batch` and `import` (`None`).
    pub(crate) fn parse(
        body: &'a [u8],
        kind: Option<EventKind>,
        received_at: Timestamp,
    ) -> Result<Self, ApiError> {
        let message: &RawValue = serde_json::from_slice(body).map_err(|error| {
            ApiError::bad_request("malformed_json", format!("the body is no JSON: {error}"))
        })?;
        let members = Object::parse(message.get())
            .ok_or_else(|| ApiError::bad_request("malformed_json", "the body is JSON, but no object"))?;
        let write_key = string(&members, "writeKey");
        if kind.is_some() {
            let shared = Shared { kind, received_at, ..Shared::default() };
            return Ok(Self { messages: vec![message], shared, write_key });
        }
        batch(members, received_at, write_key)
    }
}

fn batch(
    mut members: Object<'_>,
    received_at: Timestamp,
    write_key: Option<String>,
) -> Result<Envelope<'_>, ApiError> {
    let messages = members.list("batch").ok_or_else(|| {
        ApiError::bad_request("malformed_json", "the body of a batch needs `batch`, a list of messages")
    })?;
    if messages.len() > MESSAGES_LIMIT {
        let found = messages.len();
        let message = format!("{found} messages; a batch has at most {MESSAGES_LIMIT}: send fewer at once");
        return Err(ApiError::bad_request("too_many_messages", message));
    }
    check_shared(&members, messages.len())?;
    // A `sentAt` that cannot be read says nothing about the client's clock; the messages' own times stand.
    let sent_at = string(&members, "sentAt").and_then(|text| times::parse(&text));
    let mut defaults = |name| members.get(name).is_some().then(|| members.take_object(name));
    let (context, integrations) = (defaults("context"), defaults("integrations"));
    let shared = Shared { kind: None, context, integrations, sent_at, received_at };
    Ok(Envelope { messages, shared, write_key })
}

/// What all messages share is stored with each of them: so a small request could make a large batch.
fn check_shared(members: &Object<'_>, messages: usize) -> Result<(), ApiError> {
    let mut shared = 0;
    for name in ["context", "integrations"] {
        let size = members.get(name).map_or(0, |value| value.get().len());
        if size > EVENT_LIMIT {
            let message = format!("`{name}` has {size} bytes; what a batch shares has at most {EVENT_LIMIT}");
            return Err(ApiError::bad_request("too_large", message));
        }
        shared += size;
    }
    if shared * messages > BATCH_LIMIT {
        let message = format!(
            "`context` and `integrations` of {shared} bytes for each of {messages} messages are more than {BATCH_LIMIT} \
             bytes: send fewer messages at once"
        );
        return Err(ApiError::bad_request("too_large", message));
    }
    Ok(())
}

fn string(members: &Object<'_>, name: &str) -> Option<String> {
    let text: Cow<'_, str> = serde_json::from_str(members.get(name)?.get()).ok()?;
    Some(text.into_owned())
}
