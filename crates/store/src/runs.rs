//! Runs of the valuation: when, as of which date, with which end. One at a time, kept apart by a lease.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::{ConnectionTrait, QueryResult};

use crate::writer::Lock;
use crate::{Error, Page, Store, leases, sql};

/// The lease that a run holds.
const LEASE: &str = "a run";

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    /// It has been started and has not ended.
    Running,
    /// It has done what it was to do.
    Done,
    /// It ended with an error, or its process ended without a word.
    Failed,
}

impl RunState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for RunState {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Running, Self::Done, Self::Failed].into_iter().find(|state| state.as_str() == name).ok_or_else(
            || {
                Error::invalid(
                    format!("a run in the state {name:?}"),
                    "the states are running, done and failed",
                )
            },
        )
    }
}

/// A run of the valuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number; later runs have larger ones.
    pub id: i64,
    /// The date as of which it values.
    pub as_of: Date,
    /// Who runs it, for people: a process and a machine.
    pub holder: String,
    /// How far it has come.
    pub state: RunState,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The snapshot that it wrote.
    pub snapshot: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Run {
    /// The holder of its lease: no two runs share it, whatever their process is called.
    fn lease_holder(&self) -> String {
        lease_holder(self.id, &self.holder)
    }
}

fn lease_holder(id: i64, holder: &str) -> String {
    format!("run {id} ({holder})")
}

const COLUMNS: &str = "id, as_of, holder, state, started_at, finished_at, snapshot, error";

impl Store {
    /// Starts a run, unless another is under way. Its caller calls [`Store::keep_run`] several times within
    /// [`Lease::LENGTH`](crate::Lease::LENGTH), and [`Store::finish_run`] or [`Store::fail_run`] at its end.
    ///
    /// Runs whose process ended without a word are marked as failed.
    ///
    /// # Errors
    /// [`Error::Held`] with who runs the other since when.
    pub async fn start_run(&self, as_of: Date, holder: &str, now: Timestamp) -> Result<Run, Error> {
        let transaction = self.begin(Lock::State).await?;
        let insert = format!(
            "INSERT INTO runs (as_of, holder, state, started_at) VALUES ($1, $2, $3, $4) RETURNING {COLUMNS}"
        );
        let running = RunState::Running.as_str();
        let values = vec![as_of.to_string().into(), holder.into(), running.into(), sql::micros(now).into()];
        let run = match sql::row(&transaction, &insert, values).await? {
            Some(row) => stored(&row)?,
            None => return Err(Error::not_returned("run")),
        };
        match leases::acquire(&transaction, LEASE, &run.lease_holder(), now).await? {
            Ok(_) => {
                let abandon =
                    "UPDATE runs SET state = $1, finished_at = $2, error = $3 WHERE state = $4 AND id <> $5";
                let (failed, at) = (RunState::Failed.as_str(), sql::micros(now));
                let reason = "its process ended without finishing it";
                let values = vec![failed.into(), at.into(), reason.into(), running.into(), run.id.into()];
                sql::execute(&transaction, abandon, values).await?;
                transaction.commit().await?;
                Ok(run)
            }
            Err(other) => {
                // The refused run leaves no trace; what the refusal did to the lease stays.
                sql::execute(&transaction, "DELETE FROM runs WHERE id = $1", vec![run.id.into()]).await?;
                transaction.commit().await?;
                Err(leases::held(other))
            }
        }
    }

    /// Tells that a run is alive.
    ///
    /// # Errors
    /// [`Error::Held`] or [`Error::LeaseLost`] when the run was too long silent and has been given up: it has to stop
    /// without publishing anything.
    pub async fn keep_run(&self, id: i64, now: Timestamp) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let run = find(&transaction, id).await?;
        leases::renew(&transaction, LEASE, &run.lease_holder(), now).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends a run that has written its snapshot, or that had none to write.
    ///
    /// # Errors
    /// [`Error::Held`] or [`Error::LeaseLost`] when the run was too long silent and has been given up.
    pub async fn finish_run(&self, id: i64, snapshot: Option<&str>, now: Timestamp) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let run = find(&transaction, id).await?;
        leases::renew(&transaction, LEASE, &run.lease_holder(), now).await?;
        end(&transaction, &run, RunState::Done, snapshot, None, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends a run that has failed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn fail_run(&self, id: i64, error: &str, now: Timestamp) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let run = find(&transaction, id).await?;
        if run.state == RunState::Running {
            end(&transaction, &run, RunState::Failed, None, Some(error), now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn runs(&self, page: Page) -> Result<Vec<Run>, Error> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE id < $1 ORDER BY id DESC LIMIT $2");
        let values = vec![page.before_or_all().into(), page.bounded_limit().into()];
        sql::rows(self.reader(), &query, values).await?.iter().map(stored).collect()
    }

    /// The newest run that has written a snapshot.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_finished_run(&self) -> Result<Option<Run>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM runs WHERE state = $1 AND snapshot IS NOT NULL ORDER BY id DESC LIMIT 1"
        );
        let row = sql::row(self.reader(), &query, vec![RunState::Done.as_str().into()]).await?;
        row.as_ref().map(stored).transpose()
    }
}

async fn find<C: ConnectionTrait>(connection: &C, id: i64) -> Result<Run, Error> {
    let query = format!("SELECT {COLUMNS} FROM runs WHERE id = $1");
    match sql::row(connection, &query, vec![id.into()]).await? {
        Some(row) => stored(&row),
        None => Err(Error::NotFound(format!("run {id}"))),
    }
}

/// Records the end of a run and gives its lease back.
async fn end<C: ConnectionTrait>(
    transaction: &C,
    run: &Run,
    state: RunState,
    snapshot: Option<&str>,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let update = "UPDATE runs SET state = $1, finished_at = $2, snapshot = $3, error = $4 WHERE id = $5";
    let at = sql::micros(now.max(run.started_at));
    let values = vec![state.as_str().into(), at.into(), snapshot.into(), error.into(), run.id.into()];
    sql::execute(transaction, update, values).await?;
    leases::release(transaction, LEASE, &run.lease_holder()).await
}

fn stored(row: &QueryResult) -> Result<Run, Error> {
    let id = sql::get(row, "id")?;
    let unreadable = |error: &dyn fmt::Display| Error::corrupt(format!("run {id}"), error);
    let as_of: String = sql::get(row, "as_of")?;
    let state: String = sql::get(row, "state")?;
    Ok(Run {
        id,
        as_of: as_of.parse().map_err(|error: jiff::Error| unreadable(&error))?,
        holder: sql::get(row, "holder")?,
        state: state.parse().map_err(|error: Error| unreadable(&error))?,
        started_at: sql::get_time(row, "started_at")?,
        finished_at: sql::get_optional_time(row, "finished_at")?,
        snapshot: sql::get(row, "snapshot")?,
        error: sql::get(row, "error")?,
    })
}
