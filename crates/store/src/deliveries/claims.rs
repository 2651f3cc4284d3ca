//! Sending deliveries: who has which, and what came of it.
//!
//! A claim is a promise to report back within its lease: until then no other worker sees the delivery as due.
//! A worker that dies does not report, its lease runs out, and the delivery is due again: it arrives at least
//! once.
//!
//! Times of a row are compared with the clock of whoever looks. Where that clock is well behind the one that
//! wrote the row, it has been set back, and waiting for the written time could take for ever: such a row is
//! due at once.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{COLUMNS, Delivery, DeliveryState, endpoints, small};
use crate::page::bounded;
use crate::writer::Lock;
use crate::{Error, Page, Store, sql};

/// Clocks of two machines may differ by this much without one of them counting as set back.
const CLOCK_DIFFERENCE: Duration = Duration::from_mins(2);

/// The most deliveries that one claim takes.
const MOST_CLAIMED: u64 = 100;

/// A delivery that one worker has to send and report on.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What to send.
    pub delivery: Delivery,
    number: i64,
}

/// Whose deliveries a claim is about.
#[derive(Clone, Copy, Debug)]
pub enum Recipients<'a> {
    /// One endpoint.
    Endpoint(&'a str),
    /// All endpoints but these.
    AllBut(&'a [&'a str]),
}

impl<'a> Recipients<'a> {
    /// The condition on deliveries, whose placeholders begin with number `first`, and their values.
    fn condition(&self, first: usize) -> (String, &[&'a str]) {
        match self {
            Self::Endpoint(name) => (format!("endpoint = ${first}"), std::slice::from_ref(name)),
            Self::AllBut([]) => ("true".to_owned(), &[]),
            Self::AllBut(names) => {
                let places: Vec<_> =
                    (first..first + names.len()).map(|number| format!("${number}")).collect();
                (format!("endpoint NOT IN ({})", places.join(", ")), names)
            }
        }
    }
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why it failed; `None` when the endpoint took it.
    pub problem: Option<String>,
    /// When it ended.
    pub at: Timestamp,
}

impl Store {
    /// Claims deliveries to `whom` that are due at `now`, those that have waited longest first: at most `limit`, and
    /// 100. Whoever claims reports within `lease`.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn claim_deliveries(
        &self,
        whom: Recipients<'_>,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<Claim>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (to_whom, names) = whom.condition(4);
        let due = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE state = 'pending' AND {to_whom} AND (next_attempt_at <= $1 OR touched_at > $2) \
             ORDER BY next_attempt_at, number LIMIT $3"
        );
        let set_back = now.saturating_add(CLOCK_DIFFERENCE).unwrap_or(Timestamp::MAX);
        let limit = bounded(limit.into(), MOST_CLAIMED);
        let values = || {
            let values: [Value; 3] = [sql::micros(now).into(), sql::micros(set_back).into(), limit.into()];
            values.into_iter().chain(names.iter().map(|name| (*name).into())).collect()
        };
        // Mostly nothing is due: then nobody who writes has to wait for this look.
        if sql::row(self.reader(), &due, values()).await?.is_none() {
            return Ok(Vec::new());
        }
        let transaction = self.begin(Lock::State).await?;
        let mut claims = Vec::new();
        for row in sql::rows(&transaction, &due, values()).await? {
            claims.push(claim(&transaction, &row, now, lease).await?);
        }
        transaction.commit().await?;
        Ok(claims)
    }

    /// When the next delivery is due, if there is one to be sent.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, Error> {
        let query = "SELECT MIN(next_attempt_at) AS due FROM deliveries WHERE state = 'pending'";
        match sql::row(self.reader(), query, Vec::new()).await? {
            Some(row) => sql::get_optional_time(&row, "due"),
            None => Ok(None),
        }
    }

    /// Reports that the endpoint took a delivery. That holds even if the lease has run out meanwhile.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delivered(&self, claim: &Claim, attempt: &Attempt) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let update = "UPDATE deliveries SET state = 'delivered', touched_at = $1, last_status = $2, last_error = NULL \
                      WHERE number = $3";
        let values = vec![sql::micros(attempt.at).into(), status(attempt), claim.delivery.number.into()];
        sql::execute(&transaction, update, values).await?;
        end_attempt(&transaction, claim, attempt).await?;
        Ok(transaction.commit().await?)
    }

    /// Reports that an attempt failed and that the delivery is due again at `next`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn postpone_delivery(
        &self,
        claim: &Claim,
        attempt: &Attempt,
        next: Timestamp,
    ) -> Result<(), Error> {
        self.failed(claim, attempt, DeliveryState::Pending, next).await
    }

    /// Reports that a delivery is given up.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delivery_dead(&self, claim: &Claim, attempt: &Attempt) -> Result<(), Error> {
        self.failed(claim, attempt, DeliveryState::Dead, attempt.at).await
    }

    async fn failed(
        &self,
        claim: &Claim,
        attempt: &Attempt,
        state: DeliveryState,
        next: Timestamp,
    ) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        fail(&transaction, claim, attempt, state, next).await?;
        Ok(transaction.commit().await?)
    }

    /// Reports that an endpoint said that it is gone: nothing is sent to it any more, what waits for it is dead.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn endpoint_gone(&self, claim: &Claim, attempt: &Attempt) -> Result<(), Error> {
        let endpoint = &claim.delivery.endpoint;
        let problem = format!(
            "endpoint {endpoint} said at {} that it is gone (410), so nothing is sent to it; enable it and replay",
            attempt.at.strftime("%F %R UTC")
        );
        let transaction = self.begin(Lock::State).await?;
        fail(&transaction, claim, attempt, DeliveryState::Dead, attempt.at).await?;
        let at = sql::micros(attempt.at);
        endpoints::disable(&transaction, endpoint, attempt.at, &problem).await?;
        let bury = "UPDATE deliveries SET state = 'dead', touched_at = $1, last_error = $2 \
                    WHERE endpoint = $3 AND state = 'pending'";
        sql::execute(&transaction, bury, vec![at.into(), problem.into(), endpoint.as_str().into()]).await?;
        Ok(transaction.commit().await?)
    }

    /// The attempts at a delivery, oldest first. One that never ended (its worker died) has neither status
    /// nor problem.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn delivery_attempts(&self, id: &str) -> Result<Vec<Attempt>, Error> {
        let query = "SELECT COALESCE(ended_at, started_at) AS at, status, problem FROM delivery_attempts \
                     WHERE delivery = (SELECT number FROM deliveries WHERE id = $1) ORDER BY claim LIMIT $2";
        let rows =
            sql::rows(self.reader(), query, vec![id.into(), bounded(u64::MAX, Page::LIMIT).into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(Attempt {
                    status: small(row, "status")?,
                    problem: sql::get(row, "problem")?,
                    at: sql::get_time(row, "at")?,
                })
            })
            .collect()
    }
}

