//! What the shop sells.

/// The categories of products, each with the share of the price that the goods cost, in per cent.
pub const CATEGORIES: [(&str, i64); 6] =
    [("kitchen", 48), ("living", 52), ("garden", 45), ("office", 55), ("travel", 42), ("gifts", 38)];

/// Three names in each category; with the price level they make a product's name.
const NOUNS: [[&str; 3]; 6] = [
    ["Mug", "Pan", "Knife set"],
    ["Lamp", "Cushion", "Blanket"],
    ["Planter", "Trowel", "Lantern"],
    ["Notebook", "Desk tidy", "Pen case"],
    ["Rucksack", "Flask", "Packing cube"],
    ["Candle", "Puzzle", "Gift box"],
];

/// The number of prices in the catalogue.
const PRICE_LEVELS: i32 = 36;

/// A product: every price of the shop exists once in each category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The number, from 1.
    pub id: i64,
    /// A name.
    pub name: String,
    /// The place in [`CATEGORIES`].
    pub category: usize,
    /// The price without tax, in cents.
    pub price: i64,
    /// What the goods cost the shop, in cents.
    pub cost: i64,
}

/// All products, by price and then by category.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    products: Vec<Product>,
    prices: Vec<i64>,
}

impl Catalogue {
    /// The shop's products at 36 prices from 2.99 to 313.99, about 14 % apart.
    pub(crate) fn new() -> Self {
        let prices: Vec<i64> = (0..PRICE_LEVELS).map(price).collect();
        let mut products = Vec::new();
        let mut ids = 1..;
        for (level, &price) in prices.iter().enumerate() {
            for (category, &(_, cost_percent)) in CATEGORIES.iter().enumerate() {
                let noun = NOUNS[category][level % 3];
                products.push(Product {
                    id: ids.next().unwrap_or_default(),
                    name: format!("{noun} No. {}", level / 3 + 1),
                    category,
                    price,
                    cost: (price * cost_percent + 50) / 100,
                });
            }
        }
        Self { products, prices }
    }

    /// All products.
    pub(crate) fn products(&self) -> &[Product] {
        &self.products
    }

    /// The product of a price level and a category, both within their range.
    pub(crate) fn product(&self, level: usize, category: usize) -> &Product {
        &self.products[level * CATEGORIES.len() + category]
    }

    /// The prices in cents, ascending.
    pub(crate) fn prices(&self) -> &[i64] {
        &self.prices
    }
}

/// The price of a level in cents: 14.2 % more than the one before, ending in 99.
#[expect(clippy::cast_possible_truncation, reason = "the prices are a few hundred")]
fn price(level: i32) -> i64 {
    (2.0 * 1.142_f64.powi(level) + 0.5).floor() as i64 * 100 + 99
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_exists_in_each_category() {
        let catalogue = Catalogue::new();
        assert_eq!(catalogue.products().len(), catalogue.prices().len() * CATEGORIES.len());
        for (level, &price) in catalogue.prices().iter().enumerate() {
            for category in 0..CATEGORIES.len() {
                let product = catalogue.product(level, category);
                assert_eq!((product.price, product.category), (price, category));
                assert!(product.cost > 0 && product.cost < product.price);
            }
        }
        assert!(catalogue.prices().is_sorted());
    }
}
