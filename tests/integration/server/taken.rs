//! An alert is taken: answered, durable, once.

use oust::inbox::Standing;

use super::world::*;

#[test]
fn an_alert_is_answered_when_it_is_durable() {
    let home = Home::new();
    let serving = home.serve();
    is(&serving.alert("INC-1"), 200);
    // As soon as it is answered anybody can read it.
    let [entry] = &home.inbox()[..] else {
        panic!("{:?}", home.keys())
    };
    assert_eq!(entry.alert.source, "soc");
    assert_eq!(entry.alert.dedupe_key, "INC-1");
    assert_eq!(entry.standing, Standing::Waiting);
    assert_eq!(entry.from, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(entry.attempts, 0);

    // The sender did not hear it, and sends it again.
    is(&serving.alert("INC-1"), 200);
    assert_eq!(home.keys(), ["INC-1"]);
    let log = serving.log();
    assert!(log.contains("took alert a_"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[test]
fn a_hook_is_verified_and_its_events_are_one_commit() {
    let home = Home::new();
    let serving = home.serve();
    let ask = |authorization: &str| {
        serving.answers(
            format!(
                "GET /v1/alerts/hook HTTP/1.1\r\nhost: oust\r\nconnection: close\r\n\
                 authorization: {authorization}\r\nx-okta-verification-challenge: abc-1\r\n\r\n"
            )
            .as_bytes(),
        )
    };
    let answer = ask(SECRET);
    is(&answer, 200);
    assert!(answer.ends_with("{\"verification\":\"abc-1\"}"), "{answer}");
    is(&ask("somebody else"), 401);

    let event = |uuid: &str| {
        serde_json::json!({
            "uuid": uuid, "published": "2026-03-10T14:00:00.000Z",
            "eventType": "user.mfa.factor.activate",
            "actor": { "id": "00ujkPI1q4Pa7UeFg5d7", "type": "User", "alternateId": "a@b.example" },
            "outcome": { "result": "SUCCESS" },
        })
    };
    let body = serde_json::json!({
        "eventType": "com.okta.event_hook", "eventId": "e-1",
        "data": { "events": [event("u-1"), event("u-2"), event("u-3")] },
    });
    let headers = [
        ("authorization", SECRET),
        ("content-type", "application/json"),
    ];
    let answer = serving.post("/v1/alerts/hook", &headers, &body.to_string());
    is(&answer, 200);
    assert!(answer.contains("content-length: 0"), "{answer}");
    assert_eq!(home.inbox().len(), 3);
    let metrics = serving.get("/metrics");
    assert!(
        metrics.contains("oust_inbox_commit_seconds_count 1\n"),
        "{metrics}"
    );
    assert!(metrics.contains("oust_alerts_waiting 3\n"), "{metrics}");
}

#[test]
fn a_secret_in_the_path_is_a_credential_and_never_in_the_log() {
    let home = Home::new();
    let serving = home.serve();
    let body = serde_json::json!({
        "sid": "scheduler__1", "search_name": "Okta API Token Revoked",
        "result": { "actor.id": "00ujkPI1q4Pa7UeFg5d7", "eventType": "system.api_token.revoke" },
    });
    let json = [("content-type", "application/json")];
    let path = format!("/v1/alerts/splunk/{SECRET}");
    is(&serving.post(&path, &json, &body.to_string()), 200);
    is(
        &serving.post("/v1/alerts/splunk/wrong-one", &json, &body.to_string()),
        401,
    );
    is(
        &serving.post("/v1/alerts/splunk", &json, &body.to_string()),
        401,
    );
    let broken = serving.post(&path, &json, "{");
    is(&broken, 400);
    serving.logs("with 400");
    let log = serving.log();
    assert!(!log.contains(SECRET) && !log.contains("wrong-one"), "{log}");
}

#[test]
fn whoever_asks_how_it_is_learns_it_from_this_machine_alone() {
    let home = Home::with(
        "listen: 127.0.0.1:0\nwaiting_max: 1\ntrusted_proxies: [127.0.0.1]",
        SOURCES,
    );
    let serving = home.serve();
    is(&serving.get("/healthz"), 200);
    let local = |path: &str| serving.get(path);
    is(&local("/readyz"), 200);
    is(&local("/metrics"), 200);
    for path in ["/readyz", "/metrics"] {
        let passed_on = format!(
            "GET {path} HTTP/1.1\r\nhost: oust\r\nconnection: close\r\n\
             x-forwarded-for: 203.0.113.9\r\n\r\n"
        );
        is(&serving.answers(passed_on.as_bytes()), 404);
    }
    // The proxy says for whom it asks, and that is who sent it.
    let headers = [good()[0], good()[1], ("x-forwarded-for", "203.0.113.9")];
    let body = alert("INC-1").to_string();
    is(&serving.post("/v1/alerts/soc", &headers, &body), 200);
    assert_eq!(home.inbox()[0].from, Some("203.0.113.9".parse().unwrap()));

    // One waits, and that is all that may: it cannot do its work.
    let answer = serving.get("/readyz");
    is(&answer, 503);
    assert!(answer.contains("that is all that may"), "{answer}");
    let full = serving.alert("INC-2");
    is(&full, 503);
    assert!(full.contains("retry-after: 30"), "{full}");
    is(&serving.alert("INC-1"), 200);
    assert_eq!(home.keys(), ["INC-1"]);
}

#[test]
fn a_source_that_sends_too_often_is_told_when_to_come_again() {
    let sources = "
  - { name: soc, kind: generic, per_minute: 2, auth: { bearer: { env: SOC } } }
  - { name: other, kind: generic, auth: { bearer: { env: SOC } } }
";
    let home = Home::with("listen: 127.0.0.1:0", sources);
    let serving = home.serve();
    // A stranger cannot use up what the source may send.
    for _ in 0..5 {
        let stranger = [("authorization", "Bearer no"), good()[1]];
        is(&serving.post("/v1/alerts/soc", &stranger, "{}"), 401);
    }
    is(&serving.alert("1"), 200);
    is(&serving.alert("2"), 200);
    let answer = serving.alert("3");
    is(&answer, 429);
    let wait: u64 = answer
        .split_once("retry-after: ")
        .and_then(|(_, rest)| rest.lines().next()?.parse().ok())
        .expect("it says when");
    assert!((1..=30).contains(&wait), "{wait}");
    serving.logs("sends more often than it may");
    let body = alert("4").to_string();
    is(&serving.post("/v1/alerts/other", &good(), &body), 200);
    assert_eq!(home.keys(), ["1", "2", "4"]);
}

#[test]
fn told_to_stop_it_answers_what_is_under_way_and_takes_nothing_new() {
    use std::io::Write as _;
    let home = Home::new();
    let serving = home.serve();
    let mut stream = serving.connect();
    let body = alert("INC-1").to_string();
    let head = format!(
        "POST /v1/alerts/soc HTTP/1.1\r\nhost: oust\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        bearer(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..20]).unwrap();
    // Nothing tells from outside that the head was read; a second request's answer does.
    is(&serving.get("/healthz"), 200);
    serving.terminate();
    serving.logs("stopping");
    stream.write_all(&body.as_bytes()[20..]).unwrap();
    let answer = read_all(&mut stream);
    is(&answer, 200);
    assert!(std::net::TcpStream::connect(serving.at).is_err());
    assert_eq!(serving.ended(), Some(0));
    assert_eq!(home.keys(), ["INC-1"]);
}
