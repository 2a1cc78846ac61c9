//! Dry rehearsals: they write nothing, say exactly what would be written, and notice what has rotted.

use std::collections::BTreeSet;

use oust_mocks::world::CLIENT_ID;
use serde_json::Value;

use super::{at, desk_with, intended, predicted};
use crate::cli::desk::{ALEX_LOGIN, Desk};

fn texts(value: &Value) -> String {
    let all = value.as_array().unwrap().iter();
    all.map(|each| each.as_str().unwrap().to_owned() + "\n")
        .collect()
}

#[test]
fn a_live_run_issues_exactly_the_writes_that_a_dry_one_predicted() {
    let desk = Desk::with_services();
    let said = desk.oust_words(&["rehearse", ALEX_LOGIN, "--output", "json"]);
    said.exits(0);
    desk.saw_no_writes();
    let rehearsal = said.json();
    assert_eq!(rehearsal["schema"], "oust.rehearsal/v1");
    assert_eq!(rehearsal["kind"], "dry");
    let predicted = predicted(&rehearsal);
    let systems: BTreeSet<&str> = predicted.iter().map(|(system, _)| &**system).collect();
    assert!(systems.len() >= 8, "{systems:?}");

    let run = desk.oust_words(&["contain", ALEX_LOGIN, "--yes", "--output", "json"]);
    run.exits(0);
    let run = run.json()["run_id"].as_str().unwrap().to_owned();
    let done = intended(&desk, &run);
    for system in systems {
        assert_eq!(at(system, &done), at(system, &predicted), "at {system}");
    }
    assert_eq!(done.len(), predicted.len(), "nothing else is written");
}

#[test]
fn it_says_what_stops_whom_to_call_and_which_tokens_are_odd() {
    let owners = "owners:\n- { app: Slack, owner: Chat team, contact: chat@contoso.example }\n";
    let desk = desk_with(owners);
    let said = desk.oust_words(&["rehearse", ALEX_LOGIN]);
    said.exits(0)
        .says("READY alex@contoso.example")
        .says("the first rehearsal of this playbook and account")
        .says("lives by his token")
        .says("API token \"ci-backup\": whatever uses it stops")
        .says("Slack (slack): Chat team, chat@contoso.example")
        .says("nobody is named as owner of")
        .says("it can be used from anywhere");
    desk.saw_no_writes();
    let json = desk.oust_words(&["rehearse", ALEX_LOGIN, "--output", "json"]);
    let json = json.json();
    assert!(json["predicted"]["contained_ms"].is_u64(), "{json}");
    assert_eq!(json["since"]["rotted"], serde_json::json!([]), "{json}");
    assert!(json["since"]["with"].as_str().unwrap().starts_with("h_"));
}

#[test]
fn what_rotted_since_the_last_one_is_told() {
    let owners = "owners:\n- { app: Slack, owner: Chat team, contact: chat@contoso.example }\n";
    let desk = desk_with(owners);
    desk.oust_words(&["rehearse", ALEX_LOGIN]).exits(0);

    // An owner leaves, a system goes down, a right is taken away, a token is made.
    let text = std::fs::read_to_string(desk.config()).unwrap();
    desk.write_config(&text.replace(owners, ""));
    desk.faults("salesforce=status:503");
    {
        let mut range = desk.server.range();
        let app = range.okta.service_apps.get_mut(CLIENT_ID).unwrap();
        assert!(app.scopes.remove("okta.apiTokens.read"));
    }
    let said = desk.oust_words(&["rehearse", ALEX_LOGIN, "--output", "json"]);
    said.exits(3);
    desk.saw_no_writes();
    let json = said.json();
    assert_eq!(json["verdict"], "failed");
    let rotted = texts(&json["since"]["rotted"]);
    assert!(rotted.contains("salesforce"), "{rotted}");
    assert!(rotted.contains("Slack: nobody owns it"), "{rotted}");
    assert!(rotted.contains("revoke_api_tokens"), "{rotted}");
    assert!(!rotted.contains("github"), "{rotted}");

    // What is mended is told as well.
    desk.faults("");
    let said = desk.oust_words(&["rehearse", ALEX_LOGIN, "--output", "json"]);
    let mended = texts(&said.json()["since"]["mended"]);
    assert!(mended.contains("salesforce"), "{mended}");
}

#[test]
fn half_of_the_systems_down_is_a_result() {
    let desk = Desk::with_services();
    desk.faults("salesforce=status:503,slack=status:503,github=status:503,m365=status:503");
    let said = desk.oust_words(&["rehearse", ALEX_LOGIN]);
    said.exits(3).says("NOT READY alex@contoso.example");
    for system in ["salesforce", "slack", "github", "m365"] {
        said.says(&format!("{system}: not read"));
    }
    desk.saw_no_writes();
    let due = desk.oust_words(&["rehearse", "--due", "90d"]);
    due.exits(3).says("OVERDUE").says("slack never");
    assert!(!due.out.contains("google"), "{}", due.out);
}

#[test]
fn what_was_never_rehearsed_or_long_ago_is_due() {
    let desk = Desk::contoso();
    let never = desk.oust("rehearse --due 90d");
    never.exits(3).says("playbook account-takeover never");
    never.says("system okta never");
    desk.saw_nothing();
    desk.oust_words(&["rehearse", "priya@contoso.example", "--only", "okta"]);
    desk.oust("rehearse --due 90d")
        .exits(0)
        .says("all playbooks and systems were rehearsed within 90d");
    desk.oust("rehearse --due 0s").exits(3).says("OVERDUE");
    desk.oust("rehearse --due soon").exits(2).hints("write 90d");
    let json = desk.oust("rehearse --due 0s --output json").json();
    assert_eq!(json["overdue"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn nobody_named_and_no_canary_is_said_before_anything_is_asked() {
    let desk = Desk::contoso();
    desk.oust("rehearse").exits(2).hints("oust rehearse LOGIN");
    desk.oust("rehearse nobody@contoso.example")
        .exits(1)
        .says("no account");
    desk.saw_no_writes();
}
