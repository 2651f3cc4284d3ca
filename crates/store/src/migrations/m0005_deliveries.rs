//! What leaves: deliveries of webhooks with their attempts, endpoints that are gone, and what a CRM was told last.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0005_deliveries",
    statements: &[
        "CREATE TABLE deliveries (
            number {id},
            id TEXT NOT NULL UNIQUE,
            endpoint TEXT NOT NULL,
            event_type TEXT NOT NULL,
            body TEXT NOT NULL,
            state TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            touched_at BIGINT NOT NULL,
            next_attempt_at BIGINT NOT NULL,
            claims BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            last_status BIGINT,
            last_error TEXT
        )",
        "CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at)",
        "CREATE TABLE delivery_attempts (
            delivery BIGINT NOT NULL,
            claim BIGINT NOT NULL,
            started_at BIGINT NOT NULL,
            ended_at BIGINT,
            status BIGINT,
            problem TEXT,
            PRIMARY KEY (delivery, claim)
        )",
        "CREATE TABLE disabled_endpoints (
            endpoint TEXT PRIMARY KEY,
            at BIGINT NOT NULL,
            problem TEXT NOT NULL
        )",
        "CREATE TABLE sent_values (
            connector TEXT NOT NULL,
            object TEXT NOT NULL,
            properties TEXT NOT NULL,
            at BIGINT NOT NULL,
            PRIMARY KEY (connector, object)
        )",
    ],
};
