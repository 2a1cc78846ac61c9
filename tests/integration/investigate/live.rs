//! A live org with an intruder in it: what is found in its log, and what is there now.

use oust_mocks::world::ALEX;
use serde_json::Value;

use super::fixture::{each, subject};
use crate::cli::desk::{ALEX_LOGIN, Desk, files_in};

fn found(desk: &Desk, words: &str) -> Value {
    desk.oust(&format!("investigate {words} --output json"))
        .exits(3)
        .json()
}

#[test]
fn what_is_there_is_told_with_what_a_deletion_would_take() {
    let desk = Desk::contoso();
    let found = found(&desk, ALEX_LOGIN);
    let alex = subject(&found);
    assert_eq!(alex["intruder"]["answer"], "confirmed", "{found:#}");
    assert_eq!(alex["okta_id"], ALEX);
    assert_eq!(alex["status"], "ACTIVE");
    assert!(found["org_id"].is_string() && found["org"].is_string());
    assert_eq!(found["unread"], serde_json::json!([]), "{found:#}");

    // The same factors that a plan would delete, and no other.
    let plan = desk.oust(&format!("plan {ALEX_LOGIN} --output json"));
    let plan = plan.exits(0).json();
    let mut planned: Vec<String> = Vec::new();
    collect(&plan, &mut |change| {
        let target = &change["target"];
        if target["kind"] == "factor"
            && change["sentence"]
                .as_str()
                .is_some_and(|s| s.starts_with("delete"))
        {
            planned.push(target["id"].as_str().unwrap().to_owned());
        }
    });
    planned.sort();
    planned.dedup();
    let deleted: Vec<&Value> = alex["factors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["would"] == "deleted")
        .collect();
    assert!(
        !planned.is_empty() && !deleted.is_empty(),
        "{planned:?} {alex:#}"
    );
    for id in &planned {
        assert!(
            deleted.iter().any(|row| row["id"] == **id),
            "{id} {deleted:#?}"
        );
    }
    assert!(
        deleted
            .iter()
            .all(|row| row["whose"] == "intruder" && row["now"] == "there")
    );
    // Each was joined with the event that enrolled it.
    assert!(
        deleted.iter().all(|row| row["enrolled"]["event"] != ""),
        "{deleted:#?}"
    );
    let kept = alex["factors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["would"] == "kept");
    assert!(kept.count() > 0);

    let token = alex["api_tokens"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["whose"] == "intruder" && row["made"] != Value::Null)
        .unwrap();
    assert_eq!(token["now"], "there");
    let timeline = alex["timeline"].as_array().unwrap();
    let enrolled = timeline
        .iter()
        .find(|row| row["kind"] == "user.mfa.factor.activate" && row["whose"] == "intruder");
    assert_eq!(enrolled.unwrap()["now"], "still there");
    assert!(found["threat"]["action"].is_string());
    desk.saw_no_writes();
}

/// Every object that looks like a change.
fn collect(value: &Value, see: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            if members.contains_key("sentence") && members.contains_key("target") {
                see(value);
            }
            members.values().for_each(|inner| collect(inner, see));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, see)),
        _ => {}
    }
}

#[test]
fn each_app_names_who_cuts_it_or_whom_to_call() {
    let desk = Desk::with_services();
    let found = found(&desk, ALEX_LOGIN);
    let alex = subject(&found);
    let reached = alex["impact"].as_array().unwrap();
    let by = |name: &str| {
        let mut rows = reached.iter();
        rows.find(|row| row["name"].as_str().unwrap().contains(name))
            .unwrap()
    };
    assert_eq!(by("Slack")["systems"], serde_json::json!(["slack"]));
    assert_eq!(
        by("Salesforce")["systems"],
        serde_json::json!(["salesforce"])
    );
    assert_eq!(by("Dashboard")["own_app"], true);
    desk.saw_no_writes();
}

