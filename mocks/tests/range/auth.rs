//! Tokens, scopes, roles, DPoP and the rate limits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Header, encode};
use oust_mocks::okta::Column;
use oust_mocks::world::{ALEX, CLIENT_ID, SSWS_SECRET};
use oust_mocks::{KeyPair, Range, Request, Response, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{NOW, ask, ask_at, contoso, open};

const BASE: &str = "https://contoso.okta.example";

struct Client {
    range: Range,
    key: KeyPair,
    n: u32,
}

impl Client {
    fn new(key: KeyPair, change: impl FnOnce(World) -> World) -> Self {
        let scopes = ["okta.users.read", "okta.users.manage", "okta.logs.read"];
        let world = World::contoso(NOW).client(CLIENT_ID, key.public_jwk.clone(), &scopes);
        Self {
            range: open(change(world)),
            key,
            n: 0,
        }
    }

    fn fresh(&mut self) -> String {
        self.n += 1;
        format!("jti-{}", self.n)
    }

    fn assertion(&mut self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": format!("{BASE}/oauth2/v1/token"),
            "iat": NOW / 1000, "exp": NOW / 1000 + 300, "jti": self.fresh(),
        });
        change(&mut claims);
        let mut header = Header::new(self.key.algorithm);
        header.kid = Some(self.key.kid.clone());
        encode(&header, &claims, &self.key.encoding_key()).unwrap()
    }

    fn proof(&mut self, dpop: &KeyPair, claims: &Value) -> String {
        let mut header = Header::new(dpop.algorithm);
        header.typ = Some("dpop+jwt".to_owned());
        header.jwk = Some(serde_json::from_value(dpop.public_jwk.clone()).unwrap());
        let mut all = json!({ "iat": NOW / 1000, "jti": self.fresh() });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        encode(&header, &all, &dpop.encoding_key()).unwrap()
    }

    fn token(&mut self, assertion: &str, scope: &str, proof: Option<&str>) -> Response {
        let body = format!(
            "grant_type=client_credentials&scope={}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}",
            scope.replace(' ', "+"),
        );
        let mut request = Request::new("POST", "/oauth2/v1/token")
            .with_body("application/x-www-form-urlencoded", body);
        if let Some(proof) = proof {
            request = request.with_header("DPoP", proof);
        }
        self.range
            .handle("okta", &request, NOW)
            .answer()
            .unwrap()
            .clone()
    }

    fn call(&mut self, headers: &[(&str, &str)], now_ms: i64) -> Response {
        let mut request = Request::new("GET", &format!("/api/v1/users/{ALEX}?expand=blocks"));
        for (name, value) in headers {
            request = request.with_header(name, value);
        }
        self.range
            .handle("okta", &request, now_ms)
            .answer()
            .unwrap()
            .clone()
    }
}

#[test]
fn a_signed_assertion_buys_a_token_that_ends_after_an_hour() {
    for key in [KeyPair::es256("k1"), KeyPair::rs256("k2")] {
        let mut client = Client::new(key, |w| w);
        let assertion = client.assertion(|_| ());
        let answer = client.token(&assertion, "okta.users.read", None).json();
        assert_eq!(
            (answer["token_type"].as_str(), answer["expires_in"].as_i64()),
            (Some("Bearer"), Some(3600))
        );
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        assert_eq!(client.call(&[("Authorization", &bearer)], NOW).status, 200);
        let granted = client
            .range
            .okta
            .events_of("app.oauth2.token.grant.access_token");
        assert_eq!(granted[0]["client"]["id"], CLIENT_ID);
        let late = client.call(&[("Authorization", &bearer)], NOW + 3_600_000);
        assert_eq!(
            (late.status, late.json()["errorCode"].as_str()),
            (401, Some("E0000011"))
        );
    }
}

#[test]
fn a_bad_assertion_buys_nothing() {
    let mut client = Client::new(KeyPair::es256("k1"), |w| w);
    let once = client.assertion(|_| ());
    assert_eq!(client.token(&once, "okta.users.read", None).status, 200);
    assert_eq!(
        client.token(&once, "okta.users.read", None).status,
        401,
        "replay"
    );
    type Break = fn(&mut Value);
    let breaks: [(&str, Break); 4] = [
        ("aud", |c| {
            c["aud"] = json!("https://other.example/oauth2/v1/token")
        }),
        ("iss", |c| c["iss"] = json!("0oaOther")),
        ("expired", |c| c["exp"] = json!(NOW / 1000)),
        ("too long", |c| c["exp"] = json!(NOW / 1000 + 3700)),
    ];
    for (what, change) in breaks {
        let assertion = client.assertion(change);
        let answer = client.token(&assertion, "okta.users.read", None);
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (401, Some("invalid_client")),
            "{what}"
        );
    }
    client.key = KeyPair {
        kid: "k1".to_owned(),
        ..KeyPair::es256("k1")
    };
    let forged = client.assertion(|_| ());
    assert_eq!(
        client.token(&forged, "okta.users.read", None).status,
        401,
        "another key"
    );
}

