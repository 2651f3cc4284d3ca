//! Fits and hold-outs as tables.

use perennial_report::{Texts, fit_notes};
use perennial_valuation::hold_out::{FitSummary, HoldOut};
use serde_json::json;

use super::Page;
use super::page::Align::{Left, Right};

/// The parameters of some fits with their standard errors, and how each fit ended.
pub(crate) fn parameters(page: &mut Page, texts: &Texts, fits: &[&FitSummary]) {
    let heads = ["model", "parameter", "estimate", "standard-error"]
        .map(|name| texts.text(&format!("column-{name}")));
    let mut rows = Vec::new();
    for fit in fits {
        for (place, (name, value)) in fit.parameters.iter().enumerate() {
            let error = fit.standard_errors.get(name).and_then(serde_json::Value::as_f64);
            rows.push(vec![
                if place == 0 { texts.model(&fit.model) } else { String::new() },
                name.clone(),
                estimate(texts, value.as_f64()),
                estimate(texts, error),
            ]);
        }
    }
    page.table(&[(&heads[0], Left), (&heads[1], Left), (&heads[2], Right), (&heads[3], Right)], rows);
    for fit in fits {
        page.paragraph(&ending(texts, fit));
    }
}

/// On how much data a fit was made, and how well it went.
fn ending(texts: &Texts, fit: &FitSummary) -> String {
    let mut sentences = vec![texts.code(
        "terminal",
        &json!({
            "code": "fit",
            "model": fit.model,
            "customers": fit.customers,
            "until": fit.until.to_string(),
            "unit": texts.code("unit", &fit.unit),
            "log_likelihood": texts.decimal(fit.log_likelihood, 3),
        }),
    )];
    sentences.extend(fit_notes(texts, fit));
    sentences.join(" ")
}

/// Hold-outs side by side.
pub(crate) fn hold_outs(page: &mut Page, texts: &Texts, hold_outs: &[HoldOut]) {
    let Some(first) = hold_outs.first() else { return };
    page.heading(&texts.code(
        "terminal",
        &json!({ "code": "hold-out", "until": first.fit.until.to_string(), "days": first.hold_out_days }),
    ));
    let names =
        ["model", "log-likelihood", "log-score", "mae-short", "rmse-short", "predicted", "actual", "held"];
    let heads = names.map(|name| texts.text(&format!("terminal-column-{name}")));
    let mut columns: Vec<_> = heads.iter().map(|head| (head.as_str(), Right)).collect();
    columns[0].1 = Left;
    let rows = hold_outs.iter().map(|hold_out| hold_out_row(texts, hold_out)).collect();
    page.table(&columns, rows);
    page.paragraph(&texts.text("terminal-hold-out-note"));
    if hold_outs.iter().any(|hold_out| hold_out.value.is_some()) {
        values(page, texts, hold_outs);
    }
}

fn hold_out_row(texts: &Texts, hold_out: &HoldOut) -> Vec<String> {
    vec![
        texts.model(&hold_out.fit.model),
        texts.decimal(hold_out.fit.log_likelihood, 3),
        texts.decimal(hold_out.log_score, 4),
        texts.decimal(hold_out.mae, 4),
        texts.decimal(hold_out.rmse, 4),
        texts.decimal(hold_out.predicted_total, 1),
        texts.decimal(hold_out.actual_total, 0),
        texts.percent(hold_out.order_coverage),
    ]
}

/// The spend in the hold-outs, where there is any.
fn values(page: &mut Page, texts: &Texts, hold_outs: &[HoldOut]) {
    let names = ["value", "mae-short", "rmse-short", "predicted", "actual", "held"];
    let heads = names.map(|name| texts.text(&format!("terminal-column-{name}")));
    let mut columns: Vec<_> = heads.iter().map(|head| (head.as_str(), Right)).collect();
    columns[0].1 = Left;
    let rows = hold_outs
        .iter()
        .filter_map(|hold_out| {
            let value = hold_out.value?;
            Some(vec![
                texts.model(&hold_out.fit.model),
                texts.decimal(value.mae, 2),
                texts.decimal(value.rmse, 2),
                texts.decimal(value.predicted_total, 0),
                texts.decimal(value.actual_total, 0),
                texts.percent(value.coverage),
            ])
        })
        .collect();
    page.paragraph("");
    page.table(&columns, rows);
}

/// A parameter with the digits that are read.
pub(crate) fn estimate(texts: &Texts, value: Option<f64>) -> String {
    let Some(value) = value else { return texts.text("number-missing") };
    let decimals = if value.abs() >= 1000.0 { 1 } else { 4 };
    texts.decimal(value, decimals)
}
