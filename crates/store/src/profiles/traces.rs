//! What others wrote of a person who is erased: searched a part at a time, beside those who write.
//!
//! What mentions a person is decided without holding anybody up ([`Mentions`]); only what has to go is then taken out, in
//! short transactions.

use sea_orm::{ConnectionTrait, Value};

use super::export::events_of;
use super::mentions::Mentions;
use super::read::Belongings;
use crate::writer::Lock;
use crate::{Error, Store, bulk, sql};

/// Events, refused events or persons that are searched at a time.
const ROWS: i64 = 2_000;

/// After the first number, up to the second.
pub(super) type Range = (i64, i64);

/// A range in parts of at most so many numbers.
pub(super) fn parts((after, until): Range, size: i64) -> impl Iterator<Item = Range> {
    let next = move |part: &Range| (part.1 < until).then(|| (part.1, until.min(part.1.saturating_add(size))));
    std::iter::successors((after < until).then(|| (after, until.min(after.saturating_add(size)))), next)
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Traces<'a> {
    person: &'a Belongings,
    /// In what others wrote: an address names the person, an id may be anything.
    addresses: Mentions,
    /// In refused events, whoever sent them.
    all: Mentions,
}

impl<'a> Traces<'a> {
    pub(super) fn of(person: &'a Belongings) -> Self {
        let own = || person.rows.iter().filter(|row| !row.is_shared()).map(|row| &row.identifier);
        Self {
            person,
            addresses: own().filter(|one| one.kind().is_address()).collect(),
            all: own().collect(),
        }
    }

    /// Refused events of the person or with one of the identifiers.
    pub(super) async fn refused_events<C: ConnectionTrait>(
        &self,
        connection: &C,
        (after, until): Range,
    ) -> Result<Vec<[Value; 1]>, Error> {
        let head = "SELECT id, payload, reason FROM rejected_events AS refused WHERE id > $1 AND id <= $2";
        let range: [Value; 2] = [after.into(), until.into()];
        let mut found = Vec::new();
        for (condition, values) in self.all.conditions("payload || ' ' || reason", 3) {
            for row in
                sql::rows(connection, &format!("{head} AND ({condition})"), [range.to_vec(), values].concat())
                    .await?
            {
                let texts: [String; 2] = [sql::get(&row, "payload")?, sql::get(&row, "reason")?];
                if texts.iter().any(|text| self.all.found_in(text)) {
                    found.push([sql::get::<i64>(&row, "id")?.into()]);
                }
            }
        }
        // The reason why a part of an event could not be used tells that part.
        for (condition, values) in events_of(self.person, 3) {
            let query = format!(
                "{head} AND EXISTS (SELECT 1 FROM events WHERE events.source = refused.source \
                 AND events.message_id = refused.message_id AND ({condition}))"
            );
            for row in sql::rows(connection, &query, [range.to_vec(), values].concat()).await? {
                found.push([sql::get::<i64>(&row, "id")?.into()]);
            }
        }
        Ok(found)
    }

    /// Events of others with one of the addresses.
    pub(super) async fn events<C: ConnectionTrait>(
        &self,
        connection: &C,
        (after, until): Range,
    ) -> Result<Vec<[Value; 1]>, Error> {
        let mut found = Vec::new();
        for (condition, values) in self.addresses.conditions("payload", 3) {
            let query =
                format!("SELECT seq, payload FROM events WHERE seq > $1 AND seq <= $2 AND ({condition})");
            let values = [vec![after.into(), until.into()], values].concat();
            for row in sql::rows(connection, &query, values).await? {
                if self.addresses.found_in(&sql::get::<String>(&row, "payload")?) {
                    found.push([sql::get::<i64>(&row, "seq")?.into()]);
                }
            }
        }
        Ok(found)
    }

