//! The quota as a budget: how fast one system's buckets may be used, and by whom first.
//!
//! Until an answer's headers teach the bucket's limit, `governor` paces it from the documented
//! default times our share. From then on the headers rule: what remains is counted down as
//! requests leave, and at nothing everybody waits for the reset. Containment is never starved
//! by evidence: a request of low rank leaves a reserve that only higher ranks may use, and
//! after a reset it starts later.
//!
//! Source: Okta rate limits, `X-Rate-Limit-*` and the wait `Reset − Date + 1 s`
//! (developer docs, "Rate limit best practices").

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter, nanos::Nanos};

use crate::given::Clock;

/// A rate-limit bucket of one system, as documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name, ours.
    pub name: &'static str,
    /// Requests a minute that one principal gets by default.
    pub per_minute: u32,
}

/// Who goes first when the quota is short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Throwing the intruder out, and what must be known before.
    #[default]
    Evict,
    /// Everything else that contains.
    Contain,
    /// Reading back.
    Prove,
    /// Evidence.
    Evidence,
}

impl Rank {
    /// The share of a bucket's limit that this rank leaves to those before it, in percent.
    fn leaves_percent(self) -> u64 {
        match self {
            Self::Evict => 0,
            Self::Contain => 5,
            Self::Prove => 10,
            Self::Evidence => 40,
        }
    }

    /// How much later than the first this rank starts after a reset.
    fn starts_after(self) -> Duration {
        Duration::from_millis(60 * self as u64)
    }
}

/// What the last headers of a bucket said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learnt {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    /// How long until the window resets, by the vendor's own clock.
    pub(super) resets_in: Duration,
}

/// A bucket as the last answer's headers told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketSeen {
    /// Its name, ours.
    pub name: &'static str,
    /// Requests in a window.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
}

/// The budgets of one system's buckets.
pub struct Budget {
    clock: Arc<dyn Clock>,
    buckets: Mutex<BTreeMap<&'static str, State>>,
}

struct State {
    pace: RateLimiter<NotKeyed, InMemoryState, Steady, NoOpMiddleware<Nanos>>,
    known: Option<Known>,
}

struct Known {
    limit: u64,
    remaining: u64,
    resets_at: Duration,
}

impl Budget {
    /// Nothing learnt yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            buckets: Mutex::default(),
        }
    }

    /// Waits until a request of `rank` may leave, and counts it; at most `patience`.
    pub(super) async fn admit(
        &self,
        bucket: Bucket,
        (rank, _turn): (Rank, u32),
        patience: Duration,
    ) -> bool {
        let give_up = self.clock.elapsed() + patience;
        loop {
            let Some(wait) = self.ask(bucket, rank) else {
                return true;
            };
            if self.clock.elapsed() + wait > give_up {
                return false;
            }
            self.clock.sleep(wait).await;
        }
    }

    /// `None`: go now. Else how long to wait before asking again.
    fn ask(&self, bucket: Bucket, rank: Rank) -> Option<Duration> {
        let now = self.clock.elapsed();
        let mut buckets = self
            .buckets
            .lock()
            .expect("no code panics while it holds this lock");
        let state = buckets
            .entry(bucket.name)
            .or_insert_with(|| State::new(bucket, &self.clock));
        match &mut state.known {
            Some(known) if now < known.resets_at => {
                let reserve = known.limit * rank.leaves_percent() / 100;
                if known.remaining > reserve {
                    known.remaining -= 1;
                    None
                } else {
                    Some(known.resets_at - now + rank.starts_after())
                }
            }
            // A window that has passed teaches its limit still: the next answer corrects it.
            Some(known) => {
                known.remaining = known.limit.saturating_sub(1);
                known.resets_at = now + Duration::from_secs(60);
                None
            }
            None => state
                .pace
                .check()
                .err()
                .map(|not_yet| not_yet.wait_time_from(Steady::nanos(now))),
        }
    }

    /// The buckets that an answer has told of, by name.
    pub(super) fn seen(&self) -> Vec<BucketSeen> {
        let buckets = self
            .buckets
            .lock()
            .expect("no code panics while it holds this lock");
        let known = |(name, state): (&&'static str, &State)| {
            let known = state.known.as_ref()?;
            Some(BucketSeen {
                name,
                limit: known.limit,
                remaining: known.remaining,
            })
        };
        buckets.iter().filter_map(known).collect()
    }

    /// Learns from an answer's headers. Several answers may be on their way back at once, so
    /// within one window `remaining` only falls.
    pub(super) fn learn(&self, bucket: Bucket, learnt: Learnt) {
        let now = self.clock.elapsed();
        let resets_at = now + learnt.resets_in;
        let mut buckets = self
            .buckets
            .lock()
            .expect("no code panics while it holds this lock");
        let state = buckets
            .entry(bucket.name)
            .or_insert_with(|| State::new(bucket, &self.clock));
        let same_window = state
            .known
            .as_ref()
            .is_some_and(|known| resets_at <= known.resets_at + Duration::from_secs(2));
        let remaining = match &state.known {
            Some(known) if same_window => known.remaining.min(learnt.remaining),
            _ => learnt.remaining,
        };
        state.known = Some(Known {
            limit: learnt.limit,
            remaining,
            resets_at,
        });
    }
}

impl State {
    fn new(bucket: Bucket, clock: &Arc<dyn Clock>) -> Self {
        let per_minute = NonZeroU32::new(bucket.per_minute).unwrap_or(NonZeroU32::MIN);
        let pace = RateLimiter::direct_with_clock(
            Quota::per_minute(per_minute),
            Steady(Arc::clone(clock)),
        );
        Self { pace, known: None }
    }
}

/// Our steady clock in `governor`'s words.
#[derive(Clone)]
struct Steady(Arc<dyn Clock>);

impl Steady {
    fn nanos(at: Duration) -> Nanos {
        Nanos::from(at)
    }
}

impl GovernorClock for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Self::nanos(self.0.elapsed())
    }
}
