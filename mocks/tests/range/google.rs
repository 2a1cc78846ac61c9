//! Google Workspace: assertions that are really verified, throttles by reason, lists without
//! `items`, and the one list that nobody should ever read.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, Header};
use oust_mocks::google::{ADMIN, SCOPES, SERVICE_ACCOUNT, google_error, operations};
use oust_mocks::{Fault, FaultKind, KeyPair, Range, Request, Response, World, accounts};
use serde_json::{Value, json};

use crate::NOW;

const LOGIN: &str = "alex@contoso.example";
const PREFIX: &str = "https://www.googleapis.com/auth/";

/// One key for all tests: making one takes a while.
pub(crate) fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("google-1"))
}

fn claims(range: &Range) -> Value {
    let scopes: Vec<String> = SCOPES.iter().map(|s| format!("{PREFIX}{s}")).collect();
    json!({
        "iss": SERVICE_ACCOUNT, "sub": ADMIN, "scope": scopes.join(" "),
        "aud": format!("{}/oauth/token", range.google.base_url),
        "iat": NOW / 1000, "exp": NOW / 1000 + 3600,
    })
}

fn sign(key: &KeyPair, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, claims, &key.encoding_key()).unwrap()
}

fn exchange(range: &mut Range, assertion: &str) -> Response {
    let body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
    );
    let request =
        Request::new("POST", "/oauth/token").with_body("application/x-www-form-urlencoded", body);
    range
        .handle("google", &request, NOW)
        .answer()
        .unwrap()
        .clone()
}

/// A token with every scope, as the administrator.
pub(crate) fn token(range: &mut Range) -> String {
    let assertion = sign(key(), &claims(range));
    let answer = exchange(range, &assertion);
    answer.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

/// A Workspace, and a token of it.
struct Desk {
    range: Range,
    token: String,
    now_ms: i64,
}

fn desk(world: World) -> Desk {
    let mut range = Range::new(world.google_key(key()), 7);
    let token = token(&mut range);
    range.journal.clear();
    Desk {
        range,
        token,
        now_ms: NOW,
    }
}

fn plain() -> Desk {
    desk(World::contoso(NOW))
}

impl Desk {
    fn send(&mut self, method: &str, target: &str, body: Option<&Value>) -> Response {
        let mut request = Request::new(method, &format!("/api/admin/{target}"))
            .with_header("authorization", &format!("Bearer {}", self.token));
        if let Some(body) = body {
            request = request.with_body("application/json", body.to_string());
        }
        let reply = self.range.handle("google", &request, self.now_ms);
        reply.answer().unwrap().clone()
    }

    fn user(&mut self, method: &str, tail: &str) -> Response {
        let id = accounts::google_id(LOGIN);
        self.send(method, &format!("directory/v1/users/{id}{tail}"), None)
    }

    fn put(&mut self, body: &Value) -> Response {
        let id = accounts::google_id(LOGIN);
        self.send("PUT", &format!("directory/v1/users/{id}"), Some(body))
    }

    fn held(&self) -> Vec<String> {
        self.range.google.holds(LOGIN)
    }
}

fn reason(answer: &Response) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body["error"]["code"], answer.status);
    let reason = body["error"]["errors"][0]["reason"].as_str();
    (answer.status, reason.unwrap_or_default().to_owned())
}

#[test]
fn a_good_assertion_gives_a_token_and_tokeninfo_knows_it() {
    let mut range = Range::new(World::contoso(NOW).google_key(key()), 7);
    let assertion = sign(key(), &claims(&range));
    let body = exchange(&mut range, &assertion).json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(3599))
    );
    let token = body["access_token"].as_str().unwrap();
    let request = Request::new("POST", "/oauth/tokeninfo").with_body(
        "application/x-www-form-urlencoded",
        format!("access_token={token}"),
    );
    let info = range
        .handle("google", &request, NOW)
        .answer()
        .unwrap()
        .json();
    assert!(info["scope"].as_str().unwrap().contains("user.security"));
    assert_eq!(info["azp"], SERVICE_ACCOUNT);
}

