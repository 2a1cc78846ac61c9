//! What is not watched: each refusal says why, and what to do.

use std::sync::Arc;

use oust::engine::watch::{Contained, Turn, WatchError, watchable};
use oust::ledger::{Event, Happened, MemoryStore, Mode, Store};
use oust::model::{RunId, Verdict};
use oust_mocks::world::ALEX as ALEX_ID;
use oust_mocks::{Strike, World};

use super::world::{ALEX, Watched, due};
use crate::lab::{Lab, NOON};

async fn refusal(it: &Watched, run: &RunId) -> (String, String) {
    let why = watchable(&it.tools, run).await.unwrap_err();
    (why.to_string(), why.hint())
}

/// A release of `it`, as the ledger has it: whether it wrote, and whether it is over.
async fn release(it: &Watched, id: &str, wrote: bool, over: bool) -> RunId {
    let run = RunId::new(id);
    let mut plan = (*it.plan).clone();
    plan.run = run.clone();
    plan.gives_back = Some(it.run.clone());
    let change = plan.changes().next().unwrap().id.clone();
    let now = it.lab.clock.now();
    let opened = Event::Opened {
        tool: "oust/test".into(),
        mode: Mode::Release,
        requester: "kim".into(),
        plan: Arc::new(plan),
    };
    let subjects: Vec<_> = it.plan.case.subjects.iter().map(|s| s.id.clone()).collect();
    let opened = Happened::at_once(now, vec![opened]);
    it.tools
        .store
        .open_run(&run, &subjects, opened)
        .await
        .unwrap();
    let mut more = Vec::new();
    if wrote {
        more.push(Event::Intended { change, attempt: 1 });
    }
    if over {
        more.push(Event::Closed {
            verdict: Verdict::Released,
            requests: Default::default(),
        });
    }
    if !more.is_empty() {
        let more = Happened::at_once(now, more);
        it.tools.store.append(&run, more).await.unwrap();
    }
    run
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_none_and_one_that_never_wrote_are_refused() {
    let it = Watched::at_okta().await;
    let (why, hint) = refusal(&it, &RunId::new("r_nope")).await;
    assert_eq!(why, "there is no run r_nope");
    assert!(hint.contains("oust runs list"));

    let lab = Lab::new(World::contoso(NOON).only_okta(), 7);
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let prepared = lab.prepare(&tools, &[ALEX], "account-takeover").await;
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = oust::engine::Run::begin(tools.clone(), prepared.plan, start)
        .await
        .unwrap();
    let id = RunId::new("r_lab");
    let why = watchable(&tools, &id).await.unwrap_err();
    assert!(matches!(why, WatchError::NeverWrote(_)), "{why}");
    drop(run);
}

#[tokio::test(start_paused = true)]
async fn an_open_run_is_refused_and_waited_for_once_it_is_watched() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    let state = it.tools.store.state(&it.run).await.unwrap();
    let start = it.lab.start(&it.plan, oust::engine::Snapshot::default());
    let run = oust::engine::Run::resume(it.tools.clone(), state, start)
        .await
        .unwrap();
    let (why, hint) = refusal(&it, &it.run).await;
    assert_eq!(why, "run r_lab is not over");
    assert!(hint.contains("oust runs resume r_lab"));
    match keeper.turn(&it.tools).await {
        Turn::Waits(why) => assert!(why.contains("not over"), "{why}"),
        other => panic!("{other:?}"),
    }
    run.carry_out().await;
    super::world::quiet(keeper.turn(&it.tools).await);
}

#[tokio::test(start_paused = true)]
async fn a_release_and_what_it_gave_back_are_refused() {
    let it = Watched::at_okta().await;
    let back = release(&it, "r_back", true, true).await;
    let (why, hint) = refusal(&it, &it.run).await;
    assert!(why.contains("was given back by run r_back"), "{why}");
    assert!(hint.contains("oust contain"), "{hint}");
    let (why, hint) = refusal(&it, &back).await;
    assert!(why.contains("run r_back is a release"), "{why}");
    assert!(hint.contains("oust runs show r_lab"), "{hint}");
}

/// A release that was planned and never wrote gave nothing back.
#[tokio::test(start_paused = true)]
async fn a_release_that_wrote_nothing_ends_no_watch() {
    let it = Watched::at_okta().await;
    release(&it, "r_back", false, true).await;
    assert!(watchable(&it.tools, &it.run).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_release_under_way_is_not_fought_and_ends_the_watch() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    it.strike(Strike::Unsuspend);
    due(keeper.turn(&it.tools).await);
    let writes = it.writes();
    // It begins after the look and before what was found is contained again.
    let back = release(&it, "r_back", false, false).await;
    let contained = it.contain(&mut keeper).await;
    assert!(matches!(contained, Contained::NotBegun(_)), "{contained:?}");
    assert_eq!(keeper.left(), Some(3), "no round was used up");
    match keeper.turn(&it.tools).await {
        Turn::Waits(why) => assert!(why.contains("being given back by r_back"), "{why}"),
        other => panic!("{other:?}"),
    }
    let change = it.plan.changes().next().unwrap().id.clone();
    let wrote = vec![
        Event::Intended { change, attempt: 1 },
        Event::Closed {
            verdict: Verdict::Released,
            requests: Default::default(),
        },
    ];
    let wrote = Happened::at_once(it.lab.clock.now(), wrote);
    it.tools.store.append(&back, wrote).await.unwrap();
    assert!(matches!(keeper.turn(&it.tools).await, Turn::Released(by) if by == "run r_back"));
    let contained = it.contain(&mut keeper).await;
    assert!(matches!(contained, Contained::Released(_)), "{contained:?}");
    assert_eq!(it.writes(), writes);
}

/// Another oust with the same credential gave him back: this ledger knows no release of it.
#[tokio::test(start_paused = true)]
async fn what_our_own_client_gave_back_elsewhere_is_not_fought() {
    let it = Watched::at_okta().await;
    let mut keeper = it.keeper(3);
    let elsewhere = oust_mocks::Request::new(
        "POST",
        &format!("/api/v1/users/{ALEX_ID}/lifecycle/unsuspend"),
    )
    .with_header(
        "authorization",
        &format!("SSWS {}", oust_mocks::world::SSWS_SECRET),
    )
    .with_header("user-agent", "oust/0.1.0 run=r_elsewhere");
    let now = it.lab.clock.now().millis();
    it.range().handle("okta", &elsewhere, now);
    assert_eq!(it.range().okta.user(ALEX).unwrap().status, "ACTIVE");
    let writes = it.writes();
    match keeper.turn(&it.tools).await {
        Turn::Released(by) => assert!(by.contains("our own client"), "{by}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(it.writes(), writes);
    assert_eq!(it.state().await.verdict, Some(Verdict::Contained));
}

#[tokio::test(start_paused = true)]
async fn another_org_is_refused() {
    let it = Watched::at_okta().await;
    let other = Arc::new(MemoryStore::new());
    other.bind_org("00oSomebodyElse").await.unwrap();
    let records = it.tools.store.records(&it.run).await.unwrap();
    let subjects: Vec<_> = it.plan.case.subjects.iter().map(|s| s.id.clone()).collect();
    let events = records
        .into_iter()
        .map(|record| Happened {
            at: record.at,
            event: record.event,
        })
        .collect();
    other.open_run(&it.run, &subjects, events).await.unwrap();
    let mut tools = it.tools.clone();
    tools.store = other;
    let why = watchable(&tools, &it.run).await.unwrap_err();
    assert!(why.to_string().contains("00oSomebodyElse"), "{why}");
}
