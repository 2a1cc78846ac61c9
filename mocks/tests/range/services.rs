//! What is the same for every service behind Okta: the way there, the journal, the digests, the
//! faults, the accounts, and the intruder who visits them.

use oust_mocks::range::SYSTEMS;
use oust_mocks::slack::TOKEN;
use oust_mocks::world::{ALEX, SSWS_SECRET};
use oust_mocks::{Attacker, Faults, Range, Reply, Request, World, accounts};

use crate::{NOW, ask, ask_at, contoso, open};

const LOGIN: &str = "alex@contoso.example";

/// At each service: how many accounts there are, a request that reads, one that writes to alex.
fn samples() -> Vec<(&'static str, Request, Request)> {
    let form = "application/x-www-form-urlencoded";
    let slack = |method: &str, body: String| {
        Request::new("POST", &format!("/slack/api/{method}"))
            .with_header("authorization", &format!("Bearer {TOKEN}"))
            .with_body(form, body)
    };
    let id = accounts::slack_id(LOGIN);
    vec![(
        "slack",
        slack("auth.test", String::new()),
        slack("admin.users.session.reset", format!("user_id={id}")),
    )]
}

fn send(range: &mut Range, request: &Request, now_ms: i64) -> Reply {
    let (system, request) = Range::route(request);
    range.handle(system, &request, now_ms)
}

#[test]
fn the_first_segment_names_the_vendor_and_everything_else_is_okta_s() {
    for (path, system, rest) in [
        ("/slack/api/auth.test", "slack", "/api/auth.test"),
        ("/google/oauth/token", "google", "/oauth/token"),
        (
            "/m365/graph/v1.0/users/a%2Fb",
            "m365",
            "/graph/v1.0/users/a%2Fb",
        ),
        ("/slack", "slack", "/"),
        ("/slacker/api", "okta", "/slacker/api"),
        ("/api/v1/users", "okta", "/api/v1/users"),
        ("/", "okta", "/"),
    ] {
        let (found, request) = Range::route(&Request::new("GET", &format!("{path}?a=1")));
        assert_eq!(
            (found, request.path.as_str(), request.query.as_str()),
            (system, rest, "a=1")
        );
    }
}

#[test]
fn okta_s_external_id_is_the_id_at_the_service() {
    let mut range = contoso();
    for (app, id) in [
        ("0oaJ8ZrclgAhgf6Kg5d7", accounts::slack_id(LOGIN)),
        ("0oaVRaP8YzYGV2Wzc5d7", accounts::google_id(LOGIN)),
        ("0oapjggka7JrtyWlO5d7", accounts::m365_id(LOGIN)),
    ] {
        let path = format!("/api/v1/apps/{app}/users/{ALEX}");
        assert_eq!(ask(&mut range, "GET", &path).json()["externalId"], id);
    }
}

#[test]
fn an_assignment_says_when_it_last_changed() {
    let app = "0oaJ8ZrclgAhgf6Kg5d7";
    let mut range = open(World::contoso(NOW).user(LOGIN, |u| {
        u.apps.get_mut(app).unwrap().last_updated_ms = NOW - 60_000;
    }));
    let body = ask(
        &mut range,
        "GET",
        &format!("/api/v1/apps/{app}/users/{ALEX}"),
    )
    .json();
    assert_eq!(body["lastUpdated"], "2026-03-10T14:59:00.000Z");
    assert_ne!(body["created"], body["lastUpdated"]);
}

#[test]
fn the_journal_names_the_system_and_tells_reads_from_writes() {
    let mut range = contoso();
    for (system, read, write) in samples() {
        range.journal.clear();
        let (before, all) = (range.digest_of(system), range.digest());
        assert_eq!(
            send(&mut range, &read, NOW).answer().unwrap().status,
            200,
            "{system}"
        );
        assert_eq!(range.digest_of(system), before, "{system}");
        assert!(range.journal.writes().is_empty(), "{system}");
        let answer = send(&mut range, &write, NOW).answer().unwrap().clone();
        assert!(answer.status < 300, "{system} {:?}", answer.json());
        assert_ne!(range.digest_of(system), before, "{system}");
        assert_ne!(range.digest(), all, "{system}");
        let seen: Vec<_> = range
            .journal
            .entries()
            .iter()
            .map(|e| (e.system.as_str(), e.mutating, e.effective))
            .collect();
        assert_eq!(seen, [(system, false, false), (system, true, true)]);
        let principals = range.journal.entries().iter().map(|e| &e.principal);
        assert!(principals.into_iter().all(|p| !p.is_empty()), "{system}");
        assert!(!range.journal.lines().contains("xoxp"));
        for other in SYSTEMS.iter().filter(|other| **other != system) {
            assert_eq!(range.digest_of(other), contoso().digest_of(other));
        }
    }
}

