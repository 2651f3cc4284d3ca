//! Segment's order events (e-commerce specification v2), read from a message's properties.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Amount;
use super::net::Amounts;
use crate::identity::Identifier;
use crate::json::{self, Object};

/// Longest order number, product number, name or category that is kept; longer ones are cut.
const TEXT_LIMIT: usize = 255;
/// More products than this are no order of a shop.
const LINE_LIMIT: usize = 1000;

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderEventKind {
    Completed,
    Updated,
    Refunded,
    Cancelled,
}

impl OrderEventKind {
    /// Of an event's name, whatever its case and blanks; also in the word order of the specification's first version.
    pub(crate) fn of_event(name: &str) -> Option<Self> {
        match letters(name).as_str() {
            "ordercompleted" | "completedorder" => Some(Self::Completed),
            "orderupdated" | "updatedorder" => Some(Self::Updated),
            "orderrefunded" | "refundedorder" => Some(Self::Refunded),
            "ordercancelled" | "ordercanceled" | "cancelledorder" | "canceledorder" => Some(Self::Cancelled),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Updated => "updated",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn of_column(text: &str) -> Option<Self> {
        Self::of_event(&format!("order{text}"))
    }
}

/// The name of an event without its case and separators.
pub(crate) fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One message about an order: what it says, who it is about and when it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderEvent {
    pub(crate) order_id: String,
    pub(crate) source: String,
    pub(crate) message_id: String,
    pub(crate) kind: OrderEventKind,
    /// Microseconds since 1970 UTC.
    pub(crate) at: i64,
    /// Who it is about, unless the message does not say.
    pub(crate) by: Option<Identifier>,
    pub(crate) said: Said,
}

/// What a message says of an order; what it leaves out is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Said {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    #[serde(flatten)]
    pub(crate) amounts: Amounts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coupon: Option<String>,
    /// Why it was refunded or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The shop's own number of the refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refund_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lines: Option<Vec<Line>>,
}

/// A product of an order or refund.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) product_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) brand: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) variant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coupon: Option<String>,
    /// Pieces; one where the message does not say.
    pub(crate) quantity: Amount,
    /// Price of one piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Amount>,
    /// Discount on the whole line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) discount: Option<Amount>,
}

impl Line {
    /// Pieces times price, less the line's discount; `None` without a price.
    pub(crate) fn value(&self) -> Option<Amount> {
        Some(self.price?.times(self.quantity).minus(self.discount.unwrap_or_default()))
    }
}

/// Why an order event cannot be used: a code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// The order's number and what is said of it.
pub(crate) fn read(properties: &Object<'_>) -> Result<(String, Said), Unusable> {
    let order_id =
        properties.first(&["order_id", "orderId"]).and_then(json::text).ok_or_else(|| Unusable {
            code: "unusable_order",
            reason: "the properties have no `order_id`; send the shop's order number with every order event"
                .to_owned(),
        })?;
    if order_id.len() > TEXT_LIMIT {
        return Err(Unusable {
            code: "unusable_order",
            reason: format!("the `order_id` has {} bytes; at most {TEXT_LIMIT} are possible", order_id.len()),
        });
    }
    let mut said = Said {
        currency: currency(properties)?,
        amounts: Amounts::default(),
        coupon: short(properties.get("coupon")),
        reason: short(properties.get("reason")),
        refund_id: short(properties.first(&["refund_id", "refundId"])),
        lines: properties.list("products").map(|products| lines(&products)).transpose()?,
    };
    for (name, slot) in said.amounts.named() {
        *slot = not_negative(name, properties.get(name))?;
    }
    Ok((order_id, said))
}

fn currency(properties: &Object<'_>) -> Result<Option<String>, Unusable> {
    let Some(text) = properties.text("currency") else { return Ok(None) };
    let code = text.to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(Some(code));
    }
    Err(Unusable {
        code: "unusable_currency",
        reason: format!(
            "`{}` is no currency; send its three-letter code of ISO 4217, such as EUR",
            cut(&text, 40)
        ),
    })
}

fn lines(products: &[&RawValue]) -> Result<Vec<Line>, Unusable> {
    if products.len() > LINE_LIMIT {
        return Err(Unusable {
            code: "unusable_products",
            reason: format!("the order has {} products; at most {LINE_LIMIT} are possible", products.len()),
        });
    }
    products.iter().map(|product| line(&Object::parse(product.get()))).collect()
}

