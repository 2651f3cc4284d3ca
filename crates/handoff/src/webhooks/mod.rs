//! Webhooks in the Standard Webhooks form (<https://www.standardwebhooks.com>): signed, retried, listed when
//! they fail.
//!
//! A delivery is a row of the store before it is sent ([`announce`]), with an id that follows from what
//! happened and where it goes: announcing the same thing twice makes one delivery. A [`WebhookWorker`] claims
//! what is due, sends it and writes down what came of it. A worker that dies leaves its claims to run out,
//! and another one sends again: each delivery arrives at least once, always under the same `webhook-id`, by
//! which a receiver tells a repetition.

mod endpoint;
mod event;
mod schedule;
mod signature;
mod worker;

pub use endpoint::{WebhookSettings, check};
pub use event::{Event, EventType, RunCompleted, RunFailed, SnapshotRestated, announce};
pub use schedule::{ATTEMPTS, wait_after};
pub use signature::{SigningKey, signature_header};
pub use worker::{Pass, WebhookWorker};
