//! Shared Signals with real keys: tokens that are the transmitter's, and everything that only looks so.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use oust::alerts::{Reading, Refused, Source};
use oust::model::Weight;
use oust_mocks::keys::KeyPair;
use serde_json::{Value, json};

use super::setup::{Ask, Web, json as fixture, source_on};

const ISSUER: &str = "https://edr.partner.example";
const AUDIENCE: &str = "https://oust.contoso.example/ssf";
const DOCUMENT: &str = "/.well-known/ssf-configuration";

/// A transmitter with one key, and a source that expects it.
pub(crate) struct Transmitter {
    web: Arc<Web>,
    key: KeyPair,
    source: Source,
}

impl Transmitter {
    pub(crate) async fn of(issuer: &str) -> Self {
        Self::with(issuer, KeyPair::es256("key-1")).await
    }

    async fn with(issuer: &str, key: KeyPair) -> Self {
        let web = Arc::new(Web::default());
        web.says(
            DOCUMENT,
            200,
            json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }),
        );
        web.says(
            "/keys",
            200,
            json!({ "keys": [{ "kty": "odd" }, key.public_jwk] }),
        );
        let rest = format!("kind: ssf, issuer: \"{issuer}\", audience: [\"x\", \"{AUDIENCE}\"]");
        let source = source_on(&rest, web.clone()).await;
        Self { web, key, source }
    }

    pub(crate) async fn send(&self, claims: &Value) -> Result<Reading, Refused> {
        self.bring(&signed(&self.key, claims)).await
    }

    async fn bring(&self, token: &str) -> Result<Reading, Refused> {
        ask(token).to(&self.source).await
    }

    /// The status and the code that it is told.
    async fn told(&self, token: &str) -> (u16, String) {
        match self.bring(token).await {
            Ok(_) => (self.source.accepted().status, String::new()),
            Err(refused) => {
                let answer = self.source.refused(&refused);
                let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
                (
                    answer.status,
                    body["err"].as_str().unwrap_or_default().to_owned(),
                )
            }
        }
    }
}

fn ask(token: &str) -> Ask {
    Ask::post(token).with("content-type", "application/secevent+jwt")
}

fn header(key: &KeyPair) -> Header {
    let mut header = Header::new(key.algorithm);
    header.typ = Some("secevent+jwt".into());
    header.kid = Some(key.kid.clone());
    header
}

fn signed(key: &KeyPair, claims: &Value) -> String {
    jsonwebtoken::encode(&header(key), claims, &key.encoding_key()).unwrap()
}

