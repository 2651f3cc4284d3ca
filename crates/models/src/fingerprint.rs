//! A hash that is the same today and with every later version, for data and files to be recognised by.
//!
//! FNV-1a with 128 bits: hash = (hash xor byte) * prime for every byte. It guards against mistakes, not against an adversary.
//!
//! Source: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, The FNV Non-Cryptographic Hash Algorithm, RFC 9923 (parameters and test
//! vectors).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The offset basis of the 128-bit hash.
const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;

/// The prime of the 128-bit hash, 2^88 + 2^8 + 0x3b.
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A hash of data; equal data have equal ones, and different data different ones but for a chance in 2^128. Shown as 32 hexadecimal
/// digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u128);

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a fingerprint: 32 hexadecimal digits in lower case")]
pub struct InvalidFingerprint {
    /// The text given.
    pub text: String,
}

impl Fingerprint {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(BASIS).and(bytes)
    }

    /// The hash of what was hashed before followed by these bytes.
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME)))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 32 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        let value = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        value.map(Self).ok_or_else(|| InvalidFingerprint { text: text.to_owned() })
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CustomerBase, Purchases};

    /// The test vectors of the algorithm's authors.
    #[test]
    fn hashes_are_the_published_ones() {
        for (text, hash) in [
            ("", "6c62272e07bb014262b821756295c58d"),
            ("a", "d228cb696f1a8caf78912b704e4a8964"),
            ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
        ] {
            assert_eq!(Fingerprint::of(text.as_bytes()).to_string(), hash);
            assert_eq!(hash.parse(), Ok(Fingerprint::of(text.as_bytes())));
        }
        for text in ["", "6C62272E07BB014262B821756295C58D", "+c62272e07bb014262b821756295c58d", "12"] {
            assert!(text.parse::<Fingerprint>().is_err());
        }
    }

    fn base(rows: &[(u32, f64, f64, u64)]) -> CustomerBase {
        let mut base = CustomerBase::new();
        for &(frequency, recency, age, customers) in rows {
            base.push(Purchases::new(frequency, recency, age).unwrap(), customers);
        }
        base
    }

    #[test]
    fn order_and_grouping_do_not_matter_and_everything_else_does() {
        let rows = [(2, 10.0, 30.0, 2), (0, 0.0, 30.0, 5), (2, 10.0, 31.0, 1)];
        let of = |rows: &[(u32, f64, f64, u64)]| base(rows).fingerprint();
        let known = of(&rows);
        // Computed apart, from the rows in order of (x, t_x, T), each with its number of customers, as little-endian bytes.
        assert_eq!(known.to_string(), "7148a97539460dcb76e8c58a231dcdd7");
        assert_eq!(of(&[rows[2], rows[0], rows[1]]), known);
        let apart = [(2, 10.0, 30.0, 1), rows[2], (0, 0.0, 30.0, 4), (2, 10.0, 30.0, 1), (0, 0.0, 30.0, 1)];
        assert_eq!(of(&apart), known);
        assert_eq!(of(&[rows[0], rows[1], rows[2], (7, 1.0, 2.0, 0)]), known);
        for (i, row) in
            [(0, (2, 10.0, 30.0, 3)), (0, (3, 10.0, 30.0, 2)), (1, (0, 0.0, 30.5, 5)), (2, (2, 9.0, 31.0, 1))]
        {
            let mut changed = rows;
            changed[i] = row;
            assert_ne!(of(&changed), known, "{row:?}");
        }
        assert_ne!(of(&rows[..2]), known);
    }
}
