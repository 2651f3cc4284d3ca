//! Segment's HTTP API as it is: the SDKs that shops already use send their events here.
//!
//! A request is read (`envelope`), each of its messages checked (`message`), the good ones are appended to the store in one
//! call, durable when it returns, and the refused ones are listed with their reason.

pub(crate) mod cors;
mod envelope;
mod message;
mod object;
mod refusal;
mod times;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::post;
use jiff::Timestamp;
use perennial_store::{EventKind, MESSAGE_ID_LIMIT, RejectedEvent, Scope};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use self::envelope::Envelope;
use self::message::{Refused, check};
use self::refusal::Refusal;
use crate::auth;
use crate::clock;
use crate::error::ApiError;
use crate::state::AppState;

/// The most bytes of one message.
pub const EVENT_LIMIT: usize = 32 * 1024;
/// The most bytes of one request, after decompression.
pub const REQUEST_LIMIT: usize = 500 * 1024;
/// The most messages of one batch.
pub const MESSAGES_LIMIT: usize = 2500;
/// The most bytes that a batch's `context` and `integrations` may take once each of its messages has them.
const BATCH_LIMIT: usize = 4 * 1024 * 1024;
/// Refused messages of one request that are listed one by one; the others are counted.
const LISTED_LIMIT: usize = 100;
/// The most characters of an identifier, a group's id or an event's name.
pub const ID_LIMIT: usize = 255;

/// All paths: the long ones, and the short ones that the browser's SDK uses.
pub(crate) fn routes() -> Router<AppState> {
    let mut routes = Router::new();
    for (kind, paths) in [
        (EventKind::Identify, ["/v1/identify", "/v1/i"]),
        (EventKind::Track, ["/v1/track", "/v1/t"]),
        (EventKind::Page, ["/v1/page", "/v1/p"]),
        (EventKind::Screen, ["/v1/screen", "/v1/s"]),
        (EventKind::Group, ["/v1/group", "/v1/g"]),
        (EventKind::Alias, ["/v1/alias", "/v1/a"]),
    ] {
        for path in paths {
            let handler = async move |State(state), request| take(&state, request, Some(kind)).await;
            routes = routes.route(path, post(handler).options(cors::PREFLIGHT));
        }
    }
    for path in ["/v1/batch", "/v1/b", "/v1/import"] {
        let handler = async |State(state), request| take(&state, request, None).await;
        routes = routes.route(path, post(handler).options(cors::PREFLIGHT));
    }
    routes
}

/// The answer to a request whose messages were looked at: Segment's `success`, and what became of each message.
#[derive(Debug, Serialize)]
struct Taken {
    success: bool,
    /// Messages that are stored now and were not before.
    accepted: u64,
    /// Ids of messages that were stored already.
    duplicates: Vec<String>,
    rejected: Vec<Rejected>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rejected {
    /// The message's place in the batch, from 0.
    index: usize,
    message_id: Option<String>,
    code: &'static str,
    reason: String,
}

/// Takes a request: `kind` is what the path names, `None` for a batch.
async fn take(state: &AppState, request: Request, kind: Option<EventKind>) -> Result<Json<Taken>, ApiError> {
    let (parts, body) = request.into_parts();
    let _room = room(state, &parts).await?;
    let received_at = clock::now();
    let body = timeout(state.body_timeout, read(&parts, body))
        .await
        .unwrap_or_else(|_| Err(ApiError::unavailable("the body took too long to come; try again")))?;
    let envelope = match Envelope::parse(&body, kind, received_at) {
        Ok(envelope) => envelope,
        Err(error) => return Err(unreadable(state, &parts, &body, received_at, error).await),
    };
    let key = auth::write_key(&parts.headers, envelope.write_key.as_deref());
    let source = auth::require(&state.store, key.as_deref(), Scope::Write).await?.name;

    let mut events = Vec::with_capacity(envelope.messages.len());
    let mut refused = Vec::new();
    for (index, message) in envelope.messages.iter().enumerate() {
        match check(message, &envelope.shared) {
            Ok(event) => events.push(event),
            Err(refusal) => refused.push((index, *message, refusal)),
        }
    }
    // Before the events: were it to fail after them, a request that is sent again would count twice what has no id.
    state.store.reject(listed(&refused, &source, received_at, &key.unwrap_or_default())).await?;
    let appended = state.store.append(&source, received_at, events).await?;
    state.projector.wake();
    if kind.is_some()
        && let Some((_, _, Refused { refusal: refusal @ Refusal::TooLarge { .. }, .. })) = refused.first()
    {
        return Err(ApiError::bad_request(refusal.code(), refusal.to_string()));
    }
    let rejected = refused.into_iter().map(|(index, _, refused)| refused.at(index)).collect();
    Ok(Json(Taken { success: true, accepted: appended.accepted, duplicates: appended.duplicates, rejected }))
}

/// Room for the request while it is worked on. Whoever shows a key in the headers, which are here already, does not wait
/// behind strangers whose bodies may never come.
async fn room<'a>(state: &'a AppState, parts: &Parts) -> Result<SemaphorePermit<'a>, ApiError> {
    let room = match auth::basic_user(&parts.headers) {
        Some(key) => {
            auth::require(&state.store, Some(key.as_str()), Scope::Write).await?;
            &state.requests
        }
        None => &state.strangers,
    };
    room.try_acquire().map_err(|_| ApiError::too_many_requests())
}

