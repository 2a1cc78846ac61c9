//! What is the same for every service behind Okta: the way there, the journal, the digests, the
//! faults, the accounts, and the intruder who visits them.

use oust_mocks::aws::PRODUCTION;
use oust_mocks::range::SYSTEMS;
use oust_mocks::slack::TOKEN;
use oust_mocks::world::{ALEX, SSWS_SECRET};
use oust_mocks::{Attacker, Faults, Range, Reply, Request, World, accounts, gtr};
use serde_json::json;

use crate::gtr::request as gtr_request;
use crate::{NOW, ask, ask_at, aws, contoso, github, google, m365, salesforce};

const LOGIN: &str = "alex@contoso.example";

/// A range whose services have let us in.
struct Stage {
    range: Range,
    google: String,
    m365: String,
    salesforce: String,
    github: String,
    aws: aws::Keys,
}

/// Answers no request that reads.
const BLIND: &str = "gtr";

/// A request that reads, one that ends alex's sessions, and the name of the intruder's way in.
struct Sample {
    system: &'static str,
    read: Request,
    write: Request,
    sso: &'static str,
}

fn stage(world: World) -> Stage {
    let world = world
        .google_key(google::key())
        .salesforce_key(salesforce::key())
        .github_key(github::key());
    let mut range = Range::new(world, 7);
    let google = google::token(&mut range);
    let m365 = m365::token(&mut range);
    let salesforce = salesforce::token(&mut range, "salesforce");
    let github = github::token(&mut range, "github");
    let aws = aws::responder(&mut range, PRODUCTION);
    range.journal.clear();
    Stage {
        range,
        google,
        m365,
        salesforce,
        github,
        aws,
    }
}

fn plain() -> Stage {
    stage(World::contoso(NOW))
}

impl Stage {
    fn samples(&self) -> Vec<Sample> {
        let slack = |method: &str, body: String| {
            Request::new("POST", &format!("/slack/api/{method}"))
                .with_header("authorization", &format!("Bearer {TOKEN}"))
                .with_body("application/x-www-form-urlencoded", body)
        };
        let google = |method: &str, tail: &str| {
            let id = accounts::google_id(LOGIN);
            let path = format!("/google/api/admin/directory/v1/users/{id}{tail}");
            Request::new(method, &path)
                .with_header("authorization", &format!("Bearer {}", self.google))
        };
        let graph = |method: &str, tail: &str| {
            let id = accounts::m365_id(LOGIN);
            let path = format!("/m365/graph/v1.0/users/{id}{tail}");
            Request::new(method, &path)
                .with_header("authorization", &format!("Bearer {}", self.m365))
        };
        let salesforce = |method: &str, tail: &str| {
            let path = format!("/salesforce/services/data/v66.0{tail}");
            Request::new(method, &path)
                .with_header("authorization", &format!("Bearer {}", self.salesforce))
        };
        let his = self.range.salesforce.user(&accounts::salesforce_id(LOGIN));
        let sessions: Vec<String> = his
            .iter()
            .flat_map(|u| u.sessions.keys().cloned())
            .collect();
        let github = |method: &str, tail: &str| {
            Request::new(method, &format!("/github/orgs/contoso/{tail}"))
                .with_header("authorization", &format!("Bearer {}", self.github))
                .with_header("user-agent", "test")
        };
        let authorized = self.range.github.person(&accounts::github_id(LOGIN));
        let authorized: Vec<u64> = authorized
            .iter()
            .flat_map(|p| p.credentials.values())
            .filter_map(|c| c.authorization.as_ref().map(|a| a.id))
            .collect();
        let slack_id = accounts::slack_id(LOGIN);
        vec![
            Sample {
                system: "m365",
                read: graph("GET", ""),
                write: graph("POST", "/revokeSignInSessions"),
                sso: "m365_sso",
            },
            Sample {
                system: "google",
                read: google("GET", ""),
                write: google("POST", "/signOut"),
                sso: "google_sso",
            },
            Sample {
                system: "slack",
                read: slack("auth.test", String::new()),
                write: slack("admin.users.session.reset", format!("user_id={slack_id}")),
                sso: "slack_sso",
            },
            Sample {
                system: "salesforce",
                read: salesforce("GET", "/query?q=SELECT%20Id%20FROM%20User"),
                write: salesforce(
                    "DELETE",
                    &format!("/composite/sobjects?ids={}", sessions.join(",")),
                ),
                sso: "salesforce_sso",
            },
            Sample {
                system: "github",
                read: github("GET", "credential-authorizations"),
                write: github(
                    "DELETE",
                    &format!(
                        "credential-authorizations/{}",
                        authorized.first().copied().unwrap_or_default()
                    ),
                ),
                sso: "github_sso",
            },
            Sample {
                system: BLIND,
                read: Request::new("GET", &format!("/gtr{}", gtr::PATH)),
                write: gtr_request(&json!({ "format": "opaque", "id": accounts::gtr_id(LOGIN) })),
                sso: "gtr_sso",
            },
            Sample {
                system: "aws",
                read: aws::query(&self.aws, "iam", "GetRole", &[("RoleName", "Admin")]),
                write: aws::deny_alex(&self.range, &self.aws),
                sso: "aws_sso",
            },
        ]
    }

