//! Whether the intervals hold: how often they did on the hold-out, beside how often they say they do.

use askama::Template;
use perennial_valuation::hold_out::{HoldOut, ValueHoldOut};

use super::tracking::absence;
use crate::Texts;
use crate::table::Table;

#[derive(Template)]
#[template(path = "coverage.html")]
pub(super) struct Coverage<'a> {
    texts: &'a Texts,
    lead: String,
    table: Option<Table>,
    notes: Vec<String>,
}

/// The level of [`HoldOut::order_coverage`].
const ORDER_LEVEL: f64 = 0.8;

impl<'a> Coverage<'a> {
    pub(super) fn new(texts: &'a Texts, hold_out: Option<&HoldOut>, has_models: bool) -> Self {
        let Some(hold_out) = hold_out else {
            return Self { texts, lead: texts.text(absence(has_models)), table: None, notes: Vec::new() };
        };
        let level = texts.percent_rounded(hold_out.value.map_or(ORDER_LEVEL, |value| value.level));
        Self {
            texts,
            lead: texts.text_with("coverage-lead", &[("level", level.into())]),
            table: Some(table(texts, hold_out)),
            notes: vec![hold_out.value.map_or_else(|| texts.text("coverage-no-value"), |value| note(texts, value))],
        }
    }
}

fn table(texts: &Texts, hold_out: &HoldOut) -> Table {
    let row = |figure: &str, held: f64, stated: f64| {
        let direction = ("direction", direction(held, stated).into());
        vec![
            texts.text(&format!("coverage-{figure}")),
            texts.percent(held),
            texts.percent_rounded(stated),
            texts.text_with(&format!("coverage-{figure}-note"), &[direction]),
        ]
    };
    let value = hold_out.value.map(|value| row("value", value.coverage, value.level));
    Table::new(texts.text("coverage-heading"))
        .under_heading()
        .words(texts.text("column-figure"))
        .numbers(texts.text("column-held"))
        .numbers(texts.text("column-stated"))
        .words(texts.text("column-reading"))
        .rows([row("orders", hold_out.order_coverage, ORDER_LEVEL)].into_iter().chain(value))
}

/// Two points beside the stated level pass for as stated.
fn direction(held: f64, stated: f64) -> &'static str {
    match held - stated {
        off if off > 0.02 => "wide",
        off if off < -0.02 => "narrow",
        _ => "right",
    }
}

fn note(texts: &Texts, value: ValueHoldOut) -> String {
    texts.text_with(
        "coverage-value-total",
        &[
            ("predicted", texts.money_rounded(value.predicted_total).into()),
            ("actual", texts.money_rounded(value.actual_total).into()),
            ("off", texts.deviation(value.predicted_total, value.actual_total).into()),
        ],
    )
}
