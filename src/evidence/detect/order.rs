//! What time it is in the log, for events that are not quite in order.
//!
//! Windows are measured in the log's own time, which only goes forward: an event that is up to ten
//! minutes older than the newest one counts as if it happened with it, so that a window may be
//! wider by that much and never narrower. What is later than that is seen by detections of single
//! events, not by those that count, and is itself counted. A hundred such in a row mean that the
//! log starts over (a second file, or one that is sorted the other way): windows are then forgotten
//! and time goes on from there.

use std::time::Duration;

use crate::model::Utc;

/// How late an event may be.
pub const LATE_MAX: Duration = Duration::from_secs(600);

/// So many late events in a row mean that the log starts over.
const RESTART: usize = 100;

/// The log's clock.
#[derive(Debug, Default)]
pub(super) struct Order {
    newest: Option<Utc>,
    in_a_row: usize,
    /// Events that no window saw.
    pub late: u64,
}

/// When an event happened, for those who measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Now.
    Now(Utc),
    /// Now, and all that was before is forgotten.
    Afresh(Utc),
    /// Too long ago, or nobody knows.
    Late,
}

impl Order {
    /// Places one event.
    pub(super) fn place(&mut self, at: Option<Utc>) -> Place {
        let Some(at) = at else {
            self.late += 1;
            return Place::Late;
        };
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        if newest.since(at) <= LATE_MAX {
            self.newest = Some(newest);
            self.in_a_row = 0;
            return Place::Now(newest);
        }
        self.in_a_row += 1;
        if self.in_a_row < RESTART {
            self.late += 1;
            return Place::Late;
        }
        self.newest = Some(at);
        self.in_a_row = 0;
        Place::Afresh(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Option<Utc> {
        Some(Utc::from_millis(1_000_000_000_000 + minute * 60_000))
    }

    #[test]
    fn time_goes_forward_and_what_is_too_late_is_counted() {
        let mut order = Order::default();
        let now = |minute: i64| Place::Now(at(minute).unwrap());
        assert_eq!(order.place(at(20)), now(20));
        assert_eq!(order.place(at(11)), now(20));
        assert_eq!(order.place(at(9)), Place::Late);
        assert_eq!(order.place(None), Place::Late);
        assert_eq!(order.place(at(21)), now(21));
        assert_eq!(order.late, 2);
    }

    #[test]
    fn a_log_that_starts_over_is_followed() {
        let mut order = Order::default();
        order.place(at(1_000_000));
        let mut last = Place::Late;
        for minute in 0..100 {
            last = order.place(at(minute));
        }
        assert_eq!(last, Place::Afresh(at(99).unwrap()));
        assert_eq!(order.place(at(100)), Place::Now(at(100).unwrap()));
    }
}
