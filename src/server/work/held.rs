//! Which accounts an alert is being looked into for: a second one about the same waits, and then
//! finds what became of the first.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The accounts, by whatever names them.
#[derive(Clone, Default)]
pub(super) struct Held(Arc<Inner>);

#[derive(Default)]
struct Inner {
    names: Mutex<BTreeSet<String>>,
    freed: Notify,
}

/// Some of them, until it is dropped.
pub(super) struct Hold {
    held: Held,
    names: Vec<String>,
}

impl Held {
    /// Waits until nobody holds any of these, and takes them all at once.
    pub(super) async fn hold(&self, names: Vec<String>) -> Hold {
        loop {
            let freed = self.0.freed.notified();
            let mut freed = std::pin::pin!(freed);
            // From now on it hears: what is freed between the look and the wait is not missed.
            freed.as_mut().enable();
            if self.try_take(&names) {
                return Hold {
                    held: self.clone(),
                    names,
                };
            }
            freed.await;
        }
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_take(&self, names: &[String]) -> bool {
        let mut held = self.names();
        if names.iter().any(|name| held.contains(name)) {
            return false;
        }
        held.extend(names.iter().cloned());
        true
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.held.names();
        for name in &self.names {
            held.remove(name);
        }
        drop(held);
        self.held.0.freed.notify_waiters();
    }
}
