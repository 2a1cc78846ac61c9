//! Accounts by what they have in common: a group, a search, the log. Always told and counted, all
//! of them or none; and what names nobody is never everybody.

use oust_mocks::World;
use oust_mocks::world::QUARANTINE_GROUP;
use serde_json::{Value, json};

use super::desk::{Desk, now_ms};

/// Alex alone is in it, before anybody is added.
const AWS_ADMINS: &str = "00gAwsAdmins000005d7";

fn crowd(n: usize) -> String {
    format!("crowd-{n:05}@contoso.example")
}

/// That many people of the crowd are put into the group.
fn joined(mut world: World, n: usize) -> World {
    world = world.crowd(n);
    for i in 1..=n {
        world = world.user(&crowd(i), |user| {
            user.groups.insert(AWS_ADMINS.to_owned());
        });
    }
    world
}

/// What evicts and no more, within a minute's quota.
const SHORT: &str = "\
playbook: oust/v1
name: short
title: Suspend
description: For a story about many.
stages:
  - name: evict
    steps:
      - okta.clear_sessions: {}
      - okta.suspend_user: {}
";

fn gets(desk: &Desk, part: &str) -> usize {
    let range = desk.server.range();
    let entries = range.journal.entries().iter();
    entries.filter(|entry| entry.path.contains(part)).count()
}

/// Somebody did this from there, so many minutes ago.
fn event(n: usize, minutes: i64, kind: &str, ip: &str, result: &str, who: &Value) -> Value {
    let at = oust::model::Utc::from_millis(now_ms() - minutes * 60_000);
    json!({
        "uuid": format!("e{n:07}-0000-4000-8000-000000000000"),
        "published": at.to_string(), "eventType": kind, "version": "0", "severity": "INFO",
        "actor": who, "client": { "ipAddress": ip }, "outcome": { "result": result }, "target": null,
    })
}

fn user(id: &str, login: &str) -> Value {
    json!({ "id": id, "type": "User", "alternateId": login, "displayName": login })
}

fn crowd_user(n: usize) -> Value {
    user(&format!("00uCrowd{n:09}5d7"), &crowd(n))
}

#[test]
fn a_group_is_told_counted_and_contained_by_ids_without_being_read_again() {
    let desk = Desk::of(|world| joined(world.crowd(4), 3));
    let words = format!(
        "plan {} {} --group {AWS_ADMINS} --since 2h --request request.txt",
        crowd(1),
        crowd(4)
    );
    let plan = desk.oust(&words);
    plan.exits(0)
        .says(&format!(
            "5 accounts: 2 named, 3 of group AWS Admins ({AWS_ADMINS}); 1 is in more than one of \
             these, and counts once"
        ))
        .says("crowd-00001@contoso.example, crowd-00004@contoso.example, ")
        .says("alex@contoso.example");
    desk.saw_no_writes();
    let members = format!("/groups/{AWS_ADMINS}/users");
    assert_eq!(gets(&desk, &members), 1);

    // Whoever approves it reads the same.
    let request = std::fs::read_to_string(desk.here().join("request.txt")).unwrap();
    let told = "5 accounts: 2 named, 3 of group AWS Admins";
    let mut lines = request.lines().filter(|line| line.starts_with('#'));
    assert!(lines.any(|line| line.contains(told)), "{request}");

    let phrase = plan.phrase();
    desk.oust_words(&["contain", "--consent", &phrase, "--group", AWS_ADMINS])
        .exits(2)
        .says("a stored plan holds its accounts by id");
    desk.saw_no_writes();
    let said = desk.oust_words(&["contain", "--consent", &phrase]);
    said.says("5 accounts: 2 named, 3 of group AWS Admins");
    assert_eq!(gets(&desk, &members), 1, "the plan has its accounts by id");
    let range = desk.server.range();
    for n in 1..=4 {
        assert_eq!(range.okta.user(&crowd(n)).unwrap().status, "SUSPENDED");
    }
    drop(range);
    let report = desk.report_file();
    assert_eq!(report["subjects"].as_array().unwrap().len(), 5);
    let findings = report["findings"].as_array().unwrap();
    let selected = findings
        .iter()
        .find(|each| each["id"] == "selected")
        .unwrap();
    assert!(selected["text"].as_str().unwrap().contains(AWS_ADMINS));
}

