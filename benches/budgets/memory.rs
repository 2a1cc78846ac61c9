//! The most memory that is ever resident: 30 MB, and 4 KB for each subject.
//!
//! Twice for the real binary containing one account, at Okta alone and at every service of the
//! sandbox; once for the engine over 20,000 in a process of its own: plan, run, ledger file and
//! the run's fold, with the shipped playbook that is made for so many. Linux only; elsewhere the lines say that nothing was measured.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use oust::engine::Silent;
use oust::ledger::SqliteStore;
use oust::model::Verdict;

use super::everywhere::Everywhere;
use super::machine::resident_peak;
use super::table::Table;
use super::{fake, kit, range};

/// The word that makes this program the measured process: `contain-in-process N`.
pub(crate) const CHILD: &str = "contain-in-process";

/// One account takes seconds.
const AT_MOST: Duration = Duration::from_secs(60);

const MANY: u64 = 20_000;

pub(crate) fn measure(table: &mut Table) {
    add(
        table,
        "resident, oust contain of one account",
        1,
        real_binary(),
    );
    add(
        table,
        "resident, one account at all services",
        1,
        everywhere(),
    );
    add(
        table,
        "resident, engine over 20000 subjects",
        MANY,
        engine(),
    );
}

fn add(table: &mut Table, name: &str, subjects: u64, peak: Option<u64>) {
    let bound = 30_000_000 + 4_000 * subjects;
    let figures = match peak {
        Some(peak) => format!("{:.1} MB of {:.1} MB", mega(peak), mega(bound)),
        None => "not measured: there is no /proc here".into(),
    };
    let ratio = peak.map_or(f64::NAN, |peak| mega(peak) / mega(bound));
    table.add(name, ratio, 1.0, figures);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a process are far below 2^52"
)]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Watches the real binary until it ends; its peak only grows, so the last look counts.
fn real_binary() -> Option<u64> {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    kit::many_threads().block_on(async {
        let (sandbox, config) = range::sandbox(home.path()).await;
        let state = home.path().join("state");
        let program = env!("CARGO_BIN_EXE_oust");
        let mut command = range::contain(program, &config, &state, &sandbox.victim);
        let mut child = command.spawn().expect("the binary is there");
        let pid = child.id().to_string();
        let mut peak = None;
        loop {
            peak = peak.max(resident_peak(&pid));
            if let Some(ended) = child.try_wait().expect("it is our child") {
                assert!(ended.success(), "{ended}");
                return peak;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
}

/// The real binary with every service open.
fn everywhere() -> Option<u64> {
    kit::many_threads().block_on(async {
        let contained = Everywhere::open(0, "")
            .await
            .contain("state", AT_MOST)
            .await;
        kit::is_contained(&contained.state);
        contained.peak
    })
}

/// Has the measured process run, and reads the figure it prints.
fn engine() -> Option<u64> {
    let this = std::env::current_exe().expect("this program has a path");
    let output = Command::new(this).args([CHILD, &MANY.to_string()]).output();
    let output = output.expect("this program can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// The measured process: contains `count` accounts and prints its peak.
#[expect(clippy::print_stdout, reason = "it tells its parent")]
pub(crate) fn child(count: &str) {
    let count: usize = count.parse().expect("its parent passes a number");
    let home = tempfile::tempdir().expect("there is room for temporary files");
    let ledger = SqliteStore::open(&home.path().join("oust.db")).expect("the disk takes it");
    let tools = fake::tools(Arc::new(ledger), 1);
    let playbook = kit::shipped("evict-only");
    kit::many_threads().block_on(async {
        let prepared = kit::prepare(&tools, &playbook, "r_bench", kit::crowd(count)).await;
        let run = kit::carry_out(&tools, prepared, Arc::new(Silent)).await;
        assert_eq!(run.verdict(), Some(Verdict::Contained));
    });
    if let Some(peak) = resident_peak("self") {
        println!("{peak}");
    }
}
