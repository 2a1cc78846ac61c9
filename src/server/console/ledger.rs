//! Looks at the ledger for pages that look on: a run may be another process's, such as a person's
//! `oust contain`, and nobody tells us of its records.

use std::collections::HashMap;
use std::time::Duration;

use crate::ledger::RunRow;
use crate::model::RunId;
use crate::server::{Item, Shared};

/// How often the ledger's head is read.
const EVERY: Duration = Duration::from_secs(1);
/// Runs that are told of at one time; who is told of that many reads everything anew.
const TOLD_MAX: usize = 50;

/// Tells of every run that something was recorded in, for as long as it is polled. Never ends.
///
/// Reads one number a second; the list of runs only when that has moved.
pub async fn look_at_ledger(shared: Shared) {
    let Some(archive) = shared.archive.clone() else {
        return;
    };
    let mut seq = archive.head().await.map_or(0, |head| head.seq);
    let mut known = HashMap::new();
    loop {
        shared.clock.sleep(EVERY).await;
        // A ledger that cannot be read now may be in a moment; the pages themselves say so.
        let Ok(head) = archive.head().await else {
            continue;
        };
        if head.seq == seq {
            continue;
        }
        seq = head.seq;
        let Ok(runs) = archive.runs().await else {
            continue;
        };
        for run in moved(&mut known, &runs) {
            shared.news.tell(Item::Run(run));
        }
    }
}

/// Runs that are not over, and those that closed since.
fn moved(known: &mut HashMap<RunId, bool>, runs: &[RunRow]) -> Vec<RunId> {
    let mut told = Vec::new();
    // The newest are what somebody looks at.
    for run in runs.iter().take(1_000) {
        let is_open = run.closed_at.is_none();
        let was_open = known.insert(run.id.clone(), is_open);
        if (is_open || was_open != Some(false)) && told.len() < TOLD_MAX {
            told.push(run.id.clone());
        }
    }
    told
}
