//! The tables of the shop, one file each.
//!
//! To add a table: a file here that implements [`Table`], and a line in `shop.rs` where its subjects are at hand.

mod costs;
mod customers;
mod order_lines;
mod orders;
mod products;
mod refunds;
mod spend;
mod truth;

use arrow::error::ArrowError;

pub(crate) use self::{
    costs::Costs,
    customers::Customers,
    order_lines::OrderLines,
    orders::{OrderRow, Orders, clean_row, dirty_row},
    products::Products,
    refunds::Refunds,
    spend::Spend,
    truth::{Truth, TruthRow},
};
use crate::{World, cells::Column};

/// A table of the shop.
pub(crate) trait Table {
    /// What some rows are made from: a customer, an order; the table decides how many rows of each.
    type Subject: Sync;

    /// The file's name without its ending.
    const NAME: &'static str;

    /// What a missing moment is written as in text.
    const NULL_TEXT: &'static str = "";

    /// The columns for some subjects, always the same in name and type.
    fn columns(world: &World, subjects: &[Self::Subject]) -> Result<Vec<Column>, ArrowError>;
}
