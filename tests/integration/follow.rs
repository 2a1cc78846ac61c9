//! Following the log: every event once, however it comes, within the log's quota.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use oust::connector::{LogAsk, Unheard};
use oust::engine::stream_log;
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
