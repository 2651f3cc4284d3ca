//! How a delimited text is laid out: byte order mark, delimiter, header.

use std::path::Path;

use super::{DelimitedReader, Encoding, Row, RowReader};
use crate::error::Error;

/// How fields are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// By one character, with quotes.
    Separated(u8),
    /// By any number of blanks, as in CDNOW's original file.
    Blanks,
}

/// The layout of one text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) layout: Layout,
    pub(crate) columns: Vec<String>,
    /// Bytes before the text: a byte order mark.
    pub(crate) preamble_bytes: usize,
    /// Lines before the header: a spreadsheet's `sep=;`.
    pub(crate) preamble_lines: u64,
    /// Whether the first row names the columns.
    pub(crate) headed: bool,
}

impl Dialect {
    /// The delimiters in words.
    pub(crate) fn delimiter(&self) -> &'static str {
        match self.layout {
            Layout::Separated(b';') => "semicolons",
            Layout::Separated(b'\t') => "tabs",
            Layout::Separated(b'|') => "bars",
            Layout::Separated(_) => "commas",
            Layout::Blanks => "blanks",
        }
    }
}

const DELIMITERS: [u8; 4] = *b",;\t|";

/// Recognises the layout from the first bytes of a file.
pub(crate) fn sniff(start: &[u8], file: &Path) -> Result<Dialect, Error> {
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) || start.contains(&0) {
        let problem =
            "this is not UTF-8 or Windows-1252 text (UTF-16 or a binary file?): save it as CSV in UTF-8";
        return Err(Error::broken(file, 1, problem));
    }
    let preamble_bytes = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = &start[preamble_bytes..];
    let (declared, preamble_lines) = match text.strip_prefix(b"sep=") {
        Some([delimiter, ..]) if DELIMITERS.contains(delimiter) => (Some(*delimiter), 1),
        _ => (None, 0),
    };
    let mut lines = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .skip(usize::from(preamble_lines > 0))
        .filter(|line| !line.trim_ascii().is_empty());
    let Some(first) = lines.next() else {
        return Err(Error::broken(file, 1, "the file is empty"));
    };
    let (layout, headed) = match declared.or_else(|| most_frequent(first)) {
        Some(delimiter) => (Layout::Separated(delimiter), true),
        None if is_numeric_row(first) => (Layout::Blanks, false),
        None => (Layout::Separated(b','), true),
    };
    let mut dialect = Dialect { layout, columns: Vec::new(), preamble_bytes, preamble_lines, headed };
    dialect.columns = if headed { header(text, &dialect, file)? } else { numbered(first) };
    Ok(dialect)
}

/// The delimiter that occurs most often outside of quotes.
fn most_frequent(line: &[u8]) -> Option<u8> {
    let mut quoted = false;
    let mut counts = [0_usize; DELIMITERS.len()];
    for byte in line {
        quoted ^= *byte == b'"';
        if let (false, Some(index)) = (quoted, DELIMITERS.iter().position(|delimiter| delimiter == byte)) {
            counts[index] += 1;
        }
    }
    let most = counts.iter().copied().max().filter(|count| *count > 0)?;
    counts.iter().position(|count| *count == most).map(|index| DELIMITERS[index])
}

/// Whether the line is at least three numbers between blanks.
fn is_numeric_row(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return false };
    line.split_whitespace().count() >= 3
        && line.split_whitespace().all(|field| field.parse::<f64>().is_ok_and(f64::is_finite))
}

fn numbered(line: &[u8]) -> Vec<String> {
    let fields = String::from_utf8_lossy(line).split_whitespace().count();
    (1..=fields).map(|number| format!("column {number}")).collect()
}

fn header(text: &[u8], dialect: &Dialect, file: &Path) -> Result<Vec<String>, Error> {
    let input = Box::new(std::io::Cursor::new(text.to_vec()));
    let mut reader = DelimitedReader::new(file, input, dialect, Encoding::Utf8);
    reader.skip_lines(dialect.preamble_lines)?;
    let mut row = Row::default();
    reader.read(&mut row)?;
    Ok(distinct(row.fields()))
}

/// The names of a header, empty ones numbered and repeated ones told apart.
fn distinct<'a>(fields: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (index, field) in fields.enumerate() {
        let base = if field.is_empty() { format!("column {}", index + 1) } else { field.to_owned() };
        let mut name = base.clone();
        let mut copy = 2;
        while names.contains(&name) {
            name = format!("{base} ({copy})");
            copy += 1;
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> Dialect {
        sniff(text.as_bytes(), Path::new("t.csv")).unwrap()
    }

    #[test]
    fn delimiters_are_counted_outside_of_quotes() {
        assert_eq!(sniffed("a;b;\"c,d,e,f\"\n").layout, Layout::Separated(b';'));
        assert_eq!(sniffed("a\tb\n1\t2\n").columns, ["a", "b"]);
        assert_eq!(sniffed("a|b\n").layout, Layout::Separated(b'|'));
    }

    #[test]
    fn byte_order_marks_and_separator_lines_are_no_part_of_the_header() {
        let dialect = sniffed("\u{feff}sep=;\nKunde;Datum\n");
        assert_eq!((dialect.columns.len(), dialect.preamble_bytes, dialect.preamble_lines), (2, 3, 1));
        assert_eq!(dialect.columns[0], "Kunde");
    }

    #[test]
    fn numbers_between_blanks_have_no_header() {
        let dialect = sniffed(" 00004 19970101  2   29.33\n");
        assert_eq!((dialect.layout, dialect.headed, dialect.columns.len()), (Layout::Blanks, false, 4));
    }

    #[test]
    fn headers_are_made_distinct() {
        assert_eq!(sniffed("a,,a\n").columns, ["a", "column 2", "a (2)"]);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(sniff(b"\xff\xfea\0", Path::new("t")).is_err());
        assert!(sniff(b"", Path::new("t")).is_err());
        assert!(sniff(b"\n\n", Path::new("t")).is_err());
    }
}
