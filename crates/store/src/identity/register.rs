//! Writes identifiers and links, and works out which customers they make up.
//!
//! Only the customers that a new link touches are read and worked out again, all of a chunk of events at once. What is
//! written depends on the links alone, not on the order in which they came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::links::{self, ActiveLink, Linked, Links};
use super::rules::{self, Groups, JoinByEmail, Window};
use super::{Identifier, IdentifierKind};
use crate::facts::Link;
use crate::{Error, bulk, sql};

/// The person behind each identifier.
pub(crate) type People = HashMap<Identifier, i64>;

/// When and by which source an identifier was first seen; `None` for one that was only named.
pub(crate) type Sighting = Option<(i64, String)>;

/// Identifiers and links that were told, to be written together.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    seen: BTreeMap<Identifier, Sighting>,
    links: BTreeMap<(Identifier, Identifier), Linked>,
}

impl Sightings {
    /// An identifier that somebody was seen under, or that was only named.
    pub(crate) fn see(&mut self, identifier: &Identifier, sighting: Sighting) {
        match self.seen.get_mut(identifier) {
            Some(known) => *known = earliest(known.take(), sighting),
            None => drop(self.seen.insert(identifier.clone(), sighting)),
        }
    }

    /// Two identifiers of one person.
    pub(crate) fn link(&mut self, link: &Link, linked: Linked) {
        self.see(&link.claimed, None);
        self.see(&link.owner, None);
        let pair = (link.claimed.clone(), link.owner.clone());
        if self.links.get(&pair).is_none_or(|known| linked.before(known)) {
            self.links.insert(pair, linked);
        }
    }
}

