//! Connections and transactions: one writer of each kind at a time, readers that never wait for it.
//!
//! SQLite has one writer by nature. Within a process writers queue for the one writing connection; between processes
//! `BEGIN IMMEDIATE` waits for the lock. The log is written ahead (WAL) and synced at every commit (`synchronous=FULL`),
//! so what was committed survives a loss of power. On PostgreSQL a writing transaction takes an advisory lock until its
//! end, one for new events and one for everything else ([`Lock`]). That also keeps the numbers of events in the order of
//! their commits, so that a reader that asks for the events after a number never misses one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Executor as _};
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqlxPostgresConnector, SqlxSqliteConnector};

use crate::events::Appender;
use crate::keys::KnownKeys;
use crate::url::Target;
use crate::writer::{Lock, Writer};
use crate::{Error, StoreUrl, migrations};

/// How long a writer waits for another process to let go of a SQLite file or of PostgreSQL's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How long to wait before a file is tried again that another process is making.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// How long a call waits for a free connection of the pool, or for a new one to be made.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);

/// Connections that read a SQLite file beside the one that writes.
const SQLITE_READERS: u32 = 4;

/// The writer's cache of a SQLite file, in KiB and negative as SQLite wants it. The index of message ids is written all
/// over, so its pages should stay at hand.
const WRITER_CACHE_KIB: &str = "-65536";

/// Pages of the log (of 4 KiB) after which it is copied into the file. More than SQLite's 1000, so that a page of the index
/// is copied once for several events.
const CHECKPOINT_PAGES: &str = "4000";

/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 8;

/// The operational store. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    url: StoreUrl,
    writer: Writer,
    reader: DatabaseConnection,
    pub(crate) appender: Appender,
    pub(crate) known_keys: Arc<KnownKeys>,
    /// Held by the one erasure of this process that is under way.
    pub(crate) erasing: Arc<tokio::sync::Mutex<()>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Store {
    /// Connects and brings the schema up to date. A SQLite file that is not there is made; its folder has to be there.
    ///
    /// Has to be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Lost`] when the database cannot be reached, [`Error::Unwritable`] when the file cannot be opened or written;
    /// [`Error::NewerSchema`] when a newer version of Perennial has written it.
    pub async fn open(url: &StoreUrl) -> Result<Self, Error> {
        // The migrator's future is large, and callers carry it within theirs.
        Box::pin(Self::open_at(url, None)).await.map_err(|error| url.named_in(error))
    }

    /// Opens a store with its first migrations only, as an older version has left it.
    pub(crate) async fn open_at(url: &StoreUrl, migrations: Option<u32>) -> Result<Self, Error> {
        let writer = match &url.0 {
            Target::Sqlite(path) => {
                // Where this fails SQLite says why, too.
                let _ = make_private(path);
                Writer::of_file(patient_sqlite_writer(path).await?, path)
            }
            Target::Postgres(options) => Writer::of_server(postgres(options).await?),
        };
        let transaction = writer.begin(Lock::State).await?;
        migrations::migrate(&transaction, migrations).await?;
        transaction.commit().await?;
        let reader = match &url.0 {
            Target::Sqlite(path) => sqlite_readers(sqlite(path)).await?,
            Target::Postgres(_) => writer.connection().clone(),
        };
        let appender = Appender::start(writer.clone());
        let (known_keys, erasing) = (Arc::default(), Arc::default());
        Ok(Self { url: url.clone(), writer, reader, appender, known_keys, erasing })
    }

    /// The store's address.
    #[must_use]
    pub const fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Waits until running calls have ended and closes all connections. Later calls fail.
    ///
    /// # Errors
    /// When the database reports an error while closing.
    pub async fn close(self) -> Result<(), Error> {
        self.writer.connection().close_by_ref().await?;
        Ok(self.reader.close_by_ref().await?)
    }

    /// A connection for reading. It sees what was committed, and never waits for a writer.
    pub(crate) const fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// The connection for writing, for what cannot be part of a transaction.
    pub(crate) const fn writer(&self) -> &DatabaseConnection {
        self.writer.connection()
    }

    /// Begins a writing transaction: keep it short. It is rolled back when it is dropped without `commit()`.
    pub(crate) async fn begin(&self, lock: Lock) -> Result<DatabaseTransaction, Error> {
        self.writer.begin(lock).await.map_err(|error| self.url.named_in(error))
    }
}

pub(crate) fn sqlite(path: &std::path::Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(LOCK_WAIT)
        .foreign_keys(true)
        // What was erased must not stay behind in the free parts of the file.
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}

/// Makes an empty file, which SQLite takes for a new database, that only its owner can read. One that is there stays as
/// it is; the files that SQLite puts beside a database are as private as the database.
pub(crate) fn make_private(path: &std::path::Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Connects for writing. SQLite does not wait where two processes make one new file at once: the change to a log ahead of
/// the file is refused to the second at once, whatever the time to wait.
async fn patient_sqlite_writer(path: &std::path::Path) -> Result<DatabaseConnection, Error> {
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match sqlite_writer(sqlite(path)).await {
            Err(Error::Busy(_)) if Instant::now() < deadline => tokio::time::sleep(BUSY_PAUSE).await,
            ended => return ended,
        }
    }
}

async fn sqlite_writer(options: SqliteConnectOptions) -> Result<DatabaseConnection, Error> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .acquire_timeout(CONNECTION_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| Box::pin(ended(connection)))
        .connect_with(
            options
                .create_if_missing(true)
                .pragma("cache_size", WRITER_CACHE_KIB)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
        )
        .await?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// Whether a connection that comes back has ended its transaction; if not, it is closed and a new one takes its place.
///
/// When the disk is full SQLite may roll back by itself. The driver's own rollback fails then, it believes that the
/// transaction is still open, and every later "transaction" would be a savepoint that no commit ever writes to disk.
async fn ended(connection: &mut sqlx::SqliteConnection) -> Result<bool, sqlx::Error> {
    // A rollback that was begun when the transaction was dropped has ended when this has.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

pub(crate) async fn sqlite_readers(options: SqliteConnectOptions) -> Result<DatabaseConnection, Error> {
    let pool = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(CONNECTION_WAIT)
        .connect_with(options.pragma("query_only", "ON"))
        .await?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

pub(crate) async fn postgres(options: &PgConnectOptions) -> Result<DatabaseConnection, Error> {
    let options = options.clone().application_name("perennial").disable_statement_logging();
    // The pool would try for as long as a call may wait, and then not tell why.
    options.connect().await?.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(CONNECTION_WAIT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let wait = format!("SET lock_timeout = {}", LOCK_WAIT.as_millis());
                connection.execute(sqlx::AssertSqlSafe(wait)).await?;
                // What is acknowledged is on disk, whatever the server's default is.
                let durable = "SELECT set_config('synchronous_commit', 'on', false) \
                               WHERE current_setting('synchronous_commit') = 'off'";
                connection.execute(durable).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}
