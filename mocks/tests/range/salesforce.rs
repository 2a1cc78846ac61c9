//! Salesforce: assertions that are really verified, SOQL with its refusals, rows that linger, and the
//! one column that nobody should ever select.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, Header};
use oust_mocks::accounts::{salesforce_id, salesforce_id_at};
use oust_mocks::salesforce::{
    CLIENT_ID, USERNAME, client_id_of, operations, salesforce_error, username_of,
};
use oust_mocks::{Attacker, Fault, FaultKind, Instance, KeyPair, Range, Request, Response, World};
use serde_json::{Value, json};

use crate::NOW;

const LOGIN: &str = "alex@contoso.example";
const KIM: &str = "kim@contoso.example";

/// One key for all tests: making one takes a while.
pub(crate) fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("salesforce-1"))
}

fn claims(system: &str) -> Value {
    json!({
        "iss": client_id_of(system), "sub": username_of(system),
        "aud": "https://login.salesforce.com", "exp": NOW / 1000 + 170,
    })
}

fn sign(key: &KeyPair, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key.encoding_key()).unwrap()
}

fn exchange(range: &mut Range, system: &str, assertion: &str) -> Response {
    let body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
    );
    let request = Request::new("POST", "/services/oauth2/token")
        .with_body("application/x-www-form-urlencoded", body);
    answer(range, system, &request, NOW)
}

fn answer(range: &mut Range, system: &str, request: &Request, now_ms: i64) -> Response {
    let reply = range.handle(system, request, now_ms);
    reply.answer().expect("a whole answer").clone()
}

