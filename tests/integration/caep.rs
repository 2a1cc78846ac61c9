//! Stories at a receiver of shared signals: what it is told, signed by which key, what each answer
//! means, when a token is a repetition, and that nothing is ever called proven there.

use oust::connector::System;
use oust::model::{Identity, KeyKind, OutcomeKind, ProofState, Provable};
use oust::transport::Reader;
use oust_mocks::caep::{AUDIENCE, ISSUER};
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::{Value, json};

use crate::okta::desk::failure;
use crate::service::ServiceDesk;
use crate::wire::now_ms;

const ALEX: &str = "alex@contoso.example";

/// A desk at a receiver that knows this key.
fn desk(key: &KeyPair, patch: Value) -> ServiceDesk {
    let desk = ServiceDesk::of(World::contoso(now_ms()), "caep", |org| {
        let mut settings = json!({
            "url": "{base}/caep/events", "issuer": ISSUER, "audience": AUDIENCE,
            "key_id": key.kid, "private_key": org.secret(&key.private_pem),
            "format": "email", "subjects": "all",
        });
        let Value::Object(patch) = patch else {
            panic!("a patch is an object")
        };
        settings.as_object_mut().unwrap().extend(patch);
        settings
    });
    desk.org.range().caep.keys.push(key.public_jwk.clone());
    desk
}

fn status(code: u16) -> FaultKind {
    let body = String::new();
    FaultKind::Status { code, body }
}

