//! An identifier of a customer: its kind and its value, in the one form in which it is compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest value in bytes; an index of PostgreSQL takes no more than about 2,700.
const VALUE_LIMIT: usize = 512;
/// The longest name of a kind in bytes.
const KIND_LIMIT: usize = 64;

/// Values that programs write where they know no customer: joining by them would join strangers.
const PLACEHOLDERS: &[&str] = &[
    "null",
    "undefined",
    "anonymous",
    "guest",
    "0",
    "-1",
    "none",
    "nil",
    "nan",
    "n/a",
    "na",
    "unknown",
    "true",
    "false",
    "(not set)",
    "not set",
    "[object object]",
    "not available",
    "-",
    "?",
];

/// What an identifier is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// The shop's own number of a customer.
    UserId,
    /// An e-mail address, in lower case.
    Email,
    /// A telephone number: digits, with a leading `+` where it was given.
    Phone,
    /// A device or browser before somebody signs in.
    AnonymousId,
    /// The token that stands for an erased person.
    Erased,
    /// A number of another system, under the name of its kind, such as `stripe_customer`.
    Other(String),
}

impl IdentifierKind {
    /// Its name: `user_id`, `email`, `phone`, `anonymous_id`, `erased`, or that of another system.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::UserId => "user_id",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::AnonymousId => "anonymous_id",
            Self::Erased => "erased",
            Self::Other(name) => name,
        }
    }

    /// How unsurely it tells a person: 0 for an account, higher for what is shared. Of two linked identifiers the less
    /// sure one is claimed by the surer.
    pub(crate) fn uncertainty(&self) -> u8 {
        match self {
            Self::UserId | Self::Erased => 0,
            Self::Other(_) => 1,
            Self::Email => 2,
            Self::Phone => 3,
            Self::AnonymousId => 4,
        }
    }

    /// Whether several accounts may share it.
    pub(crate) fn is_address(&self) -> bool {
        matches!(self, Self::Email | Self::Phone)
    }
}

impl FromStr for IdentifierKind {
    type Err = NotAnIdentifier;

    fn from_str(name: &str) -> Result<Self, NotAnIdentifier> {
        Ok(match name {
            "user_id" => Self::UserId,
            "email" => Self::Email,
            "phone" => Self::Phone,
            "anonymous_id" => Self::AnonymousId,
            "erased" => Self::Erased,
            _ => {
                let plain =
                    |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
                if name.is_empty() || name.len() > KIND_LIMIT || !name.chars().all(plain) {
                    return Err(NotAnIdentifier::Kind(shown(name)));
                }
                Self::Other(name.to_owned())
            }
        })
    }
}

/// An identifier of a customer, written `kind:value`, for example `email:jane@example.org`.
///
/// The value is trimmed; an e-mail address is in lower case and a telephone number without blanks and marks, so that two
/// ways of writing the same are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Identifier {
    kind: IdentifierKind,
    value: String,
}

/// Why something is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIdentifier {
    /// The text has no kind in front.
    #[error("`{0}` is no identifier: write kind:value, such as email:jane@example.org or user_id:42")]
    NoKind(String),
    /// The name of the kind cannot be used.
    #[error(
        "`{0}` is no kind of identifier: use user_id, email, phone, anonymous_id, or a name of letters, digits, `_`, `.` and `-`, at most 64 characters"
    )]
    Kind(String),
    /// There is no value.
    #[error("the {0} is empty")]
    Empty(String),
    /// A value that programs write where they know no customer.
    #[error(
        "`{value}` as {kind} is a placeholder that many customers would share; leave it out where nobody is known"
    )]
    Placeholder {
        /// The kind's name.
        kind: String,
        /// What was given.
        value: String,
    },
    /// The value cannot be one of this kind.
    #[error("`{value}` is no {kind}: {reason}")]
    Malformed {
        /// The kind's name.
        kind: String,
        /// The beginning of what was given.
        value: String,
        /// Why not.
        reason: &'static str,
    },
}

impl Identifier {
    /// An identifier of a kind, brought into its one form.
    ///
    /// # Errors
    /// Empty, overlong and malformed values, and placeholders such as `null`, `guest` or an all-zero UUID.
    pub fn new(kind: IdentifierKind, value: &str) -> Result<Self, NotAnIdentifier> {
        let value = value.trim();
        let malformed = |reason| NotAnIdentifier::Malformed {
            kind: kind.as_str().to_owned(),
            value: shown(value),
            reason,
        };
        if value.is_empty() {
            return Err(NotAnIdentifier::Empty(kind.as_str().to_owned()));
        }
        if value.len() > VALUE_LIMIT {
            return Err(malformed("it has more than 512 bytes"));
        }
        if value.chars().any(char::is_control) {
            return Err(malformed("it contains a control character"));
        }
        if is_placeholder(value) {
            return Err(NotAnIdentifier::Placeholder {
                kind: kind.as_str().to_owned(),
                value: value.to_owned(),
            });
        }
        let value = match kind {
            IdentifierKind::Email => email(value).map_err(malformed)?,
            IdentifierKind::Phone => phone(value).map_err(malformed)?,
            _ => value.to_owned(),
        };
        Ok(Self { kind, value })
    }

