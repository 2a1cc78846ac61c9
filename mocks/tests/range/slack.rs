//! Slack: its 200s that are failures, its tiers, its queue, its two ways to end a session.

use oust_mocks::slack::{ENTERPRISE, READ_TOKEN, SCOPES, TOKEN, WORKSPACES, methods, slack_error};
use oust_mocks::{Range, Request, Response, World, accounts};
use serde_json::{Value, json};

use crate::{NOW, contoso, open};

const LOGIN: &str = "alex@contoso.example";

fn alex() -> String {
    accounts::slack_id(LOGIN)
}

fn call_with(range: &mut Range, token: &str, method: &str, body: &Value, now_ms: i64) -> Response {
    let verb = methods()
        .iter()
        .find(|m| m.0 == method)
        .map_or("POST", |m| m.1);
    let request = if verb == "GET" {
        let pairs: Vec<String> = body
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| format!("{k}={}", v.as_str().unwrap()))
            .collect();
        Request::new("GET", &format!("/api/{method}?{}", pairs.join("&")))
    } else {
        Request::new("POST", &format!("/api/{method}"))
            .with_body("application/json; charset=utf-8", body.to_string())
    };
    let request = request.with_header("authorization", &format!("Bearer {token}"));
    range
        .handle("slack", &request, now_ms)
        .answer()
        .unwrap()
        .clone()
}

fn call(range: &mut Range, method: &str, body: Value) -> Value {
    let answer = call_with(range, TOKEN, method, &body, NOW);
    assert_eq!(answer.status, 200, "{method}");
    answer.json()
}

fn scim(range: &mut Range, method: &str, path: &str, body: &Value) -> Response {
    let mut request = Request::new(method, &format!("/scim/v2/{path}"))
        .with_header("authorization", &format!("Bearer {TOKEN}"));
    if !body.is_null() {
        request = request.with_body("application/scim+json", body.to_string());
    }
    range
        .handle("slack", &request, NOW)
        .answer()
        .unwrap()
        .clone()
}

fn sessions(range: &mut Range, team: &str) -> Value {
    call(
        range,
        "admin.users.session.list",
        json!({ "team_id": team, "user_id": alex() }),
    )
}

#[test]
fn sessions_are_listed_team_by_team_until_none_is_left() {
    let mut range = contoso();
    for (team, count) in [(ENTERPRISE, 1), (WORKSPACES[0], 2), (WORKSPACES[1], 1)] {
        let body = sessions(&mut range, team);
        assert_eq!(
            body["active_sessions"].as_array().unwrap().len(),
            count,
            "{team}"
        );
        let row = &body["active_sessions"][0];
        assert_eq!(
            (&row["user_id"], &row["team_id"]),
            (&json!(alex()), &json!(team))
        );
        assert!(row["session_id"].is_u64() && row["created"]["ip"].is_string());
    }
    assert_eq!(
        call(
            &mut range,
            "admin.users.session.reset",
            json!({ "user_id": alex() })
        ),
        json!({ "ok": true })
    );
    for team in [ENTERPRISE, WORKSPACES[0], WORKSPACES[1]] {
        assert_eq!(
            sessions(&mut range, team),
            json!({ "ok": false, "error": "no_active_sessions" })
        );
    }
    assert!(range.slack.holds(LOGIN).is_empty());
    assert_eq!(
        call(
            &mut range,
            "admin.users.session.reset",
            json!({ "user_id": alex() })
        )["ok"],
        true
    );
}

#[test]
fn a_list_needs_both_ids_and_ids_that_exist() {
    let mut range = contoso();
    for (body, error) in [
        (json!({ "user_id": alex() }), "missing_team"),
        (json!({ "team_id": ENTERPRISE }), "missing_user"),
        (
            json!({ "team_id": "T0", "user_id": alex() }),
            "team_not_found",
        ),
        (
            json!({ "team_id": ENTERPRISE, "user_id": "W0" }),
            "user_not_found",
        ),
        (
            json!({ "team_id": ENTERPRISE, "user_id": alex(), "limit": 1001 }),
            "invalid_arguments",
        ),
        (
            json!({ "team_id": ENTERPRISE, "user_id": alex(), "cursor": "x" }),
            "invalid_cursor",
        ),
    ] {
        assert_eq!(
            call(&mut range, "admin.users.session.list", body)["error"],
            error
        );
    }
}

