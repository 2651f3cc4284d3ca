//! What customers did beside ordering, as rows that a valuation reads.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0006_activities",
    statements: &[
        // One per event of the log. `comment` and `properties` go with the payload of the event. There is no index of identifiers:
        // what is looked for by them, for an export or an erasure, is looked for in the log as well, and an index over
        // identifiers is the dearest part of writing a row.
        "CREATE TABLE activities (
            seq BIGINT PRIMARY KEY,
            source TEXT NOT NULL,
            message_id TEXT NOT NULL,
            event TEXT NOT NULL,
            at BIGINT NOT NULL,
            identifier_kind {text} NOT NULL,
            identifier_value {text} NOT NULL,
            product_id TEXT,
            campaign TEXT,
            score TEXT,
            comment TEXT,
            properties TEXT
        )",
        // Activities with the customer that they belong to today.
        "CREATE VIEW customer_activities AS
            SELECT activities.seq, activities.source, activities.message_id, activities.event, activities.at,
                customers.customer, activities.product_id, activities.campaign, activities.score, activities.comment,
                activities.properties
            FROM activities
            LEFT JOIN identifiers ON identifiers.kind = activities.identifier_kind
                AND identifiers.value = activities.identifier_value
                AND identifiers.from_at <= activities.at AND activities.at < identifiers.until_at
            LEFT JOIN customers ON customers.root = identifiers.root",
        // Lines with the currency of their order.
        "CREATE VIEW order_lines_with_currency AS
            SELECT order_lines.order_id, order_lines.line, order_lines.product_id, order_lines.sku, order_lines.name,
                order_lines.category, order_lines.quantity, order_lines.price, order_lines.discount, orders.currency
            FROM order_lines
            JOIN orders ON orders.order_id = order_lines.order_id",
        // Events that are in the log already are read once more. What could not be used of them was listed before.
        "INSERT INTO settings (name, value)
            SELECT 'unusable_listed', CAST(seq AS TEXT) FROM cursors WHERE name = 'projector'
            ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        "DELETE FROM cursors WHERE name = 'projector'",
    ],
};