#[test]
fn a_bad_assertion_is_refused_for_what_is_wrong_with_it() {
    type Spoil = fn(&mut Value);
    let cases: [(Spoil, u16, &str); 8] = [
        (
            |c| c["iss"] = json!("other@x.example"),
            400,
            "invalid_grant",
        ),
        (
            |c| c["sub"] = json!("nobody@contoso.example"),
            400,
            "invalid_grant",
        ),
        (
            |c| c["aud"] = json!("https://evil.example/token"),
            400,
            "invalid_grant",
        ),
        (|c| c["exp"] = json!(NOW / 1000 - 400), 400, "invalid_grant"),
        (
            |c| c["exp"] = json!(NOW / 1000 + 3601),
            400,
            "invalid_grant",
        ),
        (|c| c["iat"] = json!(NOW / 1000 + 400), 400, "invalid_grant"),
        (|c| c["scope"] = json!(""), 400, "invalid_scope"),
        (
            |c| c["scope"] = json!(format!("{PREFIX}gmail.settings.basic")),
            401,
            "unauthorized_client",
        ),
    ];
    for (spoil, status, error) in cases {
        let mut range = Range::new(World::contoso(NOW).google_key(key()), 7);
        let mut wrong = claims(&range);
        spoil(&mut wrong);
        let answer = exchange(&mut range, &sign(key(), &wrong));
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (status, &json!(error)),
            "{wrong}"
        );
    }
}

#[test]
fn signatures_are_verified_and_keys_can_be_revoked() {
    let other = KeyPair::rs256("google-1");
    let mut range = Range::new(World::contoso(NOW).google_key(key()), 7);
    let forged = sign(&other, &claims(&range));
    let answer = exchange(&mut range, &forged);
    assert_eq!(answer.json()["error_description"], "Invalid JWT Signature.");
    let good = sign(key(), &claims(&range));
    assert_eq!(exchange(&mut range, &good).status, 200);
    for (world, status, error) in [
        (
            World::contoso(NOW).google_key(key()).google_key_revoked(),
            400,
            "invalid_grant",
        ),
        (
            World::contoso(NOW)
                .google_key(key())
                .google_account_disabled(),
            401,
            "disabled_client",
        ),
        (
            World::contoso(NOW)
                .google_key(key())
                .google_without_scope("admin.reports.audit.readonly"),
            401,
            "unauthorized_client",
        ),
        (
            World::contoso(NOW)
                .google_key(key())
                .google_user(ADMIN, |u| u.suspended = true),
            400,
            "invalid_grant",
        ),
    ] {
        let answer = exchange(&mut Range::new(world, 7), &good);
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (status, &json!(error))
        );
    }
}

#[test]
fn google_s_own_audience_is_taken_too() {
    let mut range = Range::new(World::contoso(NOW).google_key(key()), 7);
    let mut own = claims(&range);
    own["aud"] = json!("https://oauth2.googleapis.com/token");
    assert_eq!(exchange(&mut range, &sign(key(), &own)).status, 200);
}

#[test]
fn a_token_lives_an_hour_and_opens_what_its_scopes_say() {
    let mut desk = plain();
    desk.token = "ya29.wrong".to_owned();
    assert_eq!(reason(&desk.user("GET", "")), (401, "authError".to_owned()));
    let mut desk = plain();
    desk.now_ms = NOW + 3_600_000;
    assert_eq!(desk.user("GET", "").status, 401);
    let mut range = Range::new(World::contoso(NOW).google_key(key()), 7);
    let mut few = claims(&range);
    few["scope"] = json!(format!("{PREFIX}admin.directory.user.readonly"));
    let token = exchange(&mut range, &sign(key(), &few)).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut desk = Desk {
        range,
        token,
        now_ms: NOW,
    };
    assert_eq!(desk.user("GET", "").status, 200);
    assert_eq!(
        reason(&desk.user("GET", "/tokens")),
        (403, "insufficientPermissions".to_owned())
    );
    assert_eq!(desk.put(&json!({ "suspended": true })).status, 403);
}