#[test]
fn one_ungranted_scope_fails_the_whole_request_and_a_missing_one_is_a_403() {
    let mut client = Client::new(KeyPair::es256("k1"), |w| w.ungrant_scope("okta.logs.read"));
    let assertion = client.assertion(|_| ());
    let refused = client.token(&assertion, "okta.users.read okta.logs.read", None);
    assert_eq!(
        (refused.status, refused.json()["error"].as_str()),
        (400, Some("invalid_scope"))
    );
    let assertion = client.assertion(|_| ());
    let token = client.token(&assertion, "okta.users.manage", None).json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let answer = client.call(&[("Authorization", &bearer)], NOW);
    assert_eq!(
        (answer.status, answer.json()["errorCode"].as_str()),
        (403, Some("E0000006"))
    );
}

#[test]
fn dpop_is_a_dance_of_nonce_binding_and_single_use() {
    let mut client = Client::new(KeyPair::es256("k1"), World::dpop_required);
    let dpop = KeyPair::es256("proof");
    let assertion = client.assertion(|_| ());
    let missing = client.token(&assertion, "okta.users.read", None);
    assert_eq!(
        (missing.status, missing.json()["error"].as_str()),
        (400, Some("invalid_dpop_proof"))
    );

    let at_token = json!({ "htm": "POST", "htu": format!("{BASE}/oauth2/v1/token") });
    let (assertion, proof) = (client.assertion(|_| ()), client.proof(&dpop, &at_token));
    let wants = client.token(&assertion, "okta.users.read", Some(&proof));
    assert_eq!(
        (wants.status, wants.json()["error"].as_str()),
        (400, Some("use_dpop_nonce"))
    );
    let mut with_nonce = at_token.clone();
    with_nonce["nonce"] = json!(wants.header("dpop-nonce").unwrap());
    let proof = client.proof(&dpop, &with_nonce);
    assert_eq!(
        client
            .token(&assertion, "okta.users.read", Some(&proof))
            .status,
        401,
        "the assertion is spent"
    );
    let (assertion, proof) = (client.assertion(|_| ()), client.proof(&dpop, &with_nonce));
    let token = client
        .token(&assertion, "okta.users.read", Some(&proof))
        .json();
    assert_eq!(token["token_type"], "DPoP");

    let token = token["access_token"].as_str().unwrap().to_owned();
    let url = format!("{BASE}/api/v1/users/{ALEX}");
    let good =
        json!({ "htm": "GET", "htu": url, "ath": URL_SAFE_NO_PAD.encode(Sha256::digest(&token)) });
    let proof = client.proof(&dpop, &good);
    let auth = format!("DPoP {token}");
    assert_eq!(
        client
            .call(&[("Authorization", &auth), ("DPoP", &proof)], NOW)
            .status,
        200
    );
    assert_eq!(
        client
            .call(&[("Authorization", &auth), ("DPoP", &proof)], NOW)
            .status,
        401,
        "used twice"
    );
    assert_eq!(
        client.call(&[("Authorization", &auth)], NOW).status,
        401,
        "no proof"
    );
    let bearer = format!("Bearer {token}");
    assert_eq!(
        client.call(&[("Authorization", &bearer)], NOW).status,
        401,
        "bound, used as Bearer"
    );
    for (what, name, value) in [
        ("another method", "htm", json!("POST")),
        (
            "a query in htu",
            "htu",
            json!(format!("{url}?expand=blocks")),
        ),
        ("another token", "ath", json!("x")),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        let proof = client.proof(&dpop, &claims);
        assert_eq!(
            client
                .call(&[("Authorization", &auth), ("DPoP", &proof)], NOW)
                .status,
            401,
            "{what}"
        );
    }
    let stranger = KeyPair::es256("other");
    let proof = client.proof(&stranger, &good);
    assert_eq!(
        client
            .call(&[("Authorization", &auth), ("DPoP", &proof)], NOW)
            .status,
        401,
        "another key"
    );
}

