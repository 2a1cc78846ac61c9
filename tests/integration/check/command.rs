//! The command: what a person and a script see of it, its exit codes, and that it keeps to reads.

use oust_mocks::world::{CLIENT_ID, PRIYA};
use oust_mocks::{m365, slack};
use serde_json::Value;

use crate::cli::desk::Desk;

#[test]
fn the_shipped_schema_of_a_check_is_the_one_that_the_types_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/check.schema.json");
    let fresh = format!("{:#}\n", oust::engine::check_schema());
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap();
    assert_eq!(shipped, fresh, "OUST_WRITE_DOCS=1 writes it anew");
}

/// Allows no member that is not listed.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.insert("additionalProperties".into(), Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn everything_is_asked_over_sockets_and_nothing_is_written_or_given_away() {
    let desk = Desk::with_services();
    let said = desk.oust("-vv check");
    said.exits(0)
        .says("containing an account would work at 8 of 8 systems")
        .says("guards.protected is empty");
    let json = desk.oust("-vv check --output json");
    json.exits(0);
    let checked = json.json();
    assert_eq!(checked["schema"], "oust.check/v1");
    assert_eq!(checked["good"], true);
    let mut schema = oust::engine::check_schema();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(&checked)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    desk.saw_no_writes();
    let grants = desk.oust("check --grants");
    grants.exits(0);
    let pem_line = desk.key.private_pem.lines().nth(1).unwrap();
    for output in [&said, &json, &grants] {
        for secret in [m365::SECRET, slack::TOKEN, pem_line, "eyJraWQiOiJtb2NrIn0"] {
            assert!(!output.out.contains(secret), "{}", output.out);
            assert!(!output.err.contains(secret), "{}", output.err);
        }
    }
}

#[test]
fn a_scope_that_is_missing_ends_in_three_and_is_named_with_its_next_step() {
    let desk = Desk::of(|world| world);
    desk.server
        .range()
        .okta
        .service_apps
        .get_mut(CLIENT_ID)
        .unwrap()
        .scopes
        .remove("okta.groups.manage");
    desk.oust("check")
        .exits(3)
        .says("okta.groups.manage is not granted")
        .says("`okta.quarantine_user` is not possible")
        .says("next: grant okta.groups.manage")
        .says("would work at 0 of 1 systems");
    // What no playbook of tonight wants is not asked for.
    desk.oust("check --playbook session-hijack --only okta")
        .exits(0);
    desk.saw_no_writes();
}

#[test]
fn warnings_do_not_fail_and_a_gone_protected_id_does() {
    let desk = Desk::contoso();
    desk.configure(&format!(
        "guards:\n  protected: [{PRIYA}]\n  active_users: 9000\n"
    ));
    desk.oust("check").exits(0).says("active_users: 17");
    desk.configure("guards:\n  protected: [00uNobodyAnyMore0005d7]\n");
    desk.oust("check").exits(3).says("00uNobodyAnyMore0005d7");
}

#[test]
fn a_system_with_bad_settings_is_told_and_the_rest_is_looked_at() {
    let desk = Desk::contoso();
    desk.configure("- { vendor: slack, token: { env: T }, api_url: 'http://slack.example/api' }\n");
    desk.oust("check")
        .exits(3)
        .says("slack")
        .says("use https")
        .says("would work at 1 of 2 systems");
    desk.oust("check --skip slack").exits(0);
    desk.oust("check --only slak").exits(2).hints("`slack`");
    desk.oust("check --playbook takeover-account").exits(2);
}

#[test]
fn a_ledger_that_cannot_be_opened_stops_us_and_a_server_without_a_certificate_too() {
    let desk = Desk::contoso();
    desk.write(
        "state/oust.db",
        "this is no database, and has been one never",
    );
    let state = desk.at("state");
    let state = state.to_str().unwrap();
    desk.oust_words(&["--state", state, "check"])
        .exits(3)
        .says("the ledger cannot be opened");
}

#[test]
fn what_has_to_be_granted_is_told_without_asking_anybody() {
    let desk = Desk::with_services();
    // Without any secret, too.
    std::fs::remove_file(desk.at("key.pem")).unwrap();
    let said = desk.oust("check --grants --playbook account-takeover");
    said.exits(0);
    for word in [
        "okta.users.manage",
        "okta.users.lifecycle.suspend",
        "SUPER_ADMIN",
        "User.RevokeSessions.All",
        "https://www.googleapis.com/auth/admin.directory.user.security",
        "PermissionsManageUsers",
        "admin.users:write",
        "organization_personal_access_tokens",
        "iam:PutRolePolicy",
        "sts:AssumeRole",
        "nothing is read there",
    ] {
        said.says(word);
    }
    let json = desk.oust("check --grants --output json");
    json.exits(0);
    let all = json.json();
    assert_eq!(all["schema"], "oust.grants/v1");
    let grants = all["grants"].as_array().unwrap();
    // Reading is never granted what writes.
    for grant in grants {
        let read = grant["read"].to_string();
        for word in [
            "okta.users.manage",
            "PutRolePolicy",
            "admin.users:write",
            "RevokeSessions",
        ] {
            assert!(!read.contains(word), "{grant:#}");
        }
    }
    let releases = grants.iter().filter(|grant| {
        grant["playbooks"]
            .as_array()
            .unwrap()
            .contains(&"release".into())
    });
    assert!(releases.count() >= 3);
    desk.saw_nothing();
    // Not even a config file is needed.
    std::fs::remove_file(desk.config()).unwrap();
    desk.oust("check --grants --only okta")
        .exits(0)
        .says("okta.apiTokens.manage");
}
