//! What a run that really runs leaves in the ledger, beside what it knew itself.

use std::sync::Arc;

use oust::engine::Ended;
use oust::ledger::{MemoryStore, RunState, Store};
use oust::model::{RunId, Verdict};
use oust_mocks::World;

use crate::lab::{Lab, NOON};

/// Answers wait for the next intent before they are stored; their times do not.
#[tokio::test(start_paused = true)]
async fn the_ledger_tells_the_times_that_the_run_itself_knew() {
    let lab = Lab::new(World::contoso(NOON), 7);
    let store = Arc::new(MemoryStore::new());
    let (ended, own) = lab
        .contain(
            &lab.tools(store.clone()),
            &["alex@contoso.example"],
            "account-takeover",
        )
        .await;
    assert_eq!(ended, Ended::Closed(Verdict::Contained));
    let records = store.records(&RunId::new("r_lab")).await.unwrap();
    let told = RunState::of(&records);
    let answers = |state: &RunState| -> Vec<_> {
        let changes = state.in_order();
        changes.map(|each| each.answered_at).collect()
    };
    assert_eq!(answers(&told), answers(&own));
    assert_eq!(told.first_write_at, own.first_write_at);
    assert_eq!(told.last_answer_at, own.last_answer_at);
    assert_eq!(told.writes_ended_at, own.writes_ended_at);
    assert_eq!(told.closed_at, own.closed_at);
}
