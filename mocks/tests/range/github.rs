//! GitHub: an App whose signature is verified, revocations that come true later, identities by
//! GraphQL, users that an enterprise manages, and a browser that nothing throws out.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, Header};
use oust_mocks::accounts::{github_id, github_id_at, github_login, github_scim_id};
use oust_mocks::github::{
    APP_ID, ENTERPRISE, INSTALLATION_ID, ORG, TOKEN, app_id_of, enterprise_of, github_error,
    operations, org_of, token_of,
};
use oust_mocks::world::ALEX;
use oust_mocks::{Attacker, Fault, FaultKind, Faults, KeyPair, Range, Request, Response, World};
use serde_json::{Value, json};

use crate::NOW;

const LOGIN: &str = "alex@contoso.example";
const KIM: &str = "kim@contoso.example";
const OWNER: &str = "oust-admin@contoso.example";

/// One key for all tests: making one takes a while.
pub(crate) fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("github-1"))
}

fn claims(system: &str) -> Value {
    let now_s = NOW / 1000;
    json!({ "iss": app_id_of(system).to_string(), "iat": now_s - 60, "exp": now_s + 540 })
}

fn sign(key: &KeyPair, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key.encoding_key()).unwrap()
}

fn send(range: &mut Range, system: &str, request: &Request, now_ms: i64) -> Response {
    let reply = range.handle(system, request, now_ms);
    reply.answer().expect("a whole answer").clone()
}

fn request(method: &str, path: &str, secret: &str) -> Request {
    Request::new(method, path)
        .with_header("user-agent", "test")
        .with_header("authorization", &format!("Bearer {secret}"))
}

/// A token of the installation with all that it may do.
pub(crate) fn token(range: &mut Range, system: &str) -> String {
    let jwt = sign(key(), &claims(system));
    let path = format!("/orgs/{}/installation", org_of(system));
    let found = send(range, system, &request("GET", &path, &jwt), NOW).json();
    let path = format!("/app/installations/{}/access_tokens", found["id"]);
    let given = send(range, system, &request("POST", &path, &jwt), NOW);
    assert_eq!(given.status, 201);
    given.json()["token"].as_str().expect("a token").to_owned()
}

/// An organisation, and a token of it.
struct Desk {
    range: Range,
    token: String,
    now_ms: i64,
}

impl Desk {
    fn of(world: World) -> Self {
        let mut range = Range::new(world.github_key(key()), 7);
        let token = token(&mut range, "github");
        Self {
            range,
            token,
            now_ms: NOW,
        }
    }

    fn contoso() -> Self {
        Self::of(World::contoso(NOW))
    }

    /// One who asks by the owner's token.
    fn owner(world: World) -> Self {
        let mut desk = Self::of(world);
        TOKEN.clone_into(&mut desk.token);
        desk
    }

    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let mut request = request(method, path, &self.token);
        if !body.is_null() {
            request = request.with_body("application/json", body.to_string());
        }
        send(&mut self.range, "github", &request, self.now_ms)
    }

    fn get(&mut self, path: &str) -> Response {
        self.ask("GET", path, &Value::Null)
    }

    fn rows(&mut self, path: &str) -> Vec<Value> {
        let given = self.get(path);
        assert_eq!(given.status, 200, "{path}: {}", given.json());
        given.json().as_array().expect("a list").clone()
    }

    fn authorizations(&mut self) -> Vec<Value> {
        let login = self.login();
        self.rows(&format!(
            "/orgs/{ORG}/credential-authorizations?login={login}&per_page=100"
        ))
    }

    fn grants(&mut self) -> Vec<Value> {
        let login = self.login();
        self.rows(&format!(
            "/orgs/{ORG}/personal-access-tokens?owner%5B%5D={login}"
        ))
    }

    /// What alex is called at this moment.
    fn login(&self) -> String {
        let id = github_id(LOGIN);
        self.range.github.person(&id).unwrap().login.clone()
    }

    fn graphql(&mut self, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let given = self.ask("POST", "/graphql", &body);
        assert_eq!(given.status, 200);
        given.json()
    }

    fn held(&self) -> Vec<String> {
        self.range.github.holds(&github_id(LOGIN))
    }
}

fn message(response: &Response) -> String {
    let body = response.json();
    body["message"].as_str().unwrap_or_default().to_owned()
}

const BY_NAME: &str = "query($org:String!,$n:String!){ organization(login:$org){ samlIdentityProvider{ issuer \
    externalIdentities(first:5,userName:$n,membersOnly:false){ totalCount \
    nodes{ guid samlIdentity{nameId username} scimIdentity{username emails{value}} user{login databaseId} } \
    pageInfo{endCursor hasNextPage} } } } }";
const AT_ENTERPRISE: &str = "query($e:String!,$n:String!){ enterprise(slug:$e){ ownerInfo{ samlIdentityProvider{ \
    externalIdentities(first:5,userName:$n){ nodes{ guid user{login databaseId} } } } } } }";

