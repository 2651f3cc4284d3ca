//! What an order costs the shop beside its goods.

use arrow::error::ArrowError;

use super::Table;
use crate::{
    World,
    cells::{Column, optional_floats, optional_money, texts},
    order::costs,
};

/// A kind of cost: an amount per order, or a share of its total.
pub(crate) struct CostKind {
    kind: &'static str,
    basis: &'static str,
    cents: Option<i64>,
    share: Option<f64>,
}

/// One row per kind of cost.
pub(crate) struct Costs;

impl Costs {
    /// The shop's kinds of cost.
    pub(crate) fn kinds() -> [CostKind; 4] {
        let fixed = |kind, basis, cents| CostKind { kind, basis, cents: Some(cents), share: None };
        [
            fixed("shipping", "order", costs::SHIPPING),
            fixed("packaging", "order", costs::PACKAGING),
            fixed("payment", "paid_order", costs::PAYMENT_FIXED),
            CostKind {
                kind: "payment",
                basis: "total",
                cents: None,
                share: Some(costs::PAYMENT_BASIS_POINTS as f64 / 1e4),
            },
        ]
    }
}

impl Table for Costs {
    type Subject = CostKind;

    const NAME: &'static str = "costs";

    fn columns(_: &World, kinds: &[CostKind]) -> Result<Vec<Column>, ArrowError> {
        Ok(vec![
            texts("kind", kinds.iter().map(|cost| cost.kind)),
            texts("basis", kinds.iter().map(|cost| cost.basis)),
            optional_money("amount", kinds.iter().map(|cost| cost.cents))?,
            optional_floats("share", kinds.iter().map(|cost| cost.share)),
        ])
    }
}
