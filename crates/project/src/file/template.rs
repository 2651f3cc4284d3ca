//! The file that `perennial init` writes: every key with its meaning and its default.

use jiff::civil::Date;

/// What is known of a shop when its project begins.
#[derive(Debug, Clone, Default)]
pub struct Begun {
    /// The shop's name.
    pub name: String,
    /// Its orders, where a file was named.
    pub orders: Option<OrdersFound>,
}

/// What was recognised in a file of orders.
#[derive(Debug, Clone)]
pub struct OrdersFound {
    /// The path, relative to the project.
    pub file: String,
    /// The format's name.
    pub format: String,
    /// The currency of its amounts, where it says.
    pub currency: Option<String>,
    /// The first day with a purchase.
    pub first_day: Date,
    /// The last one.
    pub last_day: Date,
}

/// The text of a new `perennial.toml`. Lines that begin with `#` and no blank after it are keys that can be switched on.
#[must_use]
pub fn template(begun: &Begun) -> String {
    let name = quoted(if begun.name.is_empty() { "My shop" } else { &begun.name });
    let currency = begun.orders.as_ref().and_then(|orders| orders.currency.as_deref());
    let currency = match (currency, &begun.orders) {
        (Some(code), _) => format!("currency = {}", quoted(code)),
        (None, _) => "#currency = \"EUR\"".to_owned(),
    };
    let source = match &begun.orders {
        Some(orders) => format!(
            "# Recognised: {}, orders from {} to {}.\n[sources.orders]\ntable = \"orders\"\nfiles = [{}]",
            orders.format.replace(['\r', '\n'], " "),
            orders.first_day,
            orders.last_day,
            quoted(&orders.file)
        ),
        None => "#[sources.orders]\n#table = \"orders\"\n#files = [\"exports/orders-*.csv\"]".to_owned(),
    };
    TEXT.replace("@NAME@", &name).replace("@CURRENCY@", &currency).replace("@SOURCE@", &source)
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

const TEXT: &str = include_str!("template.toml");
