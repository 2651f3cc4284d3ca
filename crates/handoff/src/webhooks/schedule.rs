//! When a delivery that failed is tried again: the waits of the Standard Webhooks specification, with jitter.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// The waits after the first, second, ... failed attempt: about three days in all.
const WAITS: [Duration; ATTEMPTS as usize - 1] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// A delivery is dead when this many attempts have failed.
pub const ATTEMPTS: u32 = 10;

/// A wait is lengthened by up to this share, so that what failed together does not come back together.
const JITTER: f64 = 0.2;

/// How long to wait after the `failed`-th attempt of a delivery, or `None` when there is no further one.
/// The jitter follows from the id and the attempt: the same on every machine and after a restart.
#[must_use]
pub fn wait_after(delivery: &str, failed: u32) -> Option<Duration> {
    let wait = WAITS.get(usize::try_from(failed.checked_sub(1)?).ok()?)?;
    let digest = Sha256::digest(format!("{delivery}.{failed}"));
    let share = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
    Some(wait.mul_f64(1.0 + JITTER * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<Duration> = (1..ATTEMPTS).map(|failed| wait_after("msg_1", failed).unwrap()).collect();
        assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
        assert_eq!(wait_after("msg_1", ATTEMPTS), None);
        assert_eq!(wait_after("msg_1", 0), None);
        let total: Duration = waits.iter().sum();
        assert!((Duration::from_hours(75)..Duration::from_hours(92)).contains(&total), "{total:?}");
    }

    #[test]
    fn jitter_spreads_deliveries_and_is_the_same_each_time() {
        let first: Vec<Duration> = (0..200).map(|n| wait_after(&format!("msg_{n}"), 2).unwrap()).collect();
        let again: Vec<Duration> = (0..200).map(|n| wait_after(&format!("msg_{n}"), 2).unwrap()).collect();
        assert_eq!(first, again);
        let base = WAITS[1].as_secs_f64();
        assert!(first.iter().all(|wait| (base..=base * 1.2).contains(&wait.as_secs_f64())));
        let early = first.iter().filter(|wait| wait.as_secs_f64() < base * 1.1).count();
        assert!((60..140).contains(&early), "{early} of 200 in the first half");
    }
}
