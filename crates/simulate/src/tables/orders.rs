//! The orders as the shop exports them: a plain table, clean rows and dirty ones.

use arrow::error::ArrowError;

use super::Table;
use crate::{
    DirtKind, Order, World,
    cells::{Column, integers, money, optional_integers, optional_moments, optional_texts, texts},
    dirt::DirtyRow,
    world::DAY,
};

/// Noon of 1 January 2099 in microseconds since 1970, a date that no order can have yet.
const FAR_FUTURE: i64 = 4_070_952_000_000_000;

/// The least that a credit note is about, in cents, when the order it is made from was free.
const LEAST_CREDIT: i64 = 1_000;

/// A row of the orders.
#[derive(Debug, Clone)]
pub(crate) struct OrderRow {
    order_id: i64,
    customer_id: Option<i64>,
    /// Microseconds since 1970; none is a broken date.
    ordered_at: Option<i64>,
    status: &'static str,
    subtotal: i64,
    discount: i64,
    shipping: i64,
    tax: i64,
    total: i64,
    refunded: i64,
    coupon: Option<&'static str>,
}

/// The row of an order, with what was refunded up to the as-of date.
pub(crate) fn clean_row(world: &World, order: &Order, order_id: i64) -> OrderRow {
    let refunded = order.refunded_by(world.observed_days() * DAY - 1);
    let total = order.total();
    let status = match refunded {
        0 => "paid",
        _ if refunded == total => "refunded",
        _ => "partially_refunded",
    };
    OrderRow {
        order_id,
        customer_id: Some(order.customer_id),
        ordered_at: Some(world.microseconds(order.second)),
        status,
        subtotal: order.subtotal,
        discount: order.discount,
        shipping: order.shipping,
        tax: order.tax,
        total,
        refunded,
        coupon: order.coupon,
    }
}

/// The dirty row made from a clean one.
pub(crate) fn dirty_row(clean: &OrderRow, dirt: DirtyRow) -> OrderRow {
    if dirt.kind == DirtKind::ExactDuplicate {
        return clean.clone();
    }
    let mut row = OrderRow { order_id: dirt.order_id, status: "paid", refunded: 0, ..clean.clone() };
    match dirt.kind {
        DirtKind::Guest => row.customer_id = None,
        DirtKind::BrokenDate => row.ordered_at = None,
        DirtKind::FutureDate => row.ordered_at = Some(FAR_FUTURE),
        DirtKind::Cancelled => row.status = "cancelled",
        DirtKind::NegativeRow | DirtKind::ExactDuplicate => {
            let amount = clean.total.max(LEAST_CREDIT);
            row = OrderRow {
                status: "credit_note",
                subtotal: -amount,
                discount: 0,
                shipping: 0,
                tax: 0,
                total: -amount,
                coupon: None,
                ..row
            };
        }
    }
    row
}

/// One row per order, and the dirty ones.
pub(crate) struct Orders;

impl Table for Orders {
    type Subject = OrderRow;

    const NAME: &'static str = "orders";

    const NULL_TEXT: &'static str = "2025-02-30T25:61:00Z";

    fn columns(_: &World, rows: &[OrderRow]) -> Result<Vec<Column>, ArrowError> {
        let rows = || rows.iter();
        Ok(vec![
            integers("order_id", rows().map(|row| row.order_id)),
            optional_integers("customer_id", rows().map(|row| row.customer_id)),
            optional_moments("ordered_at", rows().map(|row| row.ordered_at)),
            texts("status", rows().map(|row| row.status)),
            texts("currency", rows().map(|_| "EUR")),
            money("subtotal", rows().map(|row| row.subtotal))?,
            money("discount", rows().map(|row| row.discount))?,
            money("shipping", rows().map(|row| row.shipping))?,
            money("tax", rows().map(|row| row.tax))?,
            money("total", rows().map(|row| row.total))?,
            money("refunded_amount", rows().map(|row| row.refunded))?,
            optional_texts("coupon", rows().map(|row| row.coupon)),
        ])
    }
}
