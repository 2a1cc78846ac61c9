//! The rules told by example: the recorded attack, and small accounts by script.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::model::Tri;

const ALEX: &str = "00ujkPI1q4Pa7UeFg5d7";
const FIXTURE: &str = include_str!("../../../tests/fixtures/system-log/takeover.jsonl");

fn log() -> Vec<Value> {
    let lines = FIXTURE.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What the engine gives: what is about the account, what tokens did, and support access.
fn about<'e>(log: &'e [Value], id: &str) -> Vec<Event<'e>> {
    let of_interest = |event: &Event<'_>| {
        let kind = event.kind().unwrap_or_default();
        event.is_about(id)
            || event.made_with_token().is_some()
            || kind.starts_with("user.session.impersonation")
    };
    log.iter().map(Event).filter(of_interest).collect()
}

fn look(log: &[Value], id: &str) -> Found {
    let account = Account {
        id: UserId::new(id),
        login: "alex@contoso.example".into(),
    };
    inquire(&account, &about(log, id), &Hints::default())
}

fn ids(traces: &[crate::model::Trace]) -> Vec<&str> {
    traces.iter().map(|trace| trace.id.as_str()).collect()
}

#[test]
fn the_taken_account_is_found_with_exactly_what_is_the_intruders() {
    let log = log();
    let Found { intruder, whose } = look(&log, ALEX);
    assert_eq!(intruder.answer, Confirmation::Confirmed);
    let start = intruder.start.unwrap().to_string();
    assert_eq!(start, "2026-03-10T13:41:02.023Z");
    assert_eq!(
        intruder.last.unwrap().to_string(),
        "2026-03-10T14:58:41.271Z"
    );
    assert_eq!(
        ids(&intruder.sessions),
        [
            "idxz0xpMH0Qn-snfAELRg_KLd",
            "idx04a0F8sd7ZpCVkc5vpcR18",
            "idxFCDW9RGHBC4irFPfXsuMhg"
        ]
    );
    let places: Vec<_> = intruder
        .addresses
        .iter()
        .map(|address| (address.ip.as_str(), address.asn.as_str(), address.proxy))
        .collect();
    assert_eq!(
        places,
        [
            ("203.0.113.66", "AS64505", Tri::Yes),
            ("203.0.113.140", "AS64507", Tri::No)
        ]
    );
    assert_eq!(ids(&intruder.tokens), ["00TNupDyGtSsipBqd5d7"]);
    assert_eq!(intruder.tokens[0].name, "ci-backup");
    let theirs = whose
        .iter()
        .filter(|whose| **whose == Whose::Intruder)
        .count();
    assert_eq!(theirs, 37);
    let planted: Vec<&str> = intruder
        .planted
        .iter()
        .map(|each| each.what.as_str())
        .collect();
    assert_eq!(
        planted,
        [
            "revoked API token siem-log-export",
            "granted Okta support access"
        ]
    );
    let signs: BTreeSet<Sign> = intruder.because.iter().map(|each| each.sign).collect();
    for sign in [
        Sign::SplitSession,
        Sign::NewProxy,
        Sign::Suspected,
        Sign::Persistence,
        Sign::Reported,
    ] {
        assert!(signs.contains(&sign), "{sign:?}");
    }
    assert!(intruder.because.iter().all(|each| !each.event.is_empty()));
}

#[test]
fn his_own_session_stays_his_own_and_the_push_is_answered_from_his_phone() {
    let log = log();
    let events = about(&log, ALEX);
    let found = look(&log, ALEX);
    for (event, whose) in events.iter().zip(&found.whose) {
        if event.session() == Some("idxJZHvNC-QHhE-Hr0iuhhUSc") {
            assert_eq!(*whose, Whose::Own, "{:?}", event.uuid());
        }
        let is_push = event.kind() == Some("user.authentication.auth_via_mfa");
        if is_push && event.session() == Some("idxz0xpMH0Qn-snfAELRg_KLd") {
            assert_eq!(event.ip(), Some("198.51.100.20"));
            assert_eq!(*whose, Whose::Intruder);
        }
    }
}

