//! From the log of events to identities, profiles, activities and orders.
//!
//! The projector reads events after its cursor, in order, and writes what they say in one transaction with the cursor:
//! so each event counts exactly once, whenever the process dies. What is written does not depend on the order of the
//! events either (see [`crate::facts`]), so a second projector, or one that begins again, changes nothing.

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use crate::commerce::{self, NetRule};
use crate::events::{RejectedEvent, StoredEvent, insert_rejections};
use crate::facts::{self, Facts};
use crate::identity::{self, IdentityRules, Linked, Sightings};
use crate::profiles::{self, conceal, forget_event};
use crate::writer::Lock;
use crate::{Error, Store, sql};

/// Events of one transaction: enough to share its cost, few enough not to keep new events waiting.
const CHUNK: u64 = 1000;

/// The name of the projector's cursor.
const CURSOR: &str = "projector";

/// The name of the rules in the table of settings.
const RULES: &str = "projection_rules";

/// The setting that holds the number of the last event of which something unusable was listed.
const LISTED: &str = "unusable_listed";

/// Rules by which events become customers and orders. They are kept in the database, so that all who write agree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectionRules {
    /// Who is who.
    pub identity: IdentityRules,
    /// What an order is worth.
    pub net: NetRule,
}

/// What [`Store::project`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projected {
    /// Events that were read.
    pub events: u64,
    /// Events that wait. Their numbers are counted, so this can be a little more than there are.
    pub behind: u64,
}

impl Store {
    /// Reads the next events and brings identities, profiles, orders and activities up to date with them. Call it again while it says
    /// that events wait.
    ///
    /// # Errors
    /// When the database cannot be read or written; nothing is lost then, and the next call continues.
    pub async fn project(&self) -> Result<Projected, Error> {
        let rules = rules(self.reader()).await?;
        let from = cursor(self.reader()).await?;
        let events = self.events_after(from, CHUNK).await?;
        let Some(last) = events.last().map(|event| event.seq) else {
            return Ok(Projected { events: 0, behind: 0 });
        };
        let said = events.iter().map(|event| facts::of_event(event, &rules.identity)).collect();
        let transaction = self.begin(Lock::State).await?;
        // Another projector, or new rules, may have come between.
        if cursor(&transaction).await? == from && self::rules(&transaction).await? == rules {
            write(&transaction, &events, said, &rules).await?;
            let advance = "INSERT INTO cursors (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq";
            sql::execute(&transaction, advance, vec![CURSOR.into(), last.into()]).await?;
            transaction.commit().await?;
        }
        self.waiting(events.len() as u64).await
    }

    async fn waiting(&self, events: u64) -> Result<Projected, Error> {
        let behind = self.last_event().await? - cursor(self.reader()).await?;
        Ok(Projected { events, behind: u64::try_from(behind).unwrap_or(0) })
    }

    /// Brings everything up to date with the events that are there now.
    ///
    /// # Errors
    /// As [`Store::project`].
    pub async fn project_all(&self) -> Result<(), Error> {
        let last = self.last_event().await?;
        while cursor(self.reader()).await? < last {
            self.project().await?;
        }
        Ok(())
    }