#[test]
fn a_signed_app_finds_its_installation_and_is_given_a_token_for_an_hour() {
    let mut desk = Desk::contoso();
    let jwt = sign(key(), &claims("github"));
    let ask = |desk: &mut Desk, method: &str, path: &str| {
        send(&mut desk.range, "github", &request(method, path, &jwt), NOW)
    };
    let found = ask(&mut desk, "GET", &format!("/orgs/{ORG}/installation")).json();
    assert_eq!(
        (&found["id"], &found["suspended_at"]),
        (&json!(INSTALLATION_ID), &Value::Null)
    );
    assert_eq!(found["permissions"]["members"], "write");
    assert_eq!(ask(&mut desk, "GET", "/app").json()["id"], APP_ID);
    assert_eq!(
        ask(&mut desk, "GET", "/orgs/nobody/installation").status,
        404
    );
    let path = format!("/app/installations/{INSTALLATION_ID}/access_tokens");
    let given = ask(&mut desk, "POST", &path);
    let body = given.json();
    assert!(given.status == 201 && body["token"].as_str().unwrap().starts_with("ghs_"));
    assert_eq!(body["expires_at"], "2026-03-10T16:00:00.000Z");
    assert_eq!(body["permissions"]["organization_administration"], "write");
    assert_eq!(desk.get(&format!("/orgs/{ORG}")).status, 200);
    desk.now_ms = NOW + 3_600_000;
    let late = desk.get(&format!("/orgs/{ORG}"));
    assert_eq!(
        (late.status, message(&late).as_str()),
        (401, "Bad credentials")
    );
}

#[test]
fn a_token_can_be_asked_for_with_less_and_not_with_more() {
    let mut desk = Desk::contoso();
    let jwt = sign(key(), &claims("github"));
    let path = format!("/app/installations/{INSTALLATION_ID}/access_tokens");
    let mut ask = |permissions: Value| {
        let body = json!({ "permissions": permissions }).to_string();
        let request = request("POST", &path, &jwt).with_body("application/json", body);
        send(&mut desk.range, "github", &request, NOW)
    };
    assert_eq!(ask(json!({ "issues": "read" })).status, 422);
    let less = ask(json!({ "organization_administration": "read" })).json();
    less["token"].as_str().unwrap().clone_into(&mut desk.token);
    assert_eq!(desk.authorizations().len(), 4);
    let login = github_login(LOGIN);
    for (method, path) in [
        (
            "POST",
            format!("/orgs/{ORG}/credential-authorizations/{login}/revoke"),
        ),
        ("GET", format!("/orgs/{ORG}/memberships/{login}")),
    ] {
        let given = desk.ask(method, &path, &Value::Null);
        let text = "Resource not accessible by integration";
        assert_eq!((given.status, message(&given).as_str()), (403, text));
    }
}

#[test]
fn what_is_wrong_with_an_app_is_said() {
    let now_s = NOW / 1000;
    let change = |name: &str, value: Value| {
        let mut all = claims("github");
        all[name] = value;
        sign(key(), &all)
    };
    let other = KeyPair::rs256("other");
    for (jwt, status, text) in [
        (
            sign(&other, &claims("github")),
            401,
            "A JSON web token could not be decoded",
        ),
        (
            change("exp", json!(now_s - 120)),
            401,
            "'Expiration time' claim ('exp') must be",
        ),
        (
            change("exp", json!(now_s + 900)),
            401,
            "'Expiration time' claim ('exp') is too far",
        ),
        (
            change("iat", json!(now_s + 120)),
            401,
            "'Issued at' claim ('iat') must be",
        ),
        (change("iss", json!("1")), 404, "Integration not found"),
        (
            "eyJnonsense".to_owned(),
            401,
            "A JSON web token could not be decoded",
        ),
    ] {
        let mut desk = Desk::contoso();
        let path = format!("/orgs/{ORG}/installation");
        let given = send(&mut desk.range, "github", &request("GET", &path, &jwt), NOW);
        assert_eq!(given.status, status, "{text}");
        assert!(message(&given).starts_with(text), "{}", message(&given));
    }
    // Its number may be a number, and its client id is as good.
    for iss in [json!(APP_ID), json!("Iv23liOustContoso")] {
        let mut desk = Desk::contoso();
        let jwt = change("iss", iss);
        assert_eq!(
            send(
                &mut desk.range,
                "github",
                &request("GET", "/app", &jwt),
                NOW
            )
            .status,
            200
        );
    }
}

#[test]
fn a_suspended_installation_gives_no_token_and_its_old_ones_open_nothing() {
    let mut desk = Desk::contoso();
    desk.range.github.app.suspended_ms = Some(NOW);
    let given = desk.get(&format!("/orgs/{ORG}"));
    let text = "This installation has been suspended";
    assert_eq!((given.status, message(&given).as_str()), (403, text));
    let jwt = sign(key(), &claims("github"));
    let path = format!("/app/installations/{INSTALLATION_ID}/access_tokens");
    let given = send(
        &mut desk.range,
        "github",
        &request("POST", &path, &jwt),
        NOW,
    );
    assert_eq!((given.status, message(&given).as_str()), (403, text));
    let path = format!("/orgs/{ORG}/installation");
    let found = send(&mut desk.range, "github", &request("GET", &path, &jwt), NOW).json();
    assert_eq!(found["suspended_at"], "2026-03-10T15:00:00.000Z");
}