/// An access token of the integration user.
pub(crate) fn token(range: &mut Range, system: &str) -> String {
    let given = exchange(range, system, &sign(key(), &claims(system)));
    given.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

/// An org, and a token of it.
struct Desk {
    range: Range,
    token: String,
    now_ms: i64,
}

impl Desk {
    fn of(world: World) -> Self {
        let mut range = Range::new(world.salesforce_key(key()), 7);
        let token = token(&mut range, "salesforce");
        Self {
            range,
            token,
            now_ms: NOW,
        }
    }

    fn contoso() -> Self {
        Self::of(World::contoso(NOW))
    }

    fn ask(&mut self, method: &str, tail: &str, body: Option<&Value>) -> Response {
        let mut request = Request::new(method, &format!("/services/data/v66.0{tail}"))
            .with_header("authorization", &format!("Bearer {}", self.token));
        if let Some(body) = body {
            request = request.with_body("application/json", body.to_string());
        }
        answer(&mut self.range, "salesforce", &request, self.now_ms)
    }

    fn soql(&mut self, query: &str) -> Response {
        let q: String = query
            .bytes()
            .map(|b| match b {
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            })
            .collect();
        self.ask("GET", &format!("/query?q={q}"), None)
    }

    fn rows(&mut self, query: &str) -> Vec<Value> {
        let given = self.soql(query);
        assert_eq!(given.status, 200, "{query}: {}", given.json());
        given.json()["records"].as_array().unwrap().clone()
    }

    fn count(&mut self, object: &str, column: &str) -> u64 {
        let id = alex();
        let given = self.soql(&format!(
            "SELECT COUNT() FROM {object} WHERE {column} = '{id}'"
        ));
        assert_eq!(given.json()["records"], json!([]));
        given.json()["totalSize"].as_u64().unwrap()
    }

    fn revoke(&mut self, token: &str) -> Response {
        let request = Request::new("POST", "/services/oauth2/revoke").with_body(
            "application/x-www-form-urlencoded",
            format!("token={token}"),
        );
        answer(&mut self.range, "salesforce", &request, self.now_ms)
    }

    fn held(&self) -> Vec<String> {
        self.range.salesforce.holds(&alex(), self.now_ms)
    }

    fn session_ids(&self) -> Vec<String> {
        let user = self.range.salesforce.user(&alex()).unwrap();
        user.sessions.keys().cloned().collect()
    }
}

fn alex() -> String {
    salesforce_id(LOGIN)
}

fn code(response: &Response) -> String {
    let body = response.json();
    body[0]["errorCode"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_signed_assertion_becomes_a_token_that_opens_the_data() {
    let mut range = Range::new(World::contoso(NOW).salesforce_key(key()), 7);
    let given = exchange(
        &mut range,
        "salesforce",
        &sign(key(), &claims("salesforce")),
    );
    let body = given.json();
    assert_eq!((given.status, &body["token_type"]), (200, &json!("Bearer")));
    assert_eq!(body["instance_url"], *range.salesforce.base_url);
    assert!(body.get("refresh_token").is_none() && body.get("expires_in").is_none());
    let id = salesforce_id(USERNAME);
    assert!(body["id"].as_str().unwrap().ends_with(&id));
    let mut desk = Desk::contoso();
    let name = format!("SELECT Username FROM User WHERE Id = '{id}'");
    assert_eq!(desk.rows(&name)[0]["Username"], USERNAME);
    desk.now_ms = NOW + 7_200_000;
    let late = desk.soql("SELECT Id FROM User");
    assert_eq!(
        (late.status, code(&late).as_str()),
        (401, "INVALID_SESSION_ID")
    );
}

#[test]
fn what_is_wrong_with_an_assertion_is_said_in_oauth_s_words() {
    let other = KeyPair::rs256("other");
    let change = |name: &str, value: Value| {
        let mut all = claims("salesforce");
        all[name] = value;
        sign(key(), &all)
    };
    let past = json!(NOW / 1000 - 60);
    let far = json!(NOW / 1000 + 600);
    for (assertion, error, text) in [
        ("nonsense".to_owned(), "invalid_grant", "invalid assertion"),
        (
            sign(&other, &claims("salesforce")),
            "invalid_grant",
            "invalid assertion",
        ),
        (change("exp", past), "invalid_grant", "invalid assertion"),
        (change("exp", far), "invalid_grant", "invalid assertion"),
        (
            change("aud", json!("https://test.salesforce.com")),
            "invalid_grant",
            "audience is invalid",
        ),
        (
            change("iss", json!("3MVG9stranger")),
            "invalid_client_id",
            "client identifier invalid",
        ),
        (
            change("sub", json!("nobody@contoso.example")),
            "invalid_grant",
            "user hasn't approved this consumer",
        ),
        (
            change("sub", json!("alex@contoso.example.crm")),
            "invalid_grant",
            "user hasn't approved this consumer",
        ),
    ] {
        let mut range = Range::new(World::contoso(NOW).salesforce_key(key()), 7);
        let given = exchange(&mut range, "salesforce", &assertion);
        let body = given.json();
        assert_eq!(given.status, 400);
        assert_eq!(
            (&body["error"], &body["error_description"]),
            (&json!(error), &json!(text))
        );
    }
}

#[test]
fn an_org_that_does_not_let_us_in_says_why() {
    type Knob = fn(World) -> World;
    let knobs: [(Knob, &str); 6] = [
        (
            World::salesforce_not_approved,
            "user hasn't approved this consumer",
        ),
        (World::salesforce_certificate_expired, "invalid assertion"),
        (World::salesforce_integration_frozen, "user is frozen"),
        (World::salesforce_integration_inactive, "user is inactive"),
        (
            |w| w.with_salesforce(|s| s.app.blocked = true),
            "user is not admin approved to access this app",
        ),
        (
            |w| w.with_salesforce(|s| s.settings.sandbox = true),
            "audience is invalid",
        ),
    ];
    for (knob, text) in knobs {
        let mut range = Range::new(knob(World::contoso(NOW)).salesforce_key(key()), 7);
        let given = exchange(
            &mut range,
            "salesforce",
            &sign(key(), &claims("salesforce")),
        );
        assert_eq!(given.json()["error_description"], text);
    }
}

#[test]
fn versions_are_listed_to_anybody_and_an_unknown_one_is_not_there() {
    let mut desk = Desk::contoso();
    let list = answer(
        &mut desk.range,
        "salesforce",
        &Request::new("GET", "/services/data"),
        NOW,
    );
    let versions = list.json();
    let last = versions.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        last,
        json!({ "label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0" })
    );
    assert!(list.header("sforce-limit-info").is_none());
    let request = Request::new("GET", "/services/data/v99.0/limits")
        .with_header("authorization", &format!("Bearer {}", desk.token));
    let given = answer(&mut desk.range, "salesforce", &request, NOW);
    assert_eq!((given.status, code(&given).as_str()), (404, "NOT_FOUND"));
}

#[test]
fn a_person_is_found_by_federation_identifier_or_user_name_and_quotes_are_escaped() {
    let odd = r"o'neil\x@contoso.example";
    let world = World::contoso(NOW)
        .salesforce_user(KIM, |u| u.federation_identifier = Some(odd.to_owned()));
    let mut desk = Desk::of(world);
    let find = |what: &str| {
        format!(
            "SELECT Id, Username, IsActive FROM User WHERE FederationIdentifier = '{what}' OR Username = '{what}'"
        )
    };
    let found = desk.rows(&find(LOGIN));
    assert_eq!((found.len(), &found[0]["Id"]), (1, &json!(alex())));
    assert_eq!(found[0]["attributes"]["type"], "User");
    assert_eq!(desk.rows(&find("alex@contoso.example.crm")).len(), 1);
    let found = desk.rows(&find(r"o\'neil\\x@contoso.example"));
    assert_eq!(found[0]["Id"], salesforce_id(KIM));
    let given = desk.soql(&find(odd));
    assert_eq!(
        (given.status, code(&given).as_str()),
        (400, "MALFORMED_QUERY")
    );
    assert!(desk.rows(&find("nobody")).is_empty());
}

#[test]
fn a_query_that_is_wrong_says_in_what() {
    let mut desk = Desk::contoso();
    for (query, code_of) in [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        (
            "SELECT Id FROM User WHERE Id = 'a' AND Id = 'b' OR Id = 'c'",
            "MALFORMED_QUERY",
        ),
        ("SELECT Id FROM Account", "INVALID_TYPE"),
        ("SELECT UserId FROM AuthSession", "INVALID_FIELD"),
        (
            "SELECT Id FROM AuthSession WHERE UserId = 'x'",
            "INVALID_FIELD",
        ),
    ] {
        let given = desk.soql(query);
        assert_eq!(
            (given.status, code(&given).as_str()),
            (400, code_of),
            "{query}"
        );
    }
}

#[test]
fn out_in_three_steps_and_proven_by_counts() {
    let mut desk = Desk::contoso();
    assert_eq!(
        (
            desk.count("AuthSession", "UsersId"),
            desk.count("OauthToken", "UserId")
        ),
        (6, 2)
    );
    let login = format!(
        "SELECT Id, IsFrozen FROM UserLogin WHERE UserId = '{}'",
        alex()
    );
    let row = desk.rows(&login)[0].clone();
    assert_eq!(row["IsFrozen"], false);
    let path = format!("/sobjects/UserLogin/{}", row["Id"].as_str().unwrap());
    let freeze = json!({ "IsFrozen": true });
    assert_eq!(desk.ask("PATCH", &path, Some(&freeze)).status, 204);
    assert_eq!(desk.ask("PATCH", &path, Some(&freeze)).status, 204);
    assert_eq!(desk.rows(&login)[0]["IsFrozen"], true);
    let tokens = format!(
        "SELECT AppName, DeleteToken FROM OauthToken WHERE UserId='{}'",
        alex()
    );
    for row in desk.rows(&tokens) {
        let secret = row["DeleteToken"].as_str().unwrap().to_owned();
        assert_eq!(desk.revoke(&secret).status, 200);
        let again = desk.revoke(&secret);
        assert_eq!(
            (again.status, again.json()),
            (400, json!({ "error": "invalid_token" }))
        );
    }
    // What the token had opened is gone with it.
    assert_eq!(
        (
            desk.count("AuthSession", "UsersId"),
            desk.count("OauthToken", "UserId")
        ),
        (5, 0)
    );
    for id in desk.session_ids() {
        let given = desk.ask("DELETE", &format!("/sobjects/AuthSession/{id}"), None);
        assert!([204, 404].contains(&given.status), "{}", given.status);
    }
    assert_eq!(desk.count("AuthSession", "UsersId"), 0);
    assert!(desk.held().is_empty());
    let unfreeze = json!({ "IsFrozen": false });
    assert_eq!(desk.ask("PATCH", &path, Some(&unfreeze)).status, 204);
    let effects = desk.range.journal.effects().len();
    assert_eq!(
        effects,
        2 + 2 + 3,
        "two of the five went with their parents"
    );
}

#[test]
fn a_parent_takes_its_children_along() {
    let mut desk = Desk::contoso();
    let query = format!(
        "SELECT Id, ParentId FROM AuthSession WHERE UsersId = '{}' AND ParentId != null",
        alex()
    );
    let child = desk.rows(&query)[0].clone();
    let parent = format!(
        "/sobjects/AuthSession/{}",
        child["ParentId"].as_str().unwrap()
    );
    let child = format!("/sobjects/AuthSession/{}", child["Id"].as_str().unwrap());
    assert_eq!(desk.ask("GET", &child, None).status, 200);
    assert_eq!(desk.ask("DELETE", &parent, None).status, 204);
    let given = desk.ask("DELETE", &child, None);
    assert_eq!(
        (given.status, code(&given).as_str()),
        (404, "ENTITY_IS_DELETED")
    );
    assert_eq!(desk.ask("GET", &child, None).status, 404);
}

#[test]
fn a_row_outlives_its_session() {
    let mut desk = Desk::contoso();
    let query = format!(
        "SELECT LastModifiedDate, NumSecondsValid FROM AuthSession WHERE UsersId = '{}' ORDER BY LastModifiedDate",
        alex()
    );
    let oldest = desk.rows(&query)[0].clone();
    assert_eq!(oldest["LastModifiedDate"], "2026-03-09T15:00:00.000+0000");
    assert_eq!(oldest["NumSecondsValid"], 7200);
    desk.now_ms = NOW + 7_200_000 - 1;
    desk.range.tick(desk.now_ms);
    assert_eq!(
        desk.held().len(),
        1,
        "the token is no session: {:?}",
        desk.held()
    );
}

#[test]
fn many_sessions_go_in_one_call_each_with_its_own_outcome() {
    let mut desk = Desk::contoso();
    let ids = desk.session_ids().join(",");
    let path = format!(
        "/composite/sobjects?ids={ids},0Ak000000000000AAA,005000000000000AAA&allOrNone=false"
    );
    let given = desk.ask("DELETE", &path, None);
    let rows = given.json().as_array().unwrap().clone();
    assert_eq!((given.status, rows.len()), (200, 8));
    let failed: Vec<_> = rows.iter().filter(|r| r["success"] == false).collect();
    assert!(failed.len() >= 2);
    assert_eq!(rows[6]["errors"][0]["statusCode"], "ENTITY_IS_DELETED");
    assert_eq!(rows[7]["errors"][0]["statusCode"], "NOT_FOUND");
    assert_eq!(desk.count("AuthSession", "UsersId"), 0);
    let many = vec!["0Ak000000000000AAA"; 201].join(",");
    let path = format!("/composite/sobjects?ids={many}");
    assert_eq!(desk.ask("DELETE", &path, None).status, 400);
}

#[test]
fn all_or_none_leaves_all_where_one_fails() {
    let mut desk = Desk::contoso();
    let before = desk.range.digest_of("salesforce");
    let id = desk.session_ids()[0].clone();
    let path = format!("/composite/sobjects?ids={id},0Ak000000000000AAA&allOrNone=true");
    let given = desk.ask("DELETE", &path, None).json();
    let code = &given[0]["errors"][0]["statusCode"];
    assert_eq!(*code, "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(desk.range.digest_of("salesforce"), before);
    assert!(desk.range.journal.effects().is_empty());
}

#[test]
fn tokens_come_five_hundred_at_a_time_and_no_more_than_2500() {
    let mut desk = Desk::of(World::contoso(NOW).salesforce_tokens(LOGIN, 2_600));
    assert_eq!(desk.count("OauthToken", "UserId"), 2_602);
    let query = format!(
        "SELECT DeleteToken FROM OauthToken WHERE UserId = '{}'",
        alex()
    );
    let (mut seen, mut batches) = (0, 0);
    let mut page = desk.soql(&query).json();
    loop {
        batches += 1;
        let size = page["records"].as_array().unwrap().len();
        assert!(size <= 500);
        seen += size;
        let Some(next) = page["nextRecordsUrl"].as_str() else {
            break;
        };
        assert_eq!(page["done"], false);
        let tail = next
            .strip_prefix("/services/data/v66.0")
            .unwrap()
            .to_owned();
        page = desk.ask("GET", &tail, None).json();
    }
    assert_eq!((seen, batches, &page["done"]), (2_500, 5, &json!(true)));
    let given = desk.ask("GET", "/query/01gNobody-500", None);
    assert_eq!(code(&given), "INVALID_QUERY_LOCATOR");
}

#[test]
fn a_batch_can_be_made_smaller_by_a_header() {
    let mut desk = Desk::of(World::contoso(NOW).crowd_at_services(300));
    let request = Request::new("GET", "/services/data/v66.0/query?q=SELECT+Id+FROM+User")
        .with_header("authorization", &format!("Bearer {}", desk.token))
        .with_header("sforce-query-options", "batchSize=200");
    let page = answer(&mut desk.range, "salesforce", &request, NOW).json();
    assert_eq!(page["records"].as_array().unwrap().len(), 200);
    assert!(page["totalSize"].as_u64().unwrap() > 300);
}

#[test]
fn whoever_selects_the_access_token_is_found_out() {
    let mut desk = Desk::contoso();
    desk.rows("SELECT DeleteToken FROM OauthToken");
    assert_eq!(desk.range.salesforce.access_token_reads, 0);
    desk.rows("SELECT accesstoken FROM OauthToken");
    assert_eq!(desk.range.salesforce.access_token_reads, 1);
    let entries = desk.range.journal.entries();
    assert!(entries.iter().any(|e| e.query.contains("accesstoken")));
}

#[test]
fn what_a_permission_hides_is_unknown_or_not_there() {
    let mut desk = Desk::of(World::contoso(NOW).salesforce_without_permission("ManageUsers"));
    assert_eq!(desk.count("AuthSession", "UsersId"), 0);
    let given = desk.soql("SELECT Id FROM UserLogin");
    assert_eq!((given.status, code(&given).as_str()), (400, "INVALID_TYPE"));
    assert_eq!(
        desk.ask("GET", "/sobjects/UserLogin/describe", None).status,
        404
    );
    let id = desk.session_ids()[0].clone();
    let given = desk.ask("DELETE", &format!("/sobjects/AuthSession/{id}"), None);
    assert_eq!(
        (given.status, code(&given).as_str()),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    );
    assert_eq!(desk.count("OauthToken", "UserId"), 2);

    let mut desk =
        Desk::of(World::contoso(NOW).salesforce_without_permission("CustomizeApplication"));
    assert_eq!(desk.count("OauthToken", "UserId"), 0);
    assert_eq!(desk.count("AuthSession", "UsersId"), 6);
    let rows = desk.rows("SELECT PermissionsApiEnabled, PermissionsManageUsers, PermissionsCustomizeApplication FROM UserPermissionAccess");
    let row = &rows[0];
    assert_eq!(row["PermissionsManageUsers"], true);
    assert_eq!(row["PermissionsCustomizeApplication"], false);

    let mut desk = Desk::of(World::contoso(NOW).salesforce_without_permission("ApiEnabled"));
    let given = desk.soql("SELECT Id FROM User");
    assert_eq!(
        (given.status, code(&given).as_str()),
        (403, "API_DISABLED_FOR_ORG")
    );
}

#[test]
fn a_description_says_what_can_be_done_with_an_object() {
    let mut desk = Desk::contoso();
    let session = desk
        .ask("GET", "/sobjects/AuthSession/describe", None)
        .json();
    assert_eq!(
        (&session["deletable"], &session["updateable"]),
        (&json!(true), &json!(false))
    );
    let login = desk.ask("GET", "/sobjects/UserLogin/describe", None).json();
    let fields = login["fields"].as_array().unwrap();
    let frozen = fields.iter().find(|f| f["name"] == "IsFrozen").unwrap();
    assert_eq!(frozen["updateable"], true);
    let token = desk
        .ask("GET", "/sobjects/OauthToken/describe", None)
        .json();
    assert_eq!(
        (&token["queryable"], &token["deletable"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        desk.ask("DELETE", "/sobjects/OauthToken/x", None).status,
        405
    );
}

#[test]
fn a_field_that_cannot_be_set_is_refused_and_nothing_happens() {
    let mut desk = Desk::contoso();
    let login = desk
        .range
        .salesforce
        .user(&alex())
        .unwrap()
        .login_id
        .clone();
    let before = desk.range.digest_of("salesforce");
    let path = format!("/sobjects/UserLogin/{login}");
    for body in [
        json!({ "IsPasswordLocked": true }),
        json!({ "Nothing": true }),
        json!({ "IsFrozen": "yes" }),
    ] {
        let given = desk.ask("PATCH", &path, Some(&body));
        assert_eq!(code(&given), "INVALID_FIELD_FOR_INSERT_UPDATE");
    }
    let given = desk.ask("PATCH", &path, Some(&json!([])));
    assert_eq!(code(&given), "JSON_PARSER_ERROR");
    let wrong = format!("/sobjects/UserLogin/{}", alex());
    let given = desk.ask("PATCH", &wrong, Some(&json!({ "IsFrozen": true })));
    assert_eq!(
        given.status, 404,
        "the id of a user is not that of his row of UserLogin"
    );
    assert_eq!(desk.range.digest_of("salesforce"), before);
}

#[test]
fn deactivation_ends_sessions_leaves_tokens_asleep_and_may_be_blocked() {
    let mut desk = Desk::contoso();
    let path = format!("/sobjects/User/{}", alex());
    let off = json!({ "IsActive": false });
    assert_eq!(desk.ask("PATCH", &path, Some(&off)).status, 204);
    assert_eq!(
        desk.held(),
        ["token of Data Loader Pro (revives at release)"]
    );
    let mut desk =
        Desk::of(World::contoso(NOW).with_salesforce(|s| s.settings.deactivation_blocked = true));
    let given = desk.ask("PATCH", &path, Some(&off));
    assert_eq!(
        (given.status, code(&given).as_str()),
        (400, "FIELD_INTEGRITY_EXCEPTION")
    );
}

#[test]
fn every_answer_tells_what_is_left_of_the_day_and_then_nothing_is() {
    let mut desk = Desk::of(World::contoso(NOW).salesforce_requests_left(2));
    let given = desk.soql("SELECT Id FROM User LIMIT 1");
    assert_eq!(
        given.header("sforce-limit-info"),
        Some("api-usage=99999/100000")
    );
    let limits = desk.ask("GET", "/limits", None).json();
    assert_eq!(
        limits["DailyApiRequests"],
        json!({ "Max": 100_000, "Remaining": 0 })
    );
    let given = desk.soql("SELECT Id FROM User");
    assert_eq!(
        (given.status, code(&given).as_str()),
        (403, "REQUEST_LIMIT_EXCEEDED")
    );
    assert_eq!(
        given.header("sforce-limit-info"),
        Some("api-usage=100000/100000")
    );
    assert!(given.header("retry-after").is_none());
}

#[test]
fn freezing_stops_logins_and_not_what_lives() {
    let mut desk = Desk::of(World::contoso(NOW).salesforce_user(LOGIN, |u| u.is_frozen = true));
    let org = &mut desk.range.salesforce;
    assert!(org.sign_in(&alex(), "203.0.113.66", true, NOW).is_none());
    assert!(org.authorize_app(&alex(), "Another", true, NOW).is_none());
    assert!(
        org.use_token(&alex(), NOW).is_some(),
        "nobody says that it would not work"
    );
    org.settings.tokens_work_while_frozen = false;
    assert!(org.use_token(&alex(), NOW).is_none());
    assert!(desk.held().len() >= 3, "{:?}", desk.held());
}

#[test]
fn he_comes_back_by_a_token_without_okta_until_it_is_revoked() {
    let attacker = Attacker::new(oust_mocks::world::ALEX, 1_000).with_services();
    let world = World::contoso(NOW)
        .attacker(attacker)
        .status(LOGIN, "SUSPENDED");
    let mut desk = Desk::of(world.with(|okta| {
        let alex = okta.users.get_mut(oust_mocks::world::ALEX).unwrap();
        alex.sessions.clear();
    }));
    let clear = |desk: &mut Desk| {
        let ids = desk.session_ids().join(",");
        let path = format!("/composite/sobjects?ids={ids}");
        assert_eq!(desk.ask("DELETE", &path, None).status, 200);
    };
    clear(&mut desk);
    for second in 1..10 {
        desk.range.tick(NOW + second * 1000);
    }
    assert!(
        desk.range
            .attacker
            .as_ref()
            .unwrap()
            .count("salesforce_refresh")
            > 0
    );
    let tokens: Vec<String> = desk
        .range
        .salesforce
        .user(&alex())
        .unwrap()
        .tokens
        .keys()
        .cloned()
        .collect();
    for token in tokens {
        assert_eq!(desk.revoke(&token).status, 200);
    }
    if !desk.session_ids().is_empty() {
        clear(&mut desk);
    }
    for second in 10..30 {
        desk.range.tick(NOW + second * 1000);
    }
    assert!(desk.held().is_empty(), "{:?}", desk.held());
}

#[test]
fn a_second_org_is_another_org() {
    let eu = "salesforce:eu";
    let world = World::contoso(NOW).second(eu).salesforce_key(key());
    let mut range = Range::new(world, 7);
    let here = token(&mut range, "salesforce");
    let there = token(&mut range, eu);
    let digest = range.digest_of("salesforce");
    assert!(!digest.is_empty() && range.digest_of(eu) != digest);
    let id = salesforce_id_at(eu, LOGIN);
    assert_ne!(id, alex());
    let ask = |token: &str| {
        Request::new("GET", "/services/data/v66.0/query?q=SELECT+Id+FROM+User")
            .with_header("authorization", &format!("Bearer {token}"))
    };
    assert_eq!(answer(&mut range, eu, &ask(&here), NOW).status, 401);
    let rows = answer(&mut range, eu, &ask(&there), NOW).json();
    let rows = rows["records"].as_array().unwrap().clone();
    assert!(rows.iter().any(|r| r["Id"] == *id) && !rows.iter().any(|r| r["Id"] == *alex()));
    let holds = range.holds(LOGIN);
    assert!(
        holds
            .iter()
            .any(|l| l.starts_with("salesforce:eu: session")),
        "{holds:?}"
    );
    range.faults = oust_mocks::Faults::parse("salesforce:eu=status:418").unwrap();
    assert_eq!(answer(&mut range, eu, &ask(&there), NOW).status, 418);
    assert_eq!(
        answer(&mut range, "salesforce", &ask(&here), NOW).status,
        200
    );
    let (system, _) = Range::route(&Request::new("GET", "/salesforce:eu/services/data"));
    assert_eq!(system, eu);
    assert!(range.salesforce.base_url.ends_with("/salesforce"));
    let Some(Instance::Salesforce(org)) = range.more.get(eu) else {
        panic!("it is there")
    };
    assert!(org.base_url.ends_with("/salesforce:eu"));
    range.faults.clear();
    let entry = range.journal.entries().iter().find(|e| e.system == eu);
    assert!(entry.is_some());
    // The wrong org's credential is a stranger.
    let wrong = sign(key(), &claims("salesforce"));
    let given = exchange(&mut range, eu, &wrong);
    assert_eq!(given.json()["error"], "invalid_client_id");
}

#[test]
fn the_intruder_visits_the_second_org_too() {
    let attacker = Attacker::new(oust_mocks::world::ALEX, 500).with_services();
    let world = World::contoso_aged(NOW, 40)
        .second("salesforce:eu")
        .attacker(attacker);
    let mut range = Range::new(world, 7);
    for second in 0..30 {
        range.tick(NOW + second * 1000);
    }
    let holds = range.holds(LOGIN);
    for system in ["salesforce: ", "salesforce:eu: "] {
        assert!(
            holds.iter().any(|l| l.starts_with(system)),
            "{system} {holds:?}"
        );
    }
}

#[test]
fn a_service_left_out_is_empty_and_the_intruder_never_comes() {
    let attacker = Attacker::new(oust_mocks::world::ALEX, 500).with_services();
    let world = World::contoso(NOW).without("salesforce").attacker(attacker);
    let mut range = Range::new(world, 7);
    for second in 0..30 {
        range.tick(NOW + second * 1000);
    }
    assert!(
        !range
            .holds(LOGIN)
            .iter()
            .any(|l| l.starts_with("salesforce"))
    );
    assert!(range.salesforce.users.is_empty());
}

#[test]
fn the_journal_tells_reads_from_writes() {
    for (method, path, writes) in operations() {
        let is_get = method == "GET" && !path.ends_with("/revoke");
        assert_eq!(
            writes,
            !is_get && !path.ends_with("/token"),
            "{method} {path}"
        );
    }
    let mut desk = Desk::contoso();
    desk.range.journal.clear();
    desk.soql("SELECT Id FROM User");
    desk.revoke("nothing");
    let entries = desk.range.journal.entries();
    assert_eq!(entries[0].principal, format!("salesforce:{USERNAME}"));
    assert_eq!((entries[0].mutating, entries[1].mutating), (false, true));
    assert_eq!(
        (entries[1].body.as_str(), entries[1].effective),
        ("(token)", false)
    );
    let get = Request::new("GET", "/services/oauth2/revoke?token=nothing");
    answer(&mut desk.range, "salesforce", &get, NOW);
    let last = desk.range.journal.entries().last().unwrap();
    assert_eq!((last.query.as_str(), last.mutating), ("(token)", true));
}

#[test]
fn faults_speak_salesforce() {
    let mut desk = Desk::contoso();
    for (kind, status, code_of) in [
        (FaultKind::AlreadyDone400, 404, "ENTITY_IS_DELETED"),
        (FaultKind::Unauthorized401, 401, "INVALID_SESSION_ID"),
        (
            FaultKind::Forbidden403,
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
        ),
        (FaultKind::NotFound404, 404, "NOT_FOUND"),
        (FaultKind::Internal500, 500, "UNKNOWN_EXCEPTION"),
        (
            FaultKind::Status {
                code: 400,
                body: salesforce_error("INVALID_FIELD", "x"),
            },
            400,
            "INVALID_FIELD",
        ),
    ] {
        desk.range.faults.clear();
        desk.range.faults.add(Fault {
            method: None,
            path_contains: "/query".to_owned(),
            nth: None,
            times: None,
            kind,
        });
        let given = desk.soql("SELECT Id FROM User");
        assert_eq!((given.status, code(&given).as_str()), (status, code_of));
        assert!(given.header("sforce-limit-info").is_some() || code_of == "INVALID_FIELD");
    }
}

#[test]
fn the_next_page_can_lead_away() {
    let world = World::contoso(NOW).salesforce_tokens(LOGIN, 600);
    let mut desk = Desk::of(world);
    desk.range.faults = oust_mocks::Faults::parse("salesforce GET /query=foreign_next").unwrap();
    let page = desk.soql("SELECT DeleteToken FROM OauthToken").json();
    assert!(
        page["nextRecordsUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://evil.example/")
    );
}

#[test]
fn the_same_constants_are_the_first_org_s() {
    assert_eq!(
        (
            client_id_of("salesforce").as_str(),
            username_of("salesforce").as_str()
        ),
        (CLIENT_ID, USERNAME)
    );
    assert_ne!(client_id_of("salesforce:eu"), CLIENT_ID);
}
