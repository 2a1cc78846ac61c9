//! All detections over a saved log: what they cost beside reading it, and whether memory grows.
//!
//! Processor time of this thread: a file of 100,000 events is read and parsed line by line, as
//! `oust logs` does, once without and once with every detection. Memory: a stream of 100,000 and
//! one of 1,000,000, each in a process of its own.

use std::process::Command;
use std::time::Duration;

use oust::evidence::{Detections, Event, Line, Saved};

use super::log::Log;
use super::machine::{ratio, resident_peak, thread_cpu};
use super::table::Table;

/// The word that makes this program the measured process: `detect-in-process N`.
pub(crate) const CHILD: &str = "detect-in-process";

const EVENTS: u64 = 100_000;
const MANY: u64 = 1_000_000;

/// The quickest round counts.
const ROUNDS: usize = 3;

pub(crate) fn measure(table: &mut Table) {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    let file = home.path().join("log.jsonl");
    let mut to = std::fs::File::create(&file).expect("the directory can be written");
    std::io::copy(&mut Log::of(EVENTS), &mut to).expect("the disk takes it");
    let name = file.to_str().expect("it is plain");
    let open = || Saved::open(name).expect("it was just written");

    let all = Detections::shipped();
    let mut parse = Duration::MAX;
    let mut both = Duration::MAX;
    let mut hits = 0;
    for _ in 0..ROUNDS {
        parse = parse.min(timed(|| read(open(), |_| {})));
        both = both.min(timed(|| hits = detect(&all, open())));
    }
    let figures = format!("{both:.1?} over {parse:.1?}, {hits} hits");
    let name = format!("parse and all detections, {EVENTS} events / parse");
    table.add(name, ratio(both, parse), 2.0, figures);

    let (few, many) = (resident(EVENTS), resident(MANY));
    let figures = format!("{many:.1} MB over {few:.1} MB");
    table.add(
        "resident, 1000000 events over 100000",
        many / few,
        1.1,
        figures,
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let before = thread_cpu().unwrap_or_default();
    work();
    thread_cpu().unwrap_or_default() - before
}

fn read(from: Saved, mut event: impl FnMut(Event<'_>)) {
    for line in from {
        match line {
            Line::Event(value) => event(Event(&value)),
            odd => panic!("{odd:?}"),
        }
    }
}

fn detect(all: &Detections, from: Saved) -> u64 {
    let mut hits = 0;
    let mut watch = all.watch();
    read(from, |event| watch.see(event, &mut |_| hits += 1));
    assert_eq!(watch.late(), 0, "the log is in order");
    hits
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a process are far below 2^52"
)]
fn resident(events: u64) -> f64 {
    let this = std::env::current_exe().expect("this program has a path");
    let output = Command::new(this)
        .args([CHILD, &events.to_string()])
        .output();
    let output = output.expect("this program can be started");
    assert!(output.status.success(), "{output:?}");
    let peak = String::from_utf8_lossy(&output.stdout).trim().parse();
    peak.map_or(f64::NAN, |peak: u64| peak as f64 / 1e6)
}

/// The measured process: all detections over a stream; prints its peak.
#[expect(clippy::print_stdout, reason = "it tells its parent")]
pub(crate) fn child(count: &str) {
    let count: u64 = count.parse().expect("its parent passes a number");
    let saved = Saved::read(Log::of(count)).expect("it begins as JSON");
    let hits = detect(&Detections::shipped(), saved);
    assert!(hits > 0, "the log has something in it");
    if let Some(peak) = resident_peak("self") {
        println!("{peak}");
    }
}
