//! Erasure: a person goes, the figures of the shop stay.
//!
//! A random token takes the place of all identifiers. Orders and refunds stay under it, so totals are what they were;
//! everything else goes. Only salted hashes of the identifiers stay, by which what arrives later (old files, delayed
//! events) is put under the token as well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use serde::Serialize;

use super::export::events_of;
use super::read::{Belonging, Belongings, belongings};
use super::tokens::{new_token, remember, token_of};
use crate::connection::Lock;
use crate::facts::Link;
use crate::identity::{Identifier, IdentifierKind, Linked, Sightings, register};
use crate::sent_values::forget_sent;
use crate::{Error, Store, bulk, commerce, projector, sql};

/// Events that are searched in one transaction.
const EVENTS: i64 = 20_000;

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
    /// The whole log of events is searched, in short transactions. If that is interrupted, call it again.
    ///
    /// On SQLite the freed parts of the file are overwritten. On PostgreSQL they are reused, and gone from its files after
    /// its own `VACUUM FULL`. Backups, and snapshots that were made before, are files of their own.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a device that several customers used; when the
    /// database cannot be read or written.
    pub async fn erase(&self, identifier: &Identifier, now: Timestamp) -> Result<Erased, Error> {
        self.project_all().await?;
        if let Some(token) = token_of(self.reader(), identifier).await? {
            return Ok(Erased { token, identifiers: 0, events: 0 });
        }
        let known = self.belongings(identifier).await?;
        let person = known.unwrap_or_else(|| Belongings::of_stranger(identifier));
        check(identifier, &person)?;
        let token = new_token();
        let end = projector::cursor(self.reader()).await?;
        let mut events = 0;
        let mut after = 0;
        while after < end {
            let until = end.min(after + EVENTS);
            let transaction = self.begin(Lock::State).await?;
            events += scrub(&transaction, &person, &token, (after, until)).await?;
            transaction.commit().await?;
            after = until;
        }
        let transaction = self.begin(Lock::State).await?;
        // Whoever was joined meanwhile goes as well; what arrived meanwhile is searched once more.
        let joined = match belongings(&transaction, identifier).await? {
            Some(joined) => joined,
            None if person.are_of_stranger() && token_of(&transaction, identifier).await?.is_none() => {
                Belongings::of_stranger(identifier)
            }
            None => return Err(Error::Busy("the same person is being erased by somebody else".to_owned())),
        };
        let from = if joined.numbers() == person.numbers() { end } else { 0 };
        let last = projector::cursor(&transaction).await?;
        events += scrub(&transaction, &joined, &token, (from, last)).await?;
        let identifiers = forget(&transaction, &joined, &token, now).await?;
        transaction.commit().await?;
        self.overwrite_log().await?;
        Ok(Erased { token, identifiers, events })
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

/// Takes a person out of the events of a range: after the first number, up to the second.
async fn scrub<C: ConnectionTrait>(
    connection: &C,
    person: &Belongings,
    token: &str,
    (after, until): (i64, i64),
) -> Result<u64, Error> {
    let (condition, values) = events_of(person, 4);
    let update = format!(
        "UPDATE events SET user_id = CASE WHEN user_id IS NULL THEN NULL ELSE $3 END, \
         anonymous_id = CASE WHEN anonymous_id IS NULL THEN NULL ELSE $3 END, payload = '{{}}' \
         WHERE seq > $1 AND seq <= $2 AND ({condition})"
    );
    let range: [Value; 2] = [after.into(), until.into()];
    let all = range.iter().cloned().chain([token.into()]).chain(values).collect();
    let scrubbed = sql::execute(connection, &update, all).await?;
    // Others may have written the person's address into events of their own.
    for pattern in patterns(person, IdentifierKind::is_address) {
        let forget = "UPDATE events SET payload = '{}' WHERE seq > $1 AND seq <= $2 AND LOWER(payload) LIKE $3 ESCAPE '!'";
        sql::execute(connection, forget, range.iter().cloned().chain([pattern.into()]).collect()).await?;
    }
    Ok(scrubbed)
}

/// Patterns that find identifiers as strings in JSON, of which an address may be a part.
fn patterns(person: &Belongings, which: impl Fn(&IdentifierKind) -> bool) -> BTreeSet<String> {
    let rows = person.rows.iter().filter(|row| which(row.identifier.kind()));
    rows.flat_map(|row| {
        let value = row.identifier.value().to_lowercase();
        let escaped: String = value
            .encode_utf16()
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            })
            .collect();
        [value, escaped].map(|text| {
            let text = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            if row.identifier.kind().is_address() { format!("%{text}%") } else { format!("%\"{text}\"%") }
        })
    })
    .collect()
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
    forget_mentions(connection, person).await?;
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

/// Deletes what names the person elsewhere: values, refused events, traits of others that hold an address.
async fn forget_mentions(connection: &DatabaseTransaction, person: &Belongings) -> Result<(), Error> {
    let names: BTreeSet<&str> =
        person.rows.iter().filter(|row| !row.is_shared()).map(|row| row.identifier.value()).collect();
    let customers = names.iter().map(|name| [(*name).into()]).collect();
    bulk::change(connection, "DELETE FROM customer_values WHERE", ["customer"], customers).await?;
    forget_sent(connection, names).await?;
    for pattern in patterns(person, |kind| *kind != IdentifierKind::AnonymousId) {
        let forget = "UPDATE rejected_events SET payload = '', reason = code WHERE LOWER(payload) LIKE $1 ESCAPE '!' OR LOWER(reason) LIKE $1 ESCAPE '!'";
        sql::execute(connection, forget, vec![pattern.into()]).await?;
    }
    for pattern in patterns(person, IdentifierKind::is_address) {
        sql::execute(
            connection,
            "DELETE FROM traits WHERE LOWER(value) LIKE $1 ESCAPE '!'",
            vec![pattern.into()],
        )
        .await?;
    }
    Ok(())
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
