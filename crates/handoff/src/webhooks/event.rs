//! What webhooks tell: what happened, in figures about all customers and never about one.

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_store::{NewDelivery, Store};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::WebhookSettings;
use crate::Error;

/// The kinds of events that an endpoint can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// A run ended with a snapshot.
    #[serde(rename = "run.completed")]
    RunCompleted,
    /// A run ended without a snapshot.
    #[serde(rename = "run.failed")]
    RunFailed,
    /// A snapshot says something else about a day than an earlier one did.
    #[serde(rename = "snapshot.restated")]
    SnapshotRestated,
}

impl EventType {
    /// The name in messages and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RunCompleted => "run.completed",
            Self::RunFailed => "run.failed",
            Self::SnapshotRestated => "snapshot.restated",
        }
    }
}

/// A run ended with a snapshot. Totals are over all customers, in `currency`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunCompleted {
    /// The run.
    pub run: String,
    /// The snapshot that it made.
    pub snapshot: String,
    /// The day as of which customers were valued.
    #[serde(serialize_with = "as_text")]
    pub as_of: Date,
    /// How many customers have a value.
    pub customers: u64,
    /// ISO 4217 code of all amounts here.
    pub currency: String,
    /// How far ahead values look, in days.
    pub horizon_days: u32,
    /// Value earned up to the day.
    pub historic_clv: f64,
    /// Value expected within the horizon.
    pub predicted_clv: f64,
    /// Lower and upper end of the interval of `predicted_clv`.
    pub predicted_clv_interval: [f64; 2],
    /// The share of cases in which the interval holds, such as 0.9.
    pub interval_level: f64,
}

/// A run ended without a snapshot; the last one still stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFailed {
    /// The run.
    pub run: String,
    /// The day as of which customers were to be valued; `None` if it was not known yet.
    #[serde(serialize_with = "as_text_or_null")]
    pub as_of: Option<Date>,
    /// What failed, in one word. What was said of it stays with the run: it may quote data of customers.
    pub code: String,
}

/// A snapshot replaces another one for the same day. Amounts are totals over all customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SnapshotRestated {
    /// The new snapshot.
    pub snapshot: String,
    /// The one that it restates.
    pub restates: String,
    /// The day of both.
    #[serde(serialize_with = "as_text")]
    pub as_of: Date,
    /// ISO 4217 code of the new snapshot's amounts.
    pub currency: String,
    /// That of the other's.
    pub restated_currency: String,
    /// Change of the total of what was earned; `None` between two currencies.
    pub historic_clv_change: Option<f64>,
    /// Change of the total of what is expected; `None` between two currencies.
    pub predicted_clv_change: Option<f64>,
}

/// Something that webhooks tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    /// A run ended with a snapshot.
    #[serde(rename = "run.completed")]
    RunCompleted(RunCompleted),
    /// A run ended without a snapshot.
    #[serde(rename = "run.failed")]
    RunFailed(RunFailed),
    /// A snapshot replaces another one.
    #[serde(rename = "snapshot.restated")]
    SnapshotRestated(SnapshotRestated),
}

impl Event {
    /// Its kind.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self {
            Self::RunCompleted(_) => EventType::RunCompleted,
            Self::RunFailed(_) => EventType::RunFailed,
            Self::SnapshotRestated(_) => EventType::SnapshotRestated,
        }
    }

    /// What makes it this event and no other one of its kind.
    fn occurrence(&self) -> &str {
        match self {
            Self::RunCompleted(event) => &event.run,
            Self::RunFailed(event) => &event.run,
            Self::SnapshotRestated(event) => &event.snapshot,
        }
    }

    /// The message: `type`, `data` and `timestamp`, as the specification recommends.
    fn body(&self, at: Timestamp) -> Result<String, Error> {
        #[derive(Serialize)]
        struct Message<'a> {
            #[serde(flatten)]
            event: &'a Event,
            #[serde(serialize_with = "as_text")]
            timestamp: Timestamp,
        }
        serde_json::to_string(&Message { event: self, timestamp: at })
            .map_err(|error| Error::setting(self.event_type().name(), error.to_string()))
    }
}

fn as_text<S: serde::Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn as_text_or_null<S: serde::Serializer>(value: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Writes down a delivery to each endpoint that wants to hear of the event, and returns how many there are.
/// Telling the same event again changes nothing: its id follows from the endpoint and the run or snapshot.
///
/// # Errors
/// The store cannot be written to.
pub async fn announce(
    store: &Store,
    endpoints: &[WebhookSettings],
    event: &Event,
    at: Timestamp,
) -> Result<usize, Error> {
    let kind = event.event_type();
    let body = event.body(at)?;
    let deliveries: Vec<NewDelivery> = endpoints
        .iter()
        .filter(|endpoint| endpoint.wants(kind))
        .map(|endpoint| NewDelivery {
            id: message_id(&endpoint.name, kind, event.occurrence()),
            endpoint: endpoint.name.clone(),
            event_type: kind.name().to_owned(),
            body: body.clone(),
        })
        .collect();
    store.add_deliveries(at, &deliveries).await?;
    Ok(deliveries.len())
}

fn message_id(endpoint: &str, kind: EventType, occurrence: &str) -> String {
    let digest = Sha256::digest(format!("{endpoint}\0{}\0{occurrence}", kind.name()));
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    format!("msg_{:032x}", u128::from_be_bytes(half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_type_time_and_data() {
        let event = Event::RunFailed(RunFailed { run: "17".into(), as_of: None, code: "sources".into() });
        assert_eq!(
            event.body("2026-11-02T04:00:01.5Z".parse().unwrap()).unwrap(),
            r#"{"type":"run.failed","data":{"run":"17","as_of":null,"code":"sources"},"timestamp":"2026-11-02T04:00:01.5Z"}"#
        );
    }

    #[test]
    fn an_id_follows_from_endpoint_kind_and_run() {
        let id = message_id("shop", EventType::RunCompleted, "17");
        assert_eq!(id, message_id("shop", EventType::RunCompleted, "17"));
        assert_eq!(id.len(), 36);
        assert!(!id.contains('.'), "a dot would make the signed text ambiguous");
        for other in [
            message_id("shop", EventType::RunFailed, "17"),
            message_id("shop", EventType::RunCompleted, "18"),
            message_id("mail", EventType::RunCompleted, "17"),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn names_in_settings_and_messages_are_the_same() {
        for kind in [EventType::RunCompleted, EventType::RunFailed, EventType::SnapshotRestated] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
