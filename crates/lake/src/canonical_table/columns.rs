//! The columns of the canonical tables. The book's page on them is checked against this file.

use super::ColumnKind::{Count, Date, Flag, Json, Money, Number, Share, Text, Time};
use super::{CanonicalColumn, CanonicalTable, ColumnKind};

const CURRENCY: &str = "of the column `currency`, else the shop's";

const fn required(name: &'static str, kind: ColumnKind, meaning: &'static str) -> CanonicalColumn {
    CanonicalColumn { name, kind, unit: unit(kind), required: true, meaning, also: &[] }
}

const fn optional(name: &'static str, kind: ColumnKind, meaning: &'static str) -> CanonicalColumn {
    CanonicalColumn { name, kind, unit: unit(kind), required: false, meaning, also: &[] }
}

const fn unit(kind: ColumnKind) -> &'static str {
    match kind {
        Money => CURRENCY,
        Time => "stored in microseconds, UTC",
        Share => "1 = the whole",
        _ => "",
    }
}

impl CanonicalColumn {
    const fn or(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }
}

pub(super) const fn of(table: CanonicalTable) -> &'static [CanonicalColumn] {
    match table {
        CanonicalTable::Customers => CUSTOMERS,
        CanonicalTable::Orders => ORDERS,
        CanonicalTable::OrderLines => ORDER_LINES,
        CanonicalTable::Refunds => REFUNDS,
        CanonicalTable::Products => PRODUCTS,
        CanonicalTable::Costs => COSTS,
        CanonicalTable::Spend => SPEND,
        CanonicalTable::Touchpoints => TOUCHPOINTS,
        CanonicalTable::Subscriptions => SUBSCRIPTIONS,
        CanonicalTable::Tickets => TICKETS,
        CanonicalTable::Responses => RESPONSES,
        CanonicalTable::Events => EVENTS,
    }
}

const CUSTOMER_ID: CanonicalColumn =
    required("customer_id", Text, "the customer").or(&["customer", "user_id"]);
const CURRENCY_CODE: CanonicalColumn =
    optional("currency", Text, "the currency of the row's amounts").unit("ISO 4217").or(&["currency_code"]);

const CUSTOMERS: &[CanonicalColumn] = &[
    CUSTOMER_ID.or(&["customer", "user_id", "id"]),
    optional("email", Text, "e-mail address; compared in lower case").or(&["email_address"]),
    optional("phone", Text, "telephone number").or(&["phone_number"]),
    optional("first_seen", Date, "the day on which the shop first met the customer").or(&[
        "first_seen_at",
        "created_at",
        "signed_up_at",
    ]),
    optional("channel", Text, "through which channel the customer came").or(&["acquisition_channel"]),
    optional("country", Text, "country").unit("ISO 3166-1 alpha-2").or(&["country_code"]),
    optional("birthday", Date, "date of birth").or(&["date_of_birth"]),
    optional("traits", Json, "anything else that is known, by name"),
];

const ORDERS: &[CanonicalColumn] = &[
    CUSTOMER_ID.or(&["customer"]),
    required("placed_at", Time, "when the order was placed").or(&["ordered_at"]),
    optional("order_id", Text, "the order's number; needed where refunds, lines or costs refer to it"),
    optional("net", Money, "what the order is worth to the shop: this is valued where the source has it"),
    optional("total", Money, "what the customer paid, with shipping and taxes: this is valued where there is no `net`"),
    optional("subtotal", Money, "the goods before shipping and taxes"),
    optional("discount", Money, "what was taken off, as a positive number"),
    optional("shipping", Money, "what the customer paid for shipping"),
    optional("tax", Money, "taxes"),
    CURRENCY_CODE,
    optional(
        "refunded_amount",
        Money,
        "what was paid back of the order, where that is known without its date; a row in `refunds` tells the date",
    )
    .or(&["refunded"]),
    optional("cost", Money, "what the order's goods cost the shop"),
    optional("status", Text, "paid, pending, cancelled, refunded... in the usual words"),
    optional("cancelled_at", Time, "when the order was cancelled; such an order is none").or(&["canceled_at"]),
    optional("paid_at", Time, "when the order was paid"),
    optional("coupon", Text, "the code with which a discount was given"),
    optional("channel", Text, "through which channel the order came").or(&["affiliation"]),
];

const ORDER_LINES: &[CanonicalColumn] = &[
    required("order_id", Text, "the order"),
    optional("line", Count, "the line's number in its order").or(&["line_number", "position"]),
    optional("product_id", Text, "the product"),
    optional("sku", Text, "the stock-keeping unit"),
    optional("name", Text, "what the product is called"),
    optional("category", Text, "the product's category"),
    optional("quantity", Number, "pieces; negative ones are returns").unit("pieces"),
    optional("unit_price", Money, "the price of one piece").or(&["price"]),
    optional("discount", Money, "what was taken off the line, as a positive number"),
    optional("line_total", Money, "what the line came to"),
    optional("cost", Money, "what all pieces of the line cost the shop"),
    CURRENCY_CODE,
];

