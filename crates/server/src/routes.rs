//! All paths, and what surrounds every request.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::trace::TraceLayer;

use crate::error::ApiError;
use crate::options::ServerOptions;
use crate::request_id::{RequestId, name_request};
use crate::segment::cors;
use crate::state::AppState;
use crate::{api, health, segment};

/// The whole server. Layers that come later surround those before them.
pub(crate) fn router(state: AppState, options: &ServerOptions) -> Router {
    let events = segment::routes()
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(from_fn(cors::allow_any_origin));
    Router::new()
        .merge(events)
        .merge(api::routes())
        .route("/healthz", get(health::alive()))
        .route("/readyz", get(health::ready))
        .fallback(async || ApiError::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || ApiError::wrong_method())
        .layer(from_fn_with_state(options.request_timeout, in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(from_fn(name_request))
        .with_state(state)
}

/// Answers 503 when a request takes too long, be it that its body does not come. Only what searches the whole log of events
/// for a person takes the time that it takes.
async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    if api::searches_the_log(&request) {
        return next.run(request).await;
    }
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::unavailable("this took too long; try again").into_response(),
    }
}

/// The path alone: a query or a header may hold a key. The path of a profile names a person, so it is cut.
fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().map_or("", |id| &id.0);
    let path = request.uri().path();
    let path = if path.starts_with("/api/profiles/") { "/api/profiles/..." } else { path };
    tracing::info_span!("request", %id, method = %request.method(), path)
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request panicked; this is a bug in Perennial");
    let message = "the server failed on this request; its log tells more";
    ApiError::internal(message).into_response()
}
