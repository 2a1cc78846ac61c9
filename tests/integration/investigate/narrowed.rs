//! One session, one token, one life of support access.

use serde_json::Value;

use super::fixture::{TAKEOVER, each, of_takeover, subject};
use crate::cli::desk::{ALEX_LOGIN, Desk};

fn told(desk: &Desk, words: &str) -> Value {
    let said = of_takeover(desk, &format!("{words} --output json"));
    said.exits(3).json()
}

#[test]
fn a_session_is_told_alone_and_its_person_is_found_by_it() {
    let desk = Desk::contoso();
    let found = told(&desk, "--session idxz0xpMH0Qn-snfAELRg_KLd");
    let alex = subject(&found);
    assert_eq!(alex["login"], ALEX_LOGIN);
    let rows = alex["timeline"].as_array().unwrap();
    assert!(!rows.is_empty());
    assert!(
        rows.iter()
            .all(|row| row["session"] == "idxz0xpMH0Qn-snfAELRg_KLd")
    );
    assert_eq!(found["read"]["only"], "session idxz0xpMH0Qn-snfAELRg_KLd");
    // What is found of the account is not narrowed with what is told of it.
    assert_eq!(alex["intruder"]["sessions"].as_array().unwrap().len(), 3);
}

#[test]
fn a_token_is_told_from_its_making_on() {
    let desk = Desk::contoso();
    let found = told(&desk, &format!("{ALEX_LOGIN} --token 00TNupDyGtSsipBqd5d7"));
    let what = each(&subject(&found)["timeline"], "/what");
    assert_eq!(
        what,
        [
            "created API token ci-backup (anywhere)",
            "assigned himself AWS IAM Identity Center, by API token ci-backup",
        ]
    );
}

#[test]
fn a_support_access_is_told_from_its_use_on() {
    let desk = Desk::contoso();
    let used = super::fixture::events()
        .into_iter()
        .find(|event| event["eventType"] == "user.session.impersonation.initiate")
        .unwrap();
    let id = used["uuid"].as_str().unwrap();
    let found = told(&desk, &format!("--impersonation {id}"));
    let alex = subject(&found);
    assert_eq!(alex["login"], ALEX_LOGIN);
    assert_eq!(each(&alex["timeline"], "/event"), [id]);
}

#[test]
fn what_is_not_there_is_told_and_two_at_once_are_refused() {
    let desk = Desk::contoso();
    of_takeover(&desk, "--session idxNobodys")
        .exits(1)
        .hints("--since");
    of_takeover(&desk, &format!("{ALEX_LOGIN} --session a --token b")).exits(2);
    desk.oust("investigate --session a --log -")
        .exits(2)
        .hints("name the login");
    desk.oust(&format!("investigate --log {TAKEOVER}")).exits(2);
    of_takeover(&desk, "nobody@contoso.example")
        .exits(1)
        .hints("00u…");
}
