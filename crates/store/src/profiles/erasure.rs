//! Erasure: a person goes, the figures of the shop stay.
//!
//! A random token takes the place of all identifiers. Orders, refunds and the bare activities stay under it, so totals are what they
//! were; everything else goes. Only salted hashes of the identifiers stay, by which what arrives later (old files, delayed
//! events) is put under the token as well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use serde::Serialize;

use super::export::{activities_of, events_of};
use super::read::{Belonging, Belongings, belongings, names_in_snapshots};
use super::tokens::{new_token, remember, token_of};
use super::traces::{FORGET_REFUSED, Range, Traces, forget_events, parts};
use crate::facts::Link;
use crate::identity::{Identifier, Linked, Sightings, register};
use crate::sent_values::forget_sent;
use crate::writer::Lock;
use crate::{Error, Store, bulk, commerce, projector, sql};

/// Events that are searched in one transaction.
const EVENTS: i64 = 20_000;

/// How often the search begins again because somebody was joined with the person meanwhile.
const ATTEMPTS: u32 = 5;

/// What an erasure has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// What stands for the person from now on.
    pub token: String,
    /// Identifiers that are gone; 0 for somebody whom the store has never seen.
    pub identifiers: u64,
    /// Events whose payload and identifiers are gone.
    pub events: u64,
}

impl Store {
    /// Erases a person: all identifiers of the customer become a random token, in every table; traits, consents, dates of
    /// life and the payloads of events go; orders and refunds stay under the token. Erasing again changes nothing more.
    ///
    /// Somebody whom the store has never seen may be known to files of the shop: the identifier is remembered by its hash
    /// as others are, so that what files say of it is put under the token.
    ///
    /// The whole log of events is searched, a part at a time. If that is interrupted, call it again. What others write of
    /// the person later is not searched.
    ///
    /// On SQLite the freed parts of the file are overwritten. On PostgreSQL they are reused, and gone from its files after
    /// its own `VACUUM FULL`. Backups, and snapshots that were made before, are files of their own.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a device that several customers used; when the
    /// database cannot be read or written.
    pub async fn erase(&self, identifier: &Identifier, now: Timestamp) -> Result<Erased, Error> {
        // Whoever asks twice, because the answer took long, is told the same token.
        let _erasing = self.erasing.lock().await;
        self.project_all().await?;
        if let Some(token) = token_of(self.reader(), identifier).await? {
            return Ok(Erased { token, identifiers: 0, events: 0 });
        }
        let token = new_token();
        let mut events = 0;
        for _ in 0..ATTEMPTS {
            let known = self.belongings(identifier).await?;
            let person = known.unwrap_or_else(|| Belongings::of_stranger(identifier));
            check(identifier, &person)?;
            let traces = Traces::of(&person);
            // First the events, then what was refused of them: so nothing refused of an event up to the end comes later. It is
            // found by the person's name in the event, which is gone after this.
            let end = projector::cursor(self.reader()).await?;
            let refused = self.remove_from_refused_events(&traces).await?;
            for range in parts((0, end), EVENTS) {
                let transaction = self.begin(Lock::State).await?;
                events += scrub(&transaction, &person, &token, range).await?;
                transaction.commit().await?;
                self.remove_from_events(&traces, range).await?;
            }
            self.remove_from_traits(&traces).await?;
            let transaction = self.begin(Lock::State).await?;
            let joined = match belongings(&transaction, identifier).await? {
                Some(joined) => joined,
                None if person.are_of_stranger() && token_of(&transaction, identifier).await?.is_none() => {
                    Belongings::of_stranger(identifier)
                }
                None => return Err(Error::Busy("this person is being erased by another call".to_owned())),
            };
            // Whoever was joined meanwhile goes as well.
            if joined.numbers() != person.numbers() {
                continue;
            }
            events += forget_late(&transaction, &joined, &token, (refused, end)).await?;
            let identifiers = forget(&transaction, &joined, &token, now).await?;
            transaction.commit().await?;
            self.overwrite_log().await?;
            return Ok(Erased { token, identifiers, events });
        }
        Err(Error::Busy("others are joined with this person all the time".to_owned()))
    }

