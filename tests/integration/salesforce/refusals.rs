//! What Salesforce refuses, throttles and breaks, and what is made of it.

use oust::model::{OutcomeKind, ProofState, Skip};
use oust_mocks::FaultKind;
use oust_mocks::salesforce::salesforce_error;

use super::desk::{ALEX, Desk, contoso};
use crate::okta::desk::failure;

#[tokio::test(start_paused = true)]
async fn too_many_calls_at_once_are_waited_out_and_a_day_s_quota_is_not() {
    for kind in [FaultKind::ThrottleConcurrency, FaultKind::ThrottleNoHeaders] {
        let desk = Desk::of(contoso());
        let change = desk.change("freeze_user").await;
        desk.fault("PATCH", "/UserLogin/", kind.clone());
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done, "{kind}");
        assert_eq!(desk.writes().len(), 2);
        assert_eq!(desk.system.client.metered().throttled, 1, "{kind}");
    }
    let desk = Desk::of(contoso());
    let change = desk.change("freeze_user").await;
    desk.fault("PATCH", "/UserLogin/", FaultKind::ThrottleMinute);
    let (why, hint) = failure(&desk.apply(&change).await);
    assert!(why.contains("24 hours are used up"), "{why}");
    assert!(
        hint.contains("by hand") && hint.contains("oust runs resume"),
        "{hint}"
    );
    assert_eq!(desk.writes().len(), 1, "waiting brings nothing back");
    assert!(!desk.alex().is_frozen);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_nearly_used_up_is_noted_before_consent_and_one_that_is_gone_says_so() {
    let desk = Desk::of(contoso());
    assert!(desk.plan("freeze_user", ALEX).await.notes.is_empty());
    let desk = Desk::of(contoso().salesforce_requests_left(400));
    for verb in ["freeze_user", "revoke_oauth_tokens", "delete_sessions"] {
        let notes = desk.plan(verb, ALEX).await.notes;
        assert_eq!(notes.len(), 1, "{verb}");
        assert!(notes[0].contains("100000 API requests"), "{}", notes[0]);
    }
    let desk = Desk::of(contoso().salesforce_requests_left(0));
    match desk.plan("freeze_user", ALEX).await.skip {
        Some(Skip::Unread { why }) => {
            assert!(why.contains("used up") && why.contains("by hand"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_we_may_not_see_or_do_is_told_with_the_right_that_is_missing() {
    let desk = Desk::of(contoso().salesforce_without_permission("ApiEnabled"));
    match desk.plan("freeze_user", ALEX).await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("API Enabled"), "{why}"),
        other => panic!("{other:?}"),
    }
    let desk = Desk::of(contoso());
    let change = desk.change("freeze_user").await;
    let status = |code, error: &str| FaultKind::Status {
        code,
        body: salesforce_error(error, "said Salesforce"),
    };
    for (kind, word) in [
        (FaultKind::Forbidden403, "beyond its reach"),
        (
            status(400, "INVALID_TYPE"),
            "grant API Enabled and Manage Users",
        ),
        (
            status(400, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            "grant API Enabled",
        ),
        (FaultKind::NotFound404, "api_version"),
        (status(409, "UNABLE_TO_LOCK_ROW"), "oust runs resume"),
        (status(400, "SOMETHING_NEW"), "look at the account"),
    ] {
        desk.fault("PATCH", "/UserLogin/", kind.clone());
        let (why, hint) = failure(&desk.apply(&change).await);
        assert!(hint.contains(word), "{kind}: {why} {hint}");
    }
    assert!(!desk.alex().is_frozen);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_the_org_does_not_serve_is_no_empty_list() {
    let old = contoso().with_salesforce(|salesforce| salesforce.settings.newest_version = 64);
    let desk = Desk::of(old);
    for verb in ["freeze_user", "revoke_oauth_tokens", "delete_sessions"] {
        match desk.plan(verb, ALEX).await.skip {
            Some(Skip::Unread { why }) => assert!(why.contains("api_version"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reads_outlast_trouble_and_what_stays_unread_is_no_proof() {
    let desk = Desk::of(contoso());
    let changes = desk.plan("delete_sessions", ALEX).await.changes;
    let done = desk.applied(&changes[0]).await;
    for kind in [
        FaultKind::Internal500,
        FaultKind::Html502,
        FaultKind::ReadOnly503,
        FaultKind::TruncatedJson,
        FaultKind::CutBeforeEffect,
    ] {
        desk.fault("GET", "/query", kind.clone());
        assert_eq!(desk.proof(&done).await.state, ProofState::Proven, "{kind}");
    }
    for kind in [
        FaultKind::LieOk,
        FaultKind::NotFound404,
        FaultKind::Forbidden403,
        FaultKind::OversizedBody,
    ] {
        for _ in 0..4 {
            desk.fault("GET", "/query", kind.clone());
        }
        let proof = desk.proof(&done).await;
        assert_ne!(proof.state, ProofState::Proven, "{kind}: {}", proof.how);
        desk.org.range().faults = oust_mocks::Faults::default();
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_end_and_a_next_page_elsewhere_is_not_followed() {
    let small = contoso().with_salesforce(|salesforce| salesforce.settings.batch_rows = 2);
    let desk = Desk::of(small.clone());
    let planned = desk.plan("delete_sessions", ALEX).await;
    assert_eq!(planned.changes.len() + 1, desk.alex().sessions.len());
    assert!(desk.asked("/query/01g") > 0);
    let desk = Desk::of(small);
    desk.fault("GET", "/query", FaultKind::ForeignNext);
    match desk.plan("delete_sessions", ALEX).await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("INVALID_QUERY_LOCATOR"), "{why}"),
        other => panic!("{other:?}"),
    }
}
