//! What the intruder holds, when an account counts as contained, and the intruder himself.

use oust_mocks::world::{ALEX, CI_BACKUP, OAUTH_CLIENTS, PIXEL, PRIYA, QUARANTINE_GROUP};
use oust_mocks::{Attacker, Range, World};

use crate::{NOW, ask, ask_at, contoso, open};

fn contain(range: &mut Range, now_ms: i64) {
    let user = format!("/api/v1/users/{ALEX}");
    for (method, path) in [
        (
            "DELETE",
            format!("{user}/sessions?oauthTokens=true&forgetDevices=true"),
        ),
        ("POST", format!("{user}/lifecycle/suspend")),
        (
            "DELETE",
            format!("{user}/sessions?oauthTokens=true&forgetDevices=true"),
        ),
    ] {
        ask_at(range, now_ms, method, &path);
    }
}

#[test]
fn the_story_begins_with_everything_in_his_hands() {
    let range = contoso();
    let holds = range.okta.attacker_holds(ALEX);
    assert_eq!(holds.len(), 2 + 1 + 4 + 5 + 3, "{holds:#?}");
    assert!(!range.okta.is_contained(ALEX));
    assert!(range.okta.attacker_holds(PRIYA).is_empty());
}

#[test]
fn suspension_alone_contains_but_a_token_revives_at_release() {
    let mut range = contoso();
    contain(&mut range, NOW);
    assert!(range.okta.is_contained(ALEX));
    let holds = range.okta.attacker_holds(ALEX);
    assert!(
        holds
            .iter()
            .any(|h| h.contains(CI_BACKUP) && h.contains("(revives at release)")),
        "{holds:#?}"
    );
}

#[test]
fn after_the_purge_nothing_is_left_of_him() {
    let mut range = contoso();
    contain(&mut range, NOW);
    for (method, path) in [
        ("DELETE", format!("/api/v1/api-tokens/{CI_BACKUP}")),
        (
            "DELETE",
            format!("/api/v1/users/{ALEX}/clients/{}/tokens", OAUTH_CLIENTS[0]),
        ),
        ("DELETE", format!("/api/v1/users/{ALEX}/grants")),
        (
            "DELETE",
            format!("/api/v1/users/{ALEX}/factors/{}", PIXEL[0]),
        ),
    ] {
        assert_eq!(ask(&mut range, method, &path).status, 204, "{path}");
    }
    assert_eq!(range.okta.attacker_holds(ALEX), Vec::<String>::new());
    assert!(range.okta.is_contained(ALEX));
}

#[test]
fn quarantine_contains_only_once_sessions_and_tokens_are_gone() {
    let mut range = contoso();
    ask(
        &mut range,
        "PUT",
        &format!("/api/v1/groups/{QUARANTINE_GROUP}/users/{ALEX}"),
    );
    assert!(!range.okta.is_contained(ALEX));
    ask(
        &mut range,
        "DELETE",
        &format!("/api/v1/users/{ALEX}/sessions?oauthTokens=true"),
    );
    assert!(!range.okta.is_contained(ALEX), "the API token still works");
    ask(
        &mut range,
        "DELETE",
        &format!("/api/v1/api-tokens/{CI_BACKUP}"),
    );
    assert!(range.okta.is_contained(ALEX));
}

#[test]
fn cleared_but_not_suspended_he_is_back_and_suspended_he_is_not() {
    let mut range = open(World::contoso(NOW).attacker(Attacker::new(ALEX, 100)));
    for second in 0..20 {
        ask_at(
            &mut range,
            NOW + second * 1000,
            "GET",
            "/.well-known/okta-organization",
        );
    }
    let attacker = range.attacker.clone().unwrap();
    assert!(
        attacker.count("enrol_factor") > 0
            && attacker.count("mint_token") > 0
            && attacker.count("sso") > 0
    );
    let clear = format!("/api/v1/users/{ALEX}/sessions?oauthTokens=true");
    ask_at(&mut range, NOW + 21_000, "DELETE", &clear);
    range.tick(NOW + 22_000);
    assert_eq!(range.attacker.as_ref().unwrap().count("sign_in"), 1);
    contain(&mut range, NOW + 23_000);
    for second in 24..60 {
        range.tick(NOW + second * 1000);
    }
    let attacker = range.attacker.clone().unwrap();
    assert!(attacker.count("refused") > 20);
    assert!(range.okta.is_contained(ALEX));
}