    /// The rules in force.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn projection_rules(&self) -> Result<ProjectionRules, Error> {
        rules(self.reader()).await
    }

    /// Puts rules into force. Where they differ from those before, all orders and shared addresses are worked out again,
    /// in one transaction; kinds of further identifiers count from the next event on. True if something was changed.
    ///
    /// # Errors
    /// When the database cannot be read or written; the rules before stay then.
    pub async fn set_projection_rules(&self, new: &ProjectionRules) -> Result<bool, Error> {
        let transaction = self.begin(Lock::State).await?;
        let old = rules(&transaction).await?;
        if old == *new {
            return Ok(false);
        }
        let text = serde_json::to_string(new).map_err(|error| Error::invalid("rules", error.to_string()))?;
        sql::put_setting(&transaction, RULES, &text).await?;
        if old.net != new.net {
            commerce::tables::retell_all(&transaction, new.net).await?;
        }
        if old.identity.join_by_email != new.identity.join_by_email {
            identity::rebuild_shared(&transaction, new.identity.join_by_email).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// The number of the last event that was read.
pub(crate) async fn cursor<C: ConnectionTrait>(connection: &C) -> Result<i64, Error> {
    let row = sql::row(connection, "SELECT seq FROM cursors WHERE name = $1", vec![CURSOR.into()]).await?;
    row.map_or(Ok(0), |row| sql::get(&row, "seq"))
}

/// The rules in force.
pub(crate) async fn rules<C: ConnectionTrait>(connection: &C) -> Result<ProjectionRules, Error> {
    let Some(rules) = sql::setting(connection, RULES).await? else { return Ok(ProjectionRules::default()) };
    serde_json::from_str(&rules).map_err(|error| Error::corrupt("the rules of the projection", error))
}

/// Writes what events say, and lists what could not be used of them.
async fn write<C: ConnectionTrait>(
    connection: &C,
    events: &[StoredEvent],
    mut said: Vec<Facts>,
    rules: &ProjectionRules,
) -> Result<(), Error> {
    for concealed in conceal(connection, &mut said).await? {
        if let Some(event) = events.get(concealed.index) {
            forget_event(connection, event.seq, &concealed).await?;
        }
    }
    list_unusable(connection, events, &said).await?;
    apply(connection, said, rules).await
}

/// Lists what could not be used of events, of each event once, also if the log is read again from its beginning.
async fn list_unusable<C: ConnectionTrait>(
    connection: &C,
    events: &[StoredEvent],
    said: &[Facts],
) -> Result<(), Error> {
    let found = events
        .iter()
        .zip(said)
        .flat_map(|(event, said)| said.unusable.iter().map(move |unusable| (event, unusable)));
    let found: Vec<_> = found.collect();
    let Some((last, _)) = found.last() else { return Ok(()) };
    let listed = match sql::setting(connection, LISTED).await? {
        Some(number) => {
            number.parse().map_err(|error| Error::corrupt(format!("the setting {LISTED}"), error))?
        }
        None => 0,
    };
    if last.seq <= listed {
        return Ok(());
    }
    let new = found.iter().filter(|(event, _)| event.seq > listed).map(|(event, unusable)| RejectedEvent {
        source: event.source.clone(),
        message_id: Some(event.event.message_id.clone()),
        received_at: event.received_at,
        code: unusable.code.to_owned(),
        reason: unusable.reason.clone(),
        // The event itself is kept under its message id.
        payload: String::new(),
    });
    insert_rejections(connection, new.collect()).await?;
    sql::put_setting(connection, LISTED, &last.seq.to_string()).await
}

/// Writes what a call of the API says.
pub(crate) async fn apply_call(store: &Store, facts: Facts) -> Result<(), Error> {
    let transaction = store.begin(Lock::State).await?;
    let mut said = vec![facts];
    if !conceal(&transaction, &mut said).await?.is_empty() {
        return Err(Error::invalid(
            "what was said of an erased person",
            "readmit the identifier first if the person agrees",
        ));
    }
    let rules = rules(&transaction).await?;
    apply(&transaction, said, &rules).await?;
    Ok(transaction.commit().await?)
}

/// Writes facts: who is who, what was said of them, what they did, and orders.
async fn apply<C: ConnectionTrait>(
    connection: &C,
    said: Vec<Facts>,
    rules: &ProjectionRules,
) -> Result<(), Error> {
    let mut told = Sightings::default();
    for facts in &said {
        for identifier in &facts.seen {
            told.see(identifier, Some((facts.at, facts.source.clone())));
        }
        if let Some(subject) = &facts.subject {
            told.see(subject, None);
        }
        for link in &facts.links {
            let linked = Linked {
                reason: link.reason.clone(),
                source: facts.source.clone(),
                message_id: facts.message_id.clone(),
                // A device's history is divided by what happened when; an address is a matter of who may have it.
                at: if link.claimed.kind().is_address() { facts.claimed_at() } else { facts.at },
                by_hand: link.by_hand,
            };
            told.link(link, linked);
        }
    }
    let people = identity::register(connection, told, rules.identity.join_by_email).await?;
    profiles::write(connection, &said, &people).await?;
    let mut orders = Vec::new();
    let mut activities = Vec::new();
    for facts in said {
        orders.extend(facts.order);
        activities.extend(facts.activity);
    }
    commerce::activity::table::write(connection, activities).await?;
    commerce::tables::write(connection, orders, rules.net).await
}
