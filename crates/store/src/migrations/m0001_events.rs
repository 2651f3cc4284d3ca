//! Events, rejected events, keys, and how far readers of the events have come.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0001_events",
    statements: &[
        "CREATE TABLE events (
            seq {id},
            source TEXT NOT NULL,
            message_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            event TEXT,
            user_id TEXT,
            anonymous_id TEXT,
            at BIGINT NOT NULL,
            received_at BIGINT NOT NULL,
            payload TEXT NOT NULL,
            UNIQUE (source, message_id)
        )",
        "CREATE TABLE rejected_events (
            id {id},
            source TEXT NOT NULL,
            message_id TEXT,
            received_at BIGINT NOT NULL,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            payload TEXT NOT NULL
        )",
        "CREATE TABLE keys (
            id {id},
            name TEXT NOT NULL UNIQUE,
            scope TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            created_at BIGINT NOT NULL,
            last_used_at BIGINT,
            revoked_at BIGINT
        )",
        "CREATE TABLE cursors (
            name TEXT PRIMARY KEY,
            seq BIGINT NOT NULL
        )",
    ],
};
