//! Consents: per channel, topic and purpose, each with its source and time. What nobody granted is not granted.

use std::collections::{BTreeMap, HashSet};
use std::iter::successors;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::Serialize;

use super::read::Belongings;
use crate::facts::{ConsentSaid, Facts, said_at, storable};
use crate::identity::Identifier;
use crate::{Error, Store, json, projector, sql};

/// Stands for all channels, topics or purposes.
pub(crate) const ANY: &str = "*";

/// Persons whose rows are read at a time.
const PERSONS: i64 = 10_000;

/// A consent that was granted or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// By what: `email`, `sms`, `push`, `post`, `phone`, `tracking` (the categories of a cookie banner), ...; `*` for all.
    pub channel: String,
    /// About what, such as `newsletter`; `*` for all.
    pub topic: String,
    /// What for, such as `marketing`; `*` for all.
    pub purpose: String,
    /// Granted, or taken back.
    pub granted: bool,
    /// When it was first said so.
    #[serde(serialize_with = "json::write_time")]
    pub at: Timestamp,
    /// When it was last said so.
    #[serde(serialize_with = "json::write_time")]
    pub confirmed_at: Timestamp,
    /// The write key or program that told it.
    pub source: String,
    /// The message that told it.
    pub message_id: Option<String>,
}

/// A consent that a call records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// See [`Consent::channel`].
    pub channel: String,
    /// See [`Consent::topic`].
    pub topic: String,
    /// See [`Consent::purpose`].
    pub purpose: String,
    /// Granted, or taken back.
    pub granted: bool,
    /// When the customer decided.
    pub at: Timestamp,
    /// Who tells it, such as `double opt-in` or a form's name.
    pub source: String,
}

/// Customers who agreed to be written to: see [`Store::consented`].
#[derive(Debug, Clone, Default)]
pub struct Consented(HashSet<String>);

impl Consented {
    /// Whether a customer, by the name under which it is exported, agreed.
    #[must_use]
    pub fn contains(&self, customer: &str) -> bool {
        self.0.contains(customer)
    }

    /// How many agreed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody did.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was decided last. Of two decisions at the same time the withdrawal counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Decision {
    at: i64,
    withdrawn: bool,
}

impl Store {
    /// Records that a customer granted or took back a consent. Channel, topic and purpose are compared in lower case;
    /// `*` stands for all.
    ///
    /// # Errors
    /// An empty or overlong channel, topic or purpose, a time in the future, an erased person; or when the database cannot be written.
    pub async fn record_consent(&self, identifier: &Identifier, consent: NewConsent) -> Result<(), Error> {
        let NewConsent { channel, topic, purpose, granted, at, source } = consent;
        let what = || format!("a consent of {identifier}");
        let part = |name: &str, text: String| {
            let text = text.trim().to_lowercase();
            if text.is_empty() || text.len() > 255 || text.contains('\0') {
                return Err(Error::invalid(what(), format!("its {name} has to have 1 to 255 bytes")));
            }
            Ok(text)
        };
        let (channel, topic) = (part("channel", channel)?, part("topic", topic)?);
        let purpose = part("purpose", purpose)?;
        let at = said_at(at, what)?;
        let facts = Facts {
            source: storable(&source),
            at,
            subject: Some(identifier.clone()),
            consents: vec![ConsentSaid { channel, topic, purpose, granted, at, declared: true }],
            ..Facts::default()
        };
        projector::apply_call(self, facts).await
    }

