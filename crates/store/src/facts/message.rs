//! Segment's messages, read leniently: what cannot be used is named with a reason, and the rest is used.

use serde_json::value::RawValue;

use super::{ConsentSaid, Facts, Link, OLDEST_CLAIM, Trait};
use crate::commerce::activity::{Activity, ActivityName, Said};
use crate::commerce::event::{self, OrderEvent, OrderEventKind, Unusable};
use crate::events::{EventKind, StoredEvent};
use crate::identity::{Identifier, IdentifierKind, IdentityRules, NotAnIdentifier};
use crate::json::{self, Object};
use crate::profiles::{ANY, DateOfLife, Origin, is_token, name_of_trait};

/// The longest name of a trait, a channel, a topic or a purpose in bytes.
const NAME_LIMIT: usize = 255;
/// Consents that one message may state.
const CONSENT_LIMIT: usize = 100;

/// What a message says.
pub(crate) fn of_event(event: &StoredEvent, rules: &IdentityRules) -> Facts {
    let message = &event.event;
    let payload = Object::parse(&message.payload);
    // A time in the future would win over everything that is said until then.
    let at = message.at.min(event.received_at).as_microsecond();
    let mut reader = Reader {
        facts: Facts {
            source: event.source.clone(),
            message_id: Some(message.message_id.clone()),
            at,
            claims_from: event
                .received_at
                .saturating_sub(OLDEST_CLAIM)
                .map_or(at, jiff::Timestamp::as_microsecond),
            ..Facts::default()
        },
        rules,
        context: payload.object("context"),
        traits: match message.kind {
            // The traits of a group are the group's.
            EventKind::Group => Object::default(),
            _ => payload.object("traits"),
        },
    };
    let name = message.event.as_deref().filter(|_| message.kind == EventKind::Track);
    let order = name.and_then(OrderEventKind::of_event);
    let activity = name.and_then(ActivityName::of_event);
    let properties =
        if order.is_some() || activity.is_some() { payload.object("properties") } else { Object::default() };
    reader.identifiers(event, order.is_some().then_some(&properties));
    if message.kind == EventKind::Alias {
        reader.alias(payload.text("previousId"));
    }
    if reader.facts.subject.is_some() {
        reader.traits();
        reader.consents();
    }
    if let Some(kind) = order {
        reader.order(kind, &properties);
    }
    if let Some(name) = activity {
        reader.activity(event.seq, name, &properties);
    }
    reader.facts
}

struct Reader<'a> {
    facts: Facts,
    rules: &'a IdentityRules,
    context: Object<'a>,
    traits: Object<'a>,
}

impl<'a> Reader<'a> {
    fn unusable(&mut self, code: &'static str, reason: impl Into<String>) {
        self.facts.unusable.push(Unusable { code, reason: reason.into() });
    }

    /// Everybody whom the message names, the surest of them as its subject, all linked with it.
    fn identifiers(&mut self, event: &StoredEvent, properties: Option<&Object<'a>>) {
        let message = &event.event;
        self.see(IdentifierKind::UserId, message.user_id.as_deref());
        let has_account = !self.facts.seen.is_empty();
        let context_traits = self.context.object("traits");
        for (kind, value) in self.external_ids(&context_traits) {
            self.see(kind, value.as_deref());
        }
        // The address in an order's properties may be that of whoever gets the parcel; only a guest has no other.
        let in_order = properties.filter(|_| !has_account).and_then(|properties| properties.text("email"));
        let said = |name| self.traits.text(name).or_else(|| context_traits.text(name));
        let (email, phone) = (said("email").or(in_order), said("phone"));
        self.see(IdentifierKind::Email, email.as_deref());
        self.see(IdentifierKind::Phone, phone.as_deref());
        self.see(IdentifierKind::AnonymousId, message.anonymous_id.as_deref());
        // The token of an erased person beside somebody's own id is a device that the erased person had used.
        let erased = |identifier: &Identifier| *identifier.kind() == IdentifierKind::Erased;
        if !self.facts.seen.iter().all(erased) {
            self.facts.seen.retain(|identifier| !erased(identifier));
        }
        let sureness = |identifier: &&Identifier| identifier.kind().uncertainty();
        let Some(subject) = self.facts.seen.iter().min_by_key(sureness).cloned() else { return };
        let reason = message.kind.as_str();
        self.facts.links =
            self.facts.seen.iter().filter_map(|other| Link::between(&subject, other, reason)).collect();
        self.facts.subject = Some(subject);
    }

