//! What keeps an automatic run from being a weapon.

use std::time::Duration;

use oust::desk::{Desk, Frozen, ProposalState};
use oust::model::{Alert, Fate, Part, Utc, Verdict};
use oust_mocks::world::{ALEX, SERVICE_USER};
use oust_mocks::{Faults, World};
use serde_json::Value;

use super::soc::{
    CONTAIN, KIM, LEE, PHISHED, Soc, intrusion, named, on, takeover, world, world_with_an_agent,
};

#[tokio::test(start_paused = true)]
async fn what_the_log_confirms_is_contained_and_told_before_it_begins() {
    let soc = Soc::working(world(), CONTAIN).await;
    let fate = soc.decided(on(ALEX)).await;
    let Fate::Contained { run, verdict } = fate else {
        panic!("{fate:?}");
    };
    assert_eq!(verdict, Verdict::Contained);
    assert_eq!(soc.suspended(ALEX), 1);
    {
        let range = soc.lab.range.lock().unwrap();
        assert!(range.okta.is_contained(ALEX));
        // Whoever looks at the vendor's side sees which run it was.
        let agent = format!("oust/test run={run}");
        let writes = range.journal.writes();
        assert!(writes.iter().all(|entry| entry.user_agent == agent));
    }
    assert_eq!(soc.said(), ["starting", "ended"]);
    let told = soc.notices();
    assert_eq!(told[0]["by"], "rule */*: contain");
    assert_eq!(told[1]["verdict"], "contained");
    assert!(told[1]["ledger_head"][0].as_u64() > Some(0));
    assert!(soc.proposals().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_forged_alert_on_an_innocent_contains_nobody() {
    let soc = Soc::working(world(), CONTAIN).await;
    // All that is true of him: his sessions, his factor, his password.
    for who in [KIM, LEE, "00umo4znSWITaSJ105d7", "00uvgR2ZynBTPoVmX5d7"] {
        let his: Vec<Value> = takeover()
            .into_iter()
            .filter(|event| event["actor"]["id"] == who)
            .collect();
        let text =
            |event: &Value, at: &str| event.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let alert = Alert {
            severity: "critical".into(),
            events: his
                .iter()
                .filter_map(|event| text(event, "/uuid"))
                .take(40)
                .collect(),
            sessions: his
                .iter()
                .filter_map(|event| text(event, "/authenticationContext/externalSessionId"))
                .collect(),
            ..on(who)
        };
        let fate = soc.decided(alert).await;
        assert!(
            matches!(fate, Fate::Proposed { .. } | Fate::NotConfirmed { .. }),
            "{who}: {fate:?}"
        );
    }
    soc.saw_no_writes();
    assert!(soc.runs().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_forged_alert_does_not_widen_what_is_taken_from_somebody_who_was_robbed() {
    let soc = Soc::working(world(), CONTAIN).await;
    let alert = Alert {
        sessions: vec!["idxJZHvNC-QHhE-Hr0iuhhUSc".into(), PHISHED.into()],
        event_time: Some("2025-12-24T00:00:00Z".parse().unwrap()),
        ..on(ALEX)
    };
    let fate = soc.decided(alert).await;
    assert!(matches!(fate, Fate::Contained { .. }), "{fate:?}");
    let run = fate.run().unwrap();
    let records = oust::ledger::Store::records(&*soc.store, run)
        .await
        .unwrap();
    let state = oust::ledger::RunState::of(&records);
    let window = state.plan.unwrap().case.window;
    assert_eq!(window.start, "2026-03-10T13:41:02.023Z".parse().unwrap());
}

/// As many accounts as somebody might want to have suspended.
const FLOOD: usize = 500;

fn crowd(n: usize) -> (World, Vec<(String, String)>) {
    let who: Vec<(String, String)> = (1..=n)
        .map(|i| {
            let login = format!("crowd-{i:05}@contoso.example");
            (format!("00uCrowd{i:09}5d7"), login)
        })
        .collect();
    let events = who
        .iter()
        .enumerate()
        .flat_map(|(n, (id, login))| intrusion(id, login, n));
    let mut all = takeover();
    all.extend(events);
    (world().crowd(n).log(&all), who)
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_true_looking_alerts_stops_at_the_cap_and_a_person_clears_it() {
    let (world, who) = crowd(FLOOD);
    let soc = Soc::working(world, CONTAIN).await;
    let mut ids = Vec::new();
    for (id, _) in &who {
        ids.push(soc.receive(on(id)).await);
    }
    let mut fates = Vec::new();
    for id in &ids {
        fates.push(soc.fate(id).await);
    }
    let contained = |fates: &[Fate]| {
        let all = fates.iter();
        all.filter(|fate| matches!(fate, Fate::Contained { .. }))
            .count()
    };
    let waits = fates.iter().filter(
        |fate| matches!(fate, Fate::Proposed { why, .. } if why.starts_with("cap_source: soc had 3")),
    );
    let by_itself = contained(&fates);
    assert_eq!(waits.count() + by_itself, FLOOD, "{fates:#?}");
    let suspended = who.iter().filter(|(id, _)| soc.suspended(id) > 0);
    assert_eq!(suspended.count(), by_itself);
    // To look into so many takes longer than an hour of the log's quota: three in each.
    let runs = oust::ledger::Store::runs(&*soc.store).await.unwrap();
    let mut begun: Vec<Utc> = runs.iter().map(|run| run.opened_at).collect();
    begun.sort();
    assert_eq!(begun.len(), by_itself);
    assert!((3..=9).contains(&by_itself), "{begun:?}");
    let nearly_an_hour = Duration::from_secs(59 * 60);
    for (first, fourth) in begun.iter().zip(&begun[3..]) {
        assert!(fourth.since(*first) >= nearly_an_hour, "{begun:?}");
    }
    // Another source has its own count.
    let other = Alert {
        source: "other".into(),
        ..on(ALEX)
    };
    let fate = soc.decided(other).await;
    assert!(matches!(fate, Fate::Contained { .. }), "{fate:?}");

    soc.desk.clear_automatic(Some("soc")).await.unwrap();
    let (world, who) = crowd(FLOOD + 1);
    drop(world);
    let (id, login) = &who[FLOOD];
    {
        let mut range = soc.lab.range.lock().unwrap();
        let mut user = range.okta.users[&who[FLOOD - 1].0].clone();
        user.id.clone_from(id);
        user.login.clone_from(login);
        user.status = "ACTIVE".into();
        range.okta.users.insert(id.clone(), user);
        for event in intrusion(id, login, FLOOD) {
            range.okta.tell(event, 0);
        }
    }
    let fate = soc.decided(on(id)).await;
    assert!(matches!(fate, Fate::Contained { .. }), "{fate:?}");
}

#[tokio::test(start_paused = true)]
async fn no_source_stands_before_another() {
    let (world, who) = crowd(30);
    let soc = Soc::working(world, "").await;
    for (id, _) in &who {
        soc.receive(on(id)).await;
    }
    let other = Alert {
        source: "other".into(),
        ..on(ALEX)
    };
    let id = soc.receive(other).await;
    soc.fate(&id).await;
    let all = soc.inbox.all();
    let before = all.iter().filter(|entry| {
        entry.alert.source == "soc"
            && entry.settled_at <= all[30].settled_at
            && entry.fate.is_some()
    });
    assert!(before.count() < 10, "it waited for the others");
}

#[tokio::test(start_paused = true)]
async fn frozen_runs_become_proposals_and_thawed_ones_do_not() {
    let soc = Soc::working(world(), CONTAIN).await;
    let frozen = Frozen {
        by: "dana".into(),
        reason: "we look into the SIEM".into(),
        at: soc.lab.clock.now(),
    };
    soc.desk.set_frozen(Some(&frozen)).await.unwrap();
    let fate = soc.decided(on(ALEX)).await;
    let Fate::Proposed { why, .. } = fate else {
        panic!("{fate:?}");
    };
    assert!(
        why.starts_with("automatic runs are frozen by dana"),
        "{why}"
    );
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn a_guard_refuses_a_machine_and_only_warns_a_person() {
    let soc = Soc::working(world_with_an_agent(), CONTAIN).await;
    let fate = soc.decided(on(ALEX)).await;
    let Fate::Refused { why, next } = fate else {
        panic!("{fate:?}");
    };
    assert!(why.starts_with("agent_owner"), "{why}");
    assert_eq!(next, "a person runs: oust contain");
    assert_eq!(soc.said(), ["refused"]);
    soc.saw_no_writes();

    let soc = Soc::working(world_with_an_agent(), "").await;
    let fate = soc.decided(on(ALEX)).await;
    assert!(matches!(fate, Fate::Proposed { .. }), "{fate:?}");
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn our_own_work_is_recognised_by_the_log_and_dropped() {
    let soc = Soc::working(world(), CONTAIN).await;
    soc.decided(on(ALEX)).await;
    let events = {
        let range = soc.lab.range.lock().unwrap();
        let events = range.okta.events_of("user.lifecycle.suspend");
        assert!(
            events
                .iter()
                .all(|event| event["actor"]["id"] == SERVICE_USER)
        );
        events
    };
    let uuid = |event: &Value| event["uuid"].as_str().unwrap().to_owned();
    let writes = soc.writes().len();
    let ours = Alert {
        dedupe_key: "ours".into(),
        subjects: vec![named(SERVICE_USER, Part::Actor), named(ALEX, Part::Target)],
        events: events.iter().map(uuid).collect(),
        ..on(ALEX)
    };
    let fate = soc.decided(ours).await;
    assert!(matches!(fate, Fate::Dropped { .. }), "{fate:?}");

    // Whoever says so of somebody else's event is not believed.
    let forged = Alert {
        dedupe_key: "forged".into(),
        subjects: vec![named(SERVICE_USER, Part::Actor), named(ALEX, Part::Target)],
        agents: vec!["oust/0.1.0 run=r_1".into()],
        events: takeover()
            .iter()
            .filter(|event| event["eventType"] == "system.api_token.create")
            .map(uuid)
            .collect(),
        ..on(ALEX)
    };
    let fate = soc.decided(forged).await;
    assert!(!matches!(fate, Fate::Dropped { .. }), "{fate:?}");
    assert_eq!(soc.writes().len(), writes);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_contained_since_is_not_contained_again() {
    let soc = Soc::working(world(), CONTAIN).await;
    let first = soc.decided(on(ALEX)).await;
    let again = Alert {
        dedupe_key: "again".into(),
        ..on("alex@contoso.example")
    };
    let fate = soc.decided(again).await;
    assert_eq!(
        fate,
        Fate::Joined {
            run: first.run().unwrap().clone()
        }
    );
    assert_eq!((soc.runs().await.len(), soc.suspended(ALEX)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn many_alerts_about_one_account_are_one_case() {
    let soc = Soc::working(world(), CONTAIN).await;
    let mut ids = Vec::new();
    for n in 0..10 {
        let who = if n % 2 == 0 {
            ALEX
        } else {
            "alex@contoso.example"
        };
        let alert = Alert {
            source: format!("s{}", n % 3),
            dedupe_key: n.to_string(),
            ..on(who)
        };
        ids.push(soc.receive(alert).await);
    }
    let mut joined = 0;
    for id in &ids {
        match soc.fate(id).await {
            Fate::Contained { .. } => {}
            Fate::Joined { .. } => joined += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        (joined, soc.runs().await.len(), soc.suspended(ALEX)),
        (9, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_undecided_and_contains_nobody() {
    let soc = Soc::new(world(), CONTAIN);
    soc.lab.range.lock().unwrap().faults =
        Faults::parse("GET /api/v1/logs=status:403").unwrap_or_else(|why| panic!("{why}"));
    let mut soc = soc;
    soc.start().await;
    let fate = soc.decided(on(ALEX)).await;
    let Fate::Proposed { why, .. } = fate else {
        panic!("{fate:?}");
    };
    assert!(why.contains("does not settle"), "{why}");
    soc.saw_no_writes();
    assert_eq!(soc.proposals().await[0].state, ProposalState::Waiting);
}
