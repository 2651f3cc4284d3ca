//! The server's clock.

use jiff::Timestamp;

/// The time now. A clock outside of the years that a `Timestamp` knows reads as 1970.
pub(crate) fn now() -> Timestamp {
    Timestamp::try_from(std::time::SystemTime::now()).unwrap_or_default()
}
