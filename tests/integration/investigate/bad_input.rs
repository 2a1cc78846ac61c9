//! Input that nobody would write: members null or absent, odd texts, copies, cut files. Whatever
//! comes, nothing breaks, and what is missing is said.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use oust::evidence::Event;
use oust::evidence::forensics::{Material, findings, threat_insight};
use oust::evidence::inquiry::{Account, Hints, inquire};
use oust::model::UserId;
use serde_json::{Value, json};

use super::fixture::{TAKEOVER, each, events, of_takeover, saved, subject};
use crate::cli::desk::{ALEX_LOGIN, Desk};

/// Looks into alex's account without a binary between; fails if anything panics.
fn look(events: &[Value]) -> String {
    let account = Account {
        id: UserId::new("00ujkPI1q4Pa7UeFg5d7"),
        login: ALEX_LOGIN.into(),
    };
    let events: Vec<Event<'_>> = events.iter().map(Event).collect();
    let found = inquire(&account, &events, &Hints::default());
    let detected = std::collections::BTreeMap::new();
    let material = Material {
        account: &account,
        events: &events,
        whose: &found.whose,
        holdings: None,
        planted: &[],
        detected: &detected,
    };
    let told = findings(&material, found.intruder);
    let threat = threat_insight(told.allowed, None);
    format!("{}{}", json!(told.subject), json!(threat))
}

/// Paths of every member of an object, inner ones first named by their outer.
fn members(value: &Value, path: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(members_of) => {
            for (key, inner) in members_of {
                let key = key.replace('~', "~0").replace('/', "~1");
                let path = format!("{path}/{key}");
                all.push(path.clone());
                members(inner, &path, all);
            }
        }
        Value::Array(items) => {
            for (place, inner) in items.iter().enumerate() {
                let path = format!("{path}/{place}");
                all.push(path.clone());
                members(inner, &path, all);
            }
        }
        _ => {}
    }
}

