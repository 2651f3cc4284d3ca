//! `/api/merges`: why identifiers belong together, and how to part them.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use perennial_store::{Identifier, Merge};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asking::{Admin, Asked, Body, Reader};
use crate::clock;
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Debug, Serialize)]
pub(crate) struct Merges {
    merges: Vec<Merge>,
    /// The `before` of the next page; `null` on the last one.
    next: Option<i64>,
}

/// `GET /api/merges`: all, newest first.
pub(crate) async fn list(
    State(state): State<AppState>,
    _: Reader,
    page: Asked,
) -> Result<Json<Merges>, ApiError> {
    let merges = state.store.merges(page.0).await?;
    Ok(Json(Merges { next: page.next(&merges, |merge| merge.id), merges }))
}

/// `GET /api/merges/suggested`: those that the rules leave to a person to decide.
pub(crate) async fn suggested(
    State(state): State<AppState>,
    _: Reader,
    page: Asked,
) -> Result<Json<Merges>, ApiError> {
    let merges = state.store.suggested_merges(page.0).await?;
    Ok(Json(Merges { next: page.next(&merges, |merge| merge.id), merges }))
}

/// Two identifiers, written `kind:value`, and why they are one person's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMerge {
    a: Identifier,
    b: Identifier,
    reason: String,
}

/// `POST /api/merges`: joins two identifiers by hand.
pub(crate) async fn merge(
    State(state): State<AppState>,
    _: Admin,
    Body(NewMerge { a, b, reason }): Body<NewMerge>,
) -> Result<Json<Value>, ApiError> {
    state.store.merge(&a, &b, &reason, clock::now()).await?;
    Ok(Json(json!({ "merged": true })))
}

/// Why a merge was wrong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    reason: String,
}

/// `POST /api/merges/{id}/undo`: parts them again.
pub(crate) async fn undo(
    State(state): State<AppState>,
    _: Admin,
    id: Result<Path<i64>, PathRejection>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<Value>, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::bad_request("invalid_id", "a merge is named by its number"))?;
    state.store.undo_merge(id, &reason, clock::now()).await?;
    Ok(Json(json!({ "undone": true })))
}
