//! An endpoint of webhooks on this machine: it answers as it is told and keeps what it got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;

/// What to answer next.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status, a header if any, and a body.
    Status(u16, Option<(&'static str, String)>, String),
    /// Nothing, for as long as the other side waits.
    Silence,
    /// 204, once this many requests have come.
    Behind(usize),
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, None, String::new())
    }
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Received {
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Endpoint {
    address: String,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Endpoint {
    /// An endpoint that gives these answers, and 204 after them.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Self {
            address: format!("http://{}/hooks/s3cret-path", listener.local_addr().unwrap()),
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            received: Arc::default(),
        };
        let router = Router::new().route("/hooks/s3cret-path", post(receive)).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        endpoint
    }

    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    endpoint.received.lock().unwrap().push(Received { headers, body });
    let answer = endpoint.answers.lock().unwrap().pop_front();
    match answer {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Answer::Silence) => std::future::pending().await,
        Some(Answer::Behind(requests)) => {
            while endpoint.received().len() < requests {
                tokio::task::yield_now().await;
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Some(Answer::Status(status, header, body)) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            if let Some((name, value)) = header {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
    }
}

/// The address of a port at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/hooks", listener.local_addr().unwrap())
}
