//! What the properties of an event say: fields of the specification, and nothing else that a shop may send along.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Said;
use crate::commerce::event::{Unusable, cut, short};
use crate::json::{self, Object};

/// Products that are kept of a list or a cart.
const PRODUCTS: usize = 100;

/// The fields of a product, and of the product of an event.
const PRODUCT: &[&str] =
    &["product_id", "sku", "name", "category", "brand", "variant", "price", "quantity", "coupon", "position"];

/// The other fields. Addresses of pages and pictures, messages and recipients of what is shared are left out, because they may
/// name people, and so are filters and the order of lists.
const FIELDS: &[&str] = &[
    "affiliation",
    "cart_id",
    "checkout_id",
    "coupon_id",
    "coupon_name",
    "creative",
    "currency",
    "discount",
    "list_id",
    "order_id",
    "payment_method",
    "promotion_id",
    "query",
    "rating",
    "reason",
    "revenue",
    "review_id",
    "share_via",
    "shipping",
    "shipping_method",
    "step",
    "tax",
    "total",
    "value",
    "wishlist_id",
    "wishlist_name",
];

/// See [`Said::read`].
pub(super) fn read(properties: &Object<'_>) -> (Said, Option<Unusable>) {
    let score = json::amount(properties.get("rating"));
    let unusable = score.is_err().then(|| {
        let shown = properties.text("rating").unwrap_or_default();
        let reason = format!("`rating`: `{}` is no number; send one such as 4.5", cut(&shown, 40));
        Unusable { code: "unusable_rating", reason }
    });
    let said = Said {
        product_id: number(properties.first(&["product_id", "productId"])),
        campaign: number(properties.first(&["promotion_id", "promotionId"])),
        score: score.unwrap_or_default(),
        comment: properties.text("review_body"),
        properties: particulars(properties),
    };
    (said, unusable)
}

/// A number of the shop's, which stays when all else goes; what may be somebody's address is none.
fn number(value: Option<&RawValue>) -> Option<String> {
    short(value).filter(|text| !text.contains('@') && !text.contains("%40"))
}

/// The fields that an event has, as texts.
type Texts = BTreeMap<&'static str, String>;

#[derive(Serialize)]
struct Particulars {
    #[serde(flatten)]
    fields: Texts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<Texts>,
}

/// The particulars as a JSON object; `None` where there are none.
fn particulars(properties: &Object<'_>) -> Option<String> {
    let products = properties.list("products").unwrap_or_default().into_iter().take(PRODUCTS);
    let particulars = Particulars {
        fields: texts(properties, PRODUCT.iter().chain(FIELDS)),
        products: products
            .map(|product| texts(&Object::parse(product.get()), PRODUCT.iter()))
            .filter(|product| !product.is_empty())
            .collect(),
    };
    let says_nothing = particulars.fields.is_empty() && particulars.products.is_empty();
    serde_json::to_string(&particulars).ok().filter(|_| !says_nothing)
}

fn texts(object: &Object<'_>, names: impl Iterator<Item = &'static &'static str>) -> Texts {
    names.filter_map(|name| Some((*name, short(object.get(name))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_specification_are_kept_and_no_others() {
        let (said, unusable) = read(&Object::parse(
            r#"{"product_id": 7, "price": 18.990000000000002, "url": "https://shop/jane", "recipient": "jo@x.de",
                "products": [{"sku": "A", "quantity": 2, "image_url": "x"}, 5], "colour": "red"}"#,
        ));
        assert_eq!((said.product_id.as_deref(), unusable), (Some("7"), None));
        assert_eq!(
            said.properties.unwrap(),
            r#"{"price":"18.990000000000002","product_id":"7","products":[{"quantity":"2","sku":"A"}]}"#
        );
        assert_eq!(read(&Object::parse(r#"{"colour": "red"}"#)).0, Said::default());
        let (said, _) =
            read(&Object::parse(r#"{"product_id": "for jo@x.de", "promotion_id": "hi-jo%40x.de"}"#));
        assert_eq!((said.product_id, said.campaign), (None, None), "what stays names nobody");
    }

    #[test]
    fn a_rating_is_a_number_or_told_to_be_none() {
        let rating =
            |text: &str| read(&Object::parse(&format!(r#"{{"rating": {text}, "review_body": "So"}}"#)));
        for (text, score) in [("5", "5"), ("\"4.5\"", "4.5"), ("-2", "-2")] {
            assert_eq!(rating(text).0.score.unwrap().to_string(), score);
        }
        let (said, unusable) = rating("\"five\"");
        assert_eq!((said.score, said.comment.as_deref()), (None, Some("So")));
        let unusable = unusable.unwrap();
        assert_eq!(unusable.code, "unusable_rating");
        assert!(unusable.reason.contains("five"), "{}", unusable.reason);
    }
}