#[test]
fn a_group_of_many_pages_is_read_to_its_end_and_the_cap_says_how_many_and_how_to_lift_it() {
    let desk = Desk::of(|world| joined(world, 430));
    let said = desk.oust(&format!("contain --group {AWS_ADMINS} --since 2h --yes"));
    said.exits(4)
        .says("431 accounts: 431 of group AWS Admins")
        .says("and 423 more")
        .says("431 subjects, 25 are allowed in one run")
        .says("431 subjects, 50 are allowed within an hour")
        .hints("add --lift cap_run=REASON --lift cap_hour=REASON");
    assert_eq!(gets(&desk, &format!("/groups/{AWS_ADMINS}/users")), 3);
    assert_eq!(
        gets(&desk, "/api/v1/users/00uCrowd"),
        0,
        "nobody is looked up for it"
    );
    // One lifted is not enough.
    let words = format!("plan --group {AWS_ADMINS} --since 2h --lift cap_run=leaked");
    desk.oust(&words)
        .exits(4)
        .says("guard cap_hour: 431 subjects")
        .hints("add --lift cap_hour=REASON");
    desk.saw_no_writes();
    // Of fewer the plan is shown with the refusal.
    let desk = Desk::of(|world| joined(world, 60));
    desk.oust(&format!("contain --group {AWS_ADMINS} --since 2h --yes"))
        .exits(4)
        .says("61 subjects, 25 are allowed in one run")
        .says("all of them: --lift cap_run=REASON --lift cap_hour=REASON");
    desk.saw_no_writes();
}

#[test]
fn a_group_over_the_caps_is_contained_once_each_is_lifted_by_name_and_tells_how_far_it_is() {
    let desk = Desk::of(|world| joined(world, 30));
    desk.write("work/short.yaml", SHORT);
    let words = [
        "contain",
        "--group",
        AWS_ADMINS,
        "--since",
        "2h",
        "--yes",
        "--playbook",
        "short.yaml",
        "--lift",
        "cap_run=cookies of the whole team leaked",
        "--lift",
        "cap_percent=cookies of the whole team leaked",
    ];
    let said = desk.oust_words(&words);
    said.says("cap_run: 31 subjects, 25 are allowed in one run (lifted by kim: cookies of")
        .says("changes answered: evicted ")
        .says("evicted 31 of 31");
    let last = said
        .err
        .lines()
        .rfind(|line| line.contains("evicted 31 of 31"));
    assert!(
        last.is_some_and(|line| !line.contains("failing")),
        "{}",
        said.err
    );
    let range = desk.server.range();
    for n in 1..=30 {
        assert_eq!(range.okta.user(&crowd(n)).unwrap().status, "SUSPENDED");
    }
    assert_eq!(range.okta.user(&crowd(31)).map(|_| ()), None);
}

#[test]
fn what_names_nobody_is_never_everybody() {
    let desk = Desk::of(|world| world.crowd(2));
    let refused = |words: &[&str], code: i32, says: &str| {
        let words = [&["contain", "--yes", "--since", "2h"][..], words].concat();
        desk.oust_words(&words).exits(code).hints(says);
        desk.saw_no_writes();
    };
    refused(&["--group", QUARANTINE_GROUP], 1, "names nobody");
    // Nor beside somebody who is named.
    let beside = ["alex@contoso.example", "--group", QUARANTINE_GROUP];
    refused(
        &beside,
        1,
        "an empty selection is a mistake, never everybody",
    );
    refused(
        &["--group", "00gNobodyKnows0005d7"],
        1,
        "there is no group with the id",
    );
    for wrong in ["Finance Team", "../users"] {
        refused(&["--group", wrong], 1, "give the group's id (00g…)");
    }
    for blank in ["", " ", "\t\n"] {
        refused(&["--group", blank], 2, "give the group's id (00g…)");
        refused(&["--group", blank], 2, "an empty group is everybody");
        refused(&["--search", blank], 2, "an empty search is everybody");
        refused(&["--search", blank], 2, "write it as for Okta's `search`");
        refused(&["--from-log", blank], 2, "an empty filter is everybody");
        // It is a mistake beside somebody who is named, too, and told before anybody is read.
        refused(
            &["alex@contoso.example", "--search", blank],
            2,
            "an empty search",
        );
    }
    assert_eq!(gets(&desk, "/api/v1/users"), 0);
    refused(
        &["--search", "profile.login eq \"nobody@x\""],
        1,
        "names nobody",
    );
    refused(&["--search", "profile.login is \"x\""], 2, "E0000031");
    refused(
        &["--from-log", "eventType eq \"no.such.event\""],
        1,
        "names nobody",
    );
    refused(
        &["--from-log", "nonsense eq \"x\""],
        1,
        "unrecognized attribute 'nonsense'",
    );
    refused(&["--from-log", "ip:0.0.0.0/0"], 2, "that is everybody");
    refused(&["--from-log", "ip:198.51.100.0/33"], 2, "is no network");
    desk.write("work/empty.txt", "# nobody\n");
    refused(
        &["--subjects", "empty.txt", "--group", AWS_ADMINS],
        2,
        "empty.txt is an empty list",
    );
    desk.oust("contain --yes --from-log ip:203.0.113.0/24")
        .exits(2)
        .says("--since");
}

