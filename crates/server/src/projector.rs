//! The task that turns stored events into profiles and orders, and how far it has come.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use perennial_store::Store;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Without news from this server's own requests, the log is looked at again after this time: other processes write too.
const IDLE: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The task's handle: wakes it, and tells how far it has come.
#[derive(Debug, Default)]
pub(crate) struct Projector {
    news: Notify,
    /// Events came since the last chunk.
    arrived: AtomicBool,
    progress: Mutex<Progress>,
}

/// How far the projection has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Events that are stored and not yet projected, as of the last look.
    pub(crate) behind: u64,
    /// Attempts that failed since the last one that succeeded.
    pub(crate) failures: u32,
}

impl Projector {
    /// Says that there are new events.
    pub(crate) fn wake(&self) {
        self.arrived.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }

    pub(crate) fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Projects for ever; the caller drops it to end. A chunk that is cut off is rolled back and done again.
    pub(crate) async fn run(&self, store: &Store) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let begin = Instant::now();
            match store.project().await {
                Ok(projected) => {
                    self.set(|progress| *progress = Progress { behind: projected.behind, failures: 0 });
                    pause = SHORTEST_PAUSE;
                    if projected.behind == 0 {
                        // Whether there is news or only time has passed, the next step is to look.
                        let _ = timeout(IDLE, self.news.notified()).await;
                    } else if self.arrived.swap(false, Ordering::Relaxed) {
                        // The database has one writer. Whoever sends events waits for it, nobody for the projection: so
                        // while events come, it takes no more than half of the time.
                        sleep(begin.elapsed()).await;
                    }
                }
                Err(error) => {
                    self.set(|progress| progress.failures += 1);
                    tracing::warn!(%error, ?pause, "events could not be projected; trying again after a pause");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn set(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
