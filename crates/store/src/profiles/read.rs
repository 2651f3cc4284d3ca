//! A customer's profile, read by any of its identifiers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::Serialize;

use super::consents::{self, Consent};
use super::{Celebration, DateOfLife, LeapDay, Origin};
use crate::commerce::Amount;
use crate::commerce::tables::stored_by;
use crate::identity::{Identifier, IdentifierKind, Merge};
use crate::values::CustomerValues;
use crate::{Error, Store, bulk, json, sql};

/// The number of no person: persons are counted from 1.
const NOBODY: i64 = 0;
/// How the names of traits begin that are preferences.
const PREFERENCES: &str = "preferences.";

/// All that is known of a customer, put together from all identifiers that are joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The one identifier under which the customer is exported: the first seen account, else the first seen identifier of
    /// another system, else e-mail address, else telephone number, else device; of those seen first at the same time the
    /// smallest.
    pub customer: Identifier,
    /// All identifiers, the surest first.
    pub identifiers: Vec<KnownIdentifier>,
    /// What the customer said, by name.
    pub traits: BTreeMap<String, ProfileTrait>,
    /// What programs concluded, by name.
    pub inferred: BTreeMap<String, ProfileTrait>,
    /// What the customer prefers: the traits `preferences.*`, without that beginning.
    pub preferences: BTreeMap<String, ProfileTrait>,
    /// Birthday and anniversaries.
    pub dates_of_life: BTreeMap<String, DateOfLife>,
    /// The present state per channel, topic and purpose that something was decided about.
    pub consents: Vec<Consent>,
    /// Orders in figures.
    pub orders: OrdersSummary,
    /// Why the identifiers belong together, and what was undone or only suggested.
    pub merges: Vec<Merge>,
}

impl Profile {
    /// When each date of life comes round next, from a day on.
    #[must_use]
    pub fn celebrations(&self, from: Date, leap_day: LeapDay) -> BTreeMap<&str, Celebration> {
        let next = |(name, date): (_, &DateOfLife)| Some((name, date.next_from(from, leap_day)?));
        self.dates_of_life.iter().map(|(name, date)| (name.as_str(), date)).filter_map(next).collect()
    }
}

/// An identifier of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownIdentifier {
    /// The identifier.
    pub identifier: Identifier,
    /// When it was first seen; `None` if an alias or a merge has only named it.
    #[serde(serialize_with = "json::write_optional_time")]
    pub first_seen_at: Option<Timestamp>,
    /// The write key that it was first seen by.
    pub source: String,
    /// Of a device that others use too: from when on it is this customer's. `None`: since ever.
    #[serde(serialize_with = "json::write_optional_time")]
    pub from: Option<Timestamp>,
    /// Of a device that others use too: until when it was this customer's. `None`: it still is.
    #[serde(serialize_with = "json::write_optional_time")]
    pub until: Option<Timestamp>,
}

/// A trait of a customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProfileTrait {
    /// Its value.
    pub value: serde_json::Value,
    /// Since when it is known to be so.
    #[serde(serialize_with = "json::write_time")]
    pub at: Timestamp,
    /// The write key or program that told it.
    pub source: String,
}

/// Orders of a customer in figures. Cancelled orders count only as such.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OrdersSummary {
    /// Orders that were not cancelled.
    pub count: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// The first order's time.
    #[serde(serialize_with = "json::write_optional_time")]
    pub first_at: Option<Timestamp>,
    /// The last order's time.
    #[serde(serialize_with = "json::write_optional_time")]
    pub last_at: Option<Timestamp>,
    /// Net value after refunds, by currency; under an empty name where orders have none.
    pub net: BTreeMap<String, Amount>,
    /// Refunds of these orders, by currency.
    pub refunded: BTreeMap<String, Amount>,
}

/// The identifiers of a customer, each with the time in which it is the customer's.
#[derive(Debug)]
pub(super) struct Belongings {
    pub(super) rows: Vec<Belonging>,
}

/// See [`Belongings`].
#[derive(Debug)]
pub(super) struct Belonging {
    pub(super) person: i64,
    pub(super) identifier: Identifier,
    pub(super) from: i64,
    pub(super) until: i64,
    first_seen_at: Option<i64>,
    source: String,
}

impl Belonging {
    /// The order in which identifiers name a customer.
    fn precedence(&self) -> (u8, bool, Option<i64>, &Identifier) {
        (
            self.identifier.kind().uncertainty(),
            self.first_seen_at.is_none(),
            self.first_seen_at,
            &self.identifier,
        )
    }

