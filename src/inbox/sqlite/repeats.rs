//! How often what is in the inbox came again, between two commits.
//!
//! A sender that repeats itself must not cost a sync each time, nor need it: what it sends is
//! durable. Its count is for people, so it waits here for the next commit that is made anyway, or
//! until it is [`OLD`] or long. Who is killed forgets at most that much of the counting, and
//! nothing of the alerts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Utc;

/// How old a count may become before it costs a commit of its own.
const OLD: Duration = Duration::from_secs(10);
/// How many alerts may be counted before that costs a commit of its own.
const MANY: usize = 1024;

/// Counts that no commit holds yet.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    by_id: BTreeMap<String, u64>,
    since: Option<Utc>,
}

/// Counts on their way into a commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Owed {
    pub(super) by_id: BTreeMap<String, u64>,
    since: Option<Utc>,
    /// Whether they are worth a commit of their own.
    pub(super) at_once: bool,
}

impl Repeats {
    /// Takes all of them, for a commit that may be made at `now`.
    pub(super) fn take(&self, now: Option<Utc>) -> Owed {
        let Counted { by_id, since } = std::mem::take(&mut *self.counted());
        let old = now
            .zip(since)
            .is_some_and(|(now, since)| now.since(since) >= OLD);
        let at_once = old || by_id.len() >= MANY;
        Owed {
            by_id,
            since,
            at_once,
        }
    }

    /// Takes back what no commit took.
    pub(super) fn give_back(&self, owed: Owed) {
        let mut counted = self.counted();
        for (id, times) in owed.by_id {
            *counted.by_id.entry(id).or_default() += times;
        }
        counted.since = match (counted.since, owed.since) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
    }

    /// It came again.
    pub(super) fn note(&self, id: &str, at: Utc) {
        let mut counted = self.counted();
        *counted.by_id.entry(id.to_owned()).or_default() += 1;
        counted.since.get_or_insert(at);
    }

    /// How often, that no commit holds yet.
    pub(super) fn of(&self, id: &str) -> u64 {
        self.counted().by_id.get(id).copied().unwrap_or_default()
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // Counts have no half-made state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
