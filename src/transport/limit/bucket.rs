//! What is known of one bucket, and whether its next request may leave.
//!
//! Pure: it is told the time and never waits. Until headers teach the limit, the documented
//! default paces it (GCRA: a minute's worth at once, then evenly). From then on the headers
//! rule. An answer's `remaining` may not count what is still unanswered, so that is taken off (by
//! number it cannot be told: requests overtake each other on their way); and since others may use the same bucket, no more leaves unseen than our part of what is
//! left, as the last answers show it. After a reset nothing is known until the first answer:
//! until then a few probe.

use std::collections::BTreeSet;
use std::time::Duration;

use super::queue::Queue;
use super::{Bucket, Learnt, Rank};

/// The length of a window; Okta's, and the usual one.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// By how much the same reset may seem to move: vendors tell it in whole seconds.
const SAME_RESET: Duration = Duration::from_secs(2);

/// The last part of a window, in which a reserve that nobody wants is waste.
const ENDING: Duration = Duration::from_secs(15);

/// How long somebody of higher rank counts as being at work after a request of his left.
const AT_WORK: Duration = Duration::from_secs(2);

/// How many may probe a bucket of which nothing is known at all.
const PROBES_MIN: u64 = 5;

/// The least part of a bucket that is taken for ours, in thousandths.
const SHARE_MIN: u64 = 125;

/// Our part before anything showed it, in thousandths.
const FIRST_GUESS: u64 = 500;

/// From this part on the bucket is as good as ours alone.
const ALONE: u64 = 950;

/// Whether the next request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Now.
    Open,
    /// Not before this time.
    Until(Duration),
    /// Not before an answer is back.
    Answer,
}

/// One bucket.
pub(super) struct State {
    pub(super) queue: Queue,
    per_minute: u64,
    /// GCRA's theoretical arrival time.
    paced_to: Duration,
    known: Option<Known>,
    /// A 429 closed it until then.
    closed_until: Duration,
    /// Nothing was heard since it opened; requests from this number on are probes.
    probing_from: Option<u64>,
    /// Numbers given so far: the next one's. Each is given once.
    sent: u64,
    /// Numbers of those that did not leave after all, as far back as somebody may count from.
    never_left: BTreeSet<u64>,
    in_flight: BTreeSet<u64>,
    /// When each rank last left.
    left_at: [Option<Duration>; 4],
    /// Our part of what is used, in thousandths.
    share: u64,
}

