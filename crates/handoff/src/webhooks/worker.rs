//! The worker that sends what is due.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use perennial_store::{Attempt, Claim, Delivery, Recipients, Store};
use reqwest::{Client, StatusCode};
use tokio::task::{Id, JoinSet};

use super::endpoint::Endpoint;
use super::{WebhookSettings, signature_header, wait_after};
use crate::Error;
use crate::error::in_words;
use crate::http;

/// Deliveries that are under way to an endpoint at the same time. Each endpoint has its own, so that a slow one does not hold
/// up the others.
const AT_ONCE: u32 = 4;

/// A claim that is older is free again. Longer than any request may take.
const LEASE: Duration = Duration::from_mins(2);

/// How often to look for what is due while others take their time.
const LOOK: Duration = Duration::from_secs(1);

/// How often to look for what is due when nothing is known to come.
const IDLE: Duration = Duration::from_secs(5);

/// Of an endpoint's answer this much is kept, for the list of failures.
const KEPT_ANSWER: usize = 500;

/// Sends deliveries. Several workers may run at once, in one process or in several.
#[derive(Debug)]
pub struct WebhookWorker {
    store: Store,
    endpoints: BTreeMap<String, Arc<Endpoint>>,
    client: Client,
}

/// What one pass of a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// Deliveries that an endpoint took.
    pub delivered: u64,
    /// Deliveries that failed and will be tried again.
    pub postponed: u64,
    /// Deliveries that failed for good: listed as dead.
    pub dead: u64,
}

/// What an attempt at a delivery came to.
struct Outcome {
    status: Option<StatusCode>,
    problem: String,
    retry_after: Option<Duration>,
}

impl WebhookWorker {
    /// Reads the secrets of all endpoints. `folder` is the one of the project file.
    ///
    /// # Errors
    /// The first endpoint that cannot work; [`super::check`] lists all.
    pub fn new(store: Store, settings: &[WebhookSettings], folder: &Path) -> Result<Self, Error> {
        let mut endpoints = BTreeMap::new();
        for endpoint in settings {
            endpoints.insert(endpoint.name.clone(), Arc::new(Endpoint::new(endpoint, folder)?));
        }
        Ok(Self { store, endpoints, client: http::client()? })
    }

