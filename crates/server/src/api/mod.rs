//! The API for programs of the shop. Keys come as `Authorization: Bearer`; errors are `{"error": {"code", "message"}}`.

mod asking;
mod merges;
mod profiles;
mod rejected;
mod snapshots;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
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

/// Whether a request is one for a person's export or erasure.
pub(crate) fn searches_the_log(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/profiles/") && (request.method() == Method::DELETE || path.ends_with("/export"))
}
