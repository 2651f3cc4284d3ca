//! Any table with a customer and a date: the columns are found by the names that people give them.

use super::{Assignment, Format, Grain, Recipe};
use crate::columns::{Header, Role};

/// The order in which roles choose their columns: a column has one role, so the more telling names go first.
const ROLES: [Role; 11] = [
    Role::Order,
    Role::Date,
    Role::Customer,
    Role::Amount,
    Role::Price,
    Role::Quantity,
    Role::Currency,
    Role::Refund,
    Role::Cost,
    Role::Status,
    Role::CancelledAt,
];

pub(super) fn recipe(header: &Header) -> Recipe {
    let mut recipe = Recipe::new(Format::Plain, Grain::Rows);
    for role in ROLES {
        let taken = |column: &str| recipe.assignments.iter().any(|other| other.columns[0] == column);
        let candidates: Vec<&str> =
            header.candidates(role).into_iter().filter(|column| !taken(column)).collect();
        if let Some((best, others)) = candidates.split_first() {
            let how = format!("by its name {best:?}");
            let alternatives = others.iter().map(|name| (*name).to_owned()).collect();
            let columns = vec![(*best).to_owned()];
            recipe.assignments.push(Assignment { role, columns, how, alternatives });
        }
    }
    settle_amount(&mut recipe);
    recipe.grain = grain(header, &recipe);
    recipe
}

/// The amount is a row's total, except where its name is that of a unit price and there is a quantity to multiply with.
fn settle_amount(recipe: &mut Recipe) {
    let has_quantity = recipe.get(Role::Quantity).is_some();
    let Some(amount) = recipe.assignments.iter_mut().find(|assignment| assignment.role == Role::Amount)
    else {
        return;
    };
    if !Header::is_unit_price(&amount.columns[0]) {
        recipe.drop_role(Role::Price);
        return;
    }
    if !has_quantity {
        amount.how.push_str(", as the row's total: there is no quantity to multiply it with");
        recipe.drop_role(Role::Price);
        return;
    }
    amount.role = Role::Price;
    amount.how.push_str(
        "; the row's value is quantity x price (--columns amount=NAME takes a column as the total)",
    );
    let column = amount.columns[0].clone();
    recipe.assignments.retain(|assignment| assignment.role != Role::Price || assignment.columns[0] == column);
}

/// What the rows of a plain table are, by its header.
pub(super) fn grain(header: &Header, recipe: &Recipe) -> Grain {
    match recipe.get(Role::Order) {
        None => Grain::Rows,
        Some(_) if recipe.get(Role::Price).is_some() || header.has_lines() => Grain::Lines,
        Some(_) => Grain::Orders,
    }
}
