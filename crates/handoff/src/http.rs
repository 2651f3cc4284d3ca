//! What every request that leaves has in common: no redirects, a time-out, bounded answers, HTTPS.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};

use crate::Error;

/// No service is asked to wait for longer than this by its `Retry-After`.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// A client that follows no redirect: a signed body or a token goes to the address that was configured, or
/// nowhere.
pub(crate) fn client() -> Result<Client, Error> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("perennial/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Client { problem: chain(&error) })
}

/// An address as it was configured, `https` unless it is this machine.
pub(crate) fn checked_url(setting: &str, text: &str) -> Result<Url, Error> {
    let wrong = |problem: &str| Err(Error::setting(setting, problem));
    let Ok(url) = Url::parse(text) else {
        return wrong("not a URL; write one such as https://example.org/hooks");
    };
    let loopback = match url.host() {
        Some(url_host) => is_loopback(&url_host.to_string()),
        None => return wrong("a URL without a host; write one such as https://example.org/hooks"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("a URL with a user or password; take them out, requests are signed or carry a token");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => wrong("https is needed (http only for this machine: localhost, 127.0.0.1, [::1])"),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How long the service asks to wait: seconds or a date, at most a day.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<f64>() {
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// The first `limit` bytes of the answer, and whether that was all of it.
pub(crate) async fn body(mut response: Response, limit: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok((bytes, false));
        }
    }
    Ok((bytes, true))
}

/// Why a request got no answer, without its address.
pub(crate) fn failure(error: reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".to_owned() } else { chain(&error.without_url()) }
}

/// An error with what caused it, as one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// The start of a text from outside, on one line and without control characters.
pub(crate) fn excerpt(text: &str, characters: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String =
        line.chars().filter(|character| !character.is_control()).take(characters).collect();
    if line.chars().count() > characters {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_leaves_the_machine() {
        for good in
            ["https://example.org/hooks", "http://localhost:8080/", "http://127.0.0.1:1/x", "http://[::1]:9/"]
        {
            assert!(checked_url("url", good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.org/hooks",
            "http://localhost.example.org/",
            "http://10.0.0.1/",
            "ftp://localhost/",
            "hooks",
            "https://user:word@example.org/",
            "data:text/plain,x",
            "",
        ] {
            let error = checked_url("webhooks.shop.url", bad).unwrap_err().to_string();
            assert!(error.starts_with("webhooks.shop.url: "), "{error}");
            assert!(!error.contains("word@"), "{error}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(asked("30"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Sun, 22 Nov 2026 12:02:00 GMT"), Some(Duration::from_mins(2)));
        assert_eq!(asked("Sun, 22 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("99999999"), Some(LONGEST_RETRY_AFTER));
        for nonsense in ["soon", "-5", "NaN", "inf", ""] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("a\n b\u{7}c   d", 100), "a bc d");
        assert_eq!(excerpt("äöüß", 2), "äö...");
    }
}