    /// Identifiers of other systems that the rules name.
    fn external_ids(&self, context_traits: &Object<'a>) -> Vec<(IdentifierKind, Option<String>)> {
        let kind =
            |name: &str| self.rules.external_kind(name).map(|kind| IdentifierKind::Other(kind.to_owned()));
        let traits = context_traits.present().chain(self.traits.present());
        let in_traits = traits.filter_map(|(name, value)| Some((kind(name)?, json::text(value))));
        let listed = self.context.list("externalIds").unwrap_or_default().into_iter().filter_map(|id| {
            let id = Object::parse(id.get());
            Some((kind(&id.text("type")?)?, id.text("id")))
        });
        in_traits.chain(listed).collect()
    }

    fn see(&mut self, kind: IdentifierKind, value: Option<&str>) {
        if let Some(token) = value.filter(|value| is_token(value)) {
            return self.facts.seen.push(Identifier::erased(token));
        }
        match value.map(|value| Identifier::new(kind, value)) {
            None | Some(Err(NotAnIdentifier::Empty(_))) => {}
            Some(Ok(identifier)) => self.facts.seen.push(identifier),
            Some(Err(error)) => self.unusable("unusable_identifier", error.to_string()),
        }
    }

    /// The previous id is an account or a device; the message does not say which, so both are linked.
    fn alias(&mut self, previous: Option<String>) {
        let is_device = |identifier: &Identifier| *identifier.kind() == IdentifierKind::AnonymousId;
        let subject = self.facts.subject.clone().filter(|subject| *subject.kind() == IdentifierKind::UserId);
        if previous.is_none() && subject.is_some() && self.facts.seen.iter().any(is_device) {
            // Then the device is the previous id, and is linked like that of any message.
            return;
        }
        let (Some(previous), Some(subject)) = (previous, subject) else {
            return self.unusable(
                "unusable_alias",
                "an alias needs a `userId` and a `previousId` (or an `anonymousId`)",
            );
        };
        for kind in [IdentifierKind::AnonymousId, IdentifierKind::UserId] {
            match Identifier::new(kind, &previous) {
                Ok(previous) => {
                    let known = |link: &Link| link.claimed == previous || link.owner == previous;
                    if !self.facts.links.iter().any(known) {
                        self.facts.links.extend(Link::between(&subject, &previous, "alias"));
                    }
                }
                Err(error) => return self.unusable("unusable_identifier", format!("previousId: {error}")),
            }
        }
    }

    /// Traits of the call before those of the context, which only accompany it.
    fn traits(&mut self) {
        let context_traits = self.context.object("traits");
        let mut said = Vec::new();
        for (name, value) in self.traits.all() {
            said.push((name.to_owned(), value));
        }
        for (name, value) in context_traits.all() {
            if !self.traits.has(name) {
                said.push((name.to_owned(), value));
            }
        }
        for (name, value) in said {
            match name.as_str() {
                "consents" => {}
                "preferences" => self.nested("preferences.", value),
                _ => self.say(name, value),
            }
        }
    }

    fn nested(&mut self, prefix: &str, value: &'a RawValue) {
        for (name, value) in Object::parse(value.get()).all() {
            self.say(format!("{prefix}{name}"), value);
        }
    }

