//! What all handlers share.

use std::path::PathBuf;
use std::sync::Arc;

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
    /// Room for requests with events.
    pub(crate) requests: Arc<Semaphore>,
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
            snapshots: options.snapshots.clone().map(Arc::new),
            time_zone: options.time_zone.clone(),
            leap_day: options.leap_day,
            ready_within: options.ready_within,
        }
    }
}
