//! What a cost is counted by that is neither of one order nor of a product.

use crate::columns::normalised;

/// What a cost is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CostBasis {
    /// Every order.
    Order,
    /// Every order with an amount.
    PaidOrder,
    /// A share of the order's amount.
    Total,
}

impl CostBasis {
    pub(crate) const ALL: [Self; 3] = [Self::Order, Self::PaidOrder, Self::Total];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::PaidOrder => "paid_order",
            Self::Total => "total",
        }
    }

    /// The basis of this name; case, blanks and marks do not matter.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| normalised(basis.name()) == normalised(text))
    }
}
