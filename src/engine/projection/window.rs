//! One bucket of a quota in the simulator: how many requests may leave, and when the next may.
//!
//! The rules are those of `transport::limit` as far as they show in minutes: who goes first leaves
//! a reserve to nobody, others do until the window ends and nobody of a higher rank is at work;
//! after a reset a twentieth probes until the first answer. That others use the same bucket is not
//! known and not in it.

/// The usual window.
pub(super) const WINDOW_MS: u64 = 60_000;

/// How much later than the vendor's own reset the next request leaves, on average: resets are told
/// in whole seconds, a second is added, and instances begin up to a quarter of a second apart.
const OPENS_LATE_MS: u64 = 1_600;

/// The same, of a reset that the last answer told, which has that second in it.
const TOLD_LATE_MS: u64 = 125;

/// The last part of a window, in which a reserve that nobody wants is given up.
const ENDING_MS: u64 = 15_000;

/// How long a rank counts as being at work after its last request.
const AT_WORK_MS: u64 = 2_000;

/// The part of a limit, in percent, that each rank leaves to those before it.
const LEAVES_PERCENT: [u64; 3] = [0, 5, 10];

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Now.
    Open,
    /// Not before then.
    Until(u64),
    /// Not before an answer is back.
    Answer,
}

/// A bucket.
#[derive(Clone, Debug)]
pub(super) enum Bucket {
    /// Its answers tell what is left.
    Told(Window),
    /// Nothing tells: a minute's worth at once, then evenly.
    Paced {
        /// Milliseconds from one to the next.
        every_ms: u64,
        /// The moment up to which they are given out.
        to_ms: u64,
    },
}

/// The windows of one limit.
#[derive(Clone, Debug)]
pub(super) struct Window {
    limit: u64,
    left: u64,
    length_ms: u64,
    opens_at: Option<u64>,
    probing: bool,
    probes: u64,
    left_at: [Option<u64>; 3],
}

impl Bucket {
    /// As the last answer told it, or full if none did.
    pub(super) fn told(limit: u64, left: u64, resets_in_ms: u64) -> Self {
        // A reset further away than a window is an hour's.
        let length_ms = match resets_in_ms {
            0..=90_000 => WINDOW_MS,
            _ => 60 * WINDOW_MS,
        };
        let begun = resets_in_ms > 0;
        Self::Told(Window {
            limit: limit.max(1),
            left: if begun { left } else { limit.max(1) },
            length_ms,
            opens_at: begun.then_some(resets_in_ms + TOLD_LATE_MS),
            probing: false,
            probes: 0,
            left_at: [None; 3],
        })
    }

    /// As documented, where nothing tells.
    pub(super) fn paced(per_minute: u64) -> Self {
        Self::Paced {
            every_ms: WINDOW_MS / per_minute.clamp(1, WINDOW_MS),
            to_ms: 0,
        }
    }

    pub(super) fn gate(&mut self, now: u64, rank: usize) -> Gate {
        match self {
            Self::Told(window) => window.gate(now, rank),
            Self::Paced { every_ms, to_ms } => {
                let opens = (*to_ms + *every_ms).saturating_sub(WINDOW_MS);
                match opens {
                    _ if now >= opens => Gate::Open,
                    _ => Gate::Until(opens),
                }
            }
        }
    }

    pub(super) fn leave(&mut self, now: u64, rank: usize) {
        match self {
            Self::Told(window) => window.leave(now, rank),
            Self::Paced { every_ms, to_ms } => *to_ms = now.max(*to_ms) + *every_ms,
        }
    }

    pub(super) fn answered(&mut self) {
        if let Self::Told(window) = self {
            window.probing = false;
        }
    }
}

impl Window {
    fn gate(&mut self, now: u64, rank: usize) -> Gate {
        if self.opens_at.is_some_and(|at| now >= at) {
            self.left = self.limit;
            self.opens_at = None;
            self.probing = true;
            self.probes = 0;
        }
        if self.probing && self.probes >= (self.limit / 20).max(1) {
            return Gate::Answer;
        }
        let Some(opens_at) = self.opens_at else {
            return Gate::Open;
        };
        let frees_at = self.reserve_ends(opens_at, rank);
        let reserve = match now >= frees_at {
            true => 0,
            false => self.limit * LEAVES_PERCENT[rank] / 100,
        };
        match self.left {
            left if left > reserve => Gate::Open,
            0 => Gate::Until(opens_at),
            _ => Gate::Until(frees_at.min(opens_at)),
        }
    }

    fn reserve_ends(&self, opens_at: u64, rank: usize) -> u64 {
        let higher = self.left_at[..rank].iter().flatten().max();
        let quiet = higher.map_or(0, |at| at + AT_WORK_MS);
        let resets_at = opens_at.saturating_sub(TOLD_LATE_MS);
        resets_at.saturating_sub(ENDING_MS).max(quiet)
    }

    fn leave(&mut self, now: u64, rank: usize) {
        self.left = self.left.saturating_sub(1);
        self.probes += u64::from(self.probing);
        self.left_at[rank] = Some(now);
        self.opens_at
            .get_or_insert(now + self.length_ms + OPENS_LATE_MS);
    }
}
