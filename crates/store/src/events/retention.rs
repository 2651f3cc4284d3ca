//! Payloads are personal data and are kept only as long as the shop says.

use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::log;
use crate::commerce::activity::table::forget_particulars;
use crate::writer::Lock;
use crate::{Error, Store, sql};

/// Events, or refused ones, that are looked at at a time and whose payloads are removed in one transaction.
const ROWS: i64 = 2_000;

/// The setting that holds the number of the last event up to which all payloads were removed.
const FORGOTTEN: &str = "payloads_forgotten";

impl Store {
    /// Removes the payloads of events received before a time, and what was kept of refused ones; gives the number of payloads
    /// removed.
    ///
    /// The events stay, with their message ids, so a duplicate is recognised for ever. Events that a reader with a cursor
    /// has not read yet keep their payload. The particulars of activities go with the payload. Of refused events the code stays.
    ///
    /// # Errors
    /// When the database cannot be written. What was removed until then stays removed; call again for the rest.
    pub async fn forget_payloads(&self, received_before: Timestamp) -> Result<u64, Error> {
        let before = sql::micros(received_before);
        let mut begin = forgotten(self.reader()).await?;
        let end = self.last_to_forget(before, begin).await?;
        let mut removed = 0;
        let mut start = begin;
        while start < end {
            let stop = end.min(start + ROWS);
            let transaction = self.begin(Lock::State).await?;
            removed += forget(&transaction, (start, stop), before).await?;
            forget_particulars(&transaction, (start, stop)).await?;
            // Only what comes after a part of which everything is removed has to be looked at again.
            if start == begin && is_empty(&transaction, (start, stop)).await? {
                sql::put_setting(&transaction, FORGOTTEN, &stop.to_string()).await?;
                begin = stop;
            }
            transaction.commit().await?;
            start = stop;
        }
        Ok(removed + self.forget_refused(before).await?)
    }

    /// The last event after number `begin` that was received before a time.
    async fn last_to_forget(&self, before: i64, begin: i64) -> Result<i64, Error> {
        let reader = self.reader();
        let end = read_by_all(reader).await?.min(log::last_event(reader).await?);
        let query = "SELECT MIN(received_at) AS first, MAX(CASE WHEN received_at < $3 THEN seq END) AS old \
                     FROM events WHERE seq > $1 AND seq <= $2";
        let newest = newest(reader).await?;
        let (mut last, mut start) = (begin, begin);
        while start < end {
            let stop = end.min(start + ROWS);
            if let Some(row) = sql::row(reader, query, vec![start.into(), stop.into(), before.into()]).await?
            {
                match (sql::get::<Option<i64>>(&row, "old")?, sql::get::<Option<i64>>(&row, "first")?) {
                    (Some(old), _) => last = old,
                    // From here on all are newer, unless a clock was ahead here and went back later.
                    (None, Some(first)) if first <= newest => break,
                    _ => {}
                }
            }
            start = stop;
        }
        Ok(last)
    }

    /// Removes what was kept of refused events received before a time.
    async fn forget_refused(&self, before: i64) -> Result<u64, Error> {
        let which = "received_at < $1 AND (payload <> '' OR reason <> code)";
        let find = format!("SELECT MIN(id) AS first, MAX(id) AS last FROM rejected_events WHERE {which}");
        let Some(row) = sql::row(self.reader(), &find, vec![before.into()]).await? else { return Ok(0) };
        let (Some(first), Some(last)) =
            (sql::get::<Option<i64>>(&row, "first")?, sql::get::<Option<i64>>(&row, "last")?)
        else {
            return Ok(0);
        };
        let forget = format!(
            "UPDATE rejected_events SET payload = '', reason = code WHERE {which} AND id >= $2 AND id < $3"
        );
        let mut removed = 0;
        let mut start = first;
        while start <= last {
            let stop = start + ROWS;
            let transaction = self.begin(Lock::State).await?;
            removed +=
                sql::execute(&transaction, &forget, vec![before.into(), start.into(), stop.into()]).await?;
            transaction.commit().await?;
            start = stop;
        }
        Ok(removed)
    }
}

/// Removes the payloads of events of a range that were received before a time. A time of receipt in the future is that of a
/// clock that was ahead: of such events the caller knows that a later one was received before the time.
async fn forget<C: ConnectionTrait>(connection: &C, range: (i64, i64), before: i64) -> Result<u64, Error> {
    let forget = "UPDATE events SET payload = '{}' WHERE seq > $1 AND seq <= $2 AND payload <> '{}' \
                  AND (received_at < $3 OR received_at > $4)";
    let now = sql::micros(Timestamp::now());
    sql::execute(connection, forget, vec![range.0.into(), range.1.into(), before.into(), now.into()]).await
}

/// Whether no event of a range has a payload.
async fn is_empty<C: ConnectionTrait>(connection: &C, range: (i64, i64)) -> Result<bool, Error> {
    let query = "SELECT seq FROM events WHERE seq > $1 AND seq <= $2 AND payload <> '{}' LIMIT 1";
    Ok(sql::row(connection, query, vec![range.0.into(), range.1.into()]).await?.is_none())
}

/// The number of the last event up to which all payloads were removed.
async fn forgotten<C: ConnectionTrait>(reader: &C) -> Result<i64, Error> {
    let Some(number) = sql::setting(reader, FORGOTTEN).await? else { return Ok(0) };
    number.parse().map_err(|error| Error::corrupt(format!("the setting {FORGOTTEN}"), error))
}

/// The last event that all readers with a cursor have read.
async fn read_by_all<C: ConnectionTrait>(reader: &C) -> Result<i64, Error> {
    match sql::row(reader, "SELECT MIN(seq) AS seq FROM cursors", Vec::new()).await? {
        Some(row) => Ok(sql::get::<Option<i64>>(&row, "seq")?.unwrap_or(0)),
        None => Ok(0),
    }
}

/// When the last event was received.
async fn newest<C: ConnectionTrait>(reader: &C) -> Result<i64, Error> {
    let query = "SELECT received_at FROM events ORDER BY seq DESC LIMIT 1";
    sql::row(reader, query, Vec::new()).await?.map_or(Ok(i64::MIN), |row| sql::get(&row, "received_at"))
}
