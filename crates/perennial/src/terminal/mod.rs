//! What a person reads in a terminal.

pub(crate) mod fits;
pub(crate) mod league;
pub(crate) mod page;
pub(crate) mod progress;
pub(crate) mod project;
pub(crate) mod reading;
pub(crate) mod retention;
pub(crate) mod truth;
pub(crate) mod valuation;

pub(crate) use page::Page;
pub(crate) use progress::Progress;

use perennial_report::Texts;
use serde_json::json;

/// From one number to another, both in words already.
pub(crate) fn span(texts: &Texts, lower: &str, upper: &str) -> String {
    texts.code("terminal", &json!({ "code": "span", "lower": lower, "upper": upper }))
}
