//! What Google refuses, throttles and breaks, and what is made of it.

use oust::model::{OutcomeKind, ProofState, Select, Skip};
use oust_mocks::FaultKind;
use oust_mocks::google::google_error;

use super::desk::{ALEX, Desk, contoso};

#[tokio::test(start_paused = true)]
async fn a_super_administrator_is_out_of_a_delegated_one_s_reach_and_it_is_said_before() {
    let world = contoso()
        .google_super_admin(ALEX)
        .google_admin_is_delegated();
    let desk = Desk::of(world);
    match desk.plan("revoke_tokens", ALEX, Select::All).await.skip {
        Some(Skip::Unread { why }) => assert!(why.contains("super administrator"), "{why}"),
        other => panic!("{other:?}"),
    }
    let planned = desk.plan("sign_out", ALEX, Select::All).await;
    assert!(
        planned.notes[0].contains("super administrator"),
        "{planned:?}"
    );
    match desk.apply(&planned.changes[0]).await.kind {
        OutcomeKind::Failed { why, hint } => {
            assert!(
                why.contains(ALEX) && why.contains("who is a super administrator"),
                "{why}"
            );
            assert!(hint.contains("`admin`"), "{hint}");
        }
        other => panic!("{other:?}"),
    }
    // A super administrator may act on him.
    let desk = Desk::of(contoso().google_super_admin(ALEX));
    let planned = desk.plan("sign_out", ALEX, Select::All).await;
    assert!(planned.notes.is_empty(), "{planned:?}");
    assert_eq!(
        desk.apply(&planned.changes[0]).await.kind,
        OutcomeKind::Done
    );
}

#[tokio::test(start_paused = true)]
async fn a_403_that_throttles_is_waited_out_and_nothing_is_done_twice() {
    for kind in [
        FaultKind::ThrottleMinute,
        FaultKind::ThrottleConcurrency,
        FaultKind::ThrottleNoHeaders,
    ] {
        let desk = Desk::of(contoso());
        let change = desk.change("sign_out").await;
        desk.fault("POST", "/signOut", kind.clone());
        assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done, "{kind}");
        assert_eq!(desk.writes().len(), 2);
        assert_eq!(desk.system.client.metered().throttled, 1, "{kind}");
        desk.fault("GET", "/asps", kind.clone());
        let planned = desk.plan("delete_app_passwords", ALEX, Select::All).await;
        assert_eq!(planned.changes.len(), 2, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_to_the_end_is_a_failure_without_effect_and_no_lack_of_rights() {
    let desk = Desk::of(contoso());
    let change = desk.change("sign_out").await;
    for _ in 0..4 {
        desk.fault("POST", "/signOut", FaultKind::ThrottleMinute);
    }
    match desk.apply(&change).await.kind {
        OutcomeKind::Failed { why, .. } => assert!(why.contains("throttled us"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(!desk.google().user(ALEX).unwrap().sessions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_renewed_once() {
    let desk = Desk::of(contoso());
    desk.plan("revoke_tokens", ALEX, Select::All).await;
    let change = desk.change("sign_out").await;
    assert_eq!(desk.tokens_asked(), 2);
    desk.org.wait(60).await;
    desk.fault("POST", "/signOut", FaultKind::Unauthorized401);
    assert_eq!(desk.apply(&change).await.kind, OutcomeKind::Done);
    assert_eq!(desk.tokens_asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_right_that_is_missing() {
    let desk = Desk::of(contoso());
    let change = desk.change("sign_out").await;
    let insufficient = google_error(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
    );
    for (kind, word) in [
        (
            FaultKind::Status {
                code: 403,
                body: insufficient,
            },
            "user.security",
        ),
        (FaultKind::Forbidden403, "organisational unit"),
        (FaultKind::NotFound404, "look at the account"),
    ] {
        desk.fault("POST", "/signOut", kind);
        match desk.apply(&change).await.kind {
            OutcomeKind::Failed { hint, .. } => assert!(hint.contains(word), "{hint}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reads_outlast_trouble_and_what_stays_unread_is_no_proof() {
    let desk = Desk::of(contoso());
    let changes = desk.plan("revoke_tokens", ALEX, Select::All).await.changes;
    let done = desk.applied(&changes[0]).await;
    for kind in [
        FaultKind::Internal500,
        FaultKind::Html502,
        FaultKind::ReadOnly503,
        FaultKind::TruncatedJson,
        FaultKind::CutBeforeEffect,
    ] {
        desk.fault("GET", "/tokens", kind.clone());
        assert_eq!(desk.proof(&done).await.state, ProofState::Proven, "{kind}");
    }
    for _ in 0..4 {
        desk.fault("GET", "/tokens", FaultKind::Internal500);
    }
    assert_eq!(desk.proof(&done).await.state, ProofState::Pending);
    desk.fault("GET", "/tokens", FaultKind::Forbidden403);
    assert_eq!(desk.proof(&done).await.state, ProofState::Pending);
}