#[test]
fn an_api_token_works_only_while_its_owner_is_active() {
    let mut range = contoso();
    let intruder = range.okta.api_tokens[oust_mocks::world::CI_BACKUP]
        .secret
        .clone();
    let try_it = |range: &mut Range| {
        let request = Request::new("GET", "/api/v1/users/me")
            .with_header("Authorization", &format!("SSWS {intruder}"));
        range.handle("okta", &request, NOW).answer().unwrap().status
    };
    assert_eq!(try_it(&mut range), 200);
    ask(
        &mut range,
        "POST",
        &format!("/api/v1/users/{ALEX}/lifecycle/suspend"),
    );
    assert_eq!(try_it(&mut range), 401);
    ask(
        &mut range,
        "POST",
        &format!("/api/v1/users/{ALEX}/lifecycle/unsuspend"),
    );
    assert_eq!(try_it(&mut range), 200, "it revives");
}

#[test]
fn a_role_short_of_super_admin_cannot_act_on_an_admin() {
    let mut client = Client::new(KeyPair::es256("k1"), |w| {
        w.client_role(CLIENT_ID, "ORG_ADMIN")
    });
    let assertion = client.assertion(|_| ());
    let token = client.token(&assertion, "okta.users.manage", None).json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let mut suspend = |who: &str| {
        let request = Request::new("POST", &format!("/api/v1/users/{who}/lifecycle/suspend"))
            .with_header("Authorization", &bearer);
        client
            .range
            .handle("okta", &request, NOW)
            .answer()
            .unwrap()
            .status
    };
    assert_eq!(suspend("alex@contoso.example"), 403);
    assert_eq!(suspend("sam@contoso.example"), 200);
}

#[test]
fn a_principal_gets_half_a_bucket_and_a_new_minute_gives_it_back() {
    let mut range = contoso();
    for n in 0..60 {
        let answer = ask(&mut range, "GET", "/api/v1/logs?limit=1");
        assert_eq!(answer.status, 200, "{n}");
        assert_eq!(
            answer.header("x-rate-limit-remaining"),
            Some((59 - n).to_string().as_str())
        );
    }
    let full = ask(&mut range, "GET", "/api/v1/logs?limit=1");
    assert_eq!(
        (full.status, full.json()["errorCode"].as_str()),
        (429, Some("E0000047"))
    );
    assert_eq!(full.header("x-rate-limit-limit"), Some("60"));
    let reset: i64 = full.header("x-rate-limit-reset").unwrap().parse().unwrap();
    assert_eq!(reset, NOW / 1000 + 60);
    assert_eq!(
        ask(&mut range, "GET", "/api/v1/api-tokens").status,
        200,
        "another bucket"
    );
    assert_eq!(
        ask_at(&mut range, reset * 1000, "GET", "/api/v1/logs").status,
        200
    );
}

#[test]
fn others_use_the_bucket_too_and_the_columns_differ() {
    let mut range =
        open(World::contoso(NOW).with(|okta| okta.limits.column = Column::IntegratorFree));
    assert_eq!(
        ask(&mut range, "GET", "/api/v1/logs").header("x-rate-limit-limit"),
        Some("10")
    );
    range.okta.limits.spend("logs", 19, NOW);
    assert_eq!(ask(&mut range, "GET", "/api/v1/logs").status, 429);
}

#[test]
fn too_many_at_once_is_the_429_with_useless_figures() {
    let mut range = open(
        World::contoso(NOW)
            .latency_ms(1000)
            .with(|okta| okta.limits.concurrent_max = 2),
    );
    assert_eq!(ask(&mut range, "GET", "/api/v1/api-tokens").status, 200);
    assert_eq!(ask(&mut range, "GET", "/api/v1/api-tokens").status, 200);
    let third = ask(&mut range, "GET", "/api/v1/api-tokens");
    assert_eq!(third.status, 429);
    assert_eq!(
        (
            third.header("x-rate-limit-limit"),
            third.header("x-rate-limit-remaining")
        ),
        (Some("0"), Some("0"))
    );
    assert_eq!(
        ask_at(&mut range, NOW + 1000, "GET", "/api/v1/api-tokens").status,
        200
    );
}

#[test]
fn nobody_in_particular_gets_401_and_every_answer_has_okta_s_headers() {
    let mut range = contoso();
    let answer = range
        .handle("okta", &Request::new("GET", "/api/v1/users"), NOW)
        .answer()
        .unwrap()
        .clone();
    assert_eq!(answer.status, 401);
    let good = ask(&mut range, "GET", "/.well-known/okta-organization");
    assert_eq!(good.json()["pipeline"], "idx");
    for answer in [answer, good] {
        assert_eq!(answer.header("date"), Some("Tue, 10 Mar 2026 15:00:00 GMT"));
        assert!(
            answer.header("x-okta-request-id").is_some()
                && answer.header("x-rate-limit-limit").is_some()
        );
    }
    let lines = range.journal.lines();
    assert!(!lines.contains(SSWS_SECRET), "{lines}");
}
