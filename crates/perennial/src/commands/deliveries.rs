//! `perennial deliveries`: messages to webhooks, and those that were given up.

use anyhow::Result;
use jiff::Timestamp;
use perennial_project::{Project, State};
use perennial_store::{DeliveryState, Page as StorePage};
use serde_json::json;

use crate::arguments::OutputFormat;
use crate::arguments::project::{DeliveriesCommand, OfStore};
use crate::json::print;
use crate::terminal::Page;
use crate::terminal::page::Align::{Left, Right};

pub(crate) fn run(arguments: &OfStore<DeliveriesCommand>) -> Result<()> {
    let state = State::open(&Project::open(&arguments.project.project)?)?;
    let store = state.store();
    let is_json = arguments.format.format == OutputFormat::Json;
    match &arguments.command {
        DeliveriesCommand::List { dead, limit } => {
            let wanted = dead.then_some(DeliveryState::Dead);
            let deliveries = state.wait(store.deliveries(wanted, StorePage::newest(*limit)))?;
            if is_json {
                return deliveries.iter().try_for_each(|delivery| {
                    print(&json!({
                        "id": delivery.id,
                        "endpoint": delivery.endpoint,
                        "event_type": delivery.event_type,
                        "created_at": delivery.created_at.to_string(),
                        "state": state_name(delivery.state),
                        "attempts": delivery.attempts,
                        "last_status": delivery.last_status,
                        "last_error": delivery.last_error,
                    }))
                });
            }
            let rows = deliveries.iter().map(|delivery| {
                vec![
                    delivery.id.clone(),
                    delivery.endpoint.clone(),
                    delivery.event_type.clone(),
                    state_name(delivery.state).to_owned(),
                    delivery.attempts.to_string(),
                    delivery.last_error.clone().unwrap_or_default(),
                ]
            });
            let mut page = Page::new();
            let heads = [
                ("Id", Left),
                ("Endpoint", Left),
                ("Event", Left),
                ("State", Left),
                ("Attempts", Right),
                ("Last error", Left),
            ];
            page.table(&heads, rows.collect());
            for disabled in state.wait(store.disabled_endpoints())? {
                page.paragraph(&format!(
                    "Nothing has gone to {0} since {1}: {2}. `perennial deliveries enable {0}` lets deliveries go there again.",
                    disabled.endpoint, disabled.at, disabled.problem
                ));
            }
            page.print()
        }
        DeliveriesCommand::Enable { endpoint } => {
            state.wait(store.enable_endpoint(endpoint))?;
            if is_json {
                return print(&json!({ "enabled": endpoint }));
            }
            println!(
                "Deliveries go to {endpoint} again; what was given up meanwhile is tried again by `perennial deliveries replay`."
            );
            Ok(())
        }
        DeliveriesCommand::Replay { id } => {
            state.wait(store.replay(id, Timestamp::now()))?;
            if is_json {
                return print(&json!({ "replayed": id }));
            }
            println!("{id} is tried again as soon as `perennial serve` runs.");
            Ok(())
        }
    }
}

fn state_name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "dead",
    }
}
