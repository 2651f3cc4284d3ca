//! What an order was worth to the shop: which of the amounts of an e-commerce event is its net value.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Amount;

/// How the net value of an order (after discounts, without shipping and tax) is found in the amounts of Segment's
/// e-commerce events.
///
/// Shops fill `revenue` in two ways: the specification's own example has it *before* the discount (revenue 25, discount
/// 2.50, subtotal 22.50), its text and many shops have it after. So it is the last resort of no rule by accident: each
/// rule states its order, and each order says by which formula its value was found ([`NetFormula`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetRule {
    /// `subtotal`, else `revenue - discount`, else `total - shipping - tax`: as in the specification's example.
    #[default]
    RevenueBeforeDiscount,
    /// `subtotal`, else `revenue`, else `total - shipping - tax`: for shops whose `revenue` is after discounts.
    RevenueAfterDiscount,
    /// `total - shipping - tax`, else `subtotal`, else `revenue - discount`: for shops whose `total` is the only amount to trust.
    Total,
}

/// The formula by which the net value of one order was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetFormula {
    /// `subtotal`.
    Subtotal,
    /// `revenue - discount`, an absent discount being zero.
    RevenueLessDiscount,
    /// `revenue`.
    Revenue,
    /// `total - shipping - tax`, what is absent being zero.
    TotalLessShippingAndTax,
    /// The sum of quantity times price over the products, less the discounts: no amount of the whole order was given.
    Products,
}

impl NetFormula {
    /// Its name in the table `orders`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subtotal => "subtotal",
            Self::RevenueLessDiscount => "revenue - discount",
            Self::Revenue => "revenue",
            Self::TotalLessShippingAndTax => "total - shipping - tax",
            Self::Products => "products",
        }
    }
}

impl fmt::Display for NetFormula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The amounts that an event gives of a whole order, or of a whole refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Amounts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revenue: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subtotal: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shipping: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tax: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) discount: Option<Amount>,
}

impl Amounts {
    /// The amounts with their names.
    pub(crate) fn named(&mut self) -> [(&'static str, &mut Option<Amount>); 6] {
        [
            ("revenue", &mut self.revenue),
            ("subtotal", &mut self.subtotal),
            ("total", &mut self.total),
            ("shipping", &mut self.shipping),
            ("tax", &mut self.tax),
            ("discount", &mut self.discount),
        ]
    }

    /// Replaces each amount that `later` gives.
    pub(crate) fn replace_by(&mut self, mut later: Self) {
        for ((_, kept), (_, new)) in self.named().into_iter().zip(later.named()) {
            *kept = new.or(*kept);
        }
    }

    /// The net value and how it was found; `None` if no amount of the whole is known.
    pub(crate) fn net(&self, rule: NetRule) -> Option<(Amount, NetFormula)> {
        let subtotal = || self.subtotal.map(|amount| (amount, NetFormula::Subtotal));
        let less_discount = || {
            let net = self.revenue?.minus(self.discount.unwrap_or_default());
            Some((net, NetFormula::RevenueLessDiscount))
        };
        let revenue = || self.revenue.map(|amount| (amount, NetFormula::Revenue));
        let total = || {
            let net =
                self.total?.minus(self.shipping.unwrap_or_default()).minus(self.tax.unwrap_or_default());
            Some((net, NetFormula::TotalLessShippingAndTax))
        };
        match rule {
            NetRule::RevenueBeforeDiscount => subtotal().or_else(less_discount).or_else(total),
            NetRule::RevenueAfterDiscount => subtotal().or_else(revenue).or_else(total),
            NetRule::Total => total().or_else(subtotal).or_else(less_discount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(given: &[(&str, &str)]) -> Amounts {
        let mut amounts = Amounts::default();
        for (name, slot) in amounts.named() {
            *slot = given.iter().find(|(given, _)| *given == name).map(|(_, text)| text.parse().unwrap());
        }
        amounts
    }

    fn net(given: &[(&str, &str)], rule: NetRule) -> Option<(String, &'static str)> {
        amounts(given).net(rule).map(|(amount, formula)| (amount.to_string(), formula.as_str()))
    }

    /// The example of Order Completed in Segment's e-commerce specification v2.
    const EXAMPLE: [(&str, &str); 6] = [
        ("subtotal", "22.50"),
        ("total", "27.50"),
        ("revenue", "25.00"),
        ("shipping", "3"),
        ("tax", "2"),
        ("discount", "2.5"),
    ];

    #[test]
    fn the_example_of_the_specification_is_worth_its_subtotal() {
        assert_eq!(net(&EXAMPLE, NetRule::default()), Some(("22.5".into(), "subtotal")));
        assert_eq!(net(&EXAMPLE[1..], NetRule::default()), Some(("22.5".into(), "revenue - discount")));
        let without_revenue = [EXAMPLE[1], EXAMPLE[3], EXAMPLE[4], EXAMPLE[5]];
        assert_eq!(
            net(&without_revenue, NetRule::default()),
            Some(("22.5".into(), "total - shipping - tax"))
        );
    }

    #[test]
    fn revenue_after_discount_is_a_setting() {
        let rule = NetRule::RevenueAfterDiscount;
        assert_eq!(net(&EXAMPLE[1..], rule), Some(("25".into(), "revenue")));
        assert_eq!(net(&EXAMPLE, NetRule::Total), Some(("22.5".into(), "total - shipping - tax")));
        assert_eq!(
            net(&EXAMPLE[3..], rule),
            None,
            "shipping, tax and discount alone say nothing of the order"
        );
    }
}