#[test]
fn nobody_else_is_taken_for_a_victim() {
    let log = log();
    let people: BTreeSet<&str> = log
        .iter()
        .filter(|event| event["actor"]["type"] == "User")
        .filter_map(|event| event["actor"]["id"].as_str())
        .filter(|id| *id != ALEX)
        .collect();
    assert!(people.len() >= 15, "{}", people.len());
    for id in people {
        let found = look(&log, id);
        let said = &found.intruder.because;
        assert_eq!(
            found.intruder.answer,
            Confirmation::NotConfirmed,
            "{id} {said:?}"
        );
        assert!(found.intruder.window().is_none() && found.intruder.sessions.is_empty());
        assert!(!found.whose.contains(&Whose::Intruder), "{id}");
    }
}

/// The order and the number of copies of a file say nothing of what happened.
#[test]
fn what_is_found_does_not_hang_on_which_session_comes_first_in_the_file() {
    let mut log = log();
    let first = look(&log, ALEX).intruder;
    // Same moments, other order within them: stable sorting by time is the caller's.
    log.reverse();
    log.sort_by_key(|event| Event(event).published());
    assert_eq!(look(&log, ALEX).intruder, first);
}

#[test]
fn any_member_may_be_missing_from_every_event() {
    let whole = log();
    let paths = [
        "/target",
        "/actor",
        "/client",
        "/client/ipAddress",
        "/client/userAgent",
        "/outcome",
        "/securityContext",
        "/securityContext/asNumber",
        "/securityContext/isProxy",
        "/authenticationContext",
        "/authenticationContext/externalSessionId",
        "/authenticationContext/rootSessionId",
        "/debugContext",
        "/debugContext/debugData",
        "/debugContext/debugData/dtHash",
        "/transaction",
        "/transaction/detail",
        "/published",
        "/eventType",
        "/uuid",
    ];
    for path in paths {
        for nothing in [Value::Null, json!("null"), json!([]), json!(7)] {
            let mut log = whole.clone();
            for event in &mut log {
                if let Some(member) = event.pointer_mut(path) {
                    *member = nothing.clone();
                }
            }
            let found = look(&log, ALEX);
            assert_eq!(found.whose.len(), about(&log, ALEX).len(), "{path}");
        }
    }
}

/// An account's events, by a small script: session, address, browser, kind and what else.
fn event(n: usize, session: &str, ip: &str, browser: &str, kind: &str, more: Value) -> Value {
    let mut event = json!({
        "uuid": format!("e{n}"), "eventType": kind, "outcome": { "result": "SUCCESS" },
        "published": format!("2026-03-10T{:02}:{:02}:00.000Z", 8 + n / 60, n % 60),
        "actor": { "id": "00u1", "type": "User", "alternateId": "alex@contoso.example" },
        "client": { "ipAddress": ip, "userAgent": { "os": "Mac OS", "browser": "CHROME" } },
        "authenticationContext": { "externalSessionId": session, "rootSessionId": session },
        "securityContext": { "asNumber": 64501, "isProxy": false },
        "debugContext": { "debugData": { "dtHash": browser } }, "target": null,
    });
    merge(&mut event, more);
    event
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

fn inquired(log: &[Value], hints: &Hints) -> Found {
    let account = Account {
        id: UserId::new("00u1"),
        login: "alex@contoso.example".into(),
    };
    let events: Vec<Event<'_>> = log.iter().map(Event).collect();
    inquire(&account, &events, hints)
}

const START: &str = "user.session.start";
const SSO: &str = "user.authentication.sso";
const ELSEWHERE: &str = "203.0.113.9";

fn script() -> Value {
    json!({ "client": { "userAgent": { "os": "Unknown", "browser": "UNKNOWN",
        "rawUserAgent": "python-requests/2.32.3" } }, "securityContext": { "asNumber": 64599 } })
}

#[test]
fn a_session_that_the_person_opened_is_the_intruders_only_from_where_he_went_on() {
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxB", "198.51.100.1", "own", START, json!({})),
        event(2, "idxB", ELSEWHERE, "foreign", SSO, script()),
        event(3, "idxB", "198.51.100.1", "own", SSO, json!({})),
    ];
    let found = inquired(&log, &Hints::default());
    assert_eq!(found.intruder.answer, Confirmation::Confirmed);
    use Whose::{Intruder, Own};
    assert_eq!(found.whose, [Own, Own, Intruder, Own]);
    assert_eq!(found.intruder.start, Event(&log[2]).published());
    assert_eq!(found.intruder.addresses.len(), 1);
    assert_eq!(found.intruder.addresses[0].ip, ELSEWHERE);
}

