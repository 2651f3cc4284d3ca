//! Keeping to a number of requests in any ten seconds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::crm::connector::{Clock, Waits};

/// HubSpot counts the requests of the last ten seconds (API usage guidelines, policy `TEN_SECONDLY_ROLLING`).
pub(super) const WINDOW: Duration = Duration::from_secs(10);

pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the requests of the last ten seconds ended: they were counted there at that time at the latest.
    ended: VecDeque<Duration>,
    /// The service said that nothing is left until then: other apps of the account use the same limit.
    exhausted_until: Duration,
    waits: Waits,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>, limit: u32) -> Self {
        Self { clock, limit: usize::try_from(limit).unwrap_or(1), state: Mutex::default() }
    }

    /// Waits until one more request may be sent.
    pub(super) async fn ready(&self) {
        let free_at = {
            let state = self.state();
            let full = state.ended.len().checked_sub(self.limit).map(|first| state.ended[first] + WINDOW);
            full.unwrap_or_default().max(state.exhausted_until)
        };
        let span = free_at.saturating_sub(self.clock.elapsed());
        if !span.is_zero() {
            self.wait(span).await;
        }
    }

    /// Counts a request.
    pub(super) fn sent(&self) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        state.ended.push_back(now);
        if state.ended.len() > self.limit {
            state.ended.pop_front();
        }
    }

    /// The service said that no request is left for this long.
    pub(super) fn exhausted(&self, span: Duration) {
        let until = self.clock.elapsed() + span;
        self.state().exhausted_until = until;
    }

    /// Waits because the service asks for it or cannot answer now.
    pub(super) async fn wait(&self, span: Duration) {
        {
            let mut state = self.state();
            state.waits.times += 1;
            state.waits.total += span;
        }
        self.clock.sleep(span).await;
    }

    pub(super) fn waits(&self) -> Waits {
        self.state().waits
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pace").field("limit", &self.limit).finish_non_exhaustive()
    }
}