#[test]
fn whoever_is_no_administrator_can_nothing() {
    let mut range = Range::new(World::contoso(NOW).google_key(key()), 7);
    let mut kim = claims(&range);
    kim["sub"] = json!("kim@contoso.example");
    let token = exchange(&mut range, &sign(key(), &kim)).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut desk = Desk {
        range,
        token,
        now_ms: NOW,
    };
    assert_eq!(reason(&desk.user("GET", "")), (403, "forbidden".to_owned()));
}

#[test]
fn people_are_found_by_id_address_and_alias_and_foreigners_are_a_403() {
    let mut desk = desk(
        World::contoso(NOW).google_user(LOGIN, |u| u.aliases.push("al@contoso.example".into())),
    );
    let id = accounts::google_id(LOGIN);
    for key in [id.as_str(), "ALEX@contoso.example", "al@contoso.example"] {
        let body = desk
            .send(
                "GET",
                &format!("directory/v1/users/{key}?projection=basic"),
                None,
            )
            .json();
        assert_eq!(body["id"], id, "{key}");
        assert_eq!(body["suspended"], false);
    }
    assert_eq!(
        reason(&desk.send("GET", "directory/v1/users/x@other.example", None)),
        (403, "forbidden".into())
    );
    let nobody = desk.send("GET", "directory/v1/users/nobody@contoso.example", None);
    assert_eq!(
        nobody.json()["error"]["message"],
        "Resource Not Found: userKey"
    );
    assert_eq!(reason(&nobody), (404, "notFound".into()));
    let found = desk
        .send(
            "GET",
            "directory/v1/users?customer=my_customer&query=email:alex@contoso.example",
            None,
        )
        .json();
    assert_eq!(found["users"][0]["id"], id);
    let none = desk
        .send(
            "GET",
            "directory/v1/users?customer=my_customer&query=email:x@contoso.example",
            None,
        )
        .json();
    assert!(none.get("users").is_none());
    assert_eq!(desk.send("GET", "directory/v1/users", None).status, 400);
}

#[test]
fn a_list_of_people_has_pages() {
    let mut desk = plain();
    let (mut seen, mut page) = (0, String::new());
    loop {
        let body = desk
            .send(
                "GET",
                &format!("directory/v1/users?customer=my_customer&maxResults=5{page}"),
                None,
            )
            .json();
        seen += body["users"].as_array().unwrap().len();
        match body["nextPageToken"].as_str() {
            Some(token) => page = format!("&pageToken={token}"),
            None => break,
        }
    }
    assert_eq!(seen, desk.range.google.users.len());
}

#[test]
fn sign_out_ends_sessions_and_leaves_everything_else() {
    let mut desk = plain();
    let before = desk.held();
    let answer = desk.user("POST", "/signOut");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    let after = desk.held();
    assert_eq!(after.len(), before.len() - 1);
    assert!(
        after.iter().all(|line| !line.starts_with("session")),
        "{after:#?}"
    );
    assert_eq!(desk.user("POST", "/signOut").status, 204);
    let id = accounts::google_id(LOGIN);
    let with_body = desk.send(
        "POST",
        &format!("directory/v1/users/{id}/signOut"),
        Some(&json!({})),
    );
    assert_eq!(reason(&with_body), (400, "invalid".into()));
}