#[test]
fn pages_follow_the_cursor() {
    let mut range = contoso();
    let ask = |range: &mut Range, cursor: &str| {
        call(
            range,
            "admin.users.session.list",
            json!({ "team_id": WORKSPACES[0], "user_id": alex(), "limit": 1, "cursor": cursor }),
        )
    };
    let first = ask(&mut range, "");
    let next = first["response_metadata"]["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = ask(&mut range, &next);
    assert_ne!(first["active_sessions"], second["active_sessions"]);
    assert_eq!(second["response_metadata"]["next_cursor"], "");
    let mut seen = 0;
    let mut cursor = String::new();
    loop {
        let page = call(
            &mut range,
            "admin.users.list",
            json!({ "limit": 5, "cursor": cursor }),
        );
        seen += page["users"].as_array().unwrap().len();
        cursor = page["response_metadata"]["next_cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, range.slack.members.len());
}

#[test]
fn a_bulk_reset_is_a_promise_and_comes_true_later() {
    let mut range = contoso();
    let body = json!({ "user_ids": [alex()] });
    assert_eq!(
        call(&mut range, "admin.users.session.resetBulk", body)["ok"],
        true
    );
    assert!(!range.slack.holds(LOGIN).is_empty());
    range.tick(NOW + 4_999);
    assert!(!range.slack.holds(LOGIN).is_empty());
    range.tick(NOW + 5_000);
    assert!(range.slack.holds(LOGIN).is_empty());
}

#[test]
fn bulk_takes_lists_in_both_forms_and_a_thousand_at_most() {
    for (body, ok) in [
        (format!("user_ids={}", alex()), true),
        (format!("user_ids=%5B%22{}%22%5D", alex()), true),
        ("user_ids=".to_owned(), false),
        (format!("user_ids={}", vec![alex(); 1001].join(",")), false),
    ] {
        let mut range = contoso();
        let request = Request::new("POST", "/api/admin.users.session.resetBulk")
            .with_header("authorization", &format!("Bearer {TOKEN}"))
            .with_body("application/x-www-form-urlencoded", body);
        let answer = range
            .handle("slack", &request, NOW)
            .answer()
            .unwrap()
            .json();
        assert_eq!(answer["ok"], ok, "{answer}");
    }
}

#[test]
fn one_session_can_be_ended_alone_and_phones_apart_from_browsers() {
    let mut range = open(World::contoso(NOW).slack_member(LOGIN, |m| {
        m.sessions.values_mut().next().unwrap().mobile = true;
    }));
    let all = range.slack.member(LOGIN).unwrap().sessions.len();
    let id = *range
        .slack
        .member(LOGIN)
        .unwrap()
        .sessions
        .keys()
        .next_back()
        .unwrap();
    let body = json!({ "user_id": alex(), "session_id": id });
    assert_eq!(
        call(&mut range, "admin.users.session.invalidate", body.clone())["ok"],
        true
    );
    assert_eq!(
        call(&mut range, "admin.users.session.invalidate", body)["error"],
        "session_not_found"
    );
    assert_eq!(range.slack.member(LOGIN).unwrap().sessions.len(), all - 1);
    call(
        &mut range,
        "admin.users.session.reset",
        json!({ "user_id": alex(), "web_only": true }),
    );
    assert!(
        range
            .slack
            .member(LOGIN)
            .unwrap()
            .sessions
            .values()
            .all(|s| s.mobile)
    );
    call(
        &mut range,
        "admin.users.session.reset",
        json!({ "user_id": alex(), "mobile_only": true }),
    );
    assert!(range.slack.member(LOGIN).unwrap().sessions.is_empty());
}

#[test]
fn who_may_not_is_told_so_with_status_200() {
    let reset = |world: World| {
        call(
            &mut open(world),
            "admin.users.session.reset",
            json!({ "user_id": alex() }),
        )["error"]
            .clone()
    };
    let world = || World::contoso(NOW);
    for (world, error) in [
        (world().slack_without_enterprise(), "feature_not_enabled"),
        (world().slack_installer_lost_role(), "not_an_admin"),
        (
            world().slack_primary_owner(LOGIN),
            "cannot_reset_primary_owner",
        ),
        (
            world().slack_member(LOGIN, |m| m.is_bot = true),
            "cannot_reset_bot",
        ),
        (world().without_account("slack", LOGIN), "user_not_found"),
        (world().slack_token_revoked(), "token_revoked"),
        (
            world().slack_member("oust-admin@contoso.example", |m| m.active = false),
            "account_inactive",
        ),
    ] {
        assert_eq!(reset(world), error);
    }
    let mut range = open(world().slack_primary_owner(LOGIN));
    let bulk = call(
        &mut range,
        "admin.users.session.resetBulk",
        json!({ "user_ids": [alex()] }),
    );
    assert_eq!(bulk["error"], "session_reset_not_allowed");
}

#[test]
fn a_missing_scope_says_what_is_needed_and_what_is_there() {
    let mut range = contoso();
    let answer = call_with(
        &mut range,
        READ_TOKEN,
        "admin.users.session.reset",
        &json!({ "user_id": alex() }),
        NOW,
    );
    let body = answer.json();
    assert_eq!(
        (&body["error"], &body["needed"]),
        (&json!("missing_scope"), &json!("admin.users:write"))
    );
    assert!(
        body["provided"]
            .as_str()
            .unwrap()
            .contains("admin.users:read")
    );
    assert_eq!(
        answer.header("x-accepted-oauth-scopes"),
        Some("admin.users:write")
    );
    let mut range = open(World::contoso(NOW).slack_without_scope("users:read.email"));
    assert_eq!(
        call(&mut range, "users.lookupByEmail", json!({ "email": LOGIN }))["needed"],
        "users:read.email"
    );
}

#[test]
fn auth_test_shows_the_install_and_its_scopes() {
    let mut range = contoso();
    let answer = call_with(&mut range, TOKEN, "auth.test", &json!({}), NOW);
    assert_eq!(
        answer.header("x-oauth-scopes"),
        Some(SCOPES.join(",").as_str())
    );
    assert_eq!(answer.json()["is_enterprise_install"], true);
    assert_eq!(answer.json()["enterprise_id"], ENTERPRISE);
    assert!(answer.header("date").is_some() && answer.header("x-slack-req-id").is_some());
    for (token, error) in [("", "not_authed"), ("Bearer x", "invalid_auth")] {
        let request = Request::new("POST", "/api/auth.test").with_header("authorization", token);
        let answer = range
            .handle("slack", &request, NOW)
            .answer()
            .unwrap()
            .clone();
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (200, &json!(error))
        );
        assert_eq!(answer.header("x-oauth-scopes"), None);
    }
}

#[test]
fn a_tier_is_twenty_a_minute_and_then_a_real_429() {
    let mut range = contoso();
    let body = json!({ "team_id": ENTERPRISE, "user_id": alex() });
    for _ in 0..20 {
        assert_eq!(sessions(&mut range, ENTERPRISE)["ok"], true);
    }
    let full = call_with(
        &mut range,
        TOKEN,
        "admin.users.session.list",
        &body,
        NOW + 10_000,
    );
    assert_eq!((full.status, full.header("retry-after")), (429, Some("50")));
    assert_eq!(full.json()["error"], "ratelimited");
    assert_eq!(call(&mut range, "auth.test", json!({}))["ok"], true);
    assert_eq!(
        call_with(
            &mut range,
            TOKEN,
            "admin.users.session.list",
            &body,
            NOW + 60_000
        )
        .status,
        200
    );
}

#[test]
fn look_ups_find_the_active_and_may_be_restricted() {
    let mut range = contoso();
    let found = call(
        &mut range,
        "users.lookupByEmail",
        json!({ "email": "ALEX@contoso.example" }),
    );
    assert_eq!(found["user"]["id"], alex());
    assert_eq!(found["user"]["enterprise_user"]["teams"], json!(WORKSPACES));
    assert_eq!(
        call(
            &mut range,
            "users.lookupByEmail",
            json!({ "email": "x@y.example" })
        )["error"],
        "users_not_found"
    );
    assert_eq!(
        call(&mut range, "users.info", json!({ "user": alex() }))["user"]["profile"]["email"],
        LOGIN
    );
    scim(
        &mut range,
        "DELETE",
        &format!("Users/{}", alex()),
        &Value::Null,
    );
    assert_eq!(
        call(&mut range, "users.lookupByEmail", json!({ "email": LOGIN }))["error"],
        "users_not_found"
    );
    let mut range = open(World::contoso(NOW).slack_lookup_restricted());
    assert_eq!(
        call(&mut range, "users.lookupByEmail", json!({ "email": LOGIN }))["error"],
        "enterprise_is_restricted"
    );
}

fn patch(active: bool) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": active }],
    })
}