#[test]
fn rest_and_graphql_stand_at_the_root_and_below_api() {
    let mut desk = Desk::contoso();
    let query = json!({ "query": "{ organization(login: \"contoso\") { login } }" });
    for prefix in ["", "/api/v3"] {
        assert_eq!(desk.get(&format!("{prefix}/orgs/{ORG}")).status, 200);
    }
    for path in ["/graphql", "/api/graphql"] {
        let body = desk.ask("POST", path, &query).json();
        assert_eq!(body["data"]["organization"]["login"], ORG);
    }
    desk.range.github.settings.own_server = true;
    assert_eq!(desk.get(&format!("/orgs/{ORG}")).status, 404);
    assert_eq!(desk.get(&format!("/api/v3/orgs/{ORG}")).status, 200);
    assert!(desk.range.journal.writes().is_empty());
}

#[test]
fn without_a_user_agent_nothing_is_answered_and_an_unknown_version_is_told() {
    let mut desk = Desk::contoso();
    let bare = Request::new("GET", "/rate_limit")
        .with_header("authorization", &format!("Bearer {}", desk.token));
    assert_eq!(send(&mut desk.range, "github", &bare, NOW).status, 403);
    for (version, status) in [
        ("2022-11-28", 200),
        ("2026-03-10", 200),
        ("1999-01-01", 400),
    ] {
        let asked =
            request("GET", "/rate_limit", &desk.token).with_header("x-github-api-version", version);
        assert_eq!(send(&mut desk.range, "github", &asked, NOW).status, status);
    }
}

#[test]
fn an_identity_leads_from_the_name_asserted_to_the_account() {
    let mut desk = Desk::contoso();
    let found = desk.graphql(BY_NAME, &json!({ "org": ORG, "n": LOGIN }));
    let list = &found["data"]["organization"]["samlIdentityProvider"]["externalIdentities"];
    assert_eq!(list["totalCount"], 1);
    let node = &list["nodes"][0];
    assert_eq!(node["user"]["databaseId"].to_string(), github_id(LOGIN));
    assert_eq!(node["user"]["login"], github_login(LOGIN));
    assert_eq!(node["samlIdentity"]["nameId"], LOGIN);
    assert_eq!(node["guid"], github_scim_id(LOGIN));
    assert!(node.get("id").is_none(), "only what was asked for");
    let nobody = desk.graphql(
        BY_NAME,
        &json!({ "org": ORG, "n": "nobody@contoso.example" }),
    );
    let list = &nobody["data"]["organization"]["samlIdentityProvider"]["externalIdentities"];
    assert_eq!(
        (&list["totalCount"], &list["nodes"]),
        (&json!(0), &json!([]))
    );
}