    /// Whether the identifier also belongs to somebody else.
    pub(super) fn is_shared(&self) -> bool {
        self.from != i64::MIN || self.until != i64::MAX
    }
}

impl Belongings {
    /// Those of somebody whom the store has never seen: the identifier itself, of no person that is kept here.
    pub(super) fn of_stranger(identifier: &Identifier) -> Self {
        let (from, until) = (i64::MIN, i64::MAX);
        let (identifier, source) = (identifier.clone(), String::new());
        Self {
            rows: vec![Belonging { person: NOBODY, identifier, from, until, first_seen_at: None, source }],
        }
    }

    /// Whether they are those of somebody whom the store has never seen.
    pub(super) fn are_of_stranger(&self) -> bool {
        self.rows.iter().all(|row| row.person == NOBODY)
    }

    /// The persons as keys of a query.
    pub(super) fn persons(&self) -> Vec<[Value; 1]> {
        self.numbers().into_iter().map(|person| [person.into()]).collect()
    }

    /// The persons.
    pub(super) fn numbers(&self) -> BTreeSet<i64> {
        self.rows.iter().map(|row| row.person).collect()
    }

    /// The identifiers as keys of a query, each once: a device may be the customer's more than once.
    pub(super) fn identifiers(&self) -> Vec<[Value; 2]> {
        let identifiers: BTreeSet<&Identifier> = self.rows.iter().map(|row| &row.identifier).collect();
        identifiers.into_iter().map(|one| [one.kind().as_str().into(), one.value().into()]).collect()
    }

    /// Whether an identifier is one of the customer's.
    pub(super) fn has(&self, identifier: &Identifier) -> bool {
        self.rows.iter().any(|row| row.identifier == *identifier)
    }

    /// Whether what a person did or said at a time is this customer's.
    pub(super) fn owns(&self, person: i64, at: i64) -> bool {
        self.rows.iter().any(|row| row.person == person && row.from <= at && at < row.until)
    }

    /// Whether what happened under an identifier at a time is this customer's.
    pub(super) fn owns_identifier(&self, identifier: &Identifier, at: i64) -> bool {
        self.rows.iter().any(|row| row.identifier == *identifier && row.from <= at && at < row.until)
    }

    /// The identifier under which the customer is exported.
    pub(super) fn customer(&self) -> Option<&Identifier> {
        self.rows.iter().min_by_key(|row| row.precedence()).map(|row| &row.identifier)
    }
}

impl Store {
    /// The profile of a customer, by any of its identifiers; `None` if the identifier was never seen. A device that
    /// several customers used is that of the last of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn profile(&self, identifier: &Identifier) -> Result<Option<Profile>, Error> {
        let Some(belongings) = self.belongings(identifier).await? else { return Ok(None) };
        let Some(customer) = belongings.customer().cloned() else { return Ok(None) };
        let reader = self.reader();
        let mut traits = current_traits(reader, &belongings).await?;
        let declared = traits.remove(&Origin::Declared).unwrap_or_default();
        let (preferences, declared) =
            declared.into_iter().partition::<BTreeMap<_, _>, _>(|(name, _)| name.starts_with(PREFERENCES));
        let preferences = preferences
            .into_iter()
            .map(|(name, value)| (name[PREFERENCES.len()..].to_owned(), value))
            .collect();
        let numbers: Vec<i64> = belongings.numbers().into_iter().collect();
        let mut merges = self.merges_of(&numbers).await?;
        // Who else uses a device is not part of this customer.
        merges.retain(|merge| {
            *merge.claimed.kind() != IdentifierKind::AnonymousId || belongings.has(&merge.owner)
        });
        Ok(Some(Profile {
            customer,
            traits: declared,
            inferred: traits.remove(&Origin::Inferred).unwrap_or_default(),
            preferences,
            dates_of_life: dates_of_life(reader, &belongings).await?,
            consents: consents::current(consents::history(reader, &belongings).await?),
            orders: summary(reader, &belongings).await?,
            merges,
            identifiers: known_identifiers(belongings)?,
        }))
    }

    /// What the newest published snapshot says of a customer, and the name under which it knows the customer.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn values_of(&self, profile: &Profile) -> Result<Option<(String, CustomerValues)>, Error> {
        let others = profile.identifiers.iter().map(|known| &known.identifier);
        for name in names_in_snapshots(&profile.customer, others) {
            if let Some(found) = self.customer_values(name).await? {
                return Ok(Some((name.to_owned(), found)));
            }
        }
        Ok(None)
    }

    /// The identifiers of the customer that an identifier belongs to.
    pub(super) async fn belongings(&self, identifier: &Identifier) -> Result<Option<Belongings>, Error> {
        belongings(self.reader(), identifier).await
    }
}

