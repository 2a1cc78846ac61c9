//! What a run that really runs leaves in the ledger, beside what it knew itself.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use oust::connectors::vendors;
use oust::engine::{Ended, Run};
use oust::guard::GuardConfig;
use oust::ledger::{Event, Happened, MemoryStore, RunState, Store};
use oust::model::{RunId, Severity, Utc};
use oust::playbook::check;
use oust_mocks::{Range, Request, World};

use super::world::reopened;
use crate::lab::{Lab, NOON, Tap};

const PLAYBOOK: &str = "\
playbook: oust/v1
name: out
title: Out
description: Ends every session and bars the door.
stages:
  - name: evict
    steps:
      - okta.clear_sessions: { oauth_tokens: true, forget_devices: true }
      - okta.suspend_user: { if_locked_out: report }
      - okta.clear_sessions: { oauth_tokens: true, forget_devices: true }
";

/// Contains alex over `store`, to the end.
async fn contain(lab: &Lab, store: Arc<MemoryStore>) -> (Ended, RunState) {
    let tools = lab.tools(store);
    let vendors: Vec<_> = vendors().collect();
    let playbook = check("out.yaml", PLAYBOOK, &vendors).unwrap_or_else(|no| panic!("{no}"));
    let request = lab.request(&["alex@contoso.example"]);
    let limits = GuardConfig::default();
    let planned = oust::engine::plan(&tools, &playbook, &limits, request).await;
    let planned = planned.unwrap();
    let start = lab.start(&planned.plan, planned.snapshot);
    let run = Run::begin(tools, planned.plan, start).await.unwrap();
    (run.carry_out().await, run.state())
}

/// Answers wait for the next intent before they are stored; their times do not.
#[tokio::test(start_paused = true)]
async fn the_ledger_tells_the_times_that_the_run_itself_knew() {
    let lab = Lab::new(World::contoso(NOON), 7);
    let store = Arc::new(MemoryStore::new());
    let (ended, own) = contain(&lab, store.clone()).await;
    assert!(matches!(ended, Ended::Closed(_)), "{ended:?}");
    let records = store.records(&RunId::new("r_lab")).await.unwrap();
    let told = RunState::of(&records);
    let answers = |state: &RunState| -> Vec<Option<Utc>> {
        let changes = state.changes().iter();
        changes.map(|each| each.answered_at).collect()
    };
    assert!(answers(&own).iter().all(Option::is_some), "{own:?}");
    assert_eq!(answers(&told), answers(&own));
    assert_eq!(told.first_write_at, own.first_write_at);
    assert_eq!(told.last_answer_at, own.last_answer_at);
    assert_eq!(told.writes_ended_at, own.writes_ended_at);
    assert_eq!(told.closed_at, own.closed_at);
}

/// Another process, which reopens the run while its first write is on the way.
struct Taker {
    theirs: MemoryStore,
    writes: Mutex<Vec<String>>,
}

impl Tap for Taker {
    fn before(&self, request: &Request, _: &Range) -> bool {
        let is_write = request.path.contains("/users/") && request.method != "GET";
        if is_write {
            let mut writes = self.writes.lock().unwrap();
            if writes.is_empty() {
                let again = Happened::at_once(Utc::from_millis(NOON), vec![reopened()]);
                let run = RunId::new("r_lab");
                let taken = self.theirs.append(&run, again).now_or_never();
                taken.expect("memory answers at once").unwrap();
            }
            writes.push(format!("{} {}", request.method, request.path));
        }
        false
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_taken_over_stops_writing_at_once() {
    let store = Arc::new(MemoryStore::new());
    let taker = Arc::new(Taker {
        theirs: store.another(),
        writes: Mutex::default(),
    });
    let lab = Lab::tapped(World::contoso(NOON), 7, taker.clone(), 40);
    let (ended, own) = contain(&lab, store.clone()).await;

    assert_eq!(ended, Ended::Stopped);
    let writes = taker.writes.lock().unwrap().clone();
    assert_eq!(writes.len(), 1, "only the one in flight: {writes:?}");
    assert_eq!((own.closed_at, own.verdict), (None, None));
    let told = own.findings.iter().find(|told| told.id == "taken_over");
    let told = told.unwrap_or_else(|| panic!("{:?}", own.findings));
    assert_eq!(told.severity, Severity::High);
    assert_eq!(told.hint, "see how it goes on: oust runs show r_lab");
    let unsent = own.changes().iter().filter(|each| each.is_in_doubt());
    assert_eq!(unsent.count(), 0, "what was not sent is not in doubt");
    // In the ledger the run is the other's.
    let records = store.records(&RunId::new("r_lab")).await.unwrap();
    assert_eq!(records.last().unwrap().event, reopened());
    let intents = records
        .iter()
        .filter(|record| matches!(record.event, Event::Intended { .. }));
    assert_eq!(intents.count(), 1);
}