    fn send(&mut self, request: &Request, now_ms: i64) -> Reply {
        let (system, request) = Range::route(request);
        self.range.handle(system, &request, now_ms)
    }

    fn status(&mut self, request: &Request, now_ms: i64) -> u16 {
        self.send(request, now_ms).answer().map_or(0, |a| a.status)
    }

    fn faults(&mut self, text: &str) {
        self.range.faults = Faults::parse(text).unwrap();
    }

    /// Ends his sessions everywhere, and what would open new ones without Okta.
    fn end_sessions(&mut self, now_ms: i64) {
        let alex = accounts::salesforce_id(LOGIN);
        let tokens = self.range.salesforce.user(&alex).unwrap().tokens.clone();
        for token in tokens.keys() {
            let revoke = Request::new("POST", "/salesforce/services/oauth2/revoke").with_body(
                "application/x-www-form-urlencoded",
                format!("token={token}"),
            );
            assert_eq!(self.status(&revoke, now_ms), 200);
        }
        for sample in self.samples() {
            assert!(
                (200..300).contains(&self.status(&sample.write, now_ms)),
                "{}",
                sample.system
            );
        }
        self.end_github(now_ms);
        aws::end_all(&mut self.range, now_ms);
    }

    /// All credentials of his at GitHub, at once; the browser by hand, for no API ends it.
    fn end_github(&mut self, now_ms: i64) {
        let (secret, login) = (self.github.clone(), accounts::github_login(LOGIN));
        let ask = |method: &str, tail: &str| {
            Request::new(method, &format!("/github/orgs/contoso/{tail}"))
                .with_header("authorization", &format!("Bearer {secret}"))
                .with_header("user-agent", "test")
        };
        let all = ask("POST", &format!("credential-authorizations/{login}/revoke"));
        let usual_ms = std::mem::replace(&mut self.range.github.settings.queue_ms, 0);
        assert_eq!(self.status(&all, now_ms), 202);
        self.range.github.settings.queue_ms = usual_ms;
        let grants = ask(
            "GET",
            &format!("personal-access-tokens?owner%5B%5D={login}"),
        );
        let rows = self.send(&grants, now_ms).answer().unwrap().json();
        for row in rows.as_array().unwrap() {
            let end = ask("POST", &format!("personal-access-tokens/{}", row["id"]))
                .with_body("application/json", r#"{"action":"revoke"}"#);
            assert_eq!(self.status(&end, now_ms), 204);
        }
        let id = accounts::github_id(LOGIN).parse().unwrap();
        self.range.github.end_browser_by_hand(id);
    }

    /// Lines of what he holds at one system.
    fn held_at(&self, system: &str) -> Vec<String> {
        let mut all = self.range.holds(ALEX);
        all.retain(|line| line.starts_with(&format!("{system}: ")));
        all
    }
}

/// At every service that can be asked something.
fn for_each_that_reads(check: impl Fn(Stage, Sample)) {
    for_each(|stage, sample| {
        if sample.system != BLIND {
            check(stage, sample);
        }
    });
}

fn for_each(check: impl Fn(Stage, Sample)) {
    for n in 0..plain().samples().len() {
        let stage = plain();
        let sample = stage.samples().swap_remove(n);
        check(stage, sample);
    }
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
        ("/salesforce:eu/services", "salesforce:eu", "/services"),
        ("/salesforce%3Aeu/services", "salesforce:eu", "/services"),
        ("/nobody:eu/services", "okta", "/nobody:eu/services"),
        ("/slacker/api", "okta", "/slacker/api"),
        ("/api/v1/users", "okta", "/api/v1/users"),
        ("/", "okta", "/"),
    ] {
        let (found, request) = Range::route(&Request::new("GET", &format!("{path}?a=1")));
        assert_eq!(
            (
                found.as_str(),
                request.path.as_str(),
                request.query.as_str(),
            ),
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
        ("0oa2XFuEa4KdM0zIB5d7", accounts::salesforce_id(LOGIN)),
        ("0oa1wfBlpGi7i8e3J5d7", accounts::github_scim_id(LOGIN)),
    ] {
        let path = format!("/api/v1/apps/{app}/users/{ALEX}");
        assert_eq!(ask(&mut range, "GET", &path).json()["externalId"], id);
    }
}

#[test]
fn an_assignment_says_when_it_last_changed() {
    let app = "0oaJ8ZrclgAhgf6Kg5d7";
    let world = World::contoso(NOW).user(LOGIN, |u| {
        u.apps.get_mut(app).unwrap().last_updated_ms = NOW - 60_000;
    });
    let path = format!("/api/v1/apps/{app}/users/{ALEX}");
    let body = ask(&mut Range::new(world, 7), "GET", &path).json();
    assert_eq!(body["lastUpdated"], "2026-03-10T14:59:00.000Z");
    assert_ne!(body["created"], body["lastUpdated"]);
}

#[test]
fn the_journal_names_the_system_and_tells_reads_from_writes() {
    for_each_that_reads(
        |mut stage,
         Sample {
             system,
             read,
             write,
             ..
         }| {
            let (before, all) = (stage.range.digest_of(system), stage.range.digest());
            assert_eq!(stage.status(&read, NOW), 200, "{system}");
            assert_eq!(stage.range.digest_of(system), before, "{system}");
            assert!(stage.range.journal.writes().is_empty(), "{system}");
            assert!((200..300).contains(&stage.status(&write, NOW)), "{system}");
            assert_ne!(stage.range.digest_of(system), before, "{system}");
            assert_ne!(stage.range.digest(), all, "{system}");
            let entries = stage.range.journal.entries();
            let seen: Vec<_> = entries
                .iter()
                .map(|e| (e.system.as_str(), e.mutating, e.effective))
                .collect();
            assert_eq!(seen, [(system, false, false), (system, true, true)]);
            assert!(entries.iter().all(|e| !e.principal.is_empty()), "{system}");
            for other in SYSTEMS.iter().filter(|other| **other != system) {
                assert_eq!(stage.range.digest_of(other), contoso().digest_of(other));
            }
        },
    );
}

#[test]
fn the_journal_holds_no_token() {
    let mut stage = plain();
    google::token(&mut stage.range);
    m365::token(&mut stage.range);
    let path = format!("/google/oauth/tokeninfo?access_token={}", stage.google);
    assert_eq!(stage.status(&Request::new("GET", &path), NOW), 200);
    stage.end_sessions(NOW);
    let text = format!("{:?}", stage.range.journal.entries());
    for secret in [TOKEN, &stage.google, &stage.m365, m365::SECRET, "eyJ"] {
        assert!(!text.contains(secret), "{secret} in {text}");
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
        for_each(|mut stage, Sample { system, write, .. }| {
            let before = stage.range.digest_of(system);
            stage.faults(&format!("{system} {} /={fault}", write.method));
            let _ = stage.send(&write, NOW);
            let changed = stage.range.digest_of(system) != before;
            assert_eq!(changed, effect, "{system} {fault}");
            let entry = &stage.range.journal.entries()[0];
            assert_eq!(
                (entry.mutating, entry.effective, entry.fault.as_deref()),
                (true, effect, Some(fault)),
                "{system}"
            );
        });
    }
}

#[test]
fn a_rule_for_one_system_spares_the_others() {
    for_each_that_reads(|mut stage, Sample { system, read, .. }| {
        stage.faults(&format!("{system}=status:418"));
        assert_eq!(stage.status(&read, NOW), 418, "{system}");
        assert_eq!(ask(&mut stage.range, "GET", "/api/v1/users").status, 200);
        stage.faults("okta /=status:418");
        assert_eq!(ask(&mut stage.range, "GET", "/api/v1/users").status, 418);
        assert_eq!(stage.status(&read, NOW), 200, "{system}");
    });
}

#[test]
fn a_system_that_hangs_hangs_for_so_long_and_no_longer() {
    for_each_that_reads(|mut stage, Sample { system, read, .. }| {
        stage.faults(&format!("{system}=hang:30"));
        let statuses = [0, 10, 29, 30, 90].map(|s| stage.status(&read, NOW + s * 1000));
        assert_eq!(statuses, [0, 0, 0, 200, 200], "{system}");
    });
}

#[test]
fn throttles_are_the_vendor_s_own() {
    for_each_that_reads(|mut stage, Sample { system, read, .. }| {
        let mut told = |kind: &str| {
            stage.faults(&format!("{system}={kind}"));
            stage.send(&read, NOW).answer().unwrap().clone()
        };
        let minute = told("throttle_minute");
        let crowd = told("throttle_concurrency");
        let bare = told("throttle_no_headers");
        let wait = |answer: &oust_mocks::Response| answer.header("retry-after").is_some();
        assert!(!wait(&bare) && bare.status == 429, "{system}");
        match system {
            "slack" => {
                assert_eq!((minute.status, wait(&minute)), (429, true));
                assert_eq!(minute.json()["error"], "ratelimited");
            }
            "m365" => {
                assert_eq!((minute.status, wait(&minute)), (429, true));
                assert!(minute.header("x-ms-throttle-scope").is_some());
                assert_eq!(minute.json()["error"]["code"], "TooManyRequests");
            }
            "google" => {
                let reason = |answer: &oust_mocks::Response| {
                    answer.json()["error"]["errors"][0]["reason"].clone()
                };
                assert_eq!((minute.status, wait(&minute)), (403, false));
                assert_eq!(reason(&minute), "userRateLimitExceeded");
                assert_eq!(reason(&crowd), "quotaExceeded");
            }
            "salesforce" => {
                assert_eq!((minute.status, wait(&minute)), (403, false));
                for answer in [&minute, &crowd] {
                    assert_eq!(answer.json()[0]["errorCode"], "REQUEST_LIMIT_EXCEEDED");
                }
            }
            "github" => {
                assert_eq!((minute.status, wait(&minute)), (403, false));
                assert_eq!(minute.header("x-ratelimit-remaining"), Some("0"));
                assert!(minute.header("x-ratelimit-reset").is_some());
                assert_eq!((crowd.status, wait(&crowd)), (403, true));
                assert!(bare.header("x-ratelimit-remaining").is_none());
            }
            "aws" => {
                for answer in [&minute, &crowd] {
                    assert_eq!((answer.status, wait(answer)), (400, false));
                    let text = String::from_utf8_lossy(&answer.body).into_owned();
                    assert!(text.contains("<Code>Throttling</Code>"), "{text}");
                }
            }
            other => panic!("{other} is not described"),
        }
    });
}

#[test]
fn someone_without_an_account_has_none() {
    for_each(|_, Sample { system, .. }| {
        let stage = stage(World::contoso(NOW).without_account(system, LOGIN));
        assert!(stage.held_at(system).is_empty(), "{system}");
        assert!(!stage.held_at("okta").is_empty());
    });
}

#[test]
fn the_story_begins_with_something_of_his_at_every_service() {
    for_each(|stage, Sample { system, .. }| {
        assert!(!stage.held_at(system).is_empty(), "{system}");
        assert!(stage.range.holds("kim@contoso.example").is_empty());
        assert!(stage.range.holds("nobody").is_empty());
    });
}

#[test]
fn he_is_back_at_a_service_as_long_as_okta_lets_him_and_never_after() {
    let attacker = Attacker::new(ALEX, 1_000).with_services();
    let mut stage = stage(World::contoso(NOW).attacker(attacker));
    stage.end_sessions(NOW);
    for second in 1..20 {
        stage.range.tick(NOW + second * 1000);
    }
    let moves = stage.range.attacker.clone().unwrap().moves;
    for sample in stage.samples() {
        assert!(moves.contains_key(sample.sso), "{moves:?}");
    }
    let user = format!("/api/v1/users/{ALEX}");
    for (method, path) in [
        ("DELETE", format!("{user}/sessions?oauthTokens=true")),
        ("POST", format!("{user}/lifecycle/suspend")),
        ("DELETE", format!("{user}/sessions?oauthTokens=true")),
    ] {
        ask_at(&mut stage.range, NOW + 20_000, method, &path);
    }
    // What he has at the services outlives Okta.
    let in_session = |stage: &Stage, system: &str| {
        let held = stage.held_at(system);
        match system {
            "github" => !held.is_empty(),
            _ => held.iter().any(|line| line.contains(": session")),
        }
    };
    for sample in stage.samples() {
        assert!(in_session(&stage, sample.system), "{}", sample.system);
    }
    stage.end_sessions(NOW + 20_000);
    for second in 21..60 {
        stage.range.tick(NOW + second * 1000);
    }
    for sample in stage.samples() {
        assert!(!in_session(&stage, sample.system), "{}", sample.system);
    }
}

#[test]
fn what_he_does_at_okta_is_the_same_whether_or_not_he_visits_the_services() {
    let play = |attacker: Attacker| {
        let mut range = Range::new(World::contoso(NOW).attacker(attacker), 7);
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
    let attacker = Attacker::new(ALEX, 1_000).with_services();
    let mut stage = stage(World::contoso(NOW).attacker(attacker));
    stage.end_sessions(NOW);
    let count = |stage: &Stage| stage.range.okta.events_of("user.authentication.sso").len();
    let before = count(&stage);
    for second in 1..10 {
        stage.range.tick(NOW + second * 1000);
    }
    let visits: u32 = stage
        .samples()
        .iter()
        .map(|s| stage.range.attacker.as_ref().unwrap().count(s.sso))
        .sum();
    assert!(visits > 0 && count(&stage) - before >= visits as usize);
}

#[test]
fn a_crowd_can_have_accounts() {
    let mut stage = stage(World::contoso(NOW).crowd_at_services(3));
    let login = "crowd-00002@contoso.example";
    let id = stage.range.okta.user(login).unwrap().id.clone();
    let path = format!("/api/v1/apps/0oaJ8ZrclgAhgf6Kg5d7/users/{id}");
    let external = ask(&mut stage.range, "GET", &path).json()["externalId"].clone();
    assert!(
        stage
            .range
            .slack
            .member(external.as_str().unwrap())
            .is_some()
    );
    assert!(
        stage
            .range
            .google
            .user(&accounts::google_id(login))
            .is_some()
    );
}

#[test]
fn okta_s_token_opens_no_service() {
    for_each_that_reads(
        |mut stage,
         Sample {
             system, mut read, ..
         }| {
            read.headers.retain(|(name, _)| name != "authorization");
            let read = read.with_header("authorization", &format!("SSWS {SSWS_SECRET}"));
            let answer = stage.send(&read, NOW).answer().unwrap().clone();
            // AWS says 403 to whoever has not signed.
            let refused = matches!((system, answer.status), (_, 401) | ("aws", 403))
                || answer.json()["ok"] == false;
            assert!(refused, "{system} {}", answer.status);
        },
    );
}

#[test]
fn before_he_signs_on_he_holds_nothing_at_a_service() {
    let stage = stage(World::contoso_aged(NOW, 40));
    for sample in stage.samples() {
        assert!(stage.held_at(sample.system).is_empty(), "{}", sample.system);
    }
}

#[test]
fn a_clock_that_is_off_shows_in_the_date() {
    for_each(|mut stage, Sample { system, read, .. }| {
        stage.faults(&format!("{system}=clock_skew:-90000"));
        let answer = stage.send(&read, NOW).answer().unwrap().clone();
        let date = answer.header("date");
        assert_eq!(date, Some("Tue, 10 Mar 2026 14:58:30 GMT"), "{system}");
    });
}

#[test]
fn every_vendor_can_be_there_twice_with_a_state_route_and_faults_of_its_own() {
    let first = SYSTEMS[1..].iter();
    let seconds: Vec<String> = first.map(|system| format!("{system}:two")).collect();
    let world = seconds
        .iter()
        .fold(World::contoso(NOW), |world, system| world.second(system));
    let world = world.without_account("slack:two", LOGIN);
    let mut stage = stage(world);
    assert_eq!(
        stage.range.systems()[SYSTEMS.len() - 1..].len(),
        seconds.len()
    );
    let held = stage.range.holds(ALEX);
    for (system, one) in seconds.iter().zip(&SYSTEMS[1..]) {
        let here = held
            .iter()
            .any(|line| line.starts_with(&format!("{system}: ")));
        assert_eq!(here, system != "slack:two", "{system}: {held:?}");
        stage.faults(&format!("{system}=status:418"));
        let asked = Request::new("GET", &format!("/{system}/nothing"));
        assert_eq!(stage.status(&asked, NOW), 418, "{system}");
        let asked = Request::new("GET", &format!("/{one}/nothing"));
        assert_ne!(stage.status(&asked, NOW), 418, "{one}");
        let entries = stage.range.journal.entries();
        let [.., there, here] = entries else { panic!() };
        assert_eq!((&there.system, here.system.as_str()), (system, *one));
    }
    let before: Vec<String> = seconds.iter().map(|s| stage.range.digest_of(s)).collect();
    stage.faults("");
    stage.end_sessions(NOW);
    let after: Vec<String> = seconds.iter().map(|s| stage.range.digest_of(s)).collect();
    assert!(before == after && before.iter().all(|digest| !digest.is_empty()));
    let labels: Vec<&str> = stage
        .range
        .okta
        .apps
        .values()
        .map(|a| a.label.as_str())
        .filter(|label| label.ends_with("(two)"))
        .collect();
    assert_eq!(labels.len(), seconds.len(), "{labels:?}");
}

#[test]
fn he_digs_in_wherever_he_has_a_session() {
    let attacker = Attacker::new(ALEX, 500).with_services();
    let mut range = Range::new(World::contoso(NOW).attacker(attacker), 7);
    for second in 0..240 {
        range.tick(NOW + second * 1000);
    }
    let moves = range.attacker.clone().unwrap().moves;
    for what in [
        "m365_method",
        "m365_consent",
        "m365_rule",
        "google_app_password",
        "google_consent",
        "slack_session",
        "salesforce_token",
        "salesforce_session",
        "github_token",
        "github_key",
        "github_grant",
        "gtr_token",
        "aws_chain",
        "aws_key",
    ] {
        assert!(moves.contains_key(what), "{what}: {moves:?}");
    }
}
