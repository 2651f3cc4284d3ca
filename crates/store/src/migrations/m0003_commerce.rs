//! Orders, their lines and refunds, and the messages that they were put together from.

use super::Migration;

pub(super) const MIGRATION: Migration = Migration {
    name: "m0003_commerce",
    statements: &[
        "CREATE TABLE order_events (
            order_id TEXT NOT NULL,
            source TEXT NOT NULL,
            message_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            at BIGINT NOT NULL,
            identifier_kind {text},
            identifier_value {text},
            said TEXT NOT NULL,
            PRIMARY KEY (order_id, source, message_id)
        )",
        "CREATE INDEX order_events_identifier ON order_events (identifier_kind, identifier_value)",
        "CREATE TABLE orders (
            order_id TEXT PRIMARY KEY,
            identifier_kind {text},
            identifier_value {text},
            placed_at BIGINT NOT NULL,
            currency TEXT,
            net TEXT,
            net_formula TEXT,
            revenue TEXT,
            subtotal TEXT,
            total TEXT,
            shipping TEXT,
            tax TEXT,
            discount TEXT,
            coupon TEXT,
            status TEXT NOT NULL,
            cancelled_at BIGINT,
            source TEXT NOT NULL,
            updated_at BIGINT NOT NULL
        )",
        "CREATE INDEX orders_identifier ON orders (identifier_kind, identifier_value)",
        "CREATE TABLE order_lines (
            order_id TEXT NOT NULL,
            line BIGINT NOT NULL,
            product_id TEXT,
            sku TEXT,
            name TEXT,
            category TEXT,
            brand TEXT,
            variant TEXT,
            coupon TEXT,
            quantity TEXT NOT NULL,
            price TEXT,
            discount TEXT,
            PRIMARY KEY (order_id, line)
        )",
        "CREATE TABLE refunds (
            order_id TEXT NOT NULL,
            id TEXT NOT NULL,
            identifier_kind {text},
            identifier_value {text},
            at BIGINT NOT NULL,
            amount TEXT,
            excess TEXT,
            currency TEXT,
            reason TEXT,
            PRIMARY KEY (order_id, id)
        )",
        // Orders with the customer that they belong to today: what a valuation reads.
        "CREATE VIEW customer_orders AS
            SELECT orders.order_id, customers.customer, orders.placed_at, orders.currency, orders.net,
                orders.net_formula, orders.revenue, orders.subtotal, orders.total, orders.shipping, orders.tax,
                orders.discount, orders.coupon, orders.status, orders.cancelled_at, orders.source, orders.updated_at
            FROM orders
            LEFT JOIN identifiers ON identifiers.kind = orders.identifier_kind
                AND identifiers.value = orders.identifier_value
                AND identifiers.from_at <= orders.placed_at AND orders.placed_at < identifiers.until_at
            LEFT JOIN customers ON customers.root = identifiers.root",
        // The same of refunds: their orders may be known to others only.
        "CREATE VIEW customer_refunds AS
            SELECT refunds.order_id, refunds.id, customers.customer, refunds.at, refunds.amount, refunds.currency,
                refunds.reason
            FROM refunds
            LEFT JOIN identifiers ON identifiers.kind = refunds.identifier_kind
                AND identifiers.value = refunds.identifier_value
                AND identifiers.from_at <= refunds.at AND refunds.at < identifiers.until_at
            LEFT JOIN customers ON customers.root = identifiers.root",
    ],
};
