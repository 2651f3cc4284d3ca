//! `/api/profiles/{kind}/{value}`: what is known of a customer, by any of its identifiers.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use perennial_store::{Celebration, Erased, Identifier, IdentifierKind, NewConsent, Profile};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asking::{Admin, Body, Reader};
use crate::clock;
use crate::error::ApiError;
use crate::state::AppState;

/// A profile, and what the newest published snapshot says of its customer.
#[derive(Debug, Serialize)]
pub(crate) struct Known {
    profile: Profile,
    /// When each date of life comes round next.
    celebrations: BTreeMap<String, Celebration>,
    values: Option<Values>,
}

#[derive(Debug, Serialize)]
struct Values {
    /// The snapshot that the figures are from.
    snapshot: String,
    /// The identifier's value under which the snapshot knows the customer.
    customer: String,
    figures: Box<RawValue>,
}

/// `GET`: the profile and the latest values.
pub(crate) async fn show(
    State(state): State<AppState>,
    _: Reader,
    path: Who,
) -> Result<Json<Known>, ApiError> {
    let profile = state.store.profile(&identifier(path)?).await?.ok_or_else(nobody)?;
    let values = values(&state, &profile).await?;
    let today = clock::now().to_zoned(state.time_zone.clone()).date();
    let next = profile.celebrations(today, state.leap_day).into_iter();
    let celebrations = next.map(|(name, next)| (name.to_owned(), next)).collect();
    Ok(Json(Known { profile, celebrations, values }))
}

/// `GET .../export`: everything, for a request for access.
pub(crate) async fn export(
    State(state): State<AppState>,
    _: Admin,
    path: Who,
) -> Result<Json<Value>, ApiError> {
    let everything = state.store.export_person(&identifier(path)?).await?.ok_or_else(nobody)?;
    Ok(Json(everything))
}

/// `DELETE`: erases the person.
pub(crate) async fn erase(
    State(state): State<AppState>,
    _: Admin,
    path: Who,
) -> Result<Json<Erased>, ApiError> {
    let identifier = identifier(path)?;
    // It goes on when nobody waits for its answer any more: half an erasure helps nobody.
    let erasure = tokio::spawn(async move { state.store.erase(&identifier, clock::now()).await });
    let erased = erasure.await.map_err(|error| {
        tracing::error!(%error, "an erasure broke off; this is a bug in Perennial");
        ApiError::internal("the erasure broke off; the server's log tells more; try again")
    })?;
    Ok(Json(erased?))
}

/// A decision about being written to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    channel: String,
    topic: String,
    purpose: String,
    granted: bool,
    /// When it was made; now when it is left out.
    at: Option<Timestamp>,
    /// Who tells it, such as a form's name.
    source: Option<String>,
}

/// `POST .../consents`: records a consent that was granted or taken back.
pub(crate) async fn consent(
    State(state): State<AppState>,
    _: Admin,
    path: Who,
    Body(decision): Body<Decision>,
) -> Result<Json<Value>, ApiError> {
    let Decision { channel, topic, purpose, granted, at, source } = decision;
    let at = at.unwrap_or_else(clock::now);
    let source = source.unwrap_or_else(|| "api".to_owned());
    let consent = NewConsent { channel, topic, purpose, granted, at, source };
    state.store.record_consent(&identifier(path)?, consent).await?;
    Ok(Json(json!({ "recorded": true })))
}

/// The two parts of the path that name a customer, or why they cannot be read.
type Who = Result<Path<(String, String)>, PathRejection>;

fn identifier(path: Who) -> Result<Identifier, ApiError> {
    let Path((kind, value)) =
        path.map_err(|error| ApiError::bad_request("invalid_identifier", error.body_text()))?;
    let invalid = |error: perennial_store::NotAnIdentifier| {
        ApiError::bad_request("invalid_identifier", error.to_string())
    };
    let kind: IdentifierKind = kind.parse().map_err(invalid)?;
    Identifier::new(kind, &value).map_err(invalid)
}

fn nobody() -> ApiError {
    ApiError::not_found("nobody is known by this identifier")
}

/// The published values of the customer.
async fn values(state: &AppState, profile: &Profile) -> Result<Option<Values>, ApiError> {
    let Some((customer, found)) = state.store.values_of(profile).await? else { return Ok(None) };
    let figures = RawValue::from_string(found.figures).map_err(|error| {
        tracing::error!(%error, snapshot = found.snapshot, "published figures are no JSON");
        ApiError::internal(
            "the published figures of this customer cannot be read; publish them again by a run",
        )
    })?;
    Ok(Some(Values { snapshot: found.snapshot, customer, figures }))
}