    fn say(&mut self, name: String, value: &RawValue) {
        if name.is_empty() || name.len() > NAME_LIMIT || name.contains('\0') {
            let shown = event::cut(&name, 40);
            return self.unusable(
                "unusable_trait",
                format!("`{shown}...`: the name of a trait has 1 to {NAME_LIMIT} bytes"),
            );
        }
        if let Some(date_name) = name_of_trait(&name) {
            match date(value) {
                Ok(date) => self.facts.dates.push((date_name, Some(date))),
                Err(_) if value.get() == "null" => self.facts.dates.push((date_name, None)),
                Err(error) => self.unusable("unusable_date", format!("`{name}`: {error}")),
            }
        }
        self.facts.traits.push(Trait { name, origin: Origin::Declared, value: value.get().to_owned() });
    }

    fn consents(&mut self) {
        if let Some(declared) = self.traits.get("consents") {
            // One consent alone may stand for a list of one.
            let listed = self.traits.list("consents").unwrap_or_else(|| vec![declared]);
            for consent in self.first_ones(listed, "consents") {
                self.declared_consent(consent);
            }
        }
        let consent = self.context.object("consent");
        let Some(categories) = consent.get("categoryPreferences") else { return };
        if !categories.get().starts_with('{') {
            let reason =
                "`context.consent.categoryPreferences` is no object of categories with true or false";
            return self.unusable("unusable_consent", reason);
        }
        let categories = Object::parse(categories.get());
        for (category, granted) in self.first_ones(categories.present().collect(), "categories of consent") {
            self.category(category, granted);
        }
    }

    /// As many as one message may state; that there are more is told.
    fn first_ones<T>(&mut self, mut stated: Vec<T>, what: &str) -> Vec<T> {
        if stated.len() > CONSENT_LIMIT {
            let reason = format!(
                "{} {what} in one message; only the first {CONSENT_LIMIT} were read: send the others in further messages",
                stated.len()
            );
            self.unusable("unusable_consent", reason);
            stated.truncate(CONSENT_LIMIT);
        }
        stated
    }

    /// A category of a cookie banner.
    fn category(&mut self, category: &str, granted: &RawValue) {
        let is_name = (1..=NAME_LIMIT).contains(&category.len()) && !category.contains('\0');
        let Some(granted) = json::boolean(granted).filter(|_| is_name) else {
            let shown = event::cut(category, 40);
            let reason = format!(
                "the category `{shown}`: its name has 1 to {NAME_LIMIT} bytes, its value is true or false"
            );
            return self.unusable("unusable_consent", reason);
        };
        self.facts.consents.push(ConsentSaid {
            channel: "tracking".to_owned(),
            topic: ANY.to_owned(),
            purpose: category.to_lowercase(),
            granted,
            at: self.facts.at,
            declared: false,
        });
    }

    fn declared_consent(&mut self, consent: &RawValue) {
        let consent = Object::parse(consent.get());
        let (Some(_), Some(granted)) =
            (consent.get("channel"), consent.get("granted").and_then(json::boolean))
        else {
            return self.unusable(
                "unusable_consent",
                "a consent needs a `channel` (such as email, or * for all) and `granted`, true or false",
            );
        };
        let parts = ["channel", "topic", "purpose"].map(|name| part_of_consent(&consent, name).ok_or(name));
        let [channel, topic, purpose] = match parts {
            [Ok(channel), Ok(topic), Ok(purpose)] => [channel, topic, purpose],
            [Err(name), ..] | [_, Err(name), _] | [.., Err(name)] => {
                let reason =
                    format!("the `{name}` of a consent is a text of 1 to {NAME_LIMIT} bytes, or * for all");
                return self.unusable("unusable_consent", reason);
            }
        };
        let at = match consent.get("at").map(|at| json::instant(at).ok_or(at)) {
            None => self.facts.at,
            // Nobody can have decided later than the message that tells it.
            Some(Ok(at)) => at.as_microsecond().min(self.facts.at),
            Some(Err(at)) => {
                let shown = event::cut(at.get(), 40).to_owned();
                return self.unusable(
                    "unusable_consent",
                    format!("{shown} is no time; write `at` as 2026-05-17T12:00:00Z"),
                );
            }
        };
        self.facts.consents.push(ConsentSaid { channel, topic, purpose, granted, at, declared: true });
    }

