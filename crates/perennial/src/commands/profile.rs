//! `perennial profile`: what is known of a customer, all of it, and its erasure.

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use perennial_lake::{Session, SessionOptions};
use perennial_project::{Project, State, erase};
use perennial_store::Identifier;
use serde_json::{Value, json};

use crate::WrongUsage;
use crate::arguments::OutputFormat;
use crate::arguments::project::{OfStore, ProfileCommand};
use crate::json::print;
use crate::terminal::Page;
use crate::terminal::page::Align::Left;

pub(crate) fn run(arguments: &OfStore<ProfileCommand>) -> Result<()> {
    let project = Project::open(&arguments.project.project)?;
    let is_json = arguments.format.format == OutputFormat::Json;
    match &arguments.command {
        ProfileCommand::Show { identifier } => show(&State::open(&project)?, &parsed(identifier)?, is_json),
        ProfileCommand::Export { identifier } => {
            let state = State::open(&project)?;
            let identifier = parsed(identifier)?;
            let known = state.wait(state.store().export_person(&identifier))?;
            print(&known.with_context(|| format!("nobody is known as {identifier}"))?)
        }
        ProfileCommand::Erase { identifier, yes } => {
            let identifier = parsed(identifier)?;
            if !yes {
                show(&State::open(&project)?, &identifier, is_json)?;
                bail!("nothing was erased; --yes erases this person, and nothing brings the person back");
            }
            let session = Session::new(&SessionOptions::default())?;
            let erased = erase(&project, &session, &identifier, Timestamp::now())?;
            if is_json {
                return print(&erased);
            }
            println!(
                "Erased. {} stands for this person now; {} snapshots were redacted, their figures are the same.",
                erased.token,
                erased.snapshots.len()
            );
            Ok(())
        }
    }
}

fn parsed(text: &str) -> Result<Identifier> {
    Ok(text.parse::<Identifier>().map_err(|error| WrongUsage(error.to_string()))?)
}

fn show(state: &State, identifier: &Identifier, is_json: bool) -> Result<()> {
    let profile = state.wait(state.store().profile(identifier))?;
    let profile = profile.with_context(|| format!("nobody is known as {identifier}"))?;
    let values = state.wait(state.store().customer_values(profile.customer.value()))?;
    let values = values.map(|values| {
        let figures: Value = serde_json::from_str(&values.figures).unwrap_or_default();
        json!({ "snapshot": values.snapshot, "figures": figures })
    });
    let profile = serde_json::to_value(&profile)?;
    if is_json {
        return print(&json!({ "profile": profile, "values": values }));
    }
    let mut page = Page::new();
    for (name, part) in profile.as_object().into_iter().flatten() {
        section(&mut page, name, part);
    }
    if let Some(values) = &values {
        section(&mut page, "values", values);
    }
    page.print()
}

/// A part of a profile: its fields, or its entries one per line.
fn section(page: &mut Page, name: &str, part: &Value) {
    let rows: Vec<Vec<String>> = match part {
        Value::Object(fields) => fields.iter().map(|(key, value)| vec![key.clone(), plain(value)]).collect(),
        Value::Array(entries) => entries.iter().map(|entry| vec![String::new(), plain(entry)]).collect(),
        other => vec![vec![String::new(), plain(other)]],
    };
    if !rows.is_empty() {
        page.heading(&name.replace('_', " "));
        page.rows(&[Left, Left], rows);
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(_, value)| !value.is_null());
            shown.map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
