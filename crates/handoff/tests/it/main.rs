//! What leaves, against servers on this machine: endpoints of webhooks, and one that checks HubSpot's
//! documented contract.

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
