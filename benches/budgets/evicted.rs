//! How long an intruder stays: from consent to the last clear's answer, at 100 ms a call.
//!
//! Over the longest write chain that the plan lists: the writes of the evict stage, one after
//! the other, each as long as one bare call was measured to take. The token is warm, and proofs
//! run beside. Once for a plain account, once for an administrator, whose API tokens are read
//! again before they are revoked.

use std::sync::Arc;

use oust::engine::{Silent, Tools};
use oust::ledger::SqliteStore;
use oust::playbook::CheckedPlaybook;
use oust::transport::{Path, Read, Reader};

use super::machine::{Watch, median, ratio};
use super::table::Table;
use super::{kit, range};

/// How late the mock answers, milliseconds.
const LATENCY_MS: u64 = 100;

pub(crate) fn measure(table: &mut Table) {
    let home = tempfile::tempdir().expect("there is room for temporary files");
    kit::many_threads().block_on(async {
        let server = range::serve(2, LATENCY_MS).await;
        let ledger = SqliteStore::open(&home.path().join("oust.db")).expect("the disk takes it");
        let tools = range::tools(&server, Arc::new(ledger), home.path());
        let who = [
            ("account-takeover", "crowd-00001", "an account"),
            ("evict-only", "crowd-00002", "an account, evict-only"),
            ("account-takeover", "alex", "an administrator"),
        ];
        for (name, local, what) in who {
            let login = format!("{local}@contoso.example");
            measure_one(table, &tools, &kit::shipped(name), login, what).await;
        }
    });
}

async fn measure_one(
    table: &mut Table,
    tools: &Tools,
    playbook: &CheckedPlaybook,
    login: String,
    what: &str,
) {
    let prepared = kit::prepare(tools, playbook, &format!("r_{what}"), vec![login]).await;
    let evict = prepared.plan.stages.first();
    let rows = evict.into_iter().flat_map(|stage| &stage.steps);
    let writes: usize = rows
        .flat_map(|step| step.subjects.iter().map(|row| row.changes.len()))
        .sum();
    let one_call = one_call(tools).await;
    let run = kit::carry_out(tools, prepared, Arc::new(Silent)).await;
    let state = run.state();
    kit::is_contained(&state);
    let (_, _, consented) = state.consent.as_ref().expect("it was agreed to");
    let cleared = state
        .changes()
        .iter()
        .filter(|each| each.change.action.verb() == "clear_sessions")
        .filter_map(|each| each.answered_at)
        .max();
    let evicted = cleared.expect("it was cleared").since(*consented);
    let chain = one_call * u32::try_from(writes).expect("it fits");
    table.add(
        format!("evicted / longest chain, {what}"),
        ratio(evicted, chain),
        1.10,
        format!("{evicted:.0?} for {writes} writes of {one_call:.1?} each"),
    );
}

/// One warm call: the median of some.
async fn one_call(tools: &Tools) -> std::time::Duration {
    let reader = Reader::new(tools.directory.system.client.clone());
    let mut times = Vec::new();
    for _ in 0..5 {
        let watch = Watch::start();
        let read = Read::get(Path::new("/api/v1/users/me"));
        let _ = reader.send(&read).await;
        times.push(watch.read());
    }
    median(times)
}
