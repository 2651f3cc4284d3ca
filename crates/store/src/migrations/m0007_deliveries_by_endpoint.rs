//! What is due to one endpoint is found without a look at what waits for the others.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0007_deliveries_by_endpoint",
    statements: &["CREATE INDEX deliveries_due_to ON deliveries (endpoint, state, next_attempt_at)"],
};
