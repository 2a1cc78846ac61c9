//! Detections: what each finds and passes over, a user's own rules, and what is remembered.

mod docs;
mod memory;
mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use insta::assert_snapshot;
use oust::evidence::{Detections, Event, Hit, Line, Saved};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// What is found in these events, one watch for all.
fn hits(all: &Detections, events: &[Value]) -> Vec<Hit> {
    let mut found = Vec::new();
    let mut watch = all.watch();
    for event in events {
        watch.see(Event(event), &mut |hit| found.push(hit));
    }
    found
}

fn keys(all: &Detections, events: &[Value]) -> Vec<String> {
    let found = hits(all, events);
    found.iter().map(|hit| hit.rule.key.clone()).collect()
}

fn takeover() -> Vec<Value> {
    let file = fixture("system-log/takeover.jsonl");
    let saved = Saved::open(file.to_str().unwrap()).unwrap();
    saved
        .map(|line| match line {
            Line::Event(event) => event,
            odd => panic!("{odd:?}"),
        })
        .collect()
}

/// Every detection has a file of event sequences in which it finds something, and of some that
/// are nearly so in which it does not.
#[test]
fn every_detection_finds_what_it_should_and_passes_over_what_is_only_like_it() {
    let all = Detections::shipped();
    let mut tried = BTreeSet::new();
    for rule in all.rules() {
        let name = format!("{}.json", rule.key);
        let text = std::fs::read_to_string(fixture("detections").join(&name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let cases: BTreeMap<String, Vec<Vec<Value>>> = serde_json::from_str(&text).unwrap();
        let names: Vec<&str> = cases.keys().map(String::as_str).collect();
        assert_eq!(names, ["finds", "passes"], "{name}");
        for (what, sequences) in &cases {
            assert!(!sequences.is_empty(), "{name}: nothing that it {what}");
            for (number, events) in sequences.iter().enumerate() {
                let found = keys(&all, events);
                assert_eq!(
                    found.contains(&rule.key),
                    what == "finds",
                    "{name}: {what}, {number}: {found:?}"
                );
            }
        }
        tried.insert(name);
    }
    let there: BTreeSet<String> = std::fs::read_dir(fixture("detections"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, tried, "a file for every detection, and no other");
}

#[test]
fn every_detection_says_what_it_is() {
    let all = Detections::shipped();
    let mut ids = BTreeSet::new();
    let mut names = BTreeSet::new();
    for rule in all.rules() {
        let key = &rule.key;
        assert!(ids.insert(rule.id.clone()), "{key}: its id is another's");
        assert!(names.insert(key.clone()), "{key} is there twice");
        assert!(rule.id.parse::<uuid::Uuid>().is_ok(), "{key}: {}", rule.id);
        let is_plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(key.chars().all(is_plain), "{key}");
        assert!(!rule.says.is_empty() && !rule.attack.is_empty(), "{key}");
        assert!(
            !rule.false_positives.is_empty() && !rule.leads_to.is_empty(),
            "{key}"
        );
        assert_eq!(rule.window.is_some(), !rule.threshold.is_empty(), "{key}");
    }
    assert_eq!(ids.len(), 57);
}

/// The whole story, against what is known of it: alex is the one who was taken over.
#[test]
fn the_takeover_sets_off_what_it_should_and_its_background_what_it_may() {
    let events = takeover();
    let mut logins = BTreeMap::new();
    for event in &events {
        let targets = event["target"].as_array().into_iter().flatten();
        for part in targets.chain([&event["actor"]]) {
            let (id, login) = (part["id"].as_str(), part["alternateId"].as_str());
            if let Some((id, login)) = id.zip(login)
                && part["type"] == "User"
            {
                logins.insert(id, login.split('@').next().unwrap());
            }
        }
    }
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for hit in hits(&Detections::shipped(), &events) {
        let users = found.entry(hit.rule.key.clone()).or_default();
        users.extend(hit.users().map(|id| logins[id]));
    }
    let lines: Vec<String> = found
        .into_iter()
        .map(|(key, users)| match users.len() {
            0 => format!("{key}: nobody"),
            _ => format!("{key}: {}", users.into_iter().collect::<Vec<_>>().join(" ")),
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @r"
    admin-console-new: alex
    aitm-replay: alex
    api-token-anywhere: alex
    api-token-created: alex priya
    api-token-revoked: alex
    app-added-by-self: alex
    device-added: alex
    factor-activated: alex jamie
    factor-removed: alex
    login-after-attack: alex
    many-sessions: alex kim
    new-behaviour: alex
    new-device-and-proxy: alex
    password-changed: alex lee
    proxy-success: alex robin
    proxy-then-alert: alex
    session-asn-or-ua-change: alex
    sso-to-aws: alex
    sso-unknown-device: alex
    support-impersonation: alex support.engineer
    threat-source-allowed: alex
    threatinsight: nobody
    user-reported: alex
    ");
}

#[test]
fn a_hit_names_its_events_its_people_and_what_they_have_in_common() {
    let all = Detections::shipped();
    let events = takeover();
    let found = hits(&all, &events);
    let many = found
        .iter()
        .find(|hit| hit.rule.key == "many-sessions" && hit.actors == ["00ujkPI1q4Pa7UeFg5d7"]);
    let many = many.expect("alex began three");
    assert_eq!(many.at.unwrap().to_string(), "2026-03-10T14:07:46.332Z");
    let alex = "00ujkPI1q4Pa7UeFg5d7".to_owned();
    assert_eq!(many.group, [("actor.id".to_owned(), alex)]);
    let kinds: Vec<&Value> = many
        .events
        .iter()
        .map(|uuid| &events.iter().find(|event| event["uuid"] == **uuid).unwrap()["eventType"])
        .collect();
    assert_eq!(kinds, ["user.session.start"; 3]);
}

#[test]
fn what_oust_itself_did_is_passed_over_by_what_containing_sets_off_and_by_no_more() {
    let all = Detections::shipped();
    let event = |kind: &str| {
        json!({ "eventType": kind, "outcome": { "result": "SUCCESS" },
            "published": "2026-03-10T13:00:00.000Z", "client": { "userAgent": {
                "rawUserAgent": "oust/1.0" } },
            "actor": { "id": "0oaOust", "type": "PublicClientApp" } })
    };
    let found = |ours: &[&str], kind: &str| {
        let mut keys = Vec::new();
        let mut watch = all.watch().ignoring(ours.iter().map(|id| (*id).to_owned()));
        watch.see(Event(&event(kind)), &mut |hit| {
            keys.push(hit.rule.key.clone())
        });
        keys
    };
    let revoke = "system.api_token.revoke";
    assert_eq!(
        found(&[], revoke),
        ["api-token-revoked"],
        "an agent is no proof"
    );
    assert!(found(&["0oaOust"], revoke).is_empty());
    assert_eq!(found(&["0oaOther"], revoke), ["api-token-revoked"]);
    // Who has our credential must not make tokens unseen.
    assert_eq!(
        found(&["0oaOust"], "system.api_token.create"),
        ["api-token-created"]
    );
}

#[test]
fn an_event_that_holds_nothing_finds_nothing_and_breaks_nothing() {
    let all = Detections::shipped();
    let nothing = json!(null);
    let mut odd = vec![json!({}), json!([]), json!("text"), nothing.clone()];
    for member in [
        "actor",
        "client",
        "target",
        "outcome",
        "debugContext",
        "securityContext",
    ] {
        for value in [nothing.clone(), json!([nothing]), json!("null"), json!(7)] {
            let mut event = json!({ "eventType": "user.session.start",
                "published": "2026-03-10T13:00:00" });
            event[member] = value;
            odd.push(event);
        }
    }
    assert!(hits(&all, &odd).is_empty());
}
