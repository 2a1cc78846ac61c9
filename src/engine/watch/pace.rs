//! When to look next: soon at first, rarely later, and never at the cost of others.

use std::time::Duration;

/// The first looks come so soon after each other.
const FIRST: Duration = Duration::from_secs(60);

/// The last ones so rarely.
const LAST: Duration = Duration::from_secs(10 * 60);

/// Looks at the first pace; who lets an account in does it at once, or with the next import.
const AT_ONCE: u32 = 10;

/// Requests that one watch may make an hour, over all systems: a look that cost much is followed
/// by a longer pause. 100 a minute, of which Okta sees about a third; its buckets count in
/// hundreds a minute.
pub const CALLS_AN_HOUR: u64 = 6_000;

/// How long to wait after a look that made so many `calls`, the `quiet`th in which nothing was
/// new. Whatever is news begins anew at a minute.
#[must_use]
pub fn pause(quiet: u32, calls: u64) -> Duration {
    let slower = quiet.saturating_sub(AT_ONCE).min(16);
    // Half as long again each time: 60 s, 90 s, 135 s, …
    let grown = (0..slower).fold(FIRST, |wait, _| (wait * 3 / 2).min(LAST));
    let paid = Duration::from_secs(calls.saturating_mul(3600) / CALLS_AN_HOUR);
    grown.max(paid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_every_minute_at_first_and_every_ten_at_last() {
        assert_eq!(pause(0, 20), FIRST);
        assert_eq!(pause(10, 20), FIRST);
        assert_eq!(pause(11, 20), Duration::from_secs(90));
        assert_eq!(pause(40, 20), LAST);
        assert_eq!(pause(u32::MAX, 0), LAST);
    }

    #[test]
    fn a_look_that_cost_much_is_paid_for() {
        assert_eq!(pause(0, 500), Duration::from_secs(300));
        let a_day = |calls: u64| {
            let mut spent = (Duration::ZERO, 0u64, 0u32);
            while spent.0 < Duration::from_secs(24 * 3600) {
                spent = (
                    spent.0 + pause(spent.2, calls),
                    spent.1 + calls,
                    spent.2 + 1,
                );
            }
            spent.1
        };
        assert!(a_day(500) <= 24 * CALLS_AN_HOUR + 500, "{}", a_day(500));
        assert!(a_day(20) < 4_000, "{}", a_day(20));
    }
}