fn earliest(a: Sighting, b: Sighting) -> Sighting {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Writes what was told; gives the persons behind all its identifiers.
pub(crate) async fn register<C: ConnectionTrait>(
    connection: &C,
    told: Sightings,
    rule: JoinByEmail,
) -> Result<People, Error> {
    let mut region = Region::default();
    let keys =
        told.seen.keys().map(|identifier| [identifier.kind().as_str().into(), identifier.value().into()]);
    region.load(connection, ["kind", "value"], keys.collect()).await?;
    region.see(connection, told.seen).await?;
    let people = region.people();
    let links: Links = told
        .links
        .into_iter()
        .filter_map(|((claimed, owner), linked)| {
            Some(((*people.get(&claimed)?, *people.get(&owner)?), linked))
        })
        .collect();
    let links = links::changed(connection, links).await?;
    let touched: BTreeSet<i64> = links.keys().flat_map(|(claimed, owner)| [*claimed, *owner]).collect();
    // Owners have to be there before links to them are read back.
    region.write(connection).await?;
    if !touched.is_empty() {
        links::write(connection, links, &region.shared()).await?;
        region.settle(connection, &touched, rule).await?;
    }
    Ok(people)
}

/// Works out the customers around persons again, after a link between them was taken away.
pub(crate) async fn rebuild<C: ConnectionTrait>(
    connection: &C,
    persons: &BTreeSet<i64>,
    rule: JoinByEmail,
) -> Result<(), Error> {
    let mut region = Region::default();
    region.load(connection, ["person"], numbers(persons)).await?;
    region.settle(connection, persons, rule).await
}

/// Works out all customers with a shared identifier again, after the rule has changed.
pub(crate) async fn rebuild_shared<C: ConnectionTrait>(
    connection: &C,
    rule: JoinByEmail,
) -> Result<(), Error> {
    let query = "SELECT DISTINCT person FROM identifiers WHERE kind IN ('email', 'phone') AND person > $1 ORDER BY person LIMIT 1000";
    let mut last = 0_i64;
    loop {
        let rows = sql::rows(connection, query, vec![last.into()]).await?;
        let persons =
            rows.iter().map(|row| sql::get(row, "person")).collect::<Result<BTreeSet<i64>, Error>>()?;
        let Some(end) = persons.last() else { return Ok(()) };
        last = *end;
        rebuild(connection, &persons, rule).await?;
    }
}

/// An identifier as it is stored, and as it should be.
#[derive(Debug)]
struct Node {
    identifier: Identifier,
    first_seen: Sighting,
    stored: Vec<Window>,
    windows: Vec<Window>,
    seen_earlier: bool,
}

impl Node {
    fn is_device(&self) -> bool {
        *self.identifier.kind() == IdentifierKind::AnonymousId
    }
}

/// The identifiers that a change touches, by person.
#[derive(Debug, Default)]
struct Region(BTreeMap<i64, Node>);

impl Region {
    fn people(&self) -> People {
        self.0.iter().map(|(person, node)| (node.identifier.clone(), *person)).collect()
    }

    fn shared(&self) -> BTreeSet<i64> {
        self.0
            .iter()
            .filter(|(_, node)| node.identifier.kind().is_address())
            .map(|(person, _)| *person)
            .collect()
    }

    /// Adds identifiers, with all their stretches of time, by the values of columns.
    async fn load<C: ConnectionTrait, const N: usize>(
        &mut self,
        connection: &C,
        columns: [&str; N],
        keys: Vec<[Value; N]>,
    ) -> Result<(), Error> {
        let head = "SELECT person, kind, value, from_at, until_at, root, first_seen_at, source FROM identifiers WHERE";
        let mut loaded = BTreeMap::new();
        for row in bulk::find(connection, head, columns, keys, "ORDER BY person, from_at").await? {
            add(&mut loaded, &row)?;
        }
        for (person, node) in loaded {
            self.0.entry(person).or_insert(node);
        }
        Ok(())
    }

    /// Adds new identifiers and earlier sightings of known ones.
    async fn see<C: ConnectionTrait>(
        &mut self,
        connection: &C,
        seen: BTreeMap<Identifier, Sighting>,
    ) -> Result<(), Error> {
        let known = self.people();
        let mut next = next_person(connection).await?;
        for (identifier, sighting) in seen {
            if let Some(node) = known.get(&identifier).and_then(|person| self.0.get_mut(person)) {
                let first = earliest(node.first_seen.clone(), sighting);
                node.seen_earlier = first != node.first_seen;
                node.first_seen = first;
            } else {
                let windows = vec![Window::always(next)];
                let node =
                    Node { identifier, first_seen: sighting, stored: vec![], windows, seen_earlier: false };
                self.0.insert(next, node);
                next += 1;
            }
        }
        Ok(())
    }

    /// Works out the customers around persons from the links that are stored, and writes what has changed.
    async fn settle<C: ConnectionTrait>(
        &mut self,
        connection: &C,
        touched: &BTreeSet<i64>,
        rule: JoinByEmail,
    ) -> Result<(), Error> {
        // Whoever was only seen beside them stays as is written: the rest of those customers is not read here.
        self.0.retain(|person, _| touched.contains(person));
        let mut roots: BTreeSet<i64> = self
            .0
            .values()
            .filter(|node| !node.is_device())
            .flat_map(|node| node.windows.iter().map(|window| window.root))
            .collect();
        let mut loaded = BTreeSet::new();
        let groups = loop {
            let new: BTreeSet<i64> = roots.difference(&loaded).copied().collect();
            self.load(connection, ["root"], numbers(&new)).await?;
            loaded.extend(new);
            let links = links::on(connection, &self.persons(|node| !node.is_device())).await?;
            let (groups, reached) = self.join(connection, &links, rule).await?;
            if reached.is_subset(&loaded) {
                break groups;
            }
            roots = reached;
        };
        let devices = self.persons(Node::is_device);
        // Of a device that was found through a customer only that customer's time is known yet.
        self.0.retain(|_, node| !node.is_device());
        self.load(connection, ["person"], numbers(&devices)).await?;
        let claims = links::on(connection, &devices).await?;
        self.hand_out(&groups, &claims);
        self.write(connection).await
    }

    fn persons(&self, which: impl Fn(&Node) -> bool) -> BTreeSet<i64> {
        self.0.iter().filter(|(_, node)| which(node)).map(|(person, _)| *person).collect()
    }

    /// Groups persons by the links that join, and records which links on shared identifiers do. Also gives the customers
    /// that the links reach.
    async fn join<C: ConnectionTrait>(
        &self,
        connection: &C,
        links: &BTreeMap<i64, Vec<ActiveLink>>,
        rule: JoinByEmail,
    ) -> Result<(Groups, BTreeSet<i64>), Error> {
        let mut groups = Groups::default();
        let mut reached = BTreeSet::new();
        let mut changes: [Vec<[Value; 2]>; 2] = Default::default();
        for (claimed, links) in links {
            let shared = self.0.get(claimed).is_some_and(|node| node.identifier.kind().is_address());
            let claims: Vec<_> = links.iter().map(|link| link.claim.clone()).collect();
            let joining = if shared {
                rules::joining(&claims, rule)
            } else {
                claims.iter().map(|c| c.person).collect()
            };
            for link in links {
                let joins = joining.contains(&link.claim.person);
                if joins {
                    groups.connect(*claimed, link.claim.person);
                }
                if joins || link.joins {
                    reached.insert(link.owner_root);
                }
                if joins != link.joins {
                    changes[usize::from(joins)].push([(*claimed).into(), link.claim.person.into()]);
                }
            }
        }
        let [apart, together] = changes;
        links::set_joining(connection, false, apart).await?;
        links::set_joining(connection, true, together).await?;
        Ok((groups, reached))
    }

    /// Gives each identifier its customer: devices by who claimed them when, all others by their group.
    fn hand_out(&mut self, groups: &Groups, claims: &BTreeMap<i64, Vec<ActiveLink>>) {
        let known: BTreeSet<i64> = self.0.keys().copied().collect();
        for (person, node) in &mut self.0 {
            if !node.is_device() {
                node.windows = vec![Window::always(groups.root(*person))];
                continue;
            }
            let links = claims.get(person).map(Vec::as_slice).unwrap_or_default();
            let elsewhere: BTreeMap<i64, i64> =
                links.iter().map(|link| (link.claim.person, link.owner_root)).collect();
            let root_of = |owner: i64| {
                if known.contains(&owner) {
                    groups.root(owner)
                } else {
                    elsewhere.get(&owner).copied().unwrap_or(owner)
                }
            };
            node.windows =
                rules::windows(*person, links.iter().map(|link| link.claim.clone()).collect(), root_of);
        }
    }

    /// Writes what is not stored yet.
    async fn write<C: ConnectionTrait>(&mut self, connection: &C) -> Result<(), Error> {
        let mut rows: Vec<[Value; 8]> = Vec::new();
        let mut gone: Vec<[Value; 2]> = Vec::new();
        for (person, node) in &mut self.0 {
            let kept = |window: &&Window| node.stored.contains(window) && !node.seen_earlier;
            for window in node.windows.iter().filter(|window| !kept(window)) {
                rows.push(row(*person, node, *window));
            }
            let ends = |old: &&Window| node.windows.iter().all(|window| window.from != old.from);
            gone.extend(node.stored.iter().filter(ends).map(|old| [(*person).into(), old.from.into()]));
            node.stored.clone_from(&node.windows);
            node.seen_earlier = false;
        }
        bulk::change(connection, "DELETE FROM identifiers WHERE", ["person", "from_at"], gone).await?;
        bulk::write(
            connection,
            "INSERT INTO identifiers (person, from_at, until_at, root, kind, value, first_seen_at, source) VALUES",
            rows,
            "ON CONFLICT (person, from_at) DO UPDATE SET until_at = excluded.until_at, root = excluded.root, \
             first_seen_at = excluded.first_seen_at, source = excluded.source",
        )
        .await
    }
}

fn row(person: i64, node: &Node, window: Window) -> [Value; 8] {
    let (at, source) =
        node.first_seen.clone().map_or((None, String::new()), |(at, source)| (Some(at), source));
    [
        person.into(),
        window.from.into(),
        window.until.into(),
        window.root.into(),
        node.identifier.kind().as_str().into(),
        node.identifier.value().into(),
        at.into(),
        source.into(),
    ]
}

fn add(nodes: &mut BTreeMap<i64, Node>, row: &QueryResult) -> Result<(), Error> {
    let window = Window {
        from: sql::get(row, "from_at")?,
        until: sql::get(row, "until_at")?,
        root: sql::get(row, "root")?,
    };
    let person = sql::get(row, "person")?;
    if let Some(node) = nodes.get_mut(&person) {
        node.stored.push(window);
        node.windows.push(window);
        return Ok(());
    }
    let at: Option<i64> = sql::get(row, "first_seen_at")?;
    let source: String = sql::get(row, "source")?;
    let node = Node {
        identifier: sql::get_identifier(row, "kind", "value")?,
        first_seen: at.map(|at| (at, source)),
        stored: vec![window],
        windows: vec![window],
        seen_earlier: false,
    };
    nodes.insert(person, node);
    Ok(())
}

async fn next_person<C: ConnectionTrait>(connection: &C) -> Result<i64, Error> {
    let row =
        sql::row(connection, "SELECT COALESCE(MAX(person), 0) + 1 AS next FROM identifiers", vec![]).await?;
    row.map_or(Ok(1), |row| sql::get(&row, "next"))
}

fn numbers(persons: &BTreeSet<i64>) -> Vec<[Value; 1]> {
    persons.iter().map(|person| [(*person).into()]).collect()
}
