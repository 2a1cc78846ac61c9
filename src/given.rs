//! What a program usually takes and this one is given: the clock and randomness.
//!
//! Production hands in [`SystemClock`] and [`SystemRng`]; a simulation hands in its own, and
//! the same incident then replays to the letter from one seed. This is the only file that may
//! ask the machine for the time (`clippy.toml` holds everybody else to it). Network and store
//! are given too; their ports stand where they belong: `transport::Wire`, `ledger::Store`.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use crate::model::Utc;

/// The wall clock, a steady clock and sleep.
pub trait Clock: Send + Sync {
    /// The time of day, to the millisecond.
    fn now(&self) -> Utc;
    /// Time since this clock began; never goes backwards, unlike [`Clock::now`].
    fn elapsed(&self) -> Duration;
    /// Resolves after `wait`.
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()>;
}

/// A source of numbers for jitter and ids, never for keys.
pub trait Rng: Send + Sync {
    /// The next number, uniform over all of `u64`.
    fn next(&self) -> u64;

    /// A number below `bound`; 0 if `bound` is 0.
    fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }
}

/// Runs `work` for at most `limit` of `clock`'s time; `None` if it was not done by then.
pub async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let work = std::pin::pin!(work);
    match select(work, clock.sleep(limit)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), _)) => None,
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    began: tokio::time::Instant,
}

impl SystemClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            began: tokio::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that takes the time"
    )]
    fn now(&self) -> Utc {
        Utc::from(jiff::Timestamp::now())
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// Numbers from a counter hashed under a key that the operating system gave to this process.
#[derive(Debug, Default)]
pub struct SystemRng {
    key: RandomState,
    count: AtomicU64,
}

impl Rng for SystemRng {
    fn next(&self) -> u64 {
        let mut hasher = self.key.build_hasher();
        hasher.write_u64(self.count.fetch_add(1, Ordering::Relaxed));
        hasher.finish()
    }
}
