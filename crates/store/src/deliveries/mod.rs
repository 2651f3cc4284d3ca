//! Deliveries of webhooks: written down before they are sent, claimed by one worker at a time, listed when
//! they fail.

mod claims;
mod endpoints;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Value};

pub use claims::{Attempt, Claim, Recipients};
pub use endpoints::DisabledEndpoint;
use endpoints::disabled;

use crate::writer::Lock;
use crate::{Error, Page, Store, sql};

/// The newest deliveries that arrived and are kept. Those that did not arrive are all kept.
const KEPT_DELIVERED: i64 = 10_000;

/// What `delivery` reads.
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

impl Store {
    /// Writes down deliveries, all or none. Those that are there already stay as they are. Those for an
    /// endpoint that is gone are listed as dead.
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

    /// Makes a delivery due at `now`, with all its attempts before it again and under the same `webhook-id`.
    ///
    /// # Errors [`Error::NotFound`] when there is none with this id, [`Error::Invalid`] when its endpoint is
    /// disabled; when the database cannot be written.
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

async fn forget_old<C: ConnectionTrait>(transaction: &C) -> Result<(), Error> {
    let old = "DELETE FROM deliveries WHERE state = 'delivered' \
               AND number <= (SELECT MAX(number) FROM deliveries) - $1";
    if sql::execute(transaction, old, vec![KEPT_DELIVERED.into()]).await? > 0 {
        let orphans = "DELETE FROM delivery_attempts WHERE delivery NOT IN (SELECT number FROM deliveries)";
        sql::execute(transaction, orphans, Vec::new()).await?;
    }
    Ok(())
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

/// A small number that is not negative, such as an HTTP status.
fn small(row: &QueryResult, column: &str) -> Result<Option<u16>, Error> {
    let number: Option<i64> = sql::get(row, column)?;
    number
        .map(|number| u16::try_from(number).map_err(|error| Error::corrupt("an HTTP status", error)))
        .transpose()
}
