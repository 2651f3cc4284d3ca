//! Errors: of the server as a whole, and of one answer.

use std::io;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why the server could not start or had to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; another program may use it: give another --address")]
    Listen {
        /// The address as it was given.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The listening socket broke.
    #[error("the server had to end: {0}")]
    Serve(#[from] io::Error),
}

/// An answer that is an error: `{"error": {"code": ..., "message": ...}}` with its status.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// After how many seconds the same request may succeed.
    retry_after: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes other methods")
    }

    /// More requests at once than are taken.
    pub(crate) fn too_many_requests() -> Self {
        let message = "more requests at once than this server takes; try again in a second";
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
        }
    }

    /// Nothing is wrong with the request, and it may succeed later.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message) }
    }

    /// Something is wrong here, not with the request.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl From<perennial_store::Error> for ApiError {
    /// What the database says about itself is for the log, not for strangers.
    fn from(error: perennial_store::Error) -> Self {
        use perennial_store::Error as Store;
        match error {
            Store::NotFound(_) => Self::not_found(error.to_string()),
            Store::Invalid { .. } => Self::bad_request("invalid", error.to_string()),
            Store::Exists(_) => Self::new(StatusCode::CONFLICT, "exists", error.to_string()),
            _ if error.is_temporary() => {
                tracing::warn!(%error, "the store is unavailable for the moment");
                Self::unavailable("the store is unavailable for the moment; try again")
            }
            _ => {
                tracing::error!(%error, "the store failed");
                Self::internal("the store failed; see the server's log")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            if self.status == StatusCode::TOO_MANY_REQUESTS {
                headers.insert("x-ratelimit-reset", HeaderValue::from(seconds));
            }
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"perennial\""));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use perennial_store::Error as Store;

    use super::*;

    #[test]
    fn what_passes_is_to_be_tried_again_and_tells_strangers_nothing() {
        let secret = "connection to 10.0.0.5 refused";
        for error in [
            Store::Busy(secret.into()),
            Store::Lost(secret.into()),
            Store::Unwritable(secret.into()),
            Store::Full(secret.into()),
            Store::Overloaded,
        ] {
            let answer = ApiError::from(error);
            assert!(!answer.message.contains(secret), "{}", answer.message);
            let response = answer.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        }
    }

    #[test]
    fn what_does_not_pass_is_not_to_be_tried_again() {
        for (error, status) in [
            (Store::NotFound("merge 7".into()), StatusCode::NOT_FOUND),
            (Store::Exists("a key".into()), StatusCode::CONFLICT),
            (Store::Invalid { what: "a".into(), reason: "b".into() }, StatusCode::BAD_REQUEST),
            (Store::Database("no such table".into()), StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let response = ApiError::from(error).into_response();
            assert_eq!(response.status(), status);
            assert!(!response.headers().contains_key(header::RETRY_AFTER));
        }
    }
}
