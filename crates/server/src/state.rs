//! What all handlers share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use perennial_store::{LeapDay, Store};
use tokio::sync::Semaphore;

use crate::options::ServerOptions;
use crate::projector::Projector;

/// Cloned for each request; all clones are the same server.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) store: Store,
    pub(crate) projector: Arc<Projector>,
    /// Room for requests with events whose key is in the headers.
    pub(crate) requests: Arc<Semaphore>,
    /// Room for requests with events whose key is not known before their body has come.
    pub(crate) strangers: Arc<Semaphore>,
    pub(crate) body_timeout: Duration,
    pub(crate) snapshots: Option<Arc<PathBuf>>,
    pub(crate) time_zone: TimeZone,
    pub(crate) leap_day: LeapDay,
    pub(crate) ready_within: u64,
}

impl AppState {
    pub(crate) fn new(store: Store, options: &ServerOptions) -> Self {
        Self {
            store,
            projector: Arc::default(),
            requests: Arc::new(Semaphore::new(options.requests_at_once)),
            strangers: Arc::new(Semaphore::new(options.requests_at_once)),
            body_timeout: options.body_timeout,
            snapshots: options.snapshots.clone().map(Arc::new),
            time_zone: options.time_zone.clone(),
            leap_day: options.leap_day,
            ready_within: options.ready_within,
        }
    }
}
