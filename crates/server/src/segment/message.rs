//! One Segment message: what it has to have, and the event that is stored of it.

use std::borrow::Cow;

use jiff::Timestamp;
use perennial_store::{EventKind, NewEvent};
use serde_json::value::RawValue;

use super::object::Object;
use super::refusal::{Refusal, limit_of};
use super::times::{self, ClientTimes};
use super::{EVENT_LIMIT, quoted};

/// The most bytes that an id and a type add to a message without them.
const ADDED: usize = 100;

/// What the request around the messages says about all of them.
#[derive(Debug, Default)]
pub(crate) struct Shared<'a> {
    /// The kind that the path names; `None` when each message names its own.
    pub(crate) kind: Option<EventKind>,
    /// `context` and `integrations`, for messages that lack a member of them.
    pub(crate) context: Option<Object<'a>>,
    pub(crate) integrations: Option<Object<'a>>,
    /// The request's `sentAt`.
    pub(crate) sent_at: Option<Timestamp>,
    /// The server's time.
    pub(crate) received_at: Timestamp,
}

/// A message that was refused: the reason, and its id where it could be read.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) message_id: Option<String>,
    pub(crate) refusal: Refusal,
}

/// Makes the event of a message.
pub(crate) fn check<'a>(message: &'a RawValue, shared: &Shared<'a>) -> Result<NewEvent, Refused> {
    let size = message.get().len();
    if size > EVENT_LIMIT {
        return Err(Refused { message_id: None, refusal: Refusal::TooLarge { size } });
    }
    let Some(members) = Object::parse(message.get()) else {
        return Err(Refused { message_id: None, refusal: Refusal::NotAnObject });
    };
    let message_id = text(&members, "messageId").map_err(|refusal| Refused { message_id: None, refusal })?;
    event(message, members, message_id.as_deref(), shared).map_err(|refusal| Refused { message_id, refusal })
}

fn event<'a>(
    message: &'a RawValue,
    members: Object<'a>,
    message_id: Option<&str>,
    shared: &Shared<'a>,
) -> Result<NewEvent, Refusal> {
    let kind = kind(&members, shared.kind)?;
    let user_id = text(&members, "userId")?;
    let anonymous_id = text(&members, "anonymousId")?;
    let event = if kind == EventKind::Track { Some(required(&members, "event", kind)?) } else { None };
    match kind {
        EventKind::Group => drop(required(&members, "groupId", kind)?),
        EventKind::Alias if user_id.is_none() => return Err(missing("userId", kind)),
        EventKind::Alias if anonymous_id.is_none() => drop(required(&members, "previousId", kind)?),
        _ => {}
    }
    if user_id.is_none() && anonymous_id.is_none() {
        return Err(Refusal::MissingIdentity);
    }
    let at = happened_at(&members, shared)?;
    let message_id = message_id.map_or_else(made_up_id, str::to_owned);
    let payload = payload(message, members, &message_id, kind, shared)?;
    Ok(NewEvent { message_id, kind, event, user_id, anonymous_id, at, payload })
}

/// The path's kind, or that of the message.
fn kind(members: &Object<'_>, of_path: Option<EventKind>) -> Result<EventKind, Refusal> {
    if let Some(kind) = of_path {
        return Ok(kind);
    }
    let Some(found) = members.get("type") else {
        return Err(Refusal::MissingType);
    };
    let name: Option<Cow<'_, str>> = serde_json::from_str(found.get()).ok();
    name.and_then(|name| name.parse().ok())
        .ok_or_else(|| Refusal::UnknownType { found: quoted(found.get().trim_matches('"')) })
}

/// A text of bounded length; numbers are taken as they are written, and blank ones count as absent.
fn text(members: &Object<'_>, field: &'static str) -> Result<Option<String>, Refusal> {
    let Some(value) = members.get(field) else { return Ok(None) };
    let raw = value.get();
    let text: String = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map_err(|_| Refusal::NotText { field })?,
        Some(b'-' | b'0'..=b'9') => raw.to_owned(),
        _ => return Err(Refusal::NotText { field }),
    };
    let limit = limit_of(field);
    // Characters are counted only where the bytes, which are no fewer, leave a doubt.
    if text.len() > limit && text.chars().count() > limit {
        return Err(Refusal::TooLong { field, length: text.chars().count(), limit });
    }
    if text.contains('\0') {
        return Err(Refusal::HoldsNul { field });
    }
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

fn required(members: &Object<'_>, field: &'static str, kind: EventKind) -> Result<String, Refusal> {
    text(members, field)?.ok_or_else(|| missing(field, kind))
}

fn missing(field: &'static str, kind: EventKind) -> Refusal {
    Refusal::Missing { field, kind: kind.as_str() }
}

fn happened_at(members: &Object<'_>, shared: &Shared<'_>) -> Result<Timestamp, Refusal> {
    let times = ClientTimes {
        timestamp: time(members, "timestamp")?,
        original: time(members, "originalTimestamp")?,
        sent: time(members, "sentAt")?.or(shared.sent_at),
    };
    let at = times.happened_at(shared.received_at);
    if at.duration_since(shared.received_at) > times::AHEAD {
        let found = ["timestamp", "originalTimestamp"].into_iter().find_map(|name| members.get(name));
        let found = found.map_or_else(String::new, |value| quoted(value.get().trim_matches('"')));
        return Err(Refusal::InFuture { found, at });
    }
    Ok(at)
}

fn time(members: &Object<'_>, field: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = members.get(field) else { return Ok(None) };
    let text: Option<Cow<'_, str>> = serde_json::from_str(value.get()).ok();
    match text.as_deref().map(str::trim) {
        Some("") => Ok(None),
        Some(text) if let Some(time) = times::parse(text) => Ok(Some(time)),
        _ => Err(Refusal::InvalidTime { field, found: quoted(value.get().trim_matches('"')) }),
    }
}

/// The message as it came, with what it lacks filled in, and without the key that it may carry.
fn payload<'a>(
    message: &'a RawValue,
    mut members: Object<'a>,
    message_id: &str,
    kind: EventKind,
    shared: &Shared<'a>,
) -> Result<String, Refusal> {
    let mut changed = members.remove("writeKey");
    if members.get("messageId").is_none() {
        members.set_text("messageId", message_id);
        changed = true;
    }
    if shared.kind.is_some() {
        members.set_text("type", kind.as_str());
        changed = true;
    }
    changed |= filled(&mut members, "context", shared.context.as_ref())?;
    changed |= filled(&mut members, "integrations", shared.integrations.as_ref())?;
    if !changed {
        return Ok(message.get().to_owned());
    }
    let payload: String =
        members.to_raw().map(|raw| Box::<str>::from(raw).into()).ok_or(Refusal::NotAnObject)?;
    if payload.len() > EVENT_LIMIT + ADDED {
        return Err(Refusal::TooLargeWithShared { size: payload.len() });
    }
    Ok(payload)
}

/// Fills a member that is an object from the request's; says whether that changed anything.
fn filled<'a>(
    members: &mut Object<'a>,
    name: &'static str,
    defaults: Option<&Object<'a>>,
) -> Result<bool, Refusal> {
    let Some(defaults) = defaults else { return Ok(false) };
    let mut own = members.take_object(name);
    own.fill_from(defaults);
    let merged = own.to_raw().ok_or(Refusal::NotAnObject)?;
    members.set(name, Cow::Owned(merged));
    Ok(true)
}

/// An id for a message without one. It is random: two equal messages may well be two events.
fn made_up_id() -> String {
    format!("perennial-{:032x}", rand::random::<u128>())
}
