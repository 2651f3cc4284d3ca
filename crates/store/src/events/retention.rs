//! Payloads are personal data and are kept only as long as the shop says.

use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::log;
use crate::connection::Lock;
use crate::{Error, Store, sql};

/// Events whose payloads are removed in one transaction.
const EVENTS_PER_TRANSACTION: i64 = 2_000;

impl Store {
    /// Removes the payloads of events received before a time; gives the number of payloads removed.
    ///
    /// The events stay, with their message ids, so a duplicate is recognised for ever. Events that a reader with a cursor
    /// has not read yet keep their payload.
    ///
    /// # Errors
    /// When the database cannot be written. What was removed until then stays removed; call again for the rest.
    pub async fn forget_payloads(&self, received_before: Timestamp) -> Result<u64, Error> {
        let end = self.last_to_forget(received_before).await?;
        let mut forgotten = 0;
        let mut start = 0;
        while start < end {
            let stop = end.min(start + EVENTS_PER_TRANSACTION);
            let transaction = self.begin(Lock::State).await?;
            let forget = "UPDATE events SET payload = '{}' WHERE seq > $1 AND seq <= $2 AND payload <> '{}'";
            forgotten += sql::execute(&transaction, forget, vec![start.into(), stop.into()]).await?;
            transaction.commit().await?;
            start = stop;
        }
        Ok(forgotten)
    }

    /// The last event whose payload may go.
    async fn last_to_forget(&self, received_before: Timestamp) -> Result<i64, Error> {
        let reader = self.reader();
        let read = "SELECT MIN(seq) AS seq FROM cursors";
        let read_by_all: Option<i64> = match sql::row(reader, read, Vec::new()).await? {
            Some(row) => sql::get(&row, "seq")?,
            None => None,
        };
        let last = log::last_event(reader).await?;
        last_before(reader, sql::micros(received_before), read_by_all.unwrap_or(0).min(last)).await
    }
}

/// The last event up to `last` that was received before a time. Times of receipt never decrease, so halving finds it.
async fn last_before<C: ConnectionTrait>(reader: &C, time: i64, last: i64) -> Result<i64, Error> {
    let query = "SELECT received_at FROM events WHERE seq >= $1 ORDER BY seq LIMIT 1";
    let (mut before, mut after) = (0, last + 1);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        match sql::row(reader, query, vec![middle.into()]).await? {
            Some(row) if sql::get::<i64>(&row, "received_at")? < time => before = middle,
            _ => after = middle,
        }
    }
    Ok(before)
}
