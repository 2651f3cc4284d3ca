//! The models over rolling hold-outs, best first.

use perennial_report::Texts;
use perennial_valuation::hold_out::{Candidate, Selection};
use serde_json::json;

use super::Page;
use super::page::Align::{Left, Right};

/// The league table, and how it is read.
pub(crate) fn show(page: &mut Page, texts: &Texts, league: &Selection) {
    let origins: Vec<String> = league.origins.iter().map(|day| texts.date(*day)).collect();
    page.heading(&texts.text("terminal-league"));
    page.paragraph(&texts.code(
        "terminal",
        &json!({ "code": "league-origins", "days": league.hold_out_days, "origins": origins.join(", ") }),
    ));
    let names = ["model", "log-score", "crps", "mae-short", "rmse-short", "bias", "calibration", "held"];
    let heads = names.map(|name| texts.text(&format!("terminal-column-{name}")));
    let mut columns: Vec<_> = heads.iter().map(|head| (head.as_str(), Right)).collect();
    columns[0].1 = Left;
    page.table(&columns, league.candidates.iter().map(|candidate| row(texts, candidate)).collect());
    page.paragraph(
        &texts.code(
            "terminal",
            &json!({ "code": "league-note", "level": texts.percent_rounded(league.level) }),
        ),
    );
    for candidate in &league.candidates {
        if let Some(failure) = &candidate.failure {
            page.paragraph(&format!("{}: {failure}", texts.model(&candidate.model)));
        }
    }
}

fn row(texts: &Texts, candidate: &Candidate) -> Vec<String> {
    let decimal = |value: Option<f64>, decimals| match value {
        Some(value) => texts.decimal(value, decimals),
        None => texts.text("number-missing"),
    };
    let percent =
        |value: Option<f64>| value.map_or_else(|| texts.text("number-missing"), |v| texts.percent(v));
    vec![
        texts.model(&candidate.model),
        decimal(candidate.log_score, 4),
        decimal(candidate.crps, 4),
        decimal(candidate.mae, 4),
        decimal(candidate.rmse, 4),
        percent(candidate.bias),
        percent(candidate.calibration_error),
        percent(candidate.coverage),
    ]
}