/// The names under which a snapshot may know a customer: the one that the customer is exported under, and those that the
/// shop's own data give, accounts and e-mail addresses. A number of another system may be that of somebody else's account.
pub(super) fn names_in_snapshots<'a>(
    customer: &'a Identifier,
    identifiers: impl Iterator<Item = &'a Identifier>,
) -> impl Iterator<Item = &'a str> {
    let own = move |other: &&Identifier| {
        *other != customer && matches!(other.kind(), IdentifierKind::UserId | IdentifierKind::Email)
    };
    std::iter::once(customer).chain(identifiers.filter(own)).map(Identifier::value)
}

/// See [`Store::belongings`]; also within a transaction.
pub(super) async fn belongings<C: ConnectionTrait>(
    connection: &C,
    identifier: &Identifier,
) -> Result<Option<Belongings>, Error> {
    let query = "SELECT theirs.person, theirs.kind, theirs.value, theirs.from_at, theirs.until_at, \
                 theirs.first_seen_at, theirs.source FROM identifiers AS given \
                 JOIN identifiers AS theirs ON theirs.root = given.root \
                 WHERE given.kind = $1 AND given.value = $2 AND given.until_at = $3";
    let values = vec![identifier.kind().as_str().into(), identifier.value().into(), i64::MAX.into()];
    let rows = sql::rows(connection, query, values).await?;
    let rows = rows.iter().map(belonging).collect::<Result<Vec<_>, Error>>()?;
    Ok((!rows.is_empty()).then_some(Belongings { rows }))
}

fn belonging(row: &QueryResult) -> Result<Belonging, Error> {
    Ok(Belonging {
        person: sql::get(row, "person")?,
        identifier: sql::get_identifier(row, "kind", "value")?,
        from: sql::get(row, "from_at")?,
        until: sql::get(row, "until_at")?,
        first_seen_at: sql::get(row, "first_seen_at")?,
        source: sql::get(row, "source")?,
    })
}

fn known_identifiers(mut belongings: Belongings) -> Result<Vec<KnownIdentifier>, Error> {
    belongings.rows.sort_by(|a, b| a.precedence().cmp(&b.precedence()).then(a.from.cmp(&b.from)));
    let time =
        |micros: i64| Timestamp::from_microsecond(micros).map_err(|error| Error::corrupt("a time", error));
    let bound = |micros: i64, none: i64| (micros != none).then(|| time(micros)).transpose();
    let known = |row: Belonging| {
        Ok(KnownIdentifier {
            identifier: row.identifier,
            first_seen_at: row.first_seen_at.map(time).transpose()?,
            source: row.source,
            from: bound(row.from, i64::MIN)?,
            until: bound(row.until, i64::MAX)?,
        })
    };
    belongings.rows.into_iter().map(known).collect()
}

type Traits = BTreeMap<Origin, BTreeMap<String, ProfileTrait>>;

/// The latest value of each trait over all persons; those that were taken back are left out.
async fn current_traits<C: ConnectionTrait>(
    connection: &C,
    belongings: &Belongings,
) -> Result<Traits, Error> {
    let head = "SELECT person, name, origin, value, at, source FROM traits WHERE";
    let mut latest: BTreeMap<(Origin, String), (i64, String, String)> = BTreeMap::new();
    for row in bulk::find(connection, head, ["person"], belongings.persons(), "").await? {
        let at = sql::get(&row, "at")?;
        if !belongings.owns(sql::get(&row, "person")?, at) {
            continue;
        }
        let is_inferred = sql::get::<String>(&row, "origin")? == Origin::Inferred.as_str();
        let origin = if is_inferred { Origin::Inferred } else { Origin::Declared };
        let new = (at, sql::get(&row, "value")?, sql::get(&row, "source")?);
        let key = (origin, sql::get(&row, "name")?);
        if latest.get(&key).is_none_or(|known| new > *known) {
            latest.insert(key, new);
        }
    }
    let mut traits = Traits::new();
    for ((origin, name), (at, value, source)) in
        latest.into_iter().filter(|(_, (_, value, _))| value != "null")
    {
        let corrupt = |error: String| Error::corrupt(format!("the trait {name}"), error);
        let value = serde_json::from_str(&value).map_err(|error| corrupt(error.to_string()))?;
        let at = Timestamp::from_microsecond(at).map_err(|error| corrupt(error.to_string()))?;
        traits.entry(origin).or_default().insert(name, ProfileTrait { value, at, source });
    }
    Ok(traits)
}

