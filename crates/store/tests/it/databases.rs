//! A fresh database for each test, on each kind of database.
//!
//! PostgreSQL is the server that `PERENNIAL_TEST_POSTGRES` names, as `postgres://user@host:port/database`, whose user may
//! create databases. `cargo xtask test` starts one. `PERENNIAL_TEST_POSTGRES=none` leaves PostgreSQL out and says so.

use std::env;

use perennial_store::{Store, StoreUrl};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

/// A database that nobody else uses; gone when it is dropped or [`Fresh::remove`]d.
pub(crate) enum Fresh {
    /// A file in a folder of its own.
    Sqlite(TempDir),
    /// A database of the test server.
    Postgres { server: String, name: String },
}

impl Fresh {
    /// A SQLite file that is not there yet.
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// An empty database on the test server; `None` when PostgreSQL is left out.
    pub(crate) async fn postgres() -> Option<Self> {
        let server = test_server()?;
        let name = format!("test_{:016x}", rand::random::<u64>());
        let connection = connect(&server).await;
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Some(Self::Postgres { server, name })
    }

    /// One of each kind.
    pub(crate) async fn all() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        all.extend(Self::postgres().await);
        all
    }

    /// Its address as text, as a user writes it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("perennial.db").display()),
            Self::Postgres { server, name } => {
                let (server, _) = server.rsplit_once('/').unwrap();
                format!("{server}/{name}")
            }
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> StoreUrl {
        StoreUrl::parse(&self.address()).unwrap()
    }

    /// A connection beside the store's, to look and to meddle.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        connect(&self.address()).await
    }

    /// Removes it. A database of a test that failed stays until the server is stopped.
    pub(crate) async fn remove(self) {
        if let Self::Postgres { server, name } = self {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            connect(&server).await.execute_unprepared(&drop).await.unwrap();
        }
    }
}

async fn connect(address: &str) -> DatabaseConnection {
    Box::pin(Database::connect(address)).await.unwrap()
}

/// The address of the test server; `None` when PostgreSQL is left out.
pub(crate) fn test_server() -> Option<String> {
    let server = variable("PERENNIAL_TEST_POSTGRES");
    if server == "none" {
        eprintln!("skipped on PostgreSQL: PERENNIAL_TEST_POSTGRES is none");
        return None;
    }
    Some(server)
}

/// The address of a server that lets in only who encrypts, and the file with its certificate; `None` when PostgreSQL is left out.
pub(crate) fn encrypted_server() -> Option<(String, String)> {
    test_server()?;
    Some((variable("PERENNIAL_TEST_POSTGRES_TLS"), variable("PERENNIAL_TEST_POSTGRES_CERTIFICATE")))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!(
            "this test needs PostgreSQL: run `cargo xtask test`, which sets {name}, or set PERENNIAL_TEST_POSTGRES to none to \
             leave PostgreSQL out"
        )
    })
}

/// Runs a test on an empty database of each kind.
pub(crate) async fn for_each_empty(test: impl AsyncFn(&Fresh)) {
    for fresh in Fresh::all().await {
        Box::pin(test(&fresh)).await;
        fresh.remove().await;
    }
}

/// Runs a test on a fresh store on each kind of database.
pub(crate) async fn for_each_database(test: impl AsyncFn(Store)) {
    for_each_empty(async |fresh| {
        println!("on {}", fresh.url());
        let store = Store::open(&fresh.url()).await.unwrap();
        Box::pin(test(store.clone())).await;
        store.close().await.unwrap();
    })
    .await;
}