#[test]
fn an_accomplice_gives_him_the_account_back() {
    let attacker = Attacker::new(ALEX, 100).with_accomplice(PRIYA);
    let mut range = open(World::contoso(NOW).attacker(attacker));
    contain(&mut range, NOW);
    for second in 1..10 {
        range.tick(NOW + second * 1000);
    }
    assert_eq!(range.attacker.as_ref().unwrap().count("unsuspend"), 1);
    assert!(!range.okta.is_contained(ALEX));
    let events = ask_at(
        &mut range,
        NOW + 11_000,
        "GET",
        "/api/v1/logs?filter=eventType%20eq%20%22user.lifecycle.unsuspend%22",
    );
    assert_eq!(events.json()[0]["actor"]["id"], PRIYA);
}

#[test]
fn every_move_of_his_is_in_the_log() {
    let mut range = open(World::contoso(NOW).attacker(Attacker::new(ALEX, 100)));
    for second in 0..30 {
        range.tick(NOW + second * 1000);
    }
    let counts = range.attacker.clone().unwrap();
    for (what, event) in [
        ("enrol_factor", "user.mfa.factor.activate"),
        ("mint_token", "system.api_token.create"),
        ("sso", "user.authentication.sso"),
    ] {
        let path = format!(
            "/api/v1/logs?since=2026-03-10T15:00:00.000Z&limit=1000&filter=eventType%20eq%20%22{event}%22"
        );
        let seen = ask_at(&mut range, NOW + 40_000, "GET", &path)
            .json()
            .as_array()
            .unwrap()
            .len();
        let more = range.attacker.clone().unwrap().count(what) - counts.count(what);
        assert_eq!(
            u32::try_from(seen).unwrap() - more,
            counts.count(what),
            "{what}"
        );
    }
}

#[test]
fn changes_by_hand_are_seen() {
    let mut range = contoso();
    contain(&mut range, NOW);
    assert!(range.okta.sign_in_as_attacker(ALEX, NOW).is_none());
    range
        .okta
        .enrol_factor_by_hand(ALEX, "push", "Pixel 10", NOW);
    range.okta.mint_api_token_by_hand(ALEX, "again", NOW);
    assert!(
        range
            .okta
            .unsuspend_by_hand(ALEX, oust_mocks::okta::Okta::IMPORT, NOW)
    );
    assert!(!range.okta.is_contained(ALEX));
    assert!(range.okta.sign_in_as_attacker(ALEX, NOW).is_some());
}

#[test]
fn the_same_seed_gives_the_same_world_journal_and_attacker() {
    let play = |seed: u64| {
        let mut range = Range::new(World::contoso(NOW).attacker(Attacker::new(ALEX, 100)), seed);
        for second in 0..20 {
            ask_at(
                &mut range,
                NOW + second * 1000,
                "GET",
                "/api/v1/logs?limit=5",
            );
        }
        contain(&mut range, NOW + 30_000);
        let log = ask_at(&mut range, NOW + 31_000, "GET", "/api/v1/logs?limit=1000");
        (range.okta.digest(), range.journal.entries().to_vec(), log)
    };
    assert_eq!(play(1), play(1));
    assert_ne!(play(1).0, play(2).0);
}

#[test]
fn reading_changes_no_digest_and_writing_does() {
    let mut range = contoso();
    let before = range.okta.digest();
    for path in ["/api/v1/users", "/api/v1/logs", "/api/v1/api-tokens"] {
        ask(&mut range, "GET", path);
    }
    assert_eq!(range.okta.digest(), before);
    assert!(range.journal.writes().is_empty());
    contain(&mut range, NOW);
    assert_ne!(range.okta.digest(), before);
    let effects: Vec<bool> = range.journal.writes().iter().map(|e| e.effective).collect();
    assert_eq!(effects, [true, true, false]);
}
