//! The one exception to "never rewritten": an erased person's id is replaced by a token; no figure changes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use jiff::Timestamp;
use perennial_lake::{OutputFormat, Session};
use perennial_report::CUSTOMER_CELL;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::comparison::register_values;
use super::figures::figures_sum;
use super::folder::{Lock, Snapshots};
use super::manifest::{MANIFEST, Manifest, REPORT, Redaction, VALUES};
use crate::Error;
use crate::erased::Erased;
use crate::sql::literal;

/// What a search of the snapshots has done.
#[derive(Debug, Default)]
pub(crate) struct Redacted {
    /// The snapshots in which ids were replaced.
    pub(crate) snapshots: Vec<String>,
    /// Those that could not be searched, or not be written.
    pub(crate) failures: Vec<NotRedacted>,
}

/// A snapshot that may still name an erased person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotRedacted {
    /// Its name.
    pub snapshot: String,
    /// Why it could not be searched, or not be written.
    pub problem: String,
}

/// Replaces the ids of erased customers by their tokens in all snapshots. One that is damaged keeps no other from it.
///
/// # Errors
/// When the folder of snapshots cannot be read or written; what was done so far stays, and doing it again does the rest.
pub(crate) fn redact(
    session: &Session,
    snapshots: &Snapshots,
    lock: &Lock,
    erased: &Erased,
    now: Timestamp,
) -> Result<Redacted, Error> {
    let mut redacted = Redacted::default();
    for snapshot in snapshots.names()? {
        match redact_one(session, snapshots, lock, &snapshot, erased, now) {
            Ok(true) => redacted.snapshots.push(snapshot),
            Ok(false) => {}
            Err(error) => redacted.failures.push(NotRedacted { snapshot, problem: error.to_string() }),
        }
    }
    if redacted.failures.is_empty() {
        snapshots.note_searched(lock, erased.mark())?;
    }
    Ok(redacted)
}

/// The snapshot under work.
const TABLE: &str = "values_to_redact";
/// What takes its place.
const REDACTED: &str = "values_redacted";

/// Whether the snapshot named an erased person.
fn redact_one(
    session: &Session,
    snapshots: &Snapshots,
    lock: &Lock,
    name: &str,
    erased: &Erased,
    now: Timestamp,
) -> Result<bool, Error> {
    let folder = snapshots.find(name)?;
    let manifest = Manifest::read(&folder)?;
    register_values(session, TABLE, &folder)?;
    let mut tokens = erased.among(session, &format!("SELECT customer_id FROM {TABLE}"))?;
    conceal(&mut manifest.sources.clone(), &mut |id| {
        tokens.extend(erased.token(id).map(|token| (id.to_owned(), token)));
        None
    });
    if tokens.is_empty() {
        return Ok(false);
    }
    let made = snapshots.begin(lock)?;
    let redaction = Redaction { at: now, customers: tokens.len() as u64 };
    rewrite(session, &folder, made.folder(), &manifest, &tokens, redaction)?;
    made.take_place_of(&folder)?;
    Ok(true)
}

fn rewrite(
    session: &Session,
    from: &Path,
    to: &Path,
    manifest: &Manifest,
    tokens: &BTreeMap<String, String>,
    redaction: Redaction,
) -> Result<(), Error> {
    let cases: Vec<String> =
        tokens.iter().map(|(id, token)| format!("WHEN {} THEN {}", literal(id), literal(token))).collect();
    let cases = cases.join(" ");
    let sql = format!(
        "SELECT CASE customer_id {cases} ELSE customer_id END AS customer_id, * EXCLUDE (customer_id) FROM {TABLE} ORDER BY customer_id"
    );
    let values = to.join(VALUES);
    session.write(&sql, &values, OutputFormat::Parquet)?;
    register_values(session, REDACTED, to)?;
    let figures = figures_sum(session, REDACTED)?.to_string();
    if figures != manifest.figures {
        let problem =
            "the figures are not those that were checksummed; the snapshot is damaged and was left as it is";
        return Err(Error::Damaged { path: from.join(VALUES), problem: problem.to_owned() });
    }
    let report = from.join(REPORT);
    let mut page = std::fs::read_to_string(&report).map_err(Error::file(&report))?;
    for (id, token) in tokens {
        page = page.replace(&format!("{CUSTOMER_CELL}{}<", escaped(id)), &format!("{CUSTOMER_CELL}{token}<"));
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
    conceal(&mut sources, &mut |id| tokens.get(id).cloned());
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

/// Puts other texts in the place of examples, wherever findings name rows by them: the ids of customers are among these.
pub(crate) fn conceal(account: &mut Value, token: &mut impl FnMut(&str) -> Option<String>) {
    match account {
        Value::Array(items) => items.iter_mut().for_each(|item| conceal(item, token)),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(examples) if name == "examples" => {
                        for example in examples {
                            if let Some(token) = example.as_str().and_then(&mut *token) {
                                *example = Value::String(token);
                            }
                        }
                    }
                    field => conceal(field, token),
                }
            }
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
        let text = r#"{"a": 0.1234567890123456789, "sources": {"examples": ["c1", "c12"], "name": "c1", "share": 0.5}, "redactions": [], "z": "c1"}"#;
        let tokens = BTreeMap::from([("c1".to_owned(), "erased-1".to_owned())]);
        let redaction = Redaction { at: "2026-01-02T03:04:05Z".parse().unwrap(), customers: 1 };
        assert_eq!(
            redacted(text, &tokens, redaction).unwrap(),
            r#"{"a": 0.1234567890123456789, "sources": {"examples":["erased-1","c12"],"name":"c1","share":0.5}, "redactions": [{"at":"2026-01-02T03:04:05Z","customers":1}], "z": "c1"}"#
        );
    }
}
