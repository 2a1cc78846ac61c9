//! What the table of the sample alerts promises, from the body to the fate, against the mock whose
//! log holds the same attack.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderValue, Method, header};
use oust::alerts::{Incoming, Parts, Source};
use oust::config::sources_alone;
use oust::model::{Alert, Confirmation, Fate, Part, Role, Weight};
use oust_mocks::world::ALEX;
use serde_json::Value;

use super::soc::{KIM, PHISHED, Soc, named, on, takeover, world};

fn body(file: &str) -> Vec<u8> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/alerts");
    std::fs::read(format!("{dir}/{file}")).unwrap()
}

/// The alerts that an adapter makes of a sample, sent by a source called `soc`.
async fn alerts(soc: &Soc, kind: &str, file: &str) -> Vec<Alert> {
    let text = format!("sources: [{{ name: soc, kind: {kind}, auth: none }}]");
    let settings = sources_alone("sources.yaml", &text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let parts = Parts {
        clock: soc.lab.clock.clone(),
        wire: soc.lab.wire.clone(),
    };
    let source = Source::open(&settings[0], &parts).await.unwrap();
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let incoming = Incoming {
        method: &Method::POST,
        headers: &headers,
        path_secret: None,
        body: &body(file),
        from: IpAddr::V4(Ipv4Addr::LOCALHOST),
        at: soc.lab.clock.now(),
    };
    source.receive(&incoming).await.unwrap().alerts
}

/// What became of all alerts of one sample.
async fn fates(soc: &Soc, kind: &str, file: &str) -> Vec<Fate> {
    let mut ids = Vec::new();
    for alert in alerts(soc, kind, file).await {
        ids.push(soc.receive(alert).await);
    }
    let mut fates = Vec::new();
    for id in ids {
        fates.push(soc.fate(&id).await);
    }
    fates
}

/// That one plan waits, and the other alerts of the sample are about the same.
#[track_caller]
fn is_one_proposal(fates: &[Fate]) {
    let proposed = |fate: &&Fate| matches!(fate, Fate::Proposed { .. });
    let joined = |fate: &&Fate| matches!(fate, Fate::Joined { .. });
    assert_eq!(fates.iter().filter(proposed).count(), 1, "{fates:#?}");
    let others = fates.iter().filter(joined).count();
    assert_eq!(others + 1, fates.len(), "{fates:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_log_confirms_is_proposed_with_the_window_of_the_log() {
    for (kind, file) in [
        ("elastic", "elastic-multiple-sessions-threshold.json"),
        ("datadog", "datadog-session-hijacking.json"),
        ("splunk", "splunk-sigma-api-token-revoked.json"),
        ("okta-hook", "okta-event-hook-factor-changes.json"),
        ("okta-hook", "okta-event-hook-token-and-apps.json"),
        ("generic", "generic.json"),
    ] {
        let soc = Soc::working(world(), "").await;
        let fates = fates(&soc, kind, file).await;
        is_one_proposal(&fates);
        let proposals = soc.proposals().await;
        assert_eq!(proposals.len(), 1, "{file}");
        let proposal = &proposals[0];
        assert_eq!(proposal.subject_ids, [ALEX], "{file}");
        assert!(
            proposal
                .why
                .contains("somebody else in alex@contoso.example's account"),
            "{file}: {}",
            proposal.why
        );
        let plan = oust::ledger::Store::plan(&*soc.store, &proposal.phrase).await;
        let plan = plan.unwrap().unwrap();
        assert_eq!(
            plan.case.window.start,
            "2026-03-10T13:41:02.023Z".parse().unwrap(),
            "{file}"
        );
        assert_eq!(plan.digest(), proposal.digest);
        assert_eq!(soc.said(), ["waiting"], "{file}");
        soc.saw_no_writes();
    }
}

#[tokio::test(start_paused = true)]
async fn the_person_s_own_report_accuses_the_event_it_names_and_not_his_own_session() {
    let soc = Soc::working(world(), "").await;
    // He reports it at 15:12.
    soc.wait(13 * 60).await;
    let fates = fates(&soc, "okta-hook", "okta-event-hook-suspicious-report.json").await;
    is_one_proposal(&fates);
    let proposal = &soc.proposals().await[0];
    let plan = oust::ledger::Store::plan(&*soc.store, &proposal.phrase).await;
    let plan = plan.unwrap().unwrap();
    let sessions = &plan.case.intruders[0].sessions;
    let ids: Vec<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
    assert!(ids.contains(&PHISHED), "{ids:?}");
    assert!(!ids.contains(&"idxJZHvNC-QHhE-Hr0iuhhUSc"), "{ids:?}");
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn many_sessions_of_one_who_works_are_not_confirmed() {
    let soc = Soc::working(world(), "").await;
    let file = "elastic-multiple-sessions-threshold-benign.json";
    let fates = fates(&soc, "elastic", file).await;
    assert!(
        matches!(&fates[..], [Fate::NotConfirmed { .. }]),
        "{fates:#?}"
    );
    assert!(soc.proposals().await.is_empty());
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn of_an_impersonation_whoever_is_nobody_s_account_is_told_and_the_other_contained() {
    let mut soc = Soc::new(world(), "");
    soc.kind = "elastic";
    soc.start().await;
    let fates = fates(&soc, "elastic", "elastic-session-impersonation.json").await;
    is_one_proposal(&fates);
    let proposal = &soc.proposals().await[0];
    assert_eq!(proposal.subject_ids, [ALEX]);
    assert!(
        proposal.why.contains("support.engineer@okta.example"),
        "{}",
        proposal.why
    );
    let plan = oust::ledger::Store::plan(&*soc.store, &proposal.phrase).await;
    let plan = plan.unwrap().unwrap();
    assert_eq!(plan.playbook.name, "support-impersonation");
    // He was acted as; but the intruder in his account let them in.
    assert_eq!(plan.case.subjects[0].role, Role::Granter);
    let verbs: Vec<&str> = plan.changes().map(|change| change.action.verb()).collect();
    assert!(verbs.contains(&"end_support_access"), "{verbs:?}");
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn a_page_without_a_name_needs_a_person() {
    let soc = Soc::working(world(), "").await;
    let fates = fates(&soc, "pagerduty", "pagerduty-incident-triggered.json").await;
    assert!(
        matches!(&fates[..], [Fate::NeedsLookup { .. }]),
        "{fates:#?}"
    );
    assert_eq!(soc.said(), ["refused"]);
    // Nobody was asked about.
    let range = soc.lab.range.lock().unwrap();
    let paths: Vec<&str> = range
        .journal
        .entries()
        .iter()
        .map(|entry| entry.path.as_str())
        .collect();
    assert!(
        !paths
            .iter()
            .any(|path| path.contains("/users") || path.contains("/logs")),
        "{paths:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn that_a_session_ended_is_recorded_and_a_revoked_one_is_looked_into() {
    let soc = Soc::working(world(), "").await;
    let ended = Alert {
        weight: Weight::Informational,
        ..on(ALEX)
    };
    let fate = soc.decided(ended).await;
    assert!(
        matches!(fate, Fate::Observed { answer: None, .. }),
        "{fate:?}"
    );
    let revoked = Alert {
        dedupe_key: "another".into(),
        subjects: vec![named("alex@contoso.example", Part::Unknown)],
        sessions: vec![PHISHED.into()],
        ..on(ALEX)
    };
    let fate = soc.decided(revoked).await;
    assert!(matches!(fate, Fate::Proposed { .. }), "{fate:?}");
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_observes_says_what_the_log_said() {
    let soc = Soc::working(
        world(),
        "rules: [{ source: soc, rule: any, mode: observe }]",
    )
    .await;
    let fate = soc.decided(on(ALEX)).await;
    let Fate::Observed { answer, .. } = fate else {
        panic!("{fate:?}");
    };
    assert_eq!(answer, Some(Confirmation::Confirmed));
    assert!(soc.proposals().await.is_empty());
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn who_is_unknown_is_told_and_nobody_is_guessed() {
    let soc = Soc::working(world(), "").await;
    for who in ["alex", "alex@contoso.exampl", "00uNobody00000000005d7"] {
        let mut alert = on(who);
        if who == "alex" {
            alert.subjects[0].okta_id = None;
            alert.subjects[0].login = Some("alex".into());
        }
        let fate = soc.decided(alert).await;
        assert!(matches!(fate, Fate::NeedsLookup { .. }), "{who}: {fate:?}");
    }
    let both = Alert {
        subjects: vec![
            named("nobody@elsewhere.example", Part::Actor),
            named(ALEX, Part::Target),
        ],
        ..on(KIM)
    };
    let fate = soc.decided(both).await;
    let Fate::Proposed { why, .. } = fate else {
        panic!("{fate:?}");
    };
    assert!(why.contains("nobody@elsewhere.example"), "{why}");
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn events_that_the_log_does_not_have_yet_are_waited_for() {
    // What convicts him is stored two minutes late.
    let events = super::soc::intrusion(KIM, "kim@contoso.example", 20);
    let world = world().with(|okta| {
        for event in &events {
            okta.tell(event.clone(), 31 * 60_000);
        }
    });
    let soc = Soc::working(world, "").await;
    let uuid = |event: &Value| event["uuid"].as_str().unwrap().to_owned();
    let alert = Alert {
        events: events.iter().map(uuid).collect(),
        event_time: Some("2026-03-10T14:30:20Z".parse().unwrap()),
        ..on(KIM)
    };
    let id = soc.receive(alert).await;
    soc.wait(10).await;
    let entry = &soc.inbox.all()[0];
    assert_eq!((entry.attempts, &entry.fate), (1, &None));
    let fate = soc.fate(&id).await;
    assert!(matches!(fate, Fate::Proposed { .. }), "{fate:?}");
    assert!(soc.inbox.all()[0].attempts > 1);

    // One that never comes is waited for as long, and no longer.
    let alert = Alert {
        events: vec!["00000000-0000-4000-8000-000000000000".into()],
        ..on("00uWS71VKyr8mvIKz5d7")
    };
    let fate = soc.decided(alert).await;
    let Fate::NotConfirmed { why } = fate else {
        panic!("{fate:?}");
    };
    assert!(why.contains("1 event it names cannot be found"), "{why}");
    assert_eq!(soc.inbox.all()[1].attempts, 4);
    soc.saw_no_writes();
}

#[tokio::test(start_paused = true)]
async fn whoever_did_what_an_alert_names_is_looked_into_though_it_names_nobody() {
    let soc = Soc::working(world(), "").await;
    let log = takeover();
    let mut enrolled = log.iter().filter(|event| {
        event["eventType"] == "user.mfa.factor.activate" && event["actor"]["id"] == ALEX
    });
    let event = enrolled.next().unwrap()["uuid"].as_str().unwrap();
    let nobody = |key: &str, event: &str| Alert {
        subjects: Vec::new(),
        needs_lookup: Some("it names no account".into()),
        events: vec![event.to_owned()],
        dedupe_key: key.to_owned(),
        ..on(ALEX)
    };
    let fate = soc.decided(nobody("one", event)).await;
    assert!(matches!(fate, Fate::Proposed { .. }), "{fate:?}");
    let proposals = soc.proposals().await;
    assert_eq!(proposals[0].subject_ids, [ALEX]);

    // One that never comes is waited for, and then a person has to look.
    let fate = soc
        .decided(nobody("two", "00000000-0000-0000-0000-000000000000"))
        .await;
    assert!(matches!(fate, Fate::NeedsLookup { .. }), "{fate:?}");
    assert!(soc.writes().is_empty());
}