const REFUNDS: &[CanonicalColumn] = &[
    required("refunded_at", Time, "when the money was paid back").or(&["refund_date"]),
    optional("refund_id", Text, "the refund's own number; one that comes again is a duplicate"),
    optional("order_id", Text, "the order that it lowers"),
    optional("customer_id", Text, "the customer; needed where the order is not known").or(&["customer"]),
    optional(
        "amount",
        Money,
        "what was paid back, as a positive number; empty means all that is left of the order",
    ),
    CURRENCY_CODE,
    optional("reason", Text, "why"),
];

const PRODUCTS: &[CanonicalColumn] = &[
    required("product_id", Text, "the product").or(&["id"]),
    optional("sku", Text, "the stock-keeping unit"),
    optional("name", Text, "what it is called").or(&["title"]),
    optional("category", Text, "its category"),
    optional("brand", Text, "its brand"),
    optional("price", Money, "the price of one piece").or(&["unit_price"]),
    optional("cost", Money, "what one piece costs the shop").or(&["unit_cost"]),
    CURRENCY_CODE,
];

const COSTS: &[CanonicalColumn] = &[
    required("kind", Text, "goods, shipping, packaging, payment..."),
    optional("order_id", Text, "the order that it belongs to"),
    optional("product_id", Text, "the product of which one piece costs this much"),
    optional("date", Date, "the day from which the product costs this much; empty means always")
        .or(&["valid_from"]),
    optional(
        "basis",
        Text,
        "without order and product: `order` (every order), `paid_order` (every order with an amount), `total` (a share of it)",
    ),
    optional("amount", Money, "what it costs"),
    optional("share", Share, "the part of the order's amount that it costs, for the basis `total`"),
    CURRENCY_CODE,
];

const SPEND: &[CanonicalColumn] = &[
    required("date", Date, "the day").or(&["day"]),
    required("channel", Text, "the channel").or(&["source"]),
    required("amount", Money, "what it cost").or(&["cost", "spend"]),
    optional("campaign", Text, "the campaign"),
    optional("impressions", Count, "how often it was shown"),
    optional("clicks", Count, "how often it was clicked"),
    CURRENCY_CODE,
];

const TOUCHPOINTS: &[CanonicalColumn] = &[
    CUSTOMER_ID,
    required("touched_at", Time, "when").or(&["timestamp", "at"]),
    required("channel", Text, "through which channel").or(&["source", "utm_source"]),
    optional("campaign", Text, "the campaign").or(&["utm_campaign"]),
    optional("kind", Text, "view, click, open, visit..."),
    optional("cost", Money, "what this contact cost"),
    CURRENCY_CODE,
];

const SUBSCRIPTIONS: &[CanonicalColumn] = &[
    required("subscription_id", Text, "the contract").or(&["id"]),
    CUSTOMER_ID,
    required("started_at", Date, "its first day").or(&["start_date"]),
    optional("ended_at", Date, "the first day on which it no longer ran; empty while it runs")
        .or(&["end_date"]),
    optional("plan", Text, "what was subscribed to"),
    optional("amount", Money, "the price of one period"),
    optional("period", Text, "`day`, `week`, `month` or `year`").or(&["interval"]),
    optional("status", Text, "active, paused, cancelled..."),
    CURRENCY_CODE,
];

const TICKETS: &[CanonicalColumn] = &[
    required("ticket_id", Text, "the request").or(&["id"]),
    CUSTOMER_ID,
    required("opened_at", Time, "when it was opened").or(&["created_at"]),
    optional("closed_at", Time, "when it was closed; empty while it is open").or(&["solved_at"]),
    optional("channel", Text, "e-mail, telephone, chat..."),
    optional("topic", Text, "what it is about").or(&["subject"]),
    optional("resolved", Flag, "whether the request was met"),
];

const RESPONSES: &[CanonicalColumn] = &[
    CUSTOMER_ID,
    required("answered_at", Time, "when").or(&["responded_at", "submitted_at"]),
    optional("survey", Text, "NPS, CSAT, CES, review... and which one"),
    optional("question", Text, "the question"),
    optional("score", Number, "the answer as a number").unit("the survey's own scale").or(&["rating"]),
    optional("comment", Text, "the answer in words"),
];

const EVENTS: &[CanonicalColumn] = &[
    CUSTOMER_ID,
    required("occurred_at", Time, "when").or(&["timestamp", "at"]),
    required("event", Text, "what happened").or(&["name"]),
    optional("message_id", Text, "the event's own identifier"),
    optional("properties", Json, "its particulars, by name"),
];
