//! UCI's Online Retail and Online Retail II (D. Chen, 2015 and 2019): one row per invoice line; an invoice whose number
//! begins with C is a cancellation.

use super::{Format, Grain, Recipe};
use crate::columns::{Header, Role};

pub(super) fn recognise(header: &Header) -> Option<Recipe> {
    let invoice = ["InvoiceNo", "Invoice"].into_iter().find_map(|name| header.find(name))?;
    let price = ["UnitPrice", "Price"].into_iter().find_map(|name| header.find(name))?;
    if !header.has_all(&["StockCode", "Description", "Quantity", "InvoiceDate", "Customer ID", "Country"]) {
        return None;
    }
    let mut recipe = Recipe::new(Format::OnlineRetail, Grain::Lines)
        .take(header, Role::Customer, &["Customer ID"], "the customer; lines without one are refused")
        .take(header, Role::Date, &["InvoiceDate"], "when the invoice was made")
        .take(
            header,
            Role::Order,
            &[invoice],
            "the lines of an invoice are summed; numbers with C are cancellations",
        )
        .take(header, Role::Quantity, &["Quantity"], "pieces; negative ones are returns")
        .take(header, Role::Price, &[price], "the line's value is quantity x price");
    recipe.credit_prefix = Some('C');
    Some(recipe)
}
