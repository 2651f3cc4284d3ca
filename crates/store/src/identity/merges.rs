//! Merges as people see and make them: listed, made and undone by hand.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sea_orm::QueryResult;
use serde::Serialize;

use super::{Identifier, IdentifierKind, rebuild};
use crate::facts::{Facts, Link, storable};
use crate::writer::Lock;
use crate::{Error, Page, Store, json, projector, sql};

/// What a link between two identifiers does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// Both belong to one customer; a device to several, one after another.
    Joined,
    /// Two accounts share an address, which by the rules joins the first of them only. [`Store::merge`] joins the second.
    Suggested,
    /// It was undone, and stays so when it is told again.
    Undone,
}

/// A link between two identifiers, why it was made, and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merge {
    /// Its number.
    pub id: i64,
    /// The less sure identifier, which is claimed.
    pub claimed: Identifier,
    /// The surer one.
    pub owner: Identifier,
    /// The kind of message that told it first (`identify`, `track`, `alias`, ...), or the reason given by hand.
    pub reason: String,
    /// The write key of that message, or `api`.
    pub source: String,
    /// That message.
    pub message_id: Option<String>,
    /// When it was first told.
    #[serde(serialize_with = "json::write_time")]
    pub at: Timestamp,
    /// What it does.
    pub state: MergeState,
    /// When it was undone.
    #[serde(serialize_with = "json::write_optional_time")]
    pub undone_at: Option<Timestamp>,
    /// Why it was undone.
    pub undone_reason: Option<String>,
}

/// Columns of a merge; devices have a row per stretch of time, of which any will do.
const COLUMNS: &str = "SELECT DISTINCT merges.id, merges.reason, merges.source, merges.message_id, merges.at, merges.joins, \
    merges.undone_at, merges.undone_reason, claimed.kind AS claimed_kind, claimed.value AS claimed_value, \
    owner.kind, owner.value \
    FROM merges JOIN identifiers AS claimed ON claimed.person = merges.claimed \
    JOIN identifiers AS owner ON owner.person = merges.owner";

impl Store {
    /// Joins two identifiers by hand, also where the rules would not, and also if it was undone before.
    ///
    /// # Errors
    /// The same identifier twice, two devices (join both with an account or an address), an erased person; or when the
    /// database cannot be written.
    pub async fn merge(
        &self,
        a: &Identifier,
        b: &Identifier,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let what = || format!("a merge of {a} and {b}");
        let device = |identifier: &Identifier| *identifier.kind() == IdentifierKind::AnonymousId;
        if device(a) && device(b) {
            return Err(Error::invalid(what(), "both are devices; merge each with an account or an address"));
        }
        let link = Link::between(a, b, &storable(reason))
            .ok_or_else(|| Error::invalid(what(), "they are the same"))?;
        let facts = Facts {
            source: "api".to_owned(),
            at: at.as_microsecond(),
            links: vec![Link { by_hand: true, ..link }],
            ..Facts::default()
        };
        projector::apply_call(self, facts).await
    }

    /// Takes a link away: everything that arrived for its two identifiers goes back to where it came from.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such merge; when the database cannot be written. Undoing it twice is no error.
    pub async fn undo_merge(&self, id: i64, reason: &str, at: Timestamp) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let query = "SELECT claimed, owner, undone_at FROM merges WHERE id = $1";
        let row = sql::row(&transaction, query, vec![id.into()]).await?;
        let row = row.ok_or_else(|| Error::NotFound(format!("merge with the number {id}")))?;
        if sql::get::<Option<i64>>(&row, "undone_at")?.is_some() {
            return Ok(());
        }
        let undo = "UPDATE merges SET undone_at = $1, undone_reason = $2, joins = FALSE WHERE id = $3";
        let values = vec![sql::micros(at).into(), storable(reason).into(), id.into()];
        sql::execute(&transaction, undo, values).await?;
        let persons = BTreeSet::from([sql::get(&row, "claimed")?, sql::get(&row, "owner")?]);
        let rules = projector::rules(&transaction).await?;
        rebuild(&transaction, &persons, rules.identity.join_by_email).await?;
        Ok(transaction.commit().await?)
    }

    /// All links, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn merges(&self, page: Page) -> Result<Vec<Merge>, Error> {
        self.list_merges("", page).await
    }

    /// Links that the rules leave open: accounts that share an address. Newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn suggested_merges(&self, page: Page) -> Result<Vec<Merge>, Error> {
        self.list_merges("AND merges.undone_at IS NULL AND NOT merges.joins", page).await
    }

    async fn list_merges(&self, which: &str, page: Page) -> Result<Vec<Merge>, Error> {
        let query = format!("{COLUMNS} WHERE merges.id < $1 {which} ORDER BY merges.id DESC LIMIT $2");
        let values = vec![page.before_or_all().into(), page.bounded_limit().into()];
        sql::rows(self.reader(), &query, values).await?.iter().map(stored).collect()
    }

    /// The links of persons.
    pub(crate) async fn merges_of(&self, persons: &[i64]) -> Result<Vec<Merge>, Error> {
        let mut merges = Vec::new();
        for side in ["merges.claimed", "merges.owner"] {
            let head = format!("{COLUMNS} WHERE");
            let keys = persons.iter().map(|person| [(*person).into()]).collect();
            for row in crate::bulk::find(self.reader(), &head, [side], keys, "").await? {
                merges.push(stored(&row)?);
            }
        }
        merges.sort_by_key(|merge| merge.id);
        merges.dedup_by_key(|merge| merge.id);
        Ok(merges)
    }
}

fn stored(row: &QueryResult) -> Result<Merge, Error> {
    let undone_at = sql::get_optional_time(row, "undone_at")?;
    let state = match (undone_at, sql::get(row, "joins")?) {
        (Some(_), _) => MergeState::Undone,
        (None, true) => MergeState::Joined,
        (None, false) => MergeState::Suggested,
    };
    Ok(Merge {
        id: sql::get(row, "id")?,
        claimed: sql::get_identifier(row, "claimed_kind", "claimed_value")?,
        owner: sql::get_identifier(row, "kind", "value")?,
        reason: sql::get(row, "reason")?,
        source: sql::get(row, "source")?,
        message_id: sql::get(row, "message_id")?,
        at: sql::get_time(row, "at")?,
        state,
        undone_at,
        undone_reason: sql::get(row, "undone_reason")?,
    })
}
