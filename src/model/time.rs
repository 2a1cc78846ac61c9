//! A moment in UTC, always written with milliseconds.
//!
//! One form everywhere (`2026-03-10T13:41:02.000Z`), so that reports, ledger and snapshots
//! compare as text. Reading is lenient: vendors leave the fraction out or add digits.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utc(Timestamp);

impl Utc {
    /// From milliseconds since 1970; out of range becomes 1970.
    #[must_use]
    pub fn from_millis(ms: i64) -> Self {
        Self(Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Whole seconds since 1970, as tokens and rate limits count.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.as_second()
    }

    /// This moment and `later` more; stays put at the end of time.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        SignedDuration::try_from(later)
            .ok()
            .and_then(|step| self.0.checked_add(step).ok())
            .map_or(self, Self)
    }

    /// This moment less `earlier`; stays put at the beginning of time.
    #[must_use]
    pub fn minus(self, earlier: Duration) -> Self {
        SignedDuration::try_from(earlier)
            .ok()
            .and_then(|step| self.0.checked_sub(step).ok())
            .map_or(self, Self)
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }

    /// The jiff value, for zones and calendars.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for Utc {
    fn from(at: Timestamp) -> Self {
        Self::from_millis(at.as_millisecond())
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Utc {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>().map(Self::from)
    }
}

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Utc {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_always_written_with_milliseconds() {
        let whole: Utc = "2026-03-10T13:41:02Z".parse().unwrap();
        assert_eq!(whole.to_string(), "2026-03-10T13:41:02.000Z");
        let fine: Utc = "2026-03-10T13:41:02.223456Z".parse().unwrap();
        assert_eq!(
            serde_json::to_string(&fine).unwrap(),
            "\"2026-03-10T13:41:02.223Z\""
        );
    }
}