#[test]
fn tokens_and_app_passwords_are_deleted_one_by_one_until_no_items_are_left() {
    let mut desk = plain();
    for (list, id) in [("tokens", "clientId"), ("asps", "codeId")] {
        let items = desk.user("GET", &format!("/{list}")).json()["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 2);
        for item in items.as_array().unwrap() {
            let key = item[id]
                .as_str()
                .map_or_else(|| item[id].to_string(), str::to_owned);
            let path = format!("/{list}/{key}");
            assert_eq!(desk.user("GET", &path).json()[id], item[id]);
            assert_eq!(desk.user("DELETE", &path).status, 204);
            assert_eq!(
                reason(&desk.user("DELETE", &path)),
                (404, "notFound".into())
            );
            assert_eq!(desk.user("GET", &path).status, 404);
        }
        assert!(
            desk.user("GET", &format!("/{list}"))
                .json()
                .get("items")
                .is_none(),
            "{list}"
        );
    }
    assert!(desk.user("DELETE", "/asps/x").status == 400);
    let held = desk.held();
    assert!(
        held.len() == 2 && held[0].starts_with("session") && held[1].contains("backup codes"),
        "{held:#?}"
    );
}

#[test]
fn app_passwords_are_dated_in_seconds_or_milliseconds() {
    let created = |desk: &mut Desk| {
        desk.user("GET", "/asps").json()["items"][1]["creationTime"]
            .as_str()
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    let seconds = created(&mut plain());
    let millis = created(&mut desk(
        World::contoso(NOW).with_google(|g| g.settings.asp_times_in_ms = true),
    ));
    assert_eq!(millis / 1000, seconds);
    assert!((NOW - 78 * 60_000..NOW).contains(&millis));
}

#[test]
fn backup_codes_can_be_voided_without_ever_being_read() {
    let mut desk = plain();
    assert_eq!(
        desk.user("POST", "/verificationCodes/invalidate").status,
        204
    );
    assert!(
        desk.held()
            .iter()
            .all(|line| !line.contains("backup codes"))
    );
    assert_eq!(desk.range.google.backup_code_reads, 0);
    assert!(
        desk.user("GET", "/verificationCodes")
            .json()
            .get("items")
            .is_none()
    );
    assert_eq!(desk.range.google.backup_code_reads, 1);
    let codes = plain().user("GET", "/verificationCodes").json();
    assert_eq!(codes["items"].as_array().unwrap().len(), 10);
}

#[test]
fn suspension_ends_sessions_and_tokens_and_puts_the_rest_to_sleep() {
    let mut desk = plain();
    let body = desk.put(&json!({ "suspended": true })).json();
    assert_eq!(
        (&body["suspended"], &body["suspensionReason"]),
        (&json!(true), &json!("ADMIN"))
    );
    let held = desk.held();
    assert!(
        held.len() == 2 && held.iter().all(|l| l.ends_with("(revives at release)")),
        "{held:#?}"
    );
    assert_eq!(desk.put(&json!({ "suspended": true })).status, 200);
    assert!(!desk.range.journal.entries().last().unwrap().effective);
    assert_eq!(
        desk.put(&json!({ "suspended": false })).json()["suspended"],
        false
    );
    assert!(desk.held().iter().all(|l| !l.contains("revives")));
    assert_eq!(desk.put(&json!({ "suspended": "yes" })).status, 400);
    assert_eq!(
        desk.put(&json!({ "primaryEmail": "x@contoso.example" }))
            .status,
        400
    );
}

#[test]
fn suspending_twice_can_be_a_412() {
    let mut desk = desk(World::contoso(NOW).with_google(|g| g.settings.repeat_is_412 = true));
    assert_eq!(desk.put(&json!({ "suspended": true })).status, 200);
    assert_eq!(
        reason(&desk.put(&json!({ "suspended": true }))),
        (412, "conditionNotMet".into())
    );
}

#[test]
fn a_delegated_administrator_cannot_touch_a_super_administrator() {
    let world = World::contoso(NOW).google_super_admin(LOGIN);
    assert_eq!(desk(world.clone()).user("POST", "/signOut").status, 204);
    let mut desk = desk(world.google_admin_is_delegated());
    assert_eq!(desk.user("GET", "").json()["isAdmin"], true);
    for (method, tail) in [
        ("POST", "/signOut"),
        ("GET", "/tokens"),
        ("GET", "/asps"),
        ("POST", "/verificationCodes/invalidate"),
    ] {
        assert_eq!(
            reason(&desk.user(method, tail)),
            (403, "forbidden".into()),
            "{tail}"
        );
    }
    assert_eq!(desk.put(&json!({ "suspended": true })).status, 403);
    let roles = desk
        .send(
            "GET",
            &format!("directory/v1/customer/my_customer/roleassignments?userKey={LOGIN}"),
            None,
        )
        .json();
    assert_eq!(roles["items"][0]["assignedTo"], accounts::google_id(LOGIN));
}

#[test]
fn the_second_step_is_turned_off_unless_it_is_enforced() {
    assert_eq!(
        plain().user("POST", "/twoStepVerification/turnOff").status,
        204
    );
    let mut desk = desk(World::contoso(NOW).google_user(LOGIN, |u| u.enforced_2sv = true));
    assert_eq!(
        desk.user("POST", "/twoStepVerification/turnOff").status,
        400
    );
}

#[test]
fn reports_date_what_was_authorised_and_only_in_the_window() {
    let mut desk = plain();
    let id = accounts::google_id(LOGIN);
    let ask = |desk: &mut Desk, since: &str| {
        let path = format!(
            "reports/v1/activity/users/{id}/applications/token?eventName=authorize&startTime={since}"
        );
        desk.send("GET", &path, None).json()
    };
    let rows = ask(&mut desk, "2026-03-10T13:42:00Z");
    assert_eq!(rows["items"].as_array().unwrap().len(), 1);
    let event = &rows["items"][0]["events"][0];
    assert_eq!(event["name"], "authorize");
    assert_eq!(event["parameters"][1]["value"], "Mail Sync Pro");
    assert_eq!(
        ask(&mut desk, "2025-01-01T00:00:00Z")["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let later = ask(&mut desk, "2026-03-10T15:00:00Z");
    assert!(later.get("items").is_none());
    assert_eq!(
        desk.send(
            "GET",
            &format!("reports/v1/activity/users/{id}/applications/token?startTime=x"),
            None
        )
        .status,
        400
    );
}

#[test]
fn what_we_did_is_in_reports_after_a_while() {
    let mut desk = desk(World::contoso(NOW).with_google(|g| g.settings.report_delay_ms = 60_000));
    desk.user("POST", "/signOut");
    let path = "reports/v1/activity/users/all/applications/admin?eventName=RESET_SIGNIN_COOKIES";
    assert!(desk.send("GET", path, None).json().get("items").is_none());
    desk.now_ms = NOW + 60_000;
    let rows = desk.send("GET", path, None).json();
    assert_eq!(rows["items"][0]["actor"]["email"], ADMIN);
    assert_eq!(
        rows["items"][0]["events"][0]["parameters"][0]["value"],
        LOGIN
    );
}

#[test]
fn the_quota_of_a_minute_is_a_403_with_a_reason() {
    let mut desk = desk(World::contoso(NOW).with_google(|g| g.settings.per_minute = 3));
    for _ in 0..3 {
        assert_eq!(desk.user("GET", "").status, 200);
    }
    let full = desk.user("GET", "");
    assert_eq!(reason(&full), (403, "userRateLimitExceeded".into()));
    assert_eq!(full.header("retry-after"), None);
    desk.now_ms = NOW + 60_000;
    assert_eq!(desk.user("GET", "").status, 200);
}

#[test]
fn an_error_can_be_made_to_order() {
    let mut desk = plain();
    let body = google_error(503, "backendError", "try again");
    let kind = FaultKind::Status { code: 503, body };
    let fault = Fault {
        method: None,
        path_contains: "signOut".into(),
        nth: Some(1),
        times: None,
        kind,
    };
    desk.range.faults.add_at("google", fault);
    assert_eq!(
        reason(&desk.user("POST", "/signOut")),
        (503, "backendError".into())
    );
    assert_eq!(desk.user("POST", "/signOut").status, 204);
}

#[test]
fn every_operation_is_one_of_google_s_with_its_scopes_and_effect() {
    let known = include_str!("google-operations.txt");
    for (method, path, scopes, writes) in operations() {
        assert_eq!(writes, method != "GET", "{path}");
        if path.starts_with("/admin/reports/") {
            continue; // not in the Directory API's document
        }
        let line = format!("{method} {path} ");
        let found = known
            .lines()
            .find(|l| l.starts_with(&line))
            .unwrap_or_else(|| panic!("{line}"));
        for scope in scopes {
            assert!(found.split(' ').any(|s| s == *scope), "{line} {scope}");
        }
    }
}
