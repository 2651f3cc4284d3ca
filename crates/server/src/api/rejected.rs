//! `GET /api/rejected-events`: messages that were refused, with the reason, newest first.

use axum::Json;
use axum::extract::State;
use perennial_store::StoredRejection;
use serde::Serialize;

use super::asking::{Asked, Reader};
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Debug, Serialize)]
pub(crate) struct RejectedEvents {
    rejected_events: Vec<RejectedEvent>,
    /// The `before` of the next page; `null` on the last one.
    next: Option<i64>,
}

#[derive(Debug, Serialize)]
struct RejectedEvent {
    id: i64,
    source: String,
    message_id: Option<String>,
    received_at: String,
    code: String,
    reason: String,
    /// What was received, as text: it may be no JSON.
    payload: String,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    _: Reader,
    page: Asked,
) -> Result<Json<RejectedEvents>, ApiError> {
    let stored = state.store.rejected_events(page.0).await?;
    let next = page.next(&stored, |rejection| rejection.id);
    Ok(Json(RejectedEvents { rejected_events: stored.into_iter().map(RejectedEvent::from).collect(), next }))
}

impl From<StoredRejection> for RejectedEvent {
    fn from(StoredRejection { id, event }: StoredRejection) -> Self {
        Self {
            id,
            source: event.source,
            message_id: event.message_id,
            received_at: event.received_at.to_string(),
            code: event.code,
            reason: event.reason,
            payload: event.payload,
        }
    }
}
