//! What leaves, against servers on this machine: endpoints of webhooks, and one that checks HubSpot's
//! documented contract.

// Helpers of tests are tests, too; and tests are not polled often enough for the size of their futures to count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::large_futures)]

mod clock;
mod crm;
mod endpoints;
mod hubspot;
mod python_peer;
mod webhooks;

// The store's tests use more of it.
#[allow(dead_code)]
#[path = "../../../store/tests/it/databases.rs"]
mod databases;