fn without(event: &Value, path: &str) -> Value {
    let mut event = event.clone();
    let (outer, key) = path.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match event.pointer_mut(outer) {
        Some(Value::Object(members)) => drop(members.remove(&key)),
        Some(Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        _ => unreachable!("the path was found in this event"),
    }
    event
}

/// Each event of the account, with each member once null, once gone and once of another type: the
/// rest is read as if nothing were.
#[test]
fn every_member_may_be_null_absent_or_of_another_type() {
    let is_alexs = |event: &Value| Event(event).is_about(ALEX_LOGIN);
    // One event of each type is enough to meet every question that is asked of an event.
    let mut kinds = std::collections::BTreeSet::new();
    let mut events: Vec<Value> = events().into_iter().filter(is_alexs).collect();
    events.retain(|event| kinds.insert(event["eventType"].to_string()));
    assert!(events.len() > 12, "{kinds:?}");
    for (place, event) in events.iter().enumerate() {
        let mut paths = Vec::new();
        members(event, "", &mut paths);
        assert!(paths.len() > 30, "{event:#}");
        for path in paths {
            let mut null = event.clone();
            *null.pointer_mut(&path).unwrap() = Value::Null;
            let mut odd = event.clone();
            *odd.pointer_mut(&path).unwrap() = json!([{ "a": 1 }]);
            for changed in [null, odd, without(event, &path)] {
                let mut events = events.clone();
                events[place] = changed;
                assert!(look(&events).contains(ALEX_LOGIN), "{path}");
            }
        }
    }
}

#[test]
fn events_of_nothing_at_all_break_nothing() {
    for event in [
        json!({}),
        json!([]),
        json!(7),
        json!(null),
        json!({ "target": null }),
    ] {
        look(&[event]);
    }
    look(&[]);
}

#[test]
fn texts_that_mean_nothing_are_no_addresses_and_no_sessions() {
    let mut all = events();
    for event in &mut all {
        event["client"]["ipAddress"] = "null".into();
        event["authenticationContext"]["externalSessionId"] = "unknown".into();
        event["authenticationContext"]["rootSessionId"] = "unknown".into();
        event["target"] = Value::Null;
    }
    let told = look(&all);
    assert!(!told.contains("\"ip\":\"null\"") && !told.contains("\"session\":\"unknown\""));
}

#[test]
fn the_order_of_a_file_and_copies_in_it_change_nothing() {
    let desk = Desk::contoso();
    let straight = of_takeover(&desk, &format!("{ALEX_LOGIN} --output json"))
        .exits(3)
        .json();
    let mut all = events();
    all.reverse();
    all.extend(events());
    let file = saved(&desk, "mixed.jsonl", &all);
    let words = format!(
        "investigate {ALEX_LOGIN} --output json --log {}",
        file.display()
    );
    let mixed = desk.oust(&words).exits(3).json();
    assert_eq!(mixed["subjects"], straight["subjects"]);
    assert_eq!(mixed["read"]["copies"], straight["read"]["events"]);
}

#[test]
fn times_without_a_zone_are_utc_s() {
    let desk = Desk::contoso();
    let mut all = events();
    for event in &mut all {
        let at = event["published"]
            .as_str()
            .unwrap()
            .trim_end_matches('Z')
            .to_owned();
        event["published"] = at.into();
    }
    let file = saved(&desk, "zoneless.jsonl", &all);
    let words = format!(
        "investigate {ALEX_LOGIN} --output json --log {}",
        file.display()
    );
    let found = desk.oust(&words).exits(3).json();
    assert_eq!(
        subject(&found)["intruder"]["start"],
        "2026-03-10T13:41:02.023Z"
    );
}

#[test]
fn an_actor_that_is_an_address_or_the_directory_itself_is_nobody() {
    let mut all = events();
    for actor in [
        json!({ "id": "203.0.113.66", "type": "IP address", "alternateId": "unknown" }),
        json!({ "id": "okta.1", "type": "SystemPrincipal", "alternateId": "system@okta.com" }),
    ] {
        all.push(json!({
            "uuid": actor["id"], "published": "2026-03-10T14:59:00Z", "actor": actor,
            "eventType": "user.mfa.factor.reset_all", "outcome": { "result": "SUCCESS" },
            "target": [{ "type": "User", "id": "00ujkPI1q4Pa7UeFg5d7",
                "alternateId": ALEX_LOGIN }],
        }));
    }
    let desk = Desk::contoso();
    let file = saved(&desk, "actors.jsonl", &all);
    let words = format!(
        "investigate {ALEX_LOGIN} --output json --log {}",
        file.display()
    );
    let found = desk.oust(&words).exits(3).json();
    let rows = subject(&found)["timeline"].as_array().unwrap();
    let resets: Vec<&Value> = rows
        .iter()
        .filter(|row| row["kind"] == "user.mfa.factor.reset_all")
        .collect();
    assert_eq!(resets.len(), 2);
    assert!(
        resets.iter().all(|row| row["whose"] == "other"),
        "{resets:#?}"
    );
}

#[test]
fn a_file_that_breaks_off_leaves_it_open() {
    let desk = Desk::contoso();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(&std::fs::read(TAKEOVER).unwrap())
        .unwrap();
    let mut bytes = encoder.finish().unwrap();
    let whole = desk.write("whole.jsonl.gz", &bytes);
    bytes.truncate(bytes.len() / 2);
    let cut = desk.write("cut.jsonl.gz", &bytes);
    let of = |file: &std::path::Path, who: &str| {
        let words = format!("investigate {who} --output json --log {}", file.display());
        desk.oust(&words)
    };
    let found = of(&whole, ALEX_LOGIN).exits(3).json();
    assert_eq!(subject(&found)["intruder"]["answer"], "confirmed");
    // Of somebody whom nothing speaks against, half a file says nothing.
    let found = of(&cut, "kim@contoso.example").exits(3).json();
    assert_eq!(subject(&found)["intruder"]["answer"], "undecided");
    let missing = &found["read"]["missing"];
    assert!(
        missing[0].as_str().unwrap().contains("breaks off in line"),
        "{missing}"
    );
}

#[test]
fn lines_that_are_no_events_are_counted_and_told() {
    let desk = Desk::contoso();
    let text = std::fs::read_to_string(TAKEOVER).unwrap();
    let file = desk.write("odd.jsonl", format!("not json\n{text}\n[1]\n"));
    let words = format!(
        "investigate {ALEX_LOGIN} --output json --log {}",
        file.display()
    );
    let found = desk.oust(&words).exits(3).json();
    assert_eq!(found["read"]["odd_lines"], 2);
    assert_eq!(found["read"]["missing"].as_array().unwrap().len(), 2);
}

#[test]
fn names_that_command_a_terminal_are_shown_as_what_they_are() {
    let desk = Desk::contoso();
    let mut all = events();
    let evil = "ci\u{1b}[2J\u{202e}backup\nCONTAINED";
    for event in &mut all {
        if event["eventType"] == "system.api_token.create" {
            event["target"][0]["displayName"] = evil.into();
        }
    }
    let file = saved(&desk, "evil.jsonl", &all);
    let words = format!("investigate {ALEX_LOGIN} --log {}", file.display());
    let said = desk.oust(&words);
    said.exits(3);
    assert!(!said.out.contains('\u{1b}') && !said.out.contains('\u{202e}'));
    assert!(!said.out.contains("\nCONTAINED"));
    let json = desk.oust(&format!("{words} --output json"));
    assert!(!json.out.contains('\u{1b}') && !json.out.contains('\u{202e}'));
    let found = json.exits(3).json();
    assert!(each(&subject(&found)["api_tokens"], "/name").contains(&evil));
}
