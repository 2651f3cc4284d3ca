//! Erasure: a person goes, the figures of the shop stay.
//!
//! A random token takes the place of all identifiers. Orders and refunds stay under it, so totals are what they were;
//! everything else goes. Only salted hashes of the identifiers stay, by which what arrives later (old files, delayed
//! events) is put under the token as well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::export::events_of;
use super::read::{Belonging, Belongings, belongings};
use crate::connection::Lock;
use crate::facts::{Facts, Link};
use crate::identity::{Identifier, IdentifierKind, Linked, Sightings, register};
use crate::{Error, Store, bulk, commerce, projector, sql};

/// Events that are searched in one transaction.
const EVENTS: i64 = 20_000;

/// The name of the salt in the table of settings.
const SALT: &str = "erasure_salt";

/// Tables beside those of profiles that name a customer, and the column that does.
const ALSO_NAMED_IN: &[(&str, &str)] = &[("customer_values", "customer"), ("sent_values", "object")];

/// What an erasure has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// What stands for the person from now on.
    pub token: String,
    /// Identifiers that are gone.
    pub identifiers: u64,
    /// Events whose payload and identifiers are gone.
    pub events: u64,
}

impl Store {
    /// Erases a person: all identifiers of the customer become a random token, in every table; traits, consents, dates of
    /// life and the payloads of events go; orders and refunds stay under the token. Erasing again changes nothing more.
    ///
    /// The whole log of events is searched, in short transactions. If that is interrupted, call it again.
    ///
    /// On SQLite the freed parts of the file are overwritten. On PostgreSQL they are reused, and gone from its files after
    /// its own `VACUUM FULL`. Backups, and snapshots that were made before, are files of their own.
    ///
    /// # Errors
    /// [`Error::NotFound`] for somebody never seen; [`Error::Invalid`] for a device that several customers used; when the
    /// database cannot be read or written.
    pub async fn erase(&self, identifier: &Identifier, now: Timestamp) -> Result<Erased, Error> {
        self.project_all().await?;
        if let Some(token) = token_of(self.reader(), identifier).await? {
            return Ok(Erased { token, identifiers: 0, events: 0 });
        }
        let person = self
            .belongings(identifier)
            .await?
            .ok_or_else(|| Error::NotFound(format!("customer {identifier}")))?;
        check(identifier, &person)?;
        let token = token();
        let end = projector::cursor(self.reader()).await?;
        let mut events = 0;
        let mut after = 0;
        while after < end {
            let until = end.min(after + EVENTS);
            let transaction = self.begin_erasing().await?;
            events += scrub(&transaction, &person, &token, (after, until)).await?;
            transaction.commit().await?;
            after = until;
        }
        let transaction = self.begin_erasing().await?;
        // Whoever was joined meanwhile goes as well; what arrived meanwhile is searched once more.
        let Some(joined) = belongings(&transaction, identifier).await? else {
            return Err(Error::Busy(format!("{identifier} is being erased by somebody else")));
        };
        let from = if joined.numbers() == person.numbers() { end } else { 0 };
        let last = projector::cursor(&transaction).await?;
        events += scrub(&transaction, &joined, &token, (from, last)).await?;
        let identifiers = forget(&transaction, &joined, &token, now).await?;
        transaction.commit().await?;
        self.overwrite_log().await?;
        Ok(Erased { token, identifiers, events })
    }

