//! A clock that passes only by waiting: tests of rates take no time and see exactly what was waited for.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use perennial_handoff::crm::Clock;

#[derive(Default)]
pub(crate) struct ManualClock(Mutex<Duration>);

impl Clock for ManualClock {
    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        *self.0.lock().unwrap() += span;
        Box::pin(async {})
    }
}