#[test]
fn null_and_unlinked_and_an_error_inside_a_200_are_three_things() {
    let told = json!({ "org": ORG, "n": LOGIN });
    let provider = |world: World| {
        let found = Desk::of(world).graphql(BY_NAME, &told);
        assert!(found.get("errors").is_none());
        found["data"]["organization"]["samlIdentityProvider"].clone()
    };
    let base = || World::contoso(NOW);
    for world in [
        base().github_without_saml(),
        base().github_enterprise_saml(),
        base().github_without_permission("members"),
    ] {
        assert!(provider(world).is_null());
    }
    let unlinked = provider(base().github_unlinked(LOGIN));
    assert!(unlinked["externalIdentities"]["nodes"][0]["user"].is_null());
    let mut desk = Desk::contoso();
    let found = desk.graphql(BY_NAME, &json!({ "org": "nobody", "n": LOGIN }));
    assert!(found["data"]["organization"].is_null());
    assert_eq!(found["errors"][0]["type"], "NOT_FOUND");
    let found = desk.graphql(
        "{ organization(login:\"contoso\") { nothing } }",
        &Value::Null,
    );
    assert!(found.get("data").is_none());
    assert_eq!(found["errors"][0]["extensions"]["code"], "undefinedField");
    let found = desk.graphql(BY_NAME, &json!({ "org": ORG }));
    assert!(
        found["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("$n")
    );
}

#[test]
fn identities_come_page_by_page() {
    let mut desk = Desk::contoso();
    let query = "query($c:String){ organization(login:\"contoso\"){ samlIdentityProvider{ externalIdentities(first:4,after:$c){ totalCount nodes{ guid } pageInfo{ endCursor hasNextPage } } } } }";
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    let total = loop {
        let page = desk.graphql(query, &json!({ "c": cursor }));
        let list =
            page["data"]["organization"]["samlIdentityProvider"]["externalIdentities"].clone();
        seen.extend(list["nodes"].as_array().unwrap().clone());
        cursor = list["pageInfo"]["endCursor"].clone();
        if list["pageInfo"]["hasNextPage"] == false {
            break list["totalCount"].as_u64().unwrap();
        }
    };
    assert_eq!(seen.len() as u64, total);
    let unbounded = "{ organization(login:\"contoso\"){ samlIdentityProvider{ externalIdentities{ totalCount } } } }";
    let found = desk.graphql(unbounded, &Value::Null);
    assert_eq!(found["errors"][0]["type"], "MISSING_PAGINATION_BOUNDARIES");
}

#[test]
fn the_enterprise_s_identities_are_an_owner_s_to_see_and_no_app_s() {
    let told = json!({ "e": ENTERPRISE, "n": LOGIN });
    let world = || World::contoso(NOW).github_enterprise_saml();
    let by_app = Desk::of(world()).graphql(AT_ENTERPRISE, &told);
    assert!(by_app["data"]["enterprise"].is_object());
    assert!(by_app["data"]["enterprise"]["ownerInfo"].is_null());
    let by_owner = Desk::owner(world()).graphql(AT_ENTERPRISE, &told);
    let provider = &by_owner["data"]["enterprise"]["ownerInfo"]["samlIdentityProvider"];
    let node = &provider["externalIdentities"]["nodes"][0];
    assert_eq!(node["user"]["databaseId"].to_string(), github_id(LOGIN));
    let found = Desk::owner(world().github_without_scope("admin:org"))
        .graphql(BY_NAME, &json!({ "org": ORG, "n": LOGIN }));
    assert_eq!(found["errors"][0]["type"], "INSUFFICIENT_SCOPES");
}

#[test]
fn a_revocation_is_accepted_and_comes_true_later() {
    let mut desk = Desk::contoso();
    let rows = desk.authorizations();
    let kinds: Vec<_> = rows
        .iter()
        .map(|r| r["credential_type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.len(), 4);
    assert!(kinds.contains(&"personal access token") && kinds.contains(&"OAuth app token"));
    let key = rows
        .iter()
        .find(|r| r["credential_type"] == "SSH key")
        .unwrap();
    assert!(key["fingerprint"].is_string() && key.get("token_last_eight").is_none());
    let path = format!(
        "/orgs/{ORG}/credential-authorizations/{}/revoke",
        github_login(LOGIN)
    );
    let given = desk.ask("POST", &path, &Value::Null);
    assert_eq!(given.status, 202);
    assert!(message(&given).ends_with("has been queued") && given.json().get("warning").is_none());
    assert_eq!(desk.authorizations().len(), 4);
    desk.now_ms = NOW + 2_999;
    assert_eq!(desk.authorizations().len(), 4);
    desk.now_ms = NOW + 3_000;
    assert!(desk.authorizations().is_empty());
    assert_eq!(
        desk.held().len(),
        1,
        "the fine-grained token: {:?}",
        desk.held()
    );
    // His keys and tokens stay his.
    let keys = desk.rows(&format!("/users/{}/keys", github_login(LOGIN)));
    assert_eq!(keys.len(), 2);
    let other = format!(
        "/orgs/{ORG}/credential-authorizations?login={}",
        github_login(KIM)
    );
    assert_eq!(desk.rows(&other).len(), 2, "kim's are untouched");
    let nobody = format!("/orgs/{ORG}/credential-authorizations/nobody/revoke");
    assert_eq!(desk.ask("POST", &nobody, &Value::Null).status, 404);
}

#[test]
fn what_is_authorised_while_it_waits_is_not_meant() {
    let mut desk = Desk::contoso();
    let path = format!(
        "/orgs/{ORG}/credential-authorizations/{}/revoke",
        github_login(LOGIN)
    );
    assert_eq!(desk.ask("POST", &path, &Value::Null).status, 202);
    let id = github_id(LOGIN).parse().unwrap();
    desk.range
        .github
        .authorize(id, "SSH key", "late", true, NOW + 1_000);
    desk.now_ms = NOW + 10_000;
    assert_eq!(desk.authorizations().len(), 1);
}

#[test]
fn one_kind_or_one_credential_can_go_alone() {
    let mut desk = Desk::contoso();
    let base = format!("/orgs/{ORG}/credential-authorizations");
    let path = format!("{base}/{}/revoke-credential-type", github_login(LOGIN));
    let given = desk.ask("POST", &path, &json!({ "credential_type": "password" }));
    assert!(given.status == 422 && message(&given).contains("classic_pat, fine_grained_pat"));
    let given = desk.ask("POST", &path, &json!({ "credential_type": "ssh_key" }));
    assert_eq!(given.status, 202);
    desk.now_ms = NOW + 3_000;
    let rows = desk.authorizations();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let one = format!("{base}/{}", row["credential_id"]);
        assert_eq!(desk.ask("DELETE", &one, &Value::Null).status, 204);
        assert_eq!(desk.ask("DELETE", &one, &Value::Null).status, 404);
    }
    assert!(desk.authorizations().is_empty());
}

#[test]
fn an_older_host_knows_only_one_by_one() {
    let mut desk = Desk::of(World::contoso(NOW).github_one_by_one());
    let base = format!("/orgs/{ORG}/credential-authorizations");
    let all = format!("{base}/{}/revoke", github_login(LOGIN));
    assert_eq!(desk.ask("POST", &all, &Value::Null).status, 404);
    let one = format!("{base}/{}", desk.authorizations()[0]["credential_id"]);
    assert_eq!(desk.ask("DELETE", &one, &Value::Null).status, 204);
}

#[test]
fn an_organisation_without_single_sign_on_has_no_list_and_its_credentials_work_as_they_are() {
    let mut desk = Desk::of(World::contoso(NOW).github_without_saml());
    let path = format!("/orgs/{ORG}/credential-authorizations");
    assert_eq!(desk.get(&path).status, 404);
    let scim = desk.get(&format!("/scim/v2/organizations/{ORG}/Users"));
    assert_eq!(scim.status, 404);
    assert_eq!(desk.held().len(), 3, "{:?}", desk.held());
}

#[test]
fn fine_grained_tokens_lose_their_access_one_at_once_or_many_later() {
    let mut desk = Desk::contoso();
    let rows = desk.grants();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["owner"]["id"].to_string(), github_id(LOGIN));
    assert_eq!(
        (&rows[0]["token_name"], &rows[0]["token_expired"]),
        (&json!("repo mirror"), &json!(false))
    );
    assert!(rows[0]["access_granted_at"].is_string());
    let base = format!("/orgs/{ORG}/personal-access-tokens");
    let revoke = json!({ "action": "revoke" });
    let one = format!("{base}/{}", rows[0]["id"]);
    assert_eq!(
        desk.ask("POST", &one, &json!({ "action": "keep" })).status,
        422
    );
    assert_eq!(desk.ask("POST", &one, &revoke).status, 204);
    assert_eq!(desk.ask("POST", &one, &revoke).status, 404);
    let many = json!({ "action": "revoke", "pat_ids": [rows[1]["id"]] });
    assert_eq!(desk.ask("POST", &base, &many).status, 202);
    assert_eq!(desk.grants().len(), 1);
    desk.now_ms = NOW + 3_000;
    assert!(desk.grants().is_empty());
    for ids in [json!([]), json!([1]), json!(vec![1; 101]), json!("x")] {
        let body = json!({ "action": "revoke", "pat_ids": ids });
        assert_eq!(desk.ask("POST", &base, &body).status, 422);
    }
}

#[test]
fn access_that_is_only_asked_for_can_be_denied() {
    let mut desk =
        Desk::of(World::contoso(NOW).with_github(|g| g.settings.grants_need_approval = true));
    let id = github_id(LOGIN).parse().unwrap();
    desk.range.github.grant(id, "please", true, NOW);
    let base = format!("/orgs/{ORG}/personal-access-token-requests");
    let rows = desk.rows(&base);
    assert_eq!((rows.len(), &rows[0]["token_name"]), (1, &json!("please")));
    assert_eq!(desk.grants().len(), 2, "nothing of it is granted");
    let deny = json!({ "action": "deny", "pat_request_ids": [rows[0]["id"]] });
    assert_eq!(desk.ask("POST", &base, &deny).status, 202);
    assert!(desk.rows(&base).is_empty());
}

#[test]
fn a_member_is_removed_with_what_he_authorised_and_invited_again() {
    let mut desk = Desk::contoso();
    let path = format!("/orgs/{ORG}/memberships/{}", github_login(LOGIN));
    let before = desk.get(&path).json();
    assert_eq!(
        (&before["state"], &before["role"]),
        (&json!("active"), &json!("member"))
    );
    assert_eq!(before["direct_membership"], true);
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(desk.get(&path).status, 404);
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 404);
    assert!(desk.held().is_empty() && lingers(&desk.range).is_empty());
    assert!(desk.authorizations().is_empty());
    let given = desk.ask("PUT", &path, &json!({ "role": "member" }));
    assert_eq!(
        (given.status, &given.json()["state"]),
        (200, &json!("pending"))
    );
    let id = github_id(LOGIN).parse().unwrap();
    assert!(!desk.range.github.sign_on(id, "203.0.113.66", true, NOW));
    desk.range.github.accept_invitation(id);
    assert_eq!(desk.get(&path).json()["state"], "active");
    let member = format!("/orgs/{ORG}/members/{}", github_login(LOGIN));
    assert_eq!(desk.get(&member).status, 204);
}