#[test]
fn scim_deactivates_and_gives_back_without_sessions_and_tokens() {
    let mut range = open(World::contoso(NOW).with_slack(|slack| {
        slack
            .plant_app_token(&accounts::slack_id(LOGIN), "Mail Sync Pro")
            .unwrap();
    }));
    call(
        &mut range,
        "admin.users.session.reset",
        json!({ "user_id": alex() }),
    );
    assert_eq!(range.slack.holds(LOGIN).len(), 1, "a reset ends no token");
    let path = format!("Users/{}", alex());
    let answer = scim(&mut range, "PATCH", &path, &patch(false));
    assert_eq!(
        (answer.status, &answer.json()["active"]),
        (200, &json!(false))
    );
    assert!(range.slack.holds(LOGIN).is_empty());
    let again = scim(&mut range, "PATCH", &path, &patch(false));
    assert_eq!(again.status, 200);
    assert!(!range.journal.entries().last().unwrap().effective);
    assert_eq!(
        scim(&mut range, "PATCH", &path, &patch(true)).json()["active"],
        true
    );
    assert!(range.slack.member(LOGIN).unwrap().sessions.is_empty());
}

#[test]
fn scim_says_no_with_a_status() {
    let mut range = open(World::contoso(NOW).slack_primary_owner("kim@contoso.example"));
    let kim = format!("Users/{}", accounts::slack_id("kim@contoso.example"));
    assert_eq!(
        scim(&mut range, "PATCH", "Users/W0", &patch(false)).status,
        404
    );
    assert_eq!(scim(&mut range, "PATCH", &kim, &patch(false)).status, 403);
    assert_eq!(
        scim(&mut range, "PATCH", &kim, &json!({ "active": false })).status,
        400
    );
    let request = Request::new("GET", "/scim/v2/Users");
    assert_eq!(
        range
            .handle("slack", &request, NOW)
            .answer()
            .unwrap()
            .status,
        401
    );
    let request = request.with_header("authorization", &format!("Bearer {READ_TOKEN}"));
    assert_eq!(
        range
            .handle("slack", &request, NOW)
            .answer()
            .unwrap()
            .status,
        403
    );
    assert_eq!(
        scim(&mut range, "GET", "ServiceProviderConfigs", &Value::Null).status,
        200
    );
}

