//! The System Log: polling, bounded queries, filters, and what a write leaves in it.

use oust_mocks::World;
use oust_mocks::world::{ALEX, PIXEL};

use crate::{NOW, all_pages, ask, ask_at, contoso, open, target};

fn filter(text: &str) -> String {
    format!(
        "/api/v1/logs?filter={}",
        text.replace(' ', "%20").replace('"', "%22")
    )
}

#[test]
fn a_write_leaves_an_event_with_its_request_id() {
    let mut range = contoso();
    let answer = ask(
        &mut range,
        "DELETE",
        &format!("/api/v1/users/{ALEX}/sessions?oauthTokens=true"),
    );
    let id = answer.header("x-okta-request-id").unwrap().to_owned();
    let events = ask(
        &mut range,
        "GET",
        &filter(&format!("transaction.id eq \"{id}\"")),
    )
    .json();
    assert_eq!(events[0]["eventType"], "user.session.clear");
    assert_eq!(events[0]["debugContext"]["debugData"]["requestId"], *id);
    assert_eq!(events[0]["target"][0]["id"], ALEX);
    assert_eq!(events[0]["published"], "2026-03-10T15:00:00.000Z");
    assert_eq!(
        events[0]["transaction"]["detail"]["requestApiTokenId"],
        "00TOustService00005d7"
    );
}

#[test]
fn a_poll_always_has_a_next_link_and_meets_a_late_event_once() {
    let mut range = open(World::contoso(NOW).log_delay_ms(5_000));
    let path = filter("eventType eq \"user.lifecycle.suspend\"");
    let empty = ask(&mut range, "GET", &path);
    assert_eq!(empty.json().as_array().unwrap().len(), 0);
    ask(
        &mut range,
        "POST",
        &format!("/api/v1/users/{ALEX}/lifecycle/suspend"),
    );
    let mut next = target(empty.link("next").unwrap());
    let mut seen = Vec::new();
    for second in [1, 4, 5, 6, 7] {
        let page = ask_at(&mut range, NOW + second * 1000, "GET", &next);
        seen.push(page.json().as_array().unwrap().len());
        next = target(page.link("next").unwrap());
    }
    assert_eq!(seen, [0, 0, 1, 0, 0]);
}

#[test]
fn a_bounded_query_ends_and_pages_without_loss() {
    let mut range = contoso();
    let window = "since=2026-03-10T13:00:00.000Z&until=2026-03-10T15:00:00.000Z";
    let whole = ask(
        &mut range,
        "GET",
        &format!("/api/v1/logs?{window}&limit=1000"),
    );
    assert!(whole.link("next").is_none());
    let (pieces, pages) = all_pages(&mut range, &format!("/api/v1/logs?{window}&limit=7"));
    assert_eq!(pieces, *whole.json().as_array().unwrap());
    assert!(pages > 5, "{pages}");
}

#[test]
fn all_about_one_user_can_be_asked_and_nonsense_is_refused() {
    let mut range = contoso();
    let about = filter(&format!(
        "actor.id eq \"{ALEX}\" or target.id eq \"{ALEX}\""
    ));
    assert!(
        ask(&mut range, "GET", &format!("{about}&limit=1000"))
            .json()
            .as_array()
            .unwrap()
            .len()
            > 35
    );
    for (text, code) in [
        ("published gt \"2026\"", "E0000053"),
        ("nonsense eq \"x\"", "E0000053"),
        ("actor.id eq", "E0000053"),
        ("debugContext.debugData.url co \"x\"", "E0000031"),
    ] {
        let answer = ask(&mut range, "GET", &filter(text));
        assert_eq!(
            (answer.status, answer.json()["errorCode"].as_str()),
            (400, Some(code)),
            "{text}"
        );
    }
    let old = ask(&mut range, "GET", "/api/v1/logs?since=2025-01-01T00:00:00Z");
    assert_eq!(old.json()["errorCode"], "E0000053");
}

#[test]
fn a_sweep_leaves_one_event_per_factor() {
    let mut range = contoso();
    ask(
        &mut range,
        "DELETE",
        &format!("/api/v1/users/{ALEX}/factors/{}", PIXEL[0]),
    );
    let path = filter(
        "eventType eq \"user.mfa.factor.deactivate\" and target.type eq \"AuthenticatorEnrollment\"",
    );
    assert_eq!(
        ask(&mut range, "GET", &path)
            .json()
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
