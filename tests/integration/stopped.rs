//! A run is stopped while it waits: for a proof, for its quota. It ends at once, and what had not left
//! was never sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oust::engine::{Ended, Observer, Run, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::{ChangeState, Event, MemoryStore, RunState, Store};
use oust::model::{ChangeId, GuardName, Lift, OutcomeKind, RunId, Utc, Verdict};
use oust_mocks::{Fault, FaultKind, World};
use tokio::sync::watch;

use crate::lab::{Lab, NOON, NoTap, shipped};

/// How long what is under way may take: a round trip, and no wait.
const SOON: Duration = Duration::from_secs(2);

/// A run that was stopped.
struct Stopped {
    lab: Lab,
    store: Arc<MemoryStore>,
    state: RunState,
    /// From the stop to the end.
    took: Duration,
    /// Writes that had reached the vendors a moment after the stop, and at the end.
    writes: (usize, usize),
    skipped: usize,
}

/// Counts steps that were recorded as doing nothing.
#[derive(Default)]
struct Skips(Mutex<usize>);

impl Observer for Skips {
    fn saw(&self, _at: Utc, event: &Event, _state: &RunState) {
        if matches!(event, Event::Skipped { .. }) {
            *self.0.lock().unwrap() += 1;
        }
    }
}

fn writes(lab: &Lab) -> usize {
    lab.range.lock().unwrap().journal.writes().len()
}

/// Contains so many, and is stopped after a while; `trouble` begins once they are planned for.
async fn stopped(n: usize, after: Duration, trouble: impl FnOnce(&Lab)) -> Stopped {
    let lab = Lab::tapped(World::contoso(NOON).crowd(n), 7, Arc::new(NoTap), 40);
    let store = Arc::new(MemoryStore::new());
    let tools = lab.tools(store.clone());
    let logins: Vec<String> = (1..=n)
        .map(|n| format!("crowd-{n:05}@contoso.example"))
        .collect();
    let logins: Vec<&str> = logins.iter().map(String::as_str).collect();
    let mut request = lab.request(&logins);
    request.lifts = vec![Lift {
        guard: GuardName::CapRun,
        reason: "to stop it".into(),
        by: "kim".into(),
    }];
    let (playbook, guards) = (shipped("account-takeover"), GuardConfig::default());
    let prepared = plan(&tools, &playbook, &guards, request).await.unwrap();
    trouble(&lab);
    let skips = Arc::new(Skips::default());
    let (tell, stop) = watch::channel(false);
    let start = oust::engine::Start {
        stop,
        ..lab.start_watched(&prepared.plan, prepared.snapshot, skips.clone())
    };
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    let stopping = async {
        tokio::time::sleep(after).await;
        let before = *skips.0.lock().unwrap();
        tell.send(true).unwrap();
        let at = lab.clock.elapsed();
        // What had left is there by then.
        tokio::time::sleep(Duration::from_millis(50)).await;
        (at, writes(&lab), before)
    };
    let (ended, (at, left, skipped)) = tokio::join!(run.carry_out(), stopping);
    assert_eq!(ended, Ended::Stopped, "{n}");
    let (took, state) = (lab.clock.elapsed() - at, run.state());
    let writes = (left, writes(&lab));
    let skipped = *skips.0.lock().unwrap() - skipped;
    Stopped {
        lab,
        store,
        state,
        took,
        writes,
        skipped,
    }
}

impl Stopped {
    /// Goes on with it to its end.
    async fn resumed(&self) -> RunState {
        let state = self.store.state(&RunId::new("r_lab")).await.unwrap();
        let tools: Tools = self.lab.tools(self.store.clone());
        let plan = self.state.plan.clone().unwrap();
        let start = self.lab.start(&plan, oust::engine::Snapshot::default());
        let run = Run::resume(tools, state, start).await.unwrap();
        assert_eq!(run.carry_out().await, Ended::Closed(Verdict::Contained));
        run.state()
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_waits_for_a_proof_ends_when_the_run_is_stopped() {
    for n in [1, 26] {
        // A suspension is not read back: what requires it waits for that.
        let unread = |lab: &Lab| {
            let fault = Fault {
                method: Some("GET".into()),
                path_contains: "/api/v1/users".into(),
                nth: None,
                times: None,
                kind: FaultKind::Internal500,
            };
            lab.range.lock().unwrap().faults.add_at("okta", fault);
        };
        let told = stopped(n, Duration::from_secs(20), unread).await;
        assert!(told.took < SOON, "{n}: {:?}", told.took);
        // It has not come to nothing: it was not waited for.
        assert_eq!(told.skipped, 0, "{n}");
        let deleted = told.state.changes().iter();
        let deleted = deleted.filter(|each| each.change.action.verb() == "delete_factors");
        assert!(deleted.into_iter().all(|each| each.attempts == 0), "{n}");
        told.lab.range.lock().unwrap().faults = oust_mocks::Faults::default();
        told.resumed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_queues_for_its_quota_is_never_sent_once_the_run_is_stopped() {
    const MANY: usize = 60;
    let scarce = |lab: &Lab| {
        let mut range = lab.range.lock().unwrap();
        let limits = &mut range.okta.limits.overrides;
        limits.insert("api".to_owned(), u32::try_from(MANY).unwrap());
    };
    let told = stopped(MANY, Duration::from_secs(90), scarce).await;
    assert!(told.took < SOON, "{:?}", told.took);
    let (left, sent) = told.writes;
    assert!(left > 0, "it had begun");
    assert_eq!(left, sent, "nothing left after the stop");

    // Each is recorded as what it is: done, or never sent, or sent and refused for its number.
    let why = |each: &ChangeState| match each.outcome.as_ref().map(|outcome| &outcome.kind) {
        Some(OutcomeKind::Failed { why, .. }) => why.clone(),
        Some(kind) => kind.word().to_owned(),
        None => "no answer".to_owned(),
    };
    let mut all: BTreeMap<String, Vec<ChangeId>> = BTreeMap::new();
    for each in told.state.changes().iter().filter(|each| each.attempts > 0) {
        all.entry(why(each))
            .or_default()
            .push(each.change.id.clone());
    }
    let unsent = all
        .remove("not sent: the run was stopped first")
        .expect("some had queued");
    let done = all.remove("done").expect("some were done");
    let status = |id: &ChangeId| {
        let range = told.lab.range.lock().unwrap();
        let who = told.state.change(id).unwrap().change.subject.clone();
        range.okta.users[who.as_str()].status.clone()
    };
    let suspends = |id: &&ChangeId| {
        let known = told.state.change(id).unwrap();
        known.change.action.verb() == "suspend_user"
    };
    assert!(
        done.iter()
            .filter(suspends)
            .all(|id| status(id) == "SUSPENDED")
    );
    assert!(
        unsent
            .iter()
            .filter(suspends)
            .all(|id| status(id) == "ACTIVE")
    );
    all.remove("Okta throttled us; it had no effect");
    assert!(all.is_empty(), "{all:?}");

    // And whoever goes on sends it then, each once.
    let state = told.resumed().await;
    for id in unsent {
        let now = state.change(&id).unwrap();
        assert!(now.is_answered_well() && now.attempts == 2, "{now:?}");
    }
}
