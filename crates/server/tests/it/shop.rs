//! A running server on a database of its own, as tests need it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use perennial_server::{ServerOptions, listen, serve};
use perennial_store::{Scope, Store, StoreUrl, StoredEvent};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) client: Client,
    /// `http://127.0.0.1:PORT`.
    pub(crate) host: String,
    pub(crate) write_key: String,
    pub(crate) read_key: String,
    pub(crate) admin_key: String,
    /// Removed when the shop is closed.
    _folder: TempDir,
    end: oneshot::Sender<()>,
    task: JoinHandle<Result<(), perennial_server::Error>>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(ServerOptions::default()).await
    }

    pub(crate) async fn with(options: ServerOptions) -> Self {
        let folder = TempDir::new().unwrap();
        let store = open_store(&sqlite(folder.path())).await;
        Self::on(store, folder, options).await
    }

    pub(crate) async fn on(store: Store, folder: TempDir, options: ServerOptions) -> Self {
        let key = async |name, scope| store.create_key(name, scope).await.unwrap().secret;
        let write_key = key("web", Scope::Write).await;
        let read_key = key("dashboard", Scope::Read).await;
        let admin_key = key("office", Scope::Admin).await;
        let listener = listen("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let (end, ended) = oneshot::channel();
        let shutdown = async {
            let _ = ended.await;
        };
        let task = tokio::spawn(serve(listener, store.clone(), options, shutdown));
        Self {
            store,
            client: Client::new(),
            host,
            write_key,
            read_key,
            admin_key,
            _folder: folder,
            end,
            task,
        }
    }

    /// Tells the server to end and waits until it has.
    pub(crate) async fn close(self) {
        self.end.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// A request that carries the write key as SDKs do.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.host)).basic_auth(&self.write_key, Some(""))
    }

    /// Sends a body to a path; the answer's status and JSON.
    pub(crate) async fn send(&self, path: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        answer(self.post(path).body(body)).await
    }

    /// Reads with the read key.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.client.get(format!("{}{path}", self.host)).bearer_auth(&self.read_key)).await
    }

    pub(crate) async fn events(&self) -> Vec<StoredEvent> {
        self.store.events_after(0, 10_000).await.unwrap()
    }
}

/// The address of a database in a folder.
pub(crate) fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("shop.db").display())
}

/// The address of a new database on the PostgreSQL server for tests; `None` when PostgreSQL is to be left out.
pub(crate) fn postgres() -> Option<String> {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = env::var("PERENNIAL_TEST_POSTGRES") else {
        panic!(
            "this test needs PostgreSQL: run `cargo xtask test`, or set PERENNIAL_TEST_POSTGRES to none to leave it out"
        );
    };
    if server == "none" {
        eprintln!("PostgreSQL is left out: PERENNIAL_TEST_POSTGRES=none");
        return None;
    }
    let name = format!("server_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    psql(&server, &format!("CREATE DATABASE {name}"));
    Some(format!("{}/{name}", server.rsplit_once('/').unwrap().0))
}

/// Runs a statement beside the store.
pub(crate) fn psql(database: &str, statement: &str) {
    let programs = env::var_os("PERENNIAL_TEST_POSTGRES_PROGRAMS").map(PathBuf::from).unwrap_or_default();
    let mut psql = Command::new(programs.join("psql"));
    let status = psql.args(["--quiet", "--command", statement, database]).status();
    assert!(status.unwrap().success(), "{statement}");
}

pub(crate) async fn open_store(url: &str) -> Store {
    Store::open(&StoreUrl::parse(url).unwrap()).await.unwrap()
}

pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}