#[test]
fn an_enterprise_team_keeps_him_in_and_the_last_owner_stays() {
    let world = World::contoso(NOW).github_person(LOGIN, |p| {
        p.membership.as_mut().unwrap().teams = vec!["ent:security".to_owned()];
    });
    let mut desk = Desk::of(world);
    let path = format!("/orgs/{ORG}/memberships/{}", github_login(LOGIN));
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 204);
    let after = desk.get(&path).json();
    assert_eq!(after["direct_membership"], false);
    assert_eq!(
        after["enterprise_teams_providing_indirect_membership"],
        json!(["ent:security"])
    );
    assert!(!desk.held().is_empty());
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 403);
    let owner = format!("/orgs/{ORG}/memberships/{}", github_login(OWNER));
    assert_eq!(desk.ask("DELETE", &owner, &Value::Null).status, 403);
}

#[test]
fn scim_at_the_organisation_finds_by_name_and_active_false_is_for_good() {
    let mut desk = Desk::contoso();
    let base = format!("/scim/v2/organizations/{ORG}/Users");
    let found = desk
        .get(&format!("{base}?filter=userName%20eq%20%22{LOGIN}%22"))
        .json();
    assert_eq!(found["totalResults"], 1);
    let user = &found["Resources"][0];
    assert_eq!(
        (&user["id"], &user["active"]),
        (&json!(github_scim_id(LOGIN)), &json!(true))
    );
    assert_eq!(
        desk.get(&format!("{base}?filter=userName%20co%20%22a%22"))
            .status,
        400
    );
    let one = format!("{base}/{}", github_scim_id(LOGIN));
    let off = json!({ "Operations": [{ "op": "replace", "value": { "active": false } }] });
    assert_eq!(desk.ask("PATCH", &one, &off).json()["active"], false);
    let gone = desk.get(&one);
    assert_eq!((gone.status, &gone.json()["status"]), (404, &json!(404)));
    assert!(desk.held().is_empty());
}

