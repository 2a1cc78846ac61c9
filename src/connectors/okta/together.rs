//! Reads that whoever waits for them at the same moment shares: one list of the whole org may
//! answer thirty subjects.
//!
//! A caller is only ever given an answer that was asked for after he came: he may have written
//! just before, and wants to see what came of it. So a read that has left is nobody else's; who
//! comes meanwhile waits for the next one, together with all who do the same. However many come
//! at once, two reads serve them.
//!
//! Nobody shares with another rank or patience: evidence may have to wait for a reset, and
//! must not make an eviction wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::glance::Got;
use crate::transport::{Rank, Reader};

type Answer = Arc<OnceCell<Arc<Got>>>;

/// What is read, and for whom.
type Key = (String, Rank, Duration);

/// The reads of one org that are shared.
#[derive(Default)]
pub(super) struct Together {
    lanes: Mutex<BTreeMap<Key, Arc<Lane>>>,
}

/// One thing to read: one read at a time.
#[derive(Default)]
struct Lane {
    turn: tokio::sync::Mutex<()>,
    /// The read that has not left yet.
    next: Mutex<Answer>,
}

impl Together {
    /// What `read` answers, or what it answered somebody else who waited for the same.
    pub(super) async fn read(
        &self,
        what: &str,
        reader: &Reader,
        read: impl AsyncFnOnce() -> Arc<Got>,
    ) -> Arc<Got> {
        let lane = self.lane(what, reader);
        let answer = Arc::clone(&lane.next());
        let _turn = lane.turn.lock().await;
        if let Some(got) = answer.get() {
            return Arc::clone(got);
        }
        // From here on it has left: who comes now waits for another.
        {
            let mut next = lane.next();
            if Arc::ptr_eq(&next, &answer) {
                *next = Answer::default();
            }
        }
        let got = read().await;
        // Whoever waits for the same finds it once it is his turn.
        let _ = answer.set(Arc::clone(&got));
        got
    }

    fn lane(&self, what: &str, reader: &Reader) -> Arc<Lane> {
        let key = (what.to_owned(), reader.rank(), reader.patience());
        let mut lanes = self
            .lanes
            .lock()
            .expect("no code panics while it holds this lock");
        Arc::clone(lanes.entry(key).or_default())
    }
}

impl Lane {
    fn next(&self) -> std::sync::MutexGuard<'_, Answer> {
        self.next
            .lock()
            .expect("no code panics while it holds this lock")
    }
}
