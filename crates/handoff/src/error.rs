//! The one error type of this crate: each message says what is wrong, where, and what to do about it.
//!
//! No message holds a secret or a whole URL: the address of a webhook often is a secret itself.

use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be handed off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot work.
    #[error("{setting}: {problem}")]
    Setting {
        /// Where it stands, such as `webhooks.shop.url`.
        setting: String,
        /// What is wrong and what to write instead.
        problem: String,
    },

    /// An environment variable that holds a secret is not set, or is not text.
    #[error(
        "environment variable {name}: not set, empty or not text; set it, or name another one as env:NAME or file:PATH"
    )]
    SecretVariable {
        /// Name of the variable.
        name: String,
    },

    /// A file that holds a secret cannot be read.
    #[error("secret file {}: {problem}", file.display())]
    SecretFile {
        /// The file.
        file: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },

    /// The HTTP client cannot be made, for instance because the machine has no certificates.
    #[error(
        "HTTPS cannot be used on this machine: {problem}; install its CA certificates (package ca-certificates)"
    )]
    Client {
        /// What the client said.
        problem: String,
    },

    /// The service does not let us in.
    #[error("{service} refused the token ({status}): {message}; {remedy}")]
    Unauthorised {
        /// Name of the service.
        service: &'static str,
        /// HTTP status: 401 or 403.
        status: u16,
        /// What the service said.
        message: String,
        /// What to do.
        remedy: &'static str,
    },

    /// Properties that the CRM does not have.
    #[error(
        "{service} has no property {}: create {} in its settings, set create_properties = true, \
         or take {} out of [{section}.properties]",
        names.join(", "),
        if names.len() == 1 { "it" } else { "them" },
        if names.len() == 1 { "it" } else { "them" }
    )]
    UnknownProperties {
        /// Name of the service.
        service: &'static str,
        /// Section of the settings.
        section: &'static str,
        /// The properties, by internal name.
        names: Vec<String>,
    },

    /// Properties that the CRM lets nobody write.
    #[error("{service} computes property {} itself: choose another one in [{section}.properties]", names.join(", "))]
    ReadOnlyProperties {
        /// Name of the service.
        service: &'static str,
        /// Section of the settings.
        section: &'static str,
        /// The properties, by internal name.
        names: Vec<String>,
    },

    /// The limit per day is used up: waiting some seconds does not help.
    #[error("{service}: the daily limit of requests is used up; the next run goes on from here")]
    DailyLimit {
        /// Name of the service.
        service: &'static str,
    },

    /// The service did not answer, or not usefully, however often it was asked.
    #[error(
        "{service} {action}: {problem} (asked {attempts} times); nothing is lost, the next run sends it again"
    )]
    Unavailable {
        /// Name of the service.
        service: &'static str,
        /// What was asked.
        action: &'static str,
        /// The last answer, or why there was none.
        problem: String,
        /// How often it was asked.
        attempts: u32,
    },

    /// The service refused a request as a whole.
    #[error("{service} {action}: refused with {status}: {message}")]
    Refused {
        /// Name of the service.
        service: &'static str,
        /// What was asked.
        action: &'static str,
        /// HTTP status.
        status: u16,
        /// What the service said.
        message: String,
    },

    /// An answer that is not what the service documents.
    #[error("{service} {action}: the answer cannot be understood: {problem}")]
    Answer {
        /// Name of the service.
        service: &'static str,
        /// What was asked.
        action: &'static str,
        /// What is wrong with it.
        problem: String,
    },

    /// The records to send ended with an error.
    #[error("the values to hand off cannot be read: {0}")]
    Records(String),

    /// A write-back that ended early.
    #[error("stopped after {updated} objects were updated (the next run goes on from there): {source}")]
    Stopped {
        /// Objects that the CRM accepted and that are remembered.
        updated: u64,
        /// Why it stopped.
        #[source]
        source: Box<Error>,
    },

    /// The operational store.
    #[error(transparent)]
    Store(#[from] perennial_store::Error),
}

impl Error {
    /// A setting that cannot work.
    pub(crate) fn setting(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Setting { setting: setting.into(), problem: problem.into() }
    }
}

/// A span of time in words, for messages and reports.
pub(crate) fn in_words(span: Duration) -> String {
    match span.as_secs() {
        0..120 => format!("{} s", span.as_secs()),
        120..7_200 => format!("{} min", span.as_secs() / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}
