//! Where webhooks go: what stands in the project file, and the same with its secrets read.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::{EventType, SigningKey};
use crate::Error;
use crate::http::checked_url;
use crate::secret::SecretReference;

/// Longest time that an endpoint may take to answer, in seconds.
const LONGEST_TIMEOUT: u16 = 30;

/// One `[[webhooks]]` of the project file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// A name of your choice, by which deliveries are listed.
    pub name: String,
    /// Where to send to: `https`, or `http` on this machine.
    pub url: String,
    /// The secret that messages are signed with, `whsec_...`: `env:NAME` or `file:PATH`.
    pub secret: SecretReference,
    /// While the secret is being changed: the old one. Messages are signed with both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<SecretReference>,
    /// What to send: `run.completed`, `run.failed`, `snapshot.restated`. Everything when left out.
    #[serde(default)]
    pub events: Vec<EventType>,
    /// Seconds within which the endpoint has to answer, 1 to 30.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u16,
}

fn default_timeout() -> u16 {
    15
}

impl WebhookSettings {
    /// Whether this endpoint wants to hear of such events.
    #[must_use]
    pub fn wants(&self, event: EventType) -> bool {
        self.events.is_empty() || self.events.contains(&event)
    }

    fn setting(&self, key: &str) -> String {
        format!("webhooks.{}.{key}", self.name)
    }
}

/// An endpoint with its address checked and its secrets read.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) keys: Vec<SigningKey>,
    pub(super) timeout: Duration,
}

impl Endpoint {
    pub(super) fn new(settings: &WebhookSettings, folder: &Path) -> Result<Self, Error> {
        if !(1..=LONGEST_TIMEOUT).contains(&settings.timeout_seconds) {
            let problem = format!("{} s; 1 to {LONGEST_TIMEOUT} are possible", settings.timeout_seconds);
            return Err(Error::setting(settings.setting("timeout_seconds"), problem));
        }
        let url = checked_url(&settings.setting("url"), &settings.url)?;
        let mut keys = Vec::new();
        let named =
            [("secret", Some(&settings.secret)), ("previous_secret", settings.previous_secret.as_ref())];
        for (key, reference) in named {
            let Some(reference) = reference else { continue };
            let unreadable = |error: Error| Error::setting(settings.setting(key), error.to_string());
            let secret = reference.resolve(folder).map_err(unreadable)?;
            let parsed = SigningKey::parse(&secret);
            keys.push(parsed.map_err(|problem| {
                Error::setting(settings.setting(key), format!("{reference}: {problem}"))
            })?);
        }
        Ok(Self { url, keys, timeout: Duration::from_secs(settings.timeout_seconds.into()) })
    }
}

/// All that is wrong with the endpoints: names, addresses, secrets that cannot be read. Nothing is sent.
/// `folder` is the one of the project file.
#[must_use]
pub fn check(settings: &[WebhookSettings], folder: &Path) -> Vec<Error> {
    let mut names = BTreeSet::new();
    let mut problems = Vec::new();
    for endpoint in settings {
        if endpoint.name.trim().is_empty() || endpoint.name.len() > 100 {
            problems
                .push(Error::setting("webhooks.name", "give each endpoint a name of 1 to 100 characters"));
        }
        if !names.insert(&endpoint.name) {
            let problem =
                format!("two endpoints are called {:?}; give each a name of its own", endpoint.name);
            problems.push(Error::setting("webhooks.name", problem));
        }
        problems.extend(Endpoint::new(endpoint, folder).err());
    }
    problems
}
