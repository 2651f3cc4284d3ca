//! Backup and restore of a SQLite store. PostgreSQL has `pg_dump` and `pg_restore`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::SqlxSqliteConnector;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::sqlx::{ConnectOptions as _, Row as _, SqlitePool};

use crate::connection::make_private;
use crate::url::Target;
use crate::{Error, Store, StoreUrl, migrations};

impl Store {
    /// Writes a backup of a SQLite store to a new file, while others go on reading and writing: the state at one moment.
    ///
    /// The file is whole or not there: it is written beside its place, synced, and moved.
    ///
    /// # Errors
    /// [`Error::Exists`] when the file is there already; [`Error::Invalid`] for a store in PostgreSQL, whose tool is
    /// `pg_dump`; when the file cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), Error> {
        let Target::Sqlite(path) = &self.url().0 else {
            return Err(Error::invalid("a backup of a PostgreSQL store", "use pg_dump --format=custom"));
        };
        copy(path, to).await
    }

    /// Restores a backup to a SQLite store that is not there yet, after checking that the backup is whole and that this
    /// version can read it.
    ///
    /// # Errors
    /// [`Error::Exists`] when the store is there: move it away first; [`Error::Corrupt`] when the backup is damaged or
    /// is no store; [`Error::NewerSchema`]; when a file cannot be read or written.
    pub async fn restore(backup: &Path, to: &StoreUrl) -> Result<(), Error> {
        let Target::Sqlite(path) = &to.0 else {
            return Err(Error::invalid("a restored PostgreSQL store", "use pg_restore"));
        };
        check(backup).await?;
        // A log that another file has left would be applied to the restored one.
        if let Some(there) =
            ["", "-wal", "-shm"].map(|suffix| beside(path, suffix)).iter().find(|path| path.exists())
        {
            return Err(Error::Exists(format!(
                "a file {}; end `perennial serve`, then move {} away together with its -wal and -shm files, where its last \
                 changes may be",
                there.display(),
                path.display()
            )));
        }
        copy(backup, path).await
    }
}

/// Copies a SQLite database as it is at one moment to a file that is not there.
async fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    refuse_existing(to)?;
    let unfinished = beside(to, ".unfinished");
    let failed = |error: std::io::Error| Error::File {
        what: format!("cannot write {}", to.display()),
        reason: error.to_string(),
    };
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(failed)?;
    }
    make_private(&unfinished).map_err(failed)?;
    let database = open(from).await?;
    let target = unfinished.to_string_lossy().into_owned();
    let copied = sea_orm::sqlx::query("VACUUM INTO ?").bind(target).execute(&database).await;
    database.close().await;
    if let Err(error) = copied {
        let _ = fs::remove_file(&unfinished);
        return Err(error.into());
    }
    // SQLite does not sync what VACUUM INTO writes.
    let moved = fs::File::open(&unfinished).and_then(|file| file.sync_all()).and_then(|()| {
        // Unlike a rename, a link never replaces a file that was made meanwhile.
        fs::hard_link(&unfinished, to)?;
        fs::remove_file(&unfinished)?;
        sync_folder(to)
    });
    moved.map_err(failed)
}

/// Checks that a file is a whole store of a version that we know.
async fn check(backup: &Path) -> Result<(), Error> {
    let damaged = |reason: String| Error::corrupt(format!("the backup {}", backup.display()), reason);
    let database = open(backup).await?;
    let result = sea_orm::sqlx::query("PRAGMA integrity_check(1)").fetch_one(&database).await;
    let verdict = result.and_then(|row| row.try_get::<String, _>(0));
    match verdict {
        Ok(verdict) if verdict == "ok" => {}
        Ok(verdict) => return Err(damaged(verdict)),
        Err(error) => return Err(damaged(error.to_string())),
    }
    let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(database);
    let applied = migrations::applied(&connection).await;
    connection.close_by_ref().await?;
    migrations::refuse_unknown(&applied.map_err(|error| damaged(format!("it is no store: {error}")))?)
}

async fn open(path: &Path) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    Ok(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?)
}

fn refuse_existing(path: &Path) -> Result<(), Error> {
    if path.exists() {
        return Err(Error::Exists(format!("a file {}; move it away or choose another name", path.display())));
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
