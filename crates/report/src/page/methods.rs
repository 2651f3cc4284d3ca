//! The four methods side by side, what the data say to each, and the bridge between them.

use askama::Template;
use perennial_valuation::methods::{BridgeStep, Method, MethodPanel, MethodValue, Reason};

use crate::Texts;
use crate::table::Table;

#[derive(Template)]
#[template(path = "methods.html")]
pub(super) struct Methods<'a> {
    texts: &'a Texts,
    advice: String,
    table: Table,
    details: Vec<Detail>,
    bridges: Vec<Bridge>,
}

/// What stands behind one method's value.
struct Detail {
    name: String,
    formula: String,
    meaning: String,
    inputs: Vec<(String, String)>,
    obstacles: Vec<String>,
    notes: Vec<String>,
}

/// The way from one method to the predictive one.
struct Bridge {
    title: String,
    table: Table,
}

impl<'a> Methods<'a> {
    pub(super) fn new(texts: &'a Texts, panel: &MethodPanel) -> Self {
        let advice = panel.advised.map_or_else(
            || texts.text("methods-advised-none"),
            |advised| {
                let name = texts.code("method", &advised);
                texts.text_with("methods-advised", &[("method", name.into())])
            },
        );
        Self {
            texts,
            advice,
            table: overview(texts, panel),
            details: panel.methods.iter().map(|value| detail(texts, value)).collect(),
            bridges: panel
                .bridge
                .chunk_by(|left, right| left.from == right.from)
                .map(|way| bridge(texts, way))
                .collect(),
        }
    }
}

fn overview(texts: &Texts, panel: &MethodPanel) -> Table {
    Table::new(texts.text("methods-lead"))
        .words(texts.text("column-method"))
        .numbers(texts.text("column-value-per-customer"))
        .words(texts.text("column-verdict"))
        .rows(panel.methods.iter().map(|value| {
            let verdict = if value.supported { "methods-supported" } else { "methods-not-supported" };
            vec![
                texts.code("method", &value.method),
                value.value.map_or_else(|| texts.text("methods-no-value"), |amount| texts.money(amount)),
                texts.text(verdict),
            ]
        }))
}

fn detail(texts: &Texts, value: &MethodValue) -> Detail {
    let term = texts.term("method", &value.method);
    let sentences = |obstacles: bool| {
        let reasons = value.reasons.iter().filter(|reason| reason.is_obstacle() == obstacles);
        reasons.map(|reason: &Reason| texts.reason(reason)).collect()
    };
    Detail {
        name: term.name,
        formula: texts.attribute("method", &value.method, "formula"),
        meaning: term.meaning,
        inputs: value.inputs.iter().map(|input| texts.input(input)).collect(),
        obstacles: sentences(true),
        notes: sentences(false),
    }
}

fn bridge(texts: &Texts, way: &[BridgeStep]) -> Bridge {
    let from = way.first().map_or_else(String::new, |step| texts.code("method", &step.from));
    let to = texts.code("method", &Method::Predictive);
    let title = texts.text_with("bridge-heading", &[("method", from.clone().into()), ("to", to.into())]);
    let start = way.first().map(|step| vec![from, String::new(), texts.money(step.before)]);
    let steps = way.iter().map(|step| {
        let change = texts.money_signed(step.after - step.before);
        vec![texts.bridge_step(step), change, texts.money(step.after)]
    });
    let table = Table::new(title.clone())
        .under_heading()
        .words(texts.text("column-step"))
        .numbers(texts.text("column-change"))
        .numbers(texts.text("column-after"))
        .rows(start.into_iter().chain(steps));
    Bridge { title, table }
}
