//! The world that a story begins in agrees with its own log.

use oust_mocks::World;
use oust_mocks::world::{ALEX, CI_BACKUP, PIXEL};
use serde_json::Value;

use crate::{NOW, ask, contoso, open};

fn log(range: &mut oust_mocks::Range, filter: &str) -> Vec<Value> {
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    ask(
        range,
        "GET",
        &format!("/api/v1/logs?limit=1000&filter={filter}"),
    )
    .json()
    .as_array()
    .unwrap()
    .clone()
}

#[test]
fn the_compromise_began_78_minutes_ago_and_nothing_is_from_the_future() {
    let mut range = contoso();
    let first = &log(
        &mut range,
        "client.ipAddress eq \"203.0.113.66\" and actor.id eq \"00ujkPI1q4Pa7UeFg5d7\"",
    )[0];
    assert_eq!(first["published"], "2026-03-10T13:42:00.000Z");
    let all = log(&mut range, "eventType pr");
    assert!(
        all.iter()
            .all(|e| e["published"].as_str().unwrap() <= "2026-03-10T15:00:00.000Z")
    );
    assert!(all.len() > 45, "{}", all.len());
}

#[test]
fn factors_and_tokens_are_dated_as_their_events() {
    let mut range = contoso();
    let factor = range.okta.user(ALEX).unwrap().factors[PIXEL[0]].created_ms;
    let event = log(
        &mut range,
        &format!("eventType eq \"user.mfa.factor.activate\" and actor.id eq \"{ALEX}\""),
    );
    let at: jiff::Timestamp = event[0]["published"].as_str().unwrap().parse().unwrap();
    assert!((at.as_millisecond() - factor).abs() < 200);
    let token = range.okta.api_tokens[CI_BACKUP].created_ms;
    let event = log(&mut range, &format!("target.id eq \"{CI_BACKUP}\""));
    let at: jiff::Timestamp = event[0]["published"].as_str().unwrap().parse().unwrap();
    assert!((at.as_millisecond() - token).abs() < 200);
}

#[test]
fn alex_reports_it_himself_once_it_is_old_enough() {
    let report = "eventType eq \"user.account.report_suspicious_activity_by_enduser\"";
    assert!(log(&mut contoso(), report).is_empty());
    assert_eq!(
        log(&mut open(World::contoso_aged(NOW, 95)), report).len(),
        1
    );
}
