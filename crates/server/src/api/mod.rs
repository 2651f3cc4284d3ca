//! The API for programs of the shop. Keys come as `Authorization: Bearer`; errors are `{"error": {"code", "message"}}`.

mod asking;
mod rejected;
mod snapshots;

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

/// All paths under `/api`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/rejected-events", get(rejected::list))
        .route("/api/snapshots", get(snapshots::list))
        .route("/api/snapshots/{name}", get(snapshots::show))
}
