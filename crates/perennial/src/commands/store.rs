//! `perennial store`: copies of the operational store.

use anyhow::Result;
use perennial_project::{Project, State, store_url};
use perennial_store::Store;
use serde_json::json;

use crate::arguments::OutputFormat;
use crate::arguments::project::{OfStore, StoreCommand};
use crate::json::print;

pub(crate) fn run(arguments: &OfStore<StoreCommand>) -> Result<()> {
    let project = Project::open(&arguments.project.project)?;
    let (done, said) = match &arguments.command {
        StoreCommand::Backup { to } => {
            let state = State::open(&project)?;
            state.wait(state.store().backup(to))?;
            ("backup", format!("Wrote {}.", to.display()))
        }
        StoreCommand::Restore { from } => {
            let url = store_url(&project)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(Store::restore(from, &url))?;
            ("restored", format!("Restored {url}."))
        }
    };
    if arguments.format.format == OutputFormat::Json {
        return print(&json!({ "done": done }));
    }
    println!("{said}");
    Ok(())
}
