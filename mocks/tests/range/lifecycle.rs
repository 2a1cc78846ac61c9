//! The user state machine and its traps.

use oust_mocks::World;
use oust_mocks::okta::Okta;
use oust_mocks::world::{
    AD_AGENT, ALEX, CI_BACKUP, GOOGLE_TOTP, PIXEL, PRIYA, QUARANTINE_GROUP, YUBIKEY,
};
use serde_json::json;

use crate::{NOW, ask, contoso, ids, open, send};

fn users() -> String {
    format!("/api/v1/users/{ALEX}")
}

fn cause(answer: &oust_mocks::Response) -> String {
    answer.json()["errorCauses"][0]["errorSummary"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn suspend_answers_the_same_400_for_already_suspended_and_for_cannot_be_suspended() {
    let mut range = contoso();
    let first = ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    assert_eq!((first.status, first.body.len()), (200, 0));
    let again = ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    let mut locked = open(World::contoso(NOW).status("alex@contoso.example", "LOCKED_OUT"));
    let refused = ask(
        &mut locked,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    for answer in [&again, &refused] {
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["errorCode"], "E0000001");
        assert_eq!(cause(answer), "Cannot suspend a user that is not active");
    }
    assert_eq!(
        ask(&mut range, "GET", &users()).json()["status"],
        "SUSPENDED"
    );
    assert_eq!(
        ask(&mut locked, "GET", &users()).json()["status"],
        "LOCKED_OUT"
    );
}

#[test]
fn only_a_suspended_user_can_be_unsuspended_and_only_a_locked_one_unlocked() {
    let mut range = contoso();
    assert_eq!(
        ask(
            &mut range,
            "POST",
            &format!("{}/lifecycle/unsuspend", users())
        )
        .status,
        400
    );
    assert_eq!(
        ask(&mut range, "POST", &format!("{}/lifecycle/unlock", users())).json()["errorCode"],
        "E0000032"
    );
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    assert_eq!(
        ask(
            &mut range,
            "POST",
            &format!("{}/lifecycle/unsuspend", users())
        )
        .status,
        200
    );
    assert_eq!(range.okta.user(ALEX).unwrap().status, "ACTIVE");
}

#[test]
fn a_password_operation_first_makes_suspension_impossible() {
    let mut range = contoso();
    let no_flag = ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/reset_password", users()),
    );
    assert_eq!(no_flag.json()["errorCode"], "E0000028");
    let reset = ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/reset_password?sendEmail=false", users()),
    );
    assert!(reset.json()["resetPasswordUrl"].is_string());
    assert_eq!(range.okta.user(ALEX).unwrap().status, "RECOVERY");
    assert_eq!(
        ask(
            &mut range,
            "POST",
            &format!("{}/lifecycle/suspend", users())
        )
        .status,
        400
    );
}

#[test]
fn a_suspended_user_takes_no_password_operation() {
    let mut range = contoso();
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    for verb in [
        "expire_password_with_temp_password",
        "reset_password?sendEmail=false",
    ] {
        let answer = ask(&mut range, "POST", &format!("{}/lifecycle/{verb}", users()));
        assert_eq!(answer.json()["errorCode"], "E0000038", "{verb}");
    }
}

#[test]
fn a_temporary_password_is_given_once_and_the_stolen_one_is_worth_nothing() {
    let mut range = contoso();
    let path = format!(
        "{}/lifecycle/expire_password_with_temp_password?revokeSessions=true",
        users()
    );
    assert_eq!(
        ask(&mut range, "POST", &path).json()["tempPassword"]
            .as_str()
            .unwrap()
            .len(),
        12
    );
    let alex = range.okta.user(ALEX).unwrap();
    assert_eq!(
        (
            alex.status.as_str(),
            alex.password_stolen,
            alex.sessions.len()
        ),
        ("PASSWORD_EXPIRED", false, 0)
    );
}

#[test]
fn users_are_found_by_id_login_and_shortname_but_sessions_only_by_id() {
    let mut range = contoso();
    for key in [
        ALEX,
        "alex@contoso.example",
        "alex%40contoso.example",
        "alex",
    ] {
        let found = ask(&mut range, "GET", &format!("/api/v1/users/{key}"));
        assert_eq!(found.json()["id"], ALEX, "{key}");
    }
    let by_login = ask(
        &mut range,
        "DELETE",
        "/api/v1/users/alex@contoso.example/sessions?oauthTokens=true",
    );
    assert_eq!(
        (by_login.status, by_login.json()["errorCode"].as_str()),
        (404, Some("E0000007"))
    );
    assert_eq!(range.okta.user(ALEX).unwrap().sessions.len(), 3);
}

