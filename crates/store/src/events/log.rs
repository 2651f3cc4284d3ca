//! Reading the log in order.

use sea_orm::{ConnectionTrait, QueryResult};

use super::{NewEvent, StoredEvent};
use crate::{Error, Store, page, sql};

/// The most events that one call reads.
const READ_LIMIT: u64 = 10_000;

impl Store {
    /// The events after number `seq` (0 for the first), in order, at most `limit` and never more than 10,000.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events_after(&self, seq: i64, limit: u64) -> Result<Vec<StoredEvent>, Error> {
        events_after(self.reader(), seq, limit).await
    }

    /// The number of the newest event, 0 when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_event(&self) -> Result<i64, Error> {
        last_event(self.reader()).await
    }
}

/// See [`Store::events_after`]; also within a transaction.
pub(crate) async fn events_after<C: ConnectionTrait>(
    connection: &C,
    seq: i64,
    limit: u64,
) -> Result<Vec<StoredEvent>, Error> {
    let query = "SELECT seq, source, message_id, kind, event, user_id, anonymous_id, at, received_at, payload \
                 FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
    let values = vec![seq.into(), page::bounded(limit, READ_LIMIT).into()];
    sql::rows(connection, query, values).await?.iter().map(stored).collect()
}

/// See [`Store::last_event`]; also within a transaction.
pub(crate) async fn last_event<C: ConnectionTrait>(connection: &C) -> Result<i64, Error> {
    let query = "SELECT COALESCE(MAX(seq), 0) AS seq FROM events";
    sql::row(connection, query, Vec::new()).await?.map_or(Ok(0), |row| sql::get(&row, "seq"))
}

fn stored(row: &QueryResult) -> Result<StoredEvent, Error> {
    let seq = sql::get(row, "seq")?;
    let kind: String = sql::get(row, "kind")?;
    Ok(StoredEvent {
        seq,
        source: sql::get(row, "source")?,
        received_at: sql::get_time(row, "received_at")?,
        event: NewEvent {
            message_id: sql::get(row, "message_id")?,
            kind: kind.parse().map_err(|error| Error::corrupt(format!("event {seq}"), error))?,
            event: sql::get(row, "event")?,
            user_id: sql::get(row, "user_id")?,
            anonymous_id: sql::get(row, "anonymous_id")?,
            at: sql::get_time(row, "at")?,
            payload: sql::get(row, "payload")?,
        },
    })
}
