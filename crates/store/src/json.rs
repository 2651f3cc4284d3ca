//! Reading of JSON as it came: values stay raw text, so that a number never passes through floating point.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serializer;
use serde_json::value::RawValue;

use crate::commerce::{Amount, NotAnAmount};

/// A JSON object whose values are still raw text; empty for anything that is not an object.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// Reads a text; what is no object has no fields.
    pub(crate) fn parse(text: &'a str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// The field, unless it is absent or `null`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|value| value.get() != "null")
    }

    /// The first of several spellings of a field.
    pub(crate) fn first(&self, names: &[&str]) -> Option<&'a RawValue> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The field as an object; empty if it is none.
    pub(crate) fn object(&self, name: &str) -> Object<'a> {
        self.get(name).map(|value| Object::parse(value.get())).unwrap_or_default()
    }

    /// The field as a list; `None` if it is none.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// The field as text: see [`text`].
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    /// Whether there is such a field, also with `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// All fields.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// All fields that are not `null`.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.all().filter(|(_, value)| value.get() != "null")
    }
}

/// A string or a number as text, trimmed; `None` for everything else and for what is empty.
///
/// The character NUL, which PostgreSQL cannot store, is left out.
pub(crate) fn text(value: &RawValue) -> Option<String> {
    let raw = value.get();
    let text = match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(raw).ok()?.replace('\0', ""),
        b'-' | b'0'..=b'9' => raw.to_owned(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// An amount given as a number or as a string; `None` where it is absent or an empty string.
pub(crate) fn amount(value: Option<&RawValue>) -> Result<Option<Amount>, NotAnAmount> {
    let Some(value) = value else { return Ok(None) };
    match text(value) {
        Some(text) => text.parse().map(Some),
        None if value.get() == "\"\"" => Ok(None),
        None => value.get().parse().map(Some),
    }
}

/// `true` or `false`, also as a string.
pub(crate) fn boolean(value: &RawValue) -> Option<bool> {
    match value.get().trim_matches('"').to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// An instant in ISO 8601.
pub(crate) fn instant(value: &RawValue) -> Option<Timestamp> {
    text(value)?.parse().ok()
}

/// Writes a time as ISO 8601: for `#[serde(serialize_with)]`, which hands over a reference.
pub(crate) fn write_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// Writes a time or `null`.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(crate) fn write_optional_time<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}
