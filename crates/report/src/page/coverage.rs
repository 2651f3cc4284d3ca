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
        let orders = Judged { figure: "orders", held: hold_out.order_coverage, stated: ORDER_LEVEL };
        let value =
            hold_out.value.map(|value| Judged { figure: "value", held: value.coverage, stated: value.level });
        let judged: Vec<Judged> = [orders].into_iter().chain(value).collect();
        let level =
            ("level", texts.percent_rounded(hold_out.value.map_or(ORDER_LEVEL, |value| value.level)).into());
        let total =
            hold_out.value.map_or_else(|| texts.text("coverage-no-value"), |value| total(texts, value));
        Self {
            texts,
            lead: texts.text_with("coverage-lead", &[level]),
            table: Some(table(texts, &judged)),
            notes: judged.iter().map(|judged| judged.note(texts)).chain([total]).collect(),
        }
    }
}

fn table(texts: &Texts, judged: &[Judged]) -> Table {
    let row = |judged: &Judged| {
        vec![judged.name(texts), texts.percent(judged.held), texts.percent_rounded(judged.stated)]
    };
    Table::new(texts.text("coverage-heading"))
        .under_heading()
        .words(texts.text("column-figure"))
        .numbers(texts.text("column-held"))
        .numbers(texts.text("column-stated"))
        .rows(judged.iter().map(row))
}

/// How often the intervals of a figure held, beside how often they should have.
struct Judged {
    figure: &'static str,
    held: f64,
    stated: f64,
}

impl Judged {
    fn name(&self, texts: &Texts) -> String {
        texts.text(&format!("coverage-{}", self.figure))
    }

    fn note(&self, texts: &Texts) -> String {
        let direction = ("direction", direction(self.held, self.stated).into());
        let note = texts.text_with(&format!("coverage-{}-note", self.figure), &[direction]);
        format!("{}: {note}", self.name(texts))
    }
}

/// Two points beside the stated level pass for as stated.
fn direction(held: f64, stated: f64) -> &'static str {
    match held - stated {
        off if off > 0.02 => "wide",
        off if off < -0.02 => "narrow",
        _ => "right",
    }
}

fn total(texts: &Texts, value: ValueHoldOut) -> String {
    texts.text_with(
        "coverage-value-total",
        &[
            ("predicted", texts.money_rounded(value.predicted_total).into()),
            ("actual", texts.money_rounded(value.actual_total).into()),
            ("off", texts.deviation(value.predicted_total, value.actual_total).into()),
        ],
    )
}
