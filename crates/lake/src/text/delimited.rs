//! A streaming reader of delimited text that knows the physical line on which each row begins.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv_core::ReadRecordResult;

use super::{Dialect, Encoding, Layout, MAX_ROW_BYTES, Row, RowReader};
use crate::error::Error;

const BUFFER: usize = 1 << 16;
/// A quoted field may run over lines (a note); over this many it is taken for a quote that was never closed.
const MAX_ROW_LINES: u64 = 500;

pub(crate) struct DelimitedReader {
    file: PathBuf,
    input: Box<dyn Read>,
    encoding: Encoding,
    layout: Layout,
    /// Columns of the header; rows may leave trailing ones out, but not have more.
    width: usize,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    line: u64,
    core: csv_core::Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
    /// Fields beyond ASCII that are valid UTF-8, and that are not.
    valid: u64,
    invalid: u64,
}

impl DelimitedReader {
    pub(crate) fn new(file: &Path, input: Box<dyn Read>, dialect: &Dialect, encoding: Encoding) -> Self {
        let delimiter = match dialect.layout {
            Layout::Separated(delimiter) => delimiter,
            Layout::Blanks => b'\x1f',
        };
        Self {
            file: file.to_path_buf(),
            input,
            encoding,
            layout: dialect.layout,
            width: dialect.columns.len(),
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            at_end: false,
            line: 1,
            core: csv_core::ReaderBuilder::new()
                .delimiter(delimiter)
                .quoting(dialect.layout != Layout::Blanks)
                .build(),
            output: vec![0; 1024],
            ends: vec![0; 64],
            valid: 0,
            invalid: 0,
        }
    }

    /// Passes over the first `lines` physical lines (a byte order mark, `sep=;`, the header's own record is read).
    pub(crate) fn skip_lines(&mut self, lines: u64) -> Result<(), Error> {
        let target = self.line + lines;
        while self.line < target {
            if self.start == self.end && !self.fill()? {
                return Ok(());
            }
            let byte = self.buffer[self.start];
            self.start += 1;
            if byte == b'\n' {
                self.line += 1;
            }
        }
        Ok(())
    }

