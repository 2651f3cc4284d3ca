//! The API for programs of the shop. Keys come as `Authorization: Bearer`; errors are `{"error": {"code", "message"}}`.

mod asking;
mod merges;
mod profiles;
mod rejected;
mod snapshots;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

/// All paths under `/api`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/profiles/{kind}/{value}", get(profiles::show).delete(profiles::erase))
        .route("/api/profiles/{kind}/{value}/export", get(profiles::export))
        .route("/api/profiles/{kind}/{value}/consents", post(profiles::consent))
        .route("/api/merges", get(merges::list).post(merges::merge))
        .route("/api/merges/suggested", get(merges::suggested))
        .route("/api/merges/{id}/undo", post(merges::undo))
        .route("/api/rejected-events", get(rejected::list))
        .route("/api/snapshots", get(snapshots::list))
        .route("/api/snapshots/{name}", get(snapshots::show))
}