#[test]
fn a_login_with_a_slash_is_found_by_filter_only() {
    let mut range = open(World::contoso(NOW).user("a/b@contoso.example", |_| {}));
    assert_eq!(
        ask(&mut range, "GET", "/api/v1/users/a%2Fb@contoso.example").status,
        404
    );
    let filter = "/api/v1/users?filter=profile.login%20eq%20%22a%2Fb%40contoso.example%22";
    assert_eq!(ids(&ask(&mut range, "GET", filter).json()).len(), 1);
}

#[test]
fn clearing_sessions_spares_oauth_tokens_and_devices_unless_told_otherwise() {
    let mut classic = open(World::contoso(NOW).without_oie());
    ask(&mut classic, "DELETE", &format!("{}/sessions", users()));
    let alex = classic.okta.user(ALEX).unwrap();
    assert_eq!(
        (
            alex.sessions.len(),
            alex.tokens.len(),
            alex.remembered_devices
        ),
        (0, 24, 1)
    );
    let mut oie = contoso();
    ask(&mut oie, "DELETE", &format!("{}/sessions", users()));
    assert_eq!(oie.okta.user(ALEX).unwrap().remembered_devices, 0);
    assert_eq!(
        ask(
            &mut oie,
            "DELETE",
            &format!("{}/sessions?oauthTokens=true", users())
        )
        .status,
        204
    );
    assert_eq!(oie.okta.user(ALEX).unwrap().tokens.len(), 0);
}

#[test]
fn deleting_okta_verify_push_sweeps_its_siblings_and_nothing_else() {
    let mut range = contoso();
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("{}/factors/{}", users(), PIXEL[0])
        )
        .status,
        204
    );
    for swept in &PIXEL[1..] {
        assert_eq!(
            ask(
                &mut range,
                "DELETE",
                &format!("{}/factors/{swept}", users())
            )
            .status,
            404
        );
    }
    let left = ids(&ask(&mut range, "GET", &format!("{}/factors", users())).json());
    assert_eq!(left, [YUBIKEY, GOOGLE_TOTP]);
}

#[test]
fn deleting_the_totp_of_okta_verify_leaves_the_push() {
    let mut range = contoso();
    ask(
        &mut range,
        "DELETE",
        &format!("{}/factors/{}", users(), PIXEL[2]),
    );
    let alex = range.okta.user(ALEX).unwrap();
    assert!(alex.factors.contains_key(PIXEL[0]) && alex.factors.contains_key(PIXEL[1]));
}

#[test]
fn a_hidden_factor_is_missing_in_the_list_but_not_among_the_enrollments() {
    let mut range = open(World::contoso(NOW).hide_factor(PIXEL[0]));
    assert!(
        !ids(&ask(&mut range, "GET", &format!("{}/factors", users())).json())
            .contains(&PIXEL[0].to_owned())
    );
    let enrolled = ask(
        &mut range,
        "GET",
        &format!("{}/authenticator-enrollments", users()),
    )
    .json();
    assert!(ids(&enrolled).contains(&PIXEL[0].to_owned()));
    assert!(
        enrolled
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["type"] == "password")
    );
}

#[test]
fn a_password_enrollment_cannot_be_deleted_and_classic_has_no_enrollments() {
    let mut range = contoso();
    let password = range
        .okta
        .user(ALEX)
        .unwrap()
        .enrollments
        .keys()
        .next()
        .unwrap()
        .clone();
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("{}/authenticator-enrollments/{password}", users())
        )
        .status,
        400
    );
    let mut classic = open(World::contoso(NOW).without_oie());
    let answer = ask(
        &mut classic,
        "GET",
        &format!("{}/authenticator-enrollments", users()),
    );
    assert_eq!(
        (answer.status, answer.json()["errorCode"].as_str()),
        (404, Some("E0000008"))
    );
}

#[test]
fn factors_of_a_suspended_user_can_go_and_those_of_a_deactivated_one_are_not_found() {
    let mut range = contoso();
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("{}/factors/{}", users(), PIXEL[0])
        )
        .status,
        204
    );
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/deactivate", users()),
    );
    assert_eq!(
        ask(&mut range, "GET", &format!("{}/factors", users())).status,
        404
    );
    assert_eq!(
        ask(
            &mut range,
            "POST",
            &format!("{}/lifecycle/deactivate", users())
        )
        .status,
        400
    );
}