#[test]
fn scim_searches_by_mail_and_may_find_two() {
    let found = |range: &mut Range| {
        scim(
            range,
            "GET",
            "Users?filter=email%20eq%20%22alex%40contoso.example%22",
            &Value::Null,
        )
        .json()
    };
    assert_eq!(found(&mut contoso())["Resources"][0]["id"], alex());
    let mut range = open(World::contoso(NOW).same_mail("slack", LOGIN, "kim@contoso.example"));
    assert_eq!(found(&mut range)["totalResults"], 2);
}

#[test]
fn bodies_are_forms_or_json_and_nothing_else() {
    let mut range = contoso();
    for (kind, body, error) in [
        ("", "user_id=x", "missing_post_type"),
        ("text/plain", "user_id=x", "invalid_post_type"),
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        (
            "application/x-www-form-urlencoded",
            "user_id=W0",
            "user_not_found",
        ),
        ("application/x-www-form-urlencoded", "", "invalid_arguments"),
    ] {
        let request = Request::new("POST", "/api/admin.users.session.reset")
            .with_header("authorization", &format!("Bearer {TOKEN}"))
            .with_body(kind, body);
        let answer = range
            .handle("slack", &request, NOW)
            .answer()
            .unwrap()
            .json();
        assert_eq!(answer["error"], error, "{kind} {body}");
    }
    assert_eq!(
        call(&mut range, "admin.users.deactivate", json!({}))["error"],
        "unknown_method"
    );
}

