//! Our key and our delegation: what is asked for, what is missing, and in which words.

use oust::model::{Identity, KeyKind, OutcomeKind, Select, Skip};
use oust_mocks::google::SERVICE_ACCOUNT;
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::{Value, json};

use super::desk::{ALEX, Desk, contoso, key};
use crate::wire::Org;

/// Why alex could not be looked up.
async fn refusal(desk: &Desk) -> String {
    match desk.who_by(&[(KeyKind::Login, ALEX)]).await {
        Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn each_scope_has_a_token_of_its_own_that_is_asked_for_once() {
    let desk = Desk::of(contoso());
    desk.system.client.warm_reads().await;
    assert_eq!(desk.tokens_asked(), 2);
    for change in desk.plan("revoke_tokens", ALEX, Select::All).await.changes {
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    }
    assert_eq!(desk.tokens_asked(), 2, "look-up and security");
    desk.plan("revoke_tokens", super::desk::KIM, Select::InWindow)
        .await;
    assert_eq!(
        desk.tokens_asked(),
        2,
        "without apps there is nothing to date"
    );
    let change = desk.change("suspend_user").await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(desk.tokens_asked(), 3);
    desk.org.wait(3600).await;
    desk.change("sign_out").await;
    assert_eq!(desk.tokens_asked(), 4, "renewed before its end");
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_key_do_as_well_as_its_file() {
    let mut org = Org::new(contoso().google_key(key()));
    let pem = org.secret(&key().private_pem);
    let desk = Desk::at(
        org,
        &json!({
            "key_file": null, "client_email": SERVICE_ACCOUNT, "private_key": pem,
            "key_id": key().kid,
        }),
    );
    desk.change("sign_out").await;
}

#[tokio::test(start_paused = true)]
async fn an_optional_scope_that_is_missing_blocks_only_what_needs_it() {
    let world = contoso()
        .google_without_scope("admin.directory.user")
        .google_without_scope("admin.reports.audit.readonly");
    let desk = Desk::of(world);
    for verb in ["invalidate_backup_codes", "sign_out"] {
        let change = desk.change(verb).await;
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done, "{verb}");
    }
    let change = desk.change("suspend_user").await;
    match desk.apply(&change).await.kind {
        OutcomeKind::Failed { why, hint } => {
            assert!(why.contains("unauthorized_client"), "{why}");
            assert!(hint.contains("auth/admin.directory.user to the"), "{hint}");
            assert!(hint.contains("24 h"), "{hint}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_kill_scope_the_plan_names_it() {
    let desk = Desk::of(contoso().google_without_scope("admin.directory.user.security"));
    match desk.plan("revoke_tokens", ALEX, Select::All).await.skip {
        Some(Skip::Unread { why }) => {
            assert!(why.contains("admin.directory.user.security"), "{why}");
            assert!(why.contains("delegation"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_way_of_having_no_credential_has_words_of_its_own() {
    let admin = |address: &str| json!({ "admin": address });
    let disabled = contoso().google_account_disabled();
    let lost = contoso().with_google(|google| {
        google.service_account.email = "other@contoso-oust.iam.gserviceaccount.com".into();
    });
    let gone = "left@contoso.example";
    let cases: [(World, Value, &str, &str); 4] = [
        (
            disabled,
            json!({}),
            "disabled_client",
            "enable the service account",
        ),
        (
            lost,
            json!({}),
            "account not found",
            "there is no service account",
        ),
        (contoso(), admin(gone), "Invalid email", gone),
        (
            contoso().google_user(super::desk::KIM, |user| user.suspended = true),
            admin(super::desk::KIM),
            "Invalid email",
            "not suspended",
        ),
    ];
    for (world, patch, said, hint) in cases {
        let why = refusal(&Desk::configured(world, &patch)).await;
        assert!(why.contains(said) && why.contains(hint), "{why}");
    }
    // A key that was deleted at Google, and one that never was its own.
    let other = KeyPair::rs256(&key().kid);
    for org in [
        Org::new(contoso().google_key(key()).google_key_revoked()),
        Org::new(contoso().google_key(&other)),
    ] {
        let why = refusal(&Desk::at(org, &json!({}))).await;
        assert!(why.contains("Invalid JWT Signature"), "{why}");
        assert!(why.contains("make a new one"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_policy_are_told_and_a_busy_endpoint_is_asked_again() {
    let status = |code, error: &str| FaultKind::Status {
        code,
        body: json!({ "error": error }).to_string(),
    };
    for (kind, hint) in [
        (FaultKind::Forbidden403, "API access control"),
        (status(400, "invalid_scope"), "exactly so"),
        (status(400, "invalid_grant"), "the clock"),
        (status(400, "what_is_this"), "check the service account"),
    ] {
        let desk = Desk::of(contoso());
        desk.fault("POST", "/oauth/token", kind);
        let why = refusal(&desk).await;
        assert!(why.contains(hint), "{why}");
    }
    for kind in [
        FaultKind::ReadOnly503,
        FaultKind::ThrottleMinute,
        FaultKind::CutBeforeEffect,
        FaultKind::LieOk,
    ] {
        let desk = Desk::of(contoso());
        desk.fault("POST", "/oauth/token", kind);
        desk.change("sign_out").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_keeps_nobody_from_killing() {
    for ahead_ms in [-2 * 3_600_000, 2 * 3_600_000] {
        let org = Org::new(contoso().google_key(key())).with_our_clock_ahead(ahead_ms);
        let desk = Desk::at(org, &json!({}));
        let change = desk.change("sign_out").await;
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
        // Google's time is learnt once, not for each token.
        assert!(desk.tokens_asked() <= 4, "{}", desk.tokens_asked());
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_sign_is_told_by_its_place_and_never_shown() {
    let mut org = Org::new(contoso().google_key(key()));
    let garbage = org.secret("{\"private_key\": \"hunter2\"}");
    let why = refusal(&Desk::at(org, &json!({ "key_file": garbage }))).await;
    assert!(
        why.contains("key_file") && !why.contains("hunter2"),
        "{why}"
    );
    let mut org = Org::new(contoso());
    let ec = org.secret(&KeyPair::es256("e").private_pem);
    let desk = Desk::at(
        org,
        &json!({
            "key_file": null, "client_email": SERVICE_ACCOUNT, "private_key": ec, "key_id": "e",
        }),
    );
    let why = refusal(&desk).await;
    assert!(why.contains("no PEM of an RSA key"), "{why}");
}
