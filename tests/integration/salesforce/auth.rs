//! Our app, its key and the integration user: what is asked for, what is missing, in which words.

use oust::model::{Identity, KeyKind, OutcomeKind};
use oust_mocks::{FaultKind, KeyPair, World};
use serde_json::{Value, json};

use super::desk::{ALEX, Desk, contoso};
use crate::google::desk::key;
use crate::wire::Org;

/// Why alex could not be looked up.
async fn refusal(desk: &Desk) -> String {
    match desk.who_by(&[(KeyKind::Login, ALEX)]).await {
        Identity::Unread { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn one_token_does_for_five_minutes_and_is_renewed_once_when_salesforce_ends_it() {
    let desk = Desk::of(contoso());
    desk.system.client.warm_reads().await;
    desk.system.client.warm_writes().await;
    let change = desk.change("freeze_user").await;
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(desk.asked("/oauth2/token"), 1);
    desk.org.wait(60).await;
    desk.fault("GET", "/query", FaultKind::Unauthorized401);
    desk.plan("delete_sessions", ALEX).await;
    assert_eq!(desk.asked("/oauth2/token"), 2);
    desk.org.wait(600).await;
    desk.plan("delete_sessions", ALEX).await;
    assert_eq!(desk.asked("/oauth2/token"), 3, "renewed before its end");
}

#[tokio::test(start_paused = true)]
async fn every_way_of_having_no_credential_has_words_of_its_own() {
    let plain = || json!({});
    let cases: Vec<(World, Value, &str, &str)> = vec![
        (
            contoso().salesforce_not_approved(),
            plain(),
            "hasn't approved",
            "pre-authorized",
        ),
        (
            contoso().with_salesforce(|salesforce| salesforce.app.blocked = true),
            plain(),
            "invalid_app_access",
            "permission set",
        ),
        (
            contoso(),
            json!({ "audience": "https://test.salesforce.com" }),
            "audience is invalid",
            "check `audience` (https://test.salesforce.com)",
        ),
        (
            contoso().with_salesforce(|salesforce| salesforce.settings.sandbox = true),
            plain(),
            "audience is invalid",
            "check `audience` (https://login.salesforce.com)",
        ),
        (
            contoso().salesforce_certificate_expired(),
            plain(),
            "invalid assertion",
            "certificate has expired",
        ),
        (
            contoso().salesforce_integration_frozen(),
            plain(),
            "user is frozen",
            "an intruder with the rights may have",
        ),
        (
            contoso().salesforce_integration_inactive(),
            plain(),
            "user is inactive",
            "unfreeze or activate",
        ),
        (
            contoso(),
            json!({ "client_id": "3MVG9somebodyElse" }),
            "client identifier invalid",
            "3MVG9somebodyElse",
        ),
        (
            contoso(),
            json!({ "username": "left@contoso.example" }),
            "hasn't approved",
            "give left@contoso.example",
        ),
        (
            contoso().with_salesforce(|salesforce| salesforce.app.scopes.clear()),
            plain(),
            "scope",
            "OAuth scope `api`",
        ),
    ];
    for (world, patch, said, hint) in cases {
        let why = refusal(&Desk::configured(world, &patch)).await;
        assert!(why.contains(said) && why.contains(hint), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_the_certificate_s_or_cannot_sign_is_told_and_never_shown() {
    let other = KeyPair::rs256("other");
    let org = Org::new(contoso().salesforce_key(&other));
    let why = refusal(&Desk::at(org, &json!({}))).await;
    assert!(why.contains("`private_key` is not the key"), "{why}");
    for text in ["hunter2", &KeyPair::es256("e").private_pem] {
        let mut org = Org::new(contoso().salesforce_key(key()));
        let unfit = org.secret(text);
        let why = refusal(&Desk::at(org, &json!({ "private_key": unfit }))).await;
        assert!(why.contains("no PEM of an RSA key"), "{why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_keeps_nobody_from_killing() {
    for ahead_ms in [-2 * 3_600_000, 2 * 3_600_000] {
        let org = Org::new(contoso().salesforce_key(key())).with_our_clock_ahead(ahead_ms);
        let desk = Desk::at(org, &json!({}));
        let change = desk.change("freeze_user").await;
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
        assert_eq!(desk.asked("/oauth2/token"), 2, "once by Salesforce's time");
        // Sessions expire by Salesforce's clock, too.
        let planned = desk.plan("delete_sessions", ALEX).await;
        assert_eq!(planned.changes.len() + 1, desk.alex().sessions.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_endpoint_is_asked_again() {
    for kind in [
        FaultKind::ReadOnly503,
        FaultKind::ThrottleNoHeaders,
        FaultKind::CutBeforeEffect,
        FaultKind::LieOk,
    ] {
        let desk = Desk::of(contoso());
        desk.fault("POST", "/oauth2/token", kind);
        desk.change("freeze_user").await;
    }
}
