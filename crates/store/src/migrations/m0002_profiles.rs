//! Who the customers are, what they said of themselves, what they consented to, and who was erased.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0002_profiles",
    statements: &[
        // A person stands behind an identifier. `root` is the smallest person of all that are joined: the customer.
        // A device that several customers use has a row for each stretch of time.
        "CREATE TABLE identifiers (
            person BIGINT NOT NULL,
            from_at BIGINT NOT NULL,
            until_at BIGINT NOT NULL,
            root BIGINT NOT NULL,
            kind {text} NOT NULL,
            value {text} NOT NULL,
            first_seen_at BIGINT,
            source TEXT NOT NULL,
            PRIMARY KEY (person, from_at),
            UNIQUE (kind, value, from_at)
        )",
        "CREATE INDEX identifiers_root ON identifiers (root)",
        "CREATE TABLE merges (
            id {id},
            claimed BIGINT NOT NULL,
            owner BIGINT NOT NULL,
            reason TEXT NOT NULL,
            source TEXT NOT NULL,
            message_id TEXT,
            at BIGINT NOT NULL,
            by_hand BOOLEAN NOT NULL,
            joins BOOLEAN NOT NULL,
            undone_at BIGINT,
            undone_reason TEXT,
            UNIQUE (claimed, owner)
        )",
        "CREATE INDEX merges_owner ON merges (owner)",
        // `slot` is 0; of a device it is the time, because its traits may belong to different customers.
        "CREATE TABLE traits (
            person BIGINT NOT NULL,
            name {text} NOT NULL,
            origin TEXT NOT NULL,
            slot BIGINT NOT NULL,
            value {text} NOT NULL,
            at BIGINT NOT NULL,
            source {text} NOT NULL,
            PRIMARY KEY (person, name, origin, slot)
        )",
        "CREATE TABLE dates_of_life (
            person BIGINT NOT NULL,
            name TEXT NOT NULL,
            slot BIGINT NOT NULL,
            month BIGINT NOT NULL,
            day BIGINT NOT NULL,
            year BIGINT NOT NULL,
            at BIGINT NOT NULL,
            PRIMARY KEY (person, name, slot)
        )",
        "CREATE INDEX dates_of_life_day ON dates_of_life (month, day)",
        // `slot` is the time of a declared consent; of a state that messages repeat it is the day, confirmed until
        // `confirmed_at`.
        "CREATE TABLE consents (
            person BIGINT NOT NULL,
            channel {text} NOT NULL,
            topic {text} NOT NULL,
            purpose {text} NOT NULL,
            granted BOOLEAN NOT NULL,
            slot BIGINT NOT NULL,
            at BIGINT NOT NULL,
            confirmed_at BIGINT NOT NULL,
            source {text} NOT NULL,
            message_id {text},
            PRIMARY KEY (person, channel, topic, purpose, granted, slot)
        )",
        "CREATE INDEX consents_purpose ON consents (channel, topic, purpose)",
        "CREATE TABLE erasures (
            hash TEXT PRIMARY KEY,
            token TEXT NOT NULL,
            at BIGINT NOT NULL
        )",
        "CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        )",
        // The one identifier that names a customer outside of this database.
        "CREATE VIEW customers AS
            SELECT root, kind, value AS customer FROM (
                SELECT root, kind, value, ROW_NUMBER() OVER (
                    PARTITION BY root
                    ORDER BY
                        CASE kind WHEN 'user_id' THEN 0 WHEN 'erased' THEN 0 WHEN 'email' THEN 2 WHEN 'phone' THEN 3
                            WHEN 'anonymous_id' THEN 4 ELSE 1 END,
                        CASE WHEN first_seen_at IS NULL THEN 1 ELSE 0 END, first_seen_at,
                        CASE kind WHEN 'erased' THEN 1 ELSE 0 END, kind, value
                ) AS place FROM identifiers
            ) AS placed WHERE place = 1",
    ],
};