/// The refused messages as they are listed: the first one by one, the others as one entry that counts them.
fn listed(
    refused: &[(usize, &RawValue, Refused)],
    source: &str,
    received_at: Timestamp,
    key: &str,
) -> Vec<RejectedEvent> {
    let (first, others) = refused.split_at(refused.len().min(LISTED_LIMIT));
    let mut listed: Vec<_> = first
        .iter()
        .map(|(_, message, refused)| refused.listed(source, received_at, message.get(), key))
        .collect();
    if !others.is_empty() {
        let reason =
            format!("{} more messages of the same request were refused; its answer named them", others.len());
        listed.push(RejectedEvent {
            source: source.to_owned(),
            message_id: None,
            received_at,
            code: "and_more".to_owned(),
            reason,
            payload: String::new(),
        });
    }
    listed
}

/// The body, decompressed by the layer around this and bounded here.
async fn read(parts: &Parts, body: Body) -> Result<Bytes, ApiError> {
    // A coding that the layer has read is no longer among the headers.
    if let Some(coding) = parts.headers.get(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let message = format!("the Content-Encoding {coding:?} is not read; gzip and identity are");
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_coding", message));
    }
    to_bytes(body, REQUEST_LIMIT).await.map_err(|error| {
        let too_large =
            std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("length limit"));
        if too_large {
            let message =
                format!("the body is larger than {REQUEST_LIMIT} bytes: send fewer messages at once");
            return ApiError::bad_request("too_large", message);
        }
        ApiError::bad_request(
            "unreadable_body",
            "the body broke off, or its Content-Encoding is wrong (gzip is read)",
        )
    })
}

/// Lists a body that is no JSON under its source, where the request's headers name one.
async fn unreadable(
    state: &AppState,
    parts: &Parts,
    body: &[u8],
    received_at: Timestamp,
    error: ApiError,
) -> ApiError {
    let key = auth::write_key(&parts.headers, None);
    let source = match auth::require(&state.store, key.as_deref(), Scope::Write).await {
        Ok(key) => key.name,
        Err(refused) => return refused,
    };
    let rejected = RejectedEvent {
        source,
        message_id: None,
        received_at,
        code: error.code().to_owned(),
        reason: error.message().to_owned(),
        payload: without_key(&String::from_utf8_lossy(body), &key.unwrap_or_default()),
    };
    match state.store.reject(vec![rejected]).await {
        Ok(()) => error,
        Err(store) => store.into(),
    }
}

impl Refused {
    fn listed(&self, source: &str, received_at: Timestamp, message: &str, key: &str) -> RejectedEvent {
        RejectedEvent {
            source: source.to_owned(),
            message_id: self.message_id.clone(),
            received_at,
            code: self.refusal.code().to_owned(),
            reason: self.refusal.to_string(),
            payload: without_key(message, key),
        }
    }

    fn at(self, index: usize) -> Rejected {
        let reason = self.refusal.to_string();
        Rejected { index, message_id: self.message_id, code: self.refusal.code(), reason }
    }
}

/// What was received, without the key that it may carry.
fn without_key(text: &str, key: &str) -> String {
    if key.is_empty() { text.to_owned() } else { text.replace(key, "[write key]") }
}

/// The beginning of what a client wrote, for a message to that client.
fn quoted(text: &str) -> String {
    text.chars().take(60).collect()
}
