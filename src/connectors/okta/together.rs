//! Reads that whoever waits for them at the same moment shares: one list of the whole org may
//! answer thirty subjects.
//!
//! A caller is only ever given an answer that was asked for after he came: he may have written
//! just before, and wants to see what came of it. So a read that has left is nobody else's; who
//! comes meanwhile waits for the next one, together with all who do the same. However many come
//! at once, two reads serve them. Whoever plans has written nothing yet and joins a read that is
//! under way: one serves them all, and nobody waits for a second.
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
    reads: Mutex<Reads>,
}

#[derive(Default)]
struct Reads {
    under_way: Option<Answer>,
    /// The one that has not left yet.
    next: Answer,
}

impl Together {
    /// What `read` answers, or what it answered somebody else who waited for the same; `joins`
    /// a read that is under way.
    pub(super) async fn read(
        &self,
        what: &str,
        reader: &Reader,
        joins: bool,
        read: impl AsyncFnOnce() -> Arc<Got>,
    ) -> Arc<Got> {
        let lane = self.lane(what, reader);
        let answer = lane.reads().to_wait_for(joins);
        let _turn = lane.turn.lock().await;
        if let Some(got) = answer.get() {
            return Arc::clone(got);
        }
        lane.reads().leaves(&answer);
        let got = read().await;
        // Whoever waits for the same finds it once it is his turn.
        let _ = answer.set(Arc::clone(&got));
        lane.reads().under_way = None;
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
    fn reads(&self) -> std::sync::MutexGuard<'_, Reads> {
        self.reads
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl Reads {
    fn to_wait_for(&self, joins: bool) -> Answer {
        let under_way = self.under_way.as_ref().filter(|_| joins);
        Arc::clone(under_way.unwrap_or(&self.next))
    }

    /// From here on it has left: who needs what is newer waits for another.
    fn leaves(&mut self, answer: &Answer) {
        if Arc::ptr_eq(&self.next, answer) {
            self.next = Answer::default();
        }
        self.under_way = Some(Arc::clone(answer));
    }
}