    pub(crate) fn skip_bytes(&mut self, bytes: usize) -> Result<(), Error> {
        for _ in 0..bytes {
            if self.start == self.end && !self.fill()? {
                return Ok(());
            }
            self.start += 1;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<bool, Error> {
        if self.at_end {
            return Ok(false);
        }
        self.start = 0;
        self.end = loop {
            match self.input.read(&mut self.buffer) {
                Ok(read) => break read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.unreadable(&error)),
            }
        };
        self.at_end = self.end == 0;
        Ok(!self.at_end)
    }

    fn unreadable(&self, error: &std::io::Error) -> Error {
        Error::broken(
            &self.file,
            self.line,
            format!(
                "the file cannot be read on from here ({error}); it may be cut off or damaged: export it again"
            ),
        )
    }

    /// Passes over empty lines; false at the end of the file. The reader's core would pass over them too, but not count.
    fn skip_empty_lines(&mut self) -> Result<bool, Error> {
        let mut after_return = false;
        loop {
            if self.start == self.end && !self.fill()? {
                return Ok(false);
            }
            match self.buffer[self.start] {
                b'\n' if after_return => after_return = false,
                b'\n' => self.line += 1,
                b'\r' => {
                    self.line += 1;
                    after_return = true;
                }
                _ => return Ok(true),
            }
            self.start += 1;
        }
    }

    /// Reads one record into `output` and `ends`; returns the number of fields.
    fn read_record(&mut self, begin: u64) -> Result<usize, Error> {
        let (mut written, mut fields) = (0, 0);
        let mut last = b'\n';
        let mut newlines = 0;
        let mut closing = false;
        loop {
            if self.start == self.end && !closing && !self.fill()? {
                // One newline more than the file has: it ends the last row, unless that is still inside a quote.
                (self.buffer[0], self.start, self.end, closing) = (b'\n', 0, 1, true);
            }
            let input = &self.buffer[self.start..self.end];
            if closing && input.is_empty() {
                return Err(Error::broken(
                    &self.file,
                    begin,
                    "a quote is opened in the row that begins here and never closed: close it or remove it",
                ));
            }
            let (result, consumed, wrote, ended) =
                self.core.read_record(input, &mut self.output[written..], &mut self.ends[fields..]);
            newlines += line_feeds(&input[..consumed]);
            if let Some(byte) = input[..consumed].last() {
                last = *byte;
            }
            self.start += consumed;
            written += wrote;
            fields += ended;
            if written > MAX_ROW_BYTES || newlines > MAX_ROW_LINES {
                return Err(Error::broken(
                    &self.file,
                    begin,
                    format!(
                        "the row that begins here runs on to line {}: a quote is probably not closed",
                        begin + newlines
                    ),
                ));
            }
            match result {
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        self.line = begin + newlines;
        if last == b'\r' {
            self.finish_line_end()?;
        }
        Ok(fields)
    }

    /// After a carriage return: the line has ended, and a line feed that follows belongs to it.
    fn finish_line_end(&mut self) -> Result<(), Error> {
        self.line += 1;
        if self.start == self.end && !self.fill()? {
            return Ok(());
        }
        if self.buffer[self.start] == b'\n' {
            self.start += 1;
        }
        Ok(())
    }

    fn decode(&mut self, fields: usize, row: &mut Row) {
        let mut from = 0;
        for end in &self.ends[..fields] {
            let bytes = &self.output[from..*end];
            if !bytes.is_ascii() {
                let valid = std::str::from_utf8(bytes).is_ok();
                self.valid += u64::from(valid);
                self.invalid += u64::from(!valid);
            }
            self.encoding.decode_into(bytes, &mut row.text);
            row.ends.push(row.text.len());
            from = *end;
        }
    }
}

// The compiler makes vector instructions of it; a crate for it would not be faster on such short slices.
#[allow(clippy::naive_bytecount)]
fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

impl RowReader for DelimitedReader {
    fn read(&mut self, row: &mut Row) -> Result<bool, Error> {
        if !self.skip_empty_lines()? {
            return Ok(false);
        }
        let begin = self.line;
        row.clear(begin);
        let fields = self.read_record(begin)?;
        if self.layout == Layout::Blanks {
            let mut line = String::new();
            self.encoding
                .decode_into(&self.output[..self.ends[..fields].last().copied().unwrap_or(0)], &mut line);
            line.split_whitespace().for_each(|field| row.push(field));
        } else {
            self.decode(fields, row);
        }
        let surplus =
            (self.width..row.len()).any(|index| row.get(index).is_some_and(|field| !field.is_empty()));
        if self.width > 0 && surplus {
            row.broken = Some(format!("{} fields where the header has {}", row.len(), self.width));
        }
        Ok(true)
    }

    fn encoding(&self) -> Encoding {
        if self.invalid > self.valid { Encoding::Windows1252 } else { Encoding::Utf8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &'static [u8], columns: usize) -> Result<Vec<(u64, Vec<String>)>, Error> {
        let dialect = Dialect {
            layout: Layout::Separated(b','),
            columns: (0..columns).map(|index| index.to_string()).collect(),
            preamble_bytes: 0,
            preamble_lines: 0,
            headed: false,
        };
        let mut reader = DelimitedReader::new(Path::new("t.csv"), Box::new(text), &dialect, Encoding::Utf8);
        let mut row = Row::default();
        let mut all = Vec::new();
        while reader.read(&mut row)? {
            all.push((row.line, row.fields().map(str::to_owned).collect()));
        }
        Ok(all)
    }

    fn lines(text: &'static [u8]) -> Vec<u64> {
        rows(text, 2).unwrap().into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn every_row_knows_the_line_it_begins_on() {
        assert_eq!(lines(b"a,b\nc,d\n"), [1, 2]);
        assert_eq!(lines(b"a,b\r\nc,d\r\n\r\ne,f"), [1, 2, 4]);
        assert_eq!(lines(b"a,b\rc,d\re,f"), [1, 2, 3]);
        assert_eq!(lines(b"\n\na,b\n\n\nc,d"), [3, 6]);
        assert_eq!(lines(b"a,\"x\ny\nz\"\nc,d\n"), [1, 4]);
        assert_eq!(lines(b"a,\"x\r\ny\"\r\nc,d\r\n"), [1, 3]);
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_ends() {
        let all = rows(b"\"a,1\",\"say \"\"x\"\"\nnow\"\n", 2).unwrap();
        assert_eq!(all[0].1, ["a,1", "say \"x\"\nnow"]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_with_its_line() {
        let error = rows(b"a,b\nc,\"d\ne,f\n", 2).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("never closed"), "{error}");
    }

    #[test]
    fn more_fields_than_the_header_are_broken_unless_empty() {
        let dialect = Dialect {
            layout: Layout::Separated(b','),
            columns: vec!["a".into(), "b".into()],
            preamble_bytes: 0,
            preamble_lines: 0,
            headed: false,
        };
        let text: &[u8] = b"1,2,\n1,2,3\n1\n";
        let mut reader = DelimitedReader::new(Path::new("t.csv"), Box::new(text), &dialect, Encoding::Utf8);
        let mut row = Row::default();
        let mut broken = Vec::new();
        while reader.read(&mut row).unwrap() {
            broken.push(row.broken.is_some());
        }
        assert_eq!(broken, [false, true, false]);
    }
}
