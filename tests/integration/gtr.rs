//! Stories at an app with a Global Token Revocation endpoint: who is named and how, what each answer
//! means, and that nothing is ever called proven there.

use oust::model::{Identity, KeyKind, OutcomeKind, ProofState, Select};
use oust_mocks::gtr::{ISSUER, TOKEN};
use oust_mocks::world::ALEX as ALEX_ID;
use oust_mocks::{FaultKind, KeyPair, World, accounts};
use serde_json::{Value, json};

use crate::github::script::key;
use crate::okta::desk::failure;
use crate::service::ServiceDesk;
use crate::wire::now_ms;

pub(crate) const ALEX: &str = "alex@contoso.example";

/// A desk at the intranet, by bearer token and mail address unless `patch` says otherwise.
pub(crate) fn desk_with(world: World, patch: Value) -> ServiceDesk {
    ServiceDesk::of(world, "gtr", |org| {
        let mut settings = json!({
            "url": "{base}/gtr/global-token-revocation",
            "format": "email",
            "auth": { "token": org.secret(TOKEN) },
        });
        let Value::Object(patch) = patch else {
            panic!("a patch is an object")
        };
        settings.as_object_mut().unwrap().extend(patch);
        settings
    })
}

/// The same, signing with this key.
fn signing(world: World, key: &KeyPair, more: Value) -> ServiceDesk {
    ServiceDesk::of(world, "gtr", |org| {
        let mut auth = json!({
            "issuer": ISSUER, "key_id": key.kid, "private_key": org.secret(&key.private_pem),
        });
        let Value::Object(more) = more else {
            panic!("more claims are an object")
        };
        auth.as_object_mut().unwrap().extend(more);
        json!({
            "url": "{base}/gtr/global-token-revocation", "format": "email", "auth": auth,
        })
    })
}

fn contoso() -> World {
    World::contoso(now_ms())
}

#[tokio::test(start_paused = true)]
async fn all_is_ended_by_one_call_that_planning_does_not_make_and_nothing_proves_it() {
    let desk = desk_with(contoso(), json!({}));
    let before = desk.digest();
    let change = desk.change("revoke", ALEX).await;
    assert_eq!(desk.digest(), before);
    assert_eq!(
        desk.org.range().journal.entries().len(),
        0,
        "planning asked"
    );

    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.org.range().gtr.holds(ALEX), Vec::<String>::new());
    let proof = desk.proof(&done).await;
    assert_eq!(proof.state, ProofState::Unverifiable);
    assert!(proof.how.contains("lists neither"), "{}", proof.how);

    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done, "again");
    assert_eq!(desk.effects(), 1, "the second changed nothing");
    assert_eq!(desk.org.range().journal.entries().len(), 2, "a proof asked");
}

#[tokio::test(start_paused = true)]
async fn each_format_names_the_same_person_in_its_own_words() {
    let iss_sub = json!({ "format": "iss_sub", "issuer": ISSUER });
    let his_id = accounts::gtr_id(ALEX);
    let login = (KeyKind::Login, ALEX);
    for (patch, keys, id) in [
        (json!({ "format": "email" }), vec![login], ALEX),
        (iss_sub, vec![login, login], "00u1"),
        (
            json!({ "format": "opaque" }),
            vec![(KeyKind::Id, his_id.as_str()), login],
            his_id.as_str(),
        ),
    ] {
        let desk = desk_with(contoso(), patch);
        let who = desk.who_by(&keys).await;
        assert_eq!(who, Identity::Found { id: id.into() });
    }
}

