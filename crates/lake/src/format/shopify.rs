//! Shopify's orders export: one row per line item; an order's totals, dates and status stand on its first row only.

use super::{Format, Grain, Recipe};
use crate::columns::{Header, Role};

pub(super) fn recognise(header: &Header) -> Option<Recipe> {
    if !header.has_all(&["Name", "Financial Status", "Total", "Created at", "Lineitem name"]) {
        return None;
    }
    let mut recipe = Recipe::new(Format::Shopify, Grain::TotalsOnFirstRow)
        .take(
            header,
            Role::Customer,
            &["Email", "Phone"],
            "the e-mail address; the phone number where there is none",
        )
        .take(header, Role::Date, &["Created at"], "when the order was placed")
        .take(header, Role::Amount, &["Total"], "the order's total with shipping and taxes, once per order")
        .take(header, Role::Order, &["Name"], "one order per Name")
        .take(header, Role::Currency, &["Currency"], "of the order")
        .take(
            header,
            Role::Refund,
            &["Refunded Amount"],
            "dated at the order: the export has no date of refunds",
        )
        .take(
            header,
            Role::Status,
            &["Financial Status"],
            "pending and authorized orders are refused, voided ones are none",
        )
        .take(header, Role::CancelledAt, &["Cancelled at"], "an order with such a date is none");
    if let Some(amount) = recipe.assignments.iter_mut().find(|assignment| assignment.role == Role::Amount) {
        amount.alternatives.extend(header.find("Subtotal").map(str::to_owned));
    }
    Some(recipe)
}