#[test]
fn a_managed_user_is_suspended_under_a_disguise_and_given_back() {
    let mut desk = Desk::owner(World::contoso(NOW).github_managed_users());
    let plain = desk.login();
    assert_eq!(plain, "alex_contoso");
    let one = format!(
        "/scim/v2/enterprises/{ENTERPRISE}/Users/{}",
        github_scim_id(LOGIN)
    );
    assert_eq!(desk.get(&one).json()["userName"], LOGIN);
    let set = |active: bool| {
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": active }] })
    };
    assert_eq!(
        desk.ask("PATCH", &one, &json!({ "Operations": [] })).status,
        400
    );
    let given = desk.ask("PATCH", &one, &set(false));
    assert_eq!(
        (given.status, &given.json()["active"]),
        (200, &json!(false))
    );
    assert_eq!(given.json()["userName"], LOGIN, "SCIM's own data stay");
    assert_eq!(desk.get(&format!("/users/{plain}")).status, 404);
    let now = desk.get(&format!("/user/{}", github_id(LOGIN))).json();
    let login = now["login"].as_str().unwrap();
    assert!(login != plain && login.ends_with("_contoso"));
    assert!(
        desk.held()
            .iter()
            .all(|l| l.ends_with("(revives at release)"))
    );
    assert!(lingers(&desk.range).is_empty());
    let id = github_id(LOGIN).parse().unwrap();
    assert!(!desk.range.github.sign_on(id, "203.0.113.66", true, NOW));
    assert_eq!(desk.ask("PATCH", &one, &set(true)).status, 200);
    assert_eq!(desk.login(), plain);
    assert_eq!(desk.range.journal.effects().len(), 2);
}

#[test]
fn the_enterprise_destroys_managed_credentials_and_nobody_else_s() {
    let path =
        |login: &str| format!("/enterprises/{ENTERPRISE}/credential-authorizations/{login}/revoke");
    let destroy = json!({ "revoke_credentials": true });
    let mut desk = Desk::owner(World::contoso(NOW).github_managed_users());
    let login = desk.login();
    assert_eq!(desk.ask("POST", &path(&login), &destroy).status, 202);
    desk.now_ms = NOW + 3_000;
    assert!(desk.rows(&format!("/users/{login}/keys")).is_empty());
    assert!(desk.held().is_empty());
    let left = &desk.range.github.person(&login).unwrap().credentials;
    assert!(
        left.values()
            .all(|c| c.kind == "OAuth app token" && c.authorization.is_none())
    );

    let mut desk = Desk::owner(World::contoso(NOW));
    let given = desk.ask("POST", &path(&github_login(LOGIN)), &destroy);
    assert!(given.status == 422 && message(&given).contains("Enterprise Managed User"));
    assert_eq!(
        desk.ask("POST", &path(&github_login(LOGIN)), &Value::Null)
            .status,
        202
    );

    let world = World::contoso(NOW)
        .github_managed_users()
        .github_person(KIM, |p| p.first_owner = true);
    let mut desk = Desk::owner(world);
    let given = desk.ask("POST", &path("kim_contoso"), &destroy);
    assert!(given.status == 422 && message(&given).contains("first EMU owner"));

    let mut desk = Desk::contoso();
    let given = desk.ask("POST", &path(&github_login(LOGIN)), &Value::Null);
    assert_eq!(given.status, 403, "no App may");
}