#[test]
fn a_known_token_can_be_revoked_by_itself() {
    let mut range = open(World::contoso(NOW).with_slack(|slack| {
        slack
            .plant_app_token(&accounts::slack_id(LOGIN), "Mail Sync Pro")
            .unwrap();
    }));
    let token = range.slack.member(LOGIN).unwrap().app_tokens["apptoken1"]
        .secret
        .clone();
    let dry = call_with(
        &mut range,
        &token,
        "auth.revoke",
        &json!({ "test": "1" }),
        NOW,
    )
    .json();
    assert_eq!(dry, json!({ "ok": true, "revoked": false }));
    assert!(range.journal.writes().is_empty());
    let real = call_with(&mut range, &token, "auth.revoke", &json!({}), NOW).json();
    assert_eq!(real["revoked"], true);
    assert_eq!(
        call_with(&mut range, &token, "auth.test", &json!({}), NOW).json()["error"],
        "invalid_auth"
    );
    assert_eq!(range.journal.writes().len(), 1);
}

#[test]
fn out_of_a_workspace_and_back_in() {
    let mut range = contoso();
    let body = json!({ "team_id": WORKSPACES[1], "user_id": alex() });
    assert_eq!(
        call(&mut range, "admin.users.remove", body.clone())["ok"],
        true
    );
    assert_eq!(
        sessions(&mut range, WORKSPACES[1])["error"],
        "no_active_sessions"
    );
    assert_eq!(
        call(&mut range, "admin.users.remove", body.clone())["error"],
        "user_already_deleted"
    );
    assert_eq!(
        call(&mut range, "admin.users.assign", body.clone())["ok"],
        true
    );
    assert_eq!(
        call(&mut range, "admin.users.assign", body)["error"],
        "user_already_team_member"
    );
}

#[test]
fn every_method_is_one_of_slack_s_and_writes_are_marked() {
    let known = include_str!("slack-methods.txt");
    for (name, verb, scope, writes) in methods() {
        let line = format!("{verb} {name} {scope}");
        assert!(known.lines().any(|l| l == line.trim_end()), "{line}");
        let reads = ["list", "info", "lookupByEmail", "test"]
            .iter()
            .any(|end| name.ends_with(end));
        assert_eq!(writes, !reads, "{name}");
    }
}

#[test]
fn a_failure_can_be_made_to_order() {
    use oust_mocks::{Fault, FaultKind};
    let mut range = contoso();
    let kind = FaultKind::Status {
        code: 200,
        body: slack_error("user_session_reset_failed"),
    };
    let fault = Fault {
        method: None,
        path_contains: "session.reset".into(),
        nth: Some(1),
        times: None,
        kind,
    };
    range.faults.add_at("slack", fault);
    let body = json!({ "user_id": alex() });
    assert_eq!(
        call(&mut range, "admin.users.session.reset", body.clone())["error"],
        "user_session_reset_failed"
    );
    assert_eq!(
        call(&mut range, "admin.users.session.reset", body)["ok"],
        true
    );
}