#[test]
fn every_fault_has_the_effect_it_says_at_every_service() {
    for (fault, effect) in [
        ("status:418", false),
        ("lie_ok", false),
        ("already_done", false),
        ("unauthorized", false),
        ("forbidden", false),
        ("not_found", false),
        ("conflict", false),
        ("throttle_minute", false),
        ("throttle_concurrency", false),
        ("throttle_no_headers", false),
        ("internal", false),
        ("html_502", false),
        ("read_only", false),
        ("timeout_before", false),
        ("hang:5", false),
        ("cut_before_effect", false),
        ("oversized_body", false),
        ("foreign_redirect", false),
        ("kill_before:1", false),
        ("timeout_after", true),
        ("cut_after_effect", true),
        ("reset_mid_body", true),
        ("truncated_json", true),
        ("foreign_next", true),
        ("clock_skew:-90000", true),
        ("latency:5", true),
        ("kill_after_effect:1", true),
        ("kill_after_answer:1", true),
    ] {
        for (system, _, write) in samples() {
            let mut range = contoso();
            let before = range.digest_of(system);
            range.faults = Faults::parse(&format!("{system} {} /={fault}", write.method)).unwrap();
            let _ = send(&mut range, &write, NOW);
            assert_eq!(
                range.digest_of(system) != before,
                effect,
                "{system} {fault}"
            );
            let entry = &range.journal.entries()[0];
            assert_eq!(
                (entry.mutating, entry.effective, entry.fault.as_deref()),
                (true, effect, Some(fault)),
                "{system}"
            );
        }
    }
}

#[test]
fn a_rule_for_one_system_spares_the_others() {
    for (system, read, _) in samples() {
        let mut range = contoso();
        range.faults = Faults::parse(&format!("{system}=status:418")).unwrap();
        assert_eq!(
            send(&mut range, &read, NOW).answer().unwrap().status,
            418,
            "{system}"
        );
        assert_eq!(ask(&mut range, "GET", "/api/v1/users").status, 200);
        range.faults = Faults::parse("okta /=status:418").unwrap();
        assert_eq!(ask(&mut range, "GET", "/api/v1/users").status, 418);
        assert_eq!(
            send(&mut range, &read, NOW).answer().unwrap().status,
            200,
            "{system}"
        );
    }
}

#[test]
fn a_system_that_hangs_hangs_for_so_long_and_no_longer() {
    for (system, read, _) in samples() {
        let mut range = contoso();
        range.faults = Faults::parse(&format!("{system}=hang:30")).unwrap();
        let mut answers = |at_s: i64| {
            send(&mut range, &read, NOW + at_s * 1000)
                .answer()
                .is_some()
        };
        assert_eq!(
            [0, 10, 29, 30, 90].map(&mut answers),
            [false, false, false, true, true],
            "{system}"
        );
    }
}

#[test]
fn throttles_are_the_vendor_s_own() {
    let told = |system: &str, request: &Request, kind: &str| {
        let mut range = contoso();
        range.faults = Faults::parse(&format!("{system}={kind}")).unwrap();
        send(&mut range, request, NOW).answer().unwrap().clone()
    };
    for (system, read, _) in samples() {
        let minute = told(system, &read, "throttle_minute");
        let bare = told(system, &read, "throttle_no_headers");
        match system {
            "slack" => {
                assert_eq!(
                    (minute.status, minute.header("retry-after")),
                    (429, Some("30"))
                );
                assert_eq!(minute.json()["error"], "ratelimited");
                assert_eq!((bare.status, bare.header("retry-after")), (429, None));
            }
            other => panic!("{other} is not described"),
        }
    }
}

#[test]
fn someone_without_an_account_has_none() {
    for (system, ..) in samples() {
        let range = open(World::contoso(NOW).without_account(system, LOGIN));
        let held = range.holds(LOGIN);
        assert!(
            !held.is_empty()
                && held
                    .iter()
                    .all(|line| !line.starts_with(&format!("{system}:"))),
            "{held:#?}"
        );
    }
}