    /// Whether somebody may be written to by a channel, about a topic, for a purpose: only if the latest decision that
    /// covers them was to grant it. A withdrawal counts before a grant of the same time, and without a decision the answer
    /// is no.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn may_receive(
        &self,
        identifier: &Identifier,
        channel: &str,
        topic: &str,
        purpose: &str,
    ) -> Result<bool, Error> {
        let Some(belongings) = self.belongings(identifier).await? else { return Ok(false) };
        let asked = [channel, topic, purpose].map(str::to_lowercase);
        let history = history(self.reader(), &belongings).await?;
        let covering = |consent: &&Consent| {
            let parts = [&consent.channel, &consent.topic, &consent.purpose];
            parts.into_iter().zip(&asked).all(|(said, asked)| said == ANY || said == asked)
        };
        let decision = |consent: &Consent| Decision {
            at: sql::micros(consent.confirmed_at),
            withdrawn: !consent.granted,
        };
        Ok(history.iter().filter(covering).map(decision).max().is_some_and(|last| !last.withdrawn))
    }

    /// All customers who may be written to by a channel, about a topic, for a purpose, by the name under which they are
    /// exported (see [`super::Profile::customer`]).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn consented(&self, channel: &str, topic: &str, purpose: &str) -> Result<Consented, Error> {
        let mut last: BTreeMap<i64, Decision> = BTreeMap::new();
        let query = "SELECT identifiers.root, consents.granted, consents.confirmed_at \
                     FROM consents JOIN identifiers ON identifiers.person = consents.person \
                     AND identifiers.from_at <= consents.confirmed_at AND consents.confirmed_at < identifiers.until_at \
                     WHERE consents.channel IN ($1, '*') AND consents.topic IN ($2, '*') AND consents.purpose IN ($3, '*') \
                     AND consents.person > $4 AND consents.person <= $5";
        let asked = [channel, topic, purpose].map(str::to_lowercase);
        for (after, until) in self.ranges_of_persons().await? {
            let parts = asked.iter().map(|part| part.as_str().into());
            for row in
                sql::rows(self.reader(), query, parts.chain([after.into(), until.into()]).collect()).await?
            {
                let decision = Decision {
                    at: sql::get(&row, "confirmed_at")?,
                    withdrawn: !sql::get::<bool>(&row, "granted")?,
                };
                let kept = last.entry(sql::get(&row, "root")?).or_insert(decision);
                *kept = decision.max(*kept);
            }
        }
        last.retain(|_, decision| !decision.withdrawn);
        self.names(&last).await.map(Consented)
    }

    /// The names under which customers are exported.
    async fn names<T>(&self, roots: &BTreeMap<i64, T>) -> Result<HashSet<String>, Error> {
        let query = "SELECT root, customer FROM customers WHERE root > $1 AND root <= $2";
        let mut names = HashSet::with_capacity(roots.len());
        for (after, until) in self.ranges_of_persons().await? {
            for row in sql::rows(self.reader(), query, vec![after.into(), until.into()]).await? {
                if roots.contains_key(&sql::get(&row, "root")?) {
                    names.insert(sql::get(&row, "customer")?);
                }
            }
        }
        Ok(names)
    }

    /// All persons, in ranges that bound the rows of a query: after the first number, up to the second.
    async fn ranges_of_persons(&self) -> Result<impl Iterator<Item = (i64, i64)> + use<>, Error> {
        let row = sql::row(self.reader(), "SELECT COALESCE(MAX(person), 0) AS last FROM identifiers", vec![])
            .await?;
        let last: i64 = row.map_or(Ok(0), |row| sql::get(&row, "last"))?;
        let starts =
            successors(Some(0), |after| Some(after + PERSONS)).take_while(move |after| *after < last);
        Ok(starts.map(|after| (after, after + PERSONS)))
    }
}

/// All consents of a customer, in the order of time.
pub(super) async fn history<C: ConnectionTrait>(
    connection: &C,
    belongings: &Belongings,
) -> Result<Vec<Consent>, Error> {
    let head = "SELECT person, channel, topic, purpose, granted, at, confirmed_at, source, message_id FROM consents WHERE";
    let rows = crate::bulk::find(connection, head, ["person"], belongings.persons(), "").await?;
    let mut history = Vec::new();
    for row in &rows {
        if belongings.owns(sql::get(row, "person")?, sql::get(row, "confirmed_at")?) {
            history.push(stored(row)?);
        }
    }
    history.sort_by_key(|consent| (consent.confirmed_at, !consent.granted));
    Ok(history)
}

/// The latest of each channel, topic and purpose.
pub(super) fn current(history: Vec<Consent>) -> Vec<Consent> {
    let mut current = BTreeMap::new();
    for consent in history {
        current.insert((consent.channel.clone(), consent.topic.clone(), consent.purpose.clone()), consent);
    }
    current.into_values().collect()
}

fn stored(row: &QueryResult) -> Result<Consent, Error> {
    Ok(Consent {
        channel: sql::get(row, "channel")?,
        topic: sql::get(row, "topic")?,
        purpose: sql::get(row, "purpose")?,
        granted: sql::get(row, "granted")?,
        at: sql::get_time(row, "at")?,
        confirmed_at: sql::get_time(row, "confirmed_at")?,
        source: sql::get(row, "source")?,
        message_id: sql::get(row, "message_id")?,
    })
}
