//! The simulated shop, and predictions against its truth.

use std::path::Path;

use perennial_lake::Reading;
use perennial_report::Texts;
use perennial_simulate::{Format, Simulation};
use serde_json::json;

use super::page::Align::{Left, Right};
use super::{Page, span};
use crate::commands::demo::Check;

/// What was simulated and where its tables lie.
pub(crate) fn simulation(
    page: &mut Page,
    texts: &Texts,
    simulation: &Simulation,
    folder: &Path,
    format: Format,
) {
    page.heading(&texts.text("terminal-shop"));
    page.paragraph(&texts.code(
        "terminal",
        &json!({
            "code": "shop-lead",
            "customers": simulation.customers,
            "orders": simulation.orders,
            "first": simulation.first_day.to_string(),
            "as_of": simulation.as_of.to_string(),
        }),
    ));
    let heads = ["file", "rows"].map(|name| texts.text(&format!("terminal-column-{name}")));
    let file = |name: &str| folder.join(format!("{name}.{}", format.extension())).display().to_string();
    let rows = simulation.rows.iter().map(|(name, rows)| vec![file(name), texts.count(*rows)]).collect();
    page.table(&[(&heads[0], Left), (&heads[1], Right)], rows);
}

/// The dirty rows that were put into the orders, and what the reading found of them.
pub(crate) fn dirt(page: &mut Page, texts: &Texts, simulation: &Simulation, reading: &Reading) {
    page.heading(&texts.text("terminal-dirt"));
    let heads = ["dirt", "planted", "found"].map(|name| texts.text(&format!("terminal-column-{name}")));
    let quality = &reading.quality;
    let found = |kind: &str| -> u64 {
        let codes = codes_of(kind);
        let refused =
            quality.refused.iter().filter(|(reason, _)| codes.contains(&reason.code())).map(|(_, rows)| rows);
        let treated =
            quality.treated.iter().filter(|(what, _)| codes.contains(&what.code())).map(|(_, rows)| rows);
        refused.chain(treated).sum()
    };
    let rows = simulation
        .dirty
        .iter()
        .map(|(kind, planted)| {
            vec![
                texts.code("terminal-dirt", &json!({ "code": kind })),
                texts.count(*planted),
                texts.count(found(kind)),
            ]
        })
        .collect();
    page.table(&[(&heads[0], Left), (&heads[1], Right), (&heads[2], Right)], rows);
}

/// The codes under which the reading counts a kind of dirty row.
fn codes_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "guest" => &["no_customer"],
        "exact_duplicate" => &["exact_duplicate"],
        "broken_date" => &["bad_date", "no_date"],
        "future_date" => &["future_date"],
        "negative_row" => &["unlinked_refund"],
        "cancelled" => &["cancelled_order"],
        _ => &[],
    }
}

/// The predictions against what comes.
pub(crate) fn checks(page: &mut Page, texts: &Texts, checks: &[Check]) {
    page.heading(&texts.text("terminal-truth"));
    page.paragraph(&texts.text("terminal-truth-lead"));
    let heads = ["figure", "predicted", "interval-short", "knowable", "came"]
        .map(|name| texts.text(&format!("terminal-column-{name}")));
    let mut columns: Vec<_> = heads.iter().map(|head| (head.as_str(), Right)).collect();
    columns[0].1 = Left;
    let rows = checks
        .iter()
        .map(|check| {
            let number = |value: f64| {
                if check.figure == "predicted_clv" { texts.money_rounded(value) } else { texts.count(value) }
            };
            vec![
                texts.figure(check.figure).name,
                number(check.predicted_total),
                span(texts, &number(check.lower), &number(check.upper)),
                number(check.expected_total),
                number(check.actual_total),
            ]
        })
        .collect();
    page.table(&columns, rows);
    for check in checks {
        page.paragraph(&texts.code(
            "terminal",
            &json!({
                "code": if check.total_held { "truth-held" } else { "truth-missed" },
                "figure": texts.figure(check.figure).name,
                "level": texts.percent_rounded(check.level),
                "coverage": texts.percent(check.coverage),
            }),
        ));
    }
}
