//! Stripe's payments export, in both generations of its header; the columns are chosen by the user in the dashboard.

use super::{Format, Grain, Recipe};
use crate::columns::{Header, Role};

pub(super) fn recognise(header: &Header) -> Option<Recipe> {
    let dated = header.find("Created (UTC)").or_else(|| header.find("Created date (UTC)")).is_some();
    if !dated || !header.has_all(&["id", "Amount", "Status"]) {
        return None;
    }
    let mut recipe = Recipe::new(Format::Stripe, Grain::Orders)
        .take(
            header,
            Role::Customer,
            &["Customer ID", "Customer Email"],
            "the customer; the e-mail address where there is none",
        )
        .take(header, Role::Date, &["Created (UTC)", "Created date (UTC)"], "in UTC")
        .take(header, Role::Amount, &["Amount"], "the charge")
        .take(header, Role::Order, &["id"], "one charge per id")
        .take(header, Role::Currency, &["Currency"], "of the charge")
        .take(header, Role::Refund, &["Amount Refunded"], "a partly refunded charge stays Paid")
        .take(header, Role::Status, &["Status"], "failed and pending charges are refused")
        .take(header, Role::Captured, &["Captured"], "charges that were only authorised are refused");
    if header.has_all(&["Converted Amount", "Converted Amount Refunded", "Converted Currency"]) {
        recipe.currency_hint = "Or take Stripe's own conversion: --columns amount=Converted Amount,refund=Converted Amount \
                                Refunded,currency=Converted Currency";
    }
    Some(recipe)
}
