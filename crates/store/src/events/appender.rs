//! The writer of the log: calls that come at the same time share one transaction (group commit).
//!
//! Syncing the disk costs the same for one event and for thousands. So one task takes all batches that wait, writes them
//! in one transaction, and answers each call after the commit. What waits is bounded by its size in memory.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{Appended, MESSAGE_ID_LIMIT, NewEvent};
use crate::writer::{Lock, Writer};
use crate::{Error, Store, sql};

/// What may wait to be written, in KiB.
const QUEUE_KIB: u32 = 64 * 1024;

/// A transaction takes no further batch once it has this many events.
const EVENTS_PER_TRANSACTION: usize = 4096;

/// Rows of one insert. A power of two beside which few other lengths occur, so that prepared statements are found again.
const ROWS_PER_INSERT: usize = 64;

/// A clock that goes back by more than this, in microseconds, was wrong before.
const CLOCK_AHEAD: i64 = 3_600_000_000;

const COLUMNS: usize = 9;

/// Hands batches to the task that writes them. The task ends when the last clone is gone.
#[derive(Clone, Debug)]
pub(crate) struct Appender {
    batches: mpsc::UnboundedSender<Batch>,
    room: Arc<Semaphore>,
}

#[derive(Debug)]
struct Batch {
    source: String,
    received_at: Timestamp,
    events: Vec<NewEvent>,
    answer: oneshot::Sender<Result<Appended, Error>>,
    /// Given back when the batch is written.
    room: OwnedSemaphorePermit,
}

impl Appender {
    /// Starts the task.
    pub(crate) fn start(writer: Writer) -> Self {
        let (batches, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write(writer, waiting));
        Self { batches, room: Arc::new(Semaphore::new(QUEUE_KIB as usize)) }
    }

