//! What was recognised, how each column was read, what became of every row, and which files were written.

use std::path::Path;

use perennial_lake::Reading;
use perennial_report::Texts;
use serde_json::json;

use super::Page;
use super::page::Align::{Left, Right};
use crate::json::Files;

/// The data behind everything that follows.
pub(crate) fn show(page: &mut Page, texts: &Texts, reading: &Reading) {
    let quality = &reading.quality;
    page.heading(&texts.text("quality-heading"));
    page.paragraph(&texts.code(
        "quality",
        &json!({
            "code": "lead",
            "format": texts.code("format", &reading.format),
            "read": quality.rows_read,
            "used": quality.rows_used,
            "share": quality.rows_used as f64 / quality.rows_read.max(1) as f64,
            "refused": quality.rows_refused(),
        }),
    ));
    columns(page, texts, reading);
    counts(
        page,
        texts,
        "refused",
        quality.refused.iter().map(|(reason, rows)| (texts.code("refusal", reason), *rows)),
    );
    counts(
        page,
        texts,
        "treated",
        quality.treated.iter().map(|(what, rows)| (texts.code("treatment", what), *rows)),
    );
    if quality.rows_refused() > 0 && quality.quarantine.is_none() {
        page.paragraph(&texts.text("terminal-refused-nowhere"));
    }
}

fn columns(page: &mut Page, texts: &Texts, reading: &Reading) {
    let heads = ["role", "column", "how"].map(|name| texts.text(&format!("column-{name}")));
    let rows = reading
        .columns
        .iter()
        .map(|column| {
            let mut how = column.how.clone();
            if !column.alternatives.is_empty() {
                let others = column.alternatives.join(", ");
                let choose =
                    texts.code("terminal", &json!({ "code": "choose-other", "role": column.role.name() }));
                how = format!("{how}\n{}: {others}. {choose}", texts.text("column-alternatives"));
            }
            vec![texts.code("role", &column.role), column.column.clone(), how]
        })
        .collect();
    page.table(&[(&heads[0], Left), (&heads[1], Left), (&heads[2], Left)], rows);
}

/// A table of counted rows, where there are any.
fn counts(page: &mut Page, texts: &Texts, heading: &str, rows: impl Iterator<Item = (String, u64)>) {
    let rows: Vec<Vec<String>> = rows.map(|(what, rows)| vec![what, texts.count(rows)]).collect();
    if rows.is_empty() {
        return;
    }
    let heads = [texts.text(&format!("quality-{heading}")), texts.text("column-rows")];
    page.paragraph("");
    page.table(&[(&heads[0], Left), (&heads[1], Right)], rows);
}

/// Where everything was written.
pub(crate) fn files(page: &mut Page, texts: &Texts, files: &Files) {
    page.heading(&texts.text("terminal-files"));
    let named = [("out", &files.out), ("report", &files.report), ("quarantine", &files.quarantine)];
    let rows: Vec<_> = named
        .into_iter()
        .filter_map(|(name, path)| {
            Some(vec![texts.text(&format!("terminal-file-{name}")), shown(path.as_deref()?)])
        })
        .collect();
    if files.out.is_none() && files.report.is_none() {
        page.paragraph(&texts.text("terminal-file-none"));
    }
    if !rows.is_empty() {
        page.rows(&[Left, Left], rows);
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
