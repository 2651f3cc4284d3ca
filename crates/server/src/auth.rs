//! Who asks: keys in headers or in a Segment body. A key is never logged.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use perennial_store::{Key, Scope, Store};

use crate::error::ApiError;

/// A key that a Segment SDK sends: the user of Basic authentication, else `writeKey` of the body, else a bearer's.
///
/// A bearer token comes last, because SDKs that sign in with OAuth send one beside the `writeKey`.
pub(crate) fn write_key(headers: &HeaderMap, of_body: Option<&str>) -> Option<String> {
    basic_user(headers).or_else(|| of_body.map(str::to_owned)).or_else(|| bearer(headers))
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    credentials(headers, "bearer").map(str::to_owned)
}

/// The user of `Authorization: Basic`, as which a write key comes.
pub(crate) fn basic_user(headers: &HeaderMap) -> Option<String> {
    let decoded = STANDARD.decode(credentials(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    // The password is empty in Segment's use; some clients leave out the colon.
    Some(text.split(':').next().unwrap_or_default().to_owned())
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (found, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then_some(rest.trim())
}

/// The key, when it is known and may do what is asked.
pub(crate) async fn require(store: &Store, key: Option<&str>, needed: Scope) -> Result<Key, ApiError> {
    let unauthorized = |message| ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
    let key = key
        .filter(|key| !key.is_empty())
        .ok_or_else(|| unauthorized("no key: make one with `perennial keys`"))?;
    let found = store.authenticate(key).await?;
    let found = found.ok_or_else(|| {
        unauthorized("this key is unknown or was revoked; `perennial keys list` shows yours")
    })?;
    if !found.scope.allows(needed) {
        let message = format!("a key with the scope {} may not do this; it needs {}", found.scope, needed);
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        headers
    }

    #[test]
    fn the_key_is_found_wherever_sdks_put_it() {
        let basic = |text: &str| with(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(write_key(&basic("abc:"), Some("other")).as_deref(), Some("abc"));
        assert_eq!(write_key(&basic("abc"), None).as_deref(), Some("abc"));
        assert_eq!(write_key(&with("Bearer token"), Some("abc")).as_deref(), Some("abc"));
        assert_eq!(write_key(&with("bearer  token"), None).as_deref(), Some("token"));
        assert_eq!(write_key(&HeaderMap::new(), None), None);
        assert_eq!(write_key(&with("Basic %%%"), None), None);
    }
}
