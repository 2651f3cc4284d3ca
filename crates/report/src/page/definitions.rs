//! What was stated before any number.

use askama::Template;
use jiff::Span;
use perennial_valuation::{Definitions, Margin};

use crate::Texts;

#[derive(Template)]
#[template(path = "definitions.html")]
pub(super) struct DefinitionList<'a> {
    texts: &'a Texts,
    /// Names and values.
    items: Vec<(String, String)>,
}

impl<'a> DefinitionList<'a> {
    pub(super) fn new(texts: &'a Texts, definitions: &Definitions) -> Self {
        let rate = ("rate", texts.percent_rounded(definitions.discount).into());
        let items = [
            ("as-of", texts.date(definitions.as_of)),
            ("horizon", horizon(texts, definitions)),
            ("discount", texts.text_with("definition-discount-value", &[rate])),
            ("margin", margin(texts, definitions.margin)),
            (
                "currency",
                definitions.currency.clone().unwrap_or_else(|| texts.text("definition-currency-none")),
            ),
            ("time-zone", definitions.time_zone.clone()),
            ("unit", texts.code("unit", &definitions.unit)),
            ("level", texts.percent_rounded(definitions.level)),
        ];
        let items =
            items.into_iter().map(|(key, value)| (texts.text(&format!("definition-{key}")), value)).collect();
        Self { texts, items }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and a span checks its own range")]
fn horizon(texts: &Texts, definitions: &Definitions) -> String {
    let days = definitions.horizon_days;
    // A horizon of centuries has no last day in the calendar.
    let end = Span::new().try_days(days.round() as i64).and_then(|span| definitions.as_of.checked_add(span));
    let end = end.map_or_else(|_| crate::format::MISSING.to_owned(), |end| end.to_string());
    texts.text_with("definition-horizon-value", &[("days", days.into()), ("end", end.into())])
}

fn margin(texts: &Texts, margin: Margin) -> String {
    let rate = ("rate", texts.percent_rounded(margin.rate()).into());
    match margin {
        Margin::Revenue => texts.text("definition-margin-revenue"),
        Margin::Given(_) => texts.text_with("definition-margin-given", &[rate]),
        Margin::Measured(_) => texts.text_with("definition-margin-measured", &[rate]),
    }
}
