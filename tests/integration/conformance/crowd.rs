//! Thirty accounts at once: who comes first, who is held up by whom, and what falls away.

use std::sync::Arc;

use oust::engine::{Ended, Run, plan};
use oust::guard::GuardConfig;
use oust::ledger::{Judge, MemoryStore, RunState};
use oust::model::{ActionId, Skip, SystemId, Tri, UserId, Verdict};
use oust_mocks::world::{ALEX, PRIYA};
use oust_mocks::{Faults, World};

use crate::lab::{Lab, NOON, NoTap, shipped};

const CROWD: usize = 28;
/// One of the crowd, whom Okta does not let us suspend.
const STUBBORN: &str = "00uCrowd0000000075d7";

#[tokio::test(start_paused = true)]
async fn thirty_subjects_at_once_the_privileged_first_and_nobody_waits_for_another() {
    let lab = Lab::tapped(World::contoso(NOON).crowd(CROWD), 7, Arc::new(NoTap), 0);
    let faults = format!("POST {STUBBORN}/lifecycle/suspend=forbidden");
    lab.range.lock().unwrap().faults = Faults::parse(&faults).unwrap();
    // The privileged are named last.
    let crowd = (1..=CROWD).map(|n| format!("crowd-{n:05}@contoso.example"));
    let mut who: Vec<String> = crowd.collect();
    who.extend(["alex", "priya"].map(|name| format!("{name}@contoso.example")));
    let (ended, state) = contain(&lab, &who).await;

    assert_eq!(ended, Ended::Closed(Verdict::Partial));
    let plan = state.plan.as_ref().unwrap();
    let first: Vec<&str> = plan.case.subjects[..2]
        .iter()
        .map(|who| who.id.as_str())
        .collect();
    assert_eq!(first, [ALEX, PRIYA]);
    assert!(
        plan.case.subjects[2..]
            .iter()
            .all(|who| who.privileged == Tri::No)
    );

    let range = lab.range.lock().unwrap();
    let writes = range.journal.writes();
    let mut locks = writes
        .iter()
        .filter(|write| write.path.ends_with("/suspend"));
    assert!(locks.next().unwrap().path.contains(ALEX));
    assert!(locks.next().unwrap().path.contains(PRIYA));
    for who in &plan.case.subjects {
        let his = |sign: &str| {
            let mine = writes.iter().filter(|w| w.path.contains(who.id.as_str()));
            mine.filter(|w| w.path.ends_with(sign))
                .map(|w| w.n)
                .collect::<Vec<_>>()
        };
        let (clears, locks) = (his("/sessions"), his("/suspend"));
        // Above twenty the first clear falls away; one more try in each round for whom the lock was
        // refused, because he is the only one.
        let tries = if who.id.as_str() == STUBBORN { 4 } else { 1 };
        assert_eq!((clears.len(), locks.len()), (tries, tries), "{}", who.login);
        assert!(locks[0] < clears[0], "{}", who.login);
        let contained = verdict(&state, &who.id) == Verdict::Contained;
        assert_eq!(contained, who.id.as_str() != STUBBORN, "{}", who.login);
        assert_eq!(
            range.okta.is_contained(who.id.as_str()),
            contained,
            "{}",
            who.login
        );
    }
    let fell_away = state
        .skipped
        .iter()
        .filter(|(_, skip)| **skip == Skip::WhenFalse);
    assert!(fell_away.filter(|((step, _), _)| step.step == 0).count() == who.len());
}

async fn contain(lab: &Lab, who: &[String]) -> (Ended, RunState) {
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let names: Vec<&str> = who.iter().map(String::as_str).collect();
    let limits = GuardConfig {
        cap_run: 30,
        ..GuardConfig::default()
    };
    let playbook = shipped("evict-only");
    let prepared = plan(&tools, &playbook, &limits, lab.request(&names))
        .await
        .unwrap();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools, prepared.plan, start).await.unwrap();
    let ended = run.carry_out().await;
    (ended, run.state())
}

fn verdict(state: &RunState, who: &UserId) -> Verdict {
    let vendor = oust::connectors::vendors().next().unwrap();
    let home = SystemId::new("okta");
    let actions = |id: &ActionId| vendor.action(id.verb());
    let judge = Judge::of(state, &actions, &home).unwrap();
    judge.subject(who).verdict()
}
