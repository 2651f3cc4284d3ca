//! Orders under the names of the canonical columns, as a source's SQL select gives them: one row per order.

use super::{Format, Grain, Recipe};
use crate::columns::{Header, Role};

/// The recipe for rows that have at least the required columns.
pub(crate) fn recipe(header: &Header) -> Recipe {
    // One column for all rows: what is valued must not change from row to row.
    let amount = ["net", "total", "subtotal"].into_iter().find(|name| header.index(name).is_some());
    let grain = if header.index("order_id").is_some() { Grain::Orders } else { Grain::Rows };
    let recipe = Recipe::new(Format::Canonical, grain)
        .take(header, Role::Customer, &["customer_id"], "the customer")
        .take(header, Role::Date, &["placed_at"], "when the order was placed")
        .take(header, Role::Order, &["order_id"], "one row per order")
        .take(header, Role::Currency, &["currency"], "of the order")
        .take(
            header,
            Role::Refund,
            &["refunded_amount"],
            "dated at the order, where no refund says otherwise",
        )
        .take(header, Role::Cost, &["cost"], "of the order's goods")
        .take(header, Role::Status, &["status"], "in the usual words")
        .take(header, Role::CancelledAt, &["cancelled_at"], "an order with such a date is none");
    match amount {
        Some(amount) => recipe.take(header, Role::Amount, &[amount], "what is valued"),
        None => recipe,
    }
}