async fn claim<C: ConnectionTrait>(
    transaction: &C,
    row: &QueryResult,
    now: Timestamp,
    lease: Duration,
) -> Result<Claim, Error> {
    let mut delivery = super::delivery(row)?;
    let number = sql::get::<i64>(row, "claims")? + 1;
    delivery.attempts += 1;
    delivery.next_attempt_at = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let update = "UPDATE deliveries SET claims = $1, attempts = $2, touched_at = $3, next_attempt_at = $4 \
                  WHERE number = $5";
    let values = vec![
        number.into(),
        i64::from(delivery.attempts).into(),
        sql::micros(now).into(),
        sql::micros(delivery.next_attempt_at).into(),
        delivery.number.into(),
    ];
    sql::execute(transaction, update, values).await?;
    let insert = "INSERT INTO delivery_attempts (delivery, claim, started_at) VALUES ($1, $2, $3)";
    sql::execute(transaction, insert, vec![delivery.number.into(), number.into(), sql::micros(now).into()])
        .await?;
    Ok(Claim { delivery, number })
}

/// Writes down that an attempt failed, unless the lease ran out and somebody else has the delivery now.
async fn fail<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    attempt: &Attempt,
    state: DeliveryState,
    next: Timestamp,
) -> Result<(), Error> {
    let update = "UPDATE deliveries SET state = $1, touched_at = $2, next_attempt_at = $3, last_status = $4, \
                  last_error = $5 WHERE number = $6 AND claims = $7 AND state = 'pending'";
    let values = vec![
        state.name().into(),
        sql::micros(attempt.at).into(),
        sql::micros(next).into(),
        status(attempt),
        attempt.problem.clone().into(),
        claim.delivery.number.into(),
        claim.number.into(),
    ];
    sql::execute(transaction, update, values).await?;
    end_attempt(transaction, claim, attempt).await
}

async fn end_attempt<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    attempt: &Attempt,
) -> Result<(), Error> {
    let update = "UPDATE delivery_attempts SET ended_at = $1, status = $2, problem = $3 \
                  WHERE delivery = $4 AND claim = $5";
    let values = vec![
        sql::micros(attempt.at).into(),
        status(attempt),
        attempt.problem.clone().into(),
        claim.delivery.number.into(),
        claim.number.into(),
    ];
    sql::execute(transaction, update, values).await?;
    Ok(())
}

fn status(attempt: &Attempt) -> Value {
    attempt.status.map(i64::from).into()
}
