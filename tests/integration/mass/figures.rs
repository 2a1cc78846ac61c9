//! What containing many took: requests, 429s, how much of the quota was used, memory, time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use oust_mocks::{Entry, Range};

/// The bucket of nearly all that an incident asks of Okta.
const BUCKET: &str = "api";

/// What a process may have of its own, and what more for each subject: above what was seen (32 MB at
/// 300, 195 at 10,000), and far below what it is when answers or a whole report are kept.
const OWN_KIB: u64 = 40 * 1024;
const OF_EACH_KIB: u64 = 20;

/// The most memory that a process had resident, looked at until it ends; and the most of its own, for
/// how much of the program's file is mapped beside that is the kernel's choice. Linux; elsewhere zero.
pub(super) struct Peak {
    stop: Arc<AtomicBool>,
    seen: Arc<[AtomicU64; 2]>,
    thread: JoinHandle<()>,
}

impl Peak {
    pub(super) fn watch(pid: u32) -> Self {
        let (stop, seen) = (
            Arc::<AtomicBool>::default(),
            Arc::<[AtomicU64; 2]>::default(),
        );
        let (until, into) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                for (most, now) in into.iter().zip(resident(pid)) {
                    most.fetch_max(now, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { stop, seen, thread }
    }

    fn kib(self) -> [u64; 2] {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        [0, 1].map(|at: usize| self.seen[at].load(Ordering::Relaxed))
    }
}

/// In KiB: the most so far, and what is its own now.
fn resident(pid: u32) -> [u64; 2] {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    ["VmHWM:", "RssAnon:"].map(|name| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kib.unwrap_or_default()
    })
}

#[derive(Default)]
pub(super) struct Figures {
    subjects: usize,
    /// Resident, and of its own.
    peak_kib: [u64; 2],
    calls: usize,
    writes: usize,
    throttled: usize,
    faults: usize,
    /// Of the windows that were full of work, percent of what we may use.
    used: Vec<u64>,
    evicted_s: f64,
    all_s: f64,
}

impl Figures {
    pub(super) fn of(subjects: usize) -> Self {
        Self {
            subjects,
            ..Self::default()
        }
    }

    /// A process has ended.
    pub(super) fn ended(&mut self, peak: Peak) {
        let of_this = peak.kib();
        for (most, this) in self.peak_kib.iter_mut().zip(of_this) {
            *most = this.max(*most);
        }
    }

    /// What the mocks saw.
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    pub(super) fn read(&mut self, range: &Range) {
        let entries = range.journal.entries();
        self.calls = entries.len();
        self.writes = entries.iter().filter(|each| each.mutating).count();
        let faulty = entries.iter().filter(|each| each.fault.is_some());
        self.faults = faulty.count();
        let throttled = entries.iter().filter(|each| each.status == 429);
        self.throttled = throttled.count();

        let began = entries.first().map_or(0, |each| each.at_ms);
        let ended = entries.last().map_or(0, |each| each.at_ms);
        self.all_s = (ended - began) as f64 / 1000.0;
        // Each account's first good clear after its suspension.
        let mut suspended = BTreeSet::new();
        let mut evicted = BTreeMap::new();
        let carried_out = |each: &&Entry| each.effective || (200..300).contains(&each.status);
        for each in entries.iter().filter(carried_out) {
            if let Some(who) = whose(&each.path, "/lifecycle/suspend") {
                suspended.insert(who);
            }
            if let Some(who) = whose(&each.path, "/sessions").filter(|who| suspended.contains(who))
            {
                evicted.entry(who).or_insert(each.at_ms);
            }
        }
        let last = evicted.values().copied().max().unwrap_or(began);
        self.evicted_s = (last - began) as f64 / 1000.0;

        let limits = &range.okta.limits;
        let ours = u64::from(limits.overrides[BUCKET]) * u64::from(limits.principal_percent) / 100;
        let first_write = entries.iter().find(|each| each.mutating && each.effective);
        let from = first_write.map_or(began, |each| each.at_ms);
        let within = |at: &i64| *at >= from && at + limits.window_ms <= last;
        let windows = limits.past(BUCKET).iter();
        let windows = windows.filter(|(at, _)| within(at));
        self.used = windows
            .map(|(_, used)| u64::from(*used) * 100 / ours.max(1))
            .collect();
    }

    /// The middle one: a process that is killed and one that starts leave a window unused.
    fn used_percent(&self) -> Option<u64> {
        let mut used = self.used.clone();
        used.sort_unstable();
        used.get(used.len() / 2).copied()
    }

    #[expect(clippy::print_stdout, reason = "what it took is the result")]
    pub(super) fn print(&self) {
        let used = self
            .used_percent()
            .map_or("-".to_owned(), |used| format!("{used} %"));
        let rows = [
            ("subjects", self.subjects.to_string()),
            (
                "calls",
                format!(
                    "{} ({:.1} a head)",
                    self.calls,
                    ratio(self.calls, self.subjects)
                ),
            ),
            ("writes", self.writes.to_string()),
            ("faults", self.faults.to_string()),
            ("429s", self.throttled.to_string()),
            ("quota used, middle window of the eviction", used),
            (
                "quota used, each of these windows",
                format!("{:?}", self.used),
            ),
            ("peak memory", format!("{} KiB", self.peak_kib[0])),
            ("of its own", format!("{} KiB", self.peak_kib[1])),
            ("all evicted after", format!("{:.1} s", self.evicted_s)),
            ("over after", format!("{:.1} s", self.all_s)),
        ];
        for (what, figure) in rows {
            println!("{what:<42} {figure}");
        }
    }

    /// What must hold of any number, on any machine: how much of the quota was used is only told, because
    /// a machine that others use cannot use it up.
    pub(super) fn hold(&self) {
        assert!(
            self.faults * 100 >= self.calls * 3,
            "it was too easy: {} faults",
            self.faults
        );
        let most = OWN_KIB + OF_EACH_KIB * self.subjects as u64;
        assert!(
            self.peak_kib[1] <= most,
            "{} KiB of its own, {most} at most",
            self.peak_kib[1]
        );
        // A process that was killed takes what it knew of the window along.
        assert!(
            self.throttled * 100 <= self.calls,
            "{} of {} calls met a 429",
            self.throttled,
            self.calls
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn ratio(calls: usize, subjects: usize) -> f64 {
    calls as f64 / subjects as f64
}

/// The account in a path that ends in `/users/{id}` and this.
fn whose<'p>(path: &'p str, end: &str) -> Option<&'p str> {
    let before = path.strip_suffix(end)?;
    before.rsplit_once("/users/").map(|(_, id)| id)
}