#[test]
fn a_phone_that_moves_and_a_vpn_that_is_switched_on_confirm_nothing() {
    let moved = json!({ "securityContext": { "asNumber": 64588 } });
    let vpn = json!({ "securityContext": { "asNumber": 64577, "isProxy": true } });
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxA", "198.51.100.77", "own", SSO, moved),
        event(2, "idxB", "192.0.2.9", "own", START, vpn),
        event(
            3,
            "idxB",
            "192.0.2.9",
            "own",
            "user.mfa.factor.activate",
            json!({}),
        ),
    ];
    let found = inquired(&log, &Hints::default());
    assert_eq!(
        found.intruder.answer,
        Confirmation::NotConfirmed,
        "{:?}",
        found.intruder.because
    );
}

#[test]
fn one_thing_that_looks_bad_is_for_a_person_to_decide() {
    let suspected = json!({ "debugContext": { "debugData": { "threatSuspected": "true" } } });
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxB", "198.51.100.44", "other", START, suspected),
    ];
    let found = inquired(&log, &Hints::default());
    assert_eq!(found.intruder.answer, Confirmation::Undecided);
    assert!(found.intruder.window().is_none());
    assert_eq!(ids(&found.intruder.sessions), ["idxB"]);
    assert_eq!(found.whose, [Whose::Own, Whose::Unclear]);
    // What an alert says counts as one more, and with it the log agrees.
    let hints = Hints {
        events: vec!["e1".into()],
        ..Hints::default()
    };
    assert_eq!(
        inquired(&log, &hints).intruder.answer,
        Confirmation::Confirmed
    );
}

#[test]
fn an_alert_alone_confirms_nothing() {
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxB", "198.51.100.1", "own", START, json!({})),
    ];
    let hints = Hints {
        events: vec!["e1".into()],
        sessions: vec!["idxNever".into()],
        ..Hints::default()
    };
    let found = inquired(&log, &hints);
    assert_eq!(found.intruder.answer, Confirmation::Undecided);
}

#[test]
fn an_intruder_who_reports_the_person_turns_nobody_into_one() {
    let report = |of: &str| {
        json!({ "debugContext": { "debugData": {
            "suspiciousActivityEventId": of } } })
    };
    let kind = "user.account.report_suspicious_activity_by_enduser";
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxB", "198.51.100.1", "own", START, json!({})),
        event(2, "idxB", ELSEWHERE, "foreign", SSO, script()),
        event(3, "idxB", ELSEWHERE, "foreign", kind, report("e0")),
    ];
    let found = inquired(&log, &Hints::default());
    assert_eq!(ids(&found.intruder.sessions), ["idxB"]);
    assert_eq!(found.whose[0], Whose::Own);
}

#[test]
fn the_session_unknown_holds_nothing_together() {
    let log = [
        event(0, "unknown", "198.51.100.1", "own", START, json!({})),
        event(1, "unknown", ELSEWHERE, "foreign", SSO, script()),
        event(2, "null", ELSEWHERE, "foreign", SSO, script()),
    ];
    let found = inquired(&log, &Hints::default());
    assert_eq!(found.intruder.answer, Confirmation::NotConfirmed);
}