    /// Empties SQLite's log, which still holds what was there before. Where a reader is in the way, the log is overwritten
    /// in time.
    async fn overwrite_log(&self) -> Result<(), Error> {
        let writer = self.writer();
        if writer.get_database_backend() == DbBackend::Sqlite {
            writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }
}

fn check(identifier: &Identifier, person: &Belongings) -> Result<(), Error> {
    let is_shared = |row: &Belonging| row.identifier == *identifier && row.is_shared();
    if person.rows.iter().any(is_shared) {
        let reason = "several customers used that device; name the person by an account or an address";
        return Err(Error::invalid(format!("an erasure of {identifier}"), reason));
    }
    Ok(())
}

/// Takes a person out of their events of a range, and what became of them: after the first number, up to the second.
async fn scrub<C: ConnectionTrait>(
    connection: &C,
    person: &Belongings,
    token: &str,
    (after, until): Range,
) -> Result<u64, Error> {
    let range = || -> [Value; 3] { [after.into(), until.into(), token.into()] };
    for (condition, values) in activities_of(person, 4) {
        let rename = format!(
            "UPDATE activities SET identifier_kind = 'erased', identifier_value = $3, comment = NULL, properties = NULL \
             WHERE seq > $1 AND seq <= $2 AND ({condition})"
        );
        sql::execute(connection, &rename, range().into_iter().chain(values).collect()).await?;
    }
    // A message may tell its person by another id than the log's columns do.
    let told_otherwise = "UPDATE events SET payload = '{}' WHERE seq > $1 AND seq <= $2 AND seq IN \
                          (SELECT seq FROM activities WHERE seq > $1 AND seq <= $2 AND identifier_kind = 'erased' AND identifier_value = $3)";
    sql::execute(connection, told_otherwise, range().into()).await?;
    let mut scrubbed = 0;
    for (condition, values) in events_of(person, 4) {
        let update = format!(
            "UPDATE events SET user_id = CASE WHEN user_id IS NULL THEN NULL ELSE $3 END, \
             anonymous_id = CASE WHEN anonymous_id IS NULL THEN NULL ELSE $3 END, payload = '{{}}' \
             WHERE seq > $1 AND seq <= $2 AND ({condition})"
        );
        scrubbed += sql::execute(connection, &update, range().into_iter().chain(values).collect()).await?;
    }
    commerce::activity::table::forget_particulars(connection, (after, until)).await?;
    Ok(scrubbed)
}

/// Takes a person out of what came after the refused event and the event that were searched last; gives the number of the
/// person's events.
async fn forget_late(
    connection: &DatabaseTransaction,
    person: &Belongings,
    token: &str,
    (refused, event): (i64, i64),
) -> Result<u64, Error> {
    let traces = Traces::of(person);
    let refused = traces.refused_events(connection, (refused, i64::MAX)).await?;
    bulk::change(connection, FORGET_REFUSED, ["id"], refused).await?;
    let late = (event, projector::cursor(connection).await?);
    let scrubbed = scrub(connection, person, token, late).await?;
    forget_events(connection, traces.events(connection, late).await?).await?;
    Ok(scrubbed)
}

/// Takes a person out of all other tables; gives the number of identifiers.
async fn forget(
    connection: &DatabaseTransaction,
    person: &Belongings,
    token: &str,
    now: Timestamp,
) -> Result<u64, Error> {
    remember(connection, person, token, now).await?;
    let orders = rename_orders(connection, person, token).await?;
    let rules = projector::rules(connection).await?;
    commerce::tables::retell(connection, &orders, rules.net).await?;
    forget_said(connection, person).await?;
    forget_published(connection, person).await?;
    replace_identifiers(connection, person, token, rules.identity.join_by_email).await?;
    Ok(if person.are_of_stranger() { 0 } else { person.numbers().len() as u64 })
}

/// Puts the messages about orders under the token, without the free text in them; gives the orders.
async fn rename_orders(
    connection: &DatabaseTransaction,
    person: &Belongings,
    token: &str,
) -> Result<BTreeSet<String>, Error> {
    let head = "SELECT order_id, source, message_id, at, identifier_kind, identifier_value, said FROM order_events WHERE";
    let mut orders = BTreeSet::new();
    for row in bulk::find(connection, head, ["identifier_kind", "identifier_value"], person.identifiers(), "")
        .await?
    {
        let at = sql::get(&row, "at")?;
        if !commerce::tables::stored_by(&row)?.is_some_and(|by| person.owns_identifier(&by, at)) {
            continue;
        }
        let order: String = sql::get(&row, "order_id")?;
        let said = commerce::tables::without_free_text(&sql::get::<String>(&row, "said")?)?;
        let rename = "UPDATE order_events SET identifier_kind = 'erased', identifier_value = $1, said = $2 \
                      WHERE order_id = $3 AND source = $4 AND message_id = $5";
        let values = vec![
            token.into(),
            said.into(),
            order.as_str().into(),
            sql::get::<String>(&row, "source")?.into(),
            sql::get::<String>(&row, "message_id")?.into(),
        ];
        sql::execute(connection, rename, values).await?;
        orders.insert(order);
    }
    Ok(orders)
}

/// Deletes traits, dates of life and consents; of a shared device those of the person's time.
async fn forget_said(connection: &DatabaseTransaction, person: &Belongings) -> Result<(), Error> {
    for row in &person.rows {
        for (table, time) in [("traits", "at"), ("dates_of_life", "at"), ("consents", "confirmed_at")] {
            let delete = format!("DELETE FROM {table} WHERE person = $1 AND {time} >= $2 AND {time} < $3");
            sql::execute(connection, &delete, vec![row.person.into(), row.from.into(), row.until.into()])
                .await?;
        }
    }
    Ok(())
}

/// Deletes what was published of the person and what a CRM was told.
async fn forget_published(connection: &DatabaseTransaction, person: &Belongings) -> Result<(), Error> {
    let own = || person.rows.iter().filter(|row| !row.is_shared()).map(|row| &row.identifier);
    if let Some(customer) = person.customer() {
        let names: BTreeSet<&str> = names_in_snapshots(customer, own()).collect();
        let names = names.into_iter().map(|name| [name.into()]).collect();
        bulk::change(connection, "DELETE FROM customer_values WHERE", ["customer"], names).await?;
    }
    // Whoever else has one of these names is only told once more.
    let names: BTreeSet<&str> = own().map(Identifier::value).collect();
    forget_sent(connection, names).await
}

/// The token takes the place of the identifiers. Devices that others use too are the token's for the person's time.
async fn replace_identifiers(
    connection: &DatabaseTransaction,
    person: &Belongings,
    token: &str,
    rule: crate::identity::JoinByEmail,
) -> Result<(), Error> {
    let own = || -> Vec<[Value; 1]> {
        person.rows.iter().filter(|row| !row.is_shared()).map(|row| [row.person.into()]).collect()
    };
    let mut told = Sightings::default();
    let token = Identifier::erased(token);
    told.see(&token, None);
    let shared: BTreeMap<i64, &Identifier> =
        person.rows.iter().filter(|row| row.is_shared()).map(|row| (row.person, &row.identifier)).collect();
    for row in bulk::find(
        connection,
        "SELECT claimed, MIN(at) AS at FROM merges WHERE undone_at IS NULL AND",
        ["owner"],
        own(),
        "GROUP BY claimed",
    )
    .await?
    {
        if let Some(link) =
            shared.get(&sql::get(&row, "claimed")?).and_then(|device| Link::between(&token, device, "erased"))
        {
            let (source, at) = ("api".to_owned(), sql::get(&row, "at")?);
            let linked = Linked { reason: link.reason.clone(), source, message_id: None, at, by_hand: false };
            told.link(&link, linked);
        }
    }
    for column in ["claimed", "owner"] {
        bulk::change(connection, "DELETE FROM merges WHERE", [column], own()).await?;
    }
    bulk::change(connection, "DELETE FROM identifiers WHERE", ["person"], own()).await?;
    register(connection, told, rule).await?;
    Ok(())
}