async fn dates_of_life<C: ConnectionTrait>(
    connection: &C,
    belongings: &Belongings,
) -> Result<BTreeMap<String, DateOfLife>, Error> {
    let head = "SELECT person, name, month, day, year, at FROM dates_of_life WHERE";
    let mut latest: BTreeMap<String, (i64, i64, i64, i64)> = BTreeMap::new();
    for row in bulk::find(connection, head, ["person"], belongings.persons(), "").await? {
        let at = sql::get(&row, "at")?;
        if belongings.owns(sql::get(&row, "person")?, at) {
            let new = (at, sql::get(&row, "month")?, sql::get(&row, "day")?, sql::get(&row, "year")?);
            let kept = latest.entry(sql::get(&row, "name")?).or_insert(new);
            *kept = new.max(*kept);
        }
    }
    let small = |number: i64| i8::try_from(number).unwrap_or(0);
    let mut dates = BTreeMap::new();
    for (name, (_, month, day, year)) in latest.into_iter().filter(|(_, (_, month, _, _))| *month != 0) {
        let year = i16::try_from(year).ok().filter(|year| *year != 0);
        let date = DateOfLife::new(year, small(month), small(day))
            .map_err(|error| Error::corrupt(format!("the date {name}"), error))?;
        dates.insert(name, date);
    }
    Ok(dates)
}

/// The numbers of the customer's orders, with the columns of `orders` that are named.
pub(super) async fn orders<C: ConnectionTrait>(
    connection: &C,
    belongings: &Belongings,
    columns: &str,
) -> Result<Vec<(String, QueryResult)>, Error> {
    let head =
        format!("SELECT order_id, identifier_kind, identifier_value, placed_at, {columns} FROM orders WHERE");
    let mut orders = Vec::new();
    for row in
        bulk::find(connection, &head, ["identifier_kind", "identifier_value"], belongings.identifiers(), "")
            .await?
    {
        let at = sql::get(&row, "placed_at")?;
        if stored_by(&row)?.is_some_and(|by| belongings.owns_identifier(&by, at)) {
            orders.push((sql::get(&row, "order_id")?, row));
        }
    }
    Ok(orders)
}

async fn summary<C: ConnectionTrait>(
    connection: &C,
    belongings: &Belongings,
) -> Result<OrdersSummary, Error> {
    let mut summary = OrdersSummary::default();
    let mut counted = Vec::new();
    for (order, row) in orders(connection, belongings, "currency, net, status").await? {
        if sql::get::<String>(&row, "status")? == "cancelled" {
            summary.cancelled += 1;
            continue;
        }
        let at = sql::get_time(&row, "placed_at")?;
        summary.count += 1;
        summary.first_at = Some(summary.first_at.map_or(at, |first| first.min(at)));
        summary.last_at = Some(summary.last_at.map_or(at, |last| last.max(at)));
        add(&mut summary.net, &row, "net")?;
        counted.push([order.into()]);
    }
    let head = "SELECT currency, amount FROM refunds WHERE";
    for row in bulk::find(connection, head, ["order_id"], counted, "").await? {
        add(&mut summary.refunded, &row, "amount")?;
    }
    for (currency, refunded) in &summary.refunded {
        if let Some(net) = summary.net.get_mut(currency) {
            *net = net.minus(*refunded);
        }
    }
    Ok(summary)
}

fn add(sums: &mut BTreeMap<String, Amount>, row: &QueryResult, column: &str) -> Result<(), Error> {
    let currency = sql::get::<Option<String>>(row, "currency")?.unwrap_or_default();
    if let Some(amount) = sql::get::<Option<String>>(row, column)? {
        let amount: Amount = amount.parse().map_err(|error| Error::corrupt("an amount", error))?;
        let sum = sums.entry(currency).or_default();
        *sum = sum.plus(amount);
    }
    Ok(())
}
