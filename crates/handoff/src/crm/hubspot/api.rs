//! Requests to HubSpot: with the token, at its pace, again where that helps.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::SERVICE;
use super::answers::Problem;
use super::pace::{Pace, WINDOW};
use super::settings::HubSpotSettings;
use crate::Error;
use crate::crm::connector::{Clock, Waits};
use crate::http;
use crate::secret::Secret;

/// An answer that is larger is not read on: the definitions of a thousand properties take about one megabyte.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often a request is sent before giving up.
const ATTEMPTS: u32 = 6;

/// A wait that HubSpot asks for is kept to, up to this long; then the next run goes on.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: String,
    token: Secret,
    pace: Pace,
}

/// An answer that is not to be asked for again.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    body: Vec<u8>,
}

impl Api {
    pub(super) fn new(
        settings: &HubSpotSettings,
        token: Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let base = http::checked_url("hubspot.url", &settings.url)?.as_str().trim_end_matches('/').to_owned();
        let pace = Pace::new(clock, settings.requests_per_10_seconds);
        Ok(Self { client: http::client()?, base, token, pace })
    }

    /// Sends a request until there is an answer that asking again would not change. `action` is what messages
    /// call it.
    pub(super) async fn call(
        &self,
        action: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Error> {
        let mut problem = String::new();
        for attempt in 1..=ATTEMPTS {
            self.pace.ready().await;
            let outcome = self.once(method.clone(), path, body).await;
            self.pace.sent();
            let back_off = Duration::from_secs(1 << attempt);
            let wait = match outcome {
                Err(reason) => {
                    problem = reason;
                    back_off
                }
                Ok((reply, headers)) => {
                    let wait = match judge(&reply, &headers)? {
                        Verdict::Final => return reply.admitted(),
                        Verdict::AfterWait(asked) => asked,
                        Verdict::AfterBackOff => back_off,
                    };
                    problem = format!("{}: {}", reply.status, reply.problem().message());
                    wait
                }
            };
            if attempt < ATTEMPTS {
                tracing::warn!(service = SERVICE, action, attempt, %problem, wait = ?wait, "asking again after a wait");
                self.pace.wait(wait.min(LONGEST_WAIT)).await;
            }
        }
        Err(Error::Unavailable { service: SERVICE, action, problem, attempts: ATTEMPTS })
    }

    /// One request. The error says why there was no whole answer.
    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Reply, HeaderMap), String> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(self.token.expose())
            .timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(http::failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if header(&headers, "x-hubspot-ratelimit-remaining") == Some(0) {
            self.pace.exhausted(interval(&headers).unwrap_or(WINDOW).min(LONGEST_WAIT));
        }
        let (body, whole) = http::body(response, LARGEST_ANSWER).await.map_err(http::failure)?;
        if !whole {
            return Err(format!("an answer of more than {} MB", LARGEST_ANSWER / 1024 / 1024));
        }
        Ok((Reply { status, body }, headers))
    }

    pub(super) fn waits(&self) -> Waits {
        self.pace.waits()
    }
}

/// What to do with an answer.
enum Verdict {
    /// It stands.
    Final,
    /// Ask again after this long.
    AfterWait(Duration),
    /// Ask again, after a longer wait each time.
    AfterBackOff,
}

fn judge(reply: &Reply, headers: &HeaderMap) -> Result<Verdict, Error> {
    let asked = http::retry_after(headers, Timestamp::now());
    match reply.status.as_u16() {
        429 if reply.problem().is_daily_limit() => Err(Error::DailyLimit { service: SERVICE }),
        429 => Ok(Verdict::AfterWait(asked.or_else(|| interval(headers)).unwrap_or(WINDOW))),
        // 423: too much at once, "include a delay of at least 2 seconds"; 477: the account is being moved.
        408 | 423 | 477 | 500..=599 => Ok(asked.map_or(Verdict::AfterBackOff, Verdict::AfterWait)),
        _ => Ok(Verdict::Final),
    }
}

/// The window that the limit is counted in.
fn interval(headers: &HeaderMap) -> Option<Duration> {
    header(headers, "x-hubspot-ratelimit-interval-milliseconds").map(Duration::from_millis)
}

fn header(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

impl Reply {
    /// The answer, unless it says that the token may not do this.
    fn admitted(self) -> Result<Self, Error> {
        let remedy = match self.status {
            StatusCode::UNAUTHORIZED => {
                "check that the private app still exists and that the token is its current one"
            }
            StatusCode::FORBIDDEN => {
                "give the private app the scopes crm.objects.contacts.read, crm.objects.contacts.write and \
                 crm.schemas.contacts.read (crm.schemas.contacts.write to create properties)"
            }
            _ => return Ok(self),
        };
        let message = self.problem().message();
        Err(Error::Unauthorised { service: SERVICE, status: self.status.as_u16(), message, remedy })
    }

    /// The answer, unless it is a refusal.
    pub(super) fn succeeded(self, action: &'static str) -> Result<Self, Error> {
        if self.status.is_success() {
            return Ok(self);
        }
        let message = self.problem().message();
        Err(Error::Refused { service: SERVICE, action, status: self.status.as_u16(), message })
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, action: &'static str) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Answer {
            service: SERVICE,
            action,
            problem: error.to_string(),
        })
    }

    /// What an answer that is no success says.
    pub(super) fn problem(&self) -> Problem {
        Problem::parse(self.status, &self.body)
    }
}
