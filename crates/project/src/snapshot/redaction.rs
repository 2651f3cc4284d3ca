//! The one exception to "never rewritten": an erased person's id is replaced by a token; no figure changes.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use perennial_lake::{OutputFormat, Session};

use super::comparison::register_values;
use super::figures::figures_sum;
use super::folder::Snapshots;
use super::manifest::{Manifest, REPORT, Redaction, VALUES};
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
    let mut manifest = Manifest::read(from)?;
    let cases: String =
        tokens.iter().map(|(id, token)| format!(" WHEN {} THEN {}", literal(id), literal(token))).collect();
    let sql = format!(
        "SELECT CASE customer_id{cases} ELSE customer_id END AS customer_id, * EXCLUDE (customer_id) FROM {TABLE} ORDER BY customer_id"
    );
    let values = to.join(VALUES);
    session.write(&sql, &values, OutputFormat::Parquet)?;
    register_values(session, "values_redacted", to)?;
    let figures = figures_sum(session, "values_redacted")?.to_string();
    session.drop_table("values_redacted")?;
    if figures != manifest.figures {
        let problem = "the figures are not those that were checksummed; the snapshot is damaged and was left as it is";
        return Err(Error::Damaged { path: from.join(VALUES), problem: problem.to_owned() });
    }
    let report = from.join(REPORT);
    let mut page = std::fs::read_to_string(&report).map_err(Error::file(&report))?;
    for (id, token) in tokens {
        page = page.replace(&format!(">{}<", escaped(id)), &format!(">{token}<"));
    }
    std::fs::write(to.join(REPORT), page).map_err(Error::file(&to.join(REPORT)))?;
    replace_texts(&mut manifest.sources, tokens);
    manifest.redactions.push(redaction);
    manifest.write(to)
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
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| replace_texts(field, tokens)),
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
