//! For those who watch the server: is it alive, and can it do its work?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::state::AppState;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// `GET /readyz`: the database answers and the projection is not far behind.
pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let database = match state.store.last_event().await {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, "not ready: the store does not answer");
            false
        }
    };
    let progress = state.projector.progress();
    let ready = database && progress.failures == 0 && progress.behind <= state.ready_within;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if ready { "ok" } else { "not_ready" },
        "database": if database { "ok" } else { "unavailable" },
        "projection": { "events_behind": progress.behind, "failures": progress.failures },
    });
    (status, Json(body)).into_response()
}
