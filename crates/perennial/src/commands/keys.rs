//! `perennial keys`: who may send events, and who may read.

use anyhow::Result;
use perennial_project::{Project, State};
use perennial_store::{Key, Scope};
use serde_json::json;

use crate::arguments::OutputFormat;
use crate::arguments::project::{KeyScope, KeysCommand, OfStore};
use crate::json::print;
use crate::terminal::Page;
use crate::terminal::page::Align::Left;

pub(crate) fn run(arguments: &OfStore<KeysCommand>) -> Result<()> {
    let state = State::open(&Project::open(&arguments.project.project)?)?;
    let store = state.store();
    let is_json = arguments.format.format == OutputFormat::Json;
    match &arguments.command {
        KeysCommand::Create { name, scope } => {
            let new = state.wait(store.create_key(name, scope_of(*scope)))?;
            if is_json {
                return print(
                    &json!({ "name": new.key.name, "scope": new.key.scope.as_str(), "secret": new.secret }),
                );
            }
            println!("{}", new.secret);
            eprintln!("This is the only time that the key is shown; only its checksum is kept.");
        }
        KeysCommand::List => {
            let keys = state.wait(store.keys())?;
            if is_json {
                return print(&keys.iter().map(as_json).collect::<Vec<_>>());
            }
            let mut page = Page::new();
            page.table(
                &[("Name", Left), ("Scope", Left), ("Made", Left), ("Last used", Left), ("Revoked", Left)],
                keys.iter().map(row).collect(),
            );
            page.print()?;
        }
        KeysCommand::Revoke { name } => {
            state.wait(store.revoke_key(name))?;
            if is_json {
                return print(&json!({ "revoked": name }));
            }
            println!("The key {name:?} is revoked.");
        }
    }
    Ok(())
}

fn scope_of(scope: KeyScope) -> Scope {
    match scope {
        KeyScope::Write => Scope::Write,
        KeyScope::Read => Scope::Read,
        KeyScope::Admin => Scope::Admin,
    }
}

fn as_json(key: &Key) -> serde_json::Value {
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    json!({
        "name": key.name,
        "scope": key.scope.as_str(),
        "created_at": key.created_at.to_string(),
        "last_used_at": time(key.last_used_at),
        "revoked_at": time(key.revoked_at),
    })
}

fn row(key: &Key) -> Vec<String> {
    let day =
        |time: Option<jiff::Timestamp>| time.map(|time| time.strftime("%F").to_string()).unwrap_or_default();
    vec![
        key.name.clone(),
        key.scope.as_str().to_owned(),
        day(Some(key.created_at)),
        day(key.last_used_at),
        day(key.revoked_at),
    ]
}
