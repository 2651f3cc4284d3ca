//! The data: what was recognised, how each column was read, what became of the rows.

use askama::Template;
use perennial_lake::{ColumnRead, FileRead, Reading};
use perennial_valuation::figures::Base;

use crate::Texts;
use crate::table::Table;

#[derive(Template)]
#[template(path = "quality.html")]
pub(super) struct DataQuality<'a> {
    texts: &'a Texts,
    lead: String,
    tables: Vec<Table>,
    notes: Vec<String>,
}

impl<'a> DataQuality<'a> {
    pub(super) fn new(texts: &'a Texts, reading: &Reading, base: &Base) -> Self {
        let quality = &reading.quality;
        let lead = texts.text_with(
            "quality-lead",
            &[
                ("format", texts.code("format", &reading.format).into()),
                ("read", quality.rows_read.into()),
                ("used", quality.rows_used.into()),
                ("share", (quality.rows_used as f64 / quality.rows_read as f64).into()),
                ("refused", quality.rows_refused().into()),
            ],
        );
        let mut tables = vec![files(texts, &reading.files), columns(texts, &reading.columns)];
        let mut notes = Vec::new();
        if quality.refused.is_empty() {
            notes.push(texts.text("quality-refused-none"));
        } else {
            let rows = quality.refused.iter().map(|(reason, &rows)| (texts.code("refusal", reason), rows));
            tables.push(counts(texts, "quality-refused", "column-reason", rows));
        }
        if quality.treated.is_empty() {
            notes.push(texts.text("quality-treated-none"));
        } else {
            let rows =
                quality.treated.iter().map(|(treatment, &rows)| (texts.code("treatment", treatment), rows));
            tables.push(counts(texts, "quality-treated", "column-treatment", rows));
        }
        if base.orphan_refunds > 0.0 {
            let amount = texts.money(base.orphan_refunds);
            notes.push(texts.text_with("quality-orphan-refunds", &[("amount", amount.into())]));
        }
        if let Some(path) = &quality.quarantine {
            notes.push(texts.text_with("quality-quarantine", &[("path", path.display().to_string().into())]));
        }
        Self { texts, lead, tables, notes }
    }
}

fn columns(texts: &Texts, columns: &[ColumnRead]) -> Table {
    let table = Table::new(texts.text("quality-columns"))
        .words(texts.text("column-role"))
        .words(texts.text("column-column"))
        .words(texts.text("column-how"));
    let row = |column: &ColumnRead| {
        vec![texts.code("role", &column.role), column.column.clone(), column.how.clone()]
    };
    if columns.iter().all(|column| column.alternatives.is_empty()) {
        return table.rows(columns.iter().map(row));
    }
    table.words(texts.text("column-alternatives")).rows(columns.iter().map(|column| {
        let mut cells = row(column);
        cells.push(column.alternatives.join(", "));
        cells
    }))
}

fn files(texts: &Texts, files: &[FileRead]) -> Table {
    Table::new(texts.text("quality-files"))
        .words(texts.text("column-file"))
        .numbers(texts.text("column-rows"))
        .rows(files.iter().map(|file| vec![file.path.display().to_string(), texts.count(file.rows)]))
}

fn counts(texts: &Texts, caption: &str, name: &str, rows: impl Iterator<Item = (String, u64)>) -> Table {
    Table::new(texts.text(caption))
        .words(texts.text(name))
        .numbers(texts.text("column-rows"))
        .rows(rows.map(|(name, rows)| vec![name, texts.count(rows)]))
}
