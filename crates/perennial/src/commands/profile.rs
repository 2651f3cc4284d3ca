//! `perennial profile`: what is known of a customer, all of it, and its erasure.

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use perennial_lake::{Session, SessionOptions};
use perennial_project::snapshot::NotRedacted;
use perennial_project::{Error, Project, State, erase};
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
        ProfileCommand::Show { identifier } => {
            let identifier = parsed(identifier)?;
            let shown = show(&project, &identifier, is_json)?;
            if shown { Ok(()) } else { bail!("nobody is known as {identifier}") }
        }
        ProfileCommand::Export { identifier } => {
            let state = State::open(&project)?;
            let identifier = parsed(identifier)?;
            let known = state.wait(state.store().export_person(&identifier))?;
            print(&known.with_context(|| format!("nobody is known as {identifier}"))?)
        }
        ProfileCommand::Erase { identifier, yes: true } => {
            erase_person(&project, &parsed(identifier)?, is_json)
        }
        ProfileCommand::Erase { identifier, yes: false } => {
            let identifier = parsed(identifier)?;
            if !show(&project, &identifier, is_json)? {
                bail!(
                    "the store knows nobody as {identifier}, so only snapshots and files of the shop may name them; nothing was erased: --yes replaces {identifier} in all snapshots, now and in what is read later"
                );
            }
            bail!("nothing was erased; --yes erases this person, and nothing brings the person back");
        }
        ProfileCommand::Readmit { identifier } => {
            let (identifier, state) = (parsed(identifier)?, State::open(&project)?);
            if !state.wait(state.store().readmit(&identifier))? {
                bail!("{identifier} was not erased");
            }
            if is_json {
                return print(&json!({ "readmitted": identifier }));
            }
            println!("{identifier} makes a new customer from now on; what was erased stays so.");
            Ok(())
        }
    }
}

fn erase_person(project: &Project, identifier: &Identifier, is_json: bool) -> Result<()> {
    let session = Session::new(&SessionOptions::default())?;
    let erased = match erase(project, &session, identifier, Timestamp::now()) {
        Err(error @ Error::Busy { .. }) => {
            return Err(error).context("nothing was erased, repeat the command then");
        }
        erased => erased?,
    };
    if is_json {
        print(&erased)?;
    } else {
        let whom =
            if erased.identifiers == 0 { "somebody whom the store had never seen" } else { "this person" };
        println!(
            "Erased. {} stands for {whom} now; {} snapshots were redacted, their figures are the same.",
            erased.token,
            erased.snapshots.len()
        );
    }
    for NotRedacted { snapshot, problem } in &erased.failures {
        eprintln!("error: {snapshot} may still name the person: {problem}");
    }
    if !erased.failures.is_empty() {
        bail!("mend or delete the snapshots that could not be redacted, then repeat the command");
    }
    Ok(())
}

fn parsed(text: &str) -> Result<Identifier> {
    Ok(text.parse::<Identifier>().map_err(|error| WrongUsage(error.to_string()))?)
}

/// Shows what is known of a person; false if that is nothing.
fn show(project: &Project, identifier: &Identifier, is_json: bool) -> Result<bool> {
    let state = State::open(project)?;
    let Some(profile) = state.wait(state.store().profile(identifier))? else { return Ok(false) };
    let shop = &project.sections.shop;
    let today = Timestamp::now().to_zoned(shop.time_zone.clone()).date();
    let celebrations = serde_json::to_value(profile.celebrations(today, shop.leap_day))?;
    let values = state.wait(state.store().values_of(&profile))?;
    let values = values.map(|(customer, values)| {
        let figures: Value = serde_json::from_str(&values.figures).unwrap_or_default();
        json!({ "snapshot": values.snapshot, "customer": customer, "figures": figures })
    });
    let profile = serde_json::to_value(&profile)?;
    if is_json {
        print(&json!({ "profile": profile, "celebrations": celebrations, "values": values }))?;
        return Ok(true);
    }
    let mut page = Page::new();
    for (name, part) in profile.as_object().into_iter().flatten() {
        section(&mut page, name, part);
    }
    section(&mut page, "celebrations", &celebrations);
    if let Some(values) = &values {
        section(&mut page, "values", values);
    }
    page.print()?;
    Ok(true)
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