#[test]
fn an_owner_s_token_shows_its_scopes_and_may_cut_itself_off() {
    let mut desk = Desk::owner(World::contoso(NOW));
    let me = desk.get("/user");
    assert_eq!(me.json()["login"], github_login(OWNER));
    assert_eq!(
        me.header("x-oauth-scopes"),
        Some("admin:enterprise, admin:org, read:enterprise, scim:enterprise")
    );
    let given = desk.get(&format!("/orgs/{ORG}/personal-access-tokens"));
    assert_eq!(given.status, 403, "only Apps may");
    let path = format!(
        "/orgs/{ORG}/credential-authorizations/{}/revoke",
        github_login(OWNER)
    );
    let given = desk.ask("POST", &path, &Value::Null);
    assert!(
        given.json()["warning"]
            .as_str()
            .unwrap()
            .contains("may also have its authorization revoked")
    );
    desk.now_ms = NOW + 3_000;
    let given = desk.get(&format!("/orgs/{ORG}/credential-authorizations"));
    assert_eq!(given.status, 403);
    assert!(
        given
            .header("x-github-sso")
            .unwrap()
            .starts_with("required; url=")
    );
}

#[test]
fn an_owner_s_token_is_told_what_it_lacks() {
    let path = format!("/orgs/{ORG}/credential-authorizations");
    let mut desk = Desk::owner(World::contoso(NOW).github_token_unauthorized());
    assert!(desk.get(&path).header("x-github-sso").is_some());
    let mut desk = Desk::owner(World::contoso(NOW).github_without_scope("admin:org"));
    assert_eq!(desk.get(&path).status, 404);
    let world = World::contoso(NOW).github_person(OWNER, |p| {
        p.membership.as_mut().unwrap().role = "member".to_owned()
    });
    let given = Desk::owner(world).get(&path);
    assert!(given.status == 403 && message(&given).contains("organization owner"));
}

#[test]
fn lists_have_pages_with_links() {
    let mut desk = Desk::contoso();
    let path = format!(
        "/orgs/{ORG}/credential-authorizations?per_page=1&login={}",
        github_login(LOGIN)
    );
    let (mut seen, mut next) = (0, Some(path));
    while let Some(path) = next {
        let given = desk.get(&path);
        seen += given.json().as_array().unwrap().len();
        let base = desk.range.github.base_url.clone();
        next = given
            .link("next")
            .map(|url| url.strip_prefix(&base).unwrap().to_owned());
    }
    assert_eq!(seen, 4);
    desk.range.faults = Faults::parse("github GET /orgs=foreign_next").unwrap();
    let given = desk.get(&format!("/orgs/{ORG}/credential-authorizations?per_page=1"));
    assert!(
        given
            .link("next")
            .unwrap()
            .starts_with("https://evil.example/")
    );
}

#[test]
fn quotas_are_told_and_end() {
    let mut desk = Desk::of(World::contoso(NOW).with_github(|g| g.settings.per_hour = 3));
    let path = format!("/orgs/{ORG}");
    let first = desk.get(&path);
    assert_eq!(first.header("x-ratelimit-remaining"), Some("2"));
    assert_eq!(first.header("x-ratelimit-resource"), Some("core"));
    desk.get("/rate_limit");
    let limits = desk.get("/rate_limit").json();
    assert_eq!(
        limits["resources"]["core"]["remaining"], 2,
        "asking for it is free"
    );
    desk.get(&path);
    desk.get(&path);
    let given = desk.get(&path);
    assert_eq!(
        (given.status, given.header("x-ratelimit-remaining")),
        (403, Some("0"))
    );
    let reset: i64 = given.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert_eq!(reset, NOW / 1000 + 3600);
    for _ in 0..3 {
        desk.graphql("{ rateLimit { cost } }", &Value::Null);
    }
    let given = desk.graphql("{ rateLimit { cost } }", &Value::Null);
    assert_eq!(given["errors"][0]["type"], "RATE_LIMITED");
    desk.now_ms = NOW + 3_600_000;
    desk.token = {
        let jwt = json!({ "iss": APP_ID, "iat": NOW / 1000 + 3500, "exp": NOW / 1000 + 4000 });
        let path = format!("/app/installations/{INSTALLATION_ID}/access_tokens");
        let asked = request("POST", &path, &sign(key(), &jwt));
        let given = send(&mut desk.range, "github", &asked, desk.now_ms).json();
        given["token"].as_str().unwrap().to_owned()
    };
    assert_eq!(desk.get(&path).status, 200);
}

#[test]
fn too_many_changes_in_a_minute_are_a_secondary_limit() {
    let mut desk = Desk::of(World::contoso(NOW).with_github(|g| g.settings.writes_per_minute = 2));
    let path = format!("/orgs/{ORG}/credential-authorizations/1");
    let statuses = [0; 3].map(|_| desk.ask("DELETE", &path, &Value::Null));
    assert_eq!(statuses.each_ref().map(|a| a.status), [404, 404, 403]);
    assert_eq!(statuses[2].header("retry-after"), Some("60"));
    assert!(message(&statuses[2]).contains("secondary rate limit"));
    desk.now_ms = NOW + 60_000;
    assert_eq!(desk.ask("DELETE", &path, &Value::Null).status, 404);
}

/// What he goes on with here.
fn lingers(range: &Range) -> Vec<String> {
    let mut all = range.lingers(LOGIN);
    all.retain(|line| line.starts_with("github: "));
    all
}

