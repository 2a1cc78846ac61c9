//! Who we are to Okta: tokens, keys, proofs, scopes, and the second credential.

use std::sync::OnceLock;

use oust::model::{OutcomeKind, ProofState, UserId};
use oust_mocks::world::{ALEX, CLIENT_ID, PRIYA, READER_CLIENT_ID, SSWS_SECRET};
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::json;

use super::desk::{ALEX_LOGIN, Desk, failure};
use crate::wire::{Org, now_ms};

fn rsa() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::rs256("rsa-1"))
}

fn ec() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::es256("ec-1"))
}

fn world(key: &KeyPair) -> World {
    World::contoso(now_ms()).client(CLIENT_ID, key.public_jwk.clone(), &World::all_scopes())
}

fn desk(world: World, key: &KeyPair) -> Desk {
    let mut org = Org::new(world);
    let okta = org.by_key(key);
    Desk::with(org, okta)
}

fn token_requests(desk: &Desk) -> usize {
    let range = desk.org.range();
    let entries = range.journal.entries().iter();
    entries
        .filter(|entry| entry.path == "/oauth2/v1/token")
        .count()
}

/// Suspends alex and proves it.
async fn suspends(desk: &Desk) {
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let done = desk.applied(&change).await;
    assert_eq!(
        done.outcome.kind,
        OutcomeKind::Done,
        "{:?}",
        desk.okta.system.client.told()
    );
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
}

