//! Points at which a test kills the process; with the feature `killpoints` alone is there
//! anything here.

/// A point of this name was reached.
#[cfg(feature = "killpoints")]
pub(super) fn point(name: &str) {
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};

    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
    if let Ok(path) = std::env::var("OUST_KILL_RECORD") {
        let mut list = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("a recording run names a file that can be written");
        writeln!(list, "{count} {name}").expect("the list of points can be written");
    }
    if std::env::var("OUST_KILL_STORE").is_ok_and(|at| at == count.to_string()) {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "killpoints"))]
#[expect(
    clippy::inline_always,
    reason = "so that not even the name is compiled"
)]
#[inline(always)]
pub(super) fn point(_: &str) {}