#[test]
fn a_search_proposes_says_that_it_may_lag_and_leaves_the_deactivated_out() {
    let desk = Desk::of(|world| world.crowd(3).status(&crowd(2), "DEPROVISIONED"));
    let words = [
        "plan",
        "--since",
        "2h",
        "--search",
        "profile.firstName eq \"Crowd\"",
    ];
    desk.oust_words(&words)
        .exits(0)
        .says("2 accounts: 2 of the search `profile.firstName eq \"Crowd\"`; 1 deactivated account left out")
        .says("Okta's search may lag")
        .says("crowd-00003@contoso.example");
    // Each was read by its id all the same.
    for n in [1, 3] {
        assert!(gets(&desk, &format!("/users/00uCrowd{n:09}5d7")) > 0);
    }
    desk.saw_no_writes();
}

#[test]
fn two_accounts_of_one_login_in_the_log_are_two_and_so_are_two_ids_that_differ_by_case() {
    let (one, other) = ("00uTwins000000001aBc", "00uTwins000000001AbC");
    let start = "user.session.start";
    let login = crowd(1);
    let events = [
        event(1, 50, start, "203.0.113.9", "SUCCESS", &user(one, &login)),
        event(2, 40, start, "203.0.113.9", "SUCCESS", &user(other, &login)),
    ];
    let desk = Desk::of(|world| {
        world.crowd(1).log(&events).with(|okta| {
            for (id, login) in [(one, "a@contoso.example"), (other, "b@contoso.example")] {
                let mut twin = okta.user(&crowd(1)).unwrap().clone();
                (twin.id, twin.login) = (id.to_owned(), login.to_owned());
                okta.users.insert(twin.id.clone(), twin);
            }
        })
    });
    // Nor is he one of them who was named by that login.
    let words = format!("plan {login} --from-log ip:203.0.113.0/24 --since 2h --output json");
    let said = desk.oust(&words);
    said.exits(0).says("3 accounts: 1 named, 2 of the log");
    let report = said.json();
    let subjects = report["subjects"].as_array().unwrap().iter();
    let mut logins: Vec<&str> = subjects
        .map(|each| each["login"].as_str().unwrap())
        .collect();
    logins.sort_unstable();
    assert_eq!(logins, ["a@contoso.example", "b@contoso.example", &login]);

    // And a list keeps both.
    desk.write("work/list.txt", format!("{one}\n{other}\n"));
    let said = desk.oust("plan --subjects list.txt --since 2h --output json");
    let report = said.exits(0).json();
    assert_eq!(report["subjects"].as_array().unwrap().len(), 2);
}

#[test]
fn who_was_named_by_login_and_did_it_counts_once_when_he_is_looked_up() {
    let start = "user.session.start";
    let events = [event(
        1,
        50,
        start,
        "203.0.113.9",
        "SUCCESS",
        &crowd_user(1),
    )];
    let desk = Desk::of(|world| world.crowd(1).log(&events));
    let words = format!(
        "plan {} --role {}=granter --from-log ip:203.0.113.0/24 --since 2h --output json",
        crowd(1),
        crowd(1),
    );
    let said = desk.oust(&words);
    said.exits(0).says("looked up, they are 1 account");
    let report = said.json();
    let subjects = report["subjects"].as_array().unwrap();
    assert_eq!(subjects.len(), 1);
    assert_eq!(subjects[0]["role"], "granter");
}

