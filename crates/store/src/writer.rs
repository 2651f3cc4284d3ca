//! Writing transactions: one of a kind at a time, and only into the file that was opened.

use std::path::{Path, PathBuf};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::{Error, sql};

/// What a writing transaction keeps others from writing meanwhile. On SQLite any lock keeps all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lock {
    /// New events.
    Events,
    /// Everything else.
    State,
}

impl Lock {
    /// The key of PostgreSQL's advisory lock: "Pere" and a number.
    const fn key(self) -> i64 {
        0x5065_7265_0000_0000
            + match self {
                Self::Events => 1,
                Self::State => 2,
            }
    }
}

/// The connection that writes.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    connection: DatabaseConnection,
    file: Option<OpenFile>,
}

impl Writer {
    /// Of a SQLite file, which the connection has opened.
    pub(crate) fn of_file(connection: DatabaseConnection, path: &Path) -> Self {
        Self { connection, file: Some(OpenFile::new(path)) }
    }

    pub(crate) const fn of_server(connection: DatabaseConnection) -> Self {
        Self { connection, file: None }
    }

    pub(crate) const fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Whether what is committed now is there when the process has ended.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when the file is no longer at its place.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.file.as_ref().map_or(Ok(()), OpenFile::check)
    }

    /// Begins a writing transaction: keep it short. It is rolled back when it is dropped without `commit()`.
    pub(crate) async fn begin(&self, lock: Lock) -> Result<DatabaseTransaction, Error> {
        self.check()?;
        let is_postgres = self.connection.get_database_backend() == DbBackend::Postgres;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            // Whoever has waited for the lock has to see what its last holder wrote, whatever the server's default is.
            isolation_level: is_postgres.then_some(IsolationLevel::ReadCommitted),
            ..TransactionOptions::default()
        };
        let transaction = self.connection.begin_with_options(options).await?;
        if is_postgres {
            sql::row(&transaction, "SELECT pg_advisory_xact_lock($1)", vec![lock.key().into()]).await?;
        }
        Ok(transaction)
    }
}

/// A file that was opened. One that is deleted or moved away can be written on and on, and all of that is lost when the process
/// ends.
#[derive(Clone, Debug)]
struct OpenFile {
    path: PathBuf,
    /// Which file it is, where the system tells.
    identity: Option<(u64, u64)>,
}

impl OpenFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path) }
    }

    /// # Errors
    /// [`Error::Unwritable`] when there is no file or another one at its place.
    fn check(&self) -> Result<(), Error> {
        if self.identity.is_none() || identity(&self.path) == self.identity {
            return Ok(());
        }
        let reason = "it was moved, deleted or replaced while it was open: put it back, or start again with what is there";
        Err(Error::Unwritable(reason.to_owned()).of_file(&self.path))
    }
}

/// The device and the number of a file.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_path: &Path) -> Option<(u64, u64)> {
    None
}
