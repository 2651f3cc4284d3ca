//! Rows of text files: delimited text and JSON lines, streamed, each row with the line it begins on.

mod delimited;
mod encoding;
mod json_lines;
mod sniff;

use std::io::Read;
use std::path::Path;

pub(crate) use delimited::DelimitedReader;
pub(crate) use encoding::Encoding;
pub(crate) use json_lines::{JsonLinesReader, keys as json_keys};
pub(crate) use sniff::{Dialect, Layout, sniff};

use crate::error::Error;

/// No row and no line is longer than this; what is longer is taken for a broken structure, so that memory stays bounded.
pub(crate) const MAX_ROW_BYTES: usize = 16 << 20;

/// One row: its fields lie one after the other in one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// The physical line on which the row begins, from 1 (for Parquet: the row, from 1).
    pub(crate) line: u64,
    text: String,
    ends: Vec<usize>,
    /// Why the row cannot be used, when its structure is broken.
    pub(crate) broken: Option<String>,
}

impl Row {
    pub(crate) fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
        self.broken = None;
    }

    pub(crate) fn push(&mut self, field: &str) {
        self.text.push_str(field);
        self.ends.push(self.text.len());
    }

    /// Appends to the field under construction; [`Row::end_field`] completes it.
    pub(crate) fn extend(&mut self, part: std::fmt::Arguments<'_>) {
        use std::fmt::Write as _;
        // Writing into a String cannot fail; a formatter that does leaves the field as far as it came.
        let _ = self.text.write_fmt(part);
    }

    pub(crate) fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at `index` without surrounding blanks, or nothing when the row has fewer.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..end).map(str::trim)
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Whether no field holds anything.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// What yields rows.
pub(crate) trait RowReader {
    /// Reads the next row into `row`; false at the end.
    fn read(&mut self, row: &mut Row) -> Result<bool, Error>;

    /// The encoding of what has been read so far.
    fn encoding(&self) -> Encoding {
        Encoding::Utf8
    }
}

/// Reads as much as is there, up to `limit` bytes.
pub(crate) fn read_start(reader: &mut dyn Read, limit: u64, file: &Path) -> Result<Vec<u8>, Error> {
    let mut start = Vec::new();
    reader.take(limit).read_to_end(&mut start).map_err(|error| {
        Error::broken(
            file,
            1,
            format!("the file cannot be read ({error}); it may be cut off or damaged: export it again"),
        )
    })?;
    Ok(start)
}
