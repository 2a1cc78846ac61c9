//! What is not a user: roles, groups by rule, devices, risk, zones, support access; and the witness.

use oust_mocks::okta::Okta;
use oust_mocks::world::{ALEX, PRIYA};
use oust_mocks::{Request, World};
use serde_json::json;

use crate::{NOW, ask, contoso, ids, open, send};

#[test]
fn roles_are_given_once_and_taken_by_assignment_id() {
    let mut range = contoso();
    let path = format!("/api/v1/users/{PRIYA}/roles");
    assert_eq!(
        send(&mut range, "POST", &path, &json!({ "type": "SUPER_ADMIN" })).status,
        409
    );
    let made = send(&mut range, "POST", &path, &json!({ "type": "APP_ADMIN" }));
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        ask(&mut range, "DELETE", &format!("{path}/{id}")).status,
        204
    );
    assert_eq!(
        ask(&mut range, "DELETE", &format!("{path}/{id}")).status,
        404
    );
    let kinds = ask(&mut range, "GET", &path).json();
    assert_eq!(
        (kinds[0]["type"].as_str(), ids(&kinds).len()),
        (Some("SUPER_ADMIN"), 1)
    );
}

#[test]
fn a_rule_puts_a_removed_member_back() {
    let ruled =
        |okta: &mut Okta| okta.groups.get_mut("00gEngineering0005d7").unwrap().by_rule = true;
    let mut range = open(World::contoso(NOW).with(ruled));
    let path = format!("/api/v1/groups/00gEngineering0005d7/users/{ALEX}");
    assert_eq!(ask(&mut range, "DELETE", &path).status, 204);
    assert!(
        ids(&ask(&mut range, "GET", &format!("/api/v1/users/{ALEX}/groups")).json())
            .contains(&"00gEngineering0005d7".to_owned())
    );
    assert!(!range.journal.writes()[0].effective);
}

#[test]
fn device_calls_are_idempotent_and_risk_is_created_then_updated() {
    let mut range = contoso();
    let suspend = "/api/v1/devices/guoPixel90000000005d7/lifecycle/suspend";
    assert_eq!(ask(&mut range, "POST", suspend).status, 204);
    assert_eq!(ask(&mut range, "POST", suspend).status, 204);
    let effects: Vec<bool> = range.journal.writes().iter().map(|e| e.effective).collect();
    assert_eq!(effects, [true, false]);
    let risk = format!("/api/v1/users/{ALEX}/risk");
    assert_eq!(
        send(&mut range, "PUT", &risk, &json!({ "riskLevel": "HIGH" })).status,
        201
    );
    assert_eq!(
        send(&mut range, "PUT", &risk, &json!({ "riskLevel": "LOW" })).status,
        200
    );
}

#[test]
fn zones_are_made_replaced_and_deleted_but_not_okta_s_own() {
    let mut range = contoso();
    let body = json!({ "type": "IP", "name": "intruder", "usage": "BLOCKLIST", "gateways": [{ "type": "CIDR", "value": "203.0.113.66/32" }] });
    let made = send(&mut range, "POST", "/api/v1/zones", &body);
    assert_eq!(made.status, 200);
    assert_eq!(
        send(&mut range, "POST", "/api/v1/zones", &body).status,
        400,
        "the name is taken"
    );
    let path = format!("/api/v1/zones/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(ask(&mut range, "DELETE", &path).status, 400, "it is active");
    let off = format!("{path}/lifecycle/deactivate");
    assert_eq!(ask(&mut range, "POST", &off).status, 200);
    assert_eq!(ask(&mut range, "DELETE", &path).status, 204);
    assert_eq!(
        ask(&mut range, "DELETE", "/api/v1/zones/nzoBlockedIpZone005d7").status,
        403
    );
}

#[test]
fn support_access_ends_when_revoked() {
    let mut range = contoso();
    assert_eq!(
        ask(&mut range, "GET", "/api/v1/org/privacy/oktaSupport").json()["support"],
        "ENABLED"
    );
    ask(&mut range, "POST", "/api/v1/org/privacy/oktaSupport/revoke");
    assert_eq!(
        ask(&mut range, "GET", "/api/v1/org/privacy/oktaSupport").json()["support"],
        "DISABLED"
    );
}

#[test]
fn a_planted_access_code_is_an_enrollment_and_no_factor() {
    let mut range = open(World::contoso(NOW).planted_tac("alex@contoso.example"));
    let list = ask(
        &mut range,
        "GET",
        &format!("/api/v1/users/{ALEX}/authenticator-enrollments"),
    )
    .json();
    let code = list
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["type"] == "tac")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        !ids(&ask(&mut range, "GET", &format!("/api/v1/users/{ALEX}/factors")).json())
            .contains(&code)
    );
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("/api/v1/users/{ALEX}/authenticator-enrollments/{code}")
        )
        .status,
        204
    );
    assert!(
        !range
            .okta
            .attacker_holds(ALEX)
            .iter()
            .any(|h| h.contains("tac"))
    );
}

#[test]
fn a_skewed_clock_is_skewed_in_date_and_reset_alike() {
    let mut range = open(World::contoso(NOW).with(|okta| okta.settings.date_skew_ms = -90_000));
    let answer = ask(&mut range, "GET", "/api/v1/api-tokens");
    assert_eq!(answer.header("date"), Some("Tue, 10 Mar 2026 14:58:30 GMT"));
    let reset: i64 = answer
        .header("x-rate-limit-reset")
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(reset, NOW / 1000 + 60 - 90, "Reset - Date stays a minute");
}

#[test]
fn a_known_path_with_another_method_is_a_405() {
    let answer = ask(
        &mut contoso(),
        "PATCH",
        &format!("/api/v1/users/{ALEX}/sessions"),
    );
    assert_eq!(
        (answer.status, answer.json()["errorCode"].as_str()),
        (405, Some("E0000022"))
    );
}

#[test]
fn a_write_to_an_unknown_path_is_witnessed_as_a_write() {
    let mut range = contoso();
    range.handle(
        "okta",
        &Request::new("POST", "/api/v1/users/x/lifecycle/destroy"),
        NOW,
    );
    range.handle("okta", &Request::new("GET", "/api/v1/nothing"), NOW);
    let seen: Vec<(bool, u16)> = range
        .journal
        .entries()
        .iter()
        .map(|e| (e.mutating, e.status))
        .collect();
    assert_eq!(seen, [(true, 404), (false, 404)]);
}
