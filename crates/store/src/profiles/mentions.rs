//! Where a text mentions somebody: the ways in which people and programs write an address, a telephone number or an id.
//!
//! A database finds candidates by patterns ([`Mentions::conditions`]), which are wider than what is meant. What is one is
//! decided here, where an address ends where it ends: `jo@example.org` is not in `bojo@example.org`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sea_orm::Value;

use super::telephone::Telephone;
use crate::identity::{Identifier, IdentifierKind};

/// Patterns in one condition: SQLite bounds how deep a condition may be.
const PATTERNS: usize = 64;

/// Identifiers that are looked for in texts.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// In lower case.
    emails: BTreeSet<String>,
    phones: BTreeSet<Telephone>,
    /// All others.
    ids: BTreeSet<String>,
}

impl<'a> FromIterator<&'a Identifier> for Mentions {
    fn from_iter<I: IntoIterator<Item = &'a Identifier>>(identifiers: I) -> Self {
        let mut mentions = Self::default();
        for identifier in identifiers {
            let value = identifier.value();
            match identifier.kind() {
                IdentifierKind::Email => mentions.emails.extend([value.to_owned()]),
                IdentifierKind::Phone => mentions.phones.extend(Telephone::new(value)),
                _ => mentions.ids.extend([value.to_owned()]),
            }
        }
        mentions
    }
}

impl Mentions {
    /// Conditions of which one holds for each text that may mention one, with their values; placeholders begin with number
    /// `first`.
    pub(super) fn conditions(&self, text: &str, first: usize) -> Vec<(String, Vec<Value>)> {
        let patterns: BTreeSet<String> = self
            .emails
            .iter()
            .map(|email| loosely(email) + "%")
            .chain(self.phones.iter().map(Telephone::pattern))
            .chain(self.ids.iter().map(|id| loosely(&id.to_lowercase()) + "%"))
            .collect();
        let patterns: Vec<String> = patterns.into_iter().collect();
        let condition = |patterns: &[String]| {
            let like = |place| format!("LOWER({text}) LIKE ${} ESCAPE '!'", first + place);
            let conditions: Vec<_> = (0..patterns.len()).map(like).collect();
            (conditions.join(" OR "), patterns.iter().map(|pattern| pattern.as_str().into()).collect())
        };
        patterns.chunks(PATTERNS).map(condition).collect()
    }

    /// Whether a text, JSON where it can be read so, mentions one.
    pub(super) fn found_in(&self, text: &str) -> bool {
        if let Ok(json) = serde_json::from_str(text) {
            return self.in_json(&json, None);
        }
        let text = without_escapes(text);
        self.in_text(&text) || self.ids.iter().any(|id| is_quoted_in(&text, id))
    }

    fn in_json(&self, value: &serde_json::Value, name: Option<&str>) -> bool {
        match value {
            serde_json::Value::String(text) => self.ids.contains(text.trim()) || self.in_text(text),
            serde_json::Value::Number(number) => {
                let number = number.to_string();
                // Any other number may be equal to an id.
                name.is_some_and(is_name_of_id) && self.ids.contains(&number) || self.in_text(&number)
            }
            serde_json::Value::Array(values) => values.iter().any(|value| self.in_json(value, name)),
            serde_json::Value::Object(members) => {
                members.iter().any(|(name, value)| self.in_text(name) || self.in_json(value, Some(name)))
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) => false,
        }
    }

    /// Addresses and telephone numbers anywhere in a text, also in the query of a URL.
    fn in_text(&self, text: &str) -> bool {
        let found = |text: &str| {
            let lower = text.to_lowercase();
            self.emails.iter().any(|email| is_address_in(&lower, email))
                || self.phones.iter().any(|number| number.is_in(text))
        };
        found(text) || text.contains('%') && found(&percent_decoded(text))
    }
}

/// A pattern for a text within JSON, however its letters are written there: some programs write marks as `\\u0027` or `%27`.
fn loosely(text: &str) -> String {
    let letter = |letter: char| match letter {
        '_' => "!_".to_owned(),
        _ if letter.is_ascii_alphanumeric() || ".-".contains(letter) => letter.to_string(),
        _ => "%".to_owned(),
    };
    std::iter::once("%".to_owned()).chain(text.chars().map(letter)).collect()
}

fn is_address_in(text: &str, email: &str) -> bool {
    text.match_indices(email).any(|(start, _)| {
        let local = |letter: char| letter.is_alphanumeric() || "._+-".contains(letter);
        let mut after = text[start + email.len()..].chars();
        let goes_on = match after.next() {
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            next => next.is_some_and(|letter| letter.is_alphanumeric() || letter == '-'),
        };
        !goes_on && !text[..start].chars().next_back().is_some_and(local)
    })
}

/// Whether an id stands in quotes in a text that is no JSON, or as a number behind the name of an id.
fn is_quoted_in(text: &str, id: &str) -> bool {
    let quote = |letter: char| matches!(letter, '"' | '\'' | '`');
    text.match_indices(id).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + id.len()..]);
        if before.ends_with(quote) && after.trim_start_matches('\\').starts_with(quote) {
            return true;
        }
        let name = before.trim_end().strip_suffix(':').map(|name| name.trim_end().trim_end_matches(quote));
        name.is_some_and(is_name_of_id)
            && !after.starts_with(|next: char| next.is_alphanumeric() || next == '.')
    })
}

