//! `perennial events`: what became of live events that could not be used.

use anyhow::Result;
use perennial_project::{Project, State};
use perennial_store::Page as StorePage;
use serde_json::json;

use crate::arguments::OutputFormat;
use crate::arguments::project::{EventsCommand, OfStore};
use crate::json::print;
use crate::terminal::Page;
use crate::terminal::page::Align::Left;

pub(crate) fn run(arguments: &OfStore<EventsCommand>) -> Result<()> {
    let state = State::open(&Project::open(&arguments.project.project)?)?;
    let EventsCommand::Rejected { limit } = arguments.command;
    let rejected = state.wait(state.store().rejected_events(StorePage::newest(limit)))?;
    if arguments.format.format == OutputFormat::Json {
        for stored in &rejected {
            let event = &stored.event;
            print(&json!({
                "id": stored.id,
                "source": event.source,
                "message_id": event.message_id,
                "received_at": event.received_at.to_string(),
                "code": event.code,
                "reason": event.reason,
                "payload": event.payload,
            }))?;
        }
        return Ok(());
    }
    let mut page = Page::new();
    let rows = rejected.iter().map(|stored| {
        let event = &stored.event;
        let message = event.message_id.clone().unwrap_or_default();
        vec![
            event.received_at.strftime("%F %T").to_string(),
            event.source.clone(),
            message,
            event.reason.clone(),
        ]
    });
    page.table(
        &[("Received (UTC)", Left), ("Source", Left), ("Message", Left), ("Reason", Left)],
        rows.collect(),
    );
    page.print()
}
