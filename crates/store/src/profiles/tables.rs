//! Writes what was said of persons. Of two statements with one key the later is kept, at the same time the larger value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use super::{DateOfLife, Origin};
use crate::facts::{ConsentSaid, Facts, Trait, said_at, storable};
use crate::identity::{Identifier, IdentifierKind, People};
use crate::{Error, Store, bulk, projector};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The longest value of a trait that a call may set, in bytes of JSON; events are bounded by the size of a message.
const VALUE_LIMIT: usize = 32 * 1024;

impl Store {
    /// Records what a program concluded of a customer, with the time that it is true for. It stands beside what the
    /// customer said, never in its place. `null` takes it back.
    ///
    /// # Errors
    /// A value of more than 32 KB of JSON, a time in the future, an erased person; or when the database cannot be written.
    pub async fn infer(
        &self,
        identifier: &Identifier,
        name: &str,
        value: &serde_json::Value,
        source: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let value = value.to_string();
        let what = || format!("the trait `{}` of {identifier}", name.escape_default());
        if value.len() > VALUE_LIMIT {
            return Err(Error::invalid(what(), "its value has more than 32 KB"));
        }
        if name.is_empty() || name.len() > 255 || name.contains('\0') {
            return Err(Error::invalid(what(), "a name has 1 to 255 bytes and no NUL character"));
        }
        let facts = Facts {
            source: storable(source),
            at: said_at(at, what)?,
            subject: Some(identifier.clone()),
            traits: vec![Trait { name: name.to_owned(), origin: Origin::Inferred, value }],
            ..Facts::default()
        };
        projector::apply_call(self, facts).await
    }
}

/// A trait of a person: the person, the name, the origin, the slot.
type TraitKey<'a> = (i64, &'a str, Origin, i64);
/// What is said of a trait: when, the value, the source.
type TraitSaid<'a> = (i64, &'a str, &'a str);

/// What is written, by key: the persons, and the slot of a device's facts.
#[derive(Default)]
struct Rows<'a> {
    traits: BTreeMap<TraitKey<'a>, TraitSaid<'a>>,
    dates: BTreeMap<(i64, &'a str, i64), (i64, Option<DateOfLife>)>,
    consents: BTreeMap<(i64, &'a str, &'a str, &'a str, bool, i64), Statement<'a>>,
}

/// A consent with the times of its first and last telling.
#[derive(Clone, Copy)]
struct Statement<'a> {
    at: i64,
    confirmed_at: i64,
    source: &'a str,
    message_id: Option<&'a str>,
}

/// Writes traits, dates of life and consents.
pub(crate) async fn write<C: ConnectionTrait>(
    connection: &C,
    said: &[Facts],
    people: &People,
) -> Result<(), Error> {
    let mut rows = Rows::default();
    for facts in said {
        let Some((subject, person)) = facts.subject.as_ref().and_then(|s| Some((s, *people.get(s)?))) else {
            continue;
        };
        let is_device = *subject.kind() == IdentifierKind::AnonymousId;
        rows.add(facts, person, if is_device { facts.at } else { 0 });
    }
    rows.write_traits(connection).await?;
    rows.write_dates(connection).await?;
    rows.write_consents(connection).await
}

impl<'a> Rows<'a> {
    fn add(&mut self, facts: &'a Facts, person: i64, slot: i64) {
        for said in &facts.traits {
            let new = (facts.at, said.value.as_str(), facts.source.as_str());
            let kept = self.traits.entry((person, &said.name, said.origin, slot)).or_insert(new);
            *kept = new.max(*kept);
        }
        for (name, date) in &facts.dates {
            let new = (facts.at, *date);
            let kept = self.dates.entry((person, name, slot)).or_insert(new);
            *kept = new.max(*kept);
        }
        for said in &facts.consents {
            let ConsentSaid { channel, topic, purpose, granted, at, declared } = said;
            let slot = if *declared { *at } else { at.div_euclid(DAY) };
            let message_id = facts.message_id.as_deref();
            let new = Statement { at: *at, confirmed_at: *at, source: &facts.source, message_id };
            let kept = self.consents.entry((person, channel, topic, purpose, *granted, slot)).or_insert(new);
            let first = if (new.at, new.source, new.message_id) < (kept.at, kept.source, kept.message_id) {
                new
            } else {
                *kept
            };
            *kept = Statement { confirmed_at: kept.confirmed_at.max(new.confirmed_at), ..first };
        }
    }

