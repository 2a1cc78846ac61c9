//! Senders of one's own: our body, and a map of somebody else's.

use oust::model::Alert;
use serde_json::{Value, json};

use super::setup::{Ask, read, source};

const MAP: &str = "kind: generic, auth: none, map: { okta_user_id: '$.who[*].id', login: '$.who[0].mail', \
    rule_id: '$[\"rule.id\"]', time: $.at, session_id: $.s, ip: '$.hosts[?@.bad].ip', id: $.ref, \
    since: $.since, until: $.until }";

async fn mapped(body: &Value) -> Alert {
    let source = source(MAP).await;
    let reading = Ask::post(body.to_string()).to(&source).await.unwrap();
    let [alert] = <[Alert; 1]>::try_from(reading.alerts).unwrap();
    alert
}

#[tokio::test]
async fn a_map_leads_to_what_it_says_and_to_nothing_else() {
    let body = json!({
        "ref": 42, "rule.id": "r-1", "at": 1_773_153_753, "s": ["idx0000000001", "unknown"],
        "who": [{ "id": "00ujkPI1q4Pa7UeFg5d7", "mail": "alex@contoso.example" }],
        "hosts": [{ "ip": "203.0.113.66", "bad": true }, { "ip": "198.51.100.20" }],
        "since": "2026-03-10T14:00:00Z", "until": "2026-03-10T13:00:00Z",
        "subject": { "login": "kim@contoso.example" },
    });
    let alert = mapped(&body).await;
    assert_eq!(alert.subjects.len(), 1);
    assert_eq!(
        alert.subjects[0].login.as_deref(),
        Some("alex@contoso.example")
    );
    assert_eq!(
        (alert.dedupe_key.as_str(), alert.rule.id.as_str()),
        ("42", "r-1")
    );
    assert_eq!(alert.sessions, ["idx0000000001"]);
    assert_eq!(alert.ips, ["203.0.113.66"]);
    assert_eq!(
        alert.event_time.unwrap().to_string(),
        "2026-03-10T14:42:33.000Z"
    );
    // It ends before it begins: no window at all.
    assert_eq!(alert.window, None);
}

#[tokio::test]
async fn two_people_at_the_end_of_a_path_are_two_and_their_logins_are_not_dealt_out() {
    let body = json!({ "who": [{ "id": "00ujkPI1q4Pa7UeFg5d7", "mail": "alex@contoso.example" },
        { "id": "00u8KSGNDz7R3c9db5d7" }] });
    let alert = mapped(&body).await;
    let ids: Vec<&str> = alert
        .subjects
        .iter()
        .map(|one| one.okta_id.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(ids, ["00ujkPI1q4Pa7UeFg5d7", "00u8KSGNDz7R3c9db5d7"]);
    assert!(alert.subjects.iter().all(|one| one.login.is_none()));
}

#[tokio::test]
async fn without_a_key_the_body_is_the_key() {
    let body = json!({ "subject": { "login": "alex@contoso.example" } }).to_string();
    let key = |reading: oust::alerts::Reading| reading.alerts[0].dedupe_key.clone();
    let first = key(read("generic", body.clone()).await.unwrap());
    assert_eq!(first, key(read("generic", body.clone()).await.unwrap()));
    assert_ne!(first, key(read("generic", body + " ").await.unwrap()));
    assert!(first.starts_with("sha256:"));
}