    /// Sends what is due until `stop` is ready. What is under way then is waited for, which takes 30 seconds
    /// at most. Where the store fails it is asked again later: the worker never ends by itself.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let stopped = AtomicBool::new(false);
        loop {
            let done = {
                let mut sending = std::pin::pin!(self.deliver(Timestamp::now(), &stopped));
                tokio::select! {
                    done = &mut sending => done,
                    () = &mut stop => {
                        stopped.store(true, Ordering::Relaxed);
                        sending.await
                    }
                }
            };
            let pause = match done {
                Ok(_) => self.until_due().await,
                Err(error) => {
                    tracing::warn!(%error, "deliveries cannot be read or written; trying again");
                    IDLE
                }
            };
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn until_due(&self) -> Duration {
        match self.store.next_delivery_at().await {
            Ok(Some(due)) => {
                Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default().min(IDLE)
            }
            _ => IDLE,
        }
    }

    /// Sends all that is due at `now`, and returns what came of it.
    ///
    /// # Errors
    /// The store cannot be read or written. What was sent and not written down is sent again later.
    pub async fn deliver_due(&self, now: Timestamp) -> Result<Pass, Error> {
        self.deliver(now, &AtomicBool::new(false)).await
    }

    /// Sends what is due, as many at a time as may be: when one has ended the next begins. Nothing begins any more
    /// once `stopped` is set.
    async fn deliver(&self, now: Timestamp, stopped: &AtomicBool) -> Result<Pass, Error> {
        let started = Instant::now();
        let clock = || now.saturating_add(started.elapsed()).unwrap_or(now);
        let mut pass = Pass::default();
        let mut under_way = UnderWay::default();
        loop {
            let mut given_up = false;
            if !stopped.load(Ordering::Relaxed) {
                given_up = self.give_up_unknown(clock(), &mut pass).await?;
                for (name, endpoint) in &self.endpoints {
                    let whom = Recipients::Endpoint(name);
                    for claim in
                        self.store.claim_deliveries(whom, clock(), LEASE, under_way.free(name)).await?
                    {
                        let delivery = claim.delivery.clone();
                        let sending = send(self.client.clone(), Arc::clone(endpoint), delivery, clock());
                        under_way.begin(name, async move { (claim, sending.await) });
                    }
                }
            }
            if under_way.is_empty() && !given_up {
                return Ok(pass);
            }
            // While one endpoint takes its time, something may become due to another.
            if let Ok(Some((claim, outcome))) = tokio::time::timeout(LOOK, under_way.next()).await {
                self.write_down(&claim, outcome, clock(), &mut pass).await?;
            }
        }
    }

    /// Gives up some of what is due to endpoints that the project file does not name; whether there was any.
    async fn give_up_unknown(&self, at: Timestamp, pass: &mut Pass) -> Result<bool, Error> {
        let known: Vec<&str> = self.endpoints.keys().map(String::as_str).collect();
        let claims = self.store.claim_deliveries(Recipients::AllBut(&known), at, LEASE, u32::MAX).await?;
        for claim in &claims {
            self.give_up(claim, claim.delivery.last_status, at, NO_ENDPOINT, pass).await?;
        }
        Ok(!claims.is_empty())
    }

    async fn write_down(
        &self,
        claim: &Claim,
        outcome: Outcome,
        at: Timestamp,
        pass: &mut Pass,
    ) -> Result<(), Error> {
        let status = outcome.status.map(|status| status.as_u16());
        if outcome.status.is_some_and(|status| status.is_success()) {
            pass.delivered += 1;
            let attempt = Attempt { status, problem: None, at };
            return Ok(self.store.delivered(claim, &attempt).await?);
        }
        let Delivery { id, endpoint, event_type, attempts, created_at, .. } = &claim.delivery;
        let attempt = Attempt { status, problem: Some(outcome.problem.clone()), at };
        tracing::warn!(delivery = %id, %endpoint, %event_type, attempts, problem = %outcome.problem, "webhook not taken");
        if outcome.status == Some(StatusCode::GONE) {
            pass.dead += 1;
            return Ok(self.store.endpoint_gone(claim, &attempt).await?);
        }
        if let Some(wait) = wait_after(id, *attempts) {
            pass.postponed += 1;
            let wait = wait.max(outcome.retry_after.unwrap_or_default());
            let next = at.saturating_add(wait).unwrap_or(at);
            return Ok(self.store.postpone_delivery(claim, &attempt, next).await?);
        }
        let age = Duration::try_from(at.duration_since(*created_at)).unwrap_or_default();
        let problem = format!(
            "{attempts} attempts failed, the last one {} after it was written down: {}",
            in_words(age),
            outcome.problem
        );
        self.give_up(claim, status, at, &problem, pass).await
    }

    async fn give_up(
        &self,
        claim: &Claim,
        status: Option<u16>,
        at: Timestamp,
        problem: &str,
        pass: &mut Pass,
    ) -> Result<(), Error> {
        pass.dead += 1;
        let attempt = Attempt { status, problem: Some(problem.to_owned()), at };
        Ok(self.store.delivery_dead(claim, &attempt).await?)
    }
}

/// Attempts that have begun and not ended.
#[derive(Default)]
struct UnderWay {
    attempts: JoinSet<(Claim, Outcome)>,
    /// To whom each is, by the number of its task.
    endpoints: HashMap<Id, String>,
}

impl UnderWay {
    /// How many more may begin to an endpoint.
    fn free(&self, name: &str) -> u32 {
        let busy = self.endpoints.values().filter(|endpoint| *endpoint == name).count();
        AT_ONCE.saturating_sub(u32::try_from(busy).unwrap_or(AT_ONCE))
    }

    fn begin(&mut self, name: &str, attempt: impl Future<Output = (Claim, Outcome)> + Send + 'static) {
        let task = self.attempts.spawn(attempt);
        self.endpoints.insert(task.id(), name.to_owned());
    }

    fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Waits for the next one that ends, if there is one; nothing for a task that panicked, which leaves its claim to run out,
    /// like a process that died.
    async fn next(&mut self) -> Option<(Claim, Outcome)> {
        let (id, ended) = match self.attempts.join_next_with_id().await? {
            Ok((id, ended)) => (id, Some(ended)),
            Err(error) => (error.id(), None),
        };
        self.endpoints.remove(&id);
        ended
    }
}

const NO_ENDPOINT: &str = "no endpoint of this name in the project file; add it again and replay";

/// One attempt. Redirects are not followed: they are no success.
async fn send(client: Client, endpoint: Arc<Endpoint>, delivery: Delivery, at: Timestamp) -> Outcome {
    let signature = signature_header(&endpoint.keys, &delivery.id, at, &delivery.body);
    let request = client
        .post(endpoint.url.clone())
        .timeout(endpoint.timeout)
        .header("content-type", "application/json")
        .header("webhook-id", &delivery.id)
        .header("webhook-timestamp", at.as_second())
        .header("webhook-signature", signature)
        .body(delivery.body);
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Outcome { status: None, problem: http::failure(error), retry_after: None },
    };
    let status = response.status();
    if status.is_success() {
        return Outcome { status: Some(status), problem: String::new(), retry_after: None };
    }
    let retry_after = http::retry_after(response.headers(), at);
    let said = match http::body(response, KEPT_ANSWER).await {
        Ok((bytes, _)) => http::excerpt(&String::from_utf8_lossy(&bytes), KEPT_ANSWER),
        Err(_) => String::new(),
    };
    let remedy = if status.is_redirection() { "redirects are not followed; write the final URL" } else { "" };
    let problem = [status.to_string(), said, remedy.to_owned()].into_iter().filter(|part| !part.is_empty());
    Outcome { status: Some(status), problem: problem.collect::<Vec<_>>().join(": "), retry_after }
}
