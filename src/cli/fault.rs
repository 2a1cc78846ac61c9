//! Points at which a test makes the program panic; in no release build (they need
//! debug assertions).
//!
//! `OUST_KILL_PANIC=N` panics at the Nth event of the process, at the worst moment there is:
//! the event is in memory, not yet in the ledger, and the recorder's lock is held.

use std::sync::atomic::{AtomicU64, Ordering};

/// An event was seen.
pub(super) fn point() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
    if std::env::var("OUST_KILL_PANIC").is_ok_and(|at| at == count.to_string()) {
        panic!("a test asked for a panic at event {count}");
    }
}
