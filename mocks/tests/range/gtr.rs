//! The intranet's revocation endpoint, as a client meets it: who may ask, whom it knows, what it ends.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, Header};
use oust_mocks::gtr::{ISSUER, KEY_ID, PATH, TOKEN};
use oust_mocks::world::ALEX;
use oust_mocks::{Instance, KeyPair, Range, Request, World, accounts};
use serde_json::{Value, json};

use crate::{NOW, open};

const LOGIN: &str = "alex@contoso.example";

fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256(KEY_ID))
}

/// A revocation of this subject by the bearer token, as the range is asked for it.
pub(crate) fn request(subject: &Value) -> Request {
    asking(&json!({ "sub_id": subject }), TOKEN)
}

fn asking(body: &Value, bearer: &str) -> Request {
    Request::new("POST", &format!("/gtr{PATH}"))
        .with_header("authorization", &format!("Bearer {bearer}"))
        .with_body("application/json", body.to_string())
}

fn status(range: &mut Range, request: &Request) -> u16 {
    let (system, request) = Range::route(request);
    let reply = range.handle(system, &request, NOW);
    reply.answer().map_or(0, |answer| answer.status)
}

fn opaque(login: &str) -> Value {
    json!({ "format": "opaque", "id": accounts::gtr_id(login) })
}

fn contoso() -> World {
    World::contoso(NOW).gtr_key(key())
}

#[test]
fn every_format_ends_all_that_one_person_has_and_nothing_else() {
    for subject in [
        json!({ "format": "email", "email": "Alex@contoso.example" }),
        json!({ "format": "iss_sub", "iss": ISSUER, "sub": ALEX }),
        opaque(LOGIN),
    ] {
        let mut range = open(contoso());
        let before = range.gtr.people.clone();
        assert!(!range.gtr.holds(LOGIN).is_empty());
        assert_eq!(status(&mut range, &request(&subject)), 204, "{subject}");
        assert!(range.gtr.holds(LOGIN).is_empty(), "{subject}");
        let alex = accounts::gtr_id(LOGIN);
        let others = range.gtr.people.values().filter(|who| who.id != alex);
        for other in others {
            assert_eq!(json!(before[&other.id]), json!(other));
        }
        assert_eq!(status(&mut range, &request(&subject)), 204, "again");
        assert_eq!(range.journal.effects().len(), 1);
    }
}

#[test]
fn what_the_draft_refuses_is_refused_by_its_own_status() {
    let nobody = json!({ "format": "email", "email": "nobody@contoso.example" });
    let phone = json!({ "format": "phone_number", "phone_number": "+15550100" });
    let elsewhere = json!({ "format": "iss_sub", "iss": "https://other.example", "sub": ALEX });
    let two = json!({ "sub_id": opaque(LOGIN), "subject": opaque(LOGIN) });
    let old = json!({ "subject": opaque(LOGIN) });
    let plain = || request(&opaque(LOGIN));
    for (world, asked, expected) in [
        (contoso(), request(&phone), 400),
        (contoso(), asking(&two, TOKEN), 400),
        (contoso(), asking(&old, TOKEN), 400),
        (
            contoso(),
            asking(&json!({ "sub_id": opaque(LOGIN) }), "x"),
            401,
        ),
        (contoso().gtr_trust_lost(), plain(), 401),
        (contoso().gtr_without_right(), plain(), 403),
        (contoso(), request(&nobody), 404),
        (contoso(), request(&elsewhere), 404),
        (contoso().without_account("gtr", LOGIN), plain(), 404),
        (contoso(), Request::new("GET", &format!("/gtr{PATH}")), 404),
        (
            contoso().gtr_person(LOGIN, |who| who.stuck = true),
            plain(),
            422,
        ),
        (
            contoso().with_gtr(|gtr| gtr.settings.member = "subject".to_owned()),
            asking(&old, TOKEN),
            204,
        ),
    ] {
        let mut range = open(world);
        let before = range.gtr.digest();
        assert_eq!(status(&mut range, &asked), expected);
        assert_eq!(range.gtr.digest() == before, expected != 204, "{expected}");
    }
}

/// Claims as Okta sends them, changed, and signed.
fn signed(range: &Range, typ: &str, change: impl FnOnce(&mut Value)) -> Request {
    let now = NOW / 1000;
    let mut claims = json!({
        "jti": "j1", "iss": ISSUER, "sub": "oust", "aud": format!("{}{PATH}", range.gtr.base_url),
        "iat": now, "nbf": now - 300, "exp": now + 300,
    });
    change(&mut claims);
    let mut header = Header::new(Algorithm::RS256);
    header.typ = Some(typ.to_owned());
    header.kid = Some(KEY_ID.to_owned());
    let token = jsonwebtoken::encode(&header, &claims, &key().encoding_key()).unwrap();
    asking(&json!({ "sub_id": opaque(LOGIN) }), &token)
}

#[test]
fn a_signature_is_taken_once_by_whom_it_is_for_while_it_holds() {
    const TYPE: &str = "global-token-revocation+jwt";
    let mut range = open(contoso());
    let good = signed(&range, TYPE, |_| {});
    assert_eq!(status(&mut range, &good), 204);
    assert_eq!(range.journal.entries()[0].principal, "gtr:oust");
    assert_eq!(status(&mut range, &good), 401, "the same jti");
    let now = NOW / 1000;
    let wrong: [(&str, Value); 6] = [
        ("iss", json!("https://other.example")),
        ("aud", json!("https://other.example/revoke")),
        ("exp", json!(now)),
        ("exp", json!(now + 86_400)),
        ("nbf", json!(now + 60)),
        ("jti", Value::Null),
    ];
    for (claim, value) in wrong {
        let bad = signed(&range, TYPE, |claims| {
            claims["jti"] = json!("j2");
            claims[claim] = value;
        });
        assert_eq!(status(&mut range, &bad), 401, "{claim}");
    }
    let other = signed(&range, "JWT", |claims| claims["jti"] = json!("j3"));
    assert_eq!(status(&mut range, &other), 401, "another kind of JWT");
}

#[test]
fn a_second_one_knows_the_directory_s_ids_too() {
    let range = open(contoso().second("gtr:eu"));
    let Some(Instance::Gtr(second)) = range.more.get("gtr:eu") else {
        panic!("it is there")
    };
    assert_eq!(second.person(LOGIN).unwrap().sub, ALEX);
    assert!(!second.holds(LOGIN).is_empty());
}