#[tokio::test(start_paused = true)]
async fn a_service_app_signs_with_rsa_or_p256_and_asks_once_for_each_power() {
    for key in [rsa(), ec()] {
        let desk = desk(world(key), key);
        suspends(&desk).await;
        assert_eq!(
            token_requests(&desk),
            3,
            "both ways at once to read, then one to write"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn reading_uses_a_token_that_cannot_write() {
    let scopes = World::read_scopes();
    let reader = ec();
    let world = world(rsa()).client(READER_CLIENT_ID, reader.public_jwk.clone(), &scopes);
    let mut org = Org::new(world);
    let okta = org.by_two_keys(rsa(), reader);
    let desk = Desk::with(org, okta);
    suspends(&desk).await;
    let range = desk.org.range();
    for entry in range
        .journal
        .entries()
        .iter()
        .filter(|entry| !entry.principal.is_empty())
    {
        let wanted = if entry.mutating {
            CLIENT_ID
        } else {
            READER_CLIENT_ID
        };
        assert_eq!(
            entry.principal,
            format!("client:{wanted}"),
            "{} {}",
            entry.method,
            entry.path
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_org_that_wants_dpop_gets_a_proof_with_its_nonce_and_one_per_call() {
    let desk = desk(world(ec()).dpop_required(), ec());
    suspends(&desk).await;
    let asked = token_requests(&desk);
    assert_eq!(asked, 4, "both ways at once, granted; then one to write");
    // A new nonce after an hour: only one more round.
    desk.org.wait(3600).await;
    "mockNonce0002".clone_into(&mut desk.org.range().okta.settings.dpop_nonce);
    desk.subject(ALEX_LOGIN).await;
    assert_eq!(token_requests(&desk), asked + 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_takes_one_round_trip_and_two_with_dpop_and_a_warmed_write_none() {
    for (dpop, trips) in [(false, 1), (true, 2)] {
        let world = world(ec()).latency_ms(100);
        let desk = desk(if dpop { world.dpop_required() } else { world }, ec());
        let began = tokio::time::Instant::now();
        desk.okta.system.client.warm_writes().await;
        assert_eq!(began.elapsed().as_millis(), trips * 100);
        let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
        let began = tokio::time::Instant::now();
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
        assert_eq!(began.elapsed().as_millis(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_optional_scope_is_told_and_never_blocks_the_kill() {
    let world = world(ec())
        .ungrant_scope("okta.universalLogout.manage")
        .ungrant_scope("okta.apiTokens.read");
    let desk = desk(world, ec());
    suspends(&desk).await;
    let told = desk.okta.system.client.told().join("\n");
    assert!(told.contains("okta.universalLogout.manage"), "{told}");
    assert!(told.contains("okta.apiTokens.read"), "{told}");
    assert!(!told.contains("okta.apiTokens.manage"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_required_scope_is_refused_by_name() {
    let desk = desk(world(ec()).ungrant_scope("okta.users.manage"), ec());
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(why.contains("invalid_scope"), "{why}");
    assert!(hint.contains("grant okta.users.manage"), "{hint}");
    assert!(desk.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_of_ours_is_corrected_by_the_vendors() {
    for ahead_ms in [-3 * 3_600_000, 3 * 3_600_000] {
        let world = world(ec()).dpop_required();
        let mut org = Org::new(world).with_our_clock_ahead(ahead_ms);
        let okta = org.by_key(ec());
        let desk = Desk::with(org, okta);
        suspends(&desk).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_ends_and_after_a_401() {
    let desk = desk(world(ec()), ec());
    desk.subject(ALEX_LOGIN).await;
    desk.subject(ALEX_LOGIN).await;
    assert_eq!(token_requests(&desk), 2, "both ways at once");
    desk.org.wait(3600 - 30).await;
    desk.subject(ALEX_LOGIN).await;
    assert_eq!(token_requests(&desk), 3, "renewed early");
    desk.org.wait(10).await;
    desk.fault("GET", "/api/v1/users/", FaultKind::Unauthorized401);
    desk.subject(ALEX_LOGIN).await;
    assert_eq!(token_requests(&desk), 4, "renewed once");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_need_a_token_at_once_share_one_request() {
    let desk = desk(world(ec()).latency_ms(100), ec());
    let (a, b, c) = tokio::join!(
        desk.subject(ALEX_LOGIN),
        desk.subject("kim@contoso.example"),
        desk.subject("sam@contoso.example"),
    );
    assert_ne!(a.id, b.id);
    assert_ne!(b.id, c.id);
    assert_eq!(token_requests(&desk), 2, "one question, both ways at once");
}

#[tokio::test(start_paused = true)]
async fn two_tasks_refused_at_once_renew_once() {
    let desk = desk(world(ec()).latency_ms(50), ec());
    desk.subject(ALEX_LOGIN).await;
    desk.org.wait(60).await;
    for _ in 0..2 {
        desk.fault("GET", "/api/v1/users/", FaultKind::Unauthorized401);
    }
    let asked = token_requests(&desk);
    let (alex, priya) = (UserId::new(ALEX), UserId::new(PRIYA));
    let directory = &desk.okta.directory;
    let (a, b) = tokio::join!(
        directory.status(&desk.reader, &alex),
        directory.status(&desk.reader, &priya),
    );
    assert_eq!((a.as_deref(), b.as_deref()), (Ok("ACTIVE"), Ok("ACTIVE")));
    assert_eq!(token_requests(&desk), asked + 1);
}

#[tokio::test(start_paused = true)]
async fn the_second_credential_takes_over_in_mid_run_and_says_so() {
    let mut org = Org::new(world(ec()));
    let auth = org.service_app(CLIENT_ID, ec());
    let second = org.secret(SSWS_SECRET);
    let okta = org.open(json!({ "auth": auth, "second": { "api_token": second } }));
    let desk = Desk::with(org, okta);
    let change = desk.change("suspend_user", ALEX_LOGIN, json!({})).await;
    assert!(desk.okta.system.client.told().is_empty());
    let tokens = desk.plan("revoke_api_tokens", ALEX_LOGIN, json!({})).await;
    assert_eq!(
        tokens.changes.len(),
        1,
        "a second credential hinders nothing: {tokens:?}"
    );
    // The intruder, an administrator, removes our app.
    desk.org.range().okta.service_apps.clear();
    desk.org.wait(3600).await;
    let done = desk.applied(&change).await;
    assert_eq!(done.outcome.kind, OutcomeKind::Done);
    assert_eq!(desk.proof(&done).await.state, ProofState::Proven);
    let told = desk.okta.system.client.told().join("\n");
    assert!(
        told.contains(CLIENT_ID) && told.contains("the API token is used since"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_sign_are_refused_in_words_and_never_shown() {
    let ed25519 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (pem, word) in [
        (ed25519, "RSA or P-256"),
        (encrypted, "encrypted"),
        ("hunter2", "RSA"),
    ] {
        let mut org = Org::new(world(ec()));
        let private_key = org.secret(pem);
        let okta = org.open(json!({
            "auth": { "client_id": CLIENT_ID, "private_key": private_key },
        }));
        let desk = Desk::with(org, okta);
        let error = desk
            .okta
            .directory
            .resolve(&desk.reader, ALEX_LOGIN)
            .await
            .unwrap_err();
        let error = error.to_string();
        assert!(error.contains(word) && error.contains(CLIENT_ID), "{error}");
        assert!(
            !error.contains("hunter2") && !error.contains("MC4C"),
            "{error}"
        );
        assert_eq!(token_requests(&desk), 0);
    }
}
