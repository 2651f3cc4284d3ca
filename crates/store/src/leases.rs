//! Leases: a name that one holder at a time has, until it gives it back or stops renewing it.
//!
//! A holder that dies lets its lease expire. A clock that goes back cannot make one immortal: whoever asks for a lease
//! that ends later than any lease may last from now shortens it first.

use jiff::{SignedDuration, Timestamp};
use sea_orm::ConnectionTrait;

use crate::writer::Lock;
use crate::{Error, Store, sql};

/// What a holder has to know of its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is held.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// Since when.
    pub since: Timestamp,
    /// When it expires unless it is renewed.
    pub until: Timestamp,
}

impl Lease {
    /// How long a lease lasts without being renewed. Renew it several times as often.
    pub const LENGTH: SignedDuration = SignedDuration::from_mins(2);
}

impl Store {
    /// Takes a lease that is free or has expired. `holder` is unique to this taking: a process and a number, not a name
    /// that two may have.
    ///
    /// # Errors
    /// [`Error::Held`] with who has it since when.
    pub async fn acquire_lease(&self, name: &str, holder: &str, now: Timestamp) -> Result<Lease, Error> {
        let transaction = self.begin(Lock::State).await?;
        let lease = acquire(&transaction, name, holder, now).await?;
        // A refusal is committed too: it may have shortened the other's lease.
        transaction.commit().await?;
        lease.map_err(held)
    }

    /// Prolongs a lease.
    ///
    /// # Errors
    /// [`Error::Held`] when it expired and somebody else has taken it, [`Error::LeaseLost`] when nobody has it: whoever
    /// believed to hold it has to stop.
    pub async fn renew_lease(&self, name: &str, holder: &str, now: Timestamp) -> Result<Lease, Error> {
        let transaction = self.begin(Lock::State).await?;
        let lease = renew(&transaction, name, holder, now).await?;
        transaction.commit().await?;
        Ok(lease)
    }

    /// Gives a lease back. One that is not held (any more) is left as it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        release(&transaction, name, holder).await?;
        Ok(transaction.commit().await?)
    }
}

/// Takes the lease, or tells who has it.
pub(crate) async fn acquire<C: ConnectionTrait>(
    transaction: &C,
    name: &str,
    holder: &str,
    now: Timestamp,
) -> Result<Result<Lease, Lease>, Error> {
    let longest = end(now);
    if let Some(mut other) = find(transaction, name).await?
        && other.until > now
    {
        if other.until > longest {
            other.until = longest;
            put(transaction, &other).await?;
        }
        return Ok(Err(other));
    }
    let lease = Lease { name: name.to_owned(), holder: holder.to_owned(), since: now, until: longest };
    put(transaction, &lease).await?;
    Ok(Ok(lease))
}

/// Prolongs the lease of a holder that still has it.
pub(crate) async fn renew<C: ConnectionTrait>(
    transaction: &C,
    name: &str,
    holder: &str,
    now: Timestamp,
) -> Result<Lease, Error> {
    match find(transaction, name).await? {
        Some(mut lease) if lease.holder == holder => {
            lease.until = end(now);
            put(transaction, &lease).await?;
            Ok(lease)
        }
        Some(other) => Err(held(other)),
        None => Err(Error::LeaseLost(holder.to_owned())),
    }
}

/// Gives the lease back if this holder has it.
pub(crate) async fn release<C: ConnectionTrait>(
    transaction: &C,
    name: &str,
    holder: &str,
) -> Result<(), Error> {
    let delete = "DELETE FROM leases WHERE name = $1 AND holder = $2";
    sql::execute(transaction, delete, vec![name.into(), holder.into()]).await?;
    Ok(())
}

/// The refusal of somebody else's lease.
pub(crate) fn held(lease: Lease) -> Error {
    Error::Held { name: lease.name, holder: lease.holder, since: lease.since, until: lease.until }
}

/// The end of a lease taken or renewed now.
fn end(now: Timestamp) -> Timestamp {
    now.saturating_add(Lease::LENGTH).unwrap_or(Timestamp::MAX)
}

async fn find<C: ConnectionTrait>(connection: &C, name: &str) -> Result<Option<Lease>, Error> {
    let query = "SELECT holder, since, until FROM leases WHERE name = $1";
    let Some(row) = sql::row(connection, query, vec![name.into()]).await? else { return Ok(None) };
    Ok(Some(Lease {
        name: name.to_owned(),
        holder: sql::get(&row, "holder")?,
        since: sql::get_time(&row, "since")?,
        until: sql::get_time(&row, "until")?,
    }))
}

async fn put<C: ConnectionTrait>(transaction: &C, lease: &Lease) -> Result<(), Error> {
    let upsert = "INSERT INTO leases (name, holder, since, until) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (name) DO UPDATE SET holder = $2, since = $3, until = $4";
    let (since, until) = (sql::micros(lease.since), sql::micros(lease.until));
    let values = vec![lease.name.as_str().into(), lease.holder.as_str().into(), since.into(), until.into()];
    sql::execute(transaction, upsert, values).await?;
    Ok(())
}
