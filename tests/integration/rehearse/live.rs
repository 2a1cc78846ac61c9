//! Live rehearsals: on the canary alone, measured, and everything as it was.

use oust_mocks::world::ALEX;
use serde_json::Value;

use super::{CANARY, at, desk_with, intended, predicted};
use crate::cli::desk::{ALEX_LOGIN, Desk, now_ms};

const CONFIG: &str = "canary: kim@contoso.example\n";

/// What stays of an account, as the mock has it: no dates, no sessions.
fn stands(desk: &Desk) -> Value {
    let range = desk.server.range();
    let kim = range.okta.user(CANARY).unwrap();
    serde_json::json!({
        "status": kim.status,
        "factors": kim.factors.keys().collect::<Vec<_>>(),
        "enrollments": kim.enrollments.keys().collect::<Vec<_>>(),
        "groups": kim.groups,
        "apps": kim.apps.keys().collect::<Vec<_>>(),
        "roles": kim.roles.keys().collect::<Vec<_>>(),
        "password": kim.password_changed_ms,
        "second": kim.second_email,
        "phone": kim.mobile_phone,
    })
}

#[test]
fn the_canary_is_contained_given_back_and_ready_for_the_next_time() {
    let desk = desk_with(CONFIG);
    let before = stands(&desk);
    let said = desk.oust_words(&["rehearse", "--live", "--yes", "--output", "json"]);
    said.exits(0);
    let first = said.json();
    assert_eq!(first["kind"], "live");
    let live = &first["live"];
    assert_eq!(live["contained"], "contained", "{live}");
    assert_eq!(live["released"], "released", "{live}");
    assert_eq!(live["not_as_before"], serde_json::json!([]), "{live}");
    assert!(live["measured"]["evicted_ms"].is_u64(), "{live}");
    assert_eq!(stands(&desk), before);

    // It did what it said it would.
    let done = intended(&desk, live["run"].as_str().unwrap());
    let predicted = predicted(&first);
    assert_eq!(at("okta", &done), at("okta", &predicted));
    assert_eq!(done.len(), predicted.len());
    let nobody_else = desk.server.range().okta.user_digest(ALEX);

    // And it can be done again, which a password step would have prevented.
    desk.oust_words(&["plan", "kim@contoso.example", "--only", "okta"])
        .exits(0)
        .says("suspend the account");
    assert_eq!(stands(&desk), before);
    assert_eq!(desk.server.range().okta.user_digest(ALEX), nobody_else);
    desk.oust("rehearse --due 90d").exits(0);

    // The run of the release says why the password stayed.
    let release = live["release"].as_str().unwrap();
    let report = desk.oust_words(&["runs", "show", release, "--output", "json"]);
    let guards = report.json()["guards"].to_string();
    assert!(guards.contains("canary of a live rehearsal"), "{guards}");
}

#[test]
fn one_that_fails_half_way_is_given_back_all_the_same() {
    let desk = desk_with(CONFIG);
    let before = stands(&desk);
    desk.faults("salesforce PATCH UserLogin=forbidden");
    let said = desk.oust_words(&["rehearse", "--live", "--yes", "--output", "json"]);
    said.exits(3);
    let json = said.json();
    assert_eq!(json["verdict"], "failed");
    assert_eq!(json["live"]["contained"], "partial", "{json}");
    assert!(
        json["findings"].to_string().contains("salesforce:failed"),
        "{json}"
    );
    assert_eq!(stands(&desk), before);
}

#[test]
fn a_canary_that_would_lose_something_is_refused_before_the_first_write() {
    for (who, change, says) in [
        (ALEX_LOGIN, "", "has an admin role"),
        (CANARY, "status", "is SUSPENDED: it could not be suspended"),
        (CANARY, "token", "would lose something"),
        (CANARY, "protected", "a guard refuses"),
        (CANARY, "master", "is mastered by"),
    ] {
        let id = {
            let desk = Desk::contoso();
            let range = desk.server.range();
            range.okta.user(who).unwrap().id.clone()
        };
        let desk = Desk::of(|world| {
            world.with(|okta| {
                let user = okta.users.get_mut(&id).unwrap();
                match change {
                    "status" => user.status = "SUSPENDED".into(),
                    "master" => user.provider = "ACTIVE_DIRECTORY".into(),
                    "token" => drop(okta.mint_api_token_by_hand(
                        &id,
                        "nightly",
                        now_ms() - 20 * 86_400_000,
                    )),
                    _ => {}
                }
            })
        });
        let mut config = format!("canary: {who}\n");
        if change == "protected" {
            config.push_str(&format!("guards:\n  protected: [{id}]\n"));
        }
        desk.configure(&config);
        let said = desk.oust("rehearse --live --yes");
        said.exits(4).says(says).hints("");
        desk.saw_no_writes();
    }
}

#[test]
fn without_a_canary_or_a_consent_nobody_is_contained() {
    let desk = Desk::contoso();
    desk.oust("rehearse --live --yes")
        .exits(2)
        .says("the config names no `canary`");
    desk.saw_nothing();
    desk.configure(CONFIG);
    desk.oust("rehearse --live")
        .exits(2)
        .says("no terminal to ask at");
    desk.oust_words(&["rehearse", "--live", ALEX_LOGIN, "--yes"])
        .exits(2);
    desk.saw_no_writes();
}

/// The two things on which sources disagree, each way; the playbook suspends before it clears.
#[test]
fn it_learns_what_documentation_does_not_settle() {
    const PLAYBOOK: &str = "playbook: oust/v1\nname: suspend-first\ntitle: T\ndescription: D\n\
        stages:\n  - name: evict\n    steps:\n      - okta.suspend_user: {}\n      - \
        okta.clear_sessions: {}\n      - okta.delete_factors: { select: in_window }\n";
    for holds in [true, false] {
        let desk = Desk::of(|world| world);
        desk.configure(CONFIG);
        {
            let mut range = desk.server.range();
            let okta = &mut range.okta;
            okta.settings.suspend_ends_sessions = holds;
            okta.settings.suspend_tells_of_sessions = holds;
            okta.settings.factors_go_while_suspended = holds;
            let now = now_ms();
            let kim = okta.user(CANARY).unwrap().id.clone();
            okta.give_sms_by_hand(&kim, now - 60_000);
            okta.sign_in_by_hand(&kim, now - 120_000);
        }
        let playbook = desk.write("suspend-first.yaml", PLAYBOOK);
        let words = [
            "rehearse",
            "--live",
            "--yes",
            "--output",
            "json",
            "--playbook",
        ];
        let mut words = words.to_vec();
        let path = playbook.display().to_string();
        words.push(&path);
        let said = desk.oust_words(&words);
        said.exits(if holds { 0 } else { 3 });
        let json = said.json();
        let learnt = json["live"]["learnt"].as_array().unwrap();
        let word = |name: &str| {
            let mut all = learnt.iter();
            all.find(|fact| fact["name"] == name)
                .map(|fact| fact["holds"].clone())
        };
        let expected = Some(Value::Bool(holds));
        assert_eq!(word("suspension_ends_sessions"), expected, "{json}");
        assert_eq!(word("factors_go_while_suspended"), expected, "{json}");
        // Whoever checks tonight is told.
        let checked = desk
            .oust_words(&["check", "--output", "json"])
            .json()
            .to_string();
        let told = match holds {
            true => "factors can be deleted while suspended here, as seen on ",
            false => "factors cannot be deleted while suspended here, as seen on ",
        };
        assert!(checked.contains(told), "{checked}");
    }
}
