//! What was given back up to the as-of date.

use arrow::error::ArrowError;

use super::Table;
use crate::{
    Order, World,
    cells::{Column, integers, moments, money},
    world::DAY,
};

/// One row per refund known on the as-of date; subjects are the orders with their ids.
pub(crate) struct Refunds;

impl Table for Refunds {
    type Subject = (i64, Order);

    const NAME: &'static str = "refunds";

    fn columns(world: &World, orders: &[(i64, Order)]) -> Result<Vec<Column>, ArrowError> {
        let end = world.observed_days() * DAY;
        let known: Vec<_> = orders
            .iter()
            .filter_map(|(id, order)| order.refund.map(|refund| (*id, refund)))
            .filter(|(_, refund)| refund.second < end)
            .collect();
        Ok(vec![
            integers("order_id", known.iter().map(|(id, _)| *id)),
            moments("refunded_at", known.iter().map(|(_, refund)| world.microseconds(refund.second))),
            money("amount", known.iter().map(|(_, refund)| refund.amount))?,
        ])
    }
}
