//! The quota as a budget: how fast one system may be asked, and by whom first.
//!
//! One queue per bucket (`queue`), in the order rank, turn, arrival. A request leaves when it is
//! first, its bucket has room (`bucket`) and a place on the wire is free (`slots`); it takes both
//! at once, so that a waiter of one bucket never holds up another's. Containment is never starved
//! by evidence: a request of low rank leaves a reserve that only higher ranks may use, until the
//! window ends and nobody wants it.
//!
//! Nothing runs in the background: exactly one waiter at a time holds the alarm, and whoever
//! changes something wakes exactly those who may go.
//!
//! **Patience.** A caller that would wait [`PATIENT`] or longer waits for quota as long as it
//! takes: with thousands in the queue that is many minutes, and no failure. One that would wait
//! less is refused when its time is over, at once if it can be seen before. A quota that opens
//! in more than [`LONG`] is no queue but an hour's limit: there everybody's patience counts.
//!
//! Source: Okta rate limits, `X-Rate-Limit-*` and the wait `Reset − Date + 1 s`
//! (developer docs, "Rate limit best practices").

mod bucket;
mod queue;
mod shared;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{Either, select};

use self::bucket::{Gate, State};
pub(super) use self::queue::Place;
use self::queue::Seat;
pub use self::shared::Budgets;
pub(crate) use self::slots::MOST as AT_ONCE_MAX;
use self::slots::Slots;
use crate::given::{Clock, Rng};

/// From here on a caller waits for quota as long as it takes: a window's length.
pub(super) const PATIENT: Duration = bucket::WINDOW;

/// Nobody is kept waiting without end for a quota that opens later than this.
const LONG: Duration = Duration::from_secs(90);

/// After a reset each of several instances begins somewhat later, at random.
const JITTER_MS: u64 = 250;

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
    /// How long until it is full again.
    pub resets_in: Duration,
    /// How many requests queue for it.
    pub waiting: usize,
}

/// The budgets of one system's buckets, for all clients of one principal in this process.
pub struct Budget {
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    inner: Mutex<Inner>,
}

struct Inner {
    buckets: BTreeMap<&'static str, State>,
    slots: Slots,
    arrivals: u64,
    alarm: Option<Alarm>,
    /// Looks at a bucket's queue, and wakings: what scheduling costs.
    #[cfg(test)]
    work: u64,
}

/// Who wakes when a bucket opens, and when.
struct Alarm {
    arrival: u64,
    seat: Arc<Seat>,
    at: Duration,
}

/// The right to send one request, until it is dropped.
pub(super) struct Permit<'budget> {
    budget: &'budget Budget,
    bucket: Bucket,
    number: u64,
    departure: u64,
}

/// A caller in the queue. Dropped, it leaves the queue, or hands on what it was given.
struct Waiter<'budget> {
    budget: &'budget Budget,
    bucket: Bucket,
    place: Place,
    seat: Arc<Seat>,
    claimed: bool,
}