/// A window.
struct Known {
    limit: u64,
    /// What is left after all that we sent.
    remaining: u64,
    /// The least that an answer of this window told. Every request that was answered is in it,
    /// in whatever order they arrived there; what is not answered yet may not be.
    lowest: u64,
    resets_at: Duration,
    /// How much later we begin the next one.
    jitter: Duration,
    /// The youngest of our requests that was answered, and what was left then.
    last: Option<Seen>,
    /// The first one of this window.
    base: Option<Seen>,
    /// Our part when the window began, and how many requests that weighs.
    prior: u64,
    prior_weighs: u64,
    /// The window is assumed: the last one that was told ended then.
    assumed_after: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Seen {
    number: u64,
    remaining: u64,
}

impl State {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            queue: Queue::default(),
            per_minute: u64::from(bucket.per_minute.max(1)),
            paced_to: Duration::ZERO,
            known: None,
            closed_until: Duration::ZERO,
            probing_from: Some(0),
            sent: 0,
            never_left: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            left_at: [None; 4],
            share: FIRST_GUESS,
        }
    }

    /// Whether a request of `rank` may leave now, if it is the first in the queue.
    pub(super) fn gate(&mut self, now: Duration, rank: Rank) -> Gate {
        if now < self.closed_until {
            return Gate::Until(self.closed_until);
        }
        self.turn(now);
        if let Some(from) = self.probing_from {
            let probes = match &self.known {
                Some(known) => (known.limit / 20).max(1),
                None => (self.per_minute / 20).max(PROBES_MIN),
            };
            let out = self.in_flight.range(from..).count();
            if u64::try_from(out).unwrap_or(u64::MAX) >= probes {
                return Gate::Answer;
            }
        }
        let Some(known) = &self.known else {
            return self.gate_by_pace(now);
        };
        match self.gate_by_headers(known, now, rank) {
            Gate::Answer if self.in_flight.is_empty() => {
                Gate::Until(known.resets_at + known.jitter)
            }
            gate => gate,
        }
    }

    fn gate_by_pace(&self, now: Duration) -> Gate {
        let opens_at = (self.paced_to + self.pace()).saturating_sub(WINDOW);
        if now >= opens_at {
            Gate::Open
        } else {
            Gate::Until(opens_at)
        }
    }

    fn gate_by_headers(&self, known: &Known, now: Duration, rank: Rank) -> Gate {
        let opens_at = known.resets_at + known.jitter;
        let ends = self.reserve_ends(known, rank);
        let reserve = match rank.leaves_percent() {
            _ if now >= ends => 0,
            percent => known.limit.saturating_mul(percent) / 100,
        };
        if known.remaining <= reserve {
            let frees = known.remaining > 0 && ends > now;
            return Gate::Until(if frees { ends.min(opens_at) } else { opens_at });
        }
        let Some(last) = known.last else {
            return Gate::Open;
        };
        // Older ones that are under way may not have been counted yet.
        let older = self.in_flight.range(..last.number).count() as u64;
        if known
            .remaining
            .min(self.left_of(last).saturating_sub(older))
            <= reserve
        {
            return Gate::Answer;
        }
        let part = last.remaining.saturating_mul(self.share);
        // What others sent meanwhile is not seen yet: half of it leaves room for that.
        let ours = match self.share {
            ALONE.. => part.saturating_add(300) / 1_000,
            _ => (part / 2_000).max(u64::from(part >= 700)),
        };
        let out = self.in_flight.len() as u64;
        match out {
            _ if out < ours => Gate::Open,
            0 if rank == Rank::Evict => Gate::Open,
            0 => Gate::Until(opens_at),
            _ => Gate::Answer,
        }
    }

    /// When nobody of a higher rank is to be expected any more in this window.
    fn reserve_ends(&self, known: &Known, rank: Rank) -> Duration {
        let higher = self.left_at[..rank as usize].iter().flatten().max();
        let quiet = higher.map_or(Duration::ZERO, |at| *at + AT_WORK);
        known.resets_at.saturating_sub(ENDING).max(quiet)
    }

    /// What an answer leaves after all that left since its request.
    fn left_of(&self, seen: Seen) -> u64 {
        let since = self.left_between(seen.number + 1, self.sent);
        seen.remaining.saturating_sub(since)
    }

    /// How many left of those with the numbers `from..to`.
    fn left_between(&self, from: u64, to: u64) -> u64 {
        let never = match from < to {
            true => self.never_left.range(from..to).count() as u64,
            false => 0,
        };
        to.saturating_sub(from).saturating_sub(never)
    }

    /// Begins the next window when the last one's reset has passed: its limit holds still.
    fn turn(&mut self, now: Duration) {
        let Some(known) = &mut self.known else {
            return;
        };
        if now < known.resets_at + known.jitter {
            return;
        }
        let ended = known.assumed_after.unwrap_or(known.resets_at);
        known.assumed_after = Some(ended);
        known.remaining = known.limit;
        known.lowest = known.limit;
        known.resets_at = now + WINDOW;
        known.last = None;
        known.base = None;
        self.probing_from = Some(self.sent);
    }

    /// Counts one that leaves; its number.
    pub(super) fn leave(&mut self, now: Duration, rank: Rank) -> u64 {
        match &mut self.known {
            Some(known) => known.remaining = known.remaining.saturating_sub(1),
            None => self.paced_to = self.paced_to.max(now) + self.pace(),
        }
        self.left_at[rank as usize] = Some(now);
        let number = self.sent;
        self.sent += 1;
        self.in_flight.insert(number);
        number
    }

    /// One that was counted did not leave after all.
    pub(super) fn take_back(&mut self, number: u64) {
        if !self.in_flight.remove(&number) {
            return;
        }
        self.never_left.insert(number);
        self.forget();
        let pace = self.pace();
        match &mut self.known {
            Some(known) => known.remaining = (known.remaining + 1).min(known.limit),
            None => self.paced_to = self.paced_to.saturating_sub(pace),
        }
    }

    /// Forgets numbers that nobody counts from any more.
    fn forget(&mut self) {
        let known = self.known.as_ref().into_iter();
        let seen = known.flat_map(|known| [known.base, known.last]).flatten();
        let seen = seen.map(|seen| seen.number);
        let oldest = seen.chain(self.in_flight.first().copied()).min();
        self.never_left = self.never_left.split_off(&oldest.unwrap_or(self.sent));
    }

    /// One is over, with or without an answer.
    pub(super) fn back(&mut self, number: u64) {
        self.in_flight.remove(&number);
    }

    /// An answer to `number` came, and perhaps told something.
    pub(super) fn heard(
        &mut self,
        now: Duration,
        number: u64,
        learnt: Option<Learnt>,
        jitter: Duration,
    ) {
        if let Some(learnt) = learnt {
            self.learn(now, number, learnt, jitter);
        }
        if self.probing_from.is_some_and(|from| number >= from) {
            self.probing_from = None;
        }
    }

    fn learn(&mut self, now: Duration, number: u64, learnt: Learnt, jitter: Duration) {
        let seen = Seen {
            number,
            remaining: learnt.remaining.min(learnt.limit),
        };
        let resets_at = now + learnt.resets_in;
        let unanswered = self.in_flight.iter().filter(|each| **each != number);
        let unanswered = unanswered.count() as u64;
        let (probing_from, share) = (self.probing_from, self.share);
        let base = self.known.as_ref().and_then(|known| known.base);
        let ours = base.filter(|base| base.number <= number);
        let ours = ours.map(|base| self.left_between(base.number, number));
        // Who begins a moment before the others sees himself alone: the last window weighs more.
        let prior_weighs = learnt.limit / 2;
        if let Some(known) = &mut self.known {
            let told = known.assumed_after.unwrap_or(known.resets_at);
            let is_new = resets_at > told + SAME_RESET;
            let is_probe = probing_from.is_some_and(|from| number >= from);
            if known.assumed_after.is_some() && !is_new && !is_probe {
                return; // A late answer of the window before.
            }
            if known.assumed_after.is_none() && !is_new {
                let before = known.base.is_none_or(|base| number < base.number);
                if before && resets_at + SAME_RESET < known.resets_at {
                    return; // The same, after this window's first.
                }
                known.limit = learnt.limit;
                known.lowest = known.lowest.min(seen.remaining);
                known.remaining = known.lowest.saturating_sub(unanswered);
                known.resets_at = known.resets_at.min(resets_at);
                if known.last.is_none_or(|last| last.number < number) {
                    known.last = Some(seen);
                    self.share = known.part(seen, ours).unwrap_or(share);
                }
                return;
            }
        }
        self.known = Some(Known {
            limit: learnt.limit,
            remaining: seen.remaining.saturating_sub(unanswered),
            lowest: seen.remaining,
            resets_at,
            jitter,
            last: Some(seen),
            base: Some(seen),
            prior: share,
            prior_weighs,
            assumed_after: None,
        });
    }

    /// A 429 says that the window is used up: nobody sends before `until`, and then with care.
    pub(super) fn close(&mut self, until: Duration) {
        self.closed_until = self.closed_until.max(until);
        self.probing_from = Some(self.sent);
    }

    /// What the last headers told, brought up to now.
    pub(super) fn seen(&self, now: Duration) -> Option<(u64, u64, Duration)> {
        let known = self.known.as_ref()?;
        let closed = now < self.closed_until;
        let resets_at = known.resets_at.max(self.closed_until);
        let remaining = match () {
            () if closed => 0,
            () if now >= known.resets_at => known.limit,
            () => known.remaining,
        };
        Some((known.limit, remaining, resets_at.saturating_sub(now)))
    }

    fn pace(&self) -> Duration {
        WINDOW / u32::try_from(self.per_minute).unwrap_or(u32::MAX)
    }
}

impl Known {
    /// Our part of what was used in this window, in thousandths; `ours`: of it, how many left since
    /// the window's first answer.
    fn part(&self, seen: Seen, ours: Option<u64>) -> Option<u64> {
        let (base, ours) = (self.base?, ours?);
        let all = base.remaining.saturating_sub(seen.remaining);
        let weighs = self.prior_weighs.max(1);
        let ours = ours.saturating_mul(1_000);
        let part =
            ours.saturating_add(self.prior.saturating_mul(weighs)) / all.saturating_add(weighs);
        Some(part.clamp(SHARE_MIN, 1_000))
    }
}