    fn order(&mut self, kind: OrderEventKind, properties: &Object<'_>) {
        match event::read(properties) {
            Ok((order_id, said)) => {
                self.facts.order = Some(OrderEvent {
                    order_id,
                    source: self.facts.source.clone(),
                    message_id: self.facts.message_id.clone().unwrap_or_default(),
                    kind,
                    at: self.facts.at,
                    by: self.facts.subject.clone(),
                    said,
                });
            }
            Err(unusable) => self.facts.unusable.push(unusable),
        }
    }

    fn activity(&mut self, seq: i64, name: ActivityName, properties: &Object<'_>) {
        let Some(by) = self.facts.subject.clone() else { return };
        let (said, unusable) = Said::read(properties);
        self.facts.unusable.extend(unusable);
        self.facts.activity = Some(Activity {
            seq,
            source: self.facts.source.clone(),
            message_id: self.facts.message_id.clone().unwrap_or_default(),
            name,
            at: self.facts.at,
            by,
            said,
        });
    }
}

/// A channel, topic or purpose: all of them only where nothing is said; `None` for what is none.
fn part_of_consent(consent: &Object<'_>, name: &str) -> Option<String> {
    let Some(part) = consent.get(name) else { return Some(ANY.to_owned()) };
    json::text(part).map(|text| text.to_lowercase()).filter(|text| text.len() <= NAME_LIMIT)
}

