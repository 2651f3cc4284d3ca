//! Who the customers are, as the shop knows them.

use arrow::error::ArrowError;

use super::{Table, TruthRow};
use crate::{
    Customer, World,
    cells::{Column, dates, integers, texts},
};

/// One row per customer.
pub(crate) struct Customers;

impl Table for Customers {
    type Subject = TruthRow;

    const NAME: &'static str = "customers";

    fn columns(world: &World, rows: &[TruthRow]) -> Result<Vec<Column>, ArrowError> {
        let customers = || rows.iter().map(|row| &row.customer);
        let channels = &world.settings().channels;
        Ok(vec![
            integers("customer_id", customers().map(Customer::id)),
            texts("email", customers().map(|customer| format!("customer-{:07}@example.com", customer.id()))),
            dates("first_seen", customers().map(|customer| world.epoch_day_of(customer.arrival))),
            texts("channel", customers().map(|customer| &channels[customer.channel].name)),
            texts("country", customers().map(|customer| customer.country)),
        ])
    }
}
