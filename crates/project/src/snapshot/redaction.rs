//! The one exception to "never rewritten": an erased person's id is replaced by a token; no figure changes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;
use perennial_lake::{OutputFormat, Session};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::comparison::register_values;
use super::figures::figures_sum;
use super::folder::Snapshots;
use super::manifest::{MANIFEST, Manifest, REPORT, Redaction, VALUES};
use crate::Error;
use crate::erased::Erased;
use crate::sql::literal;

/// Replaces the ids of erased customers by their tokens in all snapshots. Returns the snapshots in which one was replaced.
///
/// # Errors
/// When a run is under way, or a snapshot cannot be read or written; what was done so far stays, and doing it again does the rest.
pub(crate) fn redact(
    session: &Session,
    snapshots: &Snapshots,
    erased: &Erased,
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let lock = snapshots.lock(now)?;
    let mut redacted = Vec::new();
    for name in snapshots.names()? {
        let folder = snapshots.find(&name)?;
        register_values(session, TABLE, &folder)?;
        let tokens = erased.among(session, &format!("SELECT customer_id FROM {TABLE}"))?;
        if !tokens.is_empty() {
            let made = snapshots.begin(&lock)?;
            let redaction = Redaction { at: now, customers: tokens.len() as u64 };
            rewrite(session, &folder, made.folder(), &tokens, redaction)?;
            made.take_place_of(&folder)?;
            redacted.push(name);
        }
        session.drop_table(TABLE)?;
    }
    Ok(redacted)
}

/// The snapshot under work.
const TABLE: &str = "values_to_redact";

fn rewrite(
    session: &Session,
    from: &Path,
    to: &Path,
    tokens: &BTreeMap<String, String>,
    redaction: Redaction,
) -> Result<(), Error> {
    let manifest = Manifest::read(from)?;
    let cases: Vec<String> =
        tokens.iter().map(|(id, token)| format!("WHEN {} THEN {}", literal(id), literal(token))).collect();
    let cases = cases.join(" ");
    let sql = format!(
        "SELECT CASE customer_id {cases} ELSE customer_id END AS customer_id, * EXCLUDE (customer_id) FROM {TABLE} ORDER BY customer_id"
    );
    let values = to.join(VALUES);
    session.write(&sql, &values, OutputFormat::Parquet)?;
    register_values(session, "values_redacted", to)?;
    let figures = figures_sum(session, "values_redacted")?.to_string();
    session.drop_table("values_redacted")?;
    if figures != manifest.figures {
        let problem =
            "the figures are not those that were checksummed; the snapshot is damaged and was left as it is";
        return Err(Error::Damaged { path: from.join(VALUES), problem: problem.to_owned() });
    }
    let report = from.join(REPORT);
    let mut page = std::fs::read_to_string(&report).map_err(Error::file(&report))?;
    for (id, token) in tokens {
        page = page.replace(&format!(">{}<", escaped(id)), &format!(">{token}<"));
    }
    std::fs::write(to.join(REPORT), page).map_err(Error::file(&to.join(REPORT)))?;
    let path = from.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let text = redacted(&text, tokens, redaction)
        .map_err(|error| Error::Damaged { path, problem: error.to_string() })?;
    let path = to.join(MANIFEST);
    std::fs::write(&path, text).map_err(Error::file(&path))
}

/// The two parts of `snapshot.json` that a redaction concerns, as they are written there.
#[derive(Deserialize)]
struct Concerned<'a> {
    #[serde(borrow)]
    sources: &'a RawValue,
    #[serde(borrow)]
    redactions: &'a RawValue,
}

/// The text of `snapshot.json` with examples under tokens and the redaction noted; every other byte stays.
fn redacted(
    text: &str,
    tokens: &BTreeMap<String, String>,
    redaction: Redaction,
) -> Result<String, serde_json::Error> {
    let concerned: Concerned = serde_json::from_str(text)?;
    let mut sources = serde_json::from_str(concerned.sources.get())?;
    replace_texts(&mut sources, tokens);
    let mut redactions: Vec<Redaction> = serde_json::from_str(concerned.redactions.get())?;
    redactions.push(redaction);
    let mut parts = [
        (place(text, concerned.sources), serde_json::to_string(&sources)?),
        (place(text, concerned.redactions), serde_json::to_string(&redactions)?),
    ];
    // From the end on, so that the places in front stay right.
    parts.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut written = text.to_owned();
    for (place, part) in parts {
        written.replace_range(place, &part);
    }
    Ok(written)
}

/// Where a part stands in the text that it was borrowed from.
fn place(text: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.get().len()
}

/// Replaces texts that are an id, wherever examples of rows name one.
fn replace_texts(value: &mut serde_json::Value, tokens: &BTreeMap<String, String>) {
    match value {
        serde_json::Value::String(text) => {
            if let Some(token) = tokens.get(text.as_str()) {
                text.clone_from(token);
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| replace_texts(item, tokens)),
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(|field| replace_texts(field, tokens));
        }
        _ => {}
    }
}

/// A text as the page's templates write it.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |page, c| match c {
        '&' => page + "&#38;",
        '<' => page + "&#60;",
        '>' => page + "&#62;",
        '"' => page + "&#34;",
        '\'' => page + "&#39;",
        _ => {
            let mut page = page;
            page.push(c);
            page
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_the_person_changes() {
        let text = r#"{"a": 0.1234567890123456789, "sources": {"examples": ["c1", "c12"], "share": 0.5}, "redactions": [], "z": "c1"}"#;
        let tokens = BTreeMap::from([("c1".to_owned(), "erased-1".to_owned())]);
        let redaction = Redaction { at: "2026-01-02T03:04:05Z".parse().unwrap(), customers: 1 };
        assert_eq!(
            redacted(text, &tokens, redaction).unwrap(),
            r#"{"a": 0.1234567890123456789, "sources": {"examples":["erased-1","c12"],"share":0.5}, "redactions": [{"at":"2026-01-02T03:04:05Z","customers":1}], "z": "c1"}"#
        );
    }
}
