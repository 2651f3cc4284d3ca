//! The signature of the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`, as `v1,<base64>`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::secret::Secret;

/// What the specification recommends for the length of a key, in bytes.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

const PREFIX: &str = "whsec_";

/// Secrets are handed around with and without the padding of base64.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key that one endpoint's messages are signed with.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Reads a secret of the form `whsec_<base64 of 24 to 64 bytes>`.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn parse(secret: &Secret) -> Result<Self, String> {
        const REMEDY: &str = "make one with: echo \"whsec_$(openssl rand -base64 32)\"";
        let encoded = secret
            .expose()
            .strip_prefix(PREFIX)
            .ok_or_else(|| format!("a webhook secret begins with {PREFIX}; {REMEDY}"))?;
        let key =
            LENIENT.decode(encoded).map_err(|_| format!("what follows {PREFIX} is not base64; {REMEDY}"))?;
        if !KEY_LENGTH.contains(&key.len()) {
            return Err(format!("a key of {} bytes; 24 to 64 are needed; {REMEDY}", key.len()));
        }
        Hmac::new_from_slice(&key).map(Self).map_err(|error| error.to_string())
    }

    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey(hidden)")
    }
}

/// The header `webhook-signature`: one signature per key, so that a receiver can go from an old secret to a
/// new one. `at` is also the header `webhook-timestamp`, in whole seconds.
#[must_use]
pub fn signature_header(keys: &[SigningKey], id: &str, at: Timestamp, body: &str) -> String {
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, at.as_second(), body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> Result<SigningKey, String> {
        SigningKey::parse(&Secret::new(secret))
    }

    // The example of the specification's reference libraries (standard-webhooks/standard-webhooks, tests of
    // libraries/go, libraries/rust and others); the test against the library from PyPI is in
    // `tests/it/webhooks.rs`.
    #[test]
    fn signs_the_published_example() {
        let keys = [key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()];
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        assert_eq!(
            signature_header(&keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, "{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn two_keys_give_two_signatures_in_their_order() {
        let new = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let old = key("whsec_bmV2ZXIgdXNlIHRoaXMga2V5IGZvciBhbnl0aGluZw==").unwrap();
        let at = Timestamp::from_second(1).unwrap();
        let alone = |key: &SigningKey| signature_header(std::slice::from_ref(key), "msg_1", at, "{}");
        assert_eq!(
            signature_header(&[new.clone(), old.clone()], "msg_1", at, "{}"),
            format!("{} {}", alone(&new), alone(&old))
        );
    }

    #[test]
    fn a_bad_secret_is_explained_and_not_repeated() {
        for (secret, word) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with"),
            ("whsec_not base64!", "base64"),
            ("whsec_c2hvcnQ=", "5 bytes"),
            ("whsec_", "0 bytes"),
        ] {
            let problem = key(secret).unwrap_err();
            assert!(problem.contains(word) && problem.contains("openssl rand"), "{problem}");
            assert!(secret == "whsec_" || !problem.contains(secret), "{problem}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(hidden)");
    }
}