#[tokio::test(start_paused = true)]
async fn the_subject_is_sent_as_the_format_has_it() {
    let iss_sub = json!({ "format": "iss_sub", "issuer": ISSUER });
    let desk = desk_with(contoso(), iss_sub);
    let mut change = desk.change("revoke", ALEX).await;
    assert_eq!(change.target.id, "00u1", "the directory's own id");
    change.target.id = ALEX_ID.into();
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(desk.org.range().gtr.holds(ALEX), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_the_draft_has_words_and_a_next_step_of_its_own() {
    let stuck = |world: World| world.gtr_person(ALEX, |who| who.stuck = true);
    let only_ids = |world: World| {
        world.with_gtr(|gtr| {
            gtr.settings.formats.remove("email");
        })
    };
    for (world, what, next) in [
        (only_ids(contoso()), "takes no `email` subjects", "`format`"),
        (
            contoso().gtr_trust_lost(),
            "not accept our credential",
            "secret file",
        ),
        (contoso().gtr_without_right(), "lack the right", "grant "),
        (
            contoso().without_account("gtr", ALEX),
            "knows nobody",
            "--identity",
        ),
        (stuck(contoso()), "could not sign him out", "by hand"),
    ] {
        let desk = desk_with(world, json!({}));
        let before = desk.digest();
        let change = desk.change("revoke", ALEX).await;
        let (why, hint) = failure(&desk.apply(&change).await);
        assert!(why.contains(what), "{why}");
        assert!(hint.contains(next), "{hint}");
        assert_eq!(desk.digest(), before);
        assert!(!why.contains(TOKEN) && !hint.contains(TOKEN));
    }
}

/// A login page answers 200 to anything; a receiver that has begun answers 204.
#[tokio::test(start_paused = true)]
async fn only_a_204_is_a_yes_and_what_may_have_happened_is_in_doubt() {
    let page = || FaultKind::Status {
        code: 200,
        body: "<html>Sign in</html>".into(),
    };
    for kind in [page(), FaultKind::CutAfterEffect, FaultKind::Internal500] {
        let desk = desk_with(contoso(), json!({}));
        let change = desk.change("revoke", ALEX).await;
        let name = kind.to_string();
        desk.fault("POST", "global-token-revocation", kind);
        let done = desk.applied(&change).await;
        let OutcomeKind::InDoubt { why } = &done.outcome.kind else {
            panic!("{name}: {:?}", done.outcome.kind)
        };
        assert!(why.contains("may have happened"), "{why}");
        assert_eq!(desk.proof(&done).await.state, ProofState::Unverifiable);
        assert_eq!(desk.writes().len(), 1, "{name}: sent twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_made_anew_for_every_call_and_refused_ones_say_what_to_look_at() {
    let known = || contoso().gtr_key(key());
    let desk = signing(known(), key(), json!({}));
    let change = desk.change("revoke", ALEX).await;
    for _ in 0..2 {
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    }
    let stranger = KeyPair::rs256(&key().kid);
    for (key, more) in [
        (&stranger, json!({})),
        (key(), json!({ "issuer": "https://other.example" })),
        (key(), json!({ "audience": "https://other.example" })),
    ] {
        let desk = signing(known(), key, more);
        let change = desk.change("revoke", ALEX).await;
        let (why, hint) = failure(&desk.apply(&change).await);
        assert!(why.contains("credential"), "{why}");
        assert!(hint.contains("issuer") && hint.contains("clocks"), "{hint}");
        assert!(!desk.org.range().gtr.holds(ALEX).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_none_is_told_before_and_never_shown() {
    let mut broken = key().clone();
    broken.private_pem = "hunter2".into();
    let desk = signing(contoso(), &broken, json!({}));
    let findings = desk.system.connector.preflight(&desk.reader, &[]).await;
    assert_eq!(findings.len(), 1);
    assert!(findings[0].text.contains("RSA"), "{}", findings[0].text);
    let change = desk.change("revoke", ALEX).await;
    let (why, hint) = failure(&desk.apply(&change).await);
    for text in [&why, &hint, &findings[0].text, &findings[0].hint] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let well = signing(contoso(), key(), json!({}));
    assert!(
        well.system
            .connector
            .preflight(&well.reader, &[])
            .await
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_undone_says_who_redoes_it() {
    let desk = desk_with(contoso(), json!({}));
    let planned = desk.plan("revoke", ALEX, Select::All).await;
    let done = desk.applied(&planned.changes[0]).await;
    let inverse = desk.system.connector.inverse(&done);
    assert!(inverse.is_err(), "a session does not come back");
}
