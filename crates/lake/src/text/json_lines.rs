//! JSON lines: one object per line; a nested object's keys are joined with a dot.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Encoding, MAX_ROW_BYTES, Row, RowReader};
use crate::error::Error;

/// Objects nested deeper than this are kept as text.
const MAX_DEPTH: usize = 4;

pub(crate) struct JsonLinesReader {
    lines: Lines,
    columns: HashMap<String, usize>,
    width: usize,
}

impl JsonLinesReader {
    pub(crate) fn new(file: &Path, input: Box<dyn Read>, columns: &[String]) -> Self {
        Self {
            lines: Lines::new(file, input),
            columns: columns.iter().cloned().enumerate().map(|(index, name)| (name, index)).collect(),
            width: columns.len(),
        }
    }
}

impl RowReader for JsonLinesReader {
    fn read(&mut self, row: &mut Row) -> Result<bool, Error> {
        let Some((line, text)) = self.lines.next()? else { return Ok(false) };
        row.clear(line);
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => {
                let mut fields = vec![String::new(); self.width];
                flatten(&object, "", 0, &mut |name, value| {
                    if let Some(index) = self.columns.get(name) {
                        fields[*index] = value;
                    }
                });
                for field in &fields {
                    row.push(field);
                }
            }
            Err(error) => {
                row.push(text);
                row.broken = Some(format!("not a JSON object: {error}"));
            }
        }
        Ok(true)
    }
}

/// The keys of all objects of a file, in the order in which they first appear.
pub(crate) fn keys(file: &Path, input: Box<dyn Read>) -> Result<Vec<String>, Error> {
    let mut lines = Lines::new(file, input);
    let mut names = Vec::new();
    let mut known = HashSet::new();
    while let Some((_, text)) = lines.next()? {
        let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) else { continue };
        flatten(&object, "", 0, &mut |name, _| {
            if known.insert(name.to_owned()) {
                names.push(name.to_owned());
            }
        });
    }
    if names.is_empty() {
        return Err(Error::broken(
            file,
            1,
            "no line holds a JSON object; JSON lines have one object on each line",
        ));
    }
    Ok(names)
}

fn flatten(object: &Map<String, Value>, prefix: &str, depth: usize, visit: &mut dyn FnMut(&str, String)) {
    for (key, value) in object {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) if depth < MAX_DEPTH => flatten(inner, &name, depth + 1, visit),
            Value::Null => visit(&name, String::new()),
            Value::String(text) => visit(&name, text.clone()),
            other => visit(&name, other.to_string()),
        }
    }
}

/// Lines that are not blank, with their numbers.
struct Lines {
    file: PathBuf,
    input: BufReader<Box<dyn Read>>,
    number: u64,
    bytes: Vec<u8>,
    text: String,
}

impl Lines {
    fn new(file: &Path, input: Box<dyn Read>) -> Self {
        let input = BufReader::with_capacity(1 << 16, input);
        Self { file: file.to_path_buf(), input, number: 0, bytes: Vec::new(), text: String::new() }
    }

    fn next(&mut self) -> Result<Option<(u64, &str)>, Error> {
        loop {
            self.bytes.clear();
            let limit = MAX_ROW_BYTES as u64 + 1;
            let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.bytes);
            let read = read.map_err(|error| {
                let problem = format!("the file cannot be read on from here ({error}): export it again");
                Error::broken(&self.file, self.number + 1, problem)
            })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read > MAX_ROW_BYTES {
                return Err(Error::broken(&self.file, self.number, "the line is longer than 16 MiB"));
            }
            let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes).trim_ascii();
            if !bytes.is_empty() {
                self.text.clear();
                Encoding::Utf8.decode_into(bytes, &mut self.text);
                return Ok(Some((self.number, &self.text)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"id\":7,\"customer\":{\"email\":\"a@b.de\"},\"amount\":11.77}\n\n{\"id\":8,\"paid\":true}\nnonsense\n";

    #[test]
    fn keys_of_all_lines_are_columns() {
        let names = keys(Path::new("t.jsonl"), Box::new(TEXT.as_bytes())).unwrap();
        assert_eq!(names, ["id", "customer.email", "amount", "paid"]);
    }

    #[test]
    fn rows_keep_their_lines_and_numbers_their_digits() {
        let names = keys(Path::new("t.jsonl"), Box::new(TEXT.as_bytes())).unwrap();
        let mut reader = JsonLinesReader::new(Path::new("t.jsonl"), Box::new(TEXT.as_bytes()), &names);
        let mut row = Row::default();
        let mut seen = Vec::new();
        while reader.read(&mut row).unwrap() {
            seen.push((row.line, row.get(2).unwrap_or_default().to_owned(), row.broken.is_some()));
        }
        assert_eq!(
            seen,
            [(1, "11.77".to_owned(), false), (3, String::new(), false), (4, String::new(), true)]
        );
    }
}
