//! `[hubspot]` of the project file.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::http::checked_url;
use crate::secret::SecretReference;

/// The section's name, which is also the name under which the store remembers what was sent.
pub(super) const SECTION: &str = "hubspot";

/// "100 requests per 10 seconds" for a private app of an account without add-ons (API usage guidelines).
const REQUESTS: u32 = 100;

/// What an account with the largest add-on may do in 10 seconds.
const MOST_REQUESTS: u32 = 250;

/// `[hubspot]`: write values to contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSpotSettings {
    /// The access token of a private app: `env:NAME` or `file:PATH`.
    pub token: SecretReference,
    /// What a customer must have consented to.
    pub consent: ConsentScope,
    /// Which property of a contact holds which figure: `figure = "property"`, by internal names.
    pub properties: BTreeMap<String, String>,
    /// By what a contact is found: `email` (the default), `record_id` or `customer`.
    #[serde(default)]
    pub identify_by: IdentifyBy,
    /// With `identify_by = "customer"`: the property with unique values that holds the customer's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_property: Option<String>,
    /// Create properties that are missing. Otherwise they are named in an error.
    #[serde(default)]
    pub create_properties: bool,
    /// Requests in 10 seconds, 1 to 250. Other apps of the account share its limit.
    #[serde(default = "default_requests")]
    pub requests_per_10_seconds: u32,
    /// Where HubSpot is.
    #[serde(default = "default_url")]
    pub url: String,
}

fn default_requests() -> u32 {
    REQUESTS
}

fn default_url() -> String {
    "https://api.hubapi.com".to_owned()
}

/// A consent, as profiles hold them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentScope {
    /// Such as `email`.
    pub channel: String,
    /// Such as `newsletter`.
    pub topic: String,
    /// Such as `marketing`.
    pub purpose: String,
}

/// By what a contact is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifyBy {
    /// The customer's e-mail address. Costs one more request for 100 contacts.
    #[default]
    Email,
    /// HubSpot's record id, which the customer has as identifier `hubspot_contact`.
    RecordId,
    /// A property with unique values that holds the customer's id.
    Customer,
}

impl HubSpotSettings {
    /// All that is wrong with the settings, the token aside. Nothing is asked of HubSpot.
    #[must_use]
    pub fn check(&self) -> Vec<Error> {
        let mut problems = Vec::new();
        let mut wrong =
            |key: &str, problem: String| problems.push(Error::setting(format!("{SECTION}.{key}"), problem));
        if !(1..=MOST_REQUESTS).contains(&self.requests_per_10_seconds) {
            let problem = format!("{}; 1 to {MOST_REQUESTS} are possible", self.requests_per_10_seconds);
            wrong("requests_per_10_seconds", problem);
        }
        if self.properties.is_empty() {
            wrong("properties", "empty; name at least one, such as predicted_clv = \"predicted_clv\"".into());
        }
        let mut names = BTreeSet::new();
        for (figure, property) in &self.properties {
            if !is_internal_name(property) {
                let problem = format!(
                    "{property:?} is no internal name of a property: a small letter, then small letters, digits and _"
                );
                wrong(&format!("properties.{figure}"), problem);
            }
            if !names.insert(property) {
                wrong(&format!("properties.{figure}"), format!("{property:?} holds another figure already"));
            }
        }
        match (&self.customer_property, self.identify_by) {
            (None, IdentifyBy::Customer) => {
                wrong("customer_property", "missing; name the property that holds the customer's id".into());
            }
            (Some(name), IdentifyBy::Customer) if !is_internal_name(name) => {
                wrong("customer_property", format!("{name:?} is no internal name of a property"));
            }
            (Some(_), IdentifyBy::Email | IdentifyBy::RecordId) => {
                wrong("customer_property", "only used with identify_by = \"customer\"".into());
            }
            _ => {}
        }
        let scope = [&self.consent.channel, &self.consent.topic, &self.consent.purpose];
        if scope.iter().any(|part| part.trim().is_empty()) {
            wrong("consent", "channel, topic and purpose are all needed".into());
        }
        problems.extend(checked_url(&format!("{SECTION}.url"), &self.url).err());
        problems
    }
}

fn is_internal_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> HubSpotSettings {
        serde_json::from_value(serde_json::json!({
            "token": "env:HUBSPOT_TOKEN",
            "consent": { "channel": "email", "topic": "newsletter", "purpose": "marketing" },
            "properties": { "predicted_clv": "predicted_clv" },
        }))
        .unwrap()
    }

    #[test]
    fn the_shortest_section_is_enough() {
        let settings = settings();
        assert_eq!(settings.check().len(), 0);
        assert_eq!(settings.identify_by, IdentifyBy::Email);
        assert_eq!(settings.requests_per_10_seconds, 100);
        assert_eq!(settings.url, "https://api.hubapi.com");
        assert!(!settings.create_properties);
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let mut settings = settings();
        settings.requests_per_10_seconds = 0;
        settings.properties = [("total_clv", "Total CLV"), ("tier", "same"), ("x", "same")]
            .map(|(figure, property)| (figure.to_owned(), property.to_owned()))
            .into();
        settings.identify_by = IdentifyBy::Customer;
        settings.consent.topic = " ".into();
        settings.url = "http://api.hubapi.com".into();
        let problems: Vec<String> = settings.check().iter().map(ToString::to_string).collect();
        for key in [
            "requests_per_10_seconds",
            "properties.total_clv",
            "properties.x",
            "customer_property",
            "consent",
            "url",
        ] {
            assert!(
                problems.iter().any(|text| text.starts_with(&format!("hubspot.{key}: "))),
                "{key} in {problems:?}"
            );
        }
        assert_eq!(problems.len(), 6);
    }

    #[test]
    fn unknown_keys_and_missing_consent_are_errors() {
        let json = |text: &str| serde_json::from_str::<HubSpotSettings>(text).unwrap_err().to_string();
        assert!(json(r#"{"token": "env:T", "properties": {}}"#).contains("consent"));
        assert!(json(r#"{"tokken": "env:T"}"#).contains("tokken"));
        assert!(!json(r#"{"token": "pat-na1-secret"}"#).contains("secret-"));
    }
}
