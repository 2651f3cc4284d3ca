//! A JSON object whose members keep their order and their text, so that an amount written `25.10` is stored as `25.10`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The members of an object, in their order. A name that occurs twice is kept twice; the last one counts, as in
/// JavaScript.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, RawValue>)>,
}

impl<'a> Object<'a> {
    /// Reads an object; `None` when the text is another JSON value or its names are no text.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The member's value; `null` counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        self.find(name).map(Cow::as_ref).filter(|value| value.get() != "null")
    }

    /// Takes the member out, whatever its value is, and says whether there was one.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|(member, _)| member != name);
        self.members.len() < before
    }

    /// The items of a member that is a list; `None` where it is absent or something else.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        match self.find(name)? {
            Cow::Borrowed(value) => serde_json::from_str(value.get()).ok(),
            Cow::Owned(_) => None,
        }
    }

    /// Takes out a member that is an object; an empty one where it is absent or something else.
    pub(crate) fn take_object(&mut self, name: &str) -> Object<'a> {
        let object = match self.find(name) {
            Some(Cow::Borrowed(value)) => Object::parse(value.get()),
            _ => None,
        };
        self.remove(name);
        object.unwrap_or_default()
    }

    /// Sets a member to a text, in the place of what had that name.
    pub(crate) fn set_text(&mut self, name: &'static str, text: &str) {
        if let Ok(value) = serde_json::value::to_raw_value(text) {
            self.set(name, Cow::Owned(value));
        }
    }

    /// Sets a member, in the place of what had that name.
    pub(crate) fn set(&mut self, name: &'static str, value: Cow<'a, RawValue>) {
        self.remove(name);
        self.members.push((Cow::Borrowed(name), value));
    }

    fn find(&self, name: &str) -> Option<&Cow<'a, RawValue>> {
        self.members.iter().rev().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Adds those members of `defaults` that this object has none of.
    pub(crate) fn fill_from(&mut self, defaults: &Object<'a>) {
        let own: HashSet<&str> = self.members.iter().map(|(name, _)| name.as_ref()).collect();
        let missing = |(name, _): &&(Cow<'a, str>, _)| !own.contains(name.as_ref());
        let missing: Vec<_> = defaults.members.iter().filter(missing).cloned().collect();
        self.members.extend(missing);
    }

    /// The object as a JSON value; `None` when it cannot be written, which an object that was read always can.
    pub(crate) fn to_raw(&self) -> Option<Box<RawValue>> {
        serde_json::value::to_raw_value(self).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, Cow::Borrowed(value)));
                }
                Ok(Object { members })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.members.iter().map(|(name, value)| (name, value)))
    }
}

/// A member's name, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_text() {
        let mut object = Object::parse(r#"{"z": 25.10, "a": [1,  2], "\u0062": null}"#).unwrap();
        assert_eq!(object.get("z").unwrap().get(), "25.10");
        assert!(object.get("b").is_none(), "null counts as absent");
        object.set_text("m", "a \"quote\"");
        let expected = r#"{"z":25.10,"a":[1,  2],"b":null,"m":"a \"quote\""}"#;
        assert_eq!(object.to_raw().unwrap().get(), expected);
    }

    #[test]
    fn of_two_members_with_one_name_the_last_counts() {
        assert_eq!(Object::parse(r#"{"a":1,"a":2}"#).unwrap().get("a").unwrap().get(), "2");
    }

    #[test]
    fn defaults_fill_only_what_is_missing() {
        let mut own = Object::parse(r#"{"ip":"1.2.3.4"}"#).unwrap();
        own.fill_from(&Object::parse(r#"{"ip":"9.9.9.9","locale":"de"}"#).unwrap());
        assert_eq!(own.to_raw().unwrap().get(), r#"{"ip":"1.2.3.4","locale":"de"}"#);
    }

    #[test]
    fn other_values_are_no_object() {
        for text in ["[]", "1", "null", "\"{}\"", "{", r#"{"a":1} x"#] {
            assert!(Object::parse(text).is_none(), "{text}");
        }
    }
}