#[test]
fn his_browser_lingers_for_a_day_and_authorises_nothing_without_okta() {
    let attacker = || Attacker::new(ALEX, 1_000).with_services();
    let shut = |world: World| {
        world.status(LOGIN, "SUSPENDED").with(|okta| {
            okta.users.get_mut(ALEX).unwrap().sessions.clear();
        })
    };
    let play = |world: World| {
        let mut range = Range::new(shut(world.attacker(attacker())), 7);
        let before = range.github.holds(&github_id(LOGIN));
        for second in 1..40 {
            range.tick(NOW + second * 1000);
        }
        let made = range.github.holds(&github_id(LOGIN)).len() - before.len();
        (range, made)
    };
    let (mut range, made) = play(World::contoso(NOW));
    assert_eq!(made, 0);
    let lingers = lingers(&range);
    assert!(
        lingers.len() == 1 && lingers[0].starts_with("github: browser session"),
        "{lingers:?}"
    );
    range.tick(NOW + 86_400_000);
    assert!(self::lingers(&range).is_empty());
    let (_, made) = play(World::contoso(NOW).with_github(|g| g.settings.browser_authorises = true));
    assert!(made > 0);
}

#[test]
fn a_second_organisation_is_another_one() {
    let eng = "github:eng";
    let mut range = Range::new(World::contoso(NOW).second(eng).github_key(key()), 7);
    let here = token(&mut range, "github");
    let there = token(&mut range, eng);
    assert_eq!(
        (org_of(eng).as_str(), enterprise_of(eng).as_str()),
        ("contoso-eng", "contoso-inc-eng")
    );
    assert_ne!(token_of(eng), TOKEN);
    assert_ne!(github_id_at(eng, LOGIN), github_id(LOGIN));
    let list = |secret: &str| {
        request(
            "GET",
            "/orgs/contoso-eng/credential-authorizations?login=alex-eng",
            secret,
        )
    };
    assert_eq!(send(&mut range, eng, &list(&here), NOW).status, 401);
    let rows = send(&mut range, eng, &list(&there), NOW).json();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    let before = range.digest_of("github");
    let revoke = request(
        "POST",
        "/orgs/contoso-eng/credential-authorizations/alex-eng/revoke",
        &there,
    );
    assert_eq!(send(&mut range, eng, &revoke, NOW).status, 202);
    range.tick(NOW + 3_000);
    assert_eq!(range.digest_of("github"), before);
    let holds = range.holds(LOGIN);
    let at = |system: &str| holds.iter().filter(|l| l.starts_with(system)).count();
    assert_eq!((at("github: "), at("github:eng: ")), (3, 1), "{holds:?}");
    let app = &range.okta.apps[&oust_mocks::instance::app_id_of(eng)];
    assert_eq!(app.name, "githubcloud");
    let assigned = &range.okta.users[ALEX].apps[&app.id];
    assert!(assigned.external_id.is_some() && assigned.external_id != Some(github_scim_id(LOGIN)));
}

#[test]
fn the_journal_tells_reads_from_writes_and_operations_are_github_s() {
    let known: Vec<&str> = include_str!("github-operations.txt").lines().collect();
    for (method, path, _, writes) in operations() {
        let line = format!("{method} {path}");
        assert!(
            known.contains(&line.as_str())
                || line == "GET /user/{account_id}"
                || line == "GET /users/{username}/keys",
            "{line}"
        );
        let own_token = ["/installation/token"].contains(&path) || path.ends_with("/access_tokens");
        assert_eq!(writes, method != "GET" && !own_token, "{line}");
    }
    let mut desk = Desk::contoso();
    desk.graphql(BY_NAME, &json!({ "org": ORG, "n": LOGIN }));
    let entry = desk.range.journal.entries().last().unwrap();
    assert_eq!(
        (entry.mutating, entry.principal.as_str()),
        (false, "github:installation")
    );
    assert!(desk.range.journal.writes().is_empty());
    let text = format!("{:?}", desk.range.journal.entries());
    assert!(!text.contains(&desk.token) && !text.contains("eyJ"));
}

#[test]
fn faults_speak_github() {
    let mut desk = Desk::contoso();
    for (kind, status, text) in [
        (FaultKind::AlreadyDone400, 404, "Not Found"),
        (FaultKind::Unauthorized401, 401, "Bad credentials"),
        (
            FaultKind::Forbidden403,
            403,
            "Resource not accessible by integration",
        ),
        (FaultKind::Internal500, 500, "Server Error"),
        (
            FaultKind::Status {
                code: 422,
                body: github_error(422, "x"),
            },
            422,
            "x",
        ),
    ] {
        desk.range.faults.clear();
        desk.range.faults.add(Fault {
            method: None,
            path_contains: "/orgs/".to_owned(),
            nth: None,
            times: None,
            kind,
        });
        let given = desk.get(&format!("/orgs/{ORG}"));
        assert_eq!((given.status, message(&given).as_str()), (status, text));
    }
    desk.range.faults = Faults::parse("github POST /graphql=forbidden").unwrap();
    let found = desk.graphql(BY_NAME, &json!({ "org": ORG, "n": LOGIN }));
    assert_eq!(found["errors"][0]["type"], "FORBIDDEN");
}