    /// Lets an erased identifier in again, for a person who comes back and agrees: what arrives from now on makes a new
    /// customer. What was erased stays so. True if it was erased.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn readmit(&self, identifier: &Identifier) -> Result<bool, Error> {
        let transaction = self.begin(Lock::State).await?;
        let salt = salt(&transaction).await?.unwrap_or_default();
        let values = vec![hash(&salt, identifier).into()];
        let changed = sql::execute(&transaction, "DELETE FROM erasures WHERE hash = $1", values).await?;
        transaction.commit().await?;
        Ok(changed > 0)
    }

    /// A transaction in which SQLite overwrites what it deletes.
    async fn begin_erasing(&self) -> Result<DatabaseTransaction, Error> {
        let transaction = self.begin(Lock::State).await?;
        if transaction.get_database_backend() == DbBackend::Sqlite {
            transaction.execute_unprepared("PRAGMA secure_delete = ON").await?;
        }
        Ok(transaction)
    }

    /// Empties SQLite's log, which still holds what was there before. Where a reader is in the way, the log is overwritten
    /// in time.
    async fn overwrite_log(&self) -> Result<(), Error> {
        let writer = self.writer();
        if writer.get_database_backend() == DbBackend::Sqlite {
            writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
            writer.execute_unprepared("PRAGMA secure_delete = OFF").await?;
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

fn token() -> String {
    format!("erased-{:032x}", rand::random::<u128>())
}

/// Whether a text has the form of a token: events of erased persons carry it in place of their ids.
pub(crate) fn is_token(text: &str) -> bool {
    let digits = text.strip_prefix("erased-").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
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
    remember_hashes(connection, person, token, now).await?;
    let orders = rename_orders(connection, person, token).await?;
    let rules = projector::rules(connection).await?;
    commerce::tables::retell(connection, &orders, rules.net).await?;
    forget_said(connection, person).await?;
    forget_mentions(connection, person).await?;
    replace_identifiers(connection, person, token, rules.identity.join_by_email).await?;
    Ok(person.numbers().len() as u64)
}

/// A device that others use too stays theirs and is not hashed.
async fn remember_hashes(
    connection: &DatabaseTransaction,
    person: &Belongings,
    token: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let salt = match salt(connection).await? {
        Some(salt) => salt,
        None => new_salt(connection).await?,
    };
    let own = person.rows.iter().filter(|row| !row.is_shared());
    let rows = own.map(|row| [hash(&salt, &row.identifier).into(), token.into(), sql::micros(now).into()]);
    bulk::write(
        connection,
        "INSERT INTO erasures (hash, token, at) VALUES",
        rows.collect(),
        "ON CONFLICT (hash) DO NOTHING",
    )
    .await
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
    for (table, column) in ALSO_NAMED_IN {
        if has_table(connection, table).await? {
            let keys = names.iter().map(|name| [(*name).into()]).collect();
            bulk::change(connection, &format!("DELETE FROM {table} WHERE"), [*column], keys).await?;
        }
    }
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

async fn has_table(connection: &DatabaseTransaction, table: &str) -> Result<bool, Error> {
    let query = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = $1",
        _ => "SELECT 1 AS found FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
    };
    Ok(sql::row(connection, query, vec![table.into()]).await?.is_some())
}

pub(super) async fn salt<C: ConnectionTrait>(connection: &C) -> Result<Option<String>, Error> {
    let row = sql::row(connection, "SELECT value FROM settings WHERE name = $1", vec![SALT.into()]).await?;
    row.map(|row| sql::get(&row, "value")).transpose()
}

async fn new_salt<C: ConnectionTrait>(connection: &C) -> Result<String, Error> {
    let salt = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let values = vec![SALT.into(), salt.as_str().into()];
    sql::execute(connection, "INSERT INTO settings (name, value) VALUES ($1, $2)", values).await?;
    Ok(salt)
}

pub(super) fn hash(salt: &str, identifier: &Identifier) -> String {
    let digest = Sha256::digest(format!("{salt}\0{identifier}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn token_of<C: ConnectionTrait>(
    connection: &C,
    identifier: &Identifier,
) -> Result<Option<String>, Error> {
    Ok(tokens(connection, &BTreeSet::from([identifier])).await?.remove(identifier))
}

/// The tokens of those identifiers that were erased.
async fn tokens<'a, C: ConnectionTrait>(
    connection: &C,
    identifiers: &BTreeSet<&'a Identifier>,
) -> Result<BTreeMap<&'a Identifier, String>, Error> {
    let Some(salt) = salt(connection).await? else { return Ok(BTreeMap::new()) };
    let hashed: BTreeMap<String, &Identifier> =
        identifiers.iter().map(|identifier| (hash(&salt, identifier), *identifier)).collect();
    let keys = hashed.keys().map(|hash| [hash.as_str().into()]).collect();
    let mut tokens = BTreeMap::new();
    for row in bulk::find(connection, "SELECT hash, token FROM erasures WHERE", ["hash"], keys, "").await? {
        if let Some(identifier) = hashed.get(&sql::get::<String>(&row, "hash")?) {
            tokens.insert(*identifier, sql::get(&row, "token")?);
        }
    }
    Ok(tokens)
}

/// What of an event belongs to an erased person.
pub(crate) struct Concealed {
    /// The event's position among the facts.
    pub(crate) index: usize,
    token: String,
    /// All of it; else only identifiers that it mentions beside that of somebody else.
    whole: bool,
    device: bool,
}

/// Takes erased persons out of facts. Facts whose surest identifier was erased are put under the token, and of them only
/// the order is kept. In facts of others the erased identifiers are left out, and traits that hold one.
pub(crate) async fn conceal<C: ConnectionTrait>(
    connection: &C,
    said: &mut [Facts],
) -> Result<Vec<Concealed>, Error> {
    let named: Vec<BTreeSet<Identifier>> = said.iter().map(named).collect();
    let tokens = tokens(connection, &named.iter().flatten().collect()).await?;
    let mut concealed = Vec::new();
    for (index, (facts, named)) in said.iter_mut().zip(&named).enumerate() {
        let erased: BTreeMap<&Identifier, &String> =
            named.iter().filter_map(|identifier| Some((identifier, tokens.get(identifier)?))).collect();
        let Some(any) = erased.values().next() else { continue };
        let whole = facts.subject.as_ref().and_then(|subject| erased.get(subject));
        let device = erased.keys().any(|identifier| *identifier.kind() == IdentifierKind::AnonymousId);
        let token = (*whole.unwrap_or(any)).clone();
        match whole {
            Some(token) => keep_order_only(facts, token),
            None => leave_out(facts, &erased),
        }
        concealed.push(Concealed { index, token, whole: whole.is_some(), device });
    }
    Ok(concealed)
}

fn named(facts: &Facts) -> BTreeSet<Identifier> {
    let links = facts.links.iter().flat_map(|link| [&link.claimed, &link.owner]);
    facts.subject.iter().chain(&facts.seen).chain(links).cloned().collect()
}

fn keep_order_only(facts: &mut Facts, token: &str) {
    let order = facts.order.take().map(|mut order| {
        order.by = Some(Identifier::erased(token));
        order.said.reason = None;
        order
    });
    let Facts { source, message_id, at, .. } = std::mem::take(facts);
    *facts = Facts { source, message_id, at, order, ..Facts::default() };
}

fn leave_out(facts: &mut Facts, erased: &BTreeMap<&Identifier, &String>) {
    facts.seen.retain(|identifier| !erased.contains_key(identifier));
    facts.links.retain(|link| !erased.contains_key(&link.claimed) && !erased.contains_key(&link.owner));
    let mentions = |text: &str| {
        let text = text.to_lowercase();
        erased.keys().any(|identifier| text.contains(&identifier.value().to_lowercase()))
    };
    facts.traits.retain(|said| !mentions(&said.value));
    facts.unusable.retain(|unusable| !mentions(&unusable.reason));
}

/// Takes the person out of an event that arrived after the erasure.
pub(crate) async fn forget_event<C: ConnectionTrait>(
    connection: &C,
    seq: i64,
    concealed: &Concealed,
) -> Result<(), Error> {
    let update = "UPDATE events SET user_id = CASE WHEN $3 AND user_id IS NOT NULL THEN $2 ELSE user_id END, \
                  anonymous_id = CASE WHEN $4 AND anonymous_id IS NOT NULL THEN $2 ELSE anonymous_id END, payload = '{}' WHERE seq = $1";
    let Concealed { token, whole, device, .. } = concealed;
    let values = vec![seq.into(), token.as_str().into(), (*whole).into(), (*whole || *device).into()];
    sql::execute(connection, update, values).await.map(drop)
}