#[test]
fn the_tokens_of_a_suspended_owner_leave_the_list_but_not_the_org() {
    let mut range = contoso();
    let listed = |range: &mut _| {
        ids(&ask(range, "GET", "/api/v1/api-tokens").json()).contains(&CI_BACKUP.to_owned())
    };
    assert!(listed(&mut range));
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    assert!(!listed(&mut range));
    assert_eq!(
        ask(
            &mut range,
            "GET",
            &format!("/api/v1/api-tokens/{CI_BACKUP}")
        )
        .status,
        200
    );
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("/api/v1/api-tokens/{CI_BACKUP}")
        )
        .status,
        204
    );
    assert_eq!(
        ask(
            &mut range,
            "GET",
            &format!("/api/v1/api-tokens/{CI_BACKUP}")
        )
        .status,
        404
    );
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("/api/v1/api-tokens/{CI_BACKUP}")
        )
        .status,
        404
    );
}

#[test]
fn an_agent_stops_with_its_owner_and_for_good_with_its_token() {
    let mut range = contoso();
    let runs = |okta: &Okta| okta.agents["dc01"].running;
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    assert!(!runs(&range.okta));
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/unsuspend", users()),
    );
    assert!(runs(&range.okta));
    ask(
        &mut range,
        "DELETE",
        &format!("/api/v1/api-tokens/{AD_AGENT}"),
    );
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/unsuspend", users()),
    );
    assert!(!runs(&range.okta));
}

#[test]
fn universal_logout_takes_sessions_oauth_tokens_and_api_tokens_with_the_agent_s() {
    let mut range = contoso();
    let body = json!({ "sub_id": { "format": "opaque", "id": ALEX } });
    assert_eq!(
        send(
            &mut range,
            "POST",
            "/oauth2/v1/global-token-revocation",
            &json!({})
        )
        .status,
        400
    );
    let no_user = json!({ "sub_id": { "format": "opaque", "id": "00uNobody" } });
    assert_eq!(
        send(
            &mut range,
            "POST",
            "/oauth2/v1/global-token-revocation",
            &no_user
        )
        .status,
        404
    );
    assert_eq!(
        send(
            &mut range,
            "POST",
            "/oauth2/v1/global-token-revocation",
            &body
        )
        .status,
        204
    );
    let alex = range.okta.user(ALEX).unwrap();
    assert!(alex.sessions.is_empty() && alex.tokens.is_empty());
    assert!(range.okta.api_tokens.values().all(|t| t.user_id != ALEX));
    assert!(!range.okta.agents["dc01"].running);
    let log = ask(
        &mut range,
        "GET",
        "/api/v1/logs?filter=eventType%20sw%20%22user.authentication.universal_logout%22&limit=1000",
    );
    assert_eq!(
        log.json().as_array().unwrap().len(),
        5,
        "one scheduled, one per enabled app"
    );
    let mut poor = open(World::contoso(NOW).no_universal_logout());
    assert_eq!(
        send(
            &mut poor,
            "POST",
            "/oauth2/v1/global-token-revocation",
            &body
        )
        .status,
        403
    );
}

#[test]
fn the_quarantine_group_shuts_out_in_any_status_and_groups_of_apps_cannot_be_changed() {
    let mut range = contoso();
    let path = format!("/api/v1/groups/{QUARANTINE_GROUP}/users/{ALEX}");
    assert_eq!(ask(&mut range, "PUT", &path).status, 204);
    assert!(!range.okta.can_sign_in(ALEX));
    assert_eq!(ask(&mut range, "DELETE", &path).status, 204);
    assert!(range.okta.can_sign_in(ALEX));
    assert_eq!(
        ask(
            &mut range,
            "DELETE",
            &format!("/api/v1/groups/00gEveryone0000005d7/users/{ALEX}")
        )
        .status,
        403
    );
}

#[test]
fn nobody_else_is_touched_by_all_of_it() {
    let mut range = contoso();
    let before: Vec<String> = range
        .okta
        .users
        .keys()
        .filter(|id| *id != ALEX)
        .map(|id| range.okta.user_digest(id))
        .collect();
    ask(
        &mut range,
        "DELETE",
        &format!("{}/sessions?oauthTokens=true", users()),
    );
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/suspend", users()),
    );
    ask(
        &mut range,
        "POST",
        &format!("{}/lifecycle/reset_factors", users()),
    );
    ask(&mut range, "DELETE", &format!("{}/grants", users()));
    let after: Vec<String> = range
        .okta
        .users
        .keys()
        .filter(|id| *id != ALEX)
        .map(|id| range.okta.user_digest(id))
        .collect();
    assert_eq!(before, after);
    assert_eq!(range.okta.user(PRIYA).unwrap().sessions.len(), 1);
}
