//! What bounds a request: how often a source may send, how large a body is and how long it takes.
//!
//! Not how deep a body is: whoever reads it bounds that (`alerts`), before anything is built of it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::given::{Clock, within};

/// How long a body may take: the most patient sender of all gives up sooner.
const BODY: Duration = Duration::from_secs(10);

/// How often a source may send. Its first minute's worth may come at once.
pub(super) struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, Steady, NoOpMiddleware<Nanos>>,
    clock: Steady,
}

impl Pace {
    pub(super) fn new(per_minute: u32, clock: &Arc<dyn Clock>) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let clock = Steady(clock.clone());
        Self {
            limiter: RateLimiter::direct_with_clock(Quota::per_minute(per_minute), clock.clone()),
            clock,
        }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// How long to wait, if it is too many.
    pub(super) fn one_more(&self) -> Result<(), Duration> {
        self.limiter
            .check()
            .map_err(|not_yet| not_yet.wait_time_from(self.clock.now()))
    }
}

/// Our steady clock in `governor`'s words.
#[derive(Clone)]
struct Steady(Arc<dyn Clock>);

impl GovernorClock for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoBody {
    /// It is too large.
    TooLarge,
    /// It took too long.
    Slow,
    /// It ended before its end.
    Broken,
}

/// A body whole, at most `max` bytes, within [`BODY`].
pub(super) async fn body(body: Body, max: usize, clock: &dyn Clock) -> Result<Bytes, NoBody> {
    match within(clock, BODY, Limited::new(body, max).collect()).await {
        Some(Ok(body)) => Ok(body.to_bytes()),
        Some(Err(error)) if error.is::<LengthLimitError>() => Err(NoBody::TooLarge),
        Some(Err(_)) => Err(NoBody::Broken),
        None => Err(NoBody::Slow),
    }
}