    /// The token that stands for an erased person.
    pub(crate) fn erased(token: &str) -> Self {
        Self { kind: IdentifierKind::Erased, value: token.to_owned() }
    }

    /// As it was stored.
    pub(crate) fn stored(kind: &str, value: String) -> Result<Self, NotAnIdentifier> {
        Ok(Self { kind: kind.parse()?, value })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &IdentifierKind {
        &self.kind
    }

    /// Its value, in the form in which it is compared.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

fn is_placeholder(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']).to_lowercase();
    let zeros = |value: &str| value.len() >= 8 && value.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    value.is_empty() || PLACEHOLDERS.contains(&value.as_str()) || zeros(&value)
}

fn email(value: &str) -> Result<String, &'static str> {
    let value = value.strip_prefix("mailto:").unwrap_or(value).to_lowercase();
    let (local, domain) = value.rsplit_once('@').ok_or("it has no `@`")?;
    if is_placeholder(local) && domain.is_empty() || local.is_empty() || domain.is_empty() {
        return Err("something must stand before and behind its `@`");
    }
    if value.chars().any(char::is_whitespace) {
        return Err("it contains a blank");
    }
    Ok(value)
}

fn phone(value: &str) -> Result<String, &'static str> {
    let mut number = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '+' if number.is_empty() => number.push('+'),
            digit if digit.is_ascii_digit() => number.push(digit),
            ' ' | '-' | '/' | '.' | '(' | ')' | '\u{a0}' => {}
            _ => return Err("it contains something else than digits, blanks and `+ - / . ( )`"),
        }
    }
    let digits = number.trim_start_matches('+').len();
    if (5..=15).contains(&digits) { Ok(number) } else { Err("a telephone number has 5 to 15 digits") }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

impl FromStr for Identifier {
    type Err = NotAnIdentifier;

    fn from_str(text: &str) -> Result<Self, NotAnIdentifier> {
        let (kind, value) = text.split_once(':').ok_or_else(|| NotAnIdentifier::NoKind(shown(text)))?;
        Self::new(kind.trim().parse()?, value)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.value)
    }
}

impl From<Identifier> for String {
    fn from(identifier: Identifier) -> Self {
        identifier.to_string()
    }
}

impl TryFrom<String> for Identifier {
    type Error = NotAnIdentifier;

    fn try_from(text: String) -> Result<Self, NotAnIdentifier> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<Identifier>().map_or_else(|error| error.to_string(), |identifier| identifier.to_string())
    }

    #[test]
    fn identifiers_have_one_form() {
        assert_eq!(read("email: Jane.Doe@Example.ORG "), "email:jane.doe@example.org");
        assert_eq!(read("phone:+49 (171) 123-4567"), "phone:+491711234567");
        assert_eq!(read("user_id:a:b"), "user_id:a:b");
        assert_eq!(read("stripe_customer:cus_1"), "stripe_customer:cus_1");
        let json = serde_json::to_string(&"user_id:42".parse::<Identifier>().unwrap()).unwrap();
        assert_eq!(json, "\"user_id:42\"");
        assert_eq!(serde_json::from_str::<Identifier>(&json).unwrap().to_string(), "user_id:42");
    }

    #[test]
    fn placeholders_are_refused() {
        for value in [
            "null",
            "undefined",
            "Anonymous",
            "GUEST",
            "0",
            "none",
            "N/A",
            "unknown",
            " null ",
            "\"null\"",
            "00000000-0000-0000-0000-000000000000",
            "[object Object]",
            "",
        ] {
            assert!(Identifier::new(IdentifierKind::UserId, value).is_err(), "{value}");
        }
        assert!(read("user_id:null").contains("placeholder"));
        assert!(Identifier::new(IdentifierKind::UserId, "1").is_ok());
    }

    #[test]
    fn malformed_values_say_why() {
        for (text, word) in [
            ("jane", "kind:value"),
            ("e mail:x", "no kind"),
            ("email:jane", "no `@`"),
            ("email:@example.org", "before and behind"),
            ("email:a b@example.org", "blank"),
            ("phone:call me", "digits"),
            ("phone:12", "5 to 15"),
            ("user_id:a\u{0}b", "control"),
        ] {
            assert!(read(text).contains(word), "{text}: {}", read(text));
        }
        assert!(Identifier::new(IdentifierKind::UserId, &"x".repeat(513)).is_err());
    }
}