fn line(product: &Object<'_>) -> Result<Line, Unusable> {
    Ok(Line {
        product_id: short(product.first(&["product_id", "productId", "id"])),
        sku: short(product.get("sku")),
        name: short(product.get("name")),
        category: short(product.get("category")),
        brand: short(product.get("brand")),
        variant: short(product.get("variant")),
        coupon: short(product.get("coupon")),
        quantity: not_negative("quantity", product.get("quantity"))?.unwrap_or_else(one),
        price: not_negative("price", product.get("price"))?,
        discount: not_negative("discount", product.get("discount"))?,
    })
}

fn one() -> Amount {
    "1".parse().unwrap_or_default()
}

fn not_negative(name: &str, value: Option<&RawValue>) -> Result<Option<Amount>, Unusable> {
    let unusable = |reason| Unusable { code: "unusable_amount", reason };
    let amount = json::amount(value).map_err(|error| unusable(format!("`{name}`: {error}")))?;
    match amount {
        Some(negative) if negative.is_negative() => {
            Err(unusable(format!("`{name}` is {negative}; amounts of order events are not negative")))
        }
        amount => Ok(amount),
    }
}

/// A text of at most [`TEXT_LIMIT`] bytes.
pub(super) fn short(value: Option<&RawValue>) -> Option<String> {
    value.and_then(json::text).map(|text| cut(&text, TEXT_LIMIT).to_owned())
}

/// The beginning of a text, at most `limit` bytes of it.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(properties: &str) -> Result<Said, Unusable> {
        read(&Object::parse(properties)).map(|(_, said)| said)
    }

    #[test]
    fn amounts_are_numbers_or_strings() {
        let said =
            said(r#"{"order_id": 7, "total": "27.50", "tax": 2, "discount": "", "revenue": null, "currency": "usd"}"#)
                .unwrap();
        assert_eq!(said.amounts.total.unwrap().to_string(), "27.5");
        assert_eq!(said.amounts.tax.unwrap().to_string(), "2");
        assert_eq!((said.amounts.discount, said.amounts.revenue), (None, None));
        assert_eq!(said.currency.as_deref(), Some("USD"));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        for (properties, code, word) in [
            ("{}", "unusable_order", "order_id"),
            (r#"{"order_id": ""}"#, "unusable_order", "order_id"),
            (r#"{"order_id": {"a": 1}}"#, "unusable_order", "order_id"),
            (r#"{"order_id": "1", "currency": "Euro"}"#, "unusable_currency", "Euro"),
            (r#"{"order_id": "1", "total": "1,000.00"}"#, "unusable_amount", "1,000.00"),
            (r#"{"order_id": "1", "total": -5}"#, "unusable_amount", "-5"),
            (r#"{"order_id": "1", "total": true}"#, "unusable_amount", "true"),
            (r#"{"order_id": "1", "products": [{"price": "ten"}]}"#, "unusable_amount", "price"),
        ] {
            let unusable = said(properties).unwrap_err();
            assert_eq!(unusable.code, code, "{properties}");
            assert!(unusable.reason.contains(word), "{properties}: {}", unusable.reason);
        }
    }

    #[test]
    fn a_line_without_quantity_is_one_piece() {
        let said = said(r#"{"order_id": "1", "products": [{"sku": "A", "price": "19.99"}, 5]}"#).unwrap();
        let lines = said.lines.unwrap();
        assert_eq!(lines[0].value().unwrap().to_string(), "19.99");
        assert_eq!(
            lines[1],
            Line { quantity: one(), ..Line::default() },
            "an odd product is a line without anything"
        );
    }

    #[test]
    fn names_of_events_are_known_in_every_spelling() {
        for name in ["Order Completed", "order_completed", "Completed Order", "ORDER COMPLETED"] {
            assert_eq!(OrderEventKind::of_event(name), Some(OrderEventKind::Completed), "{name}");
        }
        assert_eq!(OrderEventKind::of_event("Order Canceled"), Some(OrderEventKind::Cancelled));
        assert_eq!(OrderEventKind::of_event("Order Viewed"), None);
        for kind in [
            OrderEventKind::Completed,
            OrderEventKind::Updated,
            OrderEventKind::Refunded,
            OrderEventKind::Cancelled,
        ] {
            assert_eq!(OrderEventKind::of_column(kind.as_str()), Some(kind));
        }
    }
}
