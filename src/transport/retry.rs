//! When a call is worth repeating, and how long to wait before.
//!
//! A read may be repeated whatever happened. A write is repeated only when it certainly had no
//! effect: it never left, or the vendor throttled it. Everything else is the caller's to
//! judge: a call in doubt is read back before anybody repeats it.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use http::HeaderMap;
use jiff::fmt::rfc2822::DateTimeParser;

use super::limit::Learnt;
use super::meaning::Meaning;
use super::wire::WireError;
use crate::given::Rng;
use crate::model::Utc;

/// Attempts per call, the first included.
pub(super) const ATTEMPTS: usize = 4;

/// 429s that a call of its own outlasts in a crowd, where whoever queues among thousands meets some.
const THROTTLES_MAX_IN_A_CROWD: usize = 30;

/// The same of a run on a few, of those that close a window: one is waited out. Somebody may use up a
/// bucket for hours, as a reader of the log does: that must not keep a run from its verdict.
const WINDOWS_MAX: usize = 2;

/// Nobody waits so long for a few accounts.
const A_LONG_TIME: Duration = Duration::from_secs(3600);

/// The longest pause.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Whether a failed attempt may be repeated.
pub(super) fn may_repeat_error(error: &WireError, is_write: bool) -> bool {
    !is_write || matches!(error, WireError::NotSent(_))
}

/// Whether an answered attempt may be repeated.
pub(super) fn may_repeat(meaning: Meaning, is_write: bool) -> bool {
    match meaning {
        Meaning::Throttled => true,
        Meaning::Broken => !is_write,
        _ => false,
    }
}

/// Short, growing, jittered pauses for everything but a per-minute 429.
pub(super) struct Pauses {
    steps: ExponentialBackoff,
    jitter: u64,
}

impl Pauses {
    pub(super) fn new(rng: &dyn Rng) -> Self {
        let steps = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(80))
            .with_max_delay(PAUSE_MAX)
            // 80, 240 and 720 ms: a limit by the second is outlasted.
            .with_factor(3.0)
            .with_max_times(ATTEMPTS - 1)
            .build();
        Self {
            steps,
            jitter: rng.below(80),
        }
    }

    /// The next pause; `None` when the attempts are used up.
    pub(super) fn next(&mut self) -> Option<Duration> {
        self.steps
            .next()
            .map(|pause| pause + Duration::from_millis(self.jitter))
    }
}

/// How many 429s one call has met. They do not count among its attempts, each being waited out
/// first.
pub(super) struct Throttles {
    is_of_a_crowd: bool,
    met: usize,
}

impl Throttles {
    /// Of a call that has this patience.
    pub(super) fn of(patience: Duration) -> Self {
        Self {
            is_of_a_crowd: patience >= A_LONG_TIME,
            met: 0,
        }
    }

    /// Counts one; whether it was one too many.
    pub(super) fn is_enough(&mut self, throttle: Throttle) -> bool {
        self.met += 1;
        if self.is_of_a_crowd {
            return self.met >= THROTTLES_MAX_IN_A_CROWD;
        }
        match throttle {
            Throttle::Window(_) => self.met >= WINDOWS_MAX,
            Throttle::Concurrency | Throttle::Untold => self.met >= ATTEMPTS,
        }
    }
}

/// What a 429 asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throttle {
    /// Too many at once: a blink. Okta sends limit 0, remaining 0 and a bogus reset.
    Concurrency,
    /// The window is used up: this long.
    Window(Duration),
    /// No headers to tell by.
    Untold,
}

/// Tells the two 429s apart.
pub(super) fn throttle(headers: &HeaderMap, now: Utc) -> Throttle {
    if let Some(after) = number(headers, "retry-after") {
        return Throttle::Window(Duration::from_secs(after.min(120)));
    }
    match (told(headers, "limit"), learnt(headers, now)) {
        (Some(0), _) => Throttle::Concurrency,
        (_, Some(learnt)) => Throttle::Window(learnt.resets_in),
        _ => Throttle::Untold,
    }
}

/// The bucket's state by its headers, if they are there and sane.
///
/// The wait is `Reset − Date + 1 s`, both by the vendor's clock, so that ours may be wrong.
pub(super) fn learnt(headers: &HeaderMap, now: Utc) -> Option<Learnt> {
    let limit = told(headers, "limit").filter(|limit| *limit > 0)?;
    let remaining = told(headers, "remaining")?;
    let reset = i64::try_from(told(headers, "reset")?).ok()?;
    let date = date(headers).unwrap_or(now);
    let seconds = u64::try_from(reset - date.seconds() + 1)
        .unwrap_or(0)
        .min(120);
    Some(Learnt {
        limit,
        remaining,
        resets_in: Duration::from_secs(seconds),
    })
}

/// The vendor's own time of the answer.
pub(super) fn date(headers: &HeaderMap) -> Option<Utc> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    PARSER.parse_timestamp(text).ok().map(Utc::from)
}

/// A number of the bucket, by either spelling that is in use for the same three headers.
fn told(headers: &HeaderMap, what: &str) -> Option<u64> {
    let spellings = ["x-rate-limit-", "x-ratelimit-"];
    spellings
        .iter()
        .find_map(|prefix| number(headers, &format!("{prefix}{what}")))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(limit: &str, remaining: &str, reset: i64) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("x-rate-limit-limit", limit.parse().unwrap());
        map.insert("x-rate-limit-remaining", remaining.parse().unwrap());
        map.insert("x-rate-limit-reset", reset.to_string().parse().unwrap());
        map.insert("date", "Tue, 10 Mar 2026 15:00:00 GMT".parse().unwrap());
        map
    }

    #[test]
    fn the_two_429s_are_told_apart_whatever_our_clock_says() {
        let server = "2026-03-10T15:00:00Z".parse::<Utc>().unwrap().seconds();
        let wrong_clock = Utc::from_millis(0);
        let minute = throttle(&headers("600", "0", server + 7), wrong_clock);
        assert_eq!(minute, Throttle::Window(Duration::from_secs(8)));
        let bogus = throttle(&headers("0", "0", server + 3_600), wrong_clock);
        assert_eq!(bogus, Throttle::Concurrency);
        assert_eq!(throttle(&HeaderMap::new(), wrong_clock), Throttle::Untold);
    }

    #[test]
    fn the_other_spelling_teaches_the_same_and_an_hour_s_window_is_not_waited_out() {
        let mut map = HeaderMap::new();
        let server = "2026-03-10T15:00:00Z".parse::<Utc>().unwrap();
        let reset = (server.seconds() + 1_800).to_string();
        for (name, value) in [("limit", "5000"), ("remaining", "0"), ("reset", &reset)] {
            let name: http::HeaderName = format!("x-ratelimit-{name}").parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        let learnt = learnt(&map, server).unwrap();
        assert_eq!((learnt.limit, learnt.remaining), (5_000, 0));
        let wait = Duration::from_secs(120);
        assert_eq!(throttle(&map, server), Throttle::Window(wait));
    }

    #[test]
    fn a_write_is_repeated_only_when_it_certainly_had_no_effect() {
        assert!(may_repeat_error(&WireError::NotSent(String::new()), true));
        assert!(!may_repeat_error(&WireError::Silent(String::new()), true));
        assert!(may_repeat(Meaning::Throttled, true));
        assert!(!may_repeat(Meaning::Broken, true));
        assert!(may_repeat(Meaning::Broken, false));
    }
}