    async fn write_traits<C: ConnectionTrait>(&self, connection: &C) -> Result<(), Error> {
        let row = |(key, said): (&TraitKey, &TraitSaid)| -> [Value; 7] {
            let ((person, name, origin, slot), (at, value, source)) = (*key, *said);
            [
                person.into(),
                name.into(),
                origin.as_str().into(),
                slot.into(),
                value.into(),
                at.into(),
                source.into(),
            ]
        };
        bulk::write(
            connection,
            "INSERT INTO traits (person, name, origin, slot, value, at, source) VALUES",
            self.traits.iter().map(row).collect(),
            "ON CONFLICT (person, name, origin, slot) DO UPDATE SET value = excluded.value, at = excluded.at, source = excluded.source \
             WHERE (excluded.at, excluded.value, excluded.source) > (traits.at, traits.value, traits.source)",
        )
        .await
    }

    async fn write_dates<C: ConnectionTrait>(&self, connection: &C) -> Result<(), Error> {
        let row = |(key, said): (&(i64, &str, i64), &(i64, Option<DateOfLife>))| -> [Value; 7] {
            let ((person, name, slot), (at, date)) = (*key, *said);
            // Zeros stand for an unknown year and for a date that was taken back.
            let (month, day) = date.map_or((0, 0), |date| (i64::from(date.month()), i64::from(date.day())));
            let year = date.and_then(DateOfLife::year).map_or(0, i64::from);
            [person.into(), name.into(), slot.into(), month.into(), day.into(), year.into(), at.into()]
        };
        bulk::write(
            connection,
            "INSERT INTO dates_of_life (person, name, slot, month, day, year, at) VALUES",
            self.dates.iter().map(row).collect(),
            "ON CONFLICT (person, name, slot) DO UPDATE SET month = excluded.month, day = excluded.day, year = excluded.year, at = excluded.at \
             WHERE (excluded.at, excluded.month, excluded.day, excluded.year) \
             > (dates_of_life.at, dates_of_life.month, dates_of_life.day, dates_of_life.year)",
        )
        .await
    }

    async fn write_consents<C: ConnectionTrait>(&self, connection: &C) -> Result<(), Error> {
        type Key<'a> = (i64, &'a str, &'a str, &'a str, bool, i64);
        let row = |(key, said): (&Key<'_>, &Statement<'_>)| -> [Value; 10] {
            let (person, channel, topic, purpose, granted, slot) = *key;
            [
                person.into(),
                channel.into(),
                topic.into(),
                purpose.into(),
                granted.into(),
                slot.into(),
                said.at.into(),
                said.confirmed_at.into(),
                said.source.into(),
                said.message_id.into(),
            ]
        };
        let rows = self.consents.iter().map(row).collect();
        // Of tellings at the same time not the one that arrived first, but one that every order of arrival gives.
        let earlier = "(excluded.at, excluded.source, COALESCE(excluded.message_id, '')) \
                       < (consents.at, consents.source, COALESCE(consents.message_id, ''))";
        let first = |column| {
            format!("{column} = CASE WHEN {earlier} THEN excluded.{column} ELSE consents.{column} END")
        };
        let tail = format!(
            "ON CONFLICT (person, channel, topic, purpose, granted, slot) DO UPDATE SET {}, {}, {}, \
             confirmed_at = CASE WHEN excluded.confirmed_at > consents.confirmed_at THEN excluded.confirmed_at ELSE consents.confirmed_at END",
            first("at"),
            first("source"),
            first("message_id"),
        );
        bulk::write(
            connection,
            "INSERT INTO consents (person, channel, topic, purpose, granted, slot, at, confirmed_at, source, message_id) VALUES",
            rows,
            &tail,
        )
        .await
    }
}
