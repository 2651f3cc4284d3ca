//! From text to sections, with everything that is wrong and not only the first thing.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};

use super::problem::Problem;
use super::sections::Sections;
use super::written::unknown;

/// More than this is no project file.
pub(crate) const LARGEST_FILE: u64 = 1 << 20;

/// The keys of a file with the places where they stand.
pub(crate) struct Keys<'a> {
    text: &'a str,
    root: DeTable<'a>,
}

/// A step on the way to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// An element of an array, from 0.
    Element(usize),
}

/// What was read of a file.
pub(crate) struct Read<'a> {
    /// What could be used.
    pub(crate) sections: Sections,
    /// Where everything stands.
    pub(crate) keys: Keys<'a>,
    /// What could not be used.
    pub(crate) problems: Vec<Problem>,
    /// The keys that were left out for it.
    pub(crate) left_out: Vec<String>,
}

/// Reads a file; what cannot be used is reported and left out, so that the rest is looked at as well.
///
/// # Errors
/// Where the text is no TOML, or more than single keys are wrong: with what is wrong.
pub(crate) fn read(text: &str) -> Result<Read<'_>, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let root = root.into_inner();
    let keys = Keys { text, root: root.clone() };
    if !errors.is_empty() {
        // Nothing that follows a broken line can be trusted.
        return Err(errors.iter().map(|error| keys.at_span(error.span(), "", error.message())).collect());
    }
    let mut rest = root;
    let mut problems = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    loop {
        match Sections::deserialize(Deserializer::from(Spanned::new(0..text.len(), rest.clone()))) {
            Ok(sections) => return Ok(Read { sections, keys, problems, left_out }),
            Err(error) => {
                // Elements are counted in the file, not in what is left of it.
                let path = error
                    .span()
                    .filter(|span| take(&mut rest, span))
                    .and_then(|span| find(&keys.root, &span));
                let Some(path) = path else {
                    problems.push(keys.at_span(error.span(), "", error.message()));
                    return Err(problems);
                };
                let key = written(&path);
                // What was taken out before for a reason of its own is not missing besides.
                let follows =
                    missing_field(&error).is_some_and(|field| left_out.contains(&format!("{key}.{field}")));
                if !follows {
                    problems.push(keys.at_span(error.span(), &key, &explain(&error, &path)));
                }
                left_out.push(key);
            }
        }
    }
}

impl Keys<'_> {
    /// A problem with the line of its key, or of what stands around it.
    pub(crate) fn locate(&self, problem: Problem) -> Problem {
        let line = self.span(&problem.key).map(|span| self.line(span.start));
        Problem { line, ..problem }
    }

    fn at_span(&self, span: Option<Range<usize>>, key: &str, message: &str) -> Problem {
        Problem { line: span.map(|span| self.line(span.start)), ..Problem::error(key, message) }
    }

    fn line(&self, offset: usize) -> usize {
        let ends = self.text.match_indices('\n');
        ends.take_while(|(end, _)| *end < offset).count() + 1
    }

    /// Where the longest part of a key that is there begins.
    fn span(&self, key: &str) -> Option<Range<usize>> {
        let mut table = &self.root;
        let mut found = None;
        for part in key.split('.') {
            let (name, element) = match part.split_once('[') {
                Some((name, number)) => (name, number.trim_end_matches(']').parse::<usize>().ok()),
                None => (part, None),
            };
            let Some((key, value)) = table.get_key_value(name) else { break };
            found = Some(key.span());
            let element = element.and_then(|number| value.get_ref().as_array()?.get(number.checked_sub(1)?));
            if let Some(element) = element {
                found = Some(element.span());
            }
            match element.unwrap_or(value).get_ref().as_table() {
                Some(inner) => table = inner,
                None => break,
            }
        }
        found
    }
}

/// The way to what stands at a span.
fn find(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<Step>> {
    // What is written inside comes first: a table's own span is often that of its header alone.
    let step = |key: &Spanned<Cow<'_, str>>| Step::Key(key.get_ref().to_string());
    let inside = table.iter().find_map(|(key, value)| {
        let path = find_inside(value.get_ref(), span)?;
        Some(std::iter::once(step(key)).chain(path).collect())
    });
    let itself = || table.iter().find(|(key, value)| key.span() == *span || value.span() == *span);
    inside.or_else(|| itself().map(|(key, _)| vec![step(key)]))
}

fn find_inside(value: &DeValue<'_>, span: &Range<usize>) -> Option<Vec<Step>> {
    match value {
        DeValue::Table(table) => find(table, span),
        DeValue::Array(array) => {
            let inside = array.iter().enumerate().find_map(|(number, element)| {
                let path = find_inside(element.get_ref(), span)?;
                Some(std::iter::once(Step::Element(number)).chain(path).collect())
            });
            let itself = || array.iter().position(|element| element.span() == *span);
            inside.or_else(|| itself().map(|number| vec![Step::Element(number)]))
        }
        _ => None,
    }
}

/// Takes what stands at a span out of a table; whether it was there.
fn take(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    if table.iter_mut().any(|(_, value)| take_inside(value.get_mut(), span)) {
        return true;
    }
    let found = table.iter().find(|(key, value)| key.span() == *span || value.span() == *span);
    let name = found.map(|(key, _)| key.get_ref().to_string());
    name.is_some_and(|name| table.remove(name.as_str()).is_some())
}

fn take_inside(value: &mut DeValue<'_>, span: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => take(table, span),
        DeValue::Array(array) => {
            if array.iter_mut().any(|element| take_inside(element.get_mut(), span)) {
                return true;
            }
            let before = array.len();
            let rest = std::mem::replace(array, DeArray::new());
            *array = rest.into_iter().filter(|element| element.span() != *span).collect();
            array.len() < before
        }
        _ => false,
    }
}

/// The way to a key as it is written: `tiers[2].name`, elements counted from 1.
fn written(path: &[Step]) -> String {
    path.iter().fold(String::new(), |text, step| match step {
        Step::Key(key) if text.is_empty() => key.clone(),
        Step::Key(key) => format!("{text}.{key}"),
        Step::Element(number) => format!("{text}[{}]", number + 1),
    })
}

/// The message of an error in the words of a person who wrote the file.
fn explain(error: &Error, path: &[Step]) -> String {
    let message = error.message();
    if let Some(field) = missing_field(error) {
        return format!("the key {field} is missing");
    }
    let Some(rest) = message.strip_prefix("unknown field ") else { return message.to_owned() };
    let mut names = rest.split('`').skip(1).step_by(2);
    let word = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let place = match path {
        [_] | [] => "key".to_owned(),
        [around @ .., _] => format!("key of [{}]", written(around)),
    };
    unknown(place, word, known)
}

fn missing_field(error: &Error) -> Option<&str> {
    error.message().strip_prefix("missing field `")?.strip_suffix('`')
}
