//! How fast answers come, and how long the rest takes at that rate: of the last minute alone.

use crate::model::{Utc, count};

/// Seconds that are remembered.
const SECONDS: usize = 60;

/// Before so many milliseconds have passed nothing is foretold.
const SOON_MS: i64 = 5_000;

/// Answers of the last minute, second by second.
pub(super) struct Pulse {
    first_ms: Option<i64>,
    last_ms: i64,
    seconds: [usize; SECONDS],
    sum: usize,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            first_ms: None,
            last_ms: 0,
            seconds: [0; SECONDS],
            sum: 0,
        }
    }
}

impl Pulse {
    /// One answer came.
    pub(super) fn beat(&mut self, at: Utc) {
        let at = at.millis();
        self.first_ms.get_or_insert(at);
        self.forget_until(at);
        if let Some(second) = self.seconds.get_mut(place(self.last_ms)) {
            *second += 1;
            self.sum += 1;
        }
    }

    /// Lets go of what is older than a minute.
    fn forget_until(&mut self, at: i64) {
        if self.sum == 0 {
            self.last_ms = self.last_ms.max(at);
            return;
        }
        let passed = (at / 1000).saturating_sub(self.last_ms / 1000);
        let passed = usize::try_from(passed).unwrap_or(0).min(SECONDS);
        let from = self.last_ms / 1000;
        for step in 1..=passed {
            let second = from + i64::try_from(step).unwrap_or(0);
            if let Some(old) = self.seconds.get_mut(place(second * 1000)) {
                self.sum = self.sum.saturating_sub(*old);
                *old = 0;
            }
        }
        self.last_ms = self.last_ms.max(at);
    }

    /// The rate, and how long `left` more take; empty before that can be told.
    pub(super) fn told(&self, left: usize) -> String {
        let Some(first) = self.first_ms else {
            return String::new();
        };
        let passed = self.last_ms - first;
        if passed < SOON_MS || self.sum == 0 {
            return String::new();
        }
        let seconds = usize::try_from(passed / 1000).unwrap_or(SECONDS);
        let rate = self.sum * SECONDS / seconds.clamp(1, SECONDS);
        let rate = rate.max(1);
        let left = match (left, left / rate) {
            (0, _) => String::new(),
            (_, 0) => ", less than a minute left".to_owned(),
            (_, minutes @ ..120) => format!(", about {minutes} min left"),
            (_, minutes) => format!(", about {} h left", minutes / 60),
        };
        format!("{} a minute{left}", count(rate, "change"))
    }
}

fn place(ms: i64) -> usize {
    usize::try_from(ms / 1000).unwrap_or(0) % SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(pulse: &mut Pulse, from_ms: i64, number: i64, each_ms: i64) -> i64 {
        for n in 0..number {
            pulse.beat(Utc::from_millis(from_ms + n * each_ms));
        }
        from_ms + number * each_ms
    }

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.told(10), "");
        let start = 1_700_000_000_000;
        let at = beats(&mut pulse, start, 40, 100);
        assert_eq!(pulse.told(10), "", "too soon to say");
        // Ten a second for two minutes.
        let at = beats(&mut pulse, at, 1_200, 100);
        assert_eq!(pulse.told(0), "600 changes a minute");
        assert_eq!(
            pulse.told(599),
            "600 changes a minute, less than a minute left"
        );
        assert_eq!(pulse.told(2_500), "600 changes a minute, about 4 min left");
        // Then one a second: a minute later the fast ones are forgotten.
        let at = beats(&mut pulse, at, 70, 1_000);
        assert_eq!(pulse.told(600), "60 changes a minute, about 10 min left");
        assert_eq!(pulse.told(18_000), "60 changes a minute, about 5 h left");
        // After a long silence only what came since counts.
        pulse.beat(Utc::from_millis(at + 600_000));
        assert_eq!(pulse.told(0), "1 change a minute");
    }

    #[test]
    fn a_clock_that_goes_back_breaks_nothing() {
        let mut pulse = Pulse::default();
        let at = beats(&mut pulse, 1_700_000_000_000, 100, 100);
        pulse.beat(Utc::from_millis(at - 3_600_000));
        assert!(
            pulse.told(1).contains("changes a minute"),
            "{}",
            pulse.told(1)
        );
    }
}
