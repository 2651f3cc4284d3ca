//! What no real shop knows: every customer's rates, dropout and future.

use arrow::error::ArrowError;

use super::Table;
use crate::{
    Customer, Outlook, Outturn, World,
    cells::{Column, flags, floats, integers, money, optional_dates},
};

/// A customer with what is to be expected and what happens after the as-of date.
pub(crate) struct TruthRow {
    pub(crate) customer: Customer,
    pub(crate) outlook: Outlook,
    pub(crate) outturn: Outturn,
}

/// One row per customer.
pub(crate) struct Truth;

impl Table for Truth {
    type Subject = TruthRow;

    const NAME: &'static str = "truth";

    fn columns(world: &World, rows: &[TruthRow]) -> Result<Vec<Column>, ArrowError> {
        let now = f64::from(world.observed_days());
        let customers = || rows.iter().map(|row| &row.customer);
        let within_future = |customer: &Customer| customer.dropout < world.horizon();
        let dropped_out =
            |customer: &Customer| within_future(customer).then(|| world.epoch_day_of(customer.dropout));
        Ok(vec![
            integers("customer_id", customers().map(Customer::id)),
            floats("purchase_rate_per_day", customers().map(|customer| customer.purchase_rate)),
            floats("dropout_rate_per_day", customers().map(|customer| customer.dropout_rate)),
            optional_dates("dropped_out_on", customers().map(dropped_out)),
            flags("alive", customers().map(|customer| customer.is_alive_at(now))),
            floats("mean_order_total", customers().map(|customer| world.order_means(customer).total)),
            floats("expected_transactions", rows.iter().map(|row| row.outlook.transactions)),
            floats("expected_revenue", rows.iter().map(|row| row.outlook.revenue)),
            floats("expected_margin", rows.iter().map(|row| row.outlook.margin)),
            integers("actual_transactions", rows.iter().map(|row| row.outturn.transactions)),
            money("actual_revenue", rows.iter().map(|row| row.outturn.revenue))?,
            money("actual_margin", rows.iter().map(|row| row.outturn.margin))?,
        ])
    }
}
