//! Faults: parsed with clear errors, shown exactly when told, with or without effect.

use oust_mocks::world::{ALEX, SSWS_SECRET};
use oust_mocks::{Faults, Range, Reply, Request};

use crate::{NOW, contoso};

fn suspend_with(faults: &str) -> (Range, Reply) {
    let mut range = contoso();
    range.faults = Faults::parse(faults).unwrap();
    let reply = suspend(&mut range);
    (range, reply)
}

fn suspend(range: &mut Range) -> Reply {
    get(
        range,
        "POST",
        &format!("/api/v1/users/{ALEX}/lifecycle/suspend"),
    )
}

fn get(range: &mut Range, method: &str, path: &str) -> Reply {
    let request =
        Request::new(method, path).with_header("authorization", &format!("SSWS {SSWS_SECRET}"));
    range.handle("okta", &request, NOW)
}

fn suspended(range: &Range) -> bool {
    range.okta.user(ALEX).unwrap().status == "SUSPENDED"
}

#[test]
fn each_kind_has_the_effect_it_says_and_no_other() {
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
        let (range, _) = suspend_with(&format!("POST suspend={fault}"));
        assert_eq!(suspended(&range), effect, "{fault}");
        let entry = &range.journal.entries()[0];
        assert!(entry.mutating, "{fault}");
        assert_eq!(
            (entry.effective, entry.fault.as_deref()),
            (effect, Some(fault))
        );
    }
}

#[test]
fn a_lie_looks_like_a_success() {
    let (range, reply) = suspend_with("suspend=lie_ok");
    assert_eq!(reply.answer().unwrap().status, 200);
    assert!(!suspended(&range));
}

#[test]
fn the_nth_match_only_and_so_many_times() {
    let mut range = contoso();
    range.faults = Faults::parse("GET logs#2=internal, GET api-tokens*2=status:503").unwrap();
    let statuses = |range: &mut Range, path: &str| -> Vec<u16> {
        (0..4)
            .map(|_| get(range, "GET", path).answer().unwrap().status)
            .collect()
    };
    assert_eq!(statuses(&mut range, "/api/v1/logs"), [200, 500, 200, 200]);
    assert_eq!(
        statuses(&mut range, "/api/v1/api-tokens"),
        [503, 503, 200, 200]
    );
    assert_eq!(range.faults.shown(), [1, 2]);
}

#[test]
fn the_429s_can_be_told_apart() {
    let (_, minute) = suspend_with("suspend=throttle_minute");
    let (_, crowd) = suspend_with("suspend=throttle_concurrency");
    let (_, bare) = suspend_with("suspend=throttle_no_headers");
    let limit = |reply: &Reply| {
        let answer = reply.answer().unwrap();
        assert_eq!(answer.status, 429);
        answer.header("x-rate-limit-limit").map(str::to_owned)
    };
    assert_eq!(
        (
            limit(&minute).as_deref(),
            limit(&crowd).as_deref(),
            limit(&bare)
        ),
        (Some("600"), Some("0"), None)
    );
}

#[test]
fn what_a_fault_tells_of_the_quota_is_of_the_bucket_that_its_request_falls_in() {
    let mut range = contoso();
    range.faults = Faults::parse("logs#1=throttle_minute,logs#2=internal").unwrap();
    let mut figures = |path: &str| {
        let reply = get(&mut range, "GET", path);
        let answer = reply.answer().unwrap();
        let figure = |name: &str| answer.header(name).unwrap().to_owned();
        let (limit, left) = ("x-rate-limit-limit", "x-rate-limit-remaining");
        (answer.status, figure(limit), figure(left))
    };
    let told = |status: u16, limit: &str, left: &str| (status, limit.to_owned(), left.to_owned());
    // Half of what the org has of it, and nothing of it was used.
    assert_eq!(figures("/api/v1/logs"), told(429, "60", "0"));
    assert_eq!(figures("/api/v1/logs"), told(500, "60", "60"));
    assert_eq!(figures("/api/v1/logs"), told(200, "60", "59"));
    assert_eq!(figures("/api/v1/api-tokens"), told(200, "600", "599"));
}

#[test]
fn broken_bodies_and_foreign_links() {
    let mut range = contoso();
    range.faults = Faults::parse("users#1=truncated_json,users#2=foreign_next,users#3=oversized_body,users#4=reset_mid_body,users#5=clock_skew:-90000").unwrap();
    let mut list = || get(&mut range, "GET", "/api/v1/users");
    assert!(list().answer().unwrap().json().is_null());
    assert_eq!(
        list().answer().unwrap().link("next"),
        Some("http://evil.example/api/v1/next")
    );
    assert!(list().answer().unwrap().body.len() > 8 * 1024 * 1024);
    let Reply::CutMidBody { response, bytes } = list() else {
        panic!("a cut")
    };
    assert!(bytes > 0 && bytes < response.body.len());
    assert_eq!(
        list().answer().unwrap().header("date"),
        Some("Tue, 10 Mar 2026 14:58:30 GMT")
    );
}

#[test]
fn what_cannot_be_parsed_says_why() {
    for (text, why) in [
        ("suspend", "write it as SELECTOR=KIND"),
        ("suspend=explode", "unknown kind `explode`"),
        ("suspend#0=lie_ok", "needs a number from 1"),
        ("suspend=latency", "needs a value"),
        ("suspend=lie_ok:3", "takes no value"),
        ("POST #1=lie_ok", "the part of the path is missing"),
    ] {
        let error = Faults::parse(text).unwrap_err();
        assert!(error.contains(why) && error.contains(text), "{error}");
    }
    assert!(Faults::parse("").unwrap().shown().is_empty());
}
