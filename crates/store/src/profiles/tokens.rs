//! What stays of an erased person: a token, and salted hashes by which what arrives later is recognised.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::mentions::Mentions;
use super::read::Belongings;
use crate::commerce::activity::Activity;
use crate::facts::Facts;
use crate::identity::{Identifier, IdentifierKind};
use crate::writer::Lock;
use crate::{Error, Store, bulk, keys, sql};

/// The name of the salt in the table of settings.
const SALT: &str = "erasure_salt";

impl Store {
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
}

/// A new token.
pub(super) fn new_token() -> String {
    format!("erased-{:032x}", rand::random::<u128>())
}

/// Whether a text has the form of a token: events of erased persons carry it in place of their ids.
pub(crate) fn is_token(text: &str) -> bool {
    let digits = text.strip_prefix("erased-").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Keeps hashes of a person's identifiers. A device that others use too stays theirs and is not hashed.
pub(super) async fn remember(
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

pub(super) async fn salt<C: ConnectionTrait>(connection: &C) -> Result<Option<String>, Error> {
    sql::setting(connection, SALT).await
}

async fn new_salt<C: ConnectionTrait>(connection: &C) -> Result<String, Error> {
    let salt = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    sql::put_setting(connection, SALT, &salt).await?;
    Ok(salt)
}

pub(super) fn hash(salt: &str, identifier: &Identifier) -> String {
    keys::hash(&format!("{salt}\0{identifier}"))
}

/// The token of an erased identifier.
pub(super) async fn token_of<C: ConnectionTrait>(
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
/// the order or the activity is kept. In facts of others the erased identifiers are left out, and traits that hold one.
pub(crate) async fn conceal<C: ConnectionTrait>(
    connection: &C,
    said: &mut [Facts],
) -> Result<Vec<Concealed>, Error> {
    let named: Vec<BTreeSet<Identifier>> = said.iter().map(named).collect();
    let tokens = tokens(connection, &named.iter().flatten().collect()).await?;
    let shared = shared_devices(connection, said.iter().filter_map(|facts| facts.subject.as_ref())).await?;
    let mut concealed = Vec::new();
    for (index, (facts, named)) in said.iter_mut().zip(&named).enumerate() {
        let erased: BTreeMap<&Identifier, &String> =
            named.iter().filter_map(|identifier| Some((identifier, tokens.get(identifier)?))).collect();
        let whole = facts.subject.as_ref().and_then(|subject| {
            let at_the_time = |stretch: &&Stretch| stretch.from <= facts.at && facts.at < stretch.until;
            let device = || shared.get(subject)?.iter().find(at_the_time).map(|stretch| &stretch.token);
            erased.get(subject).copied().or_else(device)
        });
        let Some(any) = whole.or_else(|| erased.values().next().copied()) else { continue };
        let device = erased.keys().any(|identifier| *identifier.kind() == IdentifierKind::AnonymousId);
        let token = any.clone();
        match whole {
            Some(token) => keep_figures_only(facts, token),
            None => leave_out(facts, &erased),
        }
        concealed.push(Concealed { index, token, whole: whole.is_some(), device });
    }
    Ok(concealed)
}

/// A stretch of time in which a device was an erased person's.
struct Stretch {
    from: i64,
    until: i64,
    token: String,
}

/// The devices among subjects that others use beside an erased person, and the time in which they were that person's.
async fn shared_devices<'a, C: ConnectionTrait>(
    connection: &C,
    subjects: impl Iterator<Item = &'a Identifier>,
) -> Result<BTreeMap<Identifier, Vec<Stretch>>, Error> {
    let mut stretches: BTreeMap<Identifier, Vec<Stretch>> = BTreeMap::new();
    if salt(connection).await?.is_none() {
        return Ok(stretches);
    }
    let devices: BTreeSet<&Identifier> =
        subjects.filter(|subject| *subject.kind() == IdentifierKind::AnonymousId).collect();
    let keys = devices.iter().map(|device| ["anonymous_id".into(), device.value().into()]).collect();
    let head = "SELECT device.kind, device.value, device.from_at, device.until_at, erased.value AS token FROM identifiers AS device \
                JOIN identifiers AS erased ON erased.root = device.root AND erased.kind = 'erased' WHERE";
    for row in bulk::find(connection, head, ["device.kind", "device.value"], keys, "").await? {
        let device = sql::get_identifier(&row, "kind", "value")?;
        let stretch = Stretch {
            from: sql::get(&row, "from_at")?,
            until: sql::get(&row, "until_at")?,
            token: sql::get(&row, "token")?,
        };
        stretches.entry(device).or_default().push(stretch);
    }
    Ok(stretches)
}

fn named(facts: &Facts) -> BTreeSet<Identifier> {
    let links = facts.links.iter().flat_map(|link| [&link.claimed, &link.owner]);
    facts.subject.iter().chain(&facts.seen).chain(links).cloned().collect()
}

fn keep_figures_only(facts: &mut Facts, token: &str) {
    let order = facts.order.take().map(|mut order| {
        order.by = Some(Identifier::erased(token));
        order.said.reason = None;
        order
    });
    let activity = facts.activity.take().map(|activity| Activity {
        by: Identifier::erased(token),
        said: activity.said.without_particulars(),
        ..activity
    });
    let Facts { source, message_id, at, .. } = std::mem::take(facts);
    *facts = Facts { source, message_id, at, order, activity, ..Facts::default() };
}

fn leave_out(facts: &mut Facts, erased: &BTreeMap<&Identifier, &String>) {
    facts.seen.retain(|identifier| !erased.contains_key(identifier));
    facts.links.retain(|link| !erased.contains_key(&link.claimed) && !erased.contains_key(&link.owner));
    let erased: Mentions = erased.keys().copied().collect();
    facts.traits.retain(|said| !erased.found_in(&said.value));
    facts.unusable.retain(|unusable| !erased.found_in(&unusable.reason));
    // The event loses its payload.
    let without = |activity: Activity| Activity { said: activity.said.without_particulars(), ..activity };
    facts.activity = facts.activity.take().map(without);
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
