//! Each customer's values from the newest snapshot, for profiles.
//!
//! A publication writes beside the one before, in short transactions, and takes its place in one step when it is whole.
//! A publication that is never finished is never read, and removed by the next.

use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use crate::profiles::{Erasures, mark_of_erasures};
use crate::writer::Lock;
use crate::{Error, Store, page, sql};

const ROWS_PER_INSERT: usize = 256;

/// Rows that are written or removed in one transaction.
const ROWS_PER_TRANSACTION: usize = 8192;

/// A customer's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerValues {
    /// The snapshot that they are from.
    pub snapshot: String,
    /// The figures, as JSON.
    pub figures: String,
}

/// The values of a snapshot while they are being written. Nobody sees them before [`Publication::finish`].
#[derive(Debug)]
pub struct Publication {
    store: Store,
    id: i64,
    waiting: Vec<(String, String)>,
    written: u64,
    /// Who had been erased when the values were put together, where that has to be so still.
    erasures: Option<String>,
}

impl Store {
    /// Begins to publish the values of a snapshot, in place of those before.
    ///
    /// One at a time: whoever publishes holds a run ([`Store::start_run`]). A publication that was begun before and is
    /// not finished is given up.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_publication(&self, snapshot: &str, now: Timestamp) -> Result<Publication, Error> {
        self.remove_old_values().await?;
        let transaction = self.begin(Lock::State).await?;
        let insert =
            "INSERT INTO publications (snapshot, started_at, whole) VALUES ($1, $2, $3) RETURNING id";
        let values = vec![snapshot.into(), sql::micros(now).into(), false.into()];
        let id = match sql::row(&transaction, insert, values).await? {
            Some(row) => sql::get(&row, "id")?,
            None => return Err(Error::not_returned("publication")),
        };
        transaction.commit().await?;
        Ok(Publication { store: self.clone(), id, waiting: Vec::new(), written: 0, erasures: None })
    }

    /// Publishes the values of a snapshot: customers with their figures as JSON. Gives the number of customers.
    ///
    /// # Errors
    /// When the database cannot be written. The values before stay then.
    pub async fn publish_values(
        &self,
        snapshot: &str,
        now: Timestamp,
        values: impl Iterator<Item = (String, String)> + Send,
    ) -> Result<u64, Error> {
        let mut publication = self.begin_publication(snapshot, now).await?;
        for (customer, figures) in values {
            publication.add(customer, figures).await?;
        }
        publication.finish().await
    }

    /// The values of a customer in the newest snapshot that was published.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn customer_values(&self, customer: &str) -> Result<Option<CustomerValues>, Error> {
        let query = "SELECT p.snapshot, v.figures FROM publications p \
                     JOIN customer_values v ON v.publication = p.id AND v.customer = $1 \
                     WHERE p.id = (SELECT MAX(id) FROM publications WHERE whole = $2)";
        let Some(row) = sql::row(self.reader(), query, vec![customer.into(), true.into()]).await? else {
            return Ok(None);
        };
        Ok(Some(CustomerValues {
            snapshot: sql::get(&row, "snapshot")?,
            figures: sql::get(&row, "figures")?,
        }))
    }

    /// The snapshot whose values are published.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn published_snapshot(&self) -> Result<Option<String>, Error> {
        let query = "SELECT snapshot FROM publications WHERE whole = $1 ORDER BY id DESC LIMIT 1";
        let row = sql::row(self.reader(), query, vec![true.into()]).await?;
        row.map(|row| sql::get(&row, "snapshot")).transpose()
    }

    /// Removes all publications but the current one, the rows a few at a time so that other writers get their turn.
    async fn remove_old_values(&self) -> Result<(), Error> {
        let old = "SELECT id FROM publications WHERE id <> \
                   COALESCE((SELECT MAX(id) FROM publications WHERE whole = $1), 0)";
        for row in sql::rows(self.reader(), old, vec![true.into()]).await? {
            let id: i64 = sql::get(&row, "id")?;
            let remove = "DELETE FROM customer_values WHERE publication = $1 AND customer IN \
                          (SELECT customer FROM customer_values WHERE publication = $1 LIMIT $2)";
            let limit = page::bounded(ROWS_PER_TRANSACTION as u64, u64::MAX);
            let mut removed = 1;
            while removed > 0 {
                let transaction = self.begin(Lock::State).await?;
                removed = sql::execute(&transaction, remove, vec![id.into(), limit.into()]).await?;
                transaction.commit().await?;
            }
            let transaction = self.begin(Lock::State).await?;
            sql::execute(&transaction, "DELETE FROM publications WHERE id = $1", vec![id.into()]).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

impl Publication {
    /// The same publication, refused at its end if anybody was erased since `erasures` were read: its values may name the
    /// person.
    #[must_use]
    pub fn knowing(self, erasures: &Erasures) -> Self {
        Self { erasures: Some(erasures.mark().to_owned()), ..self }
    }

    /// Adds a customer with its figures as JSON, each customer once.
    ///
    /// # Errors
    /// When the database cannot be written, or a customer was added before (found when its rows are written).
    pub async fn add(&mut self, customer: String, figures: String) -> Result<(), Error> {
        self.waiting.push((customer, figures));
        if self.waiting.len() >= ROWS_PER_TRANSACTION { self.write().await } else { Ok(()) }
    }

    /// Puts the publication in the place of the one before, in one step, and removes that one. Gives the number of
    /// customers.
    ///
    /// # Errors
    /// When the database cannot be written; [`Error::ErasedMeanwhile`] if it was begun with [`Publication::knowing`] less. The
    /// values before stay then.
    pub async fn finish(self) -> Result<u64, Error> {
        let transaction = self.store.begin(Lock::State).await?;
        let written = self.written + self.write_waiting(&transaction).await?;
        if let Some(known) = &self.erasures
            && *known != mark_of_erasures(&transaction).await?
        {
            return Err(Error::ErasedMeanwhile);
        }
        let publish = "UPDATE publications SET whole = $1 WHERE id = $2";
        sql::execute(&transaction, publish, vec![true.into(), self.id.into()]).await?;
        transaction.commit().await?;
        if let Err(error) = self.store.remove_old_values().await {
            tracing::warn!(%error, "values of an older snapshot were not removed; the next publication will");
        }
        Ok(written)
    }

    async fn write(&mut self) -> Result<(), Error> {
        let transaction = self.store.begin(Lock::State).await?;
        let written = self.write_waiting(&transaction).await?;
        transaction.commit().await?;
        self.waiting.clear();
        self.written += written;
        Ok(())
    }

    /// Writes what waits, unless the publication was given up; gives the number of rows.
    async fn write_waiting<C: ConnectionTrait>(&self, transaction: &C) -> Result<u64, Error> {
        let find = "SELECT id FROM publications WHERE id = $1";
        if sql::row(transaction, find, vec![self.id.into()]).await?.is_none() {
            return Err(Error::NotFound(format!("publication {} any more: another was begun", self.id)));
        }
        let mut written = 0;
        for rows in self.waiting.chunks(ROWS_PER_INSERT) {
            written += insert(transaction, self.id, rows).await?;
        }
        Ok(written)
    }
}

async fn insert<C: ConnectionTrait>(
    transaction: &C,
    publication: i64,
    rows: &[(String, String)],
) -> Result<u64, Error> {
    let statement = format!(
        "INSERT INTO customer_values (publication, customer, figures) VALUES {}",
        sql::bulk_placeholders(transaction, rows.len(), 3)
    );
    let values = rows
        .iter()
        .flat_map(|(customer, figures)| {
            [publication.into(), customer.as_str().into(), figures.as_str().into()]
        })
        .collect();
    sql::execute(transaction, &statement, values).await
}
