//! What may be chosen about the server.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use perennial_store::LeapDay;

/// The address that is listened on unless another is given: this machine only.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7373";

/// Settings of [`serve`](crate::serve).
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The folder of the snapshots that `/api/snapshots` reads; `None` when there is none.
    pub snapshots: Option<PathBuf>,
    /// Requests with events that are worked on at once; more are answered 429. Those with their key in the headers and
    /// those with it in the body are counted apart.
    pub requests_at_once: usize,
    /// The body of a request with events has to come within this time; else it is answered 503.
    pub body_timeout: Duration,
    /// After this time a request is answered 503; its sender tries again, and what was stored is recognised.
    pub request_timeout: Duration,
    /// How long requests may take to finish once the server is told to end.
    pub shutdown_timeout: Duration,
    /// Where the shop's day begins and ends.
    pub time_zone: TimeZone,
    /// When a 29 February is celebrated in other years.
    pub leap_day: LeapDay,
    /// With more events than this still to be projected, `/readyz` says that the server is not ready.
    pub ready_within: u64,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            snapshots: None,
            requests_at_once: 256,
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(10),
            time_zone: TimeZone::UTC,
            leap_day: LeapDay::default(),
            ready_within: 100_000,
        }
    }
}
