//! What is in the orders.

use arrow::error::ArrowError;

use super::Table;
use crate::{
    Order, World,
    cells::{Column, integers, money},
};

/// One row per line of an order; subjects are the orders with their ids.
pub(crate) struct OrderLines;

impl Table for OrderLines {
    type Subject = (i64, Order);

    const NAME: &'static str = "order_lines";

    fn columns(_: &World, orders: &[(i64, Order)]) -> Result<Vec<Column>, ArrowError> {
        let lines = || orders.iter().flat_map(|(_, order)| &order.lines);
        let places =
            orders.iter().flat_map(|(id, order)| (1_i64..).take(order.lines.len()).map(move |n| (*id, n)));
        let (ids, numbers): (Vec<i64>, Vec<i64>) = places.unzip();
        Ok(vec![
            integers("order_id", ids.into_iter()),
            integers("line", numbers.into_iter()),
            integers("product_id", lines().map(|line| line.product_id)),
            integers("quantity", lines().map(|line| line.quantity)),
            money("unit_price", lines().map(|line| line.unit_price))?,
            money("line_total", lines().map(crate::Line::total))?,
            money("cost", lines().map(|line| line.cost))?,
        ])
    }
}