#[test]
fn all_whom_the_log_names_and_who_are_gone_are_left_out_at_once_and_by_name() {
    let start = "user.session.start";
    let gone = |n: usize| {
        let (id, login) = (
            format!("00uGone{n:011}5d7"),
            format!("gone-{n}@contoso.example"),
        );
        event(n, 30, start, "203.0.113.77", "SUCCESS", &user(&id, &login))
    };
    let mut events: Vec<Value> = (2..=7).map(gone).collect();
    events.push(event(
        1,
        50,
        start,
        "203.0.113.9",
        "SUCCESS",
        &crowd_user(1),
    ));
    let desk = Desk::of(|world| world.crowd(1).log(&events));
    let said = desk.oust("plan --from-log ip:203.0.113.0/24 --since 2h --output json");
    said.exits(0).says(
        "6 accounts of the log are not there any more: left out: gone-2@contoso.example (00uGone",
    );
    for n in 2..=7 {
        assert_eq!(gets(&desk, &format!("/users/00uGone{n:011}5d7")), 1, "{n}");
    }
    let report = said.json();
    let findings = report["findings"].as_array().unwrap();
    let selected = findings
        .iter()
        .find(|each| each["id"] == "selected")
        .unwrap();
    let text = selected["text"].as_str().unwrap();
    assert!(text.contains("gone-7@contoso.example"), "{text}");
    assert_eq!(report["subjects"].as_array().unwrap().len(), 1);

    // One who is named as well is meant, and must be there.
    let words = "plan 00uGone000000000025d7 --from-log ip:203.0.113.0/24 --since 2h";
    desk.oust(words).exits(1).says("no account at");
}

#[test]
fn everybody_who_signed_in_from_a_network_and_nobody_else() {
    let gone = user("00uGone00000000015d7", "gone@contoso.example");
    let program =
        json!({ "id": "0oaProgram", "type": "PublicClientApp", "alternateId": "0oaProgram" });
    let (start, sso) = ("user.session.start", "user.authentication.sso");
    let events = [
        event(1, 50, start, "203.0.113.9", "SUCCESS", &crowd_user(1)),
        event(2, 40, sso, "203.0.113.200", "SUCCESS", &crowd_user(2)),
        event(3, 40, sso, "203.0.113.9", "SUCCESS", &crowd_user(1)),
        // Who did not get in, came from elsewhere, did something else, or came earlier.
        event(4, 40, start, "203.0.113.9", "FAILURE", &crowd_user(3)),
        event(5, 40, start, "203.0.114.9", "SUCCESS", &crowd_user(3)),
        event(
            6,
            40,
            "user.account.update_profile",
            "203.0.113.9",
            "SUCCESS",
            &crowd_user(3),
        ),
        event(7, 190, start, "203.0.113.9", "SUCCESS", &crowd_user(4)),
        event(8, 40, sso, "203.0.113.9", "SUCCESS", &program),
        event(9, 30, start, "203.0.113.77", "SUCCESS", &gone),
    ];
    let desk = Desk::of(|world| world.crowd(5).log(&events));
    let said = desk.oust("plan --from-log ip:203.0.113.0/24 --since 2h --output json");
    said.exits(0)
        .says("3 accounts: 3 of the log, signed in from 203.0.113.0/24")
        .says("of the log is not there any more: left out")
        .says("events of the last 15 minutes may still arrive");
    let report = said.json();
    let logins: Vec<&str> = report["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["login"].as_str().unwrap())
        .collect();
    assert_eq!(logins, [crowd(1), crowd(2)]);

    // Okta's own language, of what happened in the window.
    let words = [
        "plan",
        "--since",
        "2h",
        "--from-log",
        "eventType eq \"user.account.update_profile\"",
        "--from-log",
        "outcome.result eq \"FAILURE\"",
    ];
    desk.oust_words(&words)
        .exits(0)
        .says("1 account: 1 of the log by")
        .says("1 is in more than one of these");
    desk.saw_no_writes();
}