    /// Traits of others with one of the addresses.
    async fn traits<C: ConnectionTrait>(
        &self,
        connection: &C,
        (after, until): Range,
    ) -> Result<Vec<[Value; 5]>, Error> {
        let mut found = Vec::new();
        for (condition, values) in self.addresses.conditions("value", 3) {
            let query = format!(
                "SELECT person, name, origin, slot, value FROM traits WHERE person > $1 AND person <= $2 AND ({condition})"
            );
            let values = [vec![after.into(), until.into()], values].concat();
            for row in sql::rows(connection, &query, values).await? {
                let value: String = sql::get(&row, "value")?;
                if self.addresses.found_in(&value) {
                    found.push([
                        sql::get::<i64>(&row, "person")?.into(),
                        sql::get::<String>(&row, "name")?.into(),
                        sql::get::<String>(&row, "origin")?.into(),
                        sql::get::<i64>(&row, "slot")?.into(),
                        value.into(),
                    ]);
                }
            }
        }
        Ok(found)
    }
}

impl Store {
    /// Takes a person out of the refused events; gives the number of the last that was searched.
    pub(super) async fn remove_from_refused_events(&self, traces: &Traces<'_>) -> Result<i64, Error> {
        let last = last(self.reader(), "SELECT COALESCE(MAX(id), 0) AS last FROM rejected_events").await?;
        for part in parts((0, last), ROWS) {
            let found = traces.refused_events(self.reader(), part).await?;
            self.change(FORGET_REFUSED, ["id"], found).await?;
        }
        Ok(last)
    }

    /// Takes a person out of the events of others.
    pub(super) async fn remove_from_events(&self, traces: &Traces<'_>, range: Range) -> Result<(), Error> {
        for part in parts(range, ROWS) {
            let found = traces.events(self.reader(), part).await?;
            if !found.is_empty() {
                let transaction = self.begin(Lock::State).await?;
                forget_events(&transaction, found).await?;
                transaction.commit().await?;
            }
        }
        Ok(())
    }

    /// Takes a person out of the traits of others.
    pub(super) async fn remove_from_traits(&self, traces: &Traces<'_>) -> Result<(), Error> {
        let last = last(self.reader(), "SELECT COALESCE(MAX(person), 0) AS last FROM traits").await?;
        for part in parts((0, last), ROWS) {
            let found = traces.traits(self.reader(), part).await?;
            // A value that came meanwhile is another one.
            self.change("DELETE FROM traits WHERE", ["person", "name", "origin", "slot", "value"], found)
                .await?;
        }
        Ok(())
    }

    /// Changes or deletes rows in a transaction of its own, if there are any.
    async fn change<const N: usize>(
        &self,
        head: &str,
        columns: [&str; N],
        keys: Vec<[Value; N]>,
    ) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let transaction = self.begin(Lock::State).await?;
        bulk::change(&transaction, head, columns, keys).await?;
        Ok(transaction.commit().await?)
    }
}

/// Empties what was kept of refused events; that they were refused, and the code, stays.
pub(super) const FORGET_REFUSED: &str = "UPDATE rejected_events SET payload = '', reason = code WHERE";

/// Empties events, and what became of them.
pub(super) async fn forget_events<C: ConnectionTrait>(
    connection: &C,
    events: Vec<[Value; 1]>,
) -> Result<(), Error> {
    bulk::change(connection, "UPDATE events SET payload = '{}' WHERE", ["seq"], events.clone()).await?;
    let forget = "UPDATE activities SET comment = NULL, properties = NULL WHERE";
    bulk::change(connection, forget, ["seq"], events).await
}

/// The last number of a table, by a query for it.
pub(super) async fn last<C: ConnectionTrait>(connection: &C, query: &str) -> Result<i64, Error> {
    sql::row(connection, query, Vec::new()).await?.map_or(Ok(0), |row| sql::get(&row, "last"))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_cover_a_range_without_gaps() {
        assert_eq!(parts((0, 5), 2).collect::<Vec<_>>(), [(0, 2), (2, 4), (4, 5)]);
        assert_eq!(parts((3, 4), 2).collect::<Vec<_>>(), [(3, 4)]);
        assert_eq!(parts((4, 4), 2).count(), 0);
    }
}
