//! Rehearsals by console and API: who sees them, and that nobody's words are markup.

use http::{Method, StatusCode};
use oust::desk::Power;
use oust::rehearsals::Rehearsal;
use serde_json::{Value, json};

use crate::console::world::{CANARY, World};

fn rehearsal(id: &str, kind: &str, at: &str, evicted_ms: u64) -> Rehearsal {
    let mut value = json!({
        "schema": "oust.rehearsal/v1", "id": id, "tool": "oust/0", "org_id": "00o1",
        "org": "contoso.okta.example", "at": at, "by": CANARY, "kind": kind,
        "playbook": { "name": "account-takeover", "title": "T", "digest": "d" },
        "subject": { "id": "00u1", "login": CANARY, "status": "ACTIVE", "roles": [],
            "mastered_by": "OKTA" },
        "scope": { "only": [], "skip": [] },
        "identities": [{ "system": "slack", "is": "unread", "why": CANARY }],
        "writes": [], "left_alone": [],
        "gates": [{ "name": "cap_run", "answer": "warns", "why": CANARY }],
        "predicted": { "evicted_ms": null, "contained_ms": null, "proofs_ms_max": 0,
            "by_system": [], "quota": [] },
        "stops": [{ "kind": "api_token", "id": "1", "name": CANARY, "why": CANARY }],
        "owners": [{ "app": CANARY }],
        "tokens": { "tokens": [{ "id": "00T1", "name": CANARY, "owner": "00u2", "login": CANARY,
            "concerns": [CANARY], "proposal": "revoke it" }] },
        "findings": [{ "severity": "high", "id": "x", "text": CANARY, "hint": CANARY }],
        "verdict": "failed",
    });
    if kind == "live" {
        value["live"] = json!({
            "run": "r_1", "contained": "contained", "release": "r_2", "released": "released",
            "measured": { "evicted_ms": evicted_ms, "contained_ms": evicted_ms * 4 },
            "not_as_before": [CANARY],
            "learnt": [{ "name": "suspension_ends_sessions", "holds": true, "at": at,
                "how": CANARY }],
        });
    }
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn a_viewer_sees_them_and_nothing_in_them_is_markup() {
    let world = World::new();
    for each in [
        rehearsal("h_1", "dry", "2026-01-01T00:00:00.000Z", 0),
        rehearsal("h_2", "live", "2026-01-02T00:00:00.000Z", 700),
        rehearsal("h_3", "live", "2026-03-02T00:00:00.000Z", 500),
    ] {
        world.rehearsals.keep(&each).await.unwrap();
    }
    let viewer = world.signed_in("vera", Power::Viewer).await;
    let list = viewer.get("/rehearsals").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(
        list.text.contains("time to evict: last 0.5 s"),
        "{}",
        list.text
    );
    assert!(
        list.text
            .contains("suspension by itself ends sessions here")
    );
    assert!(list.text.contains("href=\"/rehearsals/h_3\""));
    let one = viewer.get("/rehearsals/h_3").await;
    assert_eq!(one.status, StatusCode::OK);
    assert!(
        one.text.contains("Since the last rehearsal"),
        "{}",
        one.text
    );
    assert!(one.text.matches("&lt;canary").count() > 5, "{}", one.text);
    let none = viewer.get("/rehearsals/h_9").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_api_lists_them_the_newest_first() {
    let world = World::new();
    for (id, at) in [
        ("h_1", "2026-01-01T00:00:00.000Z"),
        ("h_2", "2026-02-01T00:00:00.000Z"),
    ] {
        world
            .rehearsals
            .keep(&rehearsal(id, "dry", at, 0))
            .await
            .unwrap();
    }
    let (_, token) = world.token("vera", Power::Viewer).await;
    let answer = world
        .call(&token, Method::GET, "/v1/rehearsals?limit=1", None)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: Value = serde_json::from_str(&answer.text).unwrap();
    let all = body["rehearsals"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{body}");
    assert_eq!(all[0]["id"], "h_2");
    let nobody = world
        .call("none", Method::GET, "/v1/rehearsals", None)
        .await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}
