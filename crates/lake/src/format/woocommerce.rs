//! WooCommerce's orders as the Order/Customer CSV export plug-ins write them: one row per order.

use super::{Format, Grain, Recipe, Verdict, usual_verdict};
use crate::columns::{Header, Role};

pub(super) fn recognise(header: &Header) -> Option<Recipe> {
    let dated = header.find("date").or_else(|| header.find("order_date")).is_some();
    let customer = header.find("customer_user").or_else(|| header.find("customer_id")).is_some();
    if !dated || !customer || !header.has_all(&["order_id", "status", "order_total", "billing_email"]) {
        return None;
    }
    let mut recipe = Recipe::new(Format::WooCommerce, Grain::Orders)
        .take(
            header,
            Role::Customer,
            &["customer_user", "customer_id", "billing_email"],
            "the account; the billing e-mail address of guests (account 0)",
        )
        .take(header, Role::Date, &["date", "order_date"], "when the order was placed")
        .take(header, Role::Amount, &["order_total"], "the order's total with shipping and taxes")
        .take(header, Role::Order, &["order_id"], "one row per order")
        .take(header, Role::Currency, &["order_currency", "currency"], "of the order")
        .take(
            header,
            Role::Refund,
            &["refunded_total", "total_refunded", "order_refunds"],
            "dated at the order",
        )
        .take(header, Role::Status, &["status"], "processing and completed orders count");
    recipe.guest = Some("0");
    recipe.verdict = verdict;
    Some(recipe)
}

/// WooCommerce's statuses, with or without their `wc-`.
fn verdict(word: &str) -> Verdict {
    usual_verdict(word.strip_prefix("wc-").unwrap_or(word))
}
