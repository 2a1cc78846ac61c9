//! The pair that is never left half done: killed anywhere, stopped anywhere, and finished.

use std::sync::{Arc, Mutex};

use oust::engine::{Ended, Run, Snapshot};
use oust::ledger::{Event, MemoryStore, RunState};
use oust::model::{RunId, Verdict};
use oust_mocks::{Range, Request};

use super::story::{LOOKED_AT, Story};
use crate::downstream::story::Told;
use crate::lab::Tap;

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    Before(&'static str),
    After(&'static str),
}

/// Kills the process once, at a request of the release.
#[derive(Default)]
struct Killer(Mutex<Option<Dies>>);

impl Killer {
    fn dies(&self, at: Dies, request: &Request) -> bool {
        let mut armed = self.0.lock().unwrap();
        let end = match at {
            Dies::Before(end) | Dies::After(end) => end,
        };
        let now = *armed == Some(at) && request.method == "POST" && request.path.ends_with(end);
        if now {
            *armed = None;
        }
        now
    }
}

impl Tap for Killer {
    fn before(&self, request: &Request, _: &Range) -> bool {
        let armed = *self.0.lock().unwrap();
        matches!(armed, Some(at @ Dies::Before(_)) if self.dies(at, request))
    }

    fn after(&self, request: &Request, _: &Range) -> bool {
        let armed = *self.0.lock().unwrap();
        matches!(armed, Some(at @ Dies::After(_)) if self.dies(at, request))
    }
}

#[tokio::test(start_paused = true)]
async fn killed_between_the_two_it_is_finished_by_a_resume() {
    for at in [
        Dies::Before("/unsuspend"),
        Dies::After("/unsuspend"),
        Dies::Before("/reset_password"),
        Dies::After("/reset_password"),
    ] {
        let killer = Arc::new(Killer::default());
        let mut story =
            Story::after(super::world(), "account-takeover", false, killer.clone()).await;
        *killer.0.lock().unwrap() = Some(at);
        let plan = story.plan(LOOKED_AT).await.unwrap();
        let mut dead = story.lab.wire.dead.subscribe();
        tokio::select! {
            biased;
            told = story.carry_out(plan) => panic!("{at:?}: it ended: {}", told.screen),
            _ = dead.wait_for(|dead| *dead) => {}
        }
        let records = story
            .tools
            .store
            .records(&RunId::new("r_back1"))
            .await
            .unwrap();
        let intents: Vec<u64> = records
            .iter()
            .filter(|record| matches!(record.event, Event::Intended { .. }))
            .map(|record| record.seq)
            .collect();
        assert!(
            intents.len() >= 2,
            "{at:?}: both intents are durable before the first leaves"
        );
        assert_eq!(intents[1], intents[0] + 1, "{at:?}");
        story.lab.wire.dead.send_replace(false);
        let before = story.writes();
        let told = story.resume().await;
        assert_eq!(told.verdict, Verdict::Released, "{at:?}: {}", told.screen);
        assert_eq!(story.status(), "RECOVERY", "{at:?}");
        // What was done is not done again.
        let again = story.writes_since(before);
        let unsuspends = again.iter().any(|line| line.ends_with("/unsuspend"));
        assert_eq!(
            unsuspends,
            at == Dies::Before("/unsuspend"),
            "{at:?}: {again:?}"
        );
        let resets = again.iter().any(|line| line.contains("/reset_password"));
        assert_eq!(
            resets,
            at != Dies::After("/reset_password"),
            "{at:?}: {again:?}"
        );
    }
}

/// Ctrl-C while he is being let in.
struct Stops(tokio::sync::watch::Sender<bool>);

impl oust::engine::Observer for Stops {
    fn saw(&self, _: oust::model::Utc, event: &Event, _: &RunState) {
        if matches!(event, Event::Intended { .. }) {
            self.0.send_replace(true);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_between_the_two_it_does_both_and_stops_then() {
    let mut story = Story::at_okta().await;
    let plan = story.plan(LOOKED_AT).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut start = story.lab.start(&plan, Snapshot::default());
    start.handover = Some(story.hands.clone());
    start.observer = Arc::new(Stops(stop));
    start.stop = stopped;
    let run = Run::begin(story.tools.clone(), plan, start).await.unwrap();
    assert_eq!(run.carry_out().await, Ended::Stopped);
    assert_eq!(
        story.status(),
        "RECOVERY",
        "the second of the pair was left out"
    );
    let sent = run.state();
    let clears = sent
        .changes()
        .iter()
        .find(|each| each.change.action.verb() == "clear_sessions");
    assert_eq!(
        clears.unwrap().attempts,
        0,
        "what comes after the pair waits"
    );
    let told = story.resume().await;
    assert_eq!(told.verdict, Verdict::Released, "{}", told.screen);
}

/// Whatever the last commit was before the process died.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_commit_is_finished_by_a_resume() {
    // The ledger of the containment is kept; the crash comes at the nth point after it.
    for nth in 1..40 {
        let mut story = Story::at_okta().await;
        let plan = story.plan(LOOKED_AT).await.unwrap();
        let store = MemoryStore::new();
        let kept = Arc::new(store.crash_at(nth));
        let mut tools = story.tools.clone();
        tools.store = kept.clone();
        let mut start = story.lab.start(&plan, Snapshot::default());
        start.handover = Some(story.hands.clone());
        let worked = async {
            let run = Run::begin(tools, plan, start).await.unwrap();
            run.carry_out().await
        };
        let ended = tokio::select! {
            biased;
            () = kept.crashed() => None,
            ended = worked => Some(ended),
        };
        if ended.is_some() {
            assert!(nth > 6, "crashes must be met: {nth}");
            return;
        }
        let restored = Arc::new(MemoryStore::restore(kept.snapshot()));
        story.tools.store = restored.clone();
        let id = RunId::new("r_back1");
        let records = oust::ledger::Store::records(&*restored, &id).await.unwrap();
        if records.is_empty() {
            assert_eq!(
                story.status(),
                "SUSPENDED",
                "{nth}: written before it was recorded"
            );
            continue;
        }
        let told: Told = story.resume().await;
        assert_eq!(told.verdict, Verdict::Released, "{nth}: {}", told.screen);
        assert_eq!(story.status(), "RECOVERY", "{nth}");
    }
    panic!("no run ended without a crash");
}
