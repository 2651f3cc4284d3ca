//! Deliveries of webhooks: written down before they are sent, claimed by one worker at a time, listed when they fail.
//!
//! A claim is a promise to report back within its lease: until then no other worker sees the delivery as due. A worker that
//! dies does not report, its lease runs out, and the delivery is due again: it arrives at least once.
//!
//! Times of a row are compared with the clock of whoever looks. Where that clock is well behind the one that wrote the row,
//! it has been set back, and waiting for the written time could take for ever: such a row is due at once.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::connection::Lock;
use crate::page::bounded;
use crate::{Error, Page, Store, sql};

/// Clocks of two machines may differ by this much without one of them counting as set back.
const CLOCK_DIFFERENCE: Duration = Duration::from_mins(2);

/// The newest deliveries that arrived and are kept. Those that did not arrive are all kept.
const KEPT_DELIVERED: i64 = 10_000;

/// The most deliveries that one claim takes.
const MOST_CLAIMED: u64 = 100;

const COLUMNS: &str = "number, id, endpoint, event_type, body, state, created_at, next_attempt_at, claims, attempts, \
                       last_status, last_error";

/// A delivery that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The `webhook-id`: the same event for the same endpoint has the same.
    pub id: String,
    /// The endpoint's name in the settings.
    pub endpoint: String,
    /// The kind of event, such as `run.completed`.
    pub event_type: String,
    /// What is sent.
    pub body: String,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, now or later.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// Given up. It can be replayed.
    Dead,
}

impl DeliveryState {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    fn parse(name: &str) -> Result<Self, Error> {
        [Self::Pending, Self::Delivered, Self::Dead]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| Error::corrupt("a delivery", format!("state {name:?}")))
    }
}

/// A delivery as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number: later ones are larger.
    pub number: i64,
    /// The `webhook-id`.
    pub id: String,
    /// The endpoint's name in the settings.
    pub endpoint: String,
    /// The kind of event.
    pub event_type: String,
    /// What is sent.
    pub body: String,
    /// How it stands.
    pub state: DeliveryState,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it is due. While it is being sent: when it is due again if nobody reports.
    pub next_attempt_at: Timestamp,
    /// Attempts since it was written down or replayed, with the one that is under way.
    pub attempts: u32,
    /// HTTP status of the last answer, if there was one.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// A delivery that one worker has to send and report on.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What to send.
    pub delivery: Delivery,
    number: i64,
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
    /// Writes down deliveries, all or none. Those that are there already stay as they are. Those for an endpoint that is
    /// gone are listed as dead.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_deliveries(&self, at: Timestamp, deliveries: &[NewDelivery]) -> Result<(), Error> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let transaction = self.begin(Lock::State).await?;
        for delivery in deliveries {
            let gone = disabled(&transaction, &delivery.endpoint).await?;
            let state = if gone.is_some() { DeliveryState::Dead } else { DeliveryState::Pending };
            let insert = "INSERT INTO deliveries (id, endpoint, event_type, body, state, created_at, touched_at, \
                          next_attempt_at, claims, attempts, last_error) \
                          VALUES ($1, $2, $3, $4, $5, $6, $6, $6, 0, 0, $7) ON CONFLICT (id) DO NOTHING";
            let values: Vec<Value> = vec![
                delivery.id.as_str().into(),
                delivery.endpoint.as_str().into(),
                delivery.event_type.as_str().into(),
                delivery.body.as_str().into(),
                state.name().into(),
                sql::micros(at).into(),
                gone.map(|gone| gone.problem).into(),
            ];
            sql::execute(&transaction, insert, values).await?;
        }
        forget_old(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Claims deliveries that are due at `now`, those that have waited longest first: at most `limit`, and 100. Whoever
    /// claims reports within `lease`.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn claim_deliveries(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<Claim>, Error> {
        let due = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE state = 'pending' AND (next_attempt_at <= $1 OR touched_at > $2) \
             ORDER BY next_attempt_at, number LIMIT $3"
        );
        let set_back = now.saturating_add(CLOCK_DIFFERENCE).unwrap_or(Timestamp::MAX);
        let limit = bounded(limit.into(), MOST_CLAIMED);
        let values = || vec![sql::micros(now).into(), sql::micros(set_back).into(), limit.into()];
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
        let disable = "INSERT INTO disabled_endpoints (endpoint, at, problem) VALUES ($1, $2, $3) \
                       ON CONFLICT (endpoint) DO NOTHING";
        sql::execute(
            &transaction,
            disable,
            vec![endpoint.as_str().into(), at.into(), problem.as_str().into()],
        )
        .await?;
        let bury = "UPDATE deliveries SET state = 'dead', touched_at = $1, last_error = $2 \
                    WHERE endpoint = $3 AND state = 'pending'";
        sql::execute(&transaction, bury, vec![at.into(), problem.into(), endpoint.as_str().into()]).await?;
        Ok(transaction.commit().await?)
    }

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

    /// Deliveries in a state, or all, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deliveries(&self, state: Option<DeliveryState>, page: Page) -> Result<Vec<Delivery>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE number < $1 AND ($2 = '' OR state = $2) ORDER BY number DESC LIMIT $3"
        );
        let state = state.map_or("", DeliveryState::name);
        let values = vec![page.before_or_all().into(), state.into(), page.bounded_limit().into()];
        sql::rows(self.reader(), &query, values).await?.iter().map(delivery).collect()
    }

    /// Deliveries that were given up, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn dead_deliveries(&self, page: Page) -> Result<Vec<Delivery>, Error> {
        self.deliveries(Some(DeliveryState::Dead), page).await
    }

    /// The attempts at a delivery, oldest first. One that never ended (its worker died) has neither status nor problem.
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

    /// Makes a delivery due at `now`, with all its attempts before it again and under the same `webhook-id`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none with this id, [`Error::Invalid`] when its endpoint is disabled; when the
    /// database cannot be written.
    pub async fn replay(&self, id: &str, now: Timestamp) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let query = format!("SELECT {COLUMNS} FROM deliveries WHERE id = $1");
        let Some(row) = sql::row(&transaction, &query, vec![id.into()]).await? else {
            return Err(Error::NotFound(format!("delivery {id:?}")));
        };
        let found = delivery(&row)?;
        if let Some(gone) = disabled(&transaction, &found.endpoint).await? {
            return Err(Error::invalid(format!("delivery {id}"), gone.problem));
        }
        let update = "UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = $1, touched_at = $1 \
                      WHERE number = $2";
        sql::execute(&transaction, update, vec![sql::micros(now).into(), found.number.into()]).await?;
        Ok(transaction.commit().await?)
    }
}

