//! Tells whoever waits that something happened in a run.
//!
//! Not a `tokio::sync::watch`: that wakes its waiters in an order drawn by chance, and the
//! same seed must replay the same incident.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

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
    pub(super) fn listen(&self) -> Listener<'_> {
        Listener {
            bell: self,
            heard: self.rung.load(Ordering::Acquire),
        }
    }
}

/// Somebody who waits for a bell.
pub(super) struct Listener<'b> {
    bell: &'b Bell,
    heard: u64,
}

impl Listener<'_> {
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
