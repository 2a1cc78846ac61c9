//! Records what happens: into memory at once, into the ledger in as few commits as safe.
//!
//! An intent waits for its commit; an answer may ride with the next intent ([`Recorder::defer`]),
//! so a chain of N writes costs N + 1 commits. Commits from many subjects that come together
//! are made as one. The order in memory is the order in the ledger, and so are the times:
//! each event keeps the moment it happened at, however long it waits for its commit.
//!
//! If the disk fails in the middle, the run goes on: the events stay queued and are tried
//! again with every later commit, and people are told at once. Stopping would save the
//! intruder, not the ledger.
//!
//! If another process has taken the run over, this one stops: from then on nothing is stored,
//! and [`Recorder::is_taken_over`] keeps every further write from leaving.

use std::sync::{Arc, Mutex, MutexGuard};

use super::bell::{Bell, Bells, Listener};
use crate::given::Clock;
use crate::ledger::{Event, Happened, Head, RunState, Store, StoreError};
use crate::model::{Finding, RunId, Severity, UserId, Utc};

/// Watches a run; called for every event, in order. Must be quick.
pub trait Observer: Send + Sync {
    /// `state` has `event` in it already.
    fn saw(&self, at: Utc, event: &Event, state: &RunState);
}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn saw(&self, _: Utc, _: &Event, _: &RunState) {}
}

/// Records one run.
pub(super) struct Recorder {
    run: RunId,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    inner: Mutex<Inner>,
    /// Held while a commit is under way; whoever waits finds his events committed with it.
    committing: tokio::sync::Mutex<()>,
    /// Counts events, so that others can wait for something to happen.
    changed: Bell,
    /// The same for what becomes of one subject's changes.
    of_each: Bells,
}

struct Inner {
    state: RunState,
    queue: Vec<Happened>,
    queued: u64,
    committed: u64,
    disk_failed: bool,
    taken_over: bool,
}

impl Recorder {
    pub(super) fn new(
        run: RunId,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
        state: RunState,
    ) -> Self {
        let inner = Inner {
            state,
            queue: Vec::new(),
            queued: 0,
            committed: 0,
            disk_failed: false,
            taken_over: false,
        };
        let inner = Mutex::new(inner);
        Self {
            run,
            store,
            clock,
            observer,
            inner,
            committing: tokio::sync::Mutex::default(),
            changed: Bell::default(),
            of_each: Bells::default(),
        }
    }

    /// Looks at the run as it stands; `look` must be quick.
    pub(super) fn read<T>(&self, look: impl FnOnce(&RunState) -> T) -> T {
        look(&self.lock().state)
    }

    /// A way to wait for the next event.
    pub(super) fn listen(&self) -> Listener<&Bell> {
        self.changed.listen()
    }

    /// A way to wait for the next event that one of this subject's changes was sent, answered or
    /// read back.
    pub(super) fn listen_for(&self, subject: &UserId) -> Listener<Arc<Bell>> {
        self.of_each.listen(subject)
    }

    /// Records now and commits with the next commit.
    pub(super) fn defer(&self, event: Event) {
        self.queue(vec![event]);
    }

    /// Whether another process works on the run now: nothing more may be written, neither to
    /// the vendors nor to the ledger.
    pub(super) fn is_taken_over(&self) -> bool {
        self.lock().taken_over
    }

    /// Records and commits, together with all that was deferred. Whoever wants to write to a
    /// vendor next asks [`Recorder::is_taken_over`] first.
    pub(super) async fn commit(&self, events: Vec<Event>) {
        let ticket = self.queue(events);
        let _turn = self.committing.lock().await;
        let batch = {
            let mut inner = self.lock();
            if inner.committed >= ticket || inner.taken_over {
                return;
            }
            std::mem::take(&mut inner.queue)
        };
        let result = self.store.append(&self.run, batch.clone()).await;
        if let Some(finding) = self.settle(batch, result) {
            self.defer(Event::Noted { finding });
        }
    }

    /// Takes what the store said to `batch`; returns what people must know of it.
    fn settle(&self, batch: Vec<Happened>, said: Result<Head, StoreError>) -> Option<Finding> {
        let mut inner = self.lock();
        match said {
            Ok(head) => {
                inner.committed += batch.len() as u64;
                inner.state.head = Some(head);
                None
            }
            Err(error @ StoreError::TakenOver { .. }) => {
                inner.taken_over = true;
                inner.queue.clear();
                // Whoever took it over reopened it, whatever was to be stored here.
                inner.state.closed_at = None;
                inner.state.verdict = None;
                Some(taken_over(&error, &self.run))
            }
            Err(error) => {
                let mut kept = batch;
                kept.append(&mut inner.queue);
                inner.queue = kept;
                let first = !std::mem::replace(&mut inner.disk_failed, true);
                first.then(|| disk_failed(&error))
            }
        }
    }

    /// Commits what was deferred, if anything was.
    pub(super) async fn flush(&self) {
        if !self.lock().queue.is_empty() {
            self.commit(Vec::new()).await;
        }
    }

    fn queue(&self, events: Vec<Event>) -> u64 {
        let at = self.clock.now();
        let mut inner = self.lock();
        let mut whose = Vec::new();
        for event in events {
            inner.state.apply(at, &event);
            whose.extend(about(&inner.state, &event).cloned());
            self.observer.saw(at, &event, &inner.state);
            // What cannot be stored any more is still told to those who watch.
            if !inner.taken_over {
                inner.queue.push(Happened { at, event });
                inner.queued += 1;
            }
        }
        let ticket = inner.queued;
        drop(inner);
        self.changed.ring();
        for subject in whose {
            self.of_each.ring(&subject);
        }
        ticket
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// Whose change the event tells something of.
fn about<'s>(state: &'s RunState, event: &Event) -> Option<&'s UserId> {
    match event {
        Event::Intended { change, .. }
        | Event::Answered { change, .. }
        | Event::Proved { change, .. } => Some(&state.change(change)?.change.subject),
        _ => None,
    }
}

fn taken_over(why: &StoreError, run: &RunId) -> Finding {
    Finding {
        severity: Severity::High,
        id: "taken_over".into(),
        text: format!("{why}; this one has stopped, and what it still did is not recorded"),
        hint: format!("see how it goes on: oust runs show {run}"),
    }
}

fn disk_failed(why: &StoreError) -> Finding {
    Finding {
        severity: Severity::High,
        id: "ledger_failed".into(),
        text: format!("{why}; the run goes on, and its record is kept in memory"),
        hint: "free the disk: everything is written with the next commit that succeeds".into(),
    }
}
