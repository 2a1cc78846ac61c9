//! How long a run of 20,000 takes to be ready to go on, over one sequential read of its ledger.
//!
//! The run is stopped when half of its changes are answered. The baseline reads every row of the
//! file once, in order, and looks at nothing: the file is in the kernel's memory then, so that this is
//! no more than a copy. A second one reads what happened, too, and makes nothing of it. All are the best of a few: what is measured is the
//! work, not who else used the disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oust::engine::{Observer, Run, Silent, Start};
use oust::ledger::{Event, RunState, SqliteStore, Store};
use oust::model::{RunId, Utc};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::machine::Watch;
use super::table::Table;
use super::{fake, kit};

const MANY: usize = 20_000;
const TIMES: usize = 3;
const RUN: &str = "r_bench";

pub(crate) fn measure(table: &mut Table) {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    let path = home.path().join("oust.db");
    kit::many_threads().block_on(half_a_run(&path));
    let mut bytes = 0;
    let read = best(|| bytes = read_through(&path));
    let ready = best(|| kit::many_threads().block_on(ready(&path)));
    let ratio = ready.as_secs_f64() / read.as_secs_f64();
    let figures = format!(
        "{} ms of {} ms for {} MB",
        ready.as_millis(),
        read.as_millis(),
        bytes / 1_000_000
    );
    table.add("resume of 20000 subjects / a read", ratio, 3.0, figures);
    let told = best(|| kit::many_threads().block_on(records(&path)));
    let ratio = ready.as_secs_f64() / told.as_secs_f64();
    let figures = format!("{} ms of {} ms", ready.as_millis(), told.as_millis());
    table.add("resume / reading what happened", ratio, 3.0, figures);
}

fn best(mut work: impl FnMut()) -> Duration {
    let timed = (0..TIMES).map(|_| {
        let watch = Watch::start();
        work();
        watch.read()
    });
    timed.min().unwrap_or_default()
}

/// Leaves a ledger whose run stopped in the middle.
async fn half_a_run(path: &Path) {
    let store = SqliteStore::open(path).expect("the disk takes it");
    let tools = fake::tools(Arc::new(store), 1);
    let prepared = kit::prepare(&tools, &kit::shipped("evict-only"), RUN, kit::crowd(MANY)).await;
    let (stop, stopped) = watch::channel(false);
    let half = Arc::new(Half {
        answers: AtomicUsize::new(0),
        enough: prepared.plan.changes().count() / 2,
        stop,
    });
    let start = Start {
        consent: kit::consent(&tools, &prepared.plan),
        requester: "kim".into(),
        snapshot: prepared.snapshot,
        observer: half,
        stop: stopped,
        prove_for: None,
        handover: None,
    };
    let run = Run::begin(tools, prepared.plan, start)
        .await
        .expect("the ledger is ours alone");
    run.carry_out().await;
    assert!(run.verdict().is_none(), "it stopped on the way");
}

/// Stops the run when half is answered.
struct Half {
    answers: AtomicUsize,
    enough: usize,
    stop: watch::Sender<bool>,
}

impl Observer for Half {
    fn saw(&self, _: Utc, event: &Event, _: &RunState) {
        let is_answer = matches!(event, Event::Answered { .. });
        if is_answer && self.answers.fetch_add(1, Ordering::Relaxed) == self.enough {
            self.stop.send_replace(true);
        }
    }
}

/// Every row, in order, and what is too long for one; how many bytes there were.
fn read_through(path: &Path) -> usize {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("it was just written");
    let all = [
        "SELECT seq, run, at_ms, body, body_hash, hash FROM record ORDER BY seq",
        "SELECT seq, part, NULL, body FROM part ORDER BY seq, part",
    ];
    let mut bytes = 0;
    for query in all {
        let mut rows = db.prepare(query).expect("these are its columns");
        let mut rows = rows.query([]).expect("it can be read");
        while let Some(row) = rows.next().expect("it can be read") {
            let body = row.get_ref(3).expect("it has a body");
            bytes += body.as_bytes().map_or(0, <[u8]>::len);
        }
    }
    bytes
}

/// What happened, record by record, and nothing is made of it.
async fn records(path: &Path) {
    let store = SqliteStore::open(path).expect("it was just written");
    let records = store.records(&RunId::new(RUN)).await.expect("it is whole");
    assert!(records.len() > MANY);
}

/// Opens the ledger and takes the run up, as `runs resume` does before its first request.
async fn ready(path: &Path) {
    let store = Arc::new(SqliteStore::open(path).expect("it was just written"));
    let state = store.state(&RunId::new(RUN)).await.expect("it is whole");
    let tools = fake::tools(store, 1);
    let plan = state.plan.clone().expect("it was opened");
    let (_keep, stop) = watch::channel(false);
    let start = Start {
        consent: kit::consent(&tools, &plan),
        requester: "kim".into(),
        snapshot: Default::default(),
        observer: Arc::new(Silent),
        stop,
        prove_for: None,
        handover: None,
    };
    let run = Run::resume(tools, state, start).await;
    assert!(run.is_ok(), "nobody else has it");
}