#[test]
fn what_a_token_made_by_the_intruder_does_is_his_and_so_are_tokens_made_with_it() {
    let token =
        |id: &str| json!({ "target": [{ "type": "Token", "id": id, "displayName": "ci" }] });
    let with = |id: &str| json!({ "transaction": { "detail": { "requestApiTokenId": id } } });
    let mut second = with("00T1");
    merge(&mut second, token("00T2"));
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxB", "198.51.100.1", "own", START, json!({})),
        event(2, "idxB", ELSEWHERE, "foreign", SSO, script()),
        event(
            3,
            "idxB",
            ELSEWHERE,
            "foreign",
            "system.api_token.create",
            token("00T1"),
        ),
        event(
            4,
            "trs1",
            "192.0.2.77",
            "null",
            "system.api_token.create",
            second,
        ),
        event(
            5,
            "trs2",
            "192.0.2.78",
            "null",
            "group.user_membership.add",
            with("00T2"),
        ),
    ];
    let found = inquired(&log, &Hints::default());
    assert_eq!(ids(&found.intruder.tokens), ["00T1", "00T2"]);
    assert!(
        found.whose[4..]
            .iter()
            .all(|whose| *whose == Whose::Intruder)
    );
    let addresses: Vec<&str> = found
        .intruder
        .addresses
        .iter()
        .map(|each| each.ip.as_str())
        .collect();
    assert_eq!(addresses, [ELSEWHERE, "192.0.2.77", "192.0.2.78"]);
    assert_eq!(ids(&found.intruder.sessions), ["idxB"]);
}

#[test]
fn what_we_did_ourselves_is_ours_and_nobody_claims_it_by_name() {
    let ours = json!({ "actor": { "id": "00uBOT" }, "client": { "userAgent": {
        "rawUserAgent": "oust/0.1.0 run=r_1", "os": "Unknown", "browser": "UNKNOWN" } } });
    let claimed = json!({ "client": { "userAgent": { "rawUserAgent": "oust/0.1.0 run=r_1" } } });
    let log = [
        event(0, "idxA", "198.51.100.1", "own", "user.session.clear", ours),
        event(1, "idxA", "198.51.100.1", "own", SSO, claimed),
    ];
    let hints = Hints {
        our_account: Some("00uBOT".into()),
        ..Hints::default()
    };
    assert_eq!(inquired(&log, &hints).whose, [Whose::Oust, Whose::Own]);
}

#[test]
fn what_is_done_to_others_is_planted_and_what_is_done_to_himself_is_not() {
    let to = |id: &str, name: &str| json!({ "target": [{ "type": "User", "id": id, "alternateId": name }] });
    let log = [
        event(0, "idxA", "198.51.100.1", "own", START, json!({})),
        event(1, "idxB", "198.51.100.1", "own", START, json!({})),
        event(2, "idxB", ELSEWHERE, "foreign", SSO, script()),
        event(
            3,
            "idxB",
            ELSEWHERE,
            "foreign",
            "user.mfa.factor.reset_all",
            to("00u2", "kim@x"),
        ),
        event(
            4,
            "idxB",
            ELSEWHERE,
            "foreign",
            "user.mfa.factor.activate",
            to("00u1", "alex@x"),
        ),
        event(
            5,
            "idxB",
            ELSEWHERE,
            "foreign",
            "policy.rule.update",
            json!({ "target": [{ "type": "PolicyRule", "id": "0pr1", "displayName": "MFA" }] }),
        ),
        event(
            6,
            "idxB",
            ELSEWHERE,
            "foreign",
            "system.log_stream.lifecycle.deactivate",
            json!({ "outcome": { "result": "FAILURE" } }),
        ),
    ];
    let planted = inquired(&log, &Hints::default()).intruder.planted;
    let told: Vec<&str> = planted.iter().map(|each| each.what.as_str()).collect();
    assert_eq!(
        told,
        ["changed factors of kim@x", "changed policy rule MFA"]
    );
}