fn taken(desk: &ServiceDesk) -> Vec<Value> {
    desk.org.range().caep.taken.values().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_receiver_is_told_once_by_a_token_that_either_kind_of_key_signs() {
    for key in [KeyPair::rs256("oust-1"), KeyPair::es256("oust-2")] {
        let desk = desk(&key, json!({}));
        let before = desk.digest();
        let change = desk.change("session_revoked", ALEX).await;
        assert_eq!(desk.digest(), before, "planning told it something");
        let asked = desk.org.range().journal.entries().len();
        assert_eq!(asked, 0, "planning asked");

        let done = desk.applied(&change).await;
        assert_eq!(done.outcome.kind, OutcomeKind::Done);
        assert_eq!(taken(&desk), [json!({ "format": "email", "email": ALEX })]);
        let proof = desk.proof(&done).await;
        assert_eq!(proof.state, ProofState::Unverifiable);
        assert!(proof.how.contains("asked nothing"), "{}", proof.how);
        assert_eq!(desk.effects(), 1);
        assert!(desk.system.connector.inverse(&done).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_answer_came_to_is_sent_again_as_the_same_and_a_second_throw_as_another() {
    let key = KeyPair::es256("oust-1");
    let desk = desk(&key, json!({}));
    let change = desk.change("session_revoked", ALEX).await;
    desk.fault("POST", "/events", FaultKind::CutAfterEffect);
    let lost = desk.apply(&change).await;
    assert!(matches!(lost.kind, OutcomeKind::InDoubt { .. }), "{lost:?}");
    assert_eq!(taken(&desk).len(), 1, "it was taken all the same");

    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(taken(&desk).len(), 1, "the same token");
    assert_eq!(desk.org.range().caep.repeated, 1);

    // He was seen again: that is news.
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(taken(&desk).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn subject_and_dialect_are_the_receiver_s() {
    let key = KeyPair::rs256("oust-1");
    let iss_sub = json!({
        "format": "iss_sub", "subject_issuer": "https://contoso.okta.example", "dialect": "okta",
    });
    let desk = desk(&key, iss_sub);
    desk.org.range().caep.okta_dialect = true;
    let change = desk.change("session_revoked", ALEX).await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    let subject = json!({
        "format": "iss_sub", "iss": "https://contoso.okta.example", "sub": "00u1",
    });
    assert_eq!(taken(&desk), [subject]);
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_words_and_a_next_step_of_its_own() {
    let key = KeyPair::es256("oust-1");
    let stranger = KeyPair::es256("oust-1");
    for (patch, says, next) in [
        (
            json!({ "issuer": "https://x.example" }),
            "invalid_issuer",
            "issuer",
        ),
        (
            json!({ "audience": "https://x.example" }),
            "invalid_audience",
            "audience",
        ),
        (json!({ "dialect": "okta" }), "invalid_request", "dialect"),
        (json!({ "key_id": "oust-9" }), "invalid_key", "oust-9"),
        (json!({ "url": "{base}/caep/elsewhere" }), "404", "url"),
    ] {
        let desk = desk(&key, patch);
        let change = desk.change("session_revoked", ALEX).await;
        let (why, hint) = failure(&desk.apply(&change).await);
        assert!(why.contains(says), "{why}");
        assert!(hint.contains(next), "{hint}");
        assert!(taken(&desk).is_empty());
    }
    let forged = desk(&key, json!({}));
    forged.org.range().caep.keys = vec![stranger.public_jwk.clone()];
    let change = forged.change("session_revoked", ALEX).await;
    let (why, _) = failure(&forged.apply(&change).await);
    assert!(why.contains("invalid_key"), "{why}");

    let page = desk(&key, json!({}));
    page.fault("POST", "/events", status(200));
    let change = page.change("session_revoked", ALEX).await;
    let told = page.apply(&change).await;
    assert!(matches!(told.kind, OutcomeKind::InDoubt { .. }), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn the_authorization_that_was_given_out_goes_along_word_for_word() {
    let key = KeyPair::es256("oust-1");
    let wants = |desk: &ServiceDesk| {
        desk.org.range().caep.authorization = Some("Bearer hub-gave-this".to_owned());
    };
    let without = desk(&key, json!({}));
    wants(&without);
    let change = without.change("session_revoked", ALEX).await;
    let (_, hint) = failure(&without.apply(&change).await);
    assert!(hint.contains("authorization"), "{hint}");

    let with = ServiceDesk::of(World::contoso(now_ms()), "caep", |org| {
        json!({
            "url": "{base}/caep/events", "issuer": ISSUER, "audience": AUDIENCE,
            "key_id": key.kid, "private_key": org.secret(&key.private_pem),
            "format": "email", "subjects": "all",
            "authorization": org.secret("Bearer hub-gave-this"),
        })
    });
    with.org.range().caep.keys.push(key.public_jwk.clone());
    wants(&with);
    let change = with.change("session_revoked", ALEX).await;
    assert_eq!(with.apply(&change).await.kind, OutcomeKind::Done);
}

async fn findings(system: &System, reader: &Reader) -> Vec<String> {
    let found = system.connector.preflight(reader, &[]).await;
    found.into_iter().map(|one| one.text).collect()
}

#[tokio::test(start_paused = true)]
async fn preflight_tells_a_key_that_cannot_sign_and_tells_the_receiver_nothing() {
    let key = KeyPair::es256("oust-1");
    let good = desk(&key, json!({}));
    assert_eq!(
        findings(&good.system, &good.reader).await,
        Vec::<String>::new()
    );

    let bad = ServiceDesk::of(World::contoso(now_ms()), "caep", |org| {
        json!({
            "url": "{base}/caep/events", "issuer": ISSUER, "audience": AUDIENCE,
            "key_id": "oust-1", "private_key": org.secret("no key at all"),
            "format": "email", "subjects": "all",
        })
    });
    let told = findings(&bad.system, &bad.reader).await;
    assert!(
        told[0].contains("no PEM of an RSA or P-256 key"),
        "{told:?}"
    );
    let (why, hint) = failure(&bad.apply(&bad.change("session_revoked", ALEX).await).await);
    assert!(
        why.contains("private_key") && hint.contains("public half"),
        "{why} {hint}"
    );
    for desk in [&good, &bad] {
        assert_eq!(desk.org.range().journal.entries().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_receiver_for_all_knows_whoever_has_no_app_there() {
    let key = KeyPair::es256("oust-1");
    let by_app = desk(&key, json!({ "subjects": "by_app" }));
    // The desk's lookups say that he has the app.
    let who = by_app.who_by(&[(KeyKind::Login, ALEX)]).await;
    assert_eq!(who, Identity::Found { id: ALEX.into() });
    let lookup = oust::model::Lookup {
        subject: oust::model::UserId::new("00u1"),
        keys: vec![oust::model::Key {
            kind: KeyKind::Login,
            value: ALEX.into(),
            doubt: None,
        }],
        has_app: oust::model::Tri::No,
    };
    let all = desk(&key, json!({}));
    for (desk, is_known) in [(&by_app, false), (&all, true)] {
        let connector = &desk.system.connector;
        let found = connector
            .identify(&desk.reader, std::slice::from_ref(&lookup))
            .await;
        let found = matches!(found[0], Identity::Found { .. });
        assert_eq!(found, is_known);
    }
}

#[test]
fn it_is_declared_unverifiable_and_in_no_shipped_playbook() {
    let mut vendors = oust::connectors::vendors();
    let vendor = vendors.find(|vendor| vendor.id == "caep").unwrap();
    let action = vendor.action("session_revoked").unwrap();
    assert!(matches!(action.proof, Provable::Unverifiable(_)));
    for (name, text) in oust::playbook::shipped() {
        assert!(!text.contains("caep."), "{name}");
    }
}
