//! Commits per chain of N writes: an answer rides with the next intent.
//!
//! Counts, between the first intent and the end of the writes, the commits of the real ledger
//! for one step with N changes.

use std::sync::{Arc, Mutex};

use oust::engine::Observer;
use oust::ledger::{Event, RunState, SqliteStore};
use oust::model::Utc;

use super::table::Table;
use super::{fake, kit};

pub(crate) fn measure(table: &mut Table) {
    let playbook = kit::playbook(&["okta.revoke_oauth_grants: { select: all }"]);
    for writes in [1, 4, 16] {
        let home = tempfile::tempdir().expect("there is room for temporary files");
        let store = SqliteStore::open(&home.path().join("oust.db")).expect("the disk takes it");
        let store = Arc::new(store);
        let tools = fake::tools(store.clone(), writes);
        let counter = Arc::new(Counter {
            store,
            seen: Mutex::default(),
        });
        kit::many_threads().block_on(async {
            let prepared = kit::prepare(&tools, &playbook, "r_bench", kit::crowd(1)).await;
            kit::carry_out(&tools, prepared, counter.clone()).await;
        });
        let seen = *counter.seen.lock().expect("nobody panicked");
        let commits = seen.at_the_end - seen.at_first;
        #[expect(clippy::cast_precision_loss, reason = "these are small numbers")]
        table.add(
            format!("commits of a chain of {writes} / (N + 1)"),
            commits as f64 / (writes as f64 + 1.0),
            1.0,
            format!("{commits} commits"),
        );
    }
}

struct Counter {
    store: Arc<SqliteStore>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    begun: bool,
    at_first: u64,
    at_the_end: u64,
}

impl Observer for Counter {
    fn saw(&self, _: Utc, event: &Event, _: &RunState) {
        let mut seen = self.seen.lock().expect("nobody panicked");
        match event {
            // Seen before it is committed.
            Event::Intended { .. } if !seen.begun => {
                seen.begun = true;
                seen.at_first = self.store.commits();
            }
            Event::WritesEnded => seen.at_the_end = self.store.commits(),
            _ => {}
        }
    }
}
