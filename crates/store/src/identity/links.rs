//! The table `merges`: links between persons as they were told.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::rules::Claim;
use crate::{Error, bulk, sql};

/// A link as it will be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Linked {
    pub(crate) reason: String,
    pub(crate) source: String,
    pub(crate) message_id: Option<String>,
    pub(crate) at: i64,
    pub(crate) by_hand: bool,
}

impl Linked {
    /// Of two tellings of one link the one that is kept: that made by hand, else the earliest.
    pub(crate) fn before(&self, other: &Self) -> bool {
        let key = |link: &Self| {
            (!link.by_hand, link.at, link.reason.clone(), link.source.clone(), link.message_id.clone())
        };
        key(self) < key(other)
    }
}

/// Links by (claimed person, owner).
pub(super) type Links = BTreeMap<(i64, i64), Linked>;

/// Those of `links` that are new or told earlier than before. A link that was undone stays so, until it is made by hand.
pub(super) async fn changed<C: ConnectionTrait>(connection: &C, mut links: Links) -> Result<Links, Error> {
    let pairs = links.keys().map(|(claimed, owner)| [(*claimed).into(), (*owner).into()]).collect();
    let head = "SELECT claimed, owner, reason, source, message_id, at, by_hand, undone_at FROM merges WHERE";
    for row in bulk::find(connection, head, ["claimed", "owner"], pairs, "").await? {
        let pair = (sql::get(&row, "claimed")?, sql::get(&row, "owner")?);
        let undone = sql::get::<Option<i64>>(&row, "undone_at")?.is_some();
        let stored = linked(&row)?;
        let keep = |new: &Linked| if undone { new.by_hand } else { new.before(&stored) };
        if links.get(&pair).is_some_and(|new| !keep(new)) {
            links.remove(&pair);
        }
    }
    Ok(links)
}

fn linked(row: &QueryResult) -> Result<Linked, Error> {
    Ok(Linked {
        reason: sql::get(row, "reason")?,
        source: sql::get(row, "source")?,
        message_id: sql::get(row, "message_id")?,
        at: sql::get(row, "at")?,
        by_hand: sql::get(row, "by_hand")?,
    })
}

/// Writes links. Those on shared identifiers join nothing until [`set_joining`] says so.
pub(super) async fn write<C: ConnectionTrait>(
    connection: &C,
    links: Links,
    shared: &BTreeSet<i64>,
) -> Result<(), Error> {
    let row = |((claimed, owner), link): ((i64, i64), Linked)| -> [Value; 8] {
        [
            claimed.into(),
            owner.into(),
            link.reason.into(),
            link.source.into(),
            link.message_id.into(),
            link.at.into(),
            link.by_hand.into(),
            (!shared.contains(&claimed)).into(),
        ]
    };
    bulk::write(
        connection,
        "INSERT INTO merges (claimed, owner, reason, source, message_id, at, by_hand, joins) VALUES",
        links.into_iter().map(row).collect(),
        "ON CONFLICT (claimed, owner) DO UPDATE SET reason = excluded.reason, source = excluded.source, \
         message_id = excluded.message_id, at = excluded.at, by_hand = excluded.by_hand, undone_at = NULL, undone_reason = NULL, \
         joins = CASE WHEN merges.undone_at IS NULL THEN merges.joins ELSE excluded.joins END",
    )
    .await
}

/// An active link as the rules see it, with the customer that the owner was last written under.
#[derive(Debug, Clone)]
pub(super) struct ActiveLink {
    pub(super) claim: Claim,
    pub(super) joins: bool,
    pub(super) owner_root: i64,
}

/// The active links on persons, by the claimed one.
pub(super) async fn on<C: ConnectionTrait>(
    connection: &C,
    persons: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, Vec<ActiveLink>>, Error> {
    let head = "SELECT merges.claimed, merges.owner, merges.at, merges.by_hand, merges.joins, \
                identifiers.root, identifiers.kind, identifiers.value \
                FROM merges JOIN identifiers ON identifiers.person = merges.owner \
                WHERE merges.undone_at IS NULL AND";
    let keys = persons.iter().map(|person| [(*person).into()]).collect();
    let mut links: BTreeMap<i64, Vec<ActiveLink>> = BTreeMap::new();
    for row in bulk::find(connection, head, ["merges.claimed"], keys, "").await? {
        let claim = Claim {
            owner: sql::get_identifier(&row, "kind", "value")?,
            person: sql::get(&row, "owner")?,
            at: sql::get(&row, "at")?,
            by_hand: sql::get(&row, "by_hand")?,
        };
        let link = ActiveLink { claim, joins: sql::get(&row, "joins")?, owner_root: sql::get(&row, "root")? };
        let links = links.entry(sql::get(&row, "claimed")?).or_default();
        // An owner that is a device has a row for each stretch of time.
        if links.iter().all(|known| known.claim.person != link.claim.person) {
            links.push(link);
        }
    }
    Ok(links)
}

/// Records whether links join.
pub(super) async fn set_joining<C: ConnectionTrait>(
    connection: &C,
    joins: bool,
    pairs: Vec<[Value; 2]>,
) -> Result<(), Error> {
    let head = format!("UPDATE merges SET joins = {joins} WHERE");
    bulk::change(connection, &head, ["claimed", "owner"], pairs).await
}
