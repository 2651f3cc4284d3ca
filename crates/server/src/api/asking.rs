//! What handlers ask of a request: a key with a scope, a page of a list, a body that is JSON.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use perennial_store::{Page, Scope};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::auth;
use crate::error::ApiError;
use crate::state::AppState;

/// The most bytes of a body under `/api`.
const BODY_LIMIT: usize = 64 * 1024;

/// The request carries a key that may read.
#[derive(Debug)]
pub(crate) struct Reader;

/// The request carries a key that may change and erase.
#[derive(Debug)]
pub(crate) struct Admin;

impl FromRequestParts<AppState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        auth::require(&state.store, auth::bearer(&parts.headers).as_deref(), Scope::Read).await?;
        Ok(Self)
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        auth::require(&state.store, auth::bearer(&parts.headers).as_deref(), Scope::Admin).await?;
        Ok(Self)
    }
}

/// `?limit=100&before=1234`: a page of a list that begins with the newest.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    limit: Option<u64>,
    before: Option<i64>,
}

/// The page that a request asks for.
#[derive(Debug)]
pub(crate) struct Asked(pub(crate) Page);

impl Asked {
    /// Where the next page begins, when this one is full.
    pub(crate) fn next<T>(&self, entries: &[T], number: impl Fn(&T) -> i64) -> Option<i64> {
        let full = entries.len() as u64 >= self.0.limit.min(Page::LIMIT);
        entries.last().filter(|_| full).map(number)
    }
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let query = Query::<PageQuery>::try_from_uri(&parts.uri)
            .map_err(|error| ApiError::bad_request("invalid_query", error.body_text()))?;
        let Query(PageQuery { limit, before }) = query;
        let limit = limit.unwrap_or(Page::default().limit);
        if !(1..=Page::LIMIT).contains(&limit) {
            let message = format!("limit is {limit}; a page has 1 to {} entries", Page::LIMIT);
            return Err(ApiError::bad_request("invalid_query", message));
        }
        Ok(Self(Page { before, limit }))
    }
}

/// A body that is JSON of a known shape, whatever its `Content-Type` says.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, ApiError> {
        let invalid = |message: String| ApiError::bad_request("invalid_body", message);
        let bytes = to_bytes(request.into_body(), BODY_LIMIT)
            .await
            .map_err(|_| invalid(format!("the body broke off or is larger than {BODY_LIMIT} bytes")))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| invalid(format!("the body cannot be read: {error}")))
    }
}
