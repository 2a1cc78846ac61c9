//! Points at which a test kills the process; in no release build (they need debug
//! assertions).
//!
//! `OUST_KILL_STORE=N` kills at the Nth point of the process, with nothing flushed or dropped;
//! `OUST_KILL_THREAD=N` lets the file's own thread panic there, which the run must outlive;
//! `OUST_KILL_RECORD=FILE` lists the points that a whole run passes, a line each.

/// A point of this name was reached.
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
    if std::env::var("OUST_KILL_THREAD").is_ok_and(|at| at == count.to_string()) {
        panic!("a test asked for a panic at point {count}");
    }
}
