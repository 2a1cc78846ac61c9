//! What cannot be hooked is found in the log itself: once, across restarts, however late it is.

use std::sync::Arc;
use std::time::Duration;

use oust::config::{Poll, Polled};
use oust::evidence::Detections;
use oust::model::{Alert, Fate};
use oust::server::poll::Poller;
use oust_mocks::World;
use oust_mocks::world::ALEX;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::soc::{KIM, Soc, world};
use crate::lab::NOON;

fn poll(keys: &[&str]) -> Poll {
    Poll {
        every: Duration::from_secs(30),
        detections: Polled::Named(keys.iter().map(|key| (*key).to_owned()).collect()),
    }
}

/// A process that polls.
fn begin(soc: &Soc, keys: &[&str]) -> JoinHandle<()> {
    let tools = soc.lab.tools(soc.store.clone());
    let detections = Arc::new(Detections::shipped());
    let poller = Poller::new(soc.shared(), tools.directory, detections, poll(keys));
    let (keep, stop) = watch::channel(false);
    tokio::spawn(async move {
        poller.poll(stop).await;
        drop(keep);
    })
}

async fn end(polling: JoinHandle<()>) {
    polling.abort();
    let _ = polling.await;
}

/// An event `secs` after noon; stored `late` seconds after.
fn tell(soc: &Soc, uuid: &str, secs: i64, late: i64, event: Value) {
    let at = oust::model::Utc::from_millis(NOON + secs * 1_000);
    let mut event = event;
    event["uuid"] = json!(uuid);
    event["published"] = json!(at.to_string());
    soc.lab.range.lock().unwrap().okta.tell(event, late * 1_000);
}

fn starts(session: &str) -> Value {
    json!({
        "eventType": "user.session.start", "outcome": { "result": "SUCCESS" },
        "actor": { "id": KIM, "type": "User", "alternateId": "kim@contoso.example" },
        "authenticationContext": { "externalSessionId": session },
    })
}

fn granted() -> Value {
    json!({
        "eventType": "user.session.impersonation.grant", "outcome": { "result": "SUCCESS" },
        "actor": { "id": KIM, "type": "User", "alternateId": "kim@contoso.example" },
        "authenticationContext": { "externalSessionId": "idxKim" },
    })
}

fn found(soc: &Soc) -> Vec<Alert> {
    let all = soc.inbox.all();
    let polled = all.into_iter().filter(|entry| entry.alert.source == "poll");
    polled.map(|entry| entry.alert).collect()
}

fn quiet() -> World {
    world().log(&[])
}

#[tokio::test(start_paused = true)]
async fn an_event_is_found_once_and_names_what_it_is_about() {
    let soc = Soc::new(quiet(), "");
    let polling = begin(&soc, &["support-impersonation"]);
    soc.wait(60).await;
    tell(&soc, "e1", 61, 0, granted());
    soc.wait(120).await;
    end(polling).await;
    let found = found(&soc);
    assert_eq!(found.len(), 1, "{found:#?}");
    let alert = &found[0];
    assert_eq!(alert.rule.id, "support-impersonation");
    assert_eq!(
        (&alert.events[..], &alert.sessions[..]),
        (&["e1".to_owned()][..], &["idxKim".to_owned()][..])
    );
    assert_eq!(alert.subjects[0].okta_id.as_ref().unwrap().as_str(), KIM);
    assert_eq!(soc.inbox.all()[0].repeats, 0, "read once");
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn across_restarts_there_is_neither_a_gap_nor_a_repetition() {
    let soc = Soc::new(quiet(), "");
    for n in 0..12_i64 {
        let polling = begin(&soc, &["support-impersonation"]);
        tell(&soc, &format!("early{n}"), n * 100 + 10, 0, granted());
        // Stored while nobody reads, and after events that are later than it.
        tell(&soc, &format!("late{n}"), n * 100 + 5, 80, granted());
        soc.wait(37).await;
        end(polling).await;
        soc.wait(63).await;
    }
    let polling = begin(&soc, &["support-impersonation"]);
    soc.wait(60).await;
    end(polling).await;
    let mut events: Vec<String> = found(&soc)
        .into_iter()
        .flat_map(|alert| alert.events)
        .collect();
    events.sort();
    let mut all: Vec<String> = (0..12)
        .flat_map(|n| [format!("early{n}"), format!("late{n}")])
        .collect();
    all.sort();
    assert_eq!(events, all);
    assert!(soc.inbox.all().iter().all(|entry| entry.repeats == 0));
}

#[tokio::test(start_paused = true)]
async fn what_counts_over_time_counts_on_after_a_restart() {
    let soc = Soc::new(quiet(), "");
    let polling = begin(&soc, &["many-sessions"]);
    soc.wait(1).await;
    tell(&soc, "one", 2, 0, starts("idxOne"));
    tell(&soc, "two", 40, 0, starts("idxTwo"));
    soc.wait(120).await;
    end(polling).await;
    assert!(found(&soc).is_empty());
    let polling = begin(&soc, &["many-sessions"]);
    soc.wait(60).await;
    tell(&soc, "three", 200, 0, starts("idxThree"));
    soc.wait(120).await;
    end(polling).await;
    let found = found(&soc);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].events, ["one", "two", "three"]);
    assert_eq!(found[0].sessions, ["idxOne", "idxThree", "idxTwo"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_inbox_is_waited_for() {
    let soc = Soc::new(quiet(), "");
    let polling = begin(&soc, &["support-impersonation"]);
    soc.wait(40).await;
    soc.inbox.fail_after(Some(0));
    tell(&soc, "e1", 45, 0, granted());
    soc.wait(120).await;
    assert!(found(&soc).is_empty());
    soc.inbox.fail_after(None);
    soc.wait(60).await;
    end(polling).await;
    assert_eq!(found(&soc).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_found_goes_the_way_of_every_alert() {
    // The attack is in the log and goes on: he signs in once more.
    let soc = Soc::working(world(), "").await;
    let polling = begin(
        &soc,
        &["aitm-replay", "proxy-success", "threat-source-allowed"],
    );
    soc.wait(31).await;
    let mut event = super::soc::intrusion(ALEX, "alex@contoso.example", 0).remove(0);
    event["authenticationContext"]["externalSessionId"] = json!("idxOnceMore");
    tell(&soc, "once-more", 35, 0, event);
    soc.wait(300).await;
    end(polling).await;
    let all = soc.inbox.all();
    assert!(!all.is_empty());
    let proposed = all
        .iter()
        .filter(|entry| matches!(entry.fate, Some(Fate::Proposed { .. })));
    assert_eq!(proposed.count(), 1, "{all:#?}");
    assert_eq!(soc.proposals().await[0].subject_ids, [ALEX]);
    soc.saw_no_writes();
}
