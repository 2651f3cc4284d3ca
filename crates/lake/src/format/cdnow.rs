//! CDNOW's purchase log (P. S. Fader and B. G. S. Hardie, 2001): as published, between blanks without a header, and as a
//! table with one.

use super::{Format, Grain, Recipe};
use crate::columns::{Header, Role};

const CUSTOMER: &str = "the customer";
const DATE: &str = "the day of the purchase";
const QUANTITY: &str = "discs; not needed, as the amount is the purchase's total";
const AMOUNT: &str = "the purchase's total";

pub(super) fn recognise(header: &Header) -> Option<Recipe> {
    if header.bare { published(header) } else { table(header) }
}

/// `id yyyymmdd quantity amount`, in the 1/10 sample with the sample's own id behind the first.
fn published(header: &Header) -> Option<Recipe> {
    let (customer, others): (&str, &[&str]) = match header.columns.len() {
        4 => ("column 1", &[]),
        5 => ("column 2", &["column 1"]),
        _ => return None,
    };
    let last = header.columns.len();
    let column = |back: usize| format!("column {}", last - back);
    let mut recipe = Recipe::new(Format::Cdnow, Grain::Rows)
        .take(header, Role::Customer, &[customer], CUSTOMER)
        .take(header, Role::Date, &[&column(2)], DATE)
        .take(header, Role::Amount, &[&column(0)], AMOUNT)
        .take(header, Role::Quantity, &[&column(1)], QUANTITY);
    recipe.assignments[0].alternatives = others.iter().map(|name| (*name).to_owned()).collect();
    Some(recipe)
}

fn table(header: &Header) -> Option<Recipe> {
    let master = header.find("master_customer_id");
    let width = if master.is_some() { 5 } else { 4 };
    if header.columns.len() != width || !header.has_all(&["customer_id", "date", "quantity", "amount"]) {
        return None;
    }
    let mut recipe = Recipe::new(Format::Cdnow, Grain::Rows)
        .take(header, Role::Customer, &["customer_id"], CUSTOMER)
        .take(header, Role::Date, &["date"], DATE)
        .take(header, Role::Amount, &["amount"], AMOUNT)
        .take(header, Role::Quantity, &["quantity"], QUANTITY);
    recipe.assignments[0].alternatives.extend(master.map(str::to_owned));
    Some(recipe)
}
