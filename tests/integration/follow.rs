//! Following the log: every event once, however it comes, within the log's quota.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use oust::connector::{LogAsk, Unheard};
use oust::engine::{settle_log, stream_log, stream_log_beside};
use oust::evidence::Recent;
use oust::ledger::MemoryStore;
use oust::model::Utc;
use oust_mocks::world::ALEX;
use oust_mocks::{Attacker, Faults, World};

use crate::lab::{Lab, NOON, NoTap};

fn since_noon() -> LogAsk {
    LogAsk {
        since: Utc::from_millis(NOON),
        until: None,
        about: Vec::new(),
        filter: None,
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_we_follow_is_given_once_and_costs_few_requests() {
    let world = World::contoso(NOON)
        .only_okta()
        .attacker(Attacker::new(ALEX, 20_000));
    let lab = Lab::steady(world, 100, Arc::new(NoTap));
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    let mut seen = BTreeSet::new();
    let mut events = 0;
    let clock = &lab.clock;
    let (read, ended) = stream_log(&tools.directory, &since_noon(), |event| {
        events += 1;
        seen.insert(event["uuid"].to_string());
        clock.elapsed() < Duration::from_secs(600) && events < 1_000
    })
    .await;
    assert_eq!(ended, Ok(()));
    assert_eq!(read.events, events);
    assert!(events > 3, "the intruder did {events} things");
    assert_eq!(seen.len(), events, "none came twice");
    let range = lab.range.lock().unwrap();
    let asked = range.journal.entries().iter();
    let pages = asked.filter(|entry| entry.path == "/api/v1/logs").count();
    assert!(
        pages <= 6 * 11 + events,
        "{pages} pages for {events} events"
    );
    assert!(range.journal.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_for_a_while_is_followed_on_and_one_that_refuses_us_is_not() {
    for (fault, goes_on) in [("*6=internal", true), ("=forbidden", false)] {
        let world = World::contoso(NOON)
            .only_okta()
            .attacker(Attacker::new(ALEX, 20_000));
        let lab = Lab::steady(world, 100, Arc::new(NoTap));
        lab.range.lock().unwrap().faults = Faults::parse(&format!("/api/v1/logs{fault}")).unwrap();
        let tools = lab.tools(Arc::new(MemoryStore::new()));
        let mut events = 0;
        let (_, ended) = stream_log(&tools.directory, &since_noon(), |_| {
            events += 1;
            events < 3
        })
        .await;
        assert_eq!(ended.is_ok(), goes_on, "{fault}: {ended:?}");
        assert_eq!(events > 0, goes_on);
        if let Err(unheard) = ended {
            assert!(matches!(unheard, Unheard::Credential { .. }), "{unheard}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrives_late_is_given_once_when_the_window_has_settled() {
    let world = World::contoso(NOON)
        .only_okta()
        .log_delay_ms(120_000)
        .attacker(Attacker::new(ALEX, 20_000));
    let lab = Lab::steady(world, 100, Arc::new(NoTap));
    let tools = lab.tools(Arc::new(MemoryStore::new()));
    // He acts when somebody asks.
    for _ in 0..20 {
        lab.clock.sleep(Duration::from_secs(30)).await;
        let ask = LogAsk {
            until: Some(lab.clock.now()),
            ..since_noon()
        };
        let (_, ended) = stream_log(&tools.directory, &ask, |_| true).await;
        assert_eq!(ended, Ok(()));
    }
    let began = lab.clock.now();
    let ask = LogAsk {
        until: Some(began),
        ..since_noon()
    };
    let (mut first, mut late) = (BTreeSet::new(), BTreeSet::new());
    let mut recent = Recent::default();
    let put = |into: &mut BTreeSet<String>, event: &serde_json::Value| {
        assert!(into.insert(event["uuid"].to_string()), "it came twice");
        true
    };
    // What he did in the last two minutes is not to be seen yet.
    let (_, ended) = stream_log_beside(&tools.directory, &ask, &mut recent, |event| {
        put(&mut first, event)
    })
    .await;
    assert_eq!(ended, Ok(()));
    let settle = Duration::from_secs(900);
    let (read, ended) = settle_log(
        &tools.directory,
        &ask,
        began,
        settle,
        &mut recent,
        |event| put(&mut late, event),
    )
    .await;
    assert_eq!(ended, Ok(()));
    assert!(lab.clock.now() >= began.plus(settle), "it waited");
    assert!(
        read.events > 0 && !first.is_empty() && first.is_disjoint(&late),
        "{read:?}"
    );

    lab.clock.sleep(Duration::from_secs(3_600)).await;
    let mut all = BTreeSet::new();
    let (_, ended) = stream_log(&tools.directory, &ask, |event| put(&mut all, event)).await;
    assert_eq!(ended, Ok(()));
    first.append(&mut late);
    assert_eq!(all, first, "nothing is lost, nothing made up");

    // By now it had settled before it was read: there is nothing to wait for.
    let now = lab.clock.now();
    let again = settle_log(&tools.directory, &ask, now, settle, &mut recent, |_| true).await;
    assert_eq!((again.0.events, again.1), (0, Ok(())));
    assert_eq!(lab.clock.now(), now);
}
