//! The names of the events, whatever their case and separators, also in the word order of the specification's first version.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::commerce::event::letters;

/// An event that becomes an activity, by its name in version 2 of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActivityName(&'static str);

/// What happened, and to what: `Product Viewed` is also known as `Viewed Product`.
const EVENTS: &[(&str, &str)] = &[
    ("Products", "Searched"),
    ("Product List", "Viewed"),
    ("Product List", "Filtered"),
    ("Promotion", "Viewed"),
    ("Promotion", "Clicked"),
    ("Product", "Clicked"),
    ("Product", "Viewed"),
    ("Product", "Added"),
    ("Product", "Removed"),
    ("Cart", "Viewed"),
    ("Checkout", "Started"),
    ("Checkout Step", "Viewed"),
    ("Checkout Step", "Completed"),
    ("Payment Info", "Entered"),
    ("Coupon", "Entered"),
    ("Coupon", "Applied"),
    ("Coupon", "Denied"),
    ("Coupon", "Removed"),
    ("Product", "Added to Wishlist"),
    ("Product", "Removed from Wishlist"),
    ("Wishlist Product", "Added to Cart"),
    ("Product", "Shared"),
    ("Cart", "Shared"),
    ("Product", "Reviewed"),
];

/// An event that the first version called otherwise.
const RENAMED: (&str, &str) = ("Viewed Product Category", "Product List Viewed");

static NAMES: LazyLock<HashMap<String, ActivityName>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for (what, happened) in EVENTS {
        // Leaked once, so that the names of millions of events need no memory of their own.
        let name = ActivityName(Box::leak(format!("{what} {happened}").into_boxed_str()));
        names.insert(letters(name.0), name);
        names.insert(letters(&format!("{happened} {what}")), name);
    }
    names.insert(letters(RENAMED.0), ActivityName(RENAMED.1));
    names
});

impl ActivityName {
    /// `None` for any other event.
    pub(crate) fn of_event(name: &str) -> Option<Self> {
        NAMES.get(&letters(name)).copied()
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling() {
        for (written, name) in [
            ("Product Viewed", "Product Viewed"),
            ("viewed_product", "Product Viewed"),
            ("PRODUCT-ADDED-TO-WISHLIST", "Product Added to Wishlist"),
            ("Completed Checkout Step", "Checkout Step Completed"),
            ("Viewed Product Category", "Product List Viewed"),
            ("products searched", "Products Searched"),
        ] {
            assert_eq!(ActivityName::of_event(written).map(ActivityName::as_str), Some(name), "{written}");
        }
        for other in ["Order Completed", "Viewed", "Product", "", "Product Viewed Twice"] {
            assert_eq!(ActivityName::of_event(other), None, "{other}");
        }
    }
}
