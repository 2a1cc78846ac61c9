//! What is remembered, for how long, and what happens to events out of order.

use oust::evidence::detect::LATE_MAX;
use oust::evidence::{Detections, Event};
use oust::model::Utc;
use serde_json::{Value, json};

use super::keys;

fn at(seconds: i64) -> String {
    Utc::from_millis(1_773_100_800_000 + seconds * 1_000).to_string()
}

/// One that many detections remember something of.
fn start(number: i64, seconds: i64) -> Value {
    json!({
        "uuid": format!("u{number}"), "published": at(seconds),
        "eventType": "user.session.start", "outcome": { "result": "SUCCESS" },
        "actor": { "id": format!("00u{number}"), "type": "User" },
        "authenticationContext": { "externalSessionId": format!("idx{number}"),
            "rootSessionId": format!("idx{number}") },
        "client": { "ipAddress": format!("198.51.{}.{}", number / 250 % 250, number % 250),
            "userAgent": { "rawUserAgent": "Mozilla/5.0" },
            "geographicalContext": { "country": "Portugal" } },
        "securityContext": { "asNumber": number, "isProxy": number % 2 == 0 },
        "debugContext": { "debugData": { "dtHash": format!("dt{number}") } },
    })
}

/// Twelve thousand strangers, one every ten minutes: no more is held than the open windows
/// need (the longest are a week for a proxy, and a day for a session), and what is not worth a
/// sweep.
#[test]
fn what_is_held_does_not_grow_with_the_log() {
    let all = Detections::shipped();
    let mut watch = all.watch();
    let mut most = Vec::new();
    for number in 0..12_000 {
        watch.see(Event(&start(number, number * 600)), &mut |_| {});
        if number % 3_000 == 2_999 {
            most.push(watch.held());
        }
    }
    let bound = 10_000;
    assert!(most.iter().all(|held| *held < bound), "{most:?}");
    let (first, last) = (most[0], most[most.len() - 1]);
    assert!(last <= first + first / 2, "{most:?}");
}

fn session(number: i64, seconds: i64) -> Value {
    let mut event = start(number, seconds);
    event["actor"]["id"] = json!("00u1");
    event
}

#[test]
fn an_event_may_be_some_minutes_late_and_counts_when_it_comes() {
    let all = Detections::shipped();
    let late = i64::try_from(LATE_MAX.as_secs()).unwrap();
    let found = |times: &[i64]| {
        let events: Vec<Value> = times
            .iter()
            .enumerate()
            .map(|(number, seconds)| session(i64::try_from(number).unwrap(), *seconds))
            .collect();
        keys(&all, &events).contains(&"many-sessions".to_owned())
    };
    assert!(found(&[700, 705, 705 - late]));
    assert!(!found(&[700, 705, 704 - late]));
    // A single event is found however late it is.
    let revoked = |seconds: i64| {
        json!({ "eventType": "system.api_token.revoke",
        "published": at(seconds) })
    };
    assert_eq!(keys(&all, &[revoked(100_000), revoked(0)]).len(), 2);
}

#[test]
fn what_came_too_late_is_counted_and_a_log_that_starts_over_is_followed() {
    let all = Detections::shipped();
    let mut watch = all.watch();
    let mut found = 0;
    watch.see(Event(&session(0, 10_000_000)), &mut |_| {});
    for number in 0..99 {
        watch.see(Event(&session(number, number)), &mut |_| found += 1);
    }
    assert_eq!(watch.late(), 99);
    for number in 100..110 {
        watch.see(Event(&session(number, number)), &mut |hit| {
            found += usize::from(hit.rule.key == "many-sessions");
        });
    }
    assert_eq!(watch.late(), 99, "it goes on from there");
    watch.see(
        Event(&json!({ "eventType": "user.session.start" })),
        &mut |_| {},
    );
    assert_eq!(watch.late(), 100, "and so does what has no time");
}

#[test]
fn one_group_is_told_once_in_a_window_and_again_after_it() {
    let all = Detections::shipped();
    let events = |from: i64, count: i64| -> Vec<Value> {
        (from..from + count).map(|n| session(n, n * 60)).collect()
    };
    let many = |events: &[Value]| {
        let found = keys(&all, events);
        found.iter().filter(|key| *key == "many-sessions").count()
    };
    assert_eq!(many(&events(0, 30)), 1);
    assert_eq!(many(&events(0, 60)), 2);
}
