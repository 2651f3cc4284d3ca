//! A page of text: headings, paragraphs and tables that fit the width of the terminal.

use std::io::{IsTerminal, Write, stdout};

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

/// The width where the output is no terminal, and the widest that lines are still easy to read.
const USUAL_WIDTH: u16 = 80;
const GREATEST_WIDTH: u16 = 100;
/// Narrower terminals get lines of this width, which wrap as they must.
const LEAST_WIDTH: u16 = 40;

/// A line under the header, nothing else: figures are read down a column without rules between them.
const STYLE: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('\u{2500}').junction('\u{2500}'))
    .header_lines(ContentLineStyle::none().junction(' '))
    .content_lines(ContentLineStyle::none().junction(' '));

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Text that is built up and printed at once.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    width: u16,
    bold: bool,
}

impl Page {
    /// An empty page for the standard output.
    pub(crate) fn new() -> Self {
        let terminal = stdout().is_terminal();
        let width = Table::new().width().filter(|_| terminal);
        Self {
            text: String::new(),
            width: width.map_or(USUAL_WIDTH, |width| width.clamp(LEAST_WIDTH, GREATEST_WIDTH)),
            bold: terminal && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// A heading, set off by an empty line.
    pub(crate) fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let (on, off) = if self.bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        self.text.extend([on, text, off, "\n"]);
    }

    /// A paragraph, wrapped.
    pub(crate) fn paragraph(&mut self, text: &str) {
        self.rows(&[Align::Left], vec![vec![text.to_owned()]]);
    }

    /// A table with a header.
    pub(crate) fn table(&mut self, columns: &[(&str, Align)], rows: Vec<Vec<String>>) {
        let alignments: Vec<Align> = columns.iter().map(|(_, align)| *align).collect();
        let mut table = self.empty_table();
        table.set_header(columns.iter().map(|(name, align)| cell((*name).to_owned(), *align)));
        self.fill(table, &alignments, rows);
    }

    /// Rows without a header.
    pub(crate) fn rows(&mut self, alignments: &[Align], rows: Vec<Vec<String>>) {
        let table = self.empty_table();
        self.fill(table, alignments, rows);
    }

    /// Prints the page.
    pub(crate) fn print(&self) -> Result<()> {
        let mut out = stdout().lock();
        out.write_all(self.text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    fn empty_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        table
    }

    fn fill(&mut self, mut table: Table, alignments: &[Align], rows: Vec<Vec<String>>) {
        for row in rows {
            table.add_row(row.into_iter().zip(alignments).map(|(text, align)| cell(text, *align)));
        }
        for (column, place) in table.column_iter_mut().zip(0..) {
            // The first column begins at the margin, the others keep apart from the one before.
            column.set_padding((u16::from(place > 0), 0));
        }
        for line in table.lines() {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}

fn cell(text: String, align: Align) -> Cell {
    Cell::new_owned(text).set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: u16) -> Page {
        Page { text: String::new(), width, bold: false }
    }

    #[test]
    fn a_table_has_one_rule_and_no_trailing_blanks() {
        let mut page = page(40);
        page.heading("Totals");
        page.table(
            &[("Figure", Align::Left), ("Value", Align::Right)],
            vec![vec!["Customers".to_owned(), "2,357".to_owned()], vec!["Orders".to_owned(), "9".to_owned()]],
        );
        assert_eq!(
            page.text,
            "Totals\nFigure     Value\n────────────────\nCustomers  2,357\nOrders         9\n"
        );
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let mut page = page(40);
        page.paragraph(&"a paragraph of words that go on ".repeat(9));
        page.table(
            &[("Reason", Align::Left), ("Rows", Align::Right)],
            vec![vec!["The row does not have the structure of the file at all".to_owned(), "12".to_owned()]],
        );
        assert!(page.text.lines().count() > 5);
        assert!(page.text.lines().all(|line| line.chars().count() <= 40), "{}", page.text);
    }
}
