//! Which links between identifiers join customers: pure functions of the links, whatever the order of their arrival.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Identifier;

/// When a shared e-mail address (or telephone number) joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinByEmail {
    /// A guest's orders go to the first account that gives the same address; a second account with it stays apart and is
    /// listed as a suggestion.
    #[default]
    Guests,
    /// All accounts with the same address are one customer.
    Always,
    /// Never; every link by an address is listed as a suggestion.
    Never,
}

/// Settings of the identity rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityRules {
    /// When a shared e-mail address or telephone number joins.
    pub join_by_email: JoinByEmail,
    /// Kinds of further identifiers that tell a customer: types of `context.externalIds`, and names of traits. Case and
    /// `_` do not matter (`externalId` is `external_id`). Others are left alone: many name a device, not a person.
    pub external_kinds: Vec<String>,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self { join_by_email: JoinByEmail::default(), external_kinds: vec!["external_id".to_owned()] }
    }
}

impl IdentityRules {
    /// The configured kind that a type or trait name means.
    pub(crate) fn external_kind(&self, name: &str) -> Option<&str> {
        let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let name = plain(name);
        self.external_kinds.iter().map(String::as_str).find(|kind| plain(kind) == name)
    }
}

/// A link in the eyes of the one identifier that it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Who claims.
    pub(crate) owner: Identifier,
    /// The claiming identifier's person.
    pub(crate) person: i64,
    /// When it was first claimed, in microseconds.
    pub(crate) at: i64,
    /// Whether a person decided it.
    pub(crate) by_hand: bool,
}

impl Claim {
    /// Which claim came first; at the same time the surer identifier, then the smaller value.
    fn precedence(&self) -> (i64, u8, &Identifier) {
        (self.at, self.owner.kind().uncertainty(), &self.owner)
    }
}

/// Whose claims on an e-mail address or telephone number join: those made by hand, and by the rule the first, or all.
/// Gives the persons who claim.
pub(crate) fn joining(claims: &[Claim], rule: JoinByEmail) -> Vec<i64> {
    let first = claims.iter().filter(|claim| !claim.by_hand).min_by_key(|claim| claim.precedence());
    claims
        .iter()
        .filter(|claim| {
            claim.by_hand
                || match rule {
                    JoinByEmail::Guests => first.is_some_and(|first| first.person == claim.person),
                    JoinByEmail::Always => true,
                    JoinByEmail::Never => false,
                }
        })
        .map(|claim| claim.person)
        .collect()
}

/// A stretch of time in which an identifier belongs to one customer: from `from` until before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) root: i64,
}

impl Window {
    /// All of time.
    pub(crate) fn always(root: i64) -> Self {
        Self { from: i64::MIN, until: i64::MAX, root }
    }
}

/// To whom a device belongs over time: what happened before the first claim belongs to the first who claims it, and from
/// each later claim by somebody else on it is theirs. `root_of` gives the customer of a person.
pub(crate) fn windows(own_root: i64, mut claims: Vec<Claim>, root_of: impl Fn(i64) -> i64) -> Vec<Window> {
    // At the same time the surest comes last: it keeps the device.
    claims.sort_by(|a, b| {
        let key = |claim: &Claim| (claim.at, Reverse(claim.owner.kind().uncertainty()));
        key(a).cmp(&key(b)).then_with(|| b.owner.cmp(&a.owner))
    });
    let mut starts: BTreeMap<i64, i64> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        let from = if index == 0 { i64::MIN } else { claim.at };
        starts.insert(from, root_of(claim.person));
    }
    let mut windows: Vec<Window> = Vec::new();
    for (from, root) in starts {
        match windows.last_mut() {
            Some(last) if last.root == root => {}
            Some(last) => {
                last.until = from;
                windows.push(Window { from, until: i64::MAX, root });
            }
            None => windows.push(Window::always(root)),
        }
    }
    if windows.is_empty() { vec![Window::always(own_root)] } else { windows }
}

/// Groups of persons that are connected by links: the smallest person of each person's group.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<i64, i64>);

impl Groups {
    /// The smallest person that is connected with this one.
    pub(crate) fn root(&self, person: i64) -> i64 {
        let mut at = person;
        while let Some(up) = self.0.get(&at).copied().filter(|up| *up != at) {
            at = up;
        }
        at
    }

    /// Connects two persons.
    pub(crate) fn connect(&mut self, a: i64, b: i64) {
        let (a, b) = (self.root(a), self.root(b));
        self.0.insert(a.max(b), a.min(b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(person: i64, owner: &str, at: i64) -> Claim {
        Claim { owner: owner.parse().unwrap(), person, at, by_hand: false }
    }

    #[test]
    fn the_first_account_gets_the_guest() {
        let mut claims =
            vec![claim(1, "user_id:b", 20), claim(2, "user_id:a", 10), claim(3, "user_id:c", 10)];
        assert_eq!(joining(&claims, JoinByEmail::Guests), [2], "the earliest, then the smallest");
        assert_eq!(joining(&claims, JoinByEmail::Always), [1, 2, 3]);
        assert!(joining(&claims, JoinByEmail::Never).is_empty());
        claims[0].by_hand = true;
        assert_eq!(joining(&claims, JoinByEmail::Guests), [1, 2]);
        assert_eq!(joining(&claims, JoinByEmail::Never), [1]);
    }

    #[test]
    fn a_shared_device_goes_from_hand_to_hand() {
        let window = |from, until, root| Window { from, until, root };
        let claims = vec![claim(2, "user_id:b", 50), claim(1, "user_id:a", 10)];
        let itself = |person| person;
        assert_eq!(windows(7, claims.clone(), itself), [window(i64::MIN, 50, 1), window(50, i64::MAX, 2)]);
        assert_eq!(windows(7, vec![], itself), [Window::always(7)]);
        assert_eq!(windows(7, claims, |_| 3), [Window::always(3)], "two accounts of one customer");
        let at_once = vec![claim(1, "email:a@example.org", 10), claim(2, "user_id:b", 10)];
        assert_eq!(windows(7, at_once, itself), [window(i64::MIN, 10, 1), window(10, i64::MAX, 2)]);
    }

    #[test]
    fn groups_are_named_by_their_smallest_person() {
        let mut groups = Groups::default();
        groups.connect(5, 4);
        groups.connect(9, 8);
        groups.connect(4, 9);
        assert_eq!([4, 5, 8, 9, 1].map(|person| groups.root(person)), [4, 4, 4, 4, 1]);
    }

    #[test]
    fn kinds_are_compared_without_case_and_underscore() {
        let rules =
            IdentityRules { external_kinds: vec!["stripe_customer".into()], ..IdentityRules::default() };
        assert_eq!(rules.external_kind("stripeCustomer"), Some("stripe_customer"));
        assert_eq!(rules.external_kind("ga_client_id"), None);
    }
}
