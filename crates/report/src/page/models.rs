//! The models behind the predictions: parameters with standard errors, and why this model.

use askama::Template;
use perennial_valuation::Models;
use perennial_valuation::hold_out::{Candidate, FitSummary, Selection, SpendCandidate, SpendSelection};
use serde_json::Value;

use crate::Texts;
use crate::fit_notes::fit_notes;
use crate::format::MISSING;
use crate::table::Table;

#[derive(Template)]
#[template(path = "models.html")]
pub(super) struct ModelPanel<'a> {
    texts: &'a Texts,
    fits: Vec<FitView>,
    notes: Vec<String>,
    selection: Option<SelectionView>,
    spend_selection: Option<SelectionView>,
}

struct FitView {
    title: String,
    about: String,
    notes: Vec<String>,
    table: Table,
}

struct SelectionView {
    lead: String,
    table: Option<Table>,
}

impl<'a> ModelPanel<'a> {
    pub(super) fn new(texts: &'a Texts, models: Option<&Models>, has_amounts: bool) -> Self {
        let Some(models) = models else {
            return Self {
                texts,
                fits: Vec::new(),
                notes: vec![texts.text("models-none")],
                selection: None,
                spend_selection: None,
            };
        };
        let mut fits = vec![fit(texts, &models.transactions, "models-transactions")];
        let mut notes = Vec::new();
        if let Some(spend) = &models.spend {
            fits.push(fit(texts, spend, "models-spend"));
        } else {
            let reason = if has_amounts { "not_fitted" } else { "no_amounts" };
            notes.push(texts.text_with("models-spend-none", &[("reason", reason.into())]));
        }
        if models.unlinked_refund_share > 0.0 {
            notes.push(
                texts.text_with("models-refund-share", &[("share", models.unlinked_refund_share.into())]),
            );
        }
        let spend_selection = models.spend_selection.as_ref().map(|choice| spend_selection(texts, choice));
        Self { texts, fits, notes, selection: Some(selection(texts, &models.selection)), spend_selection }
    }
}

fn fit(texts: &Texts, fit: &FitSummary, title: &str) -> FitView {
    let model = ("model", fit.model.clone().into());
    let about = texts.text_with(
        "models-fit",
        &[
            ("customers", fit.customers.into()),
            ("until", fit.until.to_string().into()),
            ("unit", texts.code("unit", &fit.unit).into()),
            ("log_likelihood", fit.log_likelihood.into()),
        ],
    );
    let notes = fit_notes(texts, fit);
    let number = |value: Option<&Value>| {
        value
            .and_then(Value::as_f64)
            .map_or_else(|| MISSING.to_owned(), |value| texts.language().significant(value))
    };
    let title = texts.text_with(title, &[model]);
    let table = Table::new(title.clone())
        .under_heading()
        .words(texts.text("column-parameter"))
        .numbers(texts.text("column-estimate"))
        .numbers(texts.text("column-standard-error"))
        .rows(fit.parameters.iter().map(|(name, value)| {
            vec![name.clone(), number(Some(value)), number(fit.standard_errors.get(name))]
        }));
    FitView { title, about, notes, table }
}

fn selection(texts: &Texts, selection: &Selection) -> SelectionView {
    let days: Vec<String> = selection.origins.iter().map(|&day| texts.date(day)).collect();
    let key = if selection.by_hold_out { "selection-by-hold-out" } else { "selection-not-by-hold-out" };
    let lead = texts.text_with(
        key,
        &[
            ("model", selection.chosen.clone().into()),
            ("origins", selection.origins.len().into()),
            ("days", days.join(", ").into()),
        ],
    );
    let table = (!selection.candidates.is_empty()).then(|| candidates(texts, selection));
    SelectionView { lead, table }
}

fn candidates(texts: &Texts, selection: &Selection) -> Table {
    let number = |value: Option<f64>, decimals| texts.decimal(value.unwrap_or(f64::NAN), decimals);
    let row = |candidate: &Candidate| {
        vec![
            candidate_name(texts, &candidate.model, &selection.chosen, candidate.failure.as_deref()),
            number(candidate.log_score, 4),
            number(candidate.crps, 4),
            number(candidate.mae, 3),
            number(candidate.rmse, 3),
            texts.percent(candidate.bias.unwrap_or(f64::NAN)),
            texts.percent(candidate.calibration_error.unwrap_or(f64::NAN)),
            texts.percent(candidate.coverage.unwrap_or(f64::NAN)),
        ]
    };
    Table::new(texts.text("selection-note"))
        .words(texts.text("column-model"))
        .numbers(texts.text("column-log-score"))
        .numbers(texts.text("column-crps"))
        .numbers(texts.text("column-mae"))
        .numbers(texts.text("column-rmse"))
        .numbers(texts.text("column-bias"))
        .numbers(texts.text("column-calibration"))
        .numbers(texts.text("column-held"))
        .rows(selection.candidates.iter().map(row))
}

/// A candidate's name, whether it was chosen, and why it could not be.
fn candidate_name(texts: &Texts, model: &str, chosen: &str, failure: Option<&str>) -> String {
    let mut name = texts.model(model);
    if model == chosen {
        name = format!("{name} ({})", texts.text("chosen"));
    }
    match failure {
        Some(failure) => format!("{name}: {failure}"),
        None => name,
    }
}

fn spend_selection(texts: &Texts, selection: &SpendSelection) -> SelectionView {
    let number = |value: Option<f64>, decimals| texts.decimal(value.unwrap_or(f64::NAN), decimals);
    let row = |candidate: &SpendCandidate| {
        vec![
            candidate_name(texts, &candidate.model, &selection.chosen, candidate.failure.as_deref()),
            number(candidate.log_density, 4),
            number(candidate.mae, 2),
        ]
    };
    let table = (!selection.candidates.is_empty()).then(|| {
        Table::new(texts.text("spend-selection-note"))
            .words(texts.text("column-model"))
            .numbers(texts.text("column-log-density"))
            .numbers(texts.text("column-mae"))
            .rows(selection.candidates.iter().map(row))
    });
    SelectionView { lead: texts.spend_selection(selection), table }
}