    async fn append(
        &self,
        source: &str,
        received_at: Timestamp,
        events: Vec<NewEvent>,
    ) -> Result<Appended, Error> {
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(size_in_kib(&events))
            .map_err(|_| Error::Overloaded)?;
        let (answer, answered) = oneshot::channel();
        let batch = Batch { source: source.to_owned(), received_at, events, answer, room };
        let ended = || Error::Lost("the writer of events has ended".to_owned());
        self.batches.send(batch).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// What a batch takes of the queue. A batch larger than the queue takes all of it.
fn size_in_kib(events: &[NewEvent]) -> u32 {
    let bytes: usize = events.iter().map(|event| event.payload.len() + 256).sum();
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(QUEUE_KIB).min(QUEUE_KIB)
}

impl Store {
    /// Appends events of a source to the log. When it returns they are on disk; calls at the same time share a commit.
    ///
    /// A message id that the source has sent before is a duplicate and changes nothing, so a call that failed or was
    /// interrupted can be repeated as it was.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an event that cannot be stored (nothing of the call is then); a temporary error
    /// ([`Error::is_temporary`]) when the database is locked, lost or full, or when too much waits already.
    pub async fn append(
        &self,
        source: &str,
        received_at: Timestamp,
        events: Vec<NewEvent>,
    ) -> Result<Appended, Error> {
        if events.is_empty() {
            return Ok(Appended::default());
        }
        check(source, &events)?;
        self.appender.append(source, received_at, events).await
    }
}

/// What neither database could store, or not look up.
fn check(source: &str, events: &[NewEvent]) -> Result<(), Error> {
    if source.is_empty() || source.contains('\0') {
        return Err(Error::invalid(
            format!("a source of the name {source:?}"),
            "it is empty or has a NUL character",
        ));
    }
    for event in events {
        let id = &event.message_id;
        let name = || {
            format!(
                "the event with the message id {:?}",
                id.chars().take(MESSAGE_ID_LIMIT).collect::<String>()
            )
        };
        if id.is_empty() || id.chars().count() > MESSAGE_ID_LIMIT {
            return Err(Error::invalid(
                name(),
                format!("a message id has 1 to {MESSAGE_ID_LIMIT} characters"),
            ));
        }
        let optional = [&event.event, &event.user_id, &event.anonymous_id];
        let mut texts = optional.into_iter().flatten().chain([id, &event.payload]);
        if texts.any(|text| text.contains('\0')) {
            return Err(Error::invalid(name(), "a text has a NUL character, which no database stores"));
        }
    }
    Ok(())
}

/// The task: takes what waits, writes it, answers; until all senders are gone.
async fn write(writer: Writer, mut waiting: mpsc::UnboundedReceiver<Batch>) {
    while let Some(first) = waiting.recv().await {
        let mut events = first.events.len();
        let mut group = vec![first];
        while events < EVENTS_PER_TRANSACTION
            && let Ok(next) = waiting.try_recv()
        {
            events += next.events.len();
            group.push(next);
        }
        let (batches, answers): (Vec<_>, Vec<_>) = group.into_iter().map(split).unzip();
        match write_group(&writer, batches).await {
            Ok(appended) => {
                for ((answer, _room), appended) in answers.into_iter().zip(appended) {
                    // Whoever does not wait any more needs no answer.
                    let _ = answer.send(Ok(appended));
                }
            }
            Err(error) => {
                tracing::warn!(%error, events, "events could not be written; their senders are asked to try again");
                for (answer, _room) in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

type Content = (String, Timestamp, Vec<NewEvent>);
type Answer = (oneshot::Sender<Result<Appended, Error>>, OwnedSemaphorePermit);

fn split(batch: Batch) -> (Content, Answer) {
    ((batch.source, batch.received_at, batch.events), (batch.answer, batch.room))
}

/// Writes batches in one transaction; what became of each, in their order.
async fn write_group(writer: &Writer, batches: Vec<Content>) -> Result<Vec<Appended>, Error> {
    let transaction = writer.begin(Lock::Events).await?;
    let last = "SELECT received_at FROM events ORDER BY seq DESC LIMIT 1";
    let mut latest: i64 = match sql::row(&transaction, last, Vec::new()).await? {
        Some(row) => sql::get(&row, "received_at")?,
        None => i64::MIN,
    };
    let mut appended = Vec::with_capacity(batches.len());
    for (source, received_at, events) in batches {
        latest = not_before(latest, sql::micros(received_at));
        appended.push(insert(&transaction, &source, latest, events).await?);
    }
    // It may have been moved while the lock was waited for.
    writer.check()?;
    transaction.commit().await?;
    Ok(appended)
}

/// The time of receipt: never before that of the last event, unless the clock was far ahead then and no longer is.
fn not_before(latest: i64, now: i64) -> i64 {
    if latest.saturating_sub(now) > CLOCK_AHEAD { now } else { latest.max(now) }
}

/// Inserts the events of one batch that are not there yet.
async fn insert(
    transaction: &DatabaseTransaction,
    source: &str,
    received_at: i64,
    events: Vec<NewEvent>,
) -> Result<Appended, Error> {
    let mut appended = Appended::default();
    let mut events = events.into_iter();
    loop {
        let chunk: Vec<_> = events.by_ref().take(ROWS_PER_INSERT).collect();
        if chunk.is_empty() {
            return Ok(appended);
        }
        let ids: Vec<String> = chunk.iter().map(|event| event.message_id.clone()).collect();
        let statement = format!(
            "INSERT INTO events (source, message_id, kind, event, user_id, anonymous_id, at, received_at, payload) \
             VALUES {} ON CONFLICT (source, message_id) DO NOTHING RETURNING message_id",
            sql::bulk_placeholders(transaction, chunk.len(), COLUMNS)
        );
        let values = chunk.into_iter().flat_map(|event| row(source, received_at, event)).collect();
        let mut inserted = HashSet::new();
        for row in sql::rows(transaction, &statement, values).await? {
            inserted.insert(sql::get::<String>(&row, "message_id")?);
        }
        appended.accepted += inserted.len() as u64;
        // An id that came twice was inserted once: its first event counts as accepted, the others as duplicates.
        appended.duplicates.extend(ids.into_iter().filter(|id| !inserted.remove(id)));
    }
}

fn row(source: &str, received_at: i64, event: NewEvent) -> [Value; COLUMNS] {
    [
        source.into(),
        event.message_id.into(),
        event.kind.as_str().into(),
        event.event.into(),
        trimmed(event.user_id).into(),
        trimmed(event.anonymous_id).into(),
        sql::micros(event.at).into(),
        received_at.into(),
        event.payload.into(),
    ]
}

/// An id as identifiers have it, so that it is found by them. A blank one is none.
fn trimmed(id: Option<String>) -> Option<String> {
    id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}
