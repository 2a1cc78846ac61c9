//! What a server contained it watches: through restarts, within its rounds, and never against people.

use std::time::Duration;

use oust::desk::{Desk as _, Frozen, ProposalState, Watch, WatchState};
use oust::ledger::Store as _;
use oust::model::{Fate, RunId, Verdict};
use oust_mocks::Strike;
use oust_mocks::world::ALEX;

use super::soc::{CONTAIN, Soc, on, world, world_with_an_agent};

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Soc {
    fn strike(&self, strike: Strike) {
        let now = self.lab.clock.now().millis();
        let struck = self.lab.range.lock().unwrap().strike(strike, ALEX, now);
        assert!(struck.is_some());
    }

    async fn watch_of(&self, run: &RunId) -> Watch {
        self.desk.watch(run).await.unwrap().unwrap()
    }

    fn stands(&self) -> String {
        let range = self.lab.range.lock().unwrap();
        range.okta.user(ALEX).unwrap().status.clone()
    }
}

/// A server that contained alex by itself, and watches him.
async fn contained() -> (Soc, RunId) {
    let mut soc = Soc::new(world(), CONTAIN);
    soc.watch = Some(DAY);
    soc.start().await;
    let Fate::Contained { run, verdict } = soc.decided(on(ALEX)).await else {
        panic!("it contains by itself");
    };
    assert_eq!(verdict, Verdict::Contained);
    (soc, run)
}

#[tokio::test(start_paused = true)]
async fn an_import_is_caught_and_contained_again_by_the_rules_consent() {
    let (soc, run) = contained().await;
    soc.wait(600).await;
    let quiet = soc.watch_of(&run).await;
    assert!(quiet.looks >= 8, "every minute at first: {quiet:?}");
    assert_eq!(quiet.unread, "");
    let said = soc.said().len();
    soc.strike(Strike::Import);
    assert_eq!(soc.stands(), "ACTIVE");
    soc.wait(120).await;
    assert_eq!(soc.stands(), "SUSPENDED");
    assert_eq!(soc.said()[said..], ["back", "ended"]);
    let back = &soc.notices()[said];
    let what = back["what"].as_str().unwrap();
    assert!(what.contains("unsuspended by an import or a job"), "{what}");
    let watch = soc.watch_of(&run).await;
    assert_eq!((watch.rounds, watch.is_open), (1, false));
    assert_eq!(soc.runs().await.len(), 1, "the same run, resumed");

    soc.wait(25 * 3600).await;
    let watch = soc.watch_of(&run).await;
    assert_eq!(watch.state, WatchState::Over);
    let records = soc.store.records(&run).await.unwrap();
    let state = oust::ledger::RunState::of(&records);
    assert!(state.findings.iter().any(|found| found.id == "watched"));
    assert_eq!(state.verdict, Some(Verdict::Contained));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_restarts_goes_on_watching() {
    let (mut soc, run) = contained().await;
    soc.wait(180).await;
    let before = soc.watch_of(&run).await;
    soc.kill().await;
    soc.strike(Strike::Unsuspend);
    soc.wait(3600).await;
    assert_eq!(soc.stands(), "ACTIVE", "nobody is there");
    soc.start().await;
    soc.wait(120).await;
    assert_eq!(soc.stands(), "SUSPENDED");
    let watch = soc.watch_of(&run).await;
    assert_eq!(watch.until, before.until, "no longer than it was to last");
    assert!(watch.looks > before.looks);
    assert_eq!(watch.rounds, 1);
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_three_rounds_and_says_so() {
    let (soc, run) = contained().await;
    for _ in 0..3 {
        soc.strike(Strike::Import);
        soc.wait(180).await;
        assert_eq!(soc.stands(), "SUSPENDED");
    }
    soc.strike(Strike::Import);
    soc.wait(180).await;
    assert_eq!(soc.stands(), "ACTIVE");
    let watch = soc.watch_of(&run).await;
    assert_eq!((watch.state, watch.rounds), (WatchState::GaveUp, 3));
    let last = soc.notices().pop().unwrap();
    let what = last["what"].as_str().unwrap();
    assert!(what.starts_with("contained again 3 times"), "{what}");
    let suspended = soc.suspended(ALEX);
    soc.wait(7200).await;
    assert_eq!(soc.suspended(ALEX), suspended);
}

/// What people approved is theirs to approve again: they are told, and a plan waits.
#[tokio::test(start_paused = true)]
async fn what_a_person_approved_is_proposed_anew_and_followed_once_it_is_approved() {
    let mut soc = Soc::new(world_with_an_agent(), "");
    soc.watch = Some(DAY);
    soc.start().await;
    let run = soc.decided(on(ALEX)).await.run().unwrap().clone();
    let proposal = soc.proposals().await.remove(0);
    soc.approve(&proposal, "dana").await;
    soc.wait(120).await;
    assert_eq!(soc.stands(), "SUSPENDED");
    let writes = soc.writes().len();
    soc.strike(Strike::Unsuspend);
    soc.wait(180).await;
    assert_eq!(soc.writes().len(), writes, "nothing without a person");
    let newest = soc.proposals().await.remove(0);
    assert_ne!(newest.run, run);
    assert_eq!(newest.state, ProposalState::Waiting);
    assert!(
        newest.why.contains("priya@contoso.example"),
        "{}",
        newest.why
    );
    assert!(soc.said().contains(&"back".to_owned()));
    assert_eq!(soc.proposals().await.len(), 2, "proposed once");

    soc.approve(&newest, "dana").await;
    soc.wait(180).await;
    assert_eq!(soc.stands(), "SUSPENDED");
    assert_eq!(soc.watch_of(&run).await.state, WatchState::Followed);
    let next = soc.watch_of(&newest.run).await;
    assert_eq!(next.state, WatchState::Watching);
}

#[tokio::test(start_paused = true)]
async fn while_automatic_runs_are_frozen_it_only_tells() {
    let (soc, run) = contained().await;
    let frozen = Frozen {
        by: "dana".into(),
        reason: "drill".into(),
        at: soc.lab.clock.now(),
    };
    soc.desk.set_frozen(Some(&frozen)).await.unwrap();
    let writes = soc.writes().len();
    soc.strike(Strike::Import);
    soc.wait(300).await;
    assert_eq!(soc.writes().len(), writes);
    assert!(soc.said().contains(&"back".to_owned()));
    assert!(soc.watch_of(&run).await.is_open);
    // Thawed, it does what was agreed to.
    soc.desk.set_frozen(None).await.unwrap();
    soc.wait(900).await;
    assert_eq!(soc.stands(), "SUSPENDED");
}

#[tokio::test(start_paused = true)]
async fn off_is_off() {
    let soc = Soc::working(world(), CONTAIN).await;
    let run = soc.decided(on(ALEX)).await.run().unwrap().clone();
    assert_eq!(soc.desk.watch(&run).await.unwrap(), None);
    let reads = soc.lab.range.lock().unwrap().journal.entries().len();
    soc.wait(3600).await;
    let after = soc.lab.range.lock().unwrap().journal.entries().len();
    assert_eq!(after, reads);
}