fn claims() -> Value {
    fixture("caep-session-revoked-final.json")["payload"].clone()
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_transmitter_is_taken_by_rsa_and_by_ecdsa() {
    for key in [KeyPair::es256("key-1"), KeyPair::rs256("key-1")] {
        let transmitter = Transmitter::with(ISSUER, key).await;
        let reading = transmitter.send(&claims()).await.unwrap();
        assert_eq!(reading.alerts[0].dedupe_key, "set-5f2c1d7e9a3b4c60");
        assert_eq!(reading.alerts[0].weight, Weight::Trigger);
        let answer = transmitter.source.accepted();
        assert_eq!((answer.status, answer.body.as_str()), (202, ""));
        transmitter.send(&claims()).await.unwrap();
        let asked = transmitter.web.asked();
        assert_eq!(
            asked,
            [format!("{ISSUER}{DOCUMENT}"), format!("{ISSUER}/keys")]
        );
        assert!(transmitter.source.is_authenticated());
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_like_a_token_is_refused_with_its_code() {
    let transmitter = Transmitter::of(ISSUER).await;
    let key = &transmitter.key;
    let good = signed(key, &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let head = |header: Value| format!("{}.{}.{}", part(&header), parts[1], parts[2]);
    let stranger = signed(&KeyPair::es256("key-1"), &claims());
    let mut typ = header(key);
    typ.typ = Some("JWT".into());
    let typ = jsonwebtoken::encode(&typ, &claims(), &key.encoding_key()).unwrap();
    let changed = part(&with("jti", json!("another")));
    for (what, token, code) in [
        ("a stranger's key", stranger, "authentication_failed"),
        (
            "a changed payload",
            format!("{}.{changed}.{}", parts[0], parts[2]),
            "authentication_failed",
        ),
        (
            "no signature",
            format!("{}.{}.", parts[0], parts[1]),
            "authentication_failed",
        ),
        (
            "alg none",
            head(json!({ "alg": "none", "typ": "secevent+jwt", "kid": "key-1" })),
            "authentication_failed",
        ),
        (
            "alg NONE",
            head(json!({ "alg": "NONE", "typ": "secevent+jwt" })),
            "authentication_failed",
        ),
        (
            "another family",
            head(json!({ "alg": "RS256", "typ": "secevent+jwt", "kid": "key-1" })),
            "invalid_key",
        ),
        (
            "unknown kid",
            head(json!({ "alg": "ES256", "typ": "secevent+jwt", "kid": "key-2" })),
            "invalid_key",
        ),
        ("another type", typ, "invalid_request"),
        (
            "crit",
            head(json!({ "alg": "ES256", "typ": "secevent+jwt", "kid": "key-1", "crit": ["b64"] })),
            "invalid_request",
        ),
        (
            "another issuer",
            signed(key, &with("iss", json!("https://evil.example"))),
            "invalid_issuer",
        ),
        (
            "no issuer",
            signed(key, &with("iss", Value::Null)),
            "invalid_issuer",
        ),
        (
            "another audience",
            signed(key, &with("aud", json!("https://else.example"))),
            "invalid_audience",
        ),
        (
            "no audience",
            signed(key, &with("aud", json!([]))),
            "invalid_audience",
        ),
        (
            "from the future",
            signed(key, &with("iat", json!(1_773_156_301))),
            "authentication_failed",
        ),
        (
            "too old",
            signed(key, &with("iat", json!(1_773_156_000 - 7 * 86_400 - 1))),
            "authentication_failed",
        ),
        (
            "iat as text",
            signed(key, &with("iat", json!("1773153800"))),
            "invalid_request",
        ),
        (
            "no jti",
            signed(key, &with("jti", Value::Null)),
            "invalid_request",
        ),
        (
            "no events",
            signed(key, &with("events", json!({}))),
            "invalid_request",
        ),
        (
            "a list of events",
            signed(key, &with("events", json!([]))),
            "invalid_request",
        ),
        ("no token", "hello".into(), "invalid_request"),
        ("four parts", format!("{good}.x"), "invalid_request"),
        ("JSON", claims().to_string(), "invalid_request"),
        ("an empty body", String::new(), "invalid_request"),
    ] {
        assert_eq!(transmitter.told(&token).await, (400, code.into()), "{what}");
    }
    assert_eq!(transmitter.told(&good).await.0, 202);
    assert_eq!(transmitter.told(&format!("{good}\n")).await.0, 202);
    for (aud, iat) in [
        (json!([AUDIENCE, "y"]), 1_773_156_300),
        (json!(AUDIENCE), 1_773_156_000),
    ] {
        let mut claims = with("aud", aud);
        claims["iat"] = json!(iat);
        assert_eq!(transmitter.told(&signed(key, &claims)).await.0, 202);
    }
    assert_eq!(Ask::post(good).status(&transmitter.source).await, 415);
}

#[tokio::test(start_paused = true)]
async fn a_mac_keyed_with_the_public_key_is_no_signature() {
    let transmitter = Transmitter::with(ISSUER, KeyPair::rs256("key-1")).await;
    transmitter.send(&claims()).await.unwrap();
    let public = transmitter.key.public_jwk.to_string();
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("secevent+jwt".into());
    header.kid = Some("key-1".into());
    let n = transmitter.key.public_jwk["n"].as_str().unwrap();
    for secret in [public.as_bytes(), n.as_bytes()] {
        let key = EncodingKey::from_secret(secret);
        let forged = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
        assert_eq!(
            transmitter.told(&forged).await,
            (400, "authentication_failed".into())
        );
    }
    // Nor if a set of keys should ever hold a symmetric one.
    let oct = json!({ "kty": "oct", "kid": "key-1", "k": BASE64_URL_SAFE_NO_PAD.encode("secret") });
    let other = Transmitter::of(ISSUER).await;
    other.web.says("/keys", 200, json!({ "keys": [oct] }));
    let key = EncodingKey::from_secret(b"secret");
    let forged = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    assert_eq!(other.told(&forged).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_once_a_minute_at_most_and_an_old_one_is_forgotten() {
    let transmitter = Transmitter::of(ISSUER).await;
    transmitter.send(&claims()).await.unwrap();
    transmitter.web.asked();
    let next = KeyPair::es256("key-2");
    transmitter
        .web
        .says("/keys", 200, json!({ "keys": [next.public_jwk] }));
    let token = signed(&next, &claims());
    for _ in 0..5 {
        assert_eq!(transmitter.told(&token).await, (400, "invalid_key".into()));
    }
    assert!(transmitter.web.asked().is_empty());
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(transmitter.told(&token).await.0, 202);
    for _ in 0..5 {
        let unknown = signed(&KeyPair::es256("key-9"), &claims());
        assert_eq!(
            transmitter.told(&unknown).await,
            (400, "invalid_key".into())
        );
    }
    assert_eq!(transmitter.web.asked().len(), 2, "document and keys, once");
    // The first key was withdrawn.
    let old = signed(&transmitter.key, &claims());
    assert_eq!(transmitter.told(&old).await, (400, "invalid_key".into()));
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_is_forgotten_within_the_hour_even_if_nobody_names_another() {
    let transmitter = Transmitter::of(ISSUER).await;
    transmitter.send(&claims()).await.unwrap();
    let empty = KeyPair::es256("key-2").public_jwk;
    transmitter
        .web
        .says("/keys", 200, json!({ "keys": [empty] }));
    tokio::time::advance(Duration::from_secs(3_601)).await;
    assert_eq!(
        transmitter
            .told(&signed(&transmitter.key, &claims()))
            .await
            .0,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn without_keys_nobody_is_refused_for_good() {
    let transmitter = Transmitter::of(ISSUER).await;
    let good = signed(&transmitter.key, &claims());
    transmitter.web.says("/keys", 503, json!({}));
    assert_eq!(transmitter.told(&good).await.0, 503);
    assert_eq!(transmitter.told(&good).await.0, 503);
    assert_eq!(
        transmitter.web.asked().len(),
        2,
        "tried once in ten seconds"
    );
    transmitter.web.says(
        "/keys",
        200,
        json!({ "keys": [transmitter.key.public_jwk] }),
    );
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(transmitter.told(&good).await.0, 202);
    // Once there are some, a transmitter that is away for hours costs nothing.
    transmitter.web.says("/keys", 503, json!({}));
    tokio::time::advance(Duration::from_secs(5 * 3_600)).await;
    assert_eq!(transmitter.told(&good).await.0, 202);
    tokio::time::advance(Duration::from_secs(20 * 3_600)).await;
    assert_eq!(transmitter.told(&good).await.0, 503);
}

#[tokio::test(start_paused = true)]
async fn keys_are_looked_for_at_home_alone() {
    for document in [
        json!({ "issuer": ISSUER, "jwks_uri": "https://evil.example/keys" }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://edr.partner.example/keys" }),
        json!({ "issuer": "https://evil.example", "jwks_uri": format!("{ISSUER}/keys") }),
        json!({ "issuer": ISSUER }),
        json!([]),
    ] {
        let transmitter = Transmitter::of(ISSUER).await;
        transmitter.web.says(DOCUMENT, 200, document.clone());
        let good = signed(&transmitter.key, &claims());
        assert_eq!(transmitter.told(&good).await.0, 503, "{document}");
        assert_eq!(transmitter.web.asked(), [format!("{ISSUER}{DOCUMENT}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_kid_the_one_key_that_fits_is_taken_and_of_two_neither() {
    let transmitter = Transmitter::of(ISSUER).await;
    let mut head = header(&transmitter.key);
    head.kid = None;
    let token = jsonwebtoken::encode(&head, &claims(), &transmitter.key.encoding_key()).unwrap();
    assert_eq!(transmitter.told(&token).await.0, 202);
    let other = Transmitter::of(ISSUER).await;
    let second = KeyPair::es256("key-2").public_jwk;
    other.web.says(
        "/keys",
        200,
        json!({ "keys": [transmitter.key.public_jwk, second] }),
    );
    assert_eq!(other.told(&token).await, (400, "invalid_key".into()));
}

#[tokio::test(start_paused = true)]
async fn a_verification_is_noted_and_is_no_alert() {
    let transmitter = Transmitter::of(ISSUER).await;
    let kind = "https://schemas.openid.net/secevent/ssf/event-type/verification";
    let claims = with(
        "events",
        json!({ kind: { "state": "VGhpcyBpcyBhbiBleGFtcGxl" } }),
    );
    let reading = transmitter.send(&claims).await.unwrap();
    assert_eq!((reading.alerts.len(), reading.notes.len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_subject_is_found_in_every_format_and_in_none_that_is_unknown() {
    let transmitter = Transmitter::of(ISSUER).await;
    let alex = "00ujkPI1q4Pa7UeFg5d7";
    let login = "alex@contoso.example";
    for (subject, id, name) in [
        (
            json!({ "format": "iss_sub", "iss": "x", "sub": alex }),
            Some(alex),
            None,
        ),
        (
            json!({ "format": "email", "email": login }),
            None,
            Some(login),
        ),
        (json!({ "format": "opaque", "id": alex }), Some(alex), None),
        (
            json!({ "user": { "format": "iss_sub", "sub": alex } }),
            Some(alex),
            None,
        ),
        (
            json!({ "format": "aliases", "identifiers": [{ "format": "opaque", "id": "x" },
            { "format": "email", "email": login }] }),
            None,
            Some(login),
        ),
        (
            json!({ "format": "phone_number", "phone_number": "+1" }),
            None,
            None,
        ),
        (json!({ "format": "opaque", "id": "alex" }), None, None),
        (json!({ "format": "complex", "user": [alex] }), None, None),
        (json!(alex), None, None),
        (Value::Null, None, None),
    ] {
        let reading = transmitter
            .send(&with("sub_id", subject.clone()))
            .await
            .unwrap();
        let found = &reading.alerts[0].subjects;
        let shown: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.okta_id.as_ref().map(|id| id.as_str()),
                    one.login.as_deref(),
                )
            })
            .collect();
        let expected: Vec<_> = (id.is_some() || name.is_some())
            .then_some((id, name))
            .into_iter()
            .collect();
        assert_eq!(shown, expected, "{subject}");
        assert_eq!(
            reading.alerts[0].needs_lookup.is_some(),
            expected.is_empty()
        );
    }
}

/// Not in paused time: the secret comes from a program.
#[tokio::test]
async fn a_bearer_may_be_asked_for_beside_the_signature() {
    let web = Arc::new(Web::default());
    let key = KeyPair::es256("key-1");
    web.says("/elsewhere", 200, json!({ "keys": [key.public_jwk] }));
    let secret = super::setup::place("a-bearer-0123456789abcdef");
    let rest = format!(
        "kind: ssf, issuer: \"{ISSUER}\", audience: \"{AUDIENCE}\", \
         jwks_uri: \"https://keys.example/elsewhere\", auth: {{ bearer: {secret} }}"
    );
    let source = source_on(&rest, web.clone()).await;
    let token = signed(&key, &claims());
    assert_eq!(ask(&token).status(&source).await, 401);
    assert!(web.asked().is_empty(), "nobody is asked for a stranger");
    let good = ask(&token).with("authorization", "Bearer a-bearer-0123456789abcdef");
    assert_eq!(good.status(&source).await, 202);
}
