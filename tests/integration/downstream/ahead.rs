//! A run that was agreed to beforehand waits for no service: they are read while Okta is written
//! to, and it comes to the same as if the plan had read them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use oust::ledger::MemoryStore;
use oust::model::{Skip, Verdict};
use oust_mocks::World;

use super::story::{ALEX, Story, Told};
use crate::lab::services::{contoso, services};
use crate::lab::{Lab, NoTap};

/// A round trip.
const CALL_MS: u64 = 100;

/// Round trips before the first write, without those for tokens.
const TRIPS_TO_FIRST_WRITE: i64 = 2;

/// More app passwords than an agreement to none would cover.
const MANY: i32 = 12;

#[tokio::test(start_paused = true)]
async fn services_are_read_while_okta_is_written_to_and_lose_nothing_by_it() {
    let waited = contained(many(contoso()), Duration::from_secs(1)).await;
    let ahead = contained(many(contoso()), Duration::ZERO).await;
    for service in services() {
        let unread = |skip: &Skip| matches!(skip, Skip::Unread { .. });
        assert!(ahead.told.skips(service.vendor).iter().all(unread));
        assert!(!waited.told.skips(service.vendor).iter().any(unread));
    }
    for each in [&waited, &ahead] {
        assert_eq!(
            each.told.verdict,
            Verdict::Contained,
            "{}",
            each.told.screen
        );
    }
    assert_eq!(told_of(&waited.told), told_of(&ahead.told));

    let (first, later) = (ahead.to_first_write(), waited.to_first_write());
    let call = i64::try_from(CALL_MS).unwrap();
    assert_eq!(
        first,
        TRIPS_TO_FIRST_WRITE * call,
        "{}",
        ahead.story.journal()
    );
    assert!(first < later, "{first} and {later}");
    // What is downstream begins no later either: who he is there was read meanwhile.
    let (first, later) = (ahead.to_downstream(), waited.to_downstream());
    assert!(first < later, "{first} and {later}");
}

struct Contained {
    story: Story,
    told: Told,
}

impl Contained {
    /// From the first request at Okta to the first write there, milliseconds.
    fn to_first_write(&self) -> i64 {
        self.to(|system| system == "okta")
    }

    /// From the first request at Okta to the first write at a service, milliseconds.
    fn to_downstream(&self) -> i64 {
        self.to(|system| system != "okta")
    }

    fn to(&self, is: impl Fn(&str) -> bool) -> i64 {
        let range = self.story.range();
        let mut all = range.journal.entries().iter();
        let began = all.find(|entry| entry.system == "okta");
        let writes = range.journal.writes();
        let mut there = writes.iter().filter(|entry| is(&entry.system));
        let first = there.next().expect("it was written to");
        first.at_ms - began.expect("Okta was asked").at_ms
    }
}

async fn contained(world: World, grace: Duration) -> Contained {
    let lab = Lab::steady(world, CALL_MS, Arc::new(NoTap));
    let tools = lab.with_services(Arc::new(MemoryStore::new()));
    for service in &tools.services {
        service.client.warm_reads().await;
        service.client.warm_writes().await;
    }
    let story = Story { lab, tools };
    let mut request = story.request(&[ALEX]);
    request.grace = grace;
    let told = story.contain(request).await;
    Contained { story, told }
}

pub(super) fn many(world: World) -> World {
    world.google_user(ALEX, |user| {
        let one = user.asps.values().next().expect("he has some").clone();
        for code_id in 100..100 + MANY {
            let mut another = one.clone();
            another.code_id = code_id;
            user.asps.insert(code_id, another);
        }
    })
}

/// What was done and what was left alone, step by step, however it came to be known.
fn told_of(told: &Told) -> BTreeSet<String> {
    let steps = told.report.subjects.iter().flat_map(|who| &who.steps);
    steps
        .flat_map(|step| {
            let at = format!("{} {}", step.stage, step.action);
            let done = step.changes.iter().map(|each| each.sentence.clone());
            let kept = step.kept.iter().map(|each| format!("kept {each:?}"));
            let notes = step.notes.iter().cloned();
            let skip = step.not_done.iter().map(|each| each.why.clone());
            let all: Vec<String> = done.chain(kept).chain(notes).chain(skip).collect();
            all.into_iter().map(move |what| format!("{at}: {what}"))
        })
        .collect()
}
