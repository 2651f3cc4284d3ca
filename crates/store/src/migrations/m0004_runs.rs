//! Runs, leases that keep two of them apart, and each customer's values as a profile shows them.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0004_runs",
    statements: &[
        "CREATE TABLE runs (
            id {id},
            as_of TEXT NOT NULL,
            holder TEXT NOT NULL,
            state TEXT NOT NULL,
            started_at BIGINT NOT NULL,
            finished_at BIGINT,
            snapshot TEXT,
            error TEXT
        )",
        "CREATE TABLE leases (
            name TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            since BIGINT NOT NULL,
            until BIGINT NOT NULL
        )",
        "CREATE TABLE publications (
            id {id},
            snapshot TEXT NOT NULL,
            started_at BIGINT NOT NULL,
            whole BOOLEAN NOT NULL
        )",
        "CREATE TABLE customer_values (
            publication BIGINT NOT NULL,
            customer TEXT NOT NULL,
            figures TEXT NOT NULL,
            PRIMARY KEY (publication, customer)
        )",
    ],
};
