//! When an event happened: the client's times, corrected for a client's clock that goes wrong.
//!
//! Segment's formula is `timestamp = receivedAt - (sentAt - originalTimestamp)`. What a client sends as `timestamp` is its own
//! time, so `originalTimestamp` in the formula. A message that carries both was corrected before and is left as it is.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How far ahead of the server's clock an event may lie.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The times of a message as its client wrote them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ClientTimes {
    /// `timestamp`.
    pub(crate) timestamp: Option<Timestamp>,
    /// `originalTimestamp`, as some SDKs name it.
    pub(crate) original: Option<Timestamp>,
    /// `sentAt`, of the message or of the request.
    pub(crate) sent: Option<Timestamp>,
}

impl ClientTimes {
    /// When the event happened, by the server's clock.
    pub(crate) fn happened_at(self, received_at: Timestamp) -> Timestamp {
        let Some(by_client) = self.timestamp.or(self.original) else { return received_at };
        let corrected_before = self.timestamp.is_some() && self.original.is_some();
        match self.sent {
            Some(sent) if !corrected_before => {
                received_at.checked_sub(sent.duration_since(by_client)).unwrap_or(by_client)
            }
            _ => by_client,
        }
    }
}

/// Reads an ISO 8601 time. One without a zone is UTC; one-digit months and days, as in Segment's own examples, are read too.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_utc = |time: DateTime| TimeZone::UTC.to_timestamp(time).ok();
    text.parse::<Timestamp>().ok().or_else(|| text.parse::<DateTime>().ok().and_then(in_utc)).or_else(|| {
        strtime::parse("%Y-%m-%dT%H:%M:%S%.f%:z", text.replace('Z', "+00:00")).ok()?.to_timestamp().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn iso_8601_is_read_and_utc_assumed() {
        for (text, expected) in [
            ("2012-12-02T00:30:08.276Z", "2012-12-02T00:30:08.276Z"),
            ("2015-2-02T00:30:08.276Z", "2015-02-02T00:30:08.276Z"),
            ("2026-01-31T23:30:00-03:00", "2026-02-01T02:30:00Z"),
            ("2026-01-31T23:30:00", "2026-01-31T23:30:00Z"),
            ("2026-01-31 23:30:00", "2026-01-31T23:30:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
        ] {
            assert_eq!(parse(text), Some(at(expected)), "{text}");
        }
        for text in ["", "yesterday", "1700000000", "2026-13-01T00:00:00Z", "2026-02-30"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_clock_that_goes_wrong_is_corrected() {
        let received = at("2026-11-22T12:00:10Z");
        let times = ClientTimes {
            timestamp: Some(at("1970-01-01T00:00:00Z")),
            sent: Some(at("1970-01-01T00:01:00Z")),
            original: None,
        };
        assert_eq!(times.happened_at(received), at("2026-11-22T11:59:10Z"), "a minute before it was sent");
    }

    #[test]
    fn historic_times_stay_without_sent_at_and_corrected_ones_stay_with_it() {
        let received = at("2026-11-22T12:00:00Z");
        let historic = ClientTimes { timestamp: Some(at("2019-05-01T08:00:00Z")), ..ClientTimes::default() };
        assert_eq!(historic.happened_at(received), at("2019-05-01T08:00:00Z"));
        let corrected = ClientTimes {
            timestamp: Some(at("2026-11-22T11:00:00Z")),
            original: Some(at("2026-11-22T09:00:00Z")),
            sent: Some(at("2026-11-22T10:00:00Z")),
        };
        assert_eq!(corrected.happened_at(received), at("2026-11-22T11:00:00Z"));
        assert_eq!(ClientTimes::default().happened_at(received), received);
    }

    #[test]
    fn extremes_do_not_panic() {
        let times =
            ClientTimes { timestamp: Some(Timestamp::MAX), sent: Some(Timestamp::MIN), original: None };
        assert_eq!(times.happened_at(Timestamp::MAX), Timestamp::MAX);
    }
}
