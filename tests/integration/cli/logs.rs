//! `oust logs`: the same events from the live directory and from a file, and none twice.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use super::desk::{ALEX_LOGIN, Desk, Said};

const TAKEOVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/system-log/takeover.jsonl"
);

/// Alex's id in the saved attack.
const ALEX_ID: &str = "00ujkPI1q4Pa7UeFg5d7";

fn events(said: &Said) -> Vec<Value> {
    let lines = said.out.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("each line is an event"))
        .collect()
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    let ids = events.iter().map(|event| event["uuid"].to_string());
    ids.collect()
}

#[test]
fn the_live_log_is_printed_as_it_is_and_counted_by_session() {
    let desk = Desk::contoso();
    let said = desk.oust(&format!("logs {ALEX_LOGIN} --since 3h"));
    let found = events(said.exits(0));
    assert!(found.len() > 5, "{}", said.err);
    assert!(
        said.err.contains(&format!("{} events", found.len())),
        "{}",
        said.err
    );
    let is_his = |event: &Value| event.to_string().contains(ALEX_LOGIN);
    assert!(found.iter().all(is_his));
    assert_eq!(ids(&found).len(), found.len(), "none comes twice");

    // What was saved says the same as what is asked.
    let file = desk.write("alex.jsonl", &said.out);
    let again = desk.oust(&format!("logs --log {}", file.display()));
    assert_eq!(ids(&events(again.exits(0))), ids(&found));

    let sessions = desk.oust("logs --since 3h --by session --output json");
    let counted = sessions.exits(0).json();
    assert_eq!(counted["schema"], "oust.logs/v1");
    let groups = counted["groups"].as_array().unwrap();
    let intruders = groups.iter().find(|group| {
        let places = group["places"].as_array().unwrap();
        places.iter().any(|place| place == "203.0.113.66")
    });
    assert!(intruders.is_some(), "{counted:#}");
    desk.saw_no_writes();
}

#[test]
fn a_filter_is_okta_s_and_one_that_it_refuses_is_told_in_its_words() {
    let desk = Desk::contoso();
    let started = r#"eventType eq "user.session.start""#;
    let said = desk.oust_words(&["logs", "--since", "3h", "--filter", started]);
    let found = events(said.exits(0));
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|event| event["eventType"] == "user.session.start")
    );
    let his = desk.oust_words(&["logs", ALEX_LOGIN, "--since", "3h", "--filter", started]);
    let his = events(his.exits(0));
    assert!(!his.is_empty() && his.len() < found.len());

    let refused = desk.oust_words(&["logs", "--since", "3h", "--filter", "colour is red"]);
    refused.exits(1);
    assert!(refused.err.contains("E00000"), "{}", refused.err);
}

#[test]
fn what_cannot_be_read_is_told_with_the_way_on() {
    let desk = Desk::contoso();
    let unasked = desk.oust("logs");
    unasked.exits(2);
    assert!(unasked.err.contains("--since"), "{}", unasked.err);
    let both = desk.oust("logs --since 1h --follow --until 5m");
    both.exits(2);
    let stranger = desk.oust("logs nobody@contoso.example --since 1h");
    stranger.exits(1);
    assert!(stranger.err.contains("nobody@contoso.example"));
    let missing = desk.oust("logs --log nowhere.jsonl");
    missing.exits(1);
    assert!(missing.err.contains("nowhere.jsonl"), "{}", missing.err);

    desk.faults("/api/v1/logs=forbidden");
    let blind = desk.oust("logs --since 1h");
    blind.exits(1);
    assert!(blind.err.contains("okta.logs.read"), "{}", blind.err);
    let old = desk.oust("logs --since 100d");
    assert!(old.err.contains("90 days"), "{}", old.err);
}

#[test]
fn saved_events_are_counted_as_the_attack_was() {
    let desk = Desk::contoso();
    let by = |by: &str| {
        let words = format!("logs --log {TAKEOVER} {ALEX_ID} --by {by} --output json");
        desk.oust(&words).exits(0).json()
    };
    let group = |counted: &Value, key: &str| {
        let groups = counted["groups"].as_array().unwrap().clone();
        groups.into_iter().find(|group| group["key"] == key)
    };
    let sessions = by("session");
    for his in [
        "idxz0xpMH0Qn-snfAELRg_KLd",
        "idx04a0F8sd7ZpCVkc5vpcR18",
        "idxFCDW9RGHBC4irFPfXsuMhg",
        "idxJZHvNC-QHhE-Hr0iuhhUSc",
    ] {
        assert!(group(&sessions, his).is_some(), "{his}");
    }
    assert!(group(&sessions, "unknown").is_none());
    let addresses = by("ip");
    let first = group(&addresses, "203.0.113.66").unwrap();
    assert_eq!(first["proxied"], first["events"]);
    assert_eq!(first["first"], "2026-03-10T13:41:02.023Z");
    let second = group(&addresses, "203.0.113.140").unwrap();
    assert_eq!(second["proxied"], 0);
    let tokens = by("token");
    assert!(group(&tokens, "00TNupDyGtSsipBqd5d7").is_some());
    let networks = by("asn");
    assert!(group(&networks, "AS64505").is_some());
    assert!(!by("device")["groups"].as_array().unwrap().is_empty());

    let screen = desk.oust(&format!("logs --log {TAKEOVER} {ALEX_ID} --by ip"));
    let screen = &screen.exits(0).out;
    assert!(
        screen.contains("203.0.113.66") && screen.contains("(proxy)"),
        "{screen}"
    );
    desk.saw_nothing();
}

#[test]
fn odd_lines_copies_and_commanding_names_do_no_harm() {
    let desk = Desk::contoso();
    let event = |id: &str, name: &str| {
        format!(
            "{{\"uuid\":\"{id}\",\"published\":\"2026-03-10T14:00:00Z\",\"displayMessage\":\"{name}\"}}\n"
        )
    };
    let text = [
        event("1", "\u{202e}gnp.exe\u{9b}2J"),
        event("1", "a copy"),
        "no event\n".into(),
        event("2", "late"),
    ]
    .concat();
    let mut child = desk.command(&["logs", "--log", "-"]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let said = Said::of(child.wait_with_output().unwrap(), &["logs"]);
    said.exits(3);
    assert!(said.err.contains("line 3 is no JSON"), "{}", said.err);
    assert!(!said.out.contains(['\u{202e}', '\u{9b}']), "{:?}", said.out);
    let found = events(&said);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["displayMessage"], "\u{202e}gnp.exe\u{9b}2J");

    let windowed =
        format!("logs --log {TAKEOVER} --since 2026-03-10T14:55:00Z --until 2026-03-10T14:59:00Z");
    let inside = events(desk.oust(&windowed).exits(0));
    let grant = |event: &Value| event["eventType"] == "user.session.impersonation.grant";
    assert!(
        inside.iter().any(grant) && inside.len() < 60,
        "{}",
        inside.len()
    );
}
