//! Endpoints that said that they are gone: nothing is sent to them.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::page::bounded;
use crate::writer::Lock;
use crate::{Error, Page, Store, sql};

/// An endpoint that said that it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledEndpoint {
    /// Its name in the settings.
    pub endpoint: String,
    /// Since when nothing is sent to it.
    pub at: Timestamp,
    /// What it said.
    pub problem: String,
}

impl Store {
    /// Endpoints that said that they are gone, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn disabled_endpoints(&self) -> Result<Vec<DisabledEndpoint>, Error> {
        let query = "SELECT endpoint, at, problem FROM disabled_endpoints ORDER BY endpoint LIMIT $1";
        let rows = sql::rows(self.reader(), query, vec![bounded(u64::MAX, Page::LIMIT).into()]).await?;
        rows.iter().map(disabled_endpoint).collect()
    }

    /// Lets deliveries go to an endpoint again. Those that died meanwhile stay dead until they are replayed.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the endpoint is not disabled; when the database cannot be written.
    pub async fn enable_endpoint(&self, endpoint: &str) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let statement = "DELETE FROM disabled_endpoints WHERE endpoint = $1";
        if sql::execute(&transaction, statement, vec![endpoint.into()]).await? == 0 {
            return Err(Error::NotFound(format!("disabled endpoint {endpoint:?}")));
        }
        Ok(transaction.commit().await?)
    }
}

/// Remembers that an endpoint is gone.
pub(super) async fn disable<C: ConnectionTrait>(
    transaction: &C,
    endpoint: &str,
    at: Timestamp,
    problem: &str,
) -> Result<(), Error> {
    let insert = "INSERT INTO disabled_endpoints (endpoint, at, problem) VALUES ($1, $2, $3) \
                  ON CONFLICT (endpoint) DO NOTHING";
    sql::execute(transaction, insert, vec![endpoint.into(), sql::micros(at).into(), problem.into()]).await?;
    Ok(())
}

/// The endpoint, if it is gone.
pub(super) async fn disabled<C: ConnectionTrait>(
    connection: &C,
    endpoint: &str,
) -> Result<Option<DisabledEndpoint>, Error> {
    let query = "SELECT endpoint, at, problem FROM disabled_endpoints WHERE endpoint = $1";
    sql::row(connection, query, vec![endpoint.into()]).await?.as_ref().map(disabled_endpoint).transpose()
}

fn disabled_endpoint(row: &QueryResult) -> Result<DisabledEndpoint, Error> {
    Ok(DisabledEndpoint {
        endpoint: sql::get(row, "endpoint")?,
        at: sql::get_time(row, "at")?,
        problem: sql::get(row, "problem")?,
    })
}
