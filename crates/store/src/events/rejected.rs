//! Events that were refused, with the reason: listed, so that nothing vanishes.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::writer::Lock;
use crate::{Error, Page, Store, sql};

/// The most bytes that are kept of a refused payload.
pub const REJECTED_PAYLOAD_LIMIT: usize = 32 * 1024;

/// The newest refused events that are kept: whoever knows a write key fills the disk with at most 3 GB of rubbish.
const KEPT: i64 = 100_000;

const ROWS_PER_INSERT: usize = 32;

const COLUMNS: usize = 6;

/// An event that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedEvent {
    /// The name of the key that it came with.
    pub source: String,
    /// Its message id, if it had one.
    pub message_id: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
    /// Why it was refused, for programs: one word such as `missing_user_id`.
    pub code: String,
    /// Why it was refused, for people: what was wrong and what to do.
    pub reason: String,
    /// What was received. Only the first [`REJECTED_PAYLOAD_LIMIT`] bytes are kept.
    pub payload: String,
}

/// A refused event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRejection {
    /// Its number: later ones are larger.
    pub id: i64,
    /// The event and why it was refused.
    pub event: RejectedEvent,
}

impl Store {
    /// Records refused events. The newest 100,000 are kept.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn reject(&self, rejected: Vec<RejectedEvent>) -> Result<(), Error> {
        if rejected.is_empty() {
            return Ok(());
        }
        let transaction = self.begin(Lock::State).await?;
        insert_rejections(&transaction, rejected).await?;
        Ok(transaction.commit().await?)
    }

    /// Refused events, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn rejected_events(&self, page: Page) -> Result<Vec<StoredRejection>, Error> {
        let query = "SELECT id, source, message_id, received_at, code, reason, payload \
                     FROM rejected_events WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let values = vec![page.before_or_all().into(), page.bounded_limit().into()];
        sql::rows(self.reader(), query, values).await?.iter().map(stored).collect()
    }
}

/// Records refused events within a transaction that holds [`Lock::State`].
pub(crate) async fn insert_rejections<C: ConnectionTrait>(
    transaction: &C,
    rejected: Vec<RejectedEvent>,
) -> Result<(), Error> {
    let mut rejected = rejected.into_iter();
    loop {
        let values: Vec<Value> = rejected.by_ref().take(ROWS_PER_INSERT).flat_map(row).collect();
        if values.is_empty() {
            break;
        }
        let statement = format!(
            "INSERT INTO rejected_events (source, message_id, received_at, code, reason, payload) VALUES {}",
            sql::placeholders(values.len() / COLUMNS, COLUMNS)
        );
        sql::execute(transaction, &statement, values).await?;
    }
    let forget = "DELETE FROM rejected_events WHERE id <= (SELECT MAX(id) FROM rejected_events) - $1";
    sql::execute(transaction, forget, vec![KEPT.into()]).await?;
    Ok(())
}

fn row(event: RejectedEvent) -> [Value; COLUMNS] {
    [
        printable(&event.source).into(),
        event.message_id.as_deref().map(printable).into(),
        sql::micros(event.received_at).into(),
        event.code.into(),
        printable(&event.reason).into(),
        printable(&event.payload).into(),
    ]
}

/// A text that any database stores: cut at the limit, without NUL.
fn printable(text: &str) -> String {
    text[..text.floor_char_boundary(REJECTED_PAYLOAD_LIMIT)].replace('\0', "\u{fffd}")
}

fn stored(row: &QueryResult) -> Result<StoredRejection, Error> {
    Ok(StoredRejection {
        id: sql::get(row, "id")?,
        event: RejectedEvent {
            source: sql::get(row, "source")?,
            message_id: sql::get(row, "message_id")?,
            received_at: sql::get_time(row, "received_at")?,
            code: sql::get(row, "code")?,
            reason: sql::get(row, "reason")?,
            payload: sql::get(row, "payload")?,
        },
    })
}