/// Such as `userId` and `customer_id`.
fn is_name_of_id(name: &str) -> bool {
    name.len() >= 2
        && name.is_char_boundary(name.len() - 2)
        && name[name.len() - 2..].eq_ignore_ascii_case("id")
}

/// A text with the letters that JSON's `\uXXXX` stand for, as far as they can be read.
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\\u");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter =
            part.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match letter {
            Some(letter) => {
                plain.push(letter);
                plain.push_str(&part[4..]);
            }
            None => plain.push_str(part),
        }
    }
    Cow::Owned(plain)
}

/// A text with the letters that a URL's `%XX` stand for, as far as they can be read.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits =
            after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(identifiers: &[&str]) -> Mentions {
        let identifiers: Vec<Identifier> = identifiers.iter().map(|text| text.parse().unwrap()).collect();
        identifiers.iter().collect()
    }

    #[test]
    fn an_address_is_found_however_it_is_written_and_never_within_another() {
        let jo = mentions(&["email:jo@x.de", "email:müller+news@x.de"]);
        for text in [
            r#"{"email": "JO@X.DE"}"#,
            r#"{"note": "Write to jo@x.de."}"#,
            r#"{"note": "<mailto:jo@x.de>"}"#,
            r#"{"url": "https://shop/?email=jo%40x.de&a=1"}"#,
            r#"{"url": "https://shop/?email=m%C3%BCller%2Bnews%40x.de"}"#,
            r#"{"jo@x.de": true}"#,
            r#"[["a", {"b": ["jo@x.de"]}]]"#,
            r#"{"email": "M\u00dcLLER+news@x.de"}"#,
            r#"{"email": "MÜLLER+news@x.de"#,
            r#"{"email": "m\u00fcller+news@x.de"#,
            "of jo@x.de",
        ] {
            assert!(jo.found_in(text), "{text}");
        }
        for text in [
            r#"{"email": "bojo@x.de"}"#,
            r#"{"email": "a.jo@x.de"}"#,
            r#"{"email": "a+jo@x.de"}"#,
            r#"{"email": "jo@x.dev"}"#,
            r#"{"email": "jo@x.de.example.org"}"#,
            r#"{"email": "jo@x.de-mail.org"}"#,
            r#"{"email": "müller@x.de"}"#,
            r#"{"url": "https://shop/?email=bojo%40x.de"}"#,
            "{}",
            "",
        ] {
            assert!(!jo.found_in(text), "{text}");
        }
    }

    #[test]
    fn a_telephone_number_is_found_with_any_marks_and_never_within_another_number() {
        let jane = mentions(&["phone:+491711234567", "phone:12345"]);
        for text in [
            r#"{"phone": "+49 171 / 123-4567"}"#,
            r#"{"note": "call +49 (171) 1234567, after 5"}"#,
            r#"{"note": "on 24. 12. +49 171 1234567"}"#,
            r#"{"phone": 491711234567}"#,
            r#"{"phone": "0049 171", "mobile": "+49 171 1234567"#,
        ] {
            assert!(jane.found_in(text), "{text}");
        }
        for text in [
            r#"{"order": "4917112345678"}"#,
            r#"{"order": "1491711234567"}"#,
            r#"{"order": "X491711234567"}"#,
            r#"{"order": 12345}"#,
            r#"{"zip": "12345"}"#,
            r#"{"phone": "+49 171 12345"}"#,
        ] {
            assert!(!jane.found_in(text), "{text}");
        }
    }

    #[test]
    fn an_id_is_found_as_a_whole_value_and_as_a_number_only_where_an_id_is_meant() {
        let jane = mentions(&["user_id:42", "anonymous_id:a-b"]);
        for text in [
            r#"{"userId": "42"}"#,
            r#"{"userId": 42}"#,
            r#"{"customer_id": 42}"#,
            r#"{"anonymousId": " a-b "}"#,
            r#"{"userId": 42"#,
            r#"{"userId" : "42", "#,
            r#"{"message": "{\"userId\":\"42\""#,
            "the id `a-b` is odd",
        ] {
            assert!(jane.found_in(text), "{text}");
        }
        for text in [
            r#"{"quantity": 42}"#,
            r#"{"userId": 421}"#,
            r#"{"userId": "421"}"#,
            r#"{"note": "42 pieces"}"#,
            r#"{"userId": 421"#,
            r#"{"quantity": 42"#,
            r#"{"anonymousId": "a-b-c"#,
        ] {
            assert!(!jane.found_in(text), "{text}");
        }
    }

    #[test]
    fn patterns_are_wider_than_what_they_look_for() {
        assert_eq!(loosely("mü_l+r@x.de"), "%m%!_l%r%x.de");
        assert_eq!(loosely("o'brien\"%"), "%o%brien%%");
        let conditions = mentions(&["email:jo@x.de", "user_id:A/1"]).conditions("payload", 3);
        assert_eq!(conditions.len(), 1);
        let (condition, values) = &conditions[0];
        assert_eq!(condition.matches("LOWER(payload) LIKE $").count(), 2, "{condition}");
        assert!(condition.contains("$3 ") && condition.contains("$4 "), "{condition}");
        let values: BTreeSet<String> = values.iter().map(|value| format!("{value:?}")).collect();
        for expected in ["%jo%x.de%", "%a%1%"] {
            assert!(values.iter().any(|value| value.contains(expected)), "{expected} in {values:?}");
        }
        assert!(mentions(&[]).conditions("payload", 1).is_empty());
    }
}