#[test]
fn what_cannot_be_read_is_said_and_never_shown_as_none() {
    let desk = Desk::contoso();
    desk.faults(&format!("/api/v1/users/{ALEX}/factors=forbidden"));
    let found = found(&desk, ALEX_LOGIN);
    let unread = each_text(&found["unread"]);
    assert!(
        unread
            .iter()
            .any(|text| text.starts_with("factors of alex")),
        "{unread:?}"
    );
    // The log still tells of them, and says that nobody knows what is there.
    let rows = subject(&found)["factors"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["now"] == "unread"), "{rows:#?}");

    desk.faults("/api/v1/logs=forbidden");
    let blind = super::live::found(&desk, ALEX_LOGIN);
    let alex = subject(&blind);
    assert_eq!(alex["intruder"]["answer"], "undecided");
    assert!(
        !alex["factors"].as_array().unwrap().is_empty(),
        "what is there is told all the same"
    );
    assert!(!blind["read"]["missing"].as_array().unwrap().is_empty());
}

fn each_text(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

#[test]
fn a_person_that_nobody_took_over_is_quiet_and_all_is_good() {
    let desk = Desk::contoso();
    let said = desk.oust("investigate kim@contoso.example");
    said.exits(0)
        .says("NOT CONFIRMED")
        .says("kim@contoso.example");
    assert!(!said.out.contains("oust contain"), "{}", said.out);
    desk.oust("investigate nobody@contoso.example")
        .exits(1)
        .hints("whole of it");
}

#[test]
fn a_window_beyond_what_okta_keeps_is_said() {
    let desk = Desk::contoso();
    let found = found(&desk, "kim@contoso.example --since 120d");
    let missing = each_text(&found["read"]["missing"]);
    assert!(
        missing.iter().any(|text| text.contains("90 days")),
        "{missing:?}"
    );
    assert_eq!(subject(&found)["intruder"]["answer"], "undecided");
}

#[test]
fn a_session_is_found_in_the_live_log_with_its_person() {
    let desk = Desk::contoso();
    let all = found(&desk, ALEX_LOGIN);
    let session = each(&subject(&all)["intruder"]["sessions"], "/id")[0].to_owned();
    let narrowed = found(&desk, &format!("--session {session}"));
    let alex = subject(&narrowed);
    assert_eq!(alex["login"], ALEX_LOGIN);
    let rows = alex["timeline"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["session"] == *session));
    desk.oust("investigate --session idxNobodys")
        .exits(1)
        .hints("--since");
}

#[test]
fn the_report_is_written_three_times_over_and_says_the_same() {
    let desk = Desk::contoso();
    let said = desk.oust(&format!("investigate {ALEX_LOGIN} --report out"));
    said.exits(3);
    let files = files_in(&desk.here().join("out"));
    let endings: Vec<&str> = files
        .iter()
        .map(|file| file.extension().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(endings, ["html", "json", "md"]);
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(ALEX_LOGIN));
    }
}

#[test]
fn a_saved_log_asks_what_is_there_only_where_a_config_is_named() {
    let desk = Desk::contoso();
    let saved = desk.oust(&format!("logs {ALEX_LOGIN} --since 3h"));
    let file = desk.write("alex.jsonl", &saved.exits(0).out);
    let before = desk.server.range().journal.entries().len();
    let alone = found(&desk, &format!("{ALEX_LOGIN} --log {}", file.display()));
    assert_eq!(
        desk.server.range().journal.entries().len(),
        before,
        "nobody was asked"
    );
    assert_eq!(subject(&alone)["status"], Value::Null);
    let config = desk.config();
    let words = format!(
        "{ALEX_LOGIN} --log {} --config {}",
        file.display(),
        config.display()
    );
    let asked = found(&desk, &words);
    assert_eq!(subject(&asked)["status"], "ACTIVE");
    assert_eq!(
        subject(&asked)["intruder"]["start"],
        subject(&alone)["intruder"]["start"]
    );
}
