//! What can go wrong, and whether trying again can help.

use std::path::Path;

use jiff::Timestamp;
use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr};

/// An error of the store.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the store cannot be used. The address itself is not repeated: it may hold a password.
    #[error("the store's address cannot be used: {reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The database was written by a newer version of Perennial.
    #[error(
        "the store has the schema {found:?}, which this version of Perennial does not know: it was written by a newer version; use that version or a backup"
    )]
    NewerSchema {
        /// The first migration that this version does not know.
        found: String,
    },
    /// Somebody else holds a lock for longer than we wait.
    #[error("the store is locked by another process or busy ({0}); try again")]
    Busy(String),
    /// The database cannot be reached, or the connection was lost.
    #[error(
        "the store's database cannot be reached ({0}); check that it runs and is reachable, then try again"
    )]
    Lost(String),
    /// The file of a SQLite store cannot be read or written.
    #[error(
        "the store's file cannot be read or written ({0}); check that the file and its folder may be written and that the disk works, then try again"
    )]
    Unwritable(String),
    /// There is no room for what is written.
    #[error("the disk of the store's database is full ({0}); nothing was written; make room, then try again")]
    Full(String),
    /// More is waiting to be written than may wait.
    #[error("more events wait to be written than the store takes at once; try again in a moment")]
    Overloaded,
    /// Something that was given or asked for is not possible.
    #[error("{what}: {reason}")]
    Invalid {
        /// What it is.
        what: String,
        /// Why it is not possible.
        reason: String,
    },
    /// There is none of that name or number.
    #[error("there is no {0}")]
    NotFound(String),
    /// There is one already.
    #[error("there is already {0}")]
    Exists(String),
    /// The lease is with somebody else.
    #[error("{name} is under way: {holder}, since {since}; wait until that ends, at the latest at {until}")]
    Held {
        /// What is held.
        name: String,
        /// Who holds it.
        holder: String,
        /// Since when.
        since: Timestamp,
        /// When it expires unless the holder renews it.
        until: Timestamp,
    },
    /// A lease expired, because its holder did not renew it in time.
    #[error("{0} has lost its lease: it was silent for more than {minutes} minutes", minutes = crate::Lease::LENGTH.as_mins())]
    LeaseLost(String),
    /// Somebody was erased while values were being published, which may name the person.
    #[error("somebody was erased since these values were put together; put them together again")]
    ErasedMeanwhile,
    /// What is read back is not what this version writes.
    #[error("the store holds {what} that cannot be read: {reason}; restore a backup")]
    Corrupt {
        /// What it is and where it is.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A backup or restore could not read or write a file.
    #[error("{what}: {reason}")]
    File {
        /// What was tried with which file.
        what: String,
        /// Why it failed.
        reason: String,
    },
    /// Another error of the database.
    #[error("the store's database refused: {0}")]
    Database(String),
}

/// A pool that waits in vain does not tell whether for others or for the database.
const NO_CONNECTION: &str = "no connection became free or could be made in time: too many calls wait, or the database does \
                             not answer; PostgreSQL has to run, a SQLite file and its folder have to be writable";

impl Error {
    /// True when nothing is wrong with what was given, and the same call may succeed later.
    ///
    /// Nothing was written then, with one exception: when the connection is lost during a commit nobody can say whether it
    /// took place. A call that is repeated has to bear that, as that of an event with its message id does.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Lost(_) | Self::Unwritable(_) | Self::Full(_) | Self::Overloaded)
    }

    #[allow(clippy::needless_pass_by_value, reason = "callers hand over the error that they have")]
    pub(crate) fn corrupt(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Corrupt { what: what.into(), reason: reason.to_string() }
    }

    /// A row that was just inserted, and that the database should have given back.
    pub(crate) fn not_returned(what: &str) -> Self {
        Self::Database(format!("the new {what} was not given back"))
    }

    /// The error with the name of the file that it is about.
    pub(crate) fn of_file(self, file: &Path) -> Self {
        match self {
            Self::Unwritable(reason) => Self::Unwritable(format!("{}: {reason}", file.display())),
            other => other,
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), reason: reason.into() }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::ConnectionAcquire(_) => Self::Busy(NO_CONNECTION.to_owned()),
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => of_driver(cause),
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        of_driver(&error)
    }
}

fn of_driver(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(refusal) => {
            let message = refusal.message().to_owned();
            let code = refusal.code().unwrap_or_default();
            if refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                of_sqlite(&code, message)
            } else {
                of_postgres(&code, message)
            }
        }
        sqlx::Error::PoolTimedOut => Error::Busy(NO_CONNECTION.to_owned()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Lost(error.to_string()),
        _ => Error::Database(error.to_string()),
    }
}

/// By SQLite's primary result code, the lower byte of the extended one (<https://www.sqlite.org/rescode.html>).
fn of_sqlite(code: &str, message: String) -> Error {
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Error::Busy(message),             // BUSY, LOCKED
        Ok(13) => Error::Full(message),                // FULL
        Ok(8 | 10 | 14) => Error::Unwritable(message), // READONLY, IOERR, CANTOPEN
        _ => Error::Database(message),
    }
}

/// By PostgreSQL's SQLSTATE (appendix A of its manual).
fn of_postgres(code: &str, message: String) -> Error {
    match code {
        "53100" => Error::Full(message), // disk_full
        // serialization_failure, deadlock_detected, lock_not_available, too_many_connections, query_canceled
        "40001" | "40P01" | "55P03" | "53300" | "57014" => Error::Busy(message),
        // admin_shutdown, crash_shutdown, cannot_connect_now, read_only_sql_transaction (after a fail-over)
        "57P01" | "57P02" | "57P03" | "25006" => Error::Lost(message),
        _ if code.starts_with("08") => Error::Lost(message), // connection exceptions
        _ if code.starts_with("53") => Error::Busy(message), // insufficient resources
        _ => Error::Database(message),
    }
}