#[test]
fn the_story_begins_with_something_of_his_at_every_service() {
    let range = contoso();
    for (system, ..) in samples() {
        assert!(
            range
                .holds(ALEX)
                .iter()
                .any(|line| line.starts_with(&format!("{system}: "))),
            "{system}"
        );
    }
    assert!(range.holds("kim@contoso.example").is_empty());
    assert!(range.holds("nobody").is_empty());
}

fn end_sessions_at(range: &mut Range, now_ms: i64) {
    for (_, _, write) in samples() {
        let answer = send(range, &write, now_ms);
        assert!(answer.answer().is_some_and(|a| a.status < 300));
    }
}

#[test]
fn he_is_back_at_a_service_as_long_as_okta_lets_him_and_never_after() {
    let world = World::contoso(NOW).attacker(Attacker::new(ALEX, 1_000).with_services());
    let mut range = open(world);
    end_sessions_at(&mut range, NOW);
    for second in 1..20 {
        range.tick(NOW + second * 1000);
    }
    let attacker = range.attacker.clone().unwrap();
    for (system, ..) in samples() {
        assert!(
            attacker.count(match system {
                "m365" => "m365_sso",
                "google" => "google_sso",
                _ => "slack_sso",
            }) > 0,
            "{system}: {:?}",
            attacker.moves
        );
    }
    for (method, path) in [
        (
            "DELETE",
            format!("/api/v1/users/{ALEX}/sessions?oauthTokens=true"),
        ),
        ("POST", format!("/api/v1/users/{ALEX}/lifecycle/suspend")),
        (
            "DELETE",
            format!("/api/v1/users/{ALEX}/sessions?oauthTokens=true"),
        ),
    ] {
        ask_at(&mut range, NOW + 20_000, method, &path);
    }
    // What he has at the services outlives Okta.
    for (system, ..) in samples() {
        assert!(
            range
                .holds(ALEX)
                .iter()
                .any(|l| l.starts_with(&format!("{system}: session"))),
            "{system}"
        );
    }
    end_sessions_at(&mut range, NOW + 20_000);
    for second in 21..60 {
        range.tick(NOW + second * 1000);
    }
    assert!(
        range.holds(ALEX).iter().all(|l| !l.contains(": session")),
        "{:#?}",
        range.holds(ALEX)
    );
}

#[test]
fn what_he_does_at_okta_is_the_same_whether_or_not_he_visits_the_services() {
    let play = |attacker: Attacker| {
        let mut range = open(World::contoso(NOW).attacker(attacker));
        for second in 0..60 {
            range.tick(NOW + second * 700);
        }
        (range.okta.digest(), range.digest())
    };
    let (alone, _) = play(Attacker::new(ALEX, 1_000));
    let (visiting, all) = play(Attacker::new(ALEX, 1_000).with_services());
    assert_eq!(alone, visiting);
    assert_eq!(all, play(Attacker::new(ALEX, 1_000).with_services()).1);
}

#[test]
fn his_sign_ons_are_in_okta_s_log() {
    let world = World::contoso(NOW).attacker(Attacker::new(ALEX, 1_000).with_services());
    let mut range = open(world);
    end_sessions_at(&mut range, NOW);
    let before = range.okta.events_of("user.authentication.sso").len();
    range.tick(NOW + 2_000);
    range.tick(NOW + 4_000);
    assert!(range.okta.events_of("user.authentication.sso").len() > before);
}

#[test]
fn a_crowd_can_have_accounts() {
    let mut range = open(World::contoso(NOW).crowd_at_services(3));
    let id = range
        .okta
        .user("crowd-00002@contoso.example")
        .unwrap()
        .id
        .clone();
    let path = format!("/api/v1/apps/0oaJ8ZrclgAhgf6Kg5d7/users/{id}");
    let external = ask(&mut range, "GET", &path).json()["externalId"].clone();
    assert!(range.slack.member(external.as_str().unwrap()).is_some());
}

#[test]
fn okta_s_requests_need_okta_s_token() {
    let mut range = contoso();
    let request = Request::new("GET", "/slack/api/auth.test")
        .with_header("authorization", &format!("SSWS {SSWS_SECRET}"));
    let answer = send(&mut range, &request, NOW).answer().unwrap().clone();
    assert_eq!(answer.json()["ok"], false);
}
