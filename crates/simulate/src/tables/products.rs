//! What the shop sells.

use arrow::error::ArrowError;

use super::Table;
use crate::{
    CATEGORIES, Product, World,
    cells::{Column, integers, money, texts},
};

/// One row per product.
pub(crate) struct Products;

impl Table for Products {
    type Subject = Product;

    const NAME: &'static str = "products";

    fn columns(_: &World, products: &[Product]) -> Result<Vec<Column>, ArrowError> {
        Ok(vec![
            integers("product_id", products.iter().map(|product| product.id)),
            texts("name", products.iter().map(|product| &product.name)),
            texts("category", products.iter().map(|product| CATEGORIES[product.category].0)),
            money("price", products.iter().map(|product| product.price))?,
            money("cost", products.iter().map(|product| product.cost))?,
        ])
    }
}