/// A date as text or as `{year, month, day}`.
fn date(value: &RawValue) -> Result<DateOfLife, String> {
    if let Some(text) = json::text(value) {
        return text.parse::<DateOfLife>().map_err(|error| error.to_string());
    }
    let parts = Object::parse(value.get());
    let part = |name| parts.text(name).and_then(|text| text.parse::<i16>().ok());
    let small = |name| part(name).and_then(|number| i8::try_from(number).ok());
    let (Some(month), Some(day)) = (small("month"), small("day")) else {
        return Err("write a date as 1990-05-17, or without the year as --05-17".to_owned());
    };
    DateOfLife::new(part("year"), month, day).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::events::NewEvent;

    fn facts(
        kind: EventKind,
        event: Option<&str>,
        user: Option<&str>,
        anonymous: Option<&str>,
        payload: &str,
    ) -> Facts {
        let at: Timestamp = "2026-05-17T12:00:00Z".parse().unwrap();
        let event = StoredEvent {
            seq: 1,
            source: "shop".into(),
            received_at: at,
            event: NewEvent {
                message_id: "m1".into(),
                kind,
                event: event.map(Into::into),
                user_id: user.map(Into::into),
                anonymous_id: anonymous.map(Into::into),
                at,
                payload: payload.into(),
            },
        };
        of_event(
            &event,
            &IdentityRules { external_kinds: vec!["stripe_customer".into()], ..IdentityRules::default() },
        )
    }

    fn identify(user: Option<&str>, anonymous: Option<&str>, payload: &str) -> Facts {
        facts(EventKind::Identify, None, user, anonymous, payload)
    }

    fn links(facts: &Facts) -> Vec<String> {
        facts
            .links
            .iter()
            .map(|link| format!("{} -> {} ({})", link.claimed, link.owner, link.reason))
            .collect()
    }

    fn codes(facts: &Facts) -> Vec<&str> {
        facts.unusable.iter().map(|unusable| unusable.code).collect()
    }

    #[test]
    fn an_identify_links_all_that_it_names_with_the_account() {
        let facts = identify(
            Some("7"),
            Some("device"),
            r#"{"traits": {"email": "Jane@Example.org", "stripeCustomer": "cus_1", "age": 1.10}, "context": {"traits": {"phone": "+49 171 1234567", "age": 2}}}"#,
        );
        assert_eq!(facts.subject.as_ref().unwrap().to_string(), "user_id:7");
        assert_eq!(
            links(&facts),
            [
                "stripe_customer:cus_1 -> user_id:7 (identify)",
                "email:jane@example.org -> user_id:7 (identify)",
                "phone:+491711234567 -> user_id:7 (identify)",
                "anonymous_id:device -> user_id:7 (identify)",
            ]
        );
        let age: Vec<_> = facts.traits.iter().filter(|t| t.name == "age").map(|t| t.value.as_str()).collect();
        assert_eq!(age, ["1.10"], "as it was written, and the call's own before the context's");
    }

    #[test]
    fn a_guest_is_known_by_the_address_of_the_order_and_an_account_is_not() {
        let order = r#"{"properties": {"order_id": "1", "email": "mum@example.org", "total": "5"}}"#;
        let guest = facts(EventKind::Track, Some("Order Completed"), None, Some("device"), order);
        assert_eq!(guest.subject.as_ref().unwrap().to_string(), "email:mum@example.org");
        assert_eq!(links(&guest), ["anonymous_id:device -> email:mum@example.org (track)"]);
        assert_eq!(guest.order.unwrap().by, guest.subject);
        let account = facts(EventKind::Track, Some("Order Completed"), Some("7"), None, order);
        assert_eq!(account.seen.len(), 1);
        let view = facts(EventKind::Track, Some("Product Shared"), None, Some("device"), order);
        assert_eq!(
            view.subject.unwrap().to_string(),
            "anonymous_id:device",
            "only orders name their guest so"
        );
    }

    #[test]
    fn placeholders_are_refused_and_the_rest_is_used() {
        let facts = identify(Some("undefined"), Some("device"), r#"{"traits": {"name": "Jane"}}"#);
        assert_eq!(codes(&facts), ["unusable_identifier"]);
        assert_eq!(facts.subject.unwrap().to_string(), "anonymous_id:device");
        assert_eq!(facts.traits.len(), 1);
    }

    #[test]
    fn an_alias_links_the_previous_id_as_account_and_as_device() {
        let alias = |payload| facts(EventKind::Alias, None, Some("7"), None, payload);
        assert_eq!(
            links(&alias(r#"{"previousId": "old"}"#)),
            ["anonymous_id:old -> user_id:7 (alias)", "user_id:old -> user_id:7 (alias)"]
        );
        assert_eq!(codes(&alias("{}")), ["unusable_alias"]);
        let by_device = facts(EventKind::Alias, None, Some("7"), Some("device"), "{}");
        assert_eq!(links(&by_device), ["anonymous_id:device -> user_id:7 (alias)"]);
        assert!(codes(&by_device).is_empty());
        assert_eq!(codes(&alias(r#"{"previousId": "null"}"#)), ["unusable_identifier"]);
    }

    #[test]
    fn preferences_dates_and_consents_are_read() {
        let facts = identify(
            Some("7"),
            None,
            r#"{"traits": {
                "preferences": {"colour": "red"}, "preferences.size": 42, "dob": "1990-02-30", "anniversary": {"month": 2, "day": 29},
                "consents": [{"channel": "Email", "topic": "news", "granted": true, "at": "2027-01-01T00:00:00Z"}, {"granted": true}, {"channel": "sms", "granted": false, "at": "yesterday"}]},
                "context": {"consent": {"categoryPreferences": {"Advertising": false, "odd": 3}}}}"#,
        );
        let names: Vec<_> = facts.traits.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["anniversary", "dob", "preferences.colour", "preferences.size"]);
        assert_eq!(facts.dates, [("anniversary", Some("--02-29".parse().unwrap()))]);
        assert_eq!(
            codes(&facts),
            ["unusable_date", "unusable_consent", "unusable_consent", "unusable_consent"]
        );
        let said: Vec<_> = facts
            .consents
            .iter()
            .map(|c| {
                (
                    c.channel.as_str(),
                    c.topic.as_str(),
                    c.purpose.as_str(),
                    c.granted,
                    c.at == facts.at,
                    c.declared,
                )
            })
            .collect();
        assert_eq!(
            said,
            [("email", "news", "*", true, true, true), ("tracking", "*", "advertising", false, true, false)]
        );
    }

    #[test]
    fn a_consent_is_as_wide_as_it_was_said_and_never_wider() {
        let told = |consents: &str| {
            identify(Some("7"), None, &format!(r#"{{"traits": {{"consents": {consents}}}}}"#))
        };
        let long = "x".repeat(256);
        for part in ["\"\"", "\" \"", "true", "[\"news\"]", "{}", &format!("\"{long}\"")] {
            for name in ["channel", "topic", "purpose"] {
                let mut parts =
                    std::collections::BTreeMap::from([("channel", "\"email\""), ("granted", "true")]);
                parts.insert(name, part);
                let parts: Vec<_> =
                    parts.into_iter().map(|(name, part)| format!("\"{name}\": {part}")).collect();
                let facts = told(&format!("[{{{}}}]", parts.join(", ")));
                assert_eq!(
                    (codes(&facts), facts.consents.len()),
                    (vec!["unusable_consent"], 0),
                    "{name}: {part}"
                );
            }
        }
        let wide = told(r#"[{"channel": "email", "topic": null, "granted": true}]"#);
        let wide = &wide.consents[0];
        assert_eq!((wide.topic.as_str(), wide.purpose.as_str()), ("*", "*"), "what is absent is all");
    }

    #[test]
    fn no_consent_vanishes() {
        let told = |traits: &str| identify(Some("7"), None, traits);
        let alone = told(r#"{"traits": {"consents": {"channel": "sms", "granted": false}}}"#);
        assert_eq!((alone.consents.len(), codes(&alone).len()), (1, 0), "one alone is a list of one");
        for consents in ["\"yes\"", "7", "{}", "[1]"] {
            let facts = told(&format!(r#"{{"traits": {{"consents": {consents}}}}}"#));
            assert_eq!((codes(&facts), facts.consents.len()), (vec!["unusable_consent"], 0), "{consents}");
        }
        let one = r#"{"channel": "sms", "granted": false}"#;
        let many = told(&format!(r#"{{"traits": {{"consents": [{}]}}}}"#, vec![one; 101].join(",")));
        assert_eq!((codes(&many), many.consents.len()), (vec!["unusable_consent"], 100));
        let long = "x".repeat(256);
        for banner in ["[]", "true", "{\"a\": \"maybe\"}", &format!("{{\"{long}\": true}}"), "{\"\": true}"] {
            let payload = format!(r#"{{"context": {{"consent": {{"categoryPreferences": {banner}}}}}}}"#);
            let facts = told(&payload);
            assert_eq!((codes(&facts), facts.consents.len()), (vec!["unusable_consent"], 0), "{banner}");
        }
    }

    #[test]
    fn no_odd_payload_is_an_error() {
        for payload in
            ["", "null", "[]", "7", "{\"traits\": 5, \"context\": [1]}", "{\"traits\": {\"email\": {}}}", "{"]
        {
            let facts = identify(Some("7"), None, payload);
            assert_eq!(facts.subject.unwrap().to_string(), "user_id:7", "{payload}");
        }
        let order = facts(EventKind::Track, Some("Order Completed"), Some("7"), None, "{}");
        assert_eq!((codes(&order), order.order.is_none()), (vec!["unusable_order"], true));
        let group =
            facts(EventKind::Group, None, Some("7"), None, r#"{"traits": {"email": "all@example.org"}}"#);
        assert_eq!((group.seen.len(), group.traits.len()), (1, 0), "a group's traits are not a person's");
    }
}
