//! What to keep in mind, worst first, each with a remedy.

use askama::Template;
use perennial_valuation::{Severity, Warning};

use crate::Texts;
use crate::texts::WarningText;

#[derive(Template)]
#[template(path = "warnings.html")]
pub(super) struct Warnings<'a> {
    texts: &'a Texts,
    warnings: Vec<Item>,
}

struct Item {
    class: &'static str,
    severity: String,
    words: WarningText,
}

impl<'a> Warnings<'a> {
    pub(super) fn new(texts: &'a Texts, warnings: &[Warning]) -> Self {
        let warnings = warnings
            .iter()
            .map(|warning| Item {
                class: class(warning.severity),
                severity: texts.code("severity", &warning.severity),
                words: texts.warning(warning),
            })
            .collect();
        Self { texts, warnings }
    }
}

const fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Severe => "severe",
    }
}
