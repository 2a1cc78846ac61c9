//! Tells whoever waits that something happened in a run.
//!
//! Not a `tokio::sync::watch`: that wakes its waiters in an order drawn by chance, and the
//! same seed must replay the same incident.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::model::UserId;

/// Rings once for every change; wakes in the order in which they began to wait.
#[derive(Default)]
pub(super) struct Bell {
    rung: AtomicU64,
    waiting: Notify,
}

impl Bell {
    /// Something happened.
    pub(super) fn ring(&self) {
        self.rung.fetch_add(1, Ordering::AcqRel);
        self.waiting.notify_waiters();
    }

    /// Somebody who has heard everything so far.
    pub(super) fn listen(&self) -> Listener<&Self> {
        Listener::at(self)
    }
}

/// A bell for each subject that somebody ever waited for: of thousands who wait, only those wake
/// whom the news is about.
#[derive(Default)]
pub(super) struct Bells(Mutex<HashMap<UserId, Arc<Bell>>>);

impl Bells {
    /// Something happened to this one.
    pub(super) fn ring(&self, who: &UserId) {
        let bell = self.lock().get(who).cloned();
        if let Some(bell) = bell {
            bell.ring();
        }
    }

    /// Somebody who has heard everything so far of this one.
    pub(super) fn listen(&self, who: &UserId) -> Listener<Arc<Bell>> {
        Listener::at(Arc::clone(self.lock().entry(who.clone()).or_default()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Arc<Bell>>> {
        self.0
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// Somebody who waits for a bell.
pub(super) struct Listener<B> {
    bell: B,
    heard: u64,
}

impl<B: Deref<Target = Bell>> Listener<B> {
    fn at(bell: B) -> Self {
        let heard = bell.rung.load(Ordering::Acquire);
        Self { bell, heard }
    }

    /// Counts everything so far as heard: what is looked at next has it in it.
    pub(super) fn catch_up(&mut self) {
        self.heard = self.bell.rung.load(Ordering::Acquire);
    }

    /// Resolves once something happened that was not heard; at once if it did already.
    pub(super) async fn next(&mut self) {
        loop {
            let mut woken = std::pin::pin!(self.bell.waiting.notified());
            // Registered before looking: a ring in between is not missed.
            woken.as_mut().enable();
            let rung = self.bell.rung.load(Ordering::Acquire);
            if rung != self.heard {
                self.heard = rung;
                return;
            }
            woken.await;
        }
    }
}