impl Budget {
    /// Nothing learnt yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        let inner = Inner {
            buckets: BTreeMap::new(),
            slots: Slots::new(),
            arrivals: 0,
            alarm: None,
            #[cfg(test)]
            work: 0,
        };
        Self {
            clock,
            rng,
            inner: Mutex::new(inner),
        }
    }

    /// A place behind everybody of the same rank and turn. A request that is repeated keeps it.
    pub(super) fn place(&self, rank: Rank, turn: u32) -> Place {
        let mut inner = self.lock();
        inner.arrivals += 1;
        Place {
            rank,
            turn,
            arrival: inner.arrivals,
        }
    }

    /// Waits until the request at `place` may leave, and counts it; `None` if that takes more
    /// than `patience` (see above for how much patience is endless).
    pub(super) async fn admit(
        &self,
        bucket: Bucket,
        place: Place,
        patience: Duration,
    ) -> Option<Permit<'_>> {
        let began = self.clock.elapsed();
        let give_up = (patience < PATIENT).then(|| began + patience);
        let mut waiter = self.join(bucket, place, patience);
        loop {
            if let Some(verdict) = waiter.seat.verdict() {
                return verdict.map(|_| waiter.claim());
            }
            let now = self.clock.elapsed();
            if give_up.is_some_and(|at| now >= at) {
                return None;
            }
            let alarm = self.alarm_of(place);
            let Some(at) = [alarm, give_up].into_iter().flatten().min() else {
                waiter.seat.bell.notified().await;
                continue;
            };
            let rings = std::pin::pin!(waiter.seat.bell.notified());
            let sleep = self.clock.sleep(at.saturating_sub(now));
            if let Either::Right(_) = select(rings, sleep).await {
                self.rang(place);
            }
        }
    }

    fn join(&self, bucket: Bucket, place: Place, patience: Duration) -> Waiter<'_> {
        let seat = Arc::new(Seat::default());
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        let state = inner.state(bucket);
        state.queue.join(place, Arc::clone(&seat), patience);
        if let Gate::Until(at) = state.gate(now, place.rank) {
            let wait = at.saturating_sub(now);
            if wait > patience && (patience < PATIENT || wait > LONG) {
                state.queue.refuse(place);
            }
        }
        inner.pump(now);
        Waiter {
            budget: self,
            bucket,
            place,
            seat,
            claimed: false,
        }
    }

    /// When this waiter must wake by itself, if it is the one that holds the alarm.
    fn alarm_of(&self, place: Place) -> Option<Duration> {
        let inner = self.lock();
        let alarm = inner.alarm.as_ref();
        alarm
            .filter(|alarm| alarm.arrival == place.arrival)
            .map(|alarm| alarm.at)
    }

    /// A waiter woke by itself.
    fn rang(&self, place: Place) {
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        if inner.put_down(place) {
            inner.pump(now);
        }
    }

    /// The buckets that an answer has told of, by name.
    pub(super) fn seen(&self) -> Vec<BucketSeen> {
        let now = self.clock.elapsed();
        let inner = self.lock();
        let known = |(name, state): (&&'static str, &State)| {
            let (limit, remaining, resets_in) = state.seen(now)?;
            Some(BucketSeen {
                name,
                limit,
                remaining,
                resets_in,
                waiting: state.queue.len(),
            })
        };
        inner.buckets.iter().filter_map(known).collect()
    }

    fn jitter(&self) -> Duration {
        Duration::from_millis(self.rng.below(JITTER_MS))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl Inner {
    fn state(&mut self, bucket: Bucket) -> &mut State {
        let new = || State::new(bucket);
        self.buckets.entry(bucket.name).or_insert_with(new)
    }

    /// Lets in everybody who may go now, and sets the alarm for the next.
    fn pump(&mut self, now: Duration) {
        loop {
            let mut best: Option<(Place, &'static str)> = None;
            let mut next: Option<(Duration, Place, Arc<Seat>)> = None;
            for (name, state) in &mut self.buckets {
                let Some((place, seat)) = state.queue.first() else {
                    continue;
                };
                let seat = Arc::clone(seat);
                #[cfg(test)]
                {
                    self.work += 1;
                }
                match state.gate(now, place.rank) {
                    Gate::Open if best.is_none_or(|(first, _)| place < first) => {
                        best = Some((place, name));
                    }
                    Gate::Open | Gate::Answer => {}
                    Gate::Until(at) if next.as_ref().is_none_or(|(first, ..)| at < *first) => {
                        next = Some((at, place, seat));
                    }
                    Gate::Until(_) => {}
                }
            }
            let free = self.slots.is_free();
            let Some((_, name)) = best.filter(|_| free) else {
                self.set_alarm(next);
                return;
            };
            self.let_in(name, now);
        }
    }

    fn let_in(&mut self, name: &'static str, now: Duration) {
        let Some(state) = self.buckets.get_mut(name) else {
            return;
        };
        let Some((place, seat)) = state.queue.pop() else {
            return;
        };
        let number = state.leave(now, place.rank);
        self.slots.take();
        self.put_down(place);
        #[cfg(test)]
        {
            self.work += 1;
        }
        seat.let_in(number);
    }

    /// Whoever holds the alarm keeps it if it rings early enough: to ring early costs nothing.
    fn set_alarm(&mut self, next: Option<(Duration, Place, Arc<Seat>)>) {
        let Some((at, place, seat)) = next else {
            return;
        };
        if self.alarm.as_ref().is_some_and(|alarm| alarm.at <= at) {
            return;
        }
        #[cfg(test)]
        {
            self.work += 1;
        }
        let (arrival, seat) = match self.alarm.take() {
            Some(alarm) => (alarm.arrival, alarm.seat),
            None => (place.arrival, seat),
        };
        seat.bell.notify_one();
        self.alarm = Some(Alarm { arrival, seat, at });
    }

    /// Takes the alarm from this waiter; whether it had it.
    fn put_down(&mut self, place: Place) -> bool {
        let held = self.alarm.as_ref();
        let had = held.is_some_and(|alarm| alarm.arrival == place.arrival);
        if had {
            self.alarm = None;
        }
        had
    }
}

impl<'budget> Waiter<'budget> {
    fn claim(&mut self) -> Permit<'budget> {
        self.claimed = true;
        let number = self.seat.verdict().flatten().unwrap_or_default();
        Permit {
            budget: self.budget,
            bucket: self.bucket,
            number,
            departure: self.budget.lock().slots.departed(),
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.claimed {
            return;
        }
        let now = self.budget.clock.elapsed();
        let mut inner = self.budget.lock();
        let state = inner.state(self.bucket);
        state.queue.leave(self.place);
        let given = self.seat.verdict().flatten();
        if let Some(number) = given {
            state.take_back(number);
            inner.slots.give_back();
        }
        if inner.put_down(self.place) || given.is_some() {
            inner.pump(now);
        }
    }
}

impl Permit<'_> {
    /// It was answered well, or at least not for its number; `learnt` is what the headers told.
    pub(super) fn answered(self, learnt: Option<Learnt>) {
        let (now, jitter) = (self.budget.clock.elapsed(), self.budget.jitter());
        let mut inner = self.budget.lock();
        inner.slots.went_well();
        let state = inner.state(self.bucket);
        state.heard(now, self.number, learnt, jitter);
        state.refuse_hopeless(now);
        drop(inner);
    }

    /// The window is used up: everybody waits.
    pub(super) fn used_up(self, learnt: Option<Learnt>, wait: Duration) {
        let (now, jitter) = (self.budget.clock.elapsed(), self.budget.jitter());
        let mut inner = self.budget.lock();
        let state = inner.state(self.bucket);
        state.heard(now, self.number, learnt, jitter);
        state.close(now + wait.max(Duration::from_secs(1)) + jitter);
        state.refuse_hopeless(now);
        drop(inner);
    }

    /// There were too many at once; says nothing about the bucket.
    pub(super) fn too_many(self) {
        self.budget.lock().slots.too_many(self.departure);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let now = self.budget.clock.elapsed();
        let mut inner = self.budget.lock();
        inner.state(self.bucket).back(self.number);
        inner.slots.give_back();
        inner.pump(now);
    }
}

impl State {
    /// Refuses those who wait for what opens too late for them.
    fn refuse_hopeless(&mut self, now: Duration) {
        let Some((first, _)) = self.queue.first() else {
            return;
        };
        if let Gate::Until(at) = self.gate(now, first.rank) {
            let wait = at.saturating_sub(now);
            if wait > LONG {
                self.queue.refuse_below(wait);
            }
        }
    }
}