async fn claim<C: ConnectionTrait>(
    transaction: &C,
    row: &QueryResult,
    now: Timestamp,
    lease: Duration,
) -> Result<Claim, Error> {
    let mut delivery = delivery(row)?;
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

async fn forget_old<C: ConnectionTrait>(transaction: &C) -> Result<(), Error> {
    let old = "DELETE FROM deliveries WHERE state = 'delivered' \
               AND number <= (SELECT MAX(number) FROM deliveries) - $1";
    if sql::execute(transaction, old, vec![KEPT_DELIVERED.into()]).await? > 0 {
        let orphans = "DELETE FROM delivery_attempts WHERE delivery NOT IN (SELECT number FROM deliveries)";
        sql::execute(transaction, orphans, Vec::new()).await?;
    }
    Ok(())
}

async fn disabled<C: ConnectionTrait>(
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

fn delivery(row: &QueryResult) -> Result<Delivery, Error> {
    Ok(Delivery {
        number: sql::get(row, "number")?,
        id: sql::get(row, "id")?,
        endpoint: sql::get(row, "endpoint")?,
        event_type: sql::get(row, "event_type")?,
        body: sql::get(row, "body")?,
        state: DeliveryState::parse(&sql::get::<String>(row, "state")?)?,
        created_at: sql::get_time(row, "created_at")?,
        next_attempt_at: sql::get_time(row, "next_attempt_at")?,
        attempts: u32::try_from(sql::get::<i64>(row, "attempts")?)
            .map_err(|error| Error::corrupt("a delivery", error))?,
        last_status: small(row, "last_status")?,
        last_error: sql::get(row, "last_error")?,
    })
}

fn small(row: &QueryResult, column: &str) -> Result<Option<u16>, Error> {
    let number: Option<i64> = sql::get(row, column)?;
    number
        .map(|number| u16::try_from(number).map_err(|error| Error::corrupt("an HTTP status", error)))
        .transpose()
}

fn status(attempt: &Attempt) -> Value {
    attempt.status.map(i64::from).into()
}
