//! What is asked of the machine: time, processor time, memory, one durable commit.

use std::path::Path;
use std::time::Duration;

use oust::given::{Clock, SystemClock};
use rusqlite::Connection;

/// A stopwatch.
pub(crate) struct Watch(SystemClock);

impl Watch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self(SystemClock::new())
    }

    /// Time since the start.
    pub(crate) fn read(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Processor time of this thread so far. Linux; elsewhere `None`.
///
/// Source: the kernel's sched-stats documentation: the first field is nanoseconds on the CPU.
pub(crate) fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// The most memory that a process ever had resident, bytes. Linux; elsewhere `None`.
pub(crate) fn resident_peak(pid: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// One FULL commit of a small row in a WAL file: the median of many, made now and then while
/// something else is measured, because a shared disk is now quick and now slow.
pub(crate) struct Commits {
    db: Connection,
    times: Vec<Duration>,
}

impl Commits {
    /// Makes the file in `dir`.
    pub(crate) fn in_dir(dir: &Path) -> Self {
        let db = Connection::open(dir.join("baseline.db")).expect("the directory can be written");
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA fullfsync=ON;
             CREATE TABLE IF NOT EXISTS row (body TEXT);",
        )
        .expect("the disk takes it");
        let times = Vec::new();
        Self { db, times }
    }

    /// Commits a few times.
    pub(crate) fn some(&mut self) {
        let body = "x".repeat(200);
        for _ in 0..4 {
            let watch = Watch::start();
            self.db
                .execute("INSERT INTO row VALUES (?1)", [&body])
                .expect("the disk takes it");
            self.times.push(watch.read());
        }
    }

    /// What one took.
    pub(crate) fn median(self) -> Duration {
        median(self.times)
    }
}

/// The middle one; zero of none.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// `a` in units of `b`.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
