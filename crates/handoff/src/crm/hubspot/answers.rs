//! What HubSpot answers. "The fields should all be treated as optional in any error parsing" (error handling).

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::http::excerpt;

/// Of a message of HubSpot this many characters are kept.
const KEPT_MESSAGE: usize = 300;

/// The answer to a batch: what was done, and what was not (207).
#[derive(Debug, Default, Deserialize)]
pub(super) struct BatchAnswer {
    #[serde(default)]
    pub(super) results: Vec<Contact>,
    #[serde(default)]
    pub(super) errors: Vec<BatchError>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contact {
    pub(super) id: String,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
    #[serde(default)]
    object_write_trace_id: Option<String>,
}

impl Contact {
    /// All its e-mail addresses, in small letters.
    pub(super) fn addresses(&self) -> impl Iterator<Item = String> {
        ["email", "hs_additional_emails"]
            .into_iter()
            .filter_map(|property| self.properties.get(property)?.as_str())
            .flat_map(|addresses| addresses.split(';'))
            .map(|address| address.trim().to_lowercase())
    }

    /// Whether it is the one that an input named.
    pub(super) fn is(&self, id: &str, id_property: Option<&str>, trace: &str) -> bool {
        if let Some(own) = &self.object_write_trace_id {
            return own == trace;
        }
        match id_property {
            Some(property) => self.properties.get(property).and_then(Value::as_str) == Some(id),
            None => self.id == id,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct BatchError {
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    context: Value,
}

impl BatchError {
    /// Whether it is about an input: by the trace id that the input carried, or by its id.
    pub(super) fn is_about(&self, id: &str, trace: &str) -> bool {
        let names = |key: &str, wanted: &str| match &self.context[key] {
            Value::Array(values) => values.iter().any(|value| value == wanted),
            value => value == wanted,
        };
        names("objectWriteTraceId", trace) || names("ids", id) || names("id", id)
    }
}

/// What an answer that is no success says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    #[serde(default)]
    message: String,
    #[serde(default)]
    policy_name: String,
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    context: Value,
}

impl Problem {
    pub(super) fn parse(status: StatusCode, body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| {
            let said = excerpt(&String::from_utf8_lossy(body), KEPT_MESSAGE);
            Self { message: if said.is_empty() { status.to_string() } else { said }, ..Self::default() }
        })
    }

    /// What is wrong, on one line.
    pub(super) fn message(&self) -> String {
        let details =
            self.errors.iter().map(|detail| detail.message.as_str()).filter(|text| !text.is_empty());
        let detailed: Vec<&str> = details.collect();
        let text = if detailed.is_empty() { self.message.clone() } else { detailed.join("; ") };
        excerpt(&text, KEPT_MESSAGE)
    }

    /// The limit per day is used up, not the one per ten seconds.
    pub(super) fn is_daily_limit(&self) -> bool {
        self.policy_name == "DAILY"
    }

    /// The properties that the request named and that do not exist.
    pub(super) fn missing_properties(&self) -> Vec<String> {
        let missing = self.errors.iter().filter(|detail| detail.code == "PROPERTY_DOESNT_EXIST");
        missing
            .filter_map(|detail| detail.context["propertyName"].as_array())
            .flatten()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect()
    }
}
