//! Whether a store is there, found out without making or changing it.

use std::path::Path;

use sea_orm::ConnectionTrait;

use crate::connection::{postgres, sqlite, sqlite_readers};
use crate::url::Target;
use crate::{Error, Store, StoreUrl, migrations, sql};

impl Store {
    /// Whether there is a store that this version can open; false where opening would make one.
    ///
    /// # Errors
    /// [`Error::Lost`] when the database cannot be reached, [`Error::Unwritable`] when the folder of the file is not there;
    /// [`Error::NewerSchema`] when a newer version of Perennial has written it.
    pub async fn probe(url: &StoreUrl) -> Result<bool, Error> {
        let (connection, has_schema) = match &url.0 {
            Target::Sqlite(path) if !path.exists() => return in_folder(path).map(|()| false),
            Target::Sqlite(path) => {
                let query = "SELECT name FROM sqlite_master WHERE name = 'seaql_migrations'";
                (sqlite_readers(sqlite(path)).await?, query)
            }
            Target::Postgres(options) => {
                let query = "SELECT 'there' AS name WHERE to_regclass('seaql_migrations') IS NOT NULL";
                (postgres(options).await?, query)
            }
        };
        let there = sql::row(&connection, has_schema, Vec::new()).await?.is_some();
        let known = if there { known_schema(&connection).await } else { Ok(()) };
        connection.close().await?;
        known.map(|()| there)
    }
}

async fn known_schema<C: ConnectionTrait>(connection: &C) -> Result<(), Error> {
    migrations::refuse_unknown(&migrations::applied(connection).await?)
}

fn in_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    Err(Error::Unwritable(format!(
        "{}: there is no folder {}; make it first",
        path.display(),
        folder.display()
    )))
}
